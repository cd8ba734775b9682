"""Run Ledger: where enrichment pipelines report their jobs."""
