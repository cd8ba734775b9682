"""`run-ledger alerts`: see whether channels work by which people are told, and what is expected."""

import argparse
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.domain.delivery.deliveries import Delivery, trials_of
from run_ledger.domain.exceptions import shown
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.store.deliveries.delivery_records import DeliveryRecords
from run_ledger_ops.clients.changes import client_records, whose
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.arguments import Words, add_actions, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import Progress, say, say_json

from .expectation_lists import list_expected

DELIVERED = "delivered"
_NOT_ALL = 1
_USUAL_SECONDS = 60
_POLL_SECONDS = 0.5
_QUEUE = "DeliveriesQueueUrl"
_DESCRIPTION = """\
Send a trial by each channel that clients or staff declare, or by those that you name: a message
that says that it is one, by the same queue and the same courier as notices of incidents."""
_EPILOG = """\
examples:
  run-ledger alerts test                               all channels of clients and staff
  run-ledger alerts test --client acme                 all of one client
  run-ledger alerts test --client acme --channel ops   one
  run-ledger alerts test --staff                       all of staff
  run-ledger alerts expected --client acme             what is expected of its pipelines

A channel that was switched off, as its address was gone, is tried, and switched on if it answers.

Exit code: 0 all trials were delivered; 1 some were not, or not yet; 2 the command could not
start."""
_EXPECTED = """\
List what the clients' file and the events of pipelines say of how these should run, which of it
counts, and why the rest does not."""


def add_to(commands: Words) -> None:
    """Add the command `alerts`."""
    parser = add_command(
        commands,
        "alerts",
        help="send a trial by the channels by which people are told, and list what is expected",
        description="See whether the channels work by which people are told, and what is expected.",
        epilog=_EPILOG,
    )
    actions = add_actions(parser)
    trial = actions.add_parser("test", help="send a trial by channels", description=_DESCRIPTION)
    set_work(trial, _test)
    owner = trial.add_mutually_exclusive_group()
    owner.add_argument("--client", metavar="CLIENT", help="only channels of this client")
    owner.add_argument(
        "--staff",
        dest="client",
        action="store_const",
        const=STAFF,
        help="only channels of staff",
    )
    trial.add_argument("--channel", metavar="NAME", help="only channels of this name")
    trial.add_argument(
        "--wait",
        type=terminal.positive,
        default=_USUAL_SECONDS,
        metavar="SECONDS",
        help=f"wait so long for the outcome (default: {_USUAL_SECONDS})",
    )
    trial.add_argument("--json", action="store_true", help="print the outcome as JSON")
    target.add_options(trial)
    expected = actions.add_parser(
        "expected", help="list what is expected of pipelines", description=_EXPECTED
    )
    set_work(expected, list_expected)
    expected.add_argument("--client", metavar="CLIENT", help="only of this client's pipelines")
    expected.add_argument("--json", action="store_true", help="print the list as JSON")
    target.add_options(expected)


def _test(given: argparse.Namespace) -> int:
    system = target.find(given)
    if _QUEUE not in system.outputs:
        raise OpsError("this stage tells nobody: deploy it with Telling=true.")
    trials = _trials(system, given.client, given.channel)
    queue = DeliveryQueue(lambda: system.sqs, system.queue_url(_QUEUE))
    taken = queue.put(trials, lambda: float("inf"))
    if len(taken) < len(trials):
        raise OpsError("the queue did not take all trials: try again.")
    records = DeliveryRecords(system.dynamodb, system.tables.incidents)
    outcomes = outcomes_of(records, trials, given.wait, time.sleep)
    if given.json:
        say_json({"system": system.name, "trials": list(map(_document, trials, outcomes))})
    else:
        for trial, outcome in zip(trials, outcomes, strict=True):
            say(f"{whose(trial.client_id)} {trial.channel}: {outcome or 'not yet'}")
    return 0 if all(one == DELIVERED for one in outcomes) else _NOT_ALL


def _trials(system: Target, client_id: str | None, channel: str | None) -> list[Delivery]:
    """Return a trial for each channel that was asked for; raises OpsError where there is none."""
    records = client_records(system.dynamodb, system.tables.clients)
    wanted = [STAFF, *records.directory()] if client_id is None else [client_id]
    mark, now = secrets.token_hex(6), terminal.clock()
    trials: list[Delivery] = []
    for one in wanted:
        declared = records.read(one, references=False).record
        names = [each.name for each in declared.channels] if declared else []
        chosen = [name for name in names if channel in (None, name)]
        trials += trials_of(one, chosen, f"{mark}-{len(trials)}", now)
    if not trials:
        what = "channels" if channel is None else f"channel {shown(channel)}"
        if client_id is None:
            raise OpsError(f"nothing to try: no client declares {what}.")
        who = "staff declare" if client_id == STAFF else f"client {shown(client_id)} declares"
        raise OpsError(f"nothing to try: {who} no {what}.")
    return trials


def outcomes_of(
    records: DeliveryRecords,
    trials: Sequence[Delivery],
    seconds: int,
    pause: Callable[[float], None],
) -> list[str | None]:
    """Return what became of each trial, None where that is not known after about *seconds*."""
    found: dict[str, str | None] = dict.fromkeys(one.delivery_id for one in trials)
    with Progress("trials still on their way", len(trials)) as progress:
        for _ in range(int(seconds / _POLL_SECONDS)):
            for trial in trials:
                if found[trial.delivery_id] is None:
                    found[trial.delivery_id] = records.outcome(trial)
                    if found[trial.delivery_id] is not None:
                        progress.add()
            if all(found.values()):
                break
            pause(_POLL_SECONDS)
    return list(found.values())


def _document(trial: Delivery, outcome: str | None) -> dict[str, Any]:
    return {
        "client_id": trial.client_id,
        "channel": trial.channel,
        "delivery_id": trial.delivery_id,
        "is_delivered": outcome == DELIVERED,
        "reason": None if outcome in (None, DELIVERED) else outcome,
    }
