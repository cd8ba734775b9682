"""Sums that any thread may add to, and that nobody waits for.

Whoever adds takes a cell (a dict of sums) off a list and puts it back afterwards. Taking and
putting back are single steps of the interpreter, so no two threads ever hold one cell, no lock is
needed, and a signal handler or finaliser that adds in the middle of an ``add`` finds another cell.
There are as many cells as there ever were adds at one moment.

A cell is never emptied. What is new is the difference to what was taken before, so a reader that
comes in the middle of an ``add`` takes the rest the next time: nothing is lost or taken twice.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping

from run_ledger.domain.contract.vocabulary import MAX_COUNT
from run_ledger.domain.exceptions import InvalidEvent, shown

MAX_NAMES = 240  # of counters a job: ten events' worth, and far from what an item holds
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_NAME_ALLOWED = "a name [a-z][a-z0-9_]{0,39}"
_VALUE_ALLOWED = "an integer from -2^53 to 2^53"


class Sums:
    """Named integers that are added to from many threads and taken by one."""

    __slots__ = ("_cells", "_complain", "_free", "_taken")

    def __init__(self, complain: Callable[[InvalidEvent], None]) -> None:
        """Tell *complain* of names and values that the contract forbids; the rest is added."""
        self._cells: list[dict[str, int]] = []
        self._free: list[dict[str, int]] = []
        self._taken: dict[str, int] = {}
        self._complain = complain

    def add(self, deltas: Mapping[str, int]) -> None:
        """Add *deltas*, in about a microsecond and without waiting for anybody."""
        try:
            cell = self._free.pop()
        except IndexError:
            cell = {}
            self._cells.append(cell)
        try:
            for name, change in deltas.items():
                if type(change) is int and name in cell and -MAX_COUNT <= change <= MAX_COUNT:
                    cell[name] += change
                else:
                    self._add_checked(cell, name, change)
        finally:
            self._free.append(cell)

    def take(self) -> dict[str, int]:
        """Return what was added since the last time, each sum within the contract's bounds.

        What is beyond them comes the next time. Only one thread at a time may take.
        """
        changes = {}
        for name, total in self._totals().items():
            taken = self._taken.get(name, 0)
            if total != taken:
                change = max(-MAX_COUNT, min(MAX_COUNT, total - taken))
                self._taken[name] = taken + change
                changes[name] = change
        return changes

    def forget(self) -> None:
        """Take everything and drop it: after a fork, what was added is the parent's to report."""
        self._taken = self._totals()

    def _totals(self) -> dict[str, int]:
        totals: dict[str, int] = {}
        for cell in self._cells.copy():
            for name, value in cell.copy().items():
                totals[name] = totals.get(name, 0) + value
        return totals

    def _add_checked(self, cell: dict[str, int], name: object, change: object) -> None:
        """Add one change that is new, odd or wrong; what `operator.index` takes is an integer."""
        if not isinstance(name, str) or not _NAME.match(name):
            self._refuse(f"delta.{shown(name)}", change, _NAME_ALLOWED)
            return
        if name not in cell and len(cell) >= MAX_NAMES:
            self._refuse(f"delta.{name}", change, f"at most {MAX_NAMES} names a job")
            return
        try:
            number = operator.index(change)  # type: ignore[arg-type]
        except TypeError:
            self._refuse(f"delta.{name}", change, _VALUE_ALLOWED)
            return
        if not -MAX_COUNT <= number <= MAX_COUNT:
            self._refuse(f"delta.{name}", change, _VALUE_ALLOWED)
            return
        cell[name] = cell.get(name, 0) + number

    def _refuse(self, field: str, got: object, allowed: str) -> None:
        self._complain(InvalidEvent("invalid_field", field=field, got=shown(got), allowed=allowed))
