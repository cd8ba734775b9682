"""Simulated pipelines that report to a ledger, so that there is something to look at.

What they report is made up and says so: `source` is `run-ledger.demo`, job ids begin with `demo-`,
names with `Demo · `, and every job and project carries the tag `demo: "true"`.

    catalogue   who and what is pretended: clients, projects, pipelines, models, prices
    mishaps     the errors that jobs run into
    events      an event and the form in which it goes to the bus
    jobs        the life of one job
    families    a root job, alone or with its shards
    projects    the life of the projects
    timetable   when what happens: the past days, and the stream from now on
    bus         posting through PutEvents
    memory      the ledger to post to, and what it has been told already
    show        back-fill and live stream, put together
    command     the command line

Everything above `bus` is a pure function of a seed and the time of day: who simulates the same
hour twice gets the same events with the same ids, and the ledger counts them once.
"""
