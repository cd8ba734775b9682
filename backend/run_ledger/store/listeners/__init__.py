"""Which pages are open."""
