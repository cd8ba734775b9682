"""Whether people are told: how the channels do, and what did not come."""

from collections.abc import Iterator
from typing import Any

from msgspec import structs

from run_ledger.store.clients.channel_reads import read_channel
from run_ledger.store.deliveries.delivery_records import (
    ChannelStanding,
    DeliveryRecords,
    UndeliveredNotice,
)
from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.console.target import Target

QUEUE = "DeliveriesQueueUrl"
_PART = "channels"
_MOST_LISTED = 100
_MOST_NAMED = 3


def channels(system: Target) -> Finding:
    """Return how the channels do that were ever used, and which notices wait or were given up."""
    records = DeliveryRecords(system.dynamodb, system.tables.incidents)
    standings = [one for one in records.standings() if _is_well(one) or _is_declared(system, one)]
    waiting, given_up = records.waiting(_MOST_LISTED), records.given_up(_MOST_LISTED)
    figures: dict[str, Any] = {
        "channels": [structs.asdict(one) for one in standings],
        "waiting": [structs.asdict(one) for one in waiting],
        "given_up": [structs.asdict(one) for one in given_up],
        "oldest_waiting_at": waiting[0].made_at if waiting else None,
    }
    is_off = any(one.off_at for one in standings)
    is_failing = is_off or any(one.failing_since for one in standings)
    level = Level.WRONG if is_off else Level.LOOK if is_failing or waiting else Level.WELL
    return Finding(_PART, level, "; ".join(_words(standings, waiting, given_up)), figures)


def _is_well(one: ChannelStanding) -> bool:
    return one.off_at is None and one.failing_since is None


def _is_declared(system: Target, one: ChannelStanding) -> bool:
    """Return whether a client still has a channel: one that was removed needs no mending."""
    tables = system.tables
    return read_channel(system.dynamodb, tables.clients, one.client_id, one.channel) is not None


def _words(
    standings: list[ChannelStanding],
    waiting: list[UndeliveredNotice],
    given_up: list[UndeliveredNotice],
) -> Iterator[str]:
    if not standings:
        yield "none was used yet: `run-ledger alerts test` tries them"
        return
    bad = [one for one in standings if not _is_well(one)]
    yield f"{len(standings) - len(bad):,} of {len(standings):,} work"
    for one in bad[:_MOST_NAMED]:
        name = f"{one.client_id} {one.channel}"
        worked = f"last worked {one.worked_at}" if one.worked_at else "never worked"
        state = f"off since {one.off_at}" if one.off_at else f"fails since {one.failing_since}"
        yield f"{name} {state} ({one.reason}), {worked}"
    if waiting:
        more = "at least " if len(waiting) == _MOST_LISTED else ""
        yield f"{more}{len(waiting):,} notices wait, the oldest since {waiting[0].made_at}"
    if given_up:
        last = given_up[0]
        yield f"given up, newest: {last.client_id} {last.channel} of {last.made_at} ({last.reason})"
