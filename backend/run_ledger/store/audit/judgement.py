"""One job or project judged by its entries: what its item must be, and what it counts for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from run_ledger.domain import instants
from run_ledger.domain.contract.events import Event
from run_ledger.domain.instants import DAY, EARLIEST, LATEST, Duration, Instant, later
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state import project as projects
from run_ledger.domain.state.recount import (
    Contribution,
    Drift,
    contribution,
    contribution_of_project,
    latest_time,
)
from run_ledger.domain.state.rollups import CLIENTS, Row, subject
from run_ledger.store.dynamo.attributes import UNREADABLE, Item
from run_ledger.store.items.job_items import from_job_item
from run_ledger.store.items.own_names import NAME_SETS
from run_ledger.store.items.project_items import from_project_item

from .expected_items import (
    Entries,
    Name,
    created_at,
    differing,
    entries_in,
    expected_item,
    instant,
    misplaced,
    whole_number,
    with_counters_as_in,
)
from .reach import ANYBODY, Lost, Reach

# A producer's clock may be so much ahead of the writers', by which entries expire, without a sign.
_AHEAD = Duration(7 * DAY)
_encoder = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of one entity.

    ``stamp`` changes with the item. The items themselves are kept only where something is wrong, as
    there may be very many, and so are the events of ``entries``. ``differences`` are paths with
    stored and recounted values. Where it ``is_uncertain``, nobody can tell what it counts for.
    """

    stamp: bytes
    item: Item | None
    expected: Item | None
    differences: Sequence[tuple[str, Any, Any]]
    contribution: Contribution
    entries: Entries
    is_beyond_reach: bool
    is_uncertain: bool
    """Whether an entry is unreadable, or the item of what has lost entries is."""
    lost: Lost | None
    """Where entries may have counted that a job has lost."""

    @property
    def unreadable(self) -> Sequence[str]:
        """The entries, or rows of entries, from which no event can be read."""
        return self.entries.unreadable

    @property
    def slim(self) -> Judgement:
        """Return the same without the items, unless something is wrong."""
        if self.differences or self.is_uncertain:
            return self
        return replace(
            self, item=None, expected=None, entries=self.entries._replace(events=(), rows={})
        )

    def may_count_in(self, row: Row) -> bool:
        """Return whether an event of the entity, of which nothing is known, may count in *row*."""
        known = [item for item in (self.item, self.expected) if item is not None]
        client_id, project_id, _ = subject(row)
        return not known or any(
            ("job_id" in item or row.partition == CLIENTS)
            and (client_id is None or item.get("client_id") == {"S": client_id})
            and (project_id is None or item.get("project_id") == {"S": project_id})
            for item in known
        )

    def drifts(self, name: Name) -> list[Drift]:
        """Return the differences as drifts of *name*."""
        return [Drift(name.kind, name.entity_id, *one) for one in self.differences]


def stamp_of(item: Item | None) -> bytes:
    """Return a digest of *item*, empty for None: equal items have the same one."""
    if item is None:
        return b""
    # A set comes in no order. It never changes without the counters that it names.
    values = {name: value for name, value in item.items() if name not in NAME_SETS}
    return hashlib.blake2b(_encoder.encode(values), digest_size=16).digest()


def judge(name: Name, item: Item | None, entries: Sequence[Item], reach: Reach) -> Judgement:
    """Judge the *item* of *name* by the items of its *entries*, which prove what *reach* says."""
    found = entries_in(name, entries)
    events = found.events
    lacking = item if item is not None and _is_beyond_reach(item, found, reach) else None
    is_beyond_reach = lacking is not None
    expected = expected_item(name, events, instant((item or {}).get("seen"))) if events else None
    counted = _contribution(name, lacking, events)
    lost = _lost_before(expected, found, reach) if lacking is None else _lost(lacking, found, reach)
    return Judgement(
        stamp=stamp_of(item),
        item=item,
        expected=None if is_beyond_reach else expected,
        differences=(
            () if is_beyond_reach or found.unreadable else tuple(_compared(item, expected, found))
        ),
        contribution=Contribution() if counted is None else counted,
        entries=found,
        is_beyond_reach=is_beyond_reach,
        is_uncertain=bool(found.unreadable) or counted is None,
        lost=lost if name.kind == "job" else None,
    )


def _compared(
    item: Item | None, expected: Item | None, entries: Entries
) -> list[tuple[str, Any, Any]]:
    if item is None and expected is None:
        return []
    if item is None:
        return [("", None, "an item")]
    if expected is None:
        return [("", "an item", None)]
    differences = differing(with_counters_as_in(item, expected), expected)
    return [*differences, *misplaced(item, entries)]


def _is_beyond_reach(item: Item, entries: Entries, reach: Reach) -> bool:
    """Return whether entries are missing that may have expired."""
    if entries.number >= (whole_number(item.get("n")) or 0) or _has_whole_log(item, entries):
        return False
    if not reach.is_vouched:
        return True
    times = [created_at(item), whole_number(item.get("seen"))]
    times += [event.occurred_at for event in entries.events]
    since = later(reach.since, _ahead(item, entries))
    return any(time is not None and time < since for time in times)


def _has_whole_log(item: Item, entries: Entries) -> bool:
    """Return whether all that the entity ever took in is in its log, which has every row."""
    last = _last_row(item, entries)
    is_in_log_alone = last > 0 and not entries.has_old and not {"old", "rev"} & item.keys()
    return is_in_log_alone and not entries.last_gap(last)


def _last_row(item: Item, entries: Entries) -> int:
    return max(whole_number(item.get("log")) or 0, entries.last_row)


def _lost(item: Item, entries: Entries, reach: Reach) -> Lost:
    """Return where entries of the job in *item* may have counted that it lacks."""
    follower = entries.rows.get(entries.last_gap(_last_row(item, entries)) + 1)
    seen = instant(item.get("seen"))
    came_in = seen if follower is None else follower.received_at
    ahead = _ahead(item, entries)
    return _stretch(item, created_at(item), came_in, ahead, reach)


def _lost_before(expected: Item | None, entries: Entries, reach: Reach) -> Lost | None:
    """Return where entries may have counted that are gone, although none is missed.

    So it is where rows are missing before others: the item is lost, or was made anew of what was
    left. When its job was created nobody knows.
    """
    if expected is None or not entries.gap:
        return None
    came_in = entries.rows[entries.gap + 1].received_at
    return _stretch(expected, None, came_in, entries.ahead, reach)


def _stretch(
    item: Item, first: Instant | None, last: Instant | None, ahead: Duration, reach: Reach
) -> Lost:
    """Return the days from *first*, of events that came in until *last*; None is not known."""
    until = LATEST if last is None else last
    if reach.is_vouched:
        until = min(until, reach.since)
    return Lost(
        item.get("client_id", {}).get("S", ANYBODY),
        instants.day(EARLIEST if first is None else first),
        instants.day(min(LATEST, later(until, max(_AHEAD, ahead)))),
    )


def _ahead(item: Item, entries: Entries) -> Duration:
    """Return how far its producer's clock was ahead of the writers', as far as anything shows."""
    try:
        stored = from_job_item(item)
    except UNREADABLE:
        return entries.ahead
    return Duration(max(entries.ahead, latest_time(stored.job) - stored.last_seen_at))


def _contribution(name: Name, old: Item | None, events: Sequence[Event]) -> Contribution | None:
    """Return what the entity adds to rows, by its events, or by its item where these are gone.

    Of an *old* job's deltas those that are left are added, as their hours can still be judged.
    Returns None where the old item can't be read.
    """
    try:
        if name.kind == "project":
            return _contribution_of_project(old, events)
        if old is not None:
            stored = from_job_item(old)
            return contribution(stored.job, events, retries_from=stored.retries_from)
    except UNREADABLE:
        return None
    return contribution(jobs.fold(None, events), events) if events else Contribution()


def _contribution_of_project(old: Item | None, events: Sequence[Event]) -> Contribution:
    if old is not None:
        return contribution_of_project(from_project_item(old).project)
    return contribution_of_project(projects.fold(None, events)) if events else Contribution()
