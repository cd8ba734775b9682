"""The read API's queries, and the shapes of its answers."""
