"""Measure one hot job: eight writers add a hundred thousand deltas, and none is lost.

DynamoDB takes at most 1,000 write units a second on one item. A counter item that each delta
updates reaches that limit, and one transaction a delta reaches half of it. The writer turns a batch
into one update of the job, so the item gets far fewer writes than there are deltas.

The figure is taken with the stand-in behind a loopback server. The local AWS runs one transaction
after the other and so never shows a conflict; the stand-in holds the items of a transaction for as
long as DynamoDB typically does, and cancels other transactions on them. The server is one Python
process on the same machine, so the rate is a lower bound that depends on the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from unittest import mock

from tests.benchmarks.figures import Figure, quiet
from tests.support.dynamo.answering_server import Server, answering_server
from tests.support.dynamo.sizing import started_kb
from tests.support.dynamo.writer_process import Context
from tests.support.stacks.local_stack import ROOT

from run_ledger import writer
from run_ledger.store.dynamo.connection import dynamodb
from run_ledger.store.items.log_items import entries_of

from . import mixes

WRITERS = 8
DELTAS = 100_000
HOLD_SECONDS = 0.01
MOST_UNITS_AN_ITEM = 1_000
GOAL = 5_000
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class Race:
    """What the writers' race gave."""

    seconds: float
    transactions: int
    cancelled: int
    deliveries: int
    job_kb: int

    @property
    def deltas_per_second(self) -> float:
        """Return the rate."""
        return DELTAS / self.seconds

    @property
    def units_per_second(self) -> float:
        """Return the write units a second on the job's item; cancelled transactions count."""
        return 2 * self.job_kb * self.transactions / self.seconds

    @property
    def units_per_delta(self) -> float:
        """Return the write units on the job's item for each delta."""
        return 2 * self.job_kb * self.transactions / DELTAS


def deltas_per_second() -> Figure:
    """Measure deltas a second; a plain counter item reaches at most a thousand writes."""
    result = race()
    return Figure(
        "hot_job_deltas_per_second",
        result.deltas_per_second,
        "deltas/s",
        MOST_UNITS_AN_ITEM,
        goal=GOAL,
        notes=(
            f"{DELTAS:,} deltas, {WRITERS} writers, {result.deliveries:,} deliveries: exact",
            f"{result.transactions:,} transactions, {result.cancelled:,} of them cancelled",
            "baseline: one update an item and delta, at DynamoDB's most of 1,000 units a second",
            f"at 1,000 units a second on the item: {1000 / result.units_per_delta:,.0f} deltas/s",
        ),
    )


def write_units_per_second() -> Figure:
    """Measure the write units on the job's item, beside the most that an item takes."""
    result = race()
    return Figure(
        "hot_job_write_units_per_second",
        result.units_per_second,
        "write units/s",
        MOST_UNITS_AN_ITEM,
        goal=MOST_UNITS_AN_ITEM,
        more_is_better=False,
        notes=(f"{result.units_per_delta:.3f} units on the job's item for each delta",),
    )


@cache
def race() -> Race:
    """Let the writers post to one job, and check that no delta is lost or counted twice."""
    with answering_server(HOLD_SECONDS) as server:
        _start_job(server)
        started, counts = _run_writers(server)
        seconds = time.monotonic() - started
        (job,) = server.items("jobs")
        entries = sum(len(entries_of(item)) for item in server.items("entries"))
    counted = {name: int(job[name]["N"]) for name in ("n", "c_records_ok", "c_input_tokens")}
    wanted = {
        "n": DELTAS + 1,
        "c_records_ok": DELTAS,
        "c_input_tokens": sum(range(DELTAS)),
    }
    assert (counted, entries) == (wanted, DELTAS + 1), f"not exact: {counted}, {entries} entries"
    return Race(
        seconds,
        transactions=sum(one["transactions"] for one in counts),
        cancelled=sum(one["cancelled"] for one in counts),
        deliveries=sum(one["messages"] for one in counts),
        job_kb=started_kb(job),
    )


def _start_job(server: Server) -> None:
    with mock.patch.dict(os.environ, server.environment), quiet():
        dynamodb.cache_clear()
        writer._ledger.cache_clear()
        writer.handler({"Records": [mixes.hot_start()]}, Context())
        dynamodb.cache_clear()
        writer._ledger.cache_clear()


def _run_writers(server: Server) -> tuple[float, list[dict[str, int]]]:
    """Return when the writers, all ready, were started, and what each wrote at its end."""
    environment = {
        **os.environ,
        **server.environment,
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "backend", ROOT / "infra", ROOT))),
    }
    writers = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.benchmarks.writer.hot_writer"),
                *(str(number), str(DELTAS // WRITERS)),
            ],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    try:
        for one in writers:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
        started = time.monotonic()
        for one in writers:
            assert one.stdin
            one.stdin.write("go\n")
            one.stdin.flush()
        answers = [one.communicate(timeout=PATIENCE_SECONDS)[0] for one in writers]
        return started, [json.loads(answer) for answer in answers]
    finally:
        for one in writers:
            one.kill()
            one.wait()
