"""The sweeper: every five minutes, how many jobs run and have stalled.

It changes nothing: a job counts as stalled by when it was last seen, whenever somebody asks. The
metric is for the alarm. Where jobs can't be counted, the sweep fails, and no metric says zero.
Where there are more than it can count in its time, it fails, too, says of which days it has not
seen all, and tells how many run, which the totals know, and that at least so many have stalled. A
sweep that fails is an error of the function, so that the function's errors raise an alarm.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from run_ledger import logs, metrics, settings
from run_ledger.domain.instants import Instant
from run_ledger.settings import Settings
from run_ledger.store.dynamo.connection import MOST_CONNECTIONS, dynamodb
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.lists.sweep import Sweep, sweep

_log = logging.getLogger(__name__)

UNITS: Mapping[str, metrics.Unit] = {"Stalled": "Count"}
# Time to write the line that the sweep failed.
_RESERVE_SECONDS = 5.0
_MOST_SECONDS = 45.0
# Time for the page at hand, once no further one is read.
_LAST_PAGE_SECONDS = 5.0
# How many clients get a log line of their own: those with the most stalled jobs.
_MOST_CLIENTS = 50


class SweepUnfinished(Exception):
    """There are more running jobs than a sweep can count in its time."""


@cache
def _tools() -> tuple[Settings, ThreadPoolExecutor]:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="sweeper")
    return configuration, ThreadPoolExecutor(MOST_CONNECTIONS, "sweeper")


def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001 - a schedule's event is empty
    """Sweep, and write one line with the metric, also where the sweep failed.

    Raises what the store raises, and SweepUnfinished where not all could be counted.
    """
    configuration, executor = _tools()
    logs.begin(context)
    started = time.perf_counter()
    remaining = context.get_remaining_time_in_millis() / 1_000 - _RESERVE_SECONDS
    seconds = max(0.0, min(_MOST_SECONDS, remaining))
    reading = Reading(dynamodb(), configuration.tables, executor, seconds)
    values: dict[str, metrics.Values] = {}
    now = Instant(time.time_ns() // 1_000)
    until = time.perf_counter() + seconds - _LAST_PAGE_SECONDS
    try:
        found = sweep(reading, now, lambda: time.perf_counter() > until)
        values = _counts(found)
        _log_clients(found)
    except Exception:
        # Lambda writes it, too, but without stage and function.
        _log.exception("failed")
        values["SweepFailed"] = 1
        raise
    finally:
        values["SweepMs"] = round((time.perf_counter() - started) * 1_000, 1)
        values["Calls"] = reading.calls
        metrics.emit("swept", UNITS, values, now=now)
    if found.unread_days:
        raise SweepUnfinished(f"not all of {', '.join(found.unread_days)}")


def _counts(found: Sweep) -> dict[str, metrics.Values]:
    stalled = sum(found.stalled.values())
    failed = 1 if found.unread_days else 0
    values: dict[str, metrics.Values] = {"SweepFailed": failed, "Queued": found.queued}
    if found.unread_days:
        counted = sum(found.running.values())
        _log.error(
            "unfinished",
            extra={
                "days": list(found.unread_days),
                "counted": counted,
                "running": found.all_running,
                "stalled_at_least": stalled,
            },
        )
        values["Running"] = found.all_running
        if stalled:
            values["Stalled"] = stalled
    else:
        values |= {"Running": sum(found.running.values()), "Stalled": stalled}
    if found.newest_event_age_seconds is not None:
        values["NewestEventAgeSeconds"] = round(found.newest_event_age_seconds, 1)
    return values


def _log_clients(found: Sweep) -> None:
    """Write a line for each client with running jobs, those with the most stalled ones first."""
    ranked = sorted(found.running, key=lambda one: (-found.stalled[one], -found.running[one], one))
    for client_id in ranked[:_MOST_CLIENTS]:
        counts = {"running": found.running[client_id], "stalled": found.stalled[client_id]}
        _log.info("running", extra={"client_id": client_id, **counts})
