"""From a batch of events to transactions: exactly once."""
