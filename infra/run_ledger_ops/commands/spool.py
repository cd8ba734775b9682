"""`run-ledger spool`: events that the bus did not take, waiting on disk."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from run_ledger.emit.delivery.bus import BusUnavailable, EventBridgeClient, EventBus
from run_ledger.emit.delivery.draining import DrainOutcome, drain
from run_ledger.emit.delivery.spool_folders import SpoolFolder, spool_folders
from run_ledger.emit.identity.destinations import Destination
from run_ledger.emit.identity.spool_places import spool_places
from run_ledger_ops.console.arguments import USUAL_STACK_FILE, Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import Progress, say, say_json, warn
from run_ledger_ops.producer import options

_LEFT_OVER = 1
_TAKE = "; --unknown sends it to where the present credentials lead"
_DESCRIPTION = """\
Producers keep on disk what the event bus does not take, and send it themselves once it does.
Events of processes that ended are sent by the next process that reports to the same bus, or by this
command."""
_EPILOG = """\
examples:
  run-ledger spool list
  run-ledger spool flush
  run-ledger spool flush --spool /var/lib/pipeline/spool --json

The spool is --spool, else RUN_LEDGER_SPOOL, else ~/.local/state/run-ledger/spool. Each event goes
to its own bus, with the AWS credentials of the environment. It keeps its event id, so an event that
the bus took before counts once.

Events go to the account, region and address that they were meant for, never elsewhere. Sometimes
nobody knows which account that is: an earlier version or a program without readable settings left
them, or the access keys have changed since. Such events are named and stay, unless --unknown sends
them, too.

Exit code: 0 if nothing is left, 1 if something is left (the bus does not take it, or a running
process will send it), 2 if the command can't be carried out."""


def add_to(commands: Words) -> None:
    """Add `spool` to the command's words."""
    parser = add_command(
        commands,
        "spool",
        help="list or send events that producers could not send",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    words = parser.add_subparsers(title="what to do", required=True, metavar="WORD")
    for word, work, text in (
        ("list", _list, "list what is there"),
        ("flush", _flush, "send what is there"),
    ):
        one = add_command(words, word, help=text, epilog=_EPILOG)
        one.add_argument("--spool", type=Path, metavar="DIR", help="folder of all spools")
        one.add_argument("--json", action="store_true", help="print the outcome as JSON")
        if work is _flush:
            one.add_argument(
                "--unknown",
                action="store_true",
                help="also send events of which nobody knows whether they are for another account",
            )
        set_work(one, work)


def _roots(given: argparse.Namespace) -> list[Path]:
    """Return the folders of all spools, the usual one first."""
    places = spool_places(given.spool)
    if places.problem:
        warn(f"run-ledger spool: {places.problem}")
    if not places.roots:
        raise OpsError("there is no spool: no folder can be used, or it is switched off.")
    return places.roots


def _waiting(roots: list[Path]) -> list[SpoolFolder]:
    return [folder for root in roots for folder in spool_folders(root) if folder.events]


def _list(given: argparse.Namespace) -> int:
    """Print what is there."""
    roots = _roots(given)
    found = _waiting(roots)
    if given.json:
        say_json({"spool": str(roots[0]), "targets": [_document(folder) for folder in found]})
        return 0
    if not found:
        say(f"Nothing waits in {roots[0]}.")
    for folder in found:
        oldest = datetime.fromtimestamp(folder.oldest_at or 0, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        held = f", {folder.held} in use by running processes" if folder.held else ""
        say(
            f"{folder.target.bus}: {folder.events:,} event(s) in {folder.files} file(s), "
            f"{folder.size:,} bytes, since {oldest}{held}"
        )
    return 0


def _document(folder: SpoolFolder) -> dict[str, Any]:
    return {
        "bus": folder.target.bus,
        "folder": str(folder.path),
        "account": folder.destination.account,
        "region": folder.target.region,
        "endpoint_url": folder.target.endpoint_url,
        "events": folder.events,
        "files": folder.files,
        "files_in_use": folder.held,
        "bytes": folder.size,
        "oldest_at": folder.oldest_at,
    }


def _flush(given: argparse.Namespace) -> int:
    """Send what is there."""
    roots = _roots(given)
    outcomes = []
    waiting = _waiting(roots)
    with Progress("sending", sum(folder.events for folder in waiting)) as progress:
        for folder in waiting:
            bus = EventBus(folder.target, _client(folder))
            reason = _reason_to_leave(folder, bus, takes_unknown=given.unknown)
            drained = DrainOutcome(0, reason, 0)
            if reason is None:
                drained = drain(folder.spool, bus, on_sent=progress.add)
            outcomes.append((folder, drained))
    left = {folder.path: folder for folder in _waiting(roots)}
    if given.json:
        say_json([_outcome(folder, drained, left) for folder, drained in outcomes])
    else:
        _tell(outcomes, left, roots[0])
    return _LEFT_OVER if left else 0


def _reason_to_leave(folder: SpoolFolder, bus: EventBus, *, takes_unknown: bool) -> str | None:
    """Return why *folder* must not be sent to *bus*; None where it belongs there."""
    theirs = folder.destination
    if not theirs.is_known:
        return None if takes_unknown else f"nobody knows for which account it is{_TAKE}"
    try:
        ours = bus.destination()
    except BusUnavailable:
        return None  # sending it tells what is wrong
    if ours.place == theirs.place or (takes_unknown and ours.may_be(theirs)):
        return None
    words = f"it belongs to {_words(theirs)}, and the present credentials to {_words(ours)}"
    return words + _TAKE if ours.may_be(theirs) else words


def _words(destination: Destination) -> str:
    account = destination.account or "none"
    if destination.account_is_a_stand_in:
        kind, _, digest = account.partition(":")
        return f"an access key {digest}" if kind == "key" else "a client that a program made"
    return f"account {account}"


def _outcome(
    folder: SpoolFolder, drained: DrainOutcome, left: dict[Path, SpoolFolder]
) -> dict[str, Any]:
    remains = left.get(folder.path)
    return {
        "bus": folder.target.bus,
        "sent": drained.sent,
        "dropped": drained.dropped,
        "left": remains.events if remains else 0,
        "files_in_use": remains.held if remains else 0,
        "trouble": drained.trouble,
    }


def _tell(
    outcomes: list[tuple[SpoolFolder, DrainOutcome]], left: dict[Path, SpoolFolder], root: Path
) -> None:
    if not outcomes:
        say(f"Nothing waits in {root}.")
    for folder, drained in outcomes:
        say(f"{folder.target.bus}: {drained.sent:,} event(s) sent")
        if drained.dropped:
            warn(f"{folder.target.bus}: {drained.dropped:,} dropped: too old, torn or refused")
        if drained.trouble:
            warn(f"{folder.target.bus}: the rest is left: {drained.trouble}")
        remains = left.get(folder.path)
        if remains and remains.held:
            warn(f"{folder.target.bus}: {remains.held} file(s) are in use by running processes")


def _client(folder: SpoolFolder) -> EventBridgeClient | None:
    """Return a client for a local stack's bus, whose credentials are in its file; else None."""
    if folder.target.endpoint_url is None:
        return None
    try:
        document = options.read_stack(USUAL_STACK_FILE)
    except (FileNotFoundError, OpsError):
        return None  # no local stack here: the environment's credentials have to do
    is_of_stack = document["aws_endpoint_url"] == folder.target.endpoint_url
    return options.LocalClient(document) if is_of_stack else None
