"""How near each partition comes to its limit: `python -m tests.benchmarks.costs.partitions`.

Units are measured as for the bill, on the same traffic. A partition takes 1,000 write units a
second ("Best practices for designing and using partition keys effectively" in DynamoDB's guide);
what a warm table gains by splitting is not counted on.
"""

from __future__ import annotations

import sys
from collections import Counter
from functools import cache
from typing import NamedTuple

from tests.benchmarks.writer import mixes
from tests.benchmarks.writer.writer_units import posted
from tests.support.dynamo.sizing import Meter
from tests.support.readers import ledgers

from run_ledger.domain.state.rollups import ALL, CLIENTS, DAY_SHARDS, DAYS
from run_ledger.store.items.keys import BY_CLIENT_OUTCOME, BY_DAY, BY_OUTCOME
from run_ledger.store.items.rejection_items import SHARDS as REJECTION_SHARDS

from .load import BATCH, batches, default_window, jobs_at, load, traffic

RATES = (100, 1_000, 10_000)
MOST_UNITS = 1_000
_MEASURED = 3_000


class Partition(NamedTuple):
    """The fullest partition of a kind, in write units a second at each rate, and what moves it."""

    name: str
    units: tuple[float, ...]
    moved_by: str

    @property
    def full_at(self) -> float:
        """The events a second at which it is full, if jobs grow with them as at the last rate."""
        return RATES[-1] * MOST_UNITS / self.units[-1]


@cache
def _measured(rate: int) -> tuple[Meter, int]:
    store, records = ledgers.empty_store(), traffic(jobs_at(rate))
    posted(store.client(), batches([next(records) for _ in range(jobs_at(rate))], BATCH))
    meter = Meter()
    measured = [next(records) for _ in range(_MEASURED)]
    return meter, posted(store.client(meter.script), batches(measured, BATCH))


def _units(rate: int) -> dict[str, float]:
    """Return the write units a second of the fullest partition of each kind."""
    meter, events = _measured(rate)
    totals: Counter[str] = Counter()
    for (table, key), units in meter.units_of_item.items():
        kind = key.partition("#")[0]
        if table == "rollups":
            totals[kind] = max(totals[kind], units)

    def a_second(units: float, partitions: int = 1) -> float:
        return units / events * rate / partitions

    of = meter.write_units
    return {
        "a job's log": a_second(of["entries"], jobs_at(rate)),
        "a job": a_second(of["jobs"], jobs_at(rate)),
        "totals over all": a_second(totals[ALL]),
        "totals of all clients": a_second(totals[CLIENTS]),
        "the map of days": a_second(totals[DAYS]),
        "a client's totals of a day": a_second(totals["client"]),
        "index by day": a_second(of[f"jobs/{BY_DAY}"], DAY_SHARDS),
        "index by outcome": a_second(of[f"jobs/{BY_OUTCOME}"]),
        "index by client and outcome": a_second(of[f"jobs/{BY_CLIENT_OUTCOME}"]),
        "rejections' index, were all rejected": rate / REJECTION_SHARDS,
    }


_MOVED_BY = {
    "a job's log": "more jobs; beyond 256 rows it has 16 partitions",
    "a job": "more jobs; `BatchWindowSeconds`, until batches are full",
    "totals over all": "`RollupShards`, each an item by itself",
    "totals of all clients": "`RollupShards`",
    "the map of days": "`RollupShards`",
    "a client's totals of a day": "`RollupShards`; more clients",
    "index by day": f"{DAY_SHARDS} shards in the code",
    "index by outcome": "fewer starts and ends of jobs",
    "index by client and outcome": "more clients",
    "rejections' index, were all rejected": f"{REJECTION_SHARDS} shards in the code",
}


def partitions() -> list[Partition]:
    """Return all kinds of partitions that the writer writes to."""
    found = [_units(rate) for rate in RATES]
    return [
        Partition(name, tuple(one[name] for one in found), _MOVED_BY[name]) for name in found[0]
    ]


def most_events_of_one_job() -> float:
    """Return how many events a second one job takes, in full batches of deltas.

    Its item is written once a batch, and the rows of its log lie in one partition at first. What
    writers wait for one another, as they all write the one item, comes to less: see `hot_job`.
    """
    store, records = ledgers.empty_store(), list(mixes.hot(0, 5 * BATCH))
    meter = Meter()
    events = posted(store.client(meter.script), [[mixes.hot_start()], *batches(records, BATCH)])
    fullest = max(meter.write_units["jobs"], meter.write_units["entries"])
    return MOST_UNITS * events / fullest


def first_to_give_way() -> Partition:
    """Return the partition of accepted events that is full first."""
    return max(partitions()[:-1], key=lambda one: one.units[-1])


def table() -> str:
    """Return the table that `docs/architecture.md` shows."""
    lines = [
        _row("write units a second", [f"{rate:,} events a second" for rate in RATES], "moved by"),
        "|---|" + "---:|" * len(RATES) + "---|",
        _row("jobs at a time, of 4 clients", [f"{jobs_at(rate):,}" for rate in RATES], ""),
    ]
    first = first_to_give_way()
    for one in partitions():
        mark = "**" if one == first else ""
        lines.append(
            _row(f"{mark}{one.name}{mark}", [f"{u:,.0f}" for u in one.units], one.moved_by)
        )
    loads = [load(rate, default_window()) for rate in RATES]
    tables = [_measured(rate)[0].write_units["entries"] / _measured(rate)[1] for rate in RATES]
    units = [f"{one * rate:,.0f}" for one, rate in zip(tables, RATES, strict=True)]
    lines.append(
        _row("*table of entries, in all*", units, "a quota of the account: 40,000 a table")
    )
    writers = [f"{one.writers:,.1f}" for one in loads]
    lines.append(_row("*writers at work*", writers, "`WriterConcurrency` with `RollupShards`"))
    return "\n".join(lines)


def _row(name: str, values: list[str], last: str) -> str:
    return f"| {name} | {' | '.join(values)} | {last} |"


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
