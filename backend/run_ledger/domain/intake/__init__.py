"""What comes in over HTTP: bodies, events, and who may report for whom."""
