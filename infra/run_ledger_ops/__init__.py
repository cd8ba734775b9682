"""The `run-ledger` command, the local stack and the demo.

Folders, in an order in which each may import only those before it:

    console                          terminal, arguments, private files, the system to work on
    clients sign_in producer         the clients' file; people and apps; what reports
    cloudwatch deploying checks      the dashboard; deployments; health, dead letters, audits
    local                            the whole system on this machine (machine, then edge)
    demo                             what fills a local stack (reporting, pipelines; past, live)
    commands                         a file for each command
"""
