"""`run-ledger redrive`: what ended in a dead-letter queue goes back to the writer."""

import argparse
from dataclasses import asdict
from typing import Any

from run_ledger.domain import instants
from run_ledger_ops.checks.dead_letters import MoveOutcome, Mover, QueueLook, SendRate, look_at
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import Progress, say, say_json

_QUEUES = {"writer": "DlqUrl", "rule": "RuleDlqUrl"}
_LEFT_OVER = 1
_DESCRIPTION = """\
Bring messages back from the dead-letter queues to the writer's queue: those that the writer could
not post in ten rounds, and those that the event bus could not hand to the queue within a day."""
_EPILOG = """\
examples:
  run-ledger redrive --dry-run        how many there are, and since when; moves nothing
  run-ledger redrive                  once the cause is mended, all of them
  run-ledger redrive --rate 50 --max 1000

A message is sent before it is deleted, so none gets lost, and one may be sent twice; the ledger
counts it once. A redrive that was cut off can simply be run again. A message that comes back
meanwhile is left in the dead-letter queue: then the cause is not mended yet.

Exit code: 0 all that was asked for was moved, 1 something was left behind, 2 it can't be done."""


def add_to(commands: Words) -> None:
    """Add `redrive` to the words that the command knows."""
    parser = add_command(
        commands,
        "redrive",
        help="bring messages back from the dead-letter queues",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _redrive)
    parser.add_argument(
        "--from",
        dest="queues",
        choices=_QUEUES,
        action="append",
        help="only what the writer, or only what the rule could not hand on (default: both)",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what is there, move nothing")
    parser.add_argument(
        "--rate",
        type=terminal.positive,
        metavar="N",
        help="at most N messages a second (default: as fast as it goes)",
    )
    parser.add_argument(
        "--max", type=terminal.positive, metavar="N", help="at most N messages altogether"
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    target.add_options(parser)


def _redrive(given: argparse.Namespace) -> int:
    system = target.find(given)
    urls = {
        name: system.queue_url(_QUEUES[name]) for name in dict.fromkeys(given.queues or _QUEUES)
    }
    glances = {name: look_at(system.sqs, url) for name, url in urls.items()}
    if given.dry_run:
        _tell_glances(glances, as_json=given.json)
        return 0
    outcomes = _move(system, urls, glances, given)
    if given.json:
        say_json({name: asdict(outcome) for name, outcome in outcomes.items()})
    else:
        for name, outcome in outcomes.items():
            say(f"{name}: {_told(outcome)}")
    is_done = not any(outcome.failed or outcome.came_back for outcome in outcomes.values())
    return 0 if is_done else _LEFT_OVER


def _move(
    system: Target, urls: dict[str, str], glances: dict[str, QueueLook], given: argparse.Namespace
) -> dict[str, MoveOutcome]:
    found = sum(one.messages for one in glances.values())
    left = given.max
    outcomes: dict[str, MoveOutcome] = {}
    with Progress("redriving", found if left is None else min(left, found)) as progress:
        mover = Mover(system.sqs, system.queue_url("QueueUrl"), SendRate(given.rate), progress.add)
        for name, url in urls.items():
            outcomes[name] = mover.move(url, left)
            if left is not None:
                left -= outcomes[name].moved + outcomes[name].failed
    return outcomes


def _tell_glances(glances: dict[str, QueueLook], *, as_json: bool) -> None:
    documents = {name: _document(one) for name, one in glances.items()}
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


def _told(outcome: MoveOutcome) -> str:
    parts = [f"{outcome.moved:,} messages moved"]
    if outcome.failed:
        parts.append(f"{outcome.failed:,} not taken by the queue ({outcome.failure})")
    if outcome.came_back:
        parts.append(f"{outcome.came_back:,} came back: the writer still can't post them")
    return ", ".join(parts)
