"""The page of failures."""
