"""`run-ledger redrive`: move messages from the dead-letter queues back to the writer's queue."""

import argparse
from dataclasses import asdict
from typing import Any

from run_ledger.domain import instants
from run_ledger_ops.checks.dead_letters import MoveOutcome, Mover, QueueLook, SendRate, look_at
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import Progress, say, say_json

_QUEUES = {
    "writer": "DlqUrl",
    "rule": "RuleDlqUrl",
    "bus": "BusDlqUrl",
    "aws": "AwsJobsDlqUrl",
    "courier": "DeliveriesDlqUrl",
    "acts": "ActsDlqUrl",
}
# Where messages go back to, if not to the writer's queue.
_BACK_TO = {
    "aws": "AwsJobsQueueUrl",
    "courier": "DeliveriesQueueUrl",
    "acts": "ActsQueueUrl",
}
# There only where a parameter of the stage says so.
_OPTIONAL = {
    "bus": "Only a stage with a key of its own (CustomerKeyArn) has a queue of the bus.",
    "aws": "Only a stage with jobs of AWS's services (AwsJobs=true) has a queue of these.",
    "courier": "Only a stage that tells people (Telling=true) has a queue of notices.",
    "acts": "Only a stage that tells (Telling=true) has a queue of acts on incidents.",
}
_LEFT_OVER = 1
_DESCRIPTION = """\
Move messages from the dead-letter queues back to the writer's queue: those that the writer could
not post in ten attempts, those that the event bus could not deliver to the queue in a day, and, in
a stage with a key of its own, those that the bus could not encrypt or decrypt. Events of AWS's own
jobs, notices to people, and acts on incidents go back to the queue that they came from."""
_EPILOG = """\
examples:
  run-ledger redrive --dry-run        says how many there are and how old; moves nothing
  run-ledger redrive                  moves all of them, once the cause is mended
  run-ledger redrive --rate 50 --max 1000

A message is sent before it is deleted. So none gets lost; one may be sent twice, and the ledger
counts it once. If a redrive was cut off, run it again. A message that comes back during a redrive
stays in the dead-letter queue: then the cause is not mended yet.

Exit code: 0 all was moved that you asked for; 1 some messages stayed; 2 the command could not
start."""


def add_to(commands: Words) -> None:
    """Add the command `redrive`."""
    parser = add_command(
        commands,
        "redrive",
        help="move messages from the dead-letter queues back to the writer",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _redrive)
    parser.add_argument(
        "--from",
        dest="queues",
        choices=_QUEUES,
        action="append",
        help="only messages of the writer, of the bus's rule, of the bus itself, of AWS's own "
        "jobs, of the courier, which brings notices, or acts on incidents (default: all)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say how many there are, and move nothing"
    )
    parser.add_argument(
        "--rate",
        type=terminal.positive,
        metavar="N",
        help="move at most N messages a second (default: as fast as possible)",
    )
    parser.add_argument(
        "--max", type=terminal.positive, metavar="N", help="move at most N messages in all"
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    target.add_options(parser)


def _redrive(given: argparse.Namespace) -> int:
    system = target.find(given)
    urls = {name: system.queue_url(_QUEUES[name]) for name in _wanted(system, given.queues)}
    looks = {name: look_at(system.sqs, url) for name, url in urls.items()}
    if given.dry_run:
        _print_looks(looks, as_json=given.json)
        return 0
    outcomes = _move(system, urls, looks, given)
    if given.json:
        say_json({name: asdict(outcome) for name, outcome in outcomes.items()})
    else:
        for name, outcome in outcomes.items():
            say(f"{name}: {_in_words(outcome)}")
    is_done = not any(outcome.failed or outcome.came_back for outcome in outcomes.values())
    return 0 if is_done else _LEFT_OVER


def _wanted(system: Target, asked: list[str] | None) -> list[str]:
    """Return the queues that were asked for, or all that the stage has.

    Raises OpsError where one is asked for that is not there.
    """
    there = [name for name in _QUEUES if name not in _OPTIONAL or _QUEUES[name] in system.outputs]
    for name in asked or ():
        if name not in there:
            raise OpsError(_OPTIONAL[name])
    return list(dict.fromkeys(asked or there))


def _move(
    system: Target, urls: dict[str, str], looks: dict[str, QueueLook], given: argparse.Namespace
) -> dict[str, MoveOutcome]:
    found = sum(one.messages for one in looks.values())
    left = given.max
    outcomes: dict[str, MoveOutcome] = {}
    with Progress("redriving", found if left is None else min(left, found)) as progress:
        rate = SendRate(given.rate)
        for name, url in urls.items():
            back = system.queue_url(_BACK_TO.get(name, "QueueUrl"))
            outcomes[name] = Mover(system.sqs, back, rate, progress.add).move(url, left)
            if left is not None:
                left -= outcomes[name].moved + outcomes[name].failed
    return outcomes


def _print_looks(looks: dict[str, QueueLook], *, as_json: bool) -> None:
    documents = {name: _document(one) for name, one in looks.items()}
    if as_json:
        say_json(documents)
        return
    for name, document in documents.items():
        since = document["oldest_sent_at"]
        say(f"{name}: {document['messages']:,} messages" + (f", oldest {since}" if since else ""))


def _document(one: QueueLook) -> dict[str, Any]:
    oldest = one.oldest_sent_at
    return {
        "messages": one.messages,
        "oldest_sent_at": None if oldest is None else instants.text(oldest),
    }


def _in_words(outcome: MoveOutcome) -> str:
    parts = [f"{outcome.moved:,} messages moved"]
    if outcome.failed:
        parts.append(f"{outcome.failed:,} not taken by the queue ({outcome.failure})")
    if outcome.came_back:
        parts.append(f"{outcome.came_back:,} came back: the cause is not mended yet")
    return ", ".join(parts)
