"""The commands of `run-ledger` that mend a ledger: each is a file of the same name."""
