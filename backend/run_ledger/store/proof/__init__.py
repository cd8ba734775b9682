"""The proof: jobs are recounted once they have settled, then totals, and what was found is kept.

frontier        how far jobs are proved, and how far the present walk; what differs
settled_jobs    which jobs have settled since the last walk, by their index rows
recounted_sums  what rows must hold: what jobs give, added up portion by portion
verdicts        what a recount of some jobs or projects finds
row_frontier    how far rollup rows are proved, and which walk is due
row_lists       which jobs may count in rows of a day, and which rows a client has there
row_verdicts    what a recount of rows finds
row_walk        a walk through the rows of a day
drift_reads     what differs, in the words of an incident
proving         a run: it goes on where the last one stopped
"""
