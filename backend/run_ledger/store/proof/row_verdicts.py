"""What a recount of rollup rows finds: which are right, which differ, which can't be judged.

At first the rows and what counts in them are read at the lowest price. A row that is the sum of
what jobs give is right. One that is not is judged by an audit's rule: all is read strongly, and
only a row that reads the same before and after, in which only jobs count that have not moved
meanwhile, can be wrong; what is found twice alike differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from run_ledger.domain.instants import DAY, Duration, Instant, later
from run_ledger.domain.state.own_counters import own_attributes
from run_ledger.domain.state.packed_rows import hour_row
from run_ledger.domain.state.rollups import ALL, Row, subject
from run_ledger.store.audit.calls import Shards, read_rows
from run_ledger.store.audit.expected_items import Name
from run_ledger.store.audit.reach import Reach
from run_ledger.store.audit.row_sums import RowChange, row_changes, sums_of
from run_ledger.store.dynamo.reading import Reading

from .frontier import OF_ALL, Differing, WrongValue
from .recounted_sums import read_sums
from .row_lists import TooMany
from .verdicts import VOUCHED_DAYS, as_count

_TRIES = 6
_PAUSE_SECONDS = 0.2
_MOST_DIFFERENCES = 100

Changes = Mapping[str, RowChange]
List = Callable[[], Collection[Name]]


class RecountMeans(NamedTuple):
    """What a recount of rows needs: how to read, the time, and when the run's time is over."""

    reading: Reading
    now: Instant
    is_over: Callable[[], bool]
    pause: Callable[[float], None]

    @property
    def reach(self) -> Reach:
        """Entries that have not expired prove what they say."""
        return Reach(later(self.now, -Duration(VOUCHED_DAYS * DAY)), VOUCHED_DAYS)


class RowVerdicts(Struct, frozen=True):
    """Which rows are ``right``, which are ``wrong`` and how, and which are ``left`` undecided."""

    right: frozenset[Row] = frozenset()
    wrong: Mapping[Row, Changes] = {}
    left: frozenset[Row] = frozenset()

    @property
    def judged(self) -> int:
        """How many rows were recounted."""
        return len(self.right) + len(self.wrong)

    def with_more(self, more: RowVerdicts) -> RowVerdicts:
        """Return both together."""
        return RowVerdicts(
            self.right | more.right, {**self.wrong, **more.wrong}, self.left | more.left
        )

    def differing(self, now: Instant) -> list[Differing]:
        """Return what is wrong as it is kept, found at *now*."""
        return [differing_row(row, changes, now) for row, changes in sorted(self.wrong.items())]


def differing_row(row: Row, changes: Changes, now: Instant) -> Differing:
    """Return that *row* differs, as it is kept, found at *now*."""
    counted = hour_row(row)
    owner = subject(counted).client_id
    if counted.partition.startswith("project#"):
        owner = counted.sort.partition("#")[2]
    values = [
        WrongValue(name, as_count(one.stored), as_count(one.stored + one.change))
        for name, one in sorted(changes.items())[:_MOST_DIFFERENCES]
    ]
    return Differing(owner or OF_ALL, "row", f"{row.partition} {row.sort}", now, values)


def row_of(differing: Differing) -> Row:
    """Return the row that was found to differ."""
    # Neither a partition nor a sort key has a space: names of clients, projects and pipelines do
    # not, and nor do fingerprints of the contract.
    return Row(*differing.id.split(" ", 1))


def judge_suspects(
    means: RecountMeans, suspects: Iterable[Row], lists: Sequence[List]
) -> RowVerdicts:
    """Judge rows that seem wrong, by all that may count in them.

    Each round takes the next of *lists*, and the last one from then on. What is wrong by the last
    one, twice alike, differs.
    """
    lists = list(lists)
    left = set(suspects)
    right: set[Row] = set()
    wrong: dict[Row, Changes] = {}
    suspected: dict[Row, Changes] = {}
    for number in range(_TRIES):
        if not left:
            break
        if number:
            means.pause(_PAUSE_SECONDS * number)
        place = min(number, len(lists) - 1)
        try:
            names = lists[place]()
        except TooMany:
            if place == 0:
                break
            # Whoever has so many jobs is judged without those of the oldest events.
            lists = lists[:place]
            names = lists[-1]()
        for row, changes in _judged_once(means, left, names).items():
            if changes and (number < len(lists) or suspected.get(row) != changes):
                suspected[row] = changes
            elif changes:
                wrong[row] = changes
            else:
                right.add(row)
        left -= right | wrong.keys()
    return RowVerdicts(frozenset(right), wrong, frozenset(left))


def _judged_once(
    means: RecountMeans, rows: Collection[Row], names: Collection[Name]
) -> dict[Row, Changes]:
    """Return what is wrong with those of *rows* that could be judged."""
    reading = means.reading
    wanted = frozenset(rows)
    partitions = {row.partition for row in rows}
    before = read_rows(reading, partitions, wanted.__contains__)
    sums = read_sums(reading, names, means.reach, wanted.__contains__, means.is_over)
    after = read_rows(reading, partitions, wanted.__contains__)
    moved = sums.moved(reading)
    found: dict[Row, Changes] = {}
    for row in sorted(wanted - moved):
        shards = after.get(row, {})
        changes = sums.changes(row, shards)
        if before.get(row, {}) == shards and changes is not None:
            found[row] = changes
    return found


def judge_day_over_all(
    means: RecountMeans, of_day: str, clients: Collection[str], known: Sequence[Differing]
) -> RowVerdicts:
    """Judge the row over all of a day: it is the sum of what the clients' rows should be.

    *known* is what is known to differ: clients' rows are put right by it.
    """
    row = Row(ALL, of_day)
    of_clients = [f"client#{one}#{of_day}" for one in sorted(clients)]
    corrections = _corrections(known, {*of_clients})
    suspected: Changes = {}
    for number in range(_TRIES):
        if number:
            means.pause(_PAUSE_SECONDS * number)
        before, first = _read_over_all(means.reading, row, of_clients)
        after, second = _read_over_all(means.reading, row, of_clients)
        if before != after or first != second:
            suspected = {}
            continue
        if corrections is None:
            break
        wanted = second + corrections
        changes = row_changes(wanted, sums_of(after))
        if not changes:
            is_empty = not after and not any(wanted.values())
            return RowVerdicts(right=frozenset() if is_empty else frozenset({row}))
        if changes == suspected:
            return RowVerdicts(wrong={row: changes})
        suspected = changes
    return RowVerdicts(left=frozenset({row}))


def _read_over_all(
    reading: Reading, row: Row, of_clients: Sequence[str]
) -> tuple[Shards, Counter[str]]:
    shards = read_rows(reading, [row.partition], row.__eq__).get(row, {})
    return shards, _sum_of_clients(reading, of_clients)


def _sum_of_clients(reading: Reading, of_clients: Sequence[str]) -> Counter[str]:
    """Return what the clients' rows add up to, of what counts over all, too."""
    wanted: Counter[str] = Counter()
    for one in read_rows(reading, of_clients, lambda _: True).values():
        sums = sums_of(one)
        for own in own_attributes(sums):
            del sums[own]
        wanted.update(sums)
    return wanted


def _corrections(known: Sequence[Differing], of_clients: set[str]) -> Counter[str] | None:
    """Return what would put the clients' rows right; None where that is not known exactly."""
    found: Counter[str] = Counter()
    for one in known:
        if one.kind != "row" or row_of(one).partition not in of_clients:
            continue
        if len(one.differences) >= _MOST_DIFFERENCES:
            return None
        for each in one.differences:
            if each.stored is None or each.recounted is None:
                return None
            found[each.attribute] += each.recounted - each.stored
    for own in own_attributes(found):
        del found[own]
    return found
