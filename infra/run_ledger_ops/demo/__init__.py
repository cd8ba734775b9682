"""A demo that fills a local stack: a made-up past, and real pipelines at work.

**The past is made up**, so that there are trends to look at: some thousand jobs of the thirty days
before, with made-up clients, records, tokens and failures. Their ids begin with `demo-`, their
names with `Demo · `, and they carry the tag `simulated: "true"`. A day's events depend on a seed
and the date alone: a day simulated twice gives the same ids, and the ledger counts it once.

**The present is real**: three pipelines, a process each, work on records that come with the product
and report through `run_ledger.emit`, as any pipeline would.

    command_line   `python -m run_ledger_ops.demo`
    reporting/     the form of its events, the bus to post them to, how it is stopped
    pipelines/     normalising, matching and classifying the records in `data`
    past/          timetable, families, jobs and projects of the past, and their back-fill
    live/          jobs of the real pipelines, and their processes
"""
