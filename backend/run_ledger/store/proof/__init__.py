"""The proof: jobs are recounted once they have settled, and what was found is kept.

frontier       how far the proof is, and how far its present walk
settled_jobs   which jobs have settled since the last walk, by their index rows
verdicts       what a recount of some jobs finds
proving        a run: it goes on where the last one stopped
proof_reads    what the API shows of it
"""
