"""The analysts' app. It knows the read API and nothing else of the ledger."""
