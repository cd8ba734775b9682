"""The whole system on one machine, with no AWS account: what `make run` starts.

stack                 starts, watches and stops everything
local_deployment      puts the template on the local AWS
people, stack_file    who may sign in; what people and programs are told of the stack
analysts_app_process  the analysts' app beside the site
recount_totals        counts the totals of an earlier version's ledger again
aws/                  inside the local AWS's process: keeps events before they are answered
machine/              the local AWS as a child process, its state folder, journal and ports
edge/                 one origin for site, API and sign-in, as CloudFront has in AWS
"""
