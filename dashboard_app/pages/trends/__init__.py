"""The page of trends."""
