"""Doors for events: what a request over HTTP brings goes to the bus, and is answered for."""
