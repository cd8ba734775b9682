"""A demo for a ledger to have something to show: a simulated past, and real pipelines at work.

**The past is made up**: a few hundred jobs of the days before, so that there are trends to look at.
Their clients, records, tokens and failures never were; job ids begin with `demo-`, names with
`Demo · `, and jobs and projects carry the tag `simulated: "true"`.

    catalogue   who and what is pretended: clients, projects, pipelines, models, prices
    mishaps     the errors that simulated jobs run into
    events      an event and the form in which it goes to the bus
    jobs        the life of one job
    families    a root job, alone or with its shards
    projects    the life of the projects
    timetable   when what happened in the past days
    bus         posting through PutEvents
    memory      the ledger to post to, and what it has been told already
    show        the back-fill

Everything above `bus` is a pure function of a seed and the time of day: who simulates the same day
twice gets the same events with the same ids, and the ledger counts them once.

**The present is real**: three pipelines, a process each, do real work on records that come with the
product and report it through `run_ledger.emit`, as any pipeline would.

    pipelines   normalising, matching, classifying, and the records in `data`
    live        a job of such a pipeline
    worker      a pipeline as a process
    workers     the processes together

    stop        a request to stop
    command     the command line
"""
