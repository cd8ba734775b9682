"""The writer's way from a batch of events to transactions: each event counts exactly once."""
