"""The commands of `run-ledger`: each is a file of the same name."""
