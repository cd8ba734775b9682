"""Plans of lists of jobs: which partitions of which index to read, and how far. No calls here.

================================  ================================  ===========================
asked for                         of known clients                  over all clients
================================  ================================  ===========================
``parent_job_id``                 ``by_client_parent``              ``by_parent``
``status``, ``result``            ``by_client_outcome``             ``by_outcome``, by the map
``project_id``                    ``by_client_project``             ``by_project``
nothing of these                  ``by_client``                     ``by_day``, by the map
================================  ================================  ===========================

``fingerprint``, ``ended_from`` and ``ended_to`` ask for results, too, by what the rows of the
indexes by outcome show. The first line that fits decides; over all clients, ``project_id`` goes
before ``status`` and ``result``, unless these ask for jobs that have not ended, which are few, or
for what other rows do not show. What an index does not answer is looked for in its rows (see
`Sieve`), so many of them at most, and a page may come short. ``q``, ``tag`` and ``sort`` are looked
for in the items that these rows lead to, at most `MOST_ITEMS` a page.

Whatever the index, rows are sorted by creation: so the next page may be read by another plan.
Lists of known clients read nothing that others have a share in: neither a page's length nor its
cursor depends on what a caller may not see.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import ceil, isqrt
from typing import NamedTuple

from run_ledger.domain.api.jobs import JobsQuery
from run_ledger.domain.api.pages import (
    FEWEST_ROWS,
    MOST_ROWS,
    DayMap,
    PageStart,
    day_of,
    is_day,
    next_pace,
)
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.store.items import keys

# Calls of one round. A page over more days, with few jobs each, comes back short, with a cursor.
MOST_PARTITIONS = 100
# One user is in 100 groups at most, and completed jobs have five outcomes.
MOST_MERGED = 500
# Of what only items tell, a page looks through so many: each costs a read unit or more.
MOST_ITEMS = 1_000
_MOST_ROWS_A_CALL, _FEWEST_ROWS_A_CALL = 4_000, 20
# One day may be left out of the map, and another have lost all its jobs.
_DAYS_BEYOND_LIMIT = 2
# Most days may have no job of an outcome, so that a small page needs the map of more days.
_FEWEST_DAYS_OF_OUTCOMES = 50
_NOT_ENDED = frozenset({"queued", "running"})
_SHOWING_OUTCOME = frozenset({keys.BY_PARENT, keys.BY_CLIENT_PARENT, keys.BY_PROJECT})
_BY_OUTCOME = frozenset({keys.BY_OUTCOME, keys.BY_CLIENT_OUTCOME})
_BY_PROJECT = frozenset({keys.BY_PROJECT, keys.BY_CLIENT_PROJECT})


class Partition(NamedTuple):
    """One partition of an index of the table Jobs, and how many rows to look through at most."""

    index_name: str
    attribute: str
    value: str
    rows: int


class End(NamedTuple):
    """A condition on a job's end: how the row's attribute ``name`` must compare with ``value``.

    Rows of an earlier version lack the attribute: their items decide.
    """

    name: str
    sign: str
    value: str | int


class Sieve(NamedTuple):
    """The conditions on rows that an index's key does not cover.

    With ``goes_on_in_items``, items decide which of the rows that pass are asked for.
    """

    equal: Mapping[str, str]
    outcomes: Collection[str] | None
    stalled: bool | None
    ends: Sequence[End] = ()
    goes_on_in_items: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether all rows match."""
        return self == _NO_SIEVE


_NO_SIEVE = Sieve({}, None, None)
_ITEMS_ALONE = _NO_SIEVE._replace(goes_on_in_items=True)


class Plan(NamedTuple):
    """The partitions to read; all other matches lie below the position ``floor``, if any do.

    ``days`` is how many days of the map the plan has passed through.
    """

    partitions: Sequence[Partition]
    sieve: Sieve
    floor: str | None = None
    days: int = 0

    def most_items(self, limit: int) -> int:
        """Return how many items a page of *limit* jobs reads at most."""
        return MOST_ITEMS if self.sieve.goes_on_in_items else limit

    def next_pace(self, limit: int, looked_through: int, matching: int) -> int:
        """Return how many rows the next page looks through, from what this page found.

        *limit* is the number of jobs that it should find.
        """
        if not self.sieve.is_empty:
            return next_pace(limit, looked_through, matching)
        # A list that has come to the end of the map's rows reads all of the map from there on.
        most_days = max(limit, _FEWEST_DAYS_OF_OUTCOMES) + _DAYS_BEYOND_LIMIT
        ran_off = matching < limit or self.days > most_days
        return MOST_ROWS if ran_off else FEWEST_ROWS


def needs_map(query: JobsQuery) -> bool:
    """Return whether a list over all clients is read day by day, by the map of days."""
    return _index(query, of_clients=False) in (keys.BY_DAY, keys.BY_OUTCOME)


def map_rows(query: JobsQuery, place: PageStart, shards: int) -> int | None:
    """Return how many rows of the map to read, each day having *shards* at most; None for all."""
    if place.pace > FEWEST_ROWS:
        return None
    fewest = 0 if query.outcomes is None else _FEWEST_DAYS_OF_OUTCOMES
    return shards * (max(query.limit, fewest) + _DAYS_BEYOND_LIMIT)


def plan_by_client(query: JobsQuery, clients: Sequence[str], place: PageStart) -> Plan:
    """Return the plan for jobs of *clients*.

    Raises InvalidQuery where a page would have to be put together from too many partitions.
    """
    index = _index(query, of_clients=True)
    sieve = _sieve(query, index)
    wanted = [value for client in clients for value in _values(query, index, client)]
    if len(wanted) > MOST_MERGED:
        raise InvalidQuery(
            "client_id",
            f"you may see {len(clients)} clients, too many for one list; ask for one of them",
        )
    rows = _rows(query, sieve, place, len(wanted))
    attribute = keys.PARTITION_KEYS[index]
    return Plan([Partition(index, attribute, value, rows) for value in wanted], sieve)


def plan_over_all(query: JobsQuery, place: PageStart) -> Plan:
    """Return the plan for jobs of all clients that share a parent or a project."""
    index = _index(query, of_clients=False)
    sieve = _sieve(query, index)
    value = query.parent_job_id if index == keys.BY_PARENT else query.project_id
    rows = _rows(query, sieve, place, 1)
    return Plan([Partition(index, keys.PARTITION_KEYS[index], value or "", rows)], sieve)


def plan_by_day(query: JobsQuery, day_map: DayMap, place: PageStart) -> Plan:
    """Return the plan for the newest jobs of all clients: as many days as should fill a page.

    A day's index partitions are those of the outcomes wanted. Where all are, they are its shards,
    in which a job stays for ever: one that changes its outcome meanwhile can't slip through.
    """
    index = _index(query, of_clients=False)
    sieve = _sieve(query, index)
    enough = query.limit if sieve.is_empty else _pace(sieve, place)
    chosen: list[tuple[str, float]] = []
    expected = passed = 0
    floor = day_map.floor
    above: str | None = None
    for day, counts in day_map.days:
        cells = _cells(query, day, counts)
        if chosen and (expected >= enough or len(chosen) + len(cells) > MOST_PARTITIONS):
            floor = above
            break
        total = sum(cells.values())
        chosen += [(value, count / total) for value, count in cells.items()]
        expected += total if _is_whole(day, place) else max(0, total - _given(total, place))
        above, passed = day, passed + 1
    rows = _rows(query, sieve, place, len(chosen))
    return Plan(
        [
            Partition(
                index,
                keys.PARTITION_KEYS[index],
                value,
                _rows_of_share(query.limit, share) if sieve.is_empty else rows,
            )
            for value, share in chosen
        ],
        sieve,
        floor,
        passed,
    )


def _index(query: JobsQuery, *, of_clients: bool) -> str:
    if query.parent_job_id is not None:
        return keys.BY_CLIENT_PARENT if of_clients else keys.BY_PARENT
    if of_clients and query.outcomes is not None:
        return keys.BY_CLIENT_OUTCOME
    if query.project_id is not None:
        if of_clients:
            return keys.BY_CLIENT_PROJECT
        is_shown = query.outcomes is None or not _NOT_ENDED.issuperset(query.outcomes)
        if is_shown and not query.asks_of_ends:
            return keys.BY_PROJECT
    if of_clients:
        return keys.BY_CLIENT
    return keys.BY_DAY if query.outcomes is None else keys.BY_OUTCOME


def _values(query: JobsQuery, index: str, client_id: str) -> list[str]:
    """Return the partitions of *index* that hold a client's jobs."""
    if index == keys.BY_CLIENT_PARENT:
        return [keys.client_parent(client_id, query.parent_job_id or "")]
    if index == keys.BY_CLIENT_OUTCOME:
        return [keys.client_outcome(client_id, outcome) for outcome in query.outcomes or ()]
    if index == keys.BY_CLIENT_PROJECT:
        return [keys.client_project(client_id, query.project_id or "")]
    return [client_id]


def _sieve(query: JobsQuery, index: str) -> Sieve:
    equal = {}
    if query.project_id is not None and index not in _BY_PROJECT:
        equal["project_id"] = query.project_id
    if query.pipeline is not None:
        equal["pipeline"] = query.pipeline
    is_running = query.outcomes == ("running",)
    return Sieve(
        equal,
        query.outcomes if index in _SHOWING_OUTCOME else None,
        query.stalled if index in _BY_OUTCOME and is_running else None,
        _ends(query) if index in _BY_OUTCOME else (),
        query.asks_of_items,
    )


def _ends(query: JobsQuery) -> tuple[End, ...]:
    wanted = (
        ("fingerprint", "=", query.fingerprint),
        ("ended_at", ">=", query.ended_since),
        ("ended_at", "<", query.ended_until),
    )
    return tuple(End(name, sign, value) for name, sign, value in wanted if value is not None)


def _cells(query: JobsQuery, day: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the partitions of *day* that hold jobs which may match, and how many."""
    return {
        keys.day_shard(day, part) if query.outcomes is None else keys.outcome_day(part, day): count
        for part, count in counts.items()
        if count > 0
    }


def _is_whole(day: str, place: PageStart) -> bool:
    """Return whether no page before has looked through a part of *day*."""
    return place.position is None or is_day(place.position) or day != day_of(place.position)


def _given(total: int, place: PageStart) -> int:
    """Return how many of a day's *total* jobs earlier pages gave; all where that is not known."""
    return total if place.given is None else place.given


def _rows(query: JobsQuery, sieve: Sieve, place: PageStart, partitions: int) -> int:
    if sieve.is_empty:
        return query.limit + 1
    share = _pace(sieve, place) // max(1, partitions)
    return max(_FEWEST_ROWS_A_CALL, min(_MOST_ROWS_A_CALL, share))


def _pace(sieve: Sieve, place: PageStart) -> int:
    """Return how many rows to look through: no more than items, where all rows lead to some."""
    return min(place.pace, MOST_ITEMS) if sieve == _ITEMS_ALONE else place.pace


def _rows_of_share(limit: int, share: float) -> int:
    """Return how many of a page's rows lie at most in a partition that holds *share* of a day's.

    Jobs spread over partitions as if by chance, so four standard deviations above the expected
    number are enough; should that ever be too few, the page comes back short.
    """
    return min(limit + 1, ceil(limit * share) + 2 * isqrt(limit) + 3)
