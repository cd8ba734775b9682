"""Measure what the writer asks of DynamoDB: calls and write units for an event.

The units follow from documented rules (`tests.support.dynamo.sizing`), applied to what the real
ledger writes to the stand-in. The same events go through the same ledger to the local AWS, which
counts by itself; the table shows both.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest import mock

import boto3
from tests.benchmarks.figures import Figure
from tests.benchmarks.local_aws import bare_local_aws, environment
from tests.support.dynamo import tables
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.tables import NAMES
from tests.support.readers import ledgers

from run_ledger.domain.contract.events import decode
from run_ledger.store.dynamo.connection import dynamodb
from run_ledger.store.posting.entities import Layout
from run_ledger.store.posting.grouping import EventMessage
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing

from . import mixes

ROLLUP_SHARDS = 8
TTL_DAYS = 90
MOST_CALLS = 0.03
MOST_UNITS = 1.4
MOST_UNITS_STERN = 2.5
MOST_UNITS_WORST = 8.49
MOST_READ_UNITS = 0.3
MOST_UNITS_SCATTERED = 4.5


def calls_per_event() -> Figure:
    """Count the calls that the usual mix takes."""
    meter, events = metered(mixes.usual("units"))
    return Figure(
        "writer_calls_per_event",
        meter.calls / events,
        "calls",
        goal=MOST_CALLS,
        more_is_better=False,
        notes=(mixes.USUAL,),
    )


def write_units_per_event() -> Figure:
    """Add up the write units of the usual mix."""
    meter, events = metered(mixes.usual("units"))
    indexes = meter.write_units.total() - tables_alone(meter)
    return Figure(
        "writer_write_units_per_event",
        meter.write_units.total() / events,
        "write units",
        units_of_old(mixes.usual("units")),
        goal=MOST_UNITS,
        more_is_better=False,
        notes=(
            mixes.USUAL,
            parts(meter, events),
            f"tables {tables_alone(meter) / events:.2f}; indexes {indexes / mixes.JOBS:.0f} a job",
            f"counted by the local AWS: {counted_by_local_aws().total() / events:.2f}",
        ),
    )


def write_units_per_event_stern() -> Figure:
    """Add up the write units where every fifth event changes its job's state."""
    meter, events = metered(mixes.stern("units"))
    return Figure(
        "writer_write_units_per_event_stern",
        meter.write_units.total() / events,
        "write units",
        units_of_old(mixes.stern("units")),
        goal=MOST_UNITS_STERN,
        more_is_better=False,
        notes=(mixes.STERN, parts(meter, events)),
    )


def read_units_per_event() -> Figure:
    """Add up the read units of the usual mix; whoever takes jobs over midway is in the notes."""
    meter, events = metered(mixes.usual("units"))
    newcomer, known = read_by_newcomers()
    return Figure(
        "writer_read_units_per_event",
        meter.read_units.total() / events,
        "read units",
        goal=MOST_READ_UNITS,
        more_is_better=False,
        notes=(
            mixes.USUAL,
            f"by writers that never saw the jobs: {newcomer.read_units.total() / known:.2f}",
        ),
    )


def read_by_newcomers() -> tuple[Meter, int]:
    """Post the usual mix, each batch by another writer; return what that cost, and the events."""
    store, meter, events = ledgers.empty_store(), Meter(), 0
    for batch in mixes.usual("units"):
        events += posted(store.client(meter.script), [batch])
    return meter, events


def write_units_per_event_worst() -> Figure:
    """Add up the write units where every event of a batch is of another job and client."""
    meter, events = metered(mixes.scattered("units"))
    abrupt, abrupt_events = metered(mixes.abrupt("units"))
    rollups = meter.write_units["rollups"] / events
    return Figure(
        "writer_write_units_per_event_worst",
        meter.write_units.total() / events,
        "write units",
        units_of_old(mixes.scattered("units")),
        goal=MOST_UNITS_SCATTERED + rollups,
        more_is_better=False,
        notes=(
            mixes.SCATTERED,
            parts(meter, events),
            f"the goal is {MOST_UNITS_SCATTERED} and what the rollups take",
            f"if every event starts or ends one: {abrupt.write_units.total() / abrupt_events:.2f}",
            parts(abrupt, abrupt_events),
        ),
    )


def tables_alone(meter: Meter) -> int:
    """Return the units of the tables themselves."""
    return sum(units for place, units in meter.write_units.items() if "/" not in place)


def parts(meter: Meter, events: int) -> str:
    """Return how an event's units divide among tables and indexes, a table's indexes together."""
    sums: Counter[str] = Counter()
    for place, units in meter.write_units.items():
        table, _, index = place.partition("/")
        sums[f"{table}' indexes" if index else table] += units
    return ", ".join(f"{place} {units / events:.2f}" for place, units in sums.items() if units)


def metered(batches: Iterable[mixes.Batch], layout: Layout = Layout.LOG) -> tuple[Meter, int]:
    """Post *batches* to empty tables; return what that cost and the number of events."""
    meter = Meter()
    return meter, posted(ledgers.empty_store().client(meter.script), batches, layout)


def units_of_old(batches: Iterable[mixes.Batch]) -> float:
    """Return the write units an event where each event is kept by itself, as of old."""
    meter, events = metered(batches, Layout.ROWS)
    return meter.write_units.total() / events


@dataclass
class CountedByServer:
    """A client of a server that answers how much each transaction consumed."""

    client: Any
    write_units: Counter[str] = field(default_factory=Counter)

    def transact_write_items(self, **request: Any) -> Any:
        """Write, and note what the answer says of it."""
        answer = self.client.transact_write_items(**request, ReturnConsumedCapacity="INDEXES")
        for one in answer["ConsumedCapacity"]:
            table = one["TableName"]
            self.write_units[table] += one["WriteCapacityUnits"]
            for index, units in one.get("GlobalSecondaryIndexes", {}).items():
                self.write_units[f"{table}/{index}"] += units["WriteCapacityUnits"]
        return answer

    def batch_get_item(self, **request: Any) -> Any:
        """Read."""
        return self.client.batch_get_item(**request)


@cache
def counted_by_local_aws() -> Counter[str]:
    """Return the units that the local AWS counts for the usual mix."""
    with (
        bare_local_aws() as cloud,
        mock.patch.dict(os.environ, environment(cloud)),
        # boto3's default session would go on with the credentials that it has found before.
        mock.patch.object(boto3, "DEFAULT_SESSION", None),
    ):
        tables.create_tables(cloud.client("dynamodb"))
        dynamodb.cache_clear()
        counting = CountedByServer(dynamodb())
        posted(counting, mixes.usual("units"))
        dynamodb.cache_clear()
    return counting.write_units


def posted(client: Any, batches: Iterable[mixes.Batch], layout: Layout = Layout.LOG) -> int:
    """Post *batches* through a ledger whose clock stands still; return the number of events.

    Raises AssertionError where an event could not be posted.
    """
    ledger = Ledger(
        client,
        NAMES,
        Keeping(TTL_DAYS, ROLLUP_SHARDS, layout),
        timing=Timing(now=lambda: ledgers.NOW, dice=random.Random(1)),
    )
    events = 0
    for batch in batches:
        report = ledger.post(
            [EventMessage(one["messageId"], one["body"], decode(one["body"])) for one in batch],
            [],
            lambda: 30.0,
        )
        assert not report.failures, report.failures
        events += len(batch)
    return events
