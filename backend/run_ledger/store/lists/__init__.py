"""What is read for lists and totals: indexes, rollups, histories."""
