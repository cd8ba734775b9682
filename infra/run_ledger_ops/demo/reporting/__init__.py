"""How all of the demo reports: the form of its events, the local stack's bus, the wish to stop."""
