"""What the read API may be asked, and the shapes of its answers."""
