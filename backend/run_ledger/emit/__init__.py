"""What producers use to report."""
