"""From an event to the bus: sent, or kept on disk until it can be."""
