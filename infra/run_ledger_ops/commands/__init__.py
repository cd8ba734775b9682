"""The words of the `run-ledger` command, a file each."""
