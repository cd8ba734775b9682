"""How far back entries prove what is stored, and where those that are gone may have counted.

Entries expire, and for how many days they were kept may have been changed since. So a job has lost
entries where it counts more events than are left, unless its log has every row. Nothing is known
of what these said, but on which days of which client they can have counted: not before the job was
created, and not after the row that follows them came in, by its producer's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from run_ledger.domain.instants import Instant
from run_ledger.domain.state.rollups import Row, subject

from .expected_items import is_sum
from .row_sums import RowChange

ANYBODY = "*"
"""Stands for the client of a job that does not tell whose it is."""


class Reach(Struct, frozen=True):
    """From when on entries prove what is stored.

    Those received before ``since`` may have expired. If somebody has vouched for the entries of the
    last ``vouched_days``, no others have: a job that lacks one is wrong, or never was. Else any may
    have, as the days for which entries are kept may have been fewer once.
    """

    since: Instant
    vouched_days: int | None = None

    @property
    def is_vouched(self) -> bool:
        """Return whether somebody has vouched for entries."""
        return self.vouched_days is not None


class Lost(NamedTuple):
    """The first and the last day on which lost entries of a client's job may have counted."""

    client_id: str
    first_day: str
    last_day: str


class LostDays:
    """For each client the days on which lost entries may have counted, in one stretch."""

    def __init__(self, stretches: Mapping[str, Sequence[str]] | None = None) -> None:
        """Begin with the first and the last day of each client, as `stretches` gives them."""
        self.stretches: dict[str, tuple[str, str]] = {
            client_id: (first, last) for client_id, (first, last) in (stretches or {}).items()
        }

    def note(self, losses: Iterable[Lost | None]) -> None:
        """Take in what jobs have lost, each or None."""
        for client_id, first_day, last_day in filter(None, losses):
            first, last = self.stretches.get(client_id, (first_day, last_day))
            self.stretches[client_id] = min(first, first_day), max(last, last_day)

    def certain(self, row: Row, wrong: Mapping[str, RowChange]) -> dict[str, RowChange]:
        """Return what is *wrong* with *row* for certain.

        Sums of deltas are not, where lost entries may have counted. All else is, as a job's item
        tells of its state.
        """
        if not self._may_count_in(row):
            return dict(wrong)
        return {name: one for name, one in wrong.items() if not is_sum(name)}

    def _may_count_in(self, row: Row) -> bool:
        client_id, project_id, day = subject(row)
        if day is None:
            return False
        if project_id is not None:
            client_id = row.sort.partition("#")[2]
        owners = self.stretches if client_id is None else (client_id, ANYBODY)
        stretches = [self.stretches[owner] for owner in owners if owner in self.stretches]
        return any(first <= day <= last for first, last in stretches)
