"""The way to the read API: one client, and what can go wrong in words."""
