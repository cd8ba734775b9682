"""What the ledger must hold by its entries: the ground that an audit stands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from run_ledger.domain.contract.events import Event

from .job import Job
from .project import Project
from .rollups import (
    Differences,
    Row,
    delta_differences,
    merge,
    project_differences,
    state_differences,
)


class Drift(Struct, frozen=True):
    """One thing that is not as the entries say.

    ``attribute`` is the path of the attribute, empty for the item as a whole; then ``stored`` or
    ``recounted`` is None, for an item that is missing or one that no entry accounts for.
    """

    kind: Literal["job", "project", "row"]
    key: str
    attribute: str
    stored: Any
    recounted: Any


class Contribution(Struct, frozen=True):
    """What one job or project counts for in the rollup rows, small enough to keep for many."""

    rows: tuple[tuple[Row, tuple[tuple[str, int], ...]], ...] = ()

    def add_to(self, totals: dict[Row, Counter[str]], sign: int) -> None:
        """Add it, *sign* times, to the *totals* of rows."""
        for row, counts in self.rows:
            known = totals.setdefault(row, Counter())
            for name, count in counts:
                known[name] += sign * count

    def touches(self, rows: Iterable[Row] | Mapping[Row, Any]) -> bool:
        """Return whether any of *rows* (a set or mapping) counts something of it."""
        return any(row in rows for row, _ in self.rows)


def contribution(job: Job, events: Sequence[Event]) -> Contribution:
    """Return what *job* and the deltas of its *events* count for."""
    differences: Differences = state_differences(None, job)
    merge(differences, delta_differences(events))
    return _contribution(differences)


def contribution_of_project(project: Project) -> Contribution:
    """Return what *project* counts for."""
    return _contribution(project_differences(None, project))


def _contribution(differences: Differences) -> Contribution:
    return Contribution(
        tuple((row, tuple(counts.items())) for row, counts in differences.items() if counts)
    )
