"""From events to the bus: collect, send, put on disk what the bus does not take, send it again.

Imports the domain, `counting` and `identity`. How an event passes through: `sender` collects and
sends by `bus`; what the bus does not take goes through `backlog` to the `spool`, a folder of files
(`spool_file`). `draining` sends what ended processes left there.
"""
