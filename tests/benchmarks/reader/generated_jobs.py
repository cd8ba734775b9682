"""A ledger of up to a million jobs, made when it is read: lists are measured on it.

Everything follows from a job's number, 0 for the newest. Ten clients take turns; every twentieth
job of a client failed, and so on. Jobs lie on dense days, `A_DAY` jobs on each, evenly spread. A
*sparse* ledger has one job a month for the last ten years, and its dense days before that. Items,
index rows and rows of the map are the same as the ledger makes for such jobs. Answers have
DynamoDB's form, and read units follow from its documented rules.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.querying import KeyRange, key_range
from tests.support.dynamo.sizing import READ_BLOCK, Index, rules
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import decoded_all, job_update

from run_ledger.domain import instants
from run_ledger.domain.state.job import fold
from run_ledger.domain.state.own_counters import counter_attributes
from run_ledger.domain.state.rollups import NOW as NOW_PREFIX
from run_ledger.domain.state.rollups import SHARD, shard_of
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import seen_attributes, state_attributes

NOW = instants.parse("2026-11-22T15:00:00Z")
DAY = 86_400 * instants.MICROSECONDS
A_DAY = 10_000
SPARSE = 120
CLIENTS = 10
WRITER_SHARDS = 8
_OUTCOMES = ("succeeded", "failed", "partial", "cancelled", "timed_out", *["succeeded"] * 15)


class Spent(NamedTuple):
    """What one call consumed: read units, and the sizes of its rows by job or by day."""

    place: str
    units: float
    rows: Mapping[str, int]


@dataclass(eq=False)
class GeneratedJobs:
    """A DynamoDB client over *jobs* jobs that answers the calls of lists of jobs."""

    jobs: int
    sparse: bool
    spent: list[Spent] = field(default_factory=list)
    _answers: dict[bytes, tuple[bytes, Spent]] = field(default_factory=dict)

    def query(self, **request: Any) -> Any:
        """Return the rows of one partition."""
        return self.decoded("Query", request)

    def batch_get_item(self, **request: Any) -> Any:
        """Return items."""
        return self.decoded("BatchGetItem", request)

    def decoded(self, operation: str, request: Mapping[str, Any]) -> Any:
        """Return the answer to a request, read from its JSON as the store's own client does."""
        return msgspec.json.decode(self.answer(operation, msgspec.json.encode(request)))

    def answer(self, operation: str, body: bytes) -> bytes:
        """Return the answer's JSON, which is made once and then kept."""
        known = self._answers.get(body)
        if known is None:
            request = msgspec.json.decode(body)
            if operation == "BatchGetItem":
                answer, spent = self._items(request)
            elif "IndexName" in request:
                answer, spent = self._index(request)
            else:
                answer, spent = self._map(request)
            known = self._answers[body] = (msgspec.json.encode(answer), spent)
        self.spent.append(known[1])
        return known[0]

    # ---------------------------------------------------------------------------- the jobs

    def created_at(self, number: int) -> int:
        """Return when a job was created."""
        if self.sparse and number < SPARSE:
            year, month = divmod(2026 * 12 + 10 - number, 12)
            return instants.parse(f"{year:04d}-{month + 1:02d}-15T12:00:00Z")
        day, place = divmod(number - (SPARSE if self.sparse else 0), A_DAY)
        midnight = NOW - NOW % DAY - (3_700 * DAY if self.sparse else 0)
        return midnight - day * DAY - 1 - place * (DAY // A_DAY)

    def place(self, number: int) -> str:
        """Return a job's sort key."""
        return keys.creation_key(self.created_at(number), job_id(number))

    @lru_cache(maxsize=4_096)  # noqa: B019 - it lives as long as the benchmark
    def item(self, number: int) -> Item:
        """Return a job's item, made by the fold of its events."""
        at = self.created_at(number)
        events = decoded_all(_history(number, at))
        job = fold(None, events)
        return to_item(
            {
                "job_id": job.job_id,
                "rev": 2,
                "n": len(events),
                **state_attributes(job),
                **counter_attributes(job.counters),
                **seen_attributes(at + 1_800 * instants.MICROSECONDS),
            }
        )

    # ------------------------------------------------------------------------- what is read

    @lru_cache(maxsize=1_024)  # noqa: B019 - it lives as long as the benchmark
    def numbers(self, index_name: str, value: str) -> Sequence[int]:
        """Return the jobs in one partition of an index, newest first."""
        if index_name in (keys.BY_CLIENT, keys.BY_CLIENT_OUTCOME):
            client, _, outcome = value.partition("#")
            mine = range(int(client.rpartition("-")[2]), self.jobs, CLIENTS)
            return mine if not outcome else [n for n in mine if outcome_of(n) == outcome]
        if index_name == keys.BY_DAY:
            day, _, shard = value.partition("#")
            return [n for n in self._day(day) if shard_of(job_id(n)) == int(shard)]
        outcome, _, day = value.partition("#")
        return [n for n in self._day(day) if outcome_of(n) == outcome]

    def _day(self, day: str) -> Sequence[int]:
        everything = range(self.jobs)
        first = bisect_left(everything, True, key=lambda n: self.place(n) < f"{day}~")
        last = bisect_left(everything, True, key=lambda n: self.place(n) < day)
        return range(first, last)

    @lru_cache(maxsize=1)  # noqa: B019 - it lives as long as the benchmark
    def map_rows(self) -> list[Item]:
        """Return the rows of the map, newest first."""
        days: dict[int, list[int]] = {}
        for number in range(self.jobs):
            days.setdefault(self.created_at(number) // DAY, []).append(number)
        return [
            row
            for day in sorted(days, reverse=True)
            for row in _rows(instants.day(day * DAY), days[day])
        ]

    def _items(self, request: Any) -> tuple[Any, Spent]:
        wanted = request["RequestItems"][NAMES.jobs]
        assert wanted["ConsistentRead"]
        items = [self.item(number_of(key["job_id"]["S"])) for key in wanted["Keys"]]
        sizes = {item["job_id"]["S"]: item_bytes(item) for item in items}
        units = sum(_blocks(size) for size in sizes.values())
        return {"Responses": {NAMES.jobs: items}, "UnprocessedKeys": {}}, Spent(
            "items", units, sizes
        )

    def _index(self, request: Any) -> tuple[Any, Spent]:
        assert "FilterExpression" not in request
        wanted = key_range(request)
        numbers = self.numbers(request["IndexName"], wanted.partition)
        first, last = _range(numbers, self.place, wanted)
        taken = numbers[first : min(last, first + request["Limit"])]
        index = _index_named(request["IndexName"])
        rows = [index.entry(self.item(number)) or {} for number in taken]
        answer = _page(rows, last - first > len(rows), request, ("job_id", *index.keys))
        sizes = {row["job_id"]["S"]: item_bytes(row) for row in rows}
        return answer, _eventually("index", sizes)

    def _map(self, request: Any) -> tuple[Any, Spent]:
        rows = self.map_rows()
        first, last = _range(rows, lambda row: str(row["sk"]["S"]), key_range(request))
        taken = rows[first : min(last, first + request["Limit"])]
        answer = _page(taken, last - first > len(taken), request, ("pk", "sk"))
        return answer, _eventually("map", {row["sk"]["S"]: item_bytes(row) for row in taken})


def job_id(number: int) -> str:
    """Return the id of a job."""
    return f"catalogue-refresh-{number:07d}"


def number_of(name: str) -> int:
    """Return the number of the job of that id."""
    return int(name.rpartition("-")[2])


def outcome_of(number: int) -> str:
    """Return a job's result, or `running`: the newest jobs still run."""
    return "running" if number < CLIENTS else _OUTCOMES[number // CLIENTS % len(_OUTCOMES)]


def eventual_units(size: int) -> float:
    """Return the read units of an eventually consistent read of rows of this size together."""
    return _blocks(size) / 2


def _history(number: int, at: int) -> list[Any]:
    outcome = outcome_of(number)
    who = {
        "job_id": job_id(number),
        "client_id": f"client-{number % CLIENTS}",
        "project_id": f"catalogue-refresh-{number % CLIENTS}",
        "pipeline": "product-descriptions",
    }
    start = job_update(
        event_id="start",
        occurred_at=instants.text(at),
        status="running",
        name="Product descriptions, four markets",
        stage="enrich",
        records_total=2_000,
        log_url="https://logs.example.com/enrichment/runs/latest",
        tags={"team": "data", "tier": "gold"},
        delta={
            "records_ok": 1_990,
            "records_failed": 10,
            "llm_calls": 2_000,
            "input_tokens": 1_624_000,
            "output_tokens": 409_600,
            "cost_microusd": 2_513_200,
        },
        **who,
    )
    if outcome == "running":
        return [start]
    error = {"type": "ValueError", "message": "row 17 has no title"}
    end = job_update(
        event_id="end",
        occurred_at=instants.text(at + 1_800 * instants.MICROSECONDS),
        status="completed",
        result=outcome,
        **({"error": error} if outcome in ("failed", "timed_out") else {}),
        **who,
    )
    return [start, end]


def _rows(day: str, numbers: Sequence[int]) -> list[Item]:
    """Return a day's rows: writers took turns, so each shard of a dense day has seen it all."""
    shards = min(WRITER_SHARDS, len(numbers))
    rows = []
    for shard in range(shards):
        mine = numbers[shard::shards]
        counts = {
            **{f"{NOW_PREFIX}{name}": n for name, n in Counter(map(outcome_of, mine)).items()},
            **{f"{SHARD}{at}": n for at, n in Counter(map(_shard, mine)).items()},
        }
        rows.append(to_item({"pk": "days", "sk": f"{day}#{shard}", **counts}))
    return rows[::-1]


def _shard(number: int) -> int:
    return shard_of(job_id(number))


def _range(rows: Sequence[Any], place: Callable[[Any], str], wanted: KeyRange) -> tuple[int, int]:
    """Return which of *rows*, in descending order, lie between the ends that a request gives."""
    first, last = 0, len(rows)
    _, low, high = wanted
    if high is not None:
        first = bisect_left(rows, True, key=lambda row: place(row) < high)
    if low is not None:
        last = bisect_left(rows, True, key=lambda row: place(row) < low)
    return first, max(first, last)


def _page(rows: Sequence[Item], goes_on: bool, request: Any, key: Sequence[str]) -> dict[str, Any]:
    given = request["ExpressionAttributeNames"]
    wanted = [given[name.strip()] for name in request["ProjectionExpression"].split(",")]
    answer: dict[str, Any] = {
        "Items": [{name: row[name] for name in wanted if name in row} for row in rows],
        "Count": len(rows),
        "ScannedCount": len(rows),
    }
    if goes_on and rows:
        answer["LastEvaluatedKey"] = {name: rows[-1][name] for name in key}
    return answer


def _eventually(place: str, sizes: Mapping[str, int]) -> Spent:
    return Spent(place, eventual_units(sum(sizes.values())), sizes)


def _blocks(size: int) -> int:
    return max(1, -(-size // READ_BLOCK))


@lru_cache
def _index_named(name: str) -> Index:
    return next(index for index in rules()[NAMES.jobs].indexes if index.name == name)
