"""Which jobs may count in rows of a day, by index rows, and which rows a client has there.

Most jobs that count on a day were created on it, or on the day before. Older ones are looked for
only where a row seems wrong: at first those of which an event came in on the day or in the week
before, as a producer's clock may be ahead, and in the end all whose entries are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.domain.instants import DAY, Duration, Instant, later, midnight, text
from run_ledger.domain.state.rollups import (
    CLIENTS,
    NOW,
    PROJECTS,
    SHARD,
    Row,
    projects_partition,
    shard_of,
)
from run_ledger.store.audit.calls import list_projects_of, read_rows
from run_ledger.store.audit.expected_items import Name
from run_ledger.store.dynamo.attributes import Attribute
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import slot_start

from .settled_jobs import REACH

OUTCOMES = ("queued", "running", *RESULTS)
MOST_NAMES = 200_000
"""So many jobs at most are looked at for one client's rows."""
_AHEAD = Duration(7 * DAY)
_COUNTED = tuple(f"{kind}#" for kind in ("client", "project", "models"))


class TooMany(Exception):
    """There are more jobs than may be looked at."""


class OfDay(Struct, frozen=True):
    """What index rows tell of the jobs that were created on a day."""

    counts: Counter[str]
    """What the row of the day in the map of the days must hold."""
    clients: frozenset[str]
    jobs: frozenset[Name]
    """No more than `MOST_NAMES` of them."""


class OfClient(Struct, frozen=True):
    """What index rows tell of all jobs of a client: what rows of its totals must hold."""

    counts: dict[Row, Counter[str]]
    names: frozenset[Name]


def near_jobs(reading: Reading, client_id: str, of_day: str) -> set[Name]:
    """Return the jobs of a client that were created on a day, or the day before and went on.

    What was over before the day counts on it only where a clock was ahead. This and the next two
    raise TooMany for more than `MOST_NAMES`.
    """
    begin = midnight(of_day)
    return _all_but_too_many(
        name
        for name, item in _jobs_of(reading, client_id, later(begin, -DAY), _end(of_day))
        if _last_event(item) >= begin
    )


def wide_jobs(reading: Reading, client_id: str, of_day: str) -> set[Name]:
    """Return the jobs of a client of which an event came in since a week before a day."""
    since = later(midnight(of_day), -_AHEAD)
    return _all_but_too_many(
        name for name, item in _in_reach(reading, client_id, of_day) if _last_event(item) >= since
    )


def all_jobs(reading: Reading, client_id: str, of_day: str) -> set[Name]:
    """Return the jobs of a client that may count on a day at all."""
    return _all_but_too_many(name for name, _ in _in_reach(reading, client_id, of_day))


def jobs_of_day(reading: Reading, of_day: str) -> OfDay:
    """Return what index rows tell of the jobs that were created on a day."""
    counts: Counter[str] = Counter()
    clients: set[str] = set()
    jobs: set[Name] = set()
    for outcome in OUTCOMES:
        partition = keys.outcome_day(outcome, of_day)
        query = QueryBuilder(reading.tables.jobs, "outcome_day", partition, index=keys.BY_OUTCOME)
        for item in _pages(reading, query.request(["job_id", "client_id"])):
            job_id = item["job_id"]["S"]
            counts[f"{NOW}{outcome}"] += 1
            counts[f"{SHARD}{shard_of(job_id)}"] += 1
            # An item that has lost what it must have differs, and that is found by the jobs' walk.
            if "client_id" in item:
                clients.add(item["client_id"]["S"])
            if len(jobs) <= MOST_NAMES:
                jobs.add(Name("job", job_id))
    return OfDay(counts, frozenset(clients), frozenset(jobs))


def jobs_of_client(reading: Reading, client_id: str, most: int) -> OfClient:
    """Return what index rows tell of all jobs of a client; raise TooMany for more than *most*."""
    counts: dict[Row, Counter[str]] = {Row(CLIENTS, client_id): Counter()}
    names: set[Name] = set(list_projects_of(reading, client_id))
    counts[Row(CLIENTS, client_id)][PROJECTS] = len(names)
    for number, (name, item) in enumerate(_jobs_of(reading, client_id, None, None)):
        if number >= most:
            raise TooMany
        names.add(name)
        outcome = f"{NOW}{item['client_outcome']['S'].rpartition('#')[2]}"
        rows = [Row(CLIENTS, client_id)]
        if "project_id" in item:
            rows.append(Row(projects_partition(client_id), item["project_id"]["S"]))
        for row in rows:
            counts.setdefault(row, Counter())[outcome] += 1
    return OfClient(counts, frozenset(names))


def clients_in_rows(reading: Reading) -> dict[str, int]:
    """Return the clients that have a rollup row, and how many jobs it counts."""
    found: Counter[str] = Counter()
    for row, shards in read_rows(reading, [CLIENTS], lambda _: True).items():
        found[row.sort] += sum(
            int(attribute["N"])
            for item in shards.values()
            for name, attribute in item.items()
            if name.startswith(NOW)
        )
    return dict(found)


def partitions_of(reading: Reading, client_id: str, of_day: str) -> set[str]:
    """Return the partitions that hold rows of a client's day, as far as rows name its projects."""
    of_client = {f"{kind}#{client_id}#{of_day}" for kind in ("client", "failures", "models")}
    partition = projects_partition(client_id)
    return of_client | {
        f"project#{row.sort}#{of_day}" for row in read_rows(reading, [partition], lambda _: True)
    }


def is_of(row: Row, client_id: str, of_day: str, below_hour: str) -> bool:
    """Return whether *row* counts what a client did on a day, in an hour before another.

    *below_hour* is ``YYYY-MM-DDTHH``. A row of failures counts a whole day, and is one of it.
    """
    owner, _, its_day = row.partition.partition("#")[2].rpartition("#")
    if its_day != of_day:
        return False
    if row.partition.startswith("failures#"):
        return owner == client_id
    if not row.partition.startswith(_COUNTED):
        return False
    hour, _, rest = row.sort.partition("#")
    is_own = rest == client_id if row.partition.startswith("project#") else owner == client_id
    return is_own and f"{of_day}T{hour}" < below_hour


def _in_reach(
    reading: Reading, client_id: str, of_day: str
) -> Iterator[tuple[Name, dict[str, Attribute]]]:
    first = later(midnight(of_day), -REACH)
    return _jobs_of(reading, client_id, first, _end(of_day))


def _jobs_of(
    reading: Reading, client_id: str, first: Instant | None, end: Instant | None
) -> Iterator[tuple[Name, dict[str, Attribute]]]:
    """Yield a client's jobs that were created from *first* until *end*, with their index rows."""
    for outcome in OUTCOMES:
        query = QueryBuilder(
            reading.tables.jobs,
            "client_outcome",
            keys.client_outcome(client_id, outcome),
            index=keys.BY_CLIENT_OUTCOME,
        )
        query.sort_between(
            "ck",
            low=None if first is None else text(first),
            below=None if end is None else text(end),
        )
        wanted = ["job_id", "project_id", "client_outcome", "seen_slot"]
        for item in _pages(reading, query.request(wanted)):
            yield Name("job", item["job_id"]["S"]), item


def _pages(reading: Reading, request: dict[str, Any]) -> Iterator[dict[str, Attribute]]:
    """Yield the items of all pages of a query, of which one is in memory at a time."""
    while True:
        answer: Any = reading.alone(partial(reading.client.query, **request))
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _all_but_too_many(names: Iterable[Name]) -> set[Name]:
    found: set[Name] = set()
    for name in names:
        found.add(name)
        if len(found) > MOST_NAMES:
            raise TooMany
    return found


def _last_event(item: dict[str, Attribute]) -> Instant:
    """Return when the last event came in at the latest, as far as the row tells."""
    return slot_start(int(item["seen_slot"]["N"]) + 1) if "seen_slot" in item else Instant(2**62)


def _end(of_day: str) -> Instant:
    return later(midnight(of_day), DAY)
