"""Operating Run Ledger: the command, the local stack, the demo."""
