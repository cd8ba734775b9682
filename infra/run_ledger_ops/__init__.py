"""The `run-ledger` command, the local stack and the demo.

Folders. Each may import only those above it:

    console       terminal, arguments, private files, the system to work on
    cloudwatch    the source of the CloudWatch dashboard
    clients       the file that declares clients
    sign_in       people and programs that may sign in
    producer      what the commands `emit` and `run` share
    deploying     bundles, change sets, states of stacks, the site
    checks        health, dead letters, audits
    local         the whole system on this machine
    demo          what fills a local stack
    commands      a file for each command
"""
