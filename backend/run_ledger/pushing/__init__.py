"""Tells open pages, over the sockets that they hold, that there is something new."""
