"""The audit: it compares jobs, projects and rollup rows with a recount of the entries.

auditor         compares, round by round, and reports what stays wrong
scopes          what to look at: one job, one client or project, or everything
calls           reads of entries, items and rows
reach           how far back entries prove what is stored
judgement       what the entries make of one job or project
expected_items  how a stored item differs from that
row_sums        how a stored row differs from what the entries add up to
repairs         conditional writes that mend what was found
upgrades        brings jobs and rows of earlier versions up to this one
"""
