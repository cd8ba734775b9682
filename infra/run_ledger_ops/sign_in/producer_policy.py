"""`run-ledger apps policy`: an IAM policy by which a producer reports for its clients alone."""

import argparse
from typing import Any

from run_ledger.domain.contract.bound_sources import bound_source
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, set_work
from run_ledger_ops.console.terminal import say_json, warn
from run_ledger_ops.sign_in import access_options

_DESCRIPTION = """\
Print an IAM policy for the role of a producer: it may report for these clients, and for no other.
IAM lets the role use the sources run-ledger/client/ID alone, and the writer rejects an event whose
client is not the one that its source names."""


def add_to(actions: Words) -> None:
    """Add the action `policy` to the command `apps`."""
    parser = actions.add_parser(
        "policy",
        help="print an IAM policy that binds a producer to its clients",
        description=_DESCRIPTION,
    )
    set_work(parser, _policy)
    parser.add_argument(
        "--client",
        action="append",
        required=True,
        metavar="ID",
        help="a client that the producer reports for; you can give it several times",
    )
    target.add_options(parser)


def policy_document(bus_arn: str, clients: tuple[str, ...]) -> dict[str, Any]:
    """Return the policy, as IAM takes it, that lets a producer report for *clients*."""
    sources = [bound_source(client) for client in clients]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReportForClients",
                "Effect": "Allow",
                "Action": "events:PutEvents",
                "Resource": bus_arn,
                "Condition": {"StringEquals": {"events:source": sources}},
            },
            {
                "Sid": "SeeTheBus",
                "Effect": "Allow",
                "Action": "events:DescribeEventBus",
                "Resource": bus_arn,
            },
        ],
    }


def _policy(given: argparse.Namespace) -> int:
    clients = access_options.to_clients(given.client).clients
    system = target.find(given)
    say_json(policy_document(system.outputs["BusArn"], clients))
    warn("Give it to the producer's role, which must not have the stack's own producer policy: ")
    warn("that one lets it report for every client. The producer says its source, for example:")
    warn(f"  export RUN_LEDGER_SOURCE={bound_source(clients[0])}")
    return 0
