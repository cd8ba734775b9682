"""The ledger for people's own assistants, by the Model Context Protocol."""
