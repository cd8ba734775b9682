"""The sums that series are made of, added up from rollup rows.

Each partition is one Query; the queries of a round run side by side, `MOST_PARTITIONS` at most.
Where there are more clients or projects, those with most jobs are read, and what the others come to
is the difference to rows that count them all; where there are no such rows, they are left out and
named. So is a client of whom more was counted than can be read. Nobody takes an answer from the
others, and every sum is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from run_ledger.domain.api.access import EVERYTHING
from run_ledger.domain.api.ends import RowSums
from run_ledger.domain.api.intervals import Intervals
from run_ledger.domain.api.pages import LeftOutDocument, largest, left_out
from run_ledger.domain.api.trends import TrendsQuery, known_alone
from run_ledger.domain.contract.vocabulary import MOST_MODELS, OTHER_MODELS
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import HOUR, Instant, day, later, midnight
from run_ledger.domain.state.model_counters import counters_by_model
from run_ledger.domain.state.own_counters import COUNTER, folded, own_attributes, with_folded
from run_ledger.domain.state.rollups import ALL, projects_partition
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.lists.packed_reads import DaysToRead
from run_ledger.store.lists.rollup_reads import Grouping, Range, beyond, read_sums
from run_ledger.store.lists.totals import TotalsPage, read_totals

from .inquiries import Inquiry
from .views import View, clients_in_view

# Each partition is a call. This many take a function of the reader's size about eight seconds where
# every hour has rows, and three where few have. The reader gives up after fifteen.
MOST_PARTITIONS = 1_000
# A row of one shard and day has 3 KB at most, so 8 shards of this many days fit into one answer.
_DAYS_A_QUERY = 32

# Which clients, which projects, and two for their rows.
_ROUNDS_BY_PROJECT = 4

GroupName = str | None
PointKey = tuple[GroupName, Instant]
"""A group, and when the interval of one of its points begins."""


class PointSums(NamedTuple):
    """The sums of points; ``other`` holds those of all groups that are not among them."""

    points: Mapping[PointKey, RowSums]
    other: Mapping[Instant, RowSums]
    without: LeftOutDocument | None


def find_sums(inquiry: Inquiry, query: TrendsQuery, intervals: Intervals) -> PointSums:
    """Return the counts of each point, from the rows that the table in `trends` names."""
    if query.is_over_all and intervals.are_days_of_utc:
        return _over_all(inquiry, query, intervals)
    span = DaysToRead(inquiry.reading, intervals)
    if query.group_by == "model":
        return _by_model(inquiry, query, span)
    view = clients_in_view(inquiry, query.client_id)
    if not query.is_by_project:
        return _by_client(inquiry, query, span, view)
    if query.project_id is None:
        return _by_project(inquiry, query, span, view)
    points: dict[PointKey, dict[str, int]] = {}
    for (_, key), counts in _of_project(inquiry, query, span, view).items():
        add_to(points.setdefault(key, {}), counts)
    return PointSums(points, {}, None)


def _over_all(inquiry: Inquiry, query: TrendsQuery, intervals: Intervals) -> PointSums:
    """Return the sums over everything that the caller may see, by days of UTC."""
    if inquiry.caller.scope == EVERYTHING:
        return _of_all_rows(inquiry, intervals)
    view = clients_in_view(inquiry, None)
    if view.scope == EVERYTHING:
        return _of_all_rows(inquiry, intervals)
    return _by_client(inquiry, query, DaysToRead(inquiry.reading, intervals), view)


def _of_project(
    inquiry: Inquiry, query: TrendsQuery, span: DaysToRead, view: View
) -> dict[OwnedKey, dict[str, int]]:
    """Return the sums of the project asked for; several clients may have one of this id."""
    place = _place_of_projects(query, span.intervals, view.clients)
    ranges = span.ranges("project", [str(query.project_id)] if view.clients else [])
    sums = read_sums(inquiry.reading, ranges, place)
    if sums.unread:
        raise _too_much()
    return sums.counts


def _by_model(inquiry: Inquiry, query: TrendsQuery, span: DaysToRead) -> PointSums:
    """Add up what events reported by model; ``other`` is the rest of all counts."""
    view = clients_in_view(inquiry, query.client_id)
    plain = replace(query, group_by=None)
    if query.project_id is not None:
        owned = _of_project(inquiry, plain, span, view)
        counted: list[tuple[PointKey, RowSums]] = [(key, one) for (_, key), one in owned.items()]
        clients: Sequence[str] = sorted({owner for owner, _ in owned})
        without = None
    else:
        is_of_all_rows = plain.is_over_all and span.intervals.are_days_of_utc
        is_of_all_rows &= view.scope == EVERYTHING
        most = max(1, span.most_names(MOST_PARTITIONS) // (1 if is_of_all_rows else 2))
        clients, dropped = largest(view.clients, view.jobs, most)
        without = left_out(dropped, after=view.after)
        if is_of_all_rows and without is None:
            found = _of_all_rows(inquiry, span.intervals)
        else:
            shown = view._replace(clients=clients, after=None)
            found = _by_client(inquiry, plain, span, shown)
            if found.without is not None:
                raise _too_much()
        counted = [*found.points.items()]
    ranges, place = span.ranges("models", clients), _place_of_models(query, span.intervals)
    sums = read_sums(inquiry.reading, ranges, place, rounds=_ROUNDS_BY_PROJECT)
    if sums.unread:
        raise _too_much()
    points = _points_of_models(sums.counts)
    whole: dict[Instant, dict[str, int]] = {}
    for (_, moment), counts in counted:
        kept = known_alone(counts) if plain.is_over_all else counts
        add_to(whole.setdefault(moment, {}), kept)
    return PointSums(points, _difference(whole, points), without)


def _points_of_models(sums: Mapping[Instant, RowSums]) -> dict[PointKey, dict[str, int]]:
    """Return the points of each model, with the counters that the contract names.

    A model that some row may not have kept apart counts as `OTHER_MODELS` (see `model_counters`).
    """
    models = {one: counters_by_model(counts) for one, counts in sums.items()}
    names = sorted({name for mine in models.values() for name in mine} - {OTHER_MODELS})
    if any(OTHER_MODELS in mine for mine in models.values()):
        names = names[:MOST_MODELS]
    kept = frozenset(names)
    points: dict[PointKey, dict[str, int]] = {}
    for moment, mine in models.items():
        for model, counters in mine.items():
            shown = model if model in kept else OTHER_MODELS
            known = {f"{COUNTER}{name}": n for name, n in counters.items()}
            add_to(points.setdefault((shown, moment), {}), known_alone(known))
    return points


def _of_all_rows(inquiry: Inquiry, intervals: Intervals) -> PointSums:
    sums = read_sums(inquiry.reading, _ranges_of_all(intervals), _place_of_all)
    if sums.unread:
        raise _too_much()
    return PointSums(sums.counts, {}, None)


def _by_client(inquiry: Inquiry, query: TrendsQuery, span: DaysToRead, view: View) -> PointSums:
    """Add up the rows of clients: of those with most jobs, where they are too many.

    Rows over all clients tell what the others come to, for days of UTC.
    """
    chosen = largest(view.clients, view.jobs, span.most_names(MOST_PARTITIONS))
    is_whole = view.scope == EVERYTHING and span.intervals.are_days_of_utc and not query.pipeline
    has_all = bool(chosen.dropped) and is_whole and query.client_id is None
    ranges = span.ranges("client", chosen.kept)
    place = _place_of_clients(query, span.intervals)
    if has_all:
        ranges += _ranges_of_all(span.intervals)
        place = _or_all(place)
    sums = read_sums(inquiry.reading, ranges, place)
    if ALL in sums.unread:
        raise _too_much()
    too_large = {_named(partition)[0] for partition in sums.unread}
    _check_rest(too_large, chosen.kept)
    points: dict[PointKey, dict[str, int]] = {}
    total: dict[Instant, RowSums] = {}
    for (owner, key), counts in sums.counts.items():
        if owner == ALL:
            total[key[1]] = counts
        elif owner not in too_large:
            add_to(points.setdefault(key, {}), counts)
    if not has_all:
        without = left_out({*chosen.dropped, *too_large}, after=view.after)
        return PointSums(points, {}, without)
    shown = {key: known_alone(counts) for key, counts in points.items()}
    return PointSums(points, _difference(total, shown), None)


def _by_project(inquiry: Inquiry, query: TrendsQuery, span: DaysToRead, view: View) -> PointSums:
    """Add up the rows of projects: of those with most jobs, where they are too many.

    The rows of their clients tell what the other projects come to.
    """
    reading, most = inquiry.reading, span.most_names(MOST_PARTITIONS)
    clients = largest(view.clients, view.jobs, MOST_PARTITIONS).kept
    pages = dict(zip(clients, reading.together(_project_calls(reading, clients)), strict=True))
    has_rest = any(page.goes_on for page in pages.values())
    has_rest |= len({name for page in pages.values() for name in page.totals}) > most
    if has_rest:
        clients = largest(clients, view.jobs, max(1, most // 2)).kept
    jobs: Counter[str] = Counter()
    for client_id in clients:
        jobs.update({name: total.jobs for name, total in pages[client_id].totals.items()})
    projects = largest(jobs, jobs, max(1, most - len(clients)) if has_rest else most)
    ranges = span.ranges("project", projects.kept)
    place = _place_of_projects(query, span.intervals, clients)
    if has_rest:
        ranges += span.ranges("client", clients)
        place = _or_clients(place, span.intervals)
    sums = read_sums(reading, ranges, place, rounds=_ROUNDS_BY_PROJECT)
    too_large = {(kind, name) for kind, name, _ in (one.split("#") for one in sums.unread)}
    lost_clients = {name for kind, name in too_large if kind == "client"}
    lost_projects = {name for kind, name in too_large if kind == "project"}
    _check_rest(lost_projects, projects.kept)
    points: dict[PointKey, dict[str, int]] = {}
    total: dict[Instant, dict[str, int]] = {}
    for (owner, key), counts in sums.counts.items():
        if owner in lost_clients:
            continue
        if key[0] is None:
            add_to(total.setdefault(key[1], {}), counts)
        elif key[0] not in lost_projects:
            add_to(points.setdefault(key, {}), counts)
    dropped = {*view.clients} - {*clients}
    without = left_out(dropped | lost_clients, () if has_rest else lost_projects, view.after)
    other = _difference(total, points) if has_rest else {}
    return PointSums(points, other, without)


def _project_calls(reading: Reading, clients: Sequence[str]) -> list[Callable[[], TotalsPage]]:
    read, client, table = read_totals, reading.client, reading.tables.rollups
    return [
        partial(read, client, table, projects_partition(one), start=None, rows=None)
        for one in clients
    ]


def _check_rest(too_large: Collection[str], kept: Sequence[str]) -> None:
    """Raise InvalidQuery where all that was asked for is too large."""
    if too_large and set(too_large) >= {*kept}:
        raise _too_much()


def _too_much() -> InvalidQuery:
    return InvalidQuery(
        "from", "more was counted in this time range than one answer can add up; shorten it"
    )


def _difference(
    total: Mapping[Instant, RowSums], shown: Mapping[PointKey, RowSums]
) -> dict[Instant, RowSums]:
    """Return what of *total* is not in the points *shown*, by interval.

    A counter that is kept of the total is kept of each part of it, so its difference is exact.
    """
    rest = {moment: Counter(folded(sums)) for moment, sums in total.items()}
    for (_, moment), sums in shown.items():
        whole = rest.setdefault(moment, Counter())
        beyond = [name for name in own_attributes(sums) if name not in whole]
        whole.subtract(with_folded(sums, beyond))
    return {moment: {name: n for name, n in sums.items() if n} for moment, sums in rest.items()}


def add_to(known: dict[str, int], counts: RowSums) -> None:
    """Add *counts* to those *known*."""
    for name, count in counts.items():
        known[name] = known.get(name, 0) + count


def _ranges_of_all(intervals: Intervals) -> list[Range]:
    days = [day(moment) for moment in intervals.days_of_utc]
    return [Range(ALL, [*some, beyond(some[-1])]) for some in portions(days, _DAYS_A_QUERY)]


OwnedKey = tuple[str, PointKey]
"""A client, or `ALL`, and a point: so that all of a client can be left out."""


def _place_of_all(partition: str) -> Callable[[str], PointKey]:
    del partition
    return lambda sort: (None, midnight(sort))


def _or_all(place: Grouping[OwnedKey]) -> Grouping[OwnedKey]:
    """Return *place* for rows of clients, which also takes those over all."""

    def either(partition: str) -> Callable[[str], OwnedKey | None]:
        if partition == ALL:
            return lambda sort: (ALL, (None, midnight(sort)))
        return place(partition)

    return either


def _or_clients(place: Grouping[OwnedKey], intervals: Intervals) -> Grouping[OwnedKey]:
    """Return *place* for rows of projects, which also takes those of clients, as no group."""

    def either(partition: str) -> Callable[[str], OwnedKey | None]:
        if not partition.startswith("client#"):
            return place(partition)
        client_id, first = _named(partition)
        return lambda sort: (client_id, (None, _beginning(intervals, first, sort[:2])))

    return either


def _place_of_clients(query: TrendsQuery, intervals: Intervals) -> Grouping[OwnedKey]:
    def place(partition: str) -> Callable[[str], OwnedKey | None]:
        client_id, first = _named(partition)

        def place_row(sort: str) -> OwnedKey | None:
            hour, _, pipeline = sort.partition("#")
            if query.pipeline is not None and pipeline != query.pipeline:
                return None
            group = pipeline if query.group_by == "pipeline" else client_id
            shown = group if query.group_by else None
            return client_id, (shown, _beginning(intervals, first, hour))

        return place_row

    return place


def _place_of_projects(
    query: TrendsQuery, intervals: Intervals, clients: Sequence[str]
) -> Grouping[OwnedKey]:
    in_view = frozenset(clients)

    def place(partition: str) -> Callable[[str], OwnedKey | None]:
        project_id, first = _named(partition)

        def place_row(sort: str) -> OwnedKey | None:
            hour, _, client_id = sort.partition("#")
            if client_id not in in_view:
                return None
            group = client_id if query.group_by == "client" else project_id
            shown = group if query.group_by else None
            return client_id, (shown, _beginning(intervals, first, hour))

        return place_row

    return place


def _place_of_models(query: TrendsQuery, intervals: Intervals) -> Grouping[Instant]:
    def place(partition: str) -> Callable[[str], Instant | None]:
        _, first = _named(partition)

        def place_row(sort: str) -> Instant | None:
            hour, pipeline, project_id = sort.split("#")
            wanted = (query.pipeline or pipeline, query.project_id or project_id)
            is_wanted = wanted == (pipeline, project_id)
            return _beginning(intervals, first, hour) if is_wanted else None

        return place_row

    return place


def _named(partition: str) -> tuple[str, Instant]:
    """Return the id in a partition's key, and when its day begins.

    ``client#acme#2026-11-22`` gives ``("acme", midnight)``.
    """
    _, name, day_text = partition.split("#")
    return name, midnight(day_text)


def _beginning(intervals: Intervals, first: Instant, hour: str) -> Instant:
    """Return when the interval begins that *hour*, ``HH`` of the day from *first*, lies in."""
    if intervals.are_days_of_utc:
        return first
    return intervals.beginning(later(first, int(hour) * HOUR))
