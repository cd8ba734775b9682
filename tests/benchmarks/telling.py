"""Measure what it costs to tell of failing pipelines, in DynamoDB's write units and in notices.

Both are counted with the stand-in, by the handler itself: its batches are as the event source makes
them when jobs end faster than they are taken.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from msgspec import structs
from tests.benchmarks.figures import Figure, quiet
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.readers import ledgers

from run_ledger import teller
from run_ledger.domain.incidents.alert_rules import AlertRule, JobEnd
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.doors.event_bus import Bus
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.items.client_items import alert_values

FAILURES = 10_000
CAUSES = 500
BATCH = 100
MOST_UNITS = 3.0
MOST_SECONDS = 10.0
PIPELINES, TURNS = 20, 1_000
RULES = (AlertRule("failed", grace_seconds=0),)
MORE_RULES = (
    AlertRule("error_rate", grace_seconds=0, above_percent=10),
    AlertRule("new_error", grace_seconds=0),
    *RULES,
)
_START = 1_795_000_000 * MICROSECONDS


class CountingBus:
    """A bus that takes everything, and keeps what was opened."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.opened: list[str] = []

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take entries."""
        self.opened += [json.loads(one["Detail"])["notice_id"] for one in Entries]
        return {"Entries": [{"EventId": "e"} for _ in Entries]}


def incidents_of_10000_failures() -> Figure:
    """Count the notices of ten thousand failures in a minute of one cause, and of five hundred."""
    one, _ = _told(_failures(1), BATCH)
    many, _ = _told(_failures(CAUSES), BATCH)
    return Figure(
        "told_incidents_of_10000_failures",
        one,
        "notices",
        goal=1,
        more_is_better=False,
        notes=(f"of {CAUSES} causes: {many}",),
    )


def write_units_per_outcome() -> Figure:
    """Measure jobs of one pipeline that end one by one, of which every tenth fails.

    The value is of several rules about results at once.
    """
    ends = [
        _end(number, "failed" if number % 10 == 0 else "succeeded", "fp") for number in range(1_000)
    ]
    notices, single = _told(ends, 1)
    _, shared = _told(ends, BATCH)
    _, rated = _told(ends, 1, MORE_RULES)
    return Figure(
        "told_write_units_per_outcome",
        max(single, rated) / len(ends),
        "write units",
        goal=MOST_UNITS,
        more_is_better=False,
        notes=(
            "each in a batch of its own, with rules about failures, new errors and the error rate",
            f"with a rule about failures alone: {single / len(ends):.2f}",
            f"with that rule, in batches of {BATCH}: {shared / len(ends):.2f}",
            f"{notices} notices are among them",
        ),
    )


def seconds_to_tell() -> Figure:
    """Measure from the end of a job, as the stream gives it, to its notice on the bus.

    Each end is a batch of its own, and opens or closes an incident of its own pipeline.
    """
    took = sorted(_seconds_of_each(TURNS))
    return Figure(
        "told_p99_seconds",
        took[len(took) * 99 // 100],
        "s",
        goal=MOST_SECONDS,
        more_is_better=False,
        notes=(
            "with the stand-in, beyond the grace, which is looked at once a minute",
            "a stage's stream adds the second in which it gathers a batch",
            f"median {took[len(took) // 2]:.4f} s, of {len(took)} notices",
        ),
    )


def _failures(causes: int) -> list[JobEnd]:
    return [_end(number, "failed", f"fp-{number % causes}") for number in range(FAILURES)]


def _end(number: int, result: str, fingerprint: str) -> JobEnd:
    at = Instant(_START + number * 6_000)
    error = ("ValueError", "row 17 is bad") if result == "failed" else None
    named = fingerprint if error else None
    job_id = f"nightly-2026-11-18-{number:06}"
    return JobEnd(job_id, 1, "acme", "catalogue", "nightly", result, at, named, error)


def _seconds_of_each(turns: int) -> list[float]:
    """Return how long each end takes to be told, of pipelines that fail and run well in turns."""
    ends = []
    for number in range(turns):
        end = _end(number, "succeeded" if number // PIPELINES % 2 else "failed", "fp")
        ends.append(structs.replace(end, pipeline=f"pipeline-{number % PIPELINES}"))
    took = []
    with _stage(ends, RULES, Meter(), CountingBus()):
        for records in _batches(len(ends), 1):
            started = time.perf_counter()
            assert teller.handler({"Records": records}, Context()) == {"batchItemFailures": []}
            took.append(time.perf_counter() - started)
    return took


def _told(ends: Sequence[JobEnd], size: int, rules: Sequence[AlertRule] = RULES) -> tuple[int, int]:
    """Return how many notices *ends* make by *rules*, and what they cost in write units."""
    meter, bus = Meter(), CountingBus()
    with _stage(ends, rules, meter, bus):
        for records in _batches(len(ends), size):
            assert teller.handler({"Records": records}, Context()) == {"batchItemFailures": []}
    assert len(set(bus.opened)) == len(bus.opened)
    return len(bus.opened), sum(meter.write_units.values())


@contextmanager
def _stage(
    ends: Sequence[JobEnd], rules: Sequence[AlertRule], meter: Meter, bus: CountingBus
) -> Iterator[None]:
    """Let the handler find a teller of its own, to which *ends* come."""
    store = ledgers.empty_store()
    profile = to_item({"pk": "acme", "sk": "profile", "alerts": alert_values(rules)})
    store.client().put_item(TableName=NAMES.clients, Item=profile)
    client: Any = ScriptedQuerying(store, meter.script)
    now = Instant(_START + 60 * MICROSECONDS)
    incidents = IncidentLedger(client, NAMES.incidents, lambda: now)
    rows = RowKeeper(client, NAMES.incidents, 90)
    firsts = FirstFailures(client, NAMES.incidents, NAMES.rollups, lambda: now)
    working = teller.Teller(client, NAMES.clients, incidents, rows, Bus(bus, "bus"), firsts=firsts)
    with (
        quiet(),
        mock.patch.object(teller, "_teller", return_value=working),
        mock.patch.object(teller, "job_end", lambda image: ends[image["number"]]),
    ):
        yield


def _batches(number: int, size: int) -> Iterator[list[dict[str, Any]]]:
    records = [
        {"dynamodb": {"NewImage": {"number": place}, "SequenceNumber": str(place)}}
        for place in range(number)
    ]
    for start in range(0, number, size):
        yield records[start : start + size]
