"""The prover: every quarter of an hour, it goes on recounting jobs that have settled.

It changes no job and no total, and keeps how far it is. A job that differs from its entries is told
in the log, by ids and names of attributes, and counted by the metric `Differing` for as long as it
does. Where a run fails, or stays far behind, the function fails, so that its errors raise an alarm;
the next run goes on where the last one stopped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from run_ledger import logs, metrics, settings
from run_ledger.domain.instants import DAY, HOUR, MICROSECONDS, Instant, text
from run_ledger.settings import Settings
from run_ledger.store.dynamo.connection import MOST_CONNECTIONS, dynamodb
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.proof.frontier import Differing
from run_ledger.store.proof.proving import prove

_log = logging.getLogger(__name__)

UNITS: Mapping[str, metrics.Unit] = {"Differing": "Count"}
MOST_BEHIND = 6 * HOUR
"""Further behind than this, in microseconds, a run fails; an hour of it is the settling."""
MOST_ROWS_BEHIND = DAY + MOST_BEHIND
"""The same of rollup rows, which on a busy day are recounted once it is over."""
# Time for the step at hand, once no further one is begun, and to write the line.
_RESERVE_SECONDS = 60.0
_MOST_LINES = 50


class ProofBehind(Exception):
    """The proof is so far behind that people should know."""


@cache
def _tools() -> tuple[Settings, ThreadPoolExecutor]:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="prover")
    return configuration, ThreadPoolExecutor(MOST_CONNECTIONS, "prover")


def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001 - a schedule's event is empty
    """Go on with the proof, and write one line with what was done.

    Raises what the store raises, and ProofBehind where the proof is more than `MOST_BEHIND` behind,
    or that of rows more than `MOST_ROWS_BEHIND`.
    """
    configuration, executor = _tools()
    logs.begin(context)
    started = time.perf_counter()
    seconds = context.get_remaining_time_in_millis() / 1_000
    until = started + seconds - _RESERVE_SECONDS
    reading = Reading(dynamodb(), configuration.tables, executor, seconds)
    now = Instant(time.time_ns() // 1_000)
    proof = prove(reading, now, lambda: time.perf_counter() > until)
    _tell(proof.found)
    behind = now - proof.frontier.proved_to
    values: dict[str, metrics.Values] = {
        "Judged": proof.judged,
        # Without a value the metric costs nothing.
        "Differing": proof.differing or [],
        "BehindSeconds": behind // MICROSECONDS,
        "ProveMs": round((time.perf_counter() - started) * 1_000, 1),
        "Calls": reading.calls,
    }
    extra = {"proved_to": text(proof.frontier.proved_to), "overtaken": proof.is_overtaken}
    metrics.emit("proved", UNITS, values, now=now, extra=extra)
    if behind > MOST_BEHIND and not proof.is_overtaken:
        raise ProofBehind(f"proved to {extra['proved_to']} only")
    rows = proof.rows_proved_to
    if rows is not None and now - rows > MOST_ROWS_BEHIND and not proof.is_overtaken:
        raise ProofBehind(f"rows proved to {text(rows)} only")


def _tell(found: Sequence[Differing]) -> None:
    """Write a line for each job that differs, up to a number."""
    for one in found[:_MOST_LINES]:
        _log.error(
            "differs",
            extra={
                "client_id": one.client_id,
                f"{one.kind}_id": one.id,
                "attributes": [each.attribute for each in one.differences],
            },
        )
