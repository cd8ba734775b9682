"""The audit: it compares jobs, projects and rollup rows with a recount of the entries."""
