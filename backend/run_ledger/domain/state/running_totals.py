"""Running totals: what a job's parts have come to so far, of which the latest word counts.

Some producers add nothing up: they tell again and again how much a part of a job, such as a table
that it writes, has come to. Of each part and counter the value of the last event counts, by the
order of latest values. A job's counters have the sum over its parts, beside the sums of its deltas.

All running totals of a job count in one hour, in which the last of them was told. So an event that
tells some changes the rollup rows of two hours at most, however many parts it tells of.

Producers choose the names of parts, so a job keeps those that come first in byte order, as many as
`MOST_PARTS`. Which these are follows from the set of events alone: a part that others push out
never comes back, as the set only grows. So all of it is a function of the set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import UNSET, Struct

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import MOST_PARTS, JobUpdate
from run_ledger.domain.instants import Instant

from .sums import LatestValue, take_latest


class RunningTotals(Struct, frozen=True):
    """The running totals of a job: when the last was told, and each by its part and counter."""

    told_at: Instant | None = None
    parts: Mapping[str, Mapping[str, LatestValue]] = {}

    @property
    def sums(self) -> dict[str, int]:
        """Return the sum of each counter over the parts."""
        found: dict[str, int] = {}
        for totals in self.parts.values():
            for name, latest in totals.items():
                found[name] = found.get(name, 0) + latest.value
        return found


NO_TOTALS = RunningTotals()


def with_totals(known: RunningTotals, events: Iterable[Event]) -> RunningTotals:
    """Return *known* after *events* as well."""
    telling = [event for event in events if _told(event)]
    if not telling:
        return known
    parts = {part: dict(totals) for part, totals in known.parts.items()}
    for event in telling:
        for part, totals in _told(event).items():
            take_latest(parts.setdefault(part, {}), totals.items(), event.order)
    times = [event.occurred_at for event in telling]
    told_at = max(times if known.told_at is None else [known.told_at, *times])
    return RunningTotals(told_at, {part: parts[part] for part in sorted(parts)[:MOST_PARTS]})


def changes_of_totals(
    before: RunningTotals, after: RunningTotals
) -> list[tuple[Instant, dict[str, int]]]:
    """Return what to add to the counters, and for which time, as *before* turns into *after*."""
    if before is after:
        return []
    taken = {name: -value for name, value in before.sums.items()}
    both = ((before.told_at, taken), (after.told_at, after.sums))
    return [(at, counts) for at, counts in both if at is not None]


def _told(event: Event) -> Mapping[str, Mapping[str, int]]:
    update = event.update
    if not isinstance(update, JobUpdate) or update.running_totals is UNSET:
        return {}
    return update.running_totals
