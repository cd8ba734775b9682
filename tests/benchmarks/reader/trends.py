"""Measure trends: read units by DynamoDB's documented rules, and the handler's CPU time.

The rollup rows are those of a ledger with so many jobs, evenly spread over the days: one writer
starts a job and another ends it, with five counters and a duration around a minute. Each writer
uses one shard. The figures assume enough writers to fill all shards, which gives the most rows.
Hours that have been over for `OPEN_HOURS` are compacted, and days before today packed, by the code
that does it; notes say what rows need that are not. The stand-in answers at once from memory, so
the time is the reader's alone.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.benchmarks.figures import Figure
from tests.support.dynamo.deleting import Deleting
from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.querying import key_range
from tests.support.dynamo.sizing import READ_BLOCK
from tests.support.dynamo.tables import NAMES
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import NOW, STAFF, House

from run_ledger.domain.instants import HOUR, MICROSECONDS, later, text
from run_ledger.domain.state.durations import bucket
from run_ledger.domain.state.rollups import Row
from run_ledger.store.compacting.shard_merging import QUIET, MergeStep, advance
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.packed_items import key_of_day, packed_item, wanted_rows

SHARDS = 8
ROUNDS = 5
FEW, MANY = 10_000, 1_000_000
OPEN_HOURS = 5
"""So many of the last hours have shards: one is not over, one just was, three wait for steps."""
MOST_GROWTH = 1.2
MOST_UNITS_400D = 100
DAY = 86_400 * MICROSECONDS
PAGE_BYTES = 1_000_000
_A_DAY = "2026-01-01"
_COUNTERS = ("cost_microusd", "input_tokens", "llm_calls", "output_tokens", "records_ok")

_BOUND = (
    "30 days by hour, one client, 2 pipelines: rows fill up with jobs, to as many attributes as "
    "durations spread over buckets, and no further"
)

Items = list[dict[str, Any]]


@dataclass
class Rows:
    """The table Rollups: each partition's items, sorted; equal partitions share their items."""

    partitions: Callable[[str], Items]
    read_units: float = 0.0
    calls: int = 0
    sizes: dict[int, int] = field(default_factory=dict)

    def query(self, **request: Any) -> dict[str, Any]:
        """Return a range of a partition, as much as one answer holds, and add up what it costs."""
        partition, low, high = key_range(request)
        assert low is not None
        assert high is not None
        after = request.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        taken: Items = []
        size = 0
        last = None
        for item in self.partitions(partition):
            key = item["sk"]["S"]
            if not (low <= key <= high and key > after):
                continue
            if size >= PAGE_BYTES:
                last = taken[-1]
                break
            taken.append(item)
            size += self._size(item)
        self.calls += 1
        # Half a unit for each started 4 KB of a read that need not be consistent.
        self.read_units += max(1, -(-size // READ_BLOCK)) / 2
        return {"Items": taken, **({"LastEvaluatedKey": {"sk": last["sk"]}} if last else {})}

    def _size(self, item: dict[str, Any]) -> int:
        if id(item) not in self.sizes:
            self.sizes[id(item)] = item_bytes(item)
        return self.sizes[id(item)]


@dataclass(frozen=True)
class Cost:
    """What one answer costs."""

    read_units: float
    calls: int
    rounds: int
    milliseconds: float
    bytes: int


def read_units_30d() -> Figure:
    """Compare the read units of 30 days by hour, at a million jobs, with those at ten thousand."""
    few, many = cost("hours", FEW), cost("hours", MANY)
    return Figure(
        "trends_read_units_30d",
        many.read_units,
        "read units",
        few.read_units,
        goal=MOST_GROWTH,
        more_is_better=False,
        goal_is_ratio=True,
        notes=(
            _BOUND,
            *(_told(f"{jobs:,} jobs", cost("hours", jobs)) for jobs in (FEW, 100_000, MANY)),
            *(
                _told(f"not compacted, {jobs:,} jobs", cost("hours", jobs, is_compacted=False))
                for jobs in (FEW, MANY)
            ),
        ),
    )


def read_units_400d() -> Figure:
    """Return the read units of 400 days of one client by day of UTC, at a million jobs."""
    many = cost("client", MANY)
    told = {
        "10,000 jobs": cost("client", FEW),
        "1,000,000 jobs": many,
        "by days of New York, 10,000 jobs": cost("zone", FEW),
        "by days of New York, 1,000,000 jobs": cost("zone", MANY),
        "neither compacted nor packed, 1,000,000 jobs": cost("client", MANY, is_compacted=False),
        "over everything, 1,000,000 jobs": cost("days", MANY),
    }
    return Figure(
        "trends_read_units_400d",
        many.read_units,
        "read units",
        goal=MOST_UNITS_400D,
        more_is_better=False,
        notes=(
            "400 days by day, one client, 2 pipelines",
            *(_told(what, one) for what, one in told.items()),
        ),
    )


def time_1m_over_10k() -> Figure:
    """Compare the time of the handler at a million jobs with that at ten thousand."""
    ratios = {
        kind: cost(kind, MANY).milliseconds / cost(kind, FEW).milliseconds for kind in QUERIES
    }
    return Figure(
        "trends_time_1m_over_10k",
        max(ratios["hours"], ratios["days"]),
        "x",
        goal=MOST_GROWTH,
        more_is_better=False,
        notes=tuple(
            f"{about}: {ratios[kind]:.2f}; {_told('then', cost(kind, FEW))}; "
            f"{_told('now', cost(kind, MANY))}"
            for kind, (about, _, _) in QUERIES.items()
        ),
    )


def _told(what: str, one: Cost) -> str:
    return (
        f"{what}: {one.read_units:,.1f} read units, {one.calls} calls in {one.rounds} rounds, "
        f"{one.milliseconds:,.0f} ms, {one.bytes:,} bytes"
    )


@cache
def cost(kind: str, jobs: int, *, is_compacted: bool = True) -> Cost:
    """Return the cost of the answer to one kind of request in a ledger of so many jobs."""
    _, days, parameters = QUERIES[kind]
    rows = Rows(_MAKERS[kind](jobs, days, is_compacted))
    here = House(rows)  # type: ignore[arg-type]
    span = {"from": text(NOW // DAY * DAY - (days - 1) * DAY), "to": text(NOW)}
    milliseconds = []
    for _ in range(ROUNDS):
        rows.read_units, rows.calls = 0.0, 0
        started = time.process_time()
        reply = here.get("/trends", STAFF, **span, **parameters)
        milliseconds.append((time.process_time() - started) * 1_000)
        assert reply.status == 200, reply.body
        assert sum(point["created"] for one in reply.json["series"] for point in one["points"])
    return Cost(
        rows.read_units, rows.calls, reply.rounds, statistics.median(milliseconds), len(reply.body)
    )


def _of_hours(jobs: int, days: int, is_compacted: bool) -> Callable[[str], Items]:
    """Make the hours of a client with two pipelines; all days are alike, but for the last hours.

    All days before today are packed, where rows are compacted.
    """
    dice = random.Random(days)
    cells = [f"{hour:02d}#{pipeline}" for hour in range(24) for pipeline in ("crawl", "match")]
    counts = Counter(dice.choices(cells, k=jobs // days))
    rows = {cell: _shards(cell, count, seed=count) for cell, count in sorted(counts.items())}
    merged = {cell: _compacted(items) if is_compacted else items for cell, items in rows.items()}
    day = _sorted([item for items in merged.values() for item in items])
    open_from = f"{NOW // HOUR % 24 - OPEN_HOURS + 1:02d}"
    today = _sorted(
        [one for cell, items in merged.items() if cell < open_from for one in items]
        + [one for cell, items in rows.items() if cell >= open_from for one in items]
    )
    last = text(NOW)[:10]
    packed = _packed(day, days) if is_compacted else {}
    over_all = _of_days(jobs, days, is_compacted)("all") + packed.pop("all", [])
    packed["all"] = _sorted(over_all)

    def items_of_partition(partition: str) -> Items:
        if partition.startswith(("hourly", "daily", "all")):
            return packed.get(partition, [])
        return today if partition.endswith(last) else day

    return items_of_partition


def _packed(day: Items, days: int) -> dict[str, Items]:
    """Return packed rows that count as *day*, for all days but the last, and what says so."""
    names = [text(NOW // DAY * DAY - number * DAY)[:10] for number in range(days - 1, 0, -1)]
    made = wanted_rows(f"client#acme#{_A_DAY}", day)
    found: dict[str, Items] = {"all": []}
    for name in names:
        found["all"].append({**key_of_day(name), **to_item({"done": str(NOW), "mended": ""})})
        for row, packed in made.items():
            mine = Row(*(one.replace(_A_DAY, name) for one in row))
            item = packed_item(mine, packed, NOW // MICROSECONDS)
            found.setdefault(mine.partition, []).append(item)
    return found


def _of_days(jobs: int, days: int, is_compacted: bool) -> Callable[[str], Items]:
    """Make the daily rows over all clients."""
    first = NOW // DAY * DAY - (days - 1) * DAY
    alike = _shards("", jobs // days, seed=1)
    merged = _compacted(alike) if is_compacted else alike
    made = _sorted(
        [
            {**item, "sk": {"S": text(first + number * DAY)[:10] + item["sk"]["S"]}}
            for number in range(days)
            for item in (merged if number < days - 1 else alike)
        ]
    )
    return lambda _: made


def _compacted(items: Items) -> Items:
    """Return the items of a row once it has been compacted."""
    store = empty_store()
    client: Any = Deleting(store)
    for item in items:
        client.put_item(TableName=NAMES.rollups, Item=item)
    now = later(NOW, DAY)
    while advance(client, NAMES.rollups, store.items(NAMES.rollups), now) is not MergeStep.DONE:
        now = later(now, QUIET)
    return store.items(NAMES.rollups)


def _shards(sort: str, jobs: int, *, seed: int) -> Items:
    """Return a row that counts so many jobs as its shards' items."""
    dice = random.Random(seed)
    shards: dict[int, Counter[str]] = {}
    for _ in range(jobs):
        start = shards.setdefault(dice.randrange(SHARDS), Counter())
        start.update(("created", "started"))
        for name in _COUNTERS:
            start[f"c_{name}"] += dice.randrange(1, 5_000)
        end = shards.setdefault(dice.randrange(SHARDS), Counter())
        end["ended_failed" if dice.random() < 0.05 else "ended_succeeded"] += 1
        end[f"h_{bucket(round(dice.lognormvariate(4, 0.5) * MICROSECONDS))}"] += 1
    return [
        to_item(
            {"pk": "client#acme#2026-11-22", "sk": f"{sort}#{shard}", **counts, "seen": "1" * 16}
        )
        for shard, counts in shards.items()
    ]


def _sorted(items: Items) -> Items:
    return sorted(items, key=lambda item: str(item["sk"]["S"]))


# What is asked, over how many days; what is made for it.
QUERIES: Mapping[str, tuple[str, int, Mapping[str, str]]] = {
    "hours": (
        "30 days by hour, one client by pipeline",
        30,
        {"interval": "hour", "client_id": "acme", "group_by": "pipeline"},
    ),
    "days": ("400 days by day, over everything", 400, {"interval": "day"}),
    "client": (
        "400 days by day, one client",
        400,
        {"interval": "day", "client_id": "acme"},
    ),
    "zone": (
        "400 days by day of New York, one client",
        400,
        {"interval": "day", "client_id": "acme", "tz": "America/New_York"},
    ),
}
_MAKERS: Mapping[str, Callable[[int, int, bool], Callable[[str], Items]]] = {
    "hours": _of_hours,
    "days": _of_days,
    "client": _of_hours,
    "zone": _of_hours,
}
