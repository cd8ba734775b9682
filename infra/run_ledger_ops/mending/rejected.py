"""`run-ledger rejected`: list events that broke the contract, send them again, or discard them."""

import argparse
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, get_args

from msgspec import structs

from run_ledger.domain import instants
from run_ledger.domain.contract.act_events import INCIDENT_UPDATE
from run_ledger.domain.contract.events import read_envelope
from run_ledger.domain.exceptions import InvalidEvent, NotFound, RejectionReason
from run_ledger.domain.instants import DAY, Instant
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.rejection_items import Rejection, Status
from run_ledger.store.lists.rejection_lists import (
    DAYS_BEYOND_EXPIRY,
    RejectionRow,
    load,
    move,
    read_rejection,
    read_rejections,
)
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.arguments import Words, add_actions, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import Progress, say, say_json, warn

_PAGE = 200
_READING_SECONDS = 600.0
_WRITERS, _ACTS = "QueueUrl", "ActsQueueUrl"
_UNDONE: tuple[Status, ...] = ("open", "replaying")
_DESCRIPTION = """\
Handle events that broke the contract. The ledger stores each of them as it came, with the reason,
and does not try it again by itself."""
_EPILOG = """\
examples:
  run-ledger rejected list --since 24h --reason identity_mismatch
  run-ledger rejected show 5f0c6e…              shows the reason, and the event as it came
  run-ledger rejected replay --all --reason unknown_schema_version
                                                after you deployed a writer that knows the version
  run-ledger rejected discard 5f0c6e… 81aa20…   removes them from the list

A replay sends the rejected text, unchanged, to the queue it came from: the writer's, or that of
people's acts on incidents. The event keeps its id, so it
counts once however often it is sent. If it is rejected again, it is listed again. Nothing is
deleted: `--status all` lists replayed and discarded events, too, until they expire like entries."""


def add_to(commands: Words) -> None:
    """Add the command `rejected`."""
    parser = add_command(
        commands,
        "rejected",
        help="list, show, replay or discard events that broke the contract",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    actions = add_actions(parser)
    _add_list(actions)
    _add_show(actions)
    _add_replay(actions)
    _add_discard(actions)


def _add_list(actions: Words) -> None:
    parser = actions.add_parser(
        "list", help="list them, newest first", description="List rejected events, newest first."
    )
    set_work(parser, _list)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--limit",
        type=terminal.positive,
        default=50,
        metavar="N",
        help="list at most N (default: %(default)s)",
    )
    _add_reason(parser)
    parser.add_argument(
        "--since",
        type=terminal.moment,
        metavar="WHEN",
        help="only those received since then: 30m, 36h or 7d ago, or 2026-11-22T14:15:00Z",
    )
    parser.add_argument(
        "--status",
        choices=[*get_args(Status), "all"],
        help="only those in this status (default: open, and replaying: a replay was cut off)",
    )
    target.add_options(parser)


def _add_show(actions: Words) -> None:
    parser = actions.add_parser(
        "show", help="show one", description="Show a rejected event as it came, and the reason."
    )
    set_work(parser, _show)
    parser.add_argument("id", metavar="ID", help="as `list` prints it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    target.add_options(parser)


def _add_replay(actions: Words) -> None:
    parser = actions.add_parser(
        "replay",
        help="send them again",
        description="Send rejected events again, unchanged, to the queue that they came from.",
    )
    set_work(parser, _replay)
    parser.add_argument("ids", metavar="ID", nargs="*", help="as `list` prints it")
    parser.add_argument("--all", action="store_true", help="all that `list` lists by default")
    _add_reason(parser)
    target.add_options(parser)


def _add_discard(actions: Words) -> None:
    parser = actions.add_parser(
        "discard",
        help="remove them from the list",
        description="Remove rejected events from the list; `show` and `replay` still find them.",
    )
    set_work(parser, _discard)
    parser.add_argument("ids", metavar="ID", nargs="+", help="as `list` prints it")
    target.add_options(parser)


def _add_reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reason",
        choices=get_args(RejectionReason),
        metavar="REASON",
        help=f"only those rejected for this reason: {', '.join(get_args(RejectionReason))}",
    )


# ------------------------------------------------------------------------------- actions


def _list(given: argparse.Namespace) -> int:
    system = target.find(given)
    statuses: Sequence[str] = _UNDONE
    if given.status is not None:
        statuses = get_args(Status) if given.status == "all" else [given.status]
    matching = _newest_first(system, given.since, _Choice(statuses, given.reason))
    found = list(islice(matching, given.limit + 1))
    shown = found[: given.limit]
    if given.json:
        say_json([_document(rejection) for rejection in shown])
    elif shown:
        _say_table(shown)
    else:
        warn("No rejected events.")
    if len(shown) < len(found):
        warn(f"These are the newest {len(shown):,}; there are more: --limit lists them, too.")
    return 0


def _show(given: argparse.Namespace) -> int:
    rejection = _read(target.find(given), given.id)
    if given.json:
        say_json(_document(rejection))
        return 0
    for label, value in _document(rejection).items():
        if label != "raw":
            say(f"{label.replace('_', ' ')}: {value}")
    say(f"\n{rejection.raw}")
    return 0


def _replay(given: argparse.Namespace) -> int:
    if bool(given.ids) == given.all:
        raise OpsError("say either which ids to replay, or --all.")
    if given.ids and given.reason:
        raise OpsError("--reason goes with --all; ids say by themselves what is meant.")
    system = target.find(given)
    if given.all:
        chosen = list(_newest_first(system, None, _Choice(_UNDONE, given.reason)))
    else:
        chosen = [_read(system, rejection_id) for rejection_id in dict.fromkeys(given.ids)]
    whole = [rejection for rejection in chosen if not rejection.truncated]
    if len(whole) < len(chosen):
        cut = ", ".join(rejection.rejection_id for rejection in chosen if rejection.truncated)
        message = f"too large to be kept whole, replay them from the bus's archive: {cut}"
        if not given.all:
            raise OpsError(message)
        warn(f"left out as {message}")
    queues = {output: _queue_url(system, output) for output in {_queue_of(one) for one in whole}}
    with Progress("replaying", len(whole)) as progress:
        # Oldest first, as they came.
        for rejection in reversed(whole):
            _send_again(system, queues[_queue_of(rejection)], rejection)
            progress.add()
    say(f"Sent {len(whole):,} rejected events again; any that is rejected again is listed again.")
    return 0


def _queue_of(rejection: Rejection) -> str:
    """Return the stack's output that names the queue from which a rejected event came."""
    try:
        detail_type = read_envelope(rejection.raw).detail_type
    except InvalidEvent:
        return _WRITERS
    return _ACTS if detail_type == INCIDENT_UPDATE else _WRITERS


def _queue_url(system: Target, output: str) -> str:
    """Return a queue's address; raises OpsError where the stage has no such queue any more."""
    if output == _ACTS and output not in system.outputs:
        raise OpsError(
            "an act on an incident is among them, and this stage takes none: deploy it with "
            "Telling=true, or name the others."
        )
    return system.queue_url(output)


def _send_again(system: Target, queue_url: str, rejection: Rejection) -> None:
    """Mark, send, mark: cut off in between, the event is still listed, and may be sent twice."""
    replaying = _moved(system, rejection, "replaying")
    system.sqs.send_message(QueueUrl=queue_url, MessageBody=rejection.raw)
    # Where this fails the writer was faster, and has rejected it again: then it is open, rightly.
    move(system.dynamodb, system.tables.rejections, replaying, "replayed", at=terminal.clock())


def _discard(given: argparse.Namespace) -> int:
    system = target.find(given)
    chosen = [_read(system, rejection_id) for rejection_id in dict.fromkeys(given.ids)]
    for rejection in chosen:
        _moved(system, rejection, "discarded")
    say(f"Discarded {len(chosen):,} rejected events; `list --status discarded` shows them.")
    return 0


# ------------------------------------------------------------------------------- helpers


class _Choice(NamedTuple):
    """Which rejected events are asked for; a reason of None allows all reasons."""

    statuses: Sequence[str]
    reason: str | None

    def takes(self, one: RejectionRow | Rejection) -> bool:
        """Return whether *one* is among them."""
        return one.status in self.statuses and self.reason in (None, one.reason)


def _newest_first(system: Target, since: Instant | None, choice: _Choice) -> Iterator[Rejection]:
    """Give the *choice* of rejected events back to *since*, or as far as they are kept."""
    now = terminal.clock()
    oldest = instants.later(now, -(system.entry_ttl_days + DAYS_BEYOND_EXPIRY) * DAY)
    if since is not None:
        oldest = min(max(oldest, since), now)
    reading = Reading(system.dynamodb, system.tables, system.executor, _READING_SECONDS)
    start: str | None = None
    while True:
        span = read_rejections(
            reading,
            start=start,
            newest=instants.day(instants.later(now, DAY)),
            oldest=instants.day(oldest),
            limit=_PAGE,
        )
        for rejection in load(reading, [row for _, row in span.rows if choice.takes(row)]):
            if since is not None and rejection.received_at < since:
                return
            # The index follows the table a moment later.
            if choice.takes(rejection):
                yield rejection
        start = span.end
        if start is None:
            return


def _read(system: Target, rejection_id: str) -> Rejection:
    rejection = read_rejection(system.dynamodb, system.tables.rejections, rejection_id)
    if rejection is None:
        raise NotFound(f"there is no rejected event {rejection_id}: it never was, or has expired.")
    return rejection


def _moved(system: Target, rejection: Rejection, status: Status) -> Rejection:
    """Change a rejection's status and return it; raises OpsError where somebody changed it."""
    table = system.tables.rejections
    if not move(system.dynamodb, table, rejection, status, at=terminal.clock()):
        message = f"{rejection.rejection_id} has changed meanwhile: look at it again."
        raise OpsError(message)
    return structs.replace(rejection, status=status)


def _document(rejection: Rejection) -> dict[str, Any]:
    return {
        "rejection_id": rejection.rejection_id,
        "status": rejection.status,
        "received_at": instants.text(rejection.received_at),
        "reason": rejection.reason,
        "field": rejection.field,
        "message": rejection.message,
        "about": rejection.about,
        "truncated": rejection.truncated,
        "raw": rejection.raw,
    }


def _say_table(rejections: Sequence[Rejection]) -> None:
    widest = max(len(rejection.reason) for rejection in rejections)
    mark = any(rejection.status != "open" for rejection in rejections)
    for rejection in rejections:
        status = f"{rejection.status:<10} " if mark else ""
        moment = instants.text(rejection.received_at)[:19] + "Z"
        say(
            f"{rejection.rejection_id}  {moment}  {status}{rejection.reason:<{widest}}  "
            f"{rejection.message}"
        )
