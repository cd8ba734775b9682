"""Run Ledger: where enrichment pipelines report their runs."""
