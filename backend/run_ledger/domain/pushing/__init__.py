"""Open pages that hear of changes: whose they are, and of what they hear."""
