"""The audit: jobs, projects and rollup rows held against a recount of the entries."""
