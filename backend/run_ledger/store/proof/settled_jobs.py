"""Which jobs to recount: those that have settled since the last walk, by their index rows.

A job has settled once no event of it has come in for an hour, by the writers' clock. Index rows
tell the five minutes in which its last event came in, and a walk's ends lie on full hours: so each
change of a job falls into one walk. A job that takes in a further event before it was looked at is
left to a later one.

A walk visits the days of creation of which the map of the days counts otherwise than at the last
walk, and the last two days. Once a day it visits all, for what came late to a job of another day
without changing how it ended; then what still runs is recounted, too, however recent its last
event.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from msgspec import structs

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.domain.instants import (
    DAY,
    EARLIEST,
    HOUR,
    LATEST,
    Duration,
    Instant,
    day,
    floor,
    later,
)
from run_ledger.store.audit.expected_items import Name
from run_ledger.store.dynamo.attributes import Attribute, from_item, to_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import slot_start
from run_ledger.store.lists.day_map import read_day_map

from .frontier import OF_ALL, Frontier

SETTLES = HOUR
REACH = Duration(89 * DAY)
"""Entries are kept for 90 days at least. Jobs of earlier days are not recounted."""
_OPEN = ("queued", "running")
_FIRST = Duration(4 * HOUR)
_NEAR = Duration(DAY)
_ROWS = 90
_NOBODY: Attribute = {"S": OF_ALL}
"""Whose a job is that does not say so. Its entries tell."""

DayCounts = Mapping[str, Mapping[str, int]]
"""For each day how many of the jobs created on it are in which outcome."""


class Candidate(NamedTuple):
    """A job to recount, and whose it is by its index row."""

    name: Name
    client_id: str


class CandidatesPage(NamedTuple):
    """Candidates of a part of a partition; ``after`` is where it goes on, None at its end."""

    candidates: list[Candidate]
    after: dict[str, Any] | None


def read_days(reading: Reading, now: Instant) -> dict[str, Mapping[str, int]]:
    """Return how many jobs of each day in reach are in which outcome."""
    found: dict[str, Mapping[str, int]] = {}
    start: str | None = None
    first = day(later(now, -REACH))
    while True:
        page = reading.alone(
            partial(read_day_map, reading, (*_OPEN, *RESULTS), start=start, low=first)
        )
        found |= dict(page.days)
        start = page.floor
        if start is None:
            return found


def begun(known: Frontier | None, days: DayCounts, now: Instant) -> Frontier:
    """Return the frontier with the walk that is due at *now*; without one where none is."""
    settled = floor(later(now, -SETTLES), HOUR)
    if known is None:
        first = later(settled, -_FIRST)
        known = Frontier(since=first, proved_to=first, target=first, whole_to=first)
    if known.is_walking or settled <= known.proved_to:
        return known
    is_whole = settled - known.whole_to >= DAY
    near = _near(known)
    counts = {one: _digest(counts) for one, counts in days.items()}
    visit = [
        one
        for one, digest in sorted(counts.items())
        if is_whole or one >= near or known.counts.get(one) != digest
    ]
    return _walk(known, settled, visit, counts, is_whole=is_whole)


def ended(walked: Frontier) -> Frontier:
    """Return the frontier once the walk has come to its end."""
    return structs.replace(
        walked,
        proved_to=walked.target,
        whole_to=walked.target if walked.is_whole else walked.whole_to,
        counts=walked.next_counts,
        next_counts={},
        visit=(),
        place="",
        after=None,
    )


def partitions(frontier: Frontier, days: DayCounts) -> list[str]:
    """Return the partitions of the index by outcome that the walk has left, in its order."""
    return sorted(
        place
        for one in frontier.visit
        for outcome, count in days.get(one, {}).items()
        if count > 0 and (place := f"{one}#{outcome}") >= frontier.place
    )


def read_candidates(reading: Reading, frontier: Frontier, place: str) -> CandidatesPage:
    """Return the jobs to recount among the next rows of a partition."""
    created_on, _, outcome = place.partition("#")
    partition = keys.outcome_day(outcome, created_on)
    query = QueryBuilder(reading.tables.jobs, "outcome_day", partition, index=keys.BY_OUTCOME)
    after = to_item(frontier.after) if frontier.after and place == frontier.place else None
    wanted = ["job_id", "client_id", "seen_slot"]
    request = query.request(wanted, limit=_ROWS, after=after)
    answer: Any = reading.alone(partial(reading.client.query, **request))
    # Every walk visits the last days; what came in for others may not have been looked at since.
    since = frontier.proved_to if created_on >= _near(frontier) else frontier.whole_to
    until = LATEST if frontier.is_whole and outcome in _OPEN else frontier.target
    found = [
        Candidate(Name("job", item["job_id"]["S"]), item.get("client_id", _NOBODY)["S"])
        for item in answer["Items"]
        if since <= _last_event(item) < until
    ]
    last = answer.get("LastEvaluatedKey")
    return CandidatesPage(found, from_item(last) if last else None)


def _near(frontier: Frontier) -> str:
    """Return the first of the days that every walk visits."""
    return day(later(frontier.proved_to, -_NEAR))


def _last_event(item: Mapping[str, Attribute]) -> Instant:
    """Return when the last event came in, as far as the row tells; of old rows none does."""
    return slot_start(int(item["seen_slot"]["N"])) if "seen_slot" in item else EARLIEST


def _digest(counts: Mapping[str, int]) -> int:
    told = ",".join(f"{name}={count}" for name, count in sorted(counts.items()))
    return zlib.crc32(told.encode())


def _walk(
    known: Frontier, target: Instant, visit: list[str], counts: Mapping[str, int], *, is_whole: bool
) -> Frontier:
    return structs.replace(
        known,
        target=target,
        is_whole=is_whole,
        place="",
        after=None,
        visit=visit,
        next_counts=counts,
    )
