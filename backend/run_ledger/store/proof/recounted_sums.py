"""What rollup rows must hold: what some jobs and projects give, added up portion by portion.

In memory are the entries of one portion, the sums of the wanted rows, and a digest of the item of
each job that counts in one of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from run_ledger.domain.state.rollups import Row
from run_ledger.store.audit.calls import Shards, read_entries, read_items
from run_ledger.store.audit.expected_items import Name, whole_number
from run_ledger.store.audit.glance import glance_at_entries, glance_at_items
from run_ledger.store.audit.judgement import Judgement, judge, stamp_of
from run_ledger.store.audit.reach import LostDays, Reach
from run_ledger.store.audit.row_sums import RowChange, row_changes, sums_of
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.posting.postings import MAX_ROW_EVENTS

MOST_ENTRIES = 20_000
"""The entries of so many are in memory at once; a job that has more is not judged."""
_ITEMS_AT_ONCE = 500

IsWanted = Callable[[Row], bool]


class OutOfTime(Exception):
    """The time of the run is over."""


@dataclass(slots=True)
class RecountedSums:
    """What some jobs and projects add to rows.

    ``stamps`` are digests of the items that count in one, with the rows. Nobody can tell what the
    ``uncertain`` count for, nor what entries said that were lost on ``lost`` days.
    """

    totals: dict[Row, Counter[str]] = field(default_factory=dict)
    stamps: dict[Name, tuple[bytes, frozenset[Row]]] = field(default_factory=dict)
    keeps_stamps: bool = True
    uncertain: list[Judgement] = field(default_factory=list)
    lost: LostDays = field(default_factory=LostDays)

    def changes(self, row: Row, shards: Shards) -> Mapping[str, RowChange] | None:
        """Return what is wrong for certain with *row*; None where that can't be told."""
        if any(one.may_count_in(row) for one in self.uncertain):
            return None
        different = row_changes(self.totals.get(row, Counter()), sums_of(shards))
        certain = self.lost.certain(row, different)
        return certain if certain or not different else None

    def take(self, name: Name, judgement: Judgement, is_wanted: IsWanted) -> None:
        """Add what *judgement* says that *name* counts for in the rows that are wanted."""
        if judgement.is_uncertain:
            without_events = judgement.entries._replace(events=(), rows={})
            self.uncertain.append(replace(judgement, entries=without_events))
        self.lost.note([judgement.lost])
        rows = frozenset(row for row, _ in judgement.contribution.rows if is_wanted(row))
        if not rows:
            return
        if self.keeps_stamps:
            self.stamps[name] = judgement.stamp, rows
        for row, counts in judgement.contribution.rows:
            if row in rows:
                known = self.totals.setdefault(row, Counter())
                for attribute, count in counts:
                    known[attribute] += count

    def moved(self, reading: Reading) -> set[Row]:
        """Return the rows in which a job counts whose item is not as it was read."""
        rows: set[Row] = set()
        for names in portions(sorted(self.stamps), _ITEMS_AT_ONCE):
            now = read_items(reading, names)
            for name in names:
                stamp, counted = self.stamps[name]
                if stamp_of(now.get(name)) != stamp:
                    rows |= counted
        return rows


def glance_at_sums(
    reading: Reading,
    jobs: Iterable[Name],
    reach: Reach,
    is_wanted: IsWanted,
    is_over: Callable[[], bool],
) -> RecountedSums:
    """Add up *jobs* at the lowest price: what is read may be a moment old.

    Raises OutOfTime once *is_over* says so.
    """
    sums = RecountedSums(keeps_stamps=False)
    for names in portions(sorted(jobs), _ITEMS_AT_ONCE):
        items = glance_at_items(reading, names)
        for portion in by_entries(names, items):
            if is_over():
                raise OutOfTime
            found = glance_at_entries(reading, {name: items.get(name) for name in portion})
            long = [name for name, rows in found.items() if rows is None]
            whole = read_entries(reading, long, items)
            for name in portion:
                rows = found[name]
                rows = whole[name] if rows is None else rows
                sums.take(name, judge(name, items.get(name), rows, reach), is_wanted)
        _take_the_large(sums, names, items, reach)
    return sums


def read_sums(
    reading: Reading,
    names: Iterable[Name],
    reach: Reach,
    is_wanted: IsWanted,
    is_over: Callable[[], bool],
) -> RecountedSums:
    """Add up jobs and projects, strongly read. Raises OutOfTime once *is_over* says so."""
    sums = RecountedSums()
    for some in portions(sorted(names), _ITEMS_AT_ONCE):
        items = read_items(reading, some)
        for portion in by_entries(some, items):
            if is_over():
                raise OutOfTime
            entries = read_entries(reading, portion, items)
            for name in portion:
                sums.take(name, judge(name, items.get(name), entries[name], reach), is_wanted)
        _take_the_large(sums, some, items, reach)
    return sums


def _take_the_large(
    sums: RecountedSums,
    names: Sequence[Name],
    items: Mapping[Name, Item],
    reach: Reach,
) -> None:
    """Note the jobs of which nobody reads all entries as ones that may count anywhere."""
    for name in names:
        if number_of_entries(items, name) > MOST_ENTRIES:
            sums.uncertain.append(judge(name, items[name], (), reach))


def by_entries(names: Iterable[Name], items: Mapping[Name, Item]) -> Iterator[list[Name]]:
    """Yield *names* in portions whose entries are `MOST_ENTRIES` at most; leave larger ones out."""
    portion: list[Name] = []
    entries = 0
    for one in names:
        number = number_of_entries(items, one)
        if number > MOST_ENTRIES:
            continue
        if entries + number > MOST_ENTRIES:
            yield portion
            portion, entries = [], 0
        portion.append(one)
        entries += number
    if portion:
        yield portion


def number_of_entries(items: Mapping[Name, Item], name: Name) -> int:
    """Return how many entries one can have: its item may say a number that its log can't hold."""
    item = items.get(name, {})
    said, rows = (whole_number(item.get(one)) or 0 for one in ("n", "log"))
    return said if "old" in item or not rows else min(said, rows * MAX_ROW_EVENTS)
