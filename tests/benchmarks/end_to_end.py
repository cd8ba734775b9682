"""Measure the whole local stack, from `PutEvents` to the posted job, beside its bus alone.

The local AWS is one process that stands in for bus, queue, functions and tables, so each step of an
event uses its time, which would not be so on AWS. It also gives functions at most ten messages at
once, whatever their mapping says, so that a batch has little to sum up. The baseline is the same
process with another bus, whose rule has no target. Both are measured in the same run, in turns.
"""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.stacks.local_stack import LocalStack, local_stack, wait_for

from .figures import Figure
from .writer import mixes

ROUNDS = 3
BATCHES = 20
ENTRIES_A_CALL = 10
PATIENCE_SECONDS = 120
IDLE_BUS = "nobody-listens"
PATTERN = json.dumps({"detail-type": ["job_update", "project_update"]})


def events_per_second() -> Figure:
    """Send usual traffic through everything; time stops when all events are posted."""
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder)) as stack,
    ):
        bus = stack.client("events")
        bus.create_event_bus(Name=IDLE_BUS)
        bus.put_rule(Name=IDLE_BUS, EventBusName=IDLE_BUS, EventPattern=PATTERN)
        # The first events start the writer's process, which is no part of the rate.
        _run(stack, bus, "warm", 2)
        rates: dict[str, list[float]] = {"all": [], "put": [], "bus": []}
        for number in range(ROUNDS):
            whole, put = _run(stack, bus, f"e2e-{number}", BATCHES)
            rates["all"].append(whole)
            rates["put"].append(put)
            started = time.monotonic()
            count = _put(bus, IDLE_BUS, mixes.lives(f"idle-{number}", BATCHES))
            rates["bus"].append(count / (time.monotonic() - started))
    middle = {name: statistics.median(values) for name, values in rates.items()}
    return Figure(
        "end_to_end_events_per_second",
        middle["all"],
        "events/s",
        middle["bus"],
        goal=0.5,
        goal_is_ratio=True,
        notes=(
            f"{BATCHES * mixes.BATCH:,} events a round, jobs' whole lives; baseline: a bus alone",
            f"taken in at {middle['put']:,.0f} events/s while the writer was at work",
            "the local AWS hands out ten messages a batch at most, and is one process for all",
        ),
    )


def _run(stack: LocalStack, bus: Any, generation: str, batches: int) -> tuple[float, float]:
    """Return two rates in events a second: until all are posted, and until all are accepted."""
    started = time.monotonic()
    count = _put(bus, stack.document["event_bus_name"], mixes.lives(generation, batches))
    taken_in = time.monotonic()
    jobs = mixes.job_ids(generation)
    client = stack.client("dynamodb")
    table = stack.document["tables"]["jobs"]

    def is_posted() -> bool:
        keys = {"Keys": [{"job_id": {"S": job_id}} for job_id in jobs]}
        found = client.batch_get_item(RequestItems={table: keys})["Responses"][table]
        return sum(int(item["n"]["N"]) for item in found) == count

    wait_for("all events to be posted", is_posted, PATIENCE_SECONDS)
    return count / (time.monotonic() - started), count / (taken_in - started)


def _put(bus: Any, name: str, batches: Iterable[mixes.Batch]) -> int:
    """Put all events on the bus, ten a call as a producer does, and return their number."""
    records = (
        record for batch in batches for record in sorted(batch, key=lambda one: one["messageId"])
    )
    count = 0
    while some := list(itertools.islice(records, ENTRIES_A_CALL)):
        entries = []
        for record in some:
            envelope = json.loads(record["body"])
            entries.append(
                {
                    "EventBusName": name,
                    "Source": envelope["source"],
                    "DetailType": envelope["detail-type"],
                    "Detail": json.dumps(envelope["detail"]),
                }
            )
        answer = bus.put_events(Entries=entries)
        assert not answer["FailedEntryCount"], answer
        count += len(entries)
    return count
