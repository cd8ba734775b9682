"""The function that compacts: `run_ledger.store.compacting` does the work."""
