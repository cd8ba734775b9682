"""What takes notices in tests: a real HTTP server."""
