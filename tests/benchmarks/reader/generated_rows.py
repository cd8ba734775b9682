"""The rollup rows of a ledger with so many jobs, as readers of trends get them.

Jobs are spread evenly over the days, the clients and their two pipelines. A client has one project,
of its own name, and what it counts is told by some language models, too. One writer starts a job
and another ends it, with five counters and a duration around a minute. Each writer uses one shard,
and there are enough writers to fill all shards, which gives the most rows.

Hours that have been over for `OPEN_HOURS` are compacted, and days before today packed, by the code
that does it. All days are alike, but for the last hours.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.dynamo.deleting import Deleting
from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.querying import key_range
from tests.support.dynamo.sizing import READ_BLOCK
from tests.support.dynamo.tables import NAMES
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import NOW

from run_ledger.domain.instants import HOUR, MICROSECONDS, later, text
from run_ledger.domain.state.durations import bucket
from run_ledger.domain.state.rollups import Row
from run_ledger.store.compacting.shard_merging import QUIET, MergeStep, advance
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.packed_items import key_of_day, packed_item, wanted_rows

SHARDS = 8
OPEN_HOURS = 5
"""So many of the last hours have shards: one is not over, one just was, three wait for steps."""
DAY = 86_400 * MICROSECONDS
PAGE_BYTES = 1_000_000
PIPELINES = ("crawl", "match")
_A_DAY = "2026-01-01"
_COUNTERS = ("cost_microusd", "input_tokens", "llm_calls", "output_tokens", "records_ok")
_MODELS = ("large-2026-05", "medium-2026-08", "small-2026-08")

Items = list[dict[str, Any]]
Shards = dict[int, Counter[str]]


class Wear(NamedTuple):
    """How old rows are: whether compacted, and whether something came late to each day."""

    is_compacted: bool = True
    is_late: bool = False


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
        after = request.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        taken: Items = []
        size = 0
        last = None
        for item in self.partitions(partition):
            key = item["sk"]["S"]
            if not ((low or "") <= key <= (high or "~") and key > after):
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


def rows_of_hours(
    jobs: int, days: int, wear: Wear, clients: Sequence[str]
) -> Callable[[str], Items]:
    """Make all rows of *clients*, whose jobs are *jobs* together."""
    kinds = _days_of(jobs // len(clients) // days)
    merged = {kind: _merged(rows) if wear.is_compacted else rows for kind, rows in kinds.items()}
    day = {kind: _joined(rows) for kind, rows in merged.items()}
    open_from = f"{NOW // HOUR % 24 - OPEN_HOURS + 1:02d}"
    today = {
        kind: _joined(
            {cell: one for cell, one in merged[kind].items() if cell < open_from}
            | {cell: one for cell, one in rows.items() if cell >= open_from}
        )
        for kind, rows in kinds.items()
    }
    if wear.is_late:
        day = {kind: _sorted([*items, *_late(kinds[kind])]) for kind, items in day.items()}
    last = text(NOW)[:10]
    shown = {
        (kind, one, name): _of_client(one, rows[kind])
        for kind in kinds
        for one in clients
        for name, rows in (("", day), (last, today))
    }
    made = _totals(clients, jobs) | {"all": rows_of_days(jobs, days, wear.is_compacted)("all")}
    if wear.is_compacted:
        for kind in kinds:
            for one in clients:
                made |= _packed(kind, one, day[kind], days)
        made["all"] = _sorted([*made["all"], *_marks(days, is_current=not wear.is_late)])

    def items_of_partition(partition: str) -> Items:
        kind, _, rest = partition.partition("#")
        if kind not in kinds:
            return made.get(partition, [])
        owner, _, name = rest.rpartition("#")
        return shown[kind, owner.removesuffix("-web"), last if name == last else ""]

    return items_of_partition


def rows_of_days(jobs: int, days: int, is_compacted: bool) -> Callable[[str], Items]:
    """Make the daily rows over all clients."""
    first = NOW // DAY * DAY - (days - 1) * DAY
    alike = _shards("", _counted(jobs // days, seed=1))
    merged = _compacted(alike) if is_compacted else alike
    made = _sorted(
        [
            {**item, "sk": {"S": text(first + number * DAY)[:10] + item["sk"]["S"]}}
            for number in range(days)
            for item in (merged if number < days - 1 else alike)
        ]
    )
    return lambda _: made


def _days_of(jobs: int) -> dict[str, dict[str, Items]]:
    """Return the rows of one client's day, by kind of partition and sort key."""
    dice = random.Random(jobs)
    cells = [f"{hour:02d}#{pipeline}" for hour in range(24) for pipeline in PIPELINES]
    found: dict[str, dict[str, Shards]] = {"client": {}, "models": {}, "project": {}}
    for cell, count in sorted(Counter(dice.choices(cells, k=jobs)).items()):
        shards = _counted(count, seed=count)
        found["client"][cell] = shards
        found["models"][f"{cell}#web"] = _by_model(shards)
        of_project = found["project"].setdefault(f"{cell[:2]}#acme", {})
        for shard, counts in shards.items():
            of_project.setdefault(shard, Counter()).update(counts)
    return {
        kind: {cell: _shards(cell, shards) for cell, shards in rows.items()}
        for kind, rows in found.items()
    }


def _by_model(shards: Shards) -> Shards:
    return {
        shard: Counter(
            {
                f"b_{name} {model}": 1 + counts[f"c_{name}"] // (number + 2)
                for name in _COUNTERS
                for number, model in enumerate(_MODELS)
            }
        )
        for shard, counts in shards.items()
        if f"c_{_COUNTERS[0]}" in counts
    }


def _counted(jobs: int, *, seed: int) -> Shards:
    """Return what the shards of a row count of so many jobs."""
    dice = random.Random(seed)
    shards: Shards = {}
    for _ in range(jobs):
        start = shards.setdefault(dice.randrange(SHARDS), Counter())
        start.update(("created", "started"))
        for name in _COUNTERS:
            start[f"c_{name}"] += dice.randrange(1, 5_000)
        end = shards.setdefault(dice.randrange(SHARDS), Counter())
        end["ended_failed" if dice.random() < 0.05 else "ended_succeeded"] += 1
        end[f"h_{bucket(round(dice.lognormvariate(4, 0.5) * MICROSECONDS))}"] += 1
    return shards


def _shards(sort: str, shards: Shards) -> Items:
    """Return a row as its shards' items."""
    return [
        to_item(
            {"pk": "client#acme#2026-11-22", "sk": f"{sort}#{shard}", **counts, "seen": "1" * 16}
        )
        for shard, counts in shards.items()
    ]


def _late(rows: Mapping[str, Items]) -> Items:
    """Return what comes late to a day: an event to the first of its rows."""
    first = min(rows)
    counts = {"b_llm_calls small-2026-08": 1} if first.count("#") > 1 else {"c_records_ok": 1}
    return _shards(first, {0: Counter(counts)})


def _merged(rows: Mapping[str, Items]) -> dict[str, Items]:
    return {cell: _compacted(items) for cell, items in rows.items()}


def _joined(rows: Mapping[str, Items]) -> Items:
    return _sorted([item for items in rows.values() for item in items])


def _packed(kind: str, client_id: str, day: Items, days: int) -> dict[str, Items]:
    """Return packed rows that count as *day*, for all days but the last."""
    owner = client_id if kind != "project" else f"{client_id}-web"
    found: dict[str, Items] = {}
    made = wanted_rows(f"{kind}#{owner}#{_A_DAY}", _of_client(client_id, day))
    for name in _names_of(days):
        for row, packed in made.items():
            mine = Row(*(one.replace(_A_DAY, name) for one in row))
            item = packed_item(mine, packed, NOW // MICROSECONDS)
            found.setdefault(mine.partition, []).append(item)
    return {partition: _sorted(items) for partition, items in found.items()}


def _of_client(client_id: str, day: Items) -> Items:
    """Return a day's rows as they are of that client: a project's rows name it."""
    return [
        {**item, "sk": {"S": item["sk"]["S"].replace("#acme#", f"#{client_id}#")}} for item in day
    ]


def _marks(days: int, *, is_current: bool) -> Items:
    """Return what says whether packed rows may be read."""
    said = to_item({"right": str(NOW if is_current else 1), "repaired": ""})
    return [{**key_of_day(name), **said} for name in _names_of(days)]


def _names_of(days: int) -> list[str]:
    return [text(NOW // DAY * DAY - number * DAY)[:10] for number in range(days - 1, 0, -1)]


def _totals(clients: Sequence[str], jobs: int) -> dict[str, Items]:
    """Return the directories of clients and of their projects."""
    count = {"now_succeeded": jobs // len(clients)}
    found = {"clients": [to_item({"pk": "clients", "sk": f"{one}#0", **count}) for one in clients]}
    for one in clients:
        partition = f"projects#{one}"
        found[partition] = [to_item({"pk": partition, "sk": f"{one}-web#0", **count})]
    return found


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


def _sorted(items: Items) -> Items:
    return sorted(items, key=lambda item: str(item["sk"]["S"]))
