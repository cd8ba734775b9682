"""The contract of events: what may be said, how it is checked, and how errors are told apart."""
