"""What the ledger must hold according to its entries: an audit compares with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from run_ledger.domain.contract.events import Event
from run_ledger.domain.instants import Instant

from .job import Job
from .project import Project
from .rollups import (
    Differences,
    Row,
    delta_differences,
    marks,
    merge,
    project_differences,
)


class Drift(Struct, frozen=True):
    """One difference between what is stored and what the entries give.

    ``attribute`` is the path of the attribute. It is empty where the item as a whole is missing
    (``stored`` is None) or where no entry accounts for it (``recounted`` is None).
    """

    kind: Literal["job", "project", "row"]
    key: str
    attribute: str
    stored: Any
    recounted: Any


class Contribution(Struct, frozen=True):
    """What one job or project adds to the rollup rows, in a form that takes little memory."""

    rows: tuple[tuple[Row, tuple[tuple[str, int], ...]], ...] = ()

    def add_to(self, totals: dict[Row, Counter[str]], sign: int) -> None:
        """Add it to the *totals* of rows, times *sign*: 1, or -1 to take it away."""
        for row, counts in self.rows:
            known = totals.setdefault(row, Counter())
            for name, count in counts:
                known[name] += sign * count

    def touches(self, rows: Iterable[Row] | Mapping[Row, Any]) -> bool:
        """Return whether it adds to any of *rows*, a set or a mapping."""
        return any(row in rows for row, _ in self.rows)


def latest_time(job: Job) -> Instant:
    """Return the latest time that *job* shows of its events; later ones may have added to sums."""
    times = [job.created_at, *(value.order[1] for value in job.latest_values.values())]
    times += [job.running_totals.told_at or job.created_at]
    for attempt in job.attempts.values():
        times += [at for at in (attempt.began_at, attempt.running_at, attempt.ended_at) if at]
    return max(times)


def contribution(job: Job, events: Sequence[Event], *, retries_from: int = 1) -> Contribution:
    """Return what *job* and the deltas of its *events* add to the rollup rows.

    *retries_from* is the lowest attempt whose retry is counted: 1, unless an earlier version wrote
    the job.
    """
    differences: Differences = marks(job, retries_from=retries_from)
    merge(differences, delta_differences(events, None, job))
    return _contribution(differences)


def contribution_of_project(project: Project) -> Contribution:
    """Return what *project* adds to the rollup rows."""
    return _contribution(project_differences(None, project))


def _contribution(differences: Differences) -> Contribution:
    return Contribution(
        tuple((row, tuple(counts.items())) for row, counts in differences.items() if counts)
    )
