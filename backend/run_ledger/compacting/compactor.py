"""The compactor: every hour, the shards of rollup rows whose time is over become one item.

It changes no total and no job. What it could not do, the next run does. The metric `BehindSeconds`
says where a day that is over has waited for long; a run that fails counts among the function's
errors.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from msgspec import to_builtins

from run_ledger import logs, metrics, settings
from run_ledger.domain.instants import HOUR, MICROSECONDS, Instant
from run_ledger.settings import Settings
from run_ledger.store.compacting.compaction_walk import compact_rows
from run_ledger.store.dynamo.connection import MOST_CONNECTIONS, dynamodb
from run_ledger.store.dynamo.reading import Reading

UNITS: Mapping[str, metrics.Unit] = {"BehindSeconds": "Seconds"}
USUAL = 6 * HOUR
"""A day is behind after so many microseconds: it takes up to five walks, an hour apart."""
# Time for the partitions at hand, once no further ones are begun, and to write the line.
_RESERVE_SECONDS = 60.0


@cache
def _tools() -> tuple[Settings, ThreadPoolExecutor]:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="compactor")
    return configuration, ThreadPoolExecutor(MOST_CONNECTIONS, "compactor")


def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001 - a schedule's event is empty
    """Go on with compaction, and write one line with what was done.

    Raises what the store raises.
    """
    configuration, executor = _tools()
    logs.begin(context)
    started = time.perf_counter()
    seconds = context.get_remaining_time_in_millis() / 1_000
    until = started + seconds - _RESERVE_SECONDS
    reading = Reading(dynamodb(), configuration.tables, executor, seconds)
    now = Instant(time.time_ns() // 1_000)
    done = compact_rows(reading, now, lambda: time.perf_counter() > until)
    values: dict[str, metrics.Values] = {
        # Without a value the metric costs nothing.
        "BehindSeconds": done.behind // MICROSECONDS if done.behind > USUAL else [],
        "CompactMs": round((time.perf_counter() - started) * 1_000, 1),
        "Calls": reading.calls,
    }
    extra = {name: told for name, told in to_builtins(done).items() if name != "behind"}
    metrics.emit("compacted", UNITS, values, now=now, extra=extra)
