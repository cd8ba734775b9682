"""The contract of events: their fields, how they are checked, and how errors are grouped."""
