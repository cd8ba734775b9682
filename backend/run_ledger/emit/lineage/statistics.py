"""Rows, bytes and files of datasets, as counters that no order and no repeat can falsify.

Engines tell the figures of a dataset again and again, as sums so far; the last word counts. But the
ledger adds up. So figures become an event that adds them and, once later ones are known, an event
that takes them away again. The ids of both are made of run, dataset and figures: however often and
in whatever order a run's events come, also anew from a file, what was added and not taken away are
the last figures.

What is needed for this is a memory of the figures that each dataset of a run has now. It is
bounded: of the runs that reported least lately, it is given up. Figures that then differ from
forgotten ones are added to them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from run_ledger.domain.contract.vocabulary import MAX_COUNT

from .facets import at, count, items

Figures = tuple[tuple[str, int], ...]
"""Counters with their values, sorted by name, such as ``(("records_ok", 5),)``."""

DatasetKey = tuple[str, str, str]
"""``inputs`` or ``outputs``, namespace, and name; for a dataset without names, its position.

What stands for several datasets of an event is ``("all", "", "others")``.
"""

_FACETS = {
    "outputs": (
        ("outputStatistics", "stats"),
        {"rowCount": "records_ok", "size": "output_bytes", "fileCount": "output_files"},
    ),
    "inputs": (
        ("inputStatistics", "stats"),
        {"rowCount": "input_records", "size": "input_bytes", "fileCount": "input_files"},
    ),
}
_HOLDERS = {"outputs": ("outputFacets", "facets"), "inputs": ("inputFacets", "facets")}
_MOST_DATASETS_REMEMBERED = 50_000
_MOST_DATASETS_TOLD = 500  # of one event; each becomes an event of the ledger
_MOST_FIGURES_REMEMBERED = 200  # of one dataset


class Change(NamedTuple):
    """One event to send: a dataset's figures, added or taken away."""

    dataset: DatasetKey
    figures: Figures
    number: int
    """How often the dataset had these figures, with others in between, from 1."""
    occurred_at: str
    """Since when the dataset has them; the same when they are taken away."""
    is_added: bool = True

    @property
    def delta(self) -> dict[str, int]:
        """Return what to add to the job's counters."""
        return {name: value if self.is_added else -value for name, value in self.figures if value}


class _Dataset:
    """What is known of one dataset of one run."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[str, bool, int]] = {}
        self._added: Change | None = None
        self._taken_away: OrderedDict[Figures, int] = OrderedDict()

    def changes(
        self, key: DatasetKey, figures: Figures, occurred_at: str, *, is_end: bool
    ) -> Iterator[Change]:
        """Take figures in, and give what has to be sent for them; earlier ones change nothing.

        A figure that later events leave out stays as it was. Of two that are told for the same
        time, that of the run's end counts, else the greater one.
        """
        for name, value in figures:
            told = (occurred_at, is_end, value)
            self._last[name] = max(self._last.get(name, told), told)
        now = tuple(sorted((name, value) for name, (_, _, value) in self._last.items()))
        before = self._added
        if before is not None and before.figures == now:
            return
        if before is not None:
            yield before._replace(is_added=False)
            self._taken_away[before.figures] = before.number
            if len(self._taken_away) > _MOST_FIGURES_REMEMBERED:
                self._taken_away.popitem(last=False)
        since = max(told_at for told_at, _, _ in self._last.values())
        self._added = Change(key, now, self._taken_away.get(now, 0) + 1, since)
        yield self._added


class StatisticsMemory:
    """Remembers what runs told about their datasets, and says what to send for each new word."""

    def __init__(self) -> None:
        self._datasets: OrderedDict[tuple[str, int, DatasetKey], _Dataset] = OrderedDict()

    def changes(
        self, event: Mapping[str, Any], attempt: tuple[str, int], occurred_at: str, *, is_end: bool
    ) -> list[Change]:
        """Return what to send for the statistics in *event*, about an attempt at a job."""
        found: list[Change] = []
        for key, figures in statistics_of(event).items():
            dataset = self._dataset((*attempt, key))
            found += dataset.changes(key, figures, occurred_at, is_end=is_end)
        return found

    def _dataset(self, key: tuple[str, int, DatasetKey]) -> _Dataset:
        dataset = self._datasets.setdefault(key, _Dataset())
        self._datasets.move_to_end(key)
        while len(self._datasets) > _MOST_DATASETS_REMEMBERED:
            self._datasets.popitem(last=False)
        return dataset


def statistics_of(event: Mapping[str, Any]) -> dict[DatasetKey, Figures]:
    """Return the figures of each dataset; the last ones where it is listed twice.

    Of an event with very many datasets, those that it tells last are one dataset together.
    """
    found = _each(event)
    if len(found) <= _MOST_DATASETS_TOLD:
        return found
    kept = dict(islice(found.items(), _MOST_DATASETS_TOLD))
    rest: dict[str, int] = {}
    for figures in islice(found.values(), _MOST_DATASETS_TOLD, None):
        for name, value in figures:
            rest[name] = min(rest.get(name, 0) + value, MAX_COUNT)
    return kept | {("all", "", "others"): tuple(sorted(rest.items()))}


def _each(event: Mapping[str, Any]) -> dict[DatasetKey, Figures]:
    found: dict[DatasetKey, Figures] = {}
    for side, (facets, counters) in _FACETS.items():
        for position, dataset in enumerate(items(event, side)):
            facet = _facet(dataset, _HOLDERS[side], facets)
            counts = {name: count(at(facet, field)) for field, name in counters.items()}
            figures = tuple(sorted((name, n) for name, n in counts.items() if n is not None))
            if figures:
                found[_key(side, position, dataset)] = figures
    return found


def _facet(dataset: Any, holders: tuple[str, ...], names: tuple[str, ...]) -> Any:
    """Return the statistics, also from where older producers put them."""
    for holder in holders:
        for name in names:
            facet = at(dataset, holder, name)
            if isinstance(facet, Mapping):
                return facet
    return None


def _key(side: str, position: int, dataset: Any) -> DatasetKey:
    namespace, name = at(dataset, "namespace"), at(dataset, "name")
    if isinstance(namespace, str) and isinstance(name, str):
        return (side, namespace, name)
    return (side, "", f"#{position}")
