"""Processes that are killed, fork, share a job with workers, or end in any way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.producers.buses import MoodyBus, WillingBus, dice, jobs_of, served
from tests.support.producers.reporting import taken
from tests.support.stacks.local_stack import wait_for

from run_ledger.domain.state.job import Job
from run_ledger.emit.delivery.bus import EventBus
from run_ledger.emit.delivery.draining import drain
from run_ledger.emit.delivery.spool_folders import spool_folders

pytestmark = pytest.mark.machine_clock

ROOT = Path(__file__).resolve().parents[4]


def start(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a program of `tests.support.producers.reporting`."""
    paths = os.pathsep.join(map(str, (ROOT / "backend", ROOT)))
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.producers.reporting",
            arguments[0],
            folder,
            *arguments[1:],
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def settled(folder: Path, taken_so_far: WillingBus | None = None) -> dict[str, Job]:
    """Return the jobs that come of what the bus took and of what lies in the spool."""
    rest = WillingBus()
    for spool in spool_folders(folder / "spool"):
        outcome = drain(spool.spool, EventBus(spool.target, rest), sleep=lambda _: None)
        assert (outcome.trouble, outcome.dropped) == (None, 0)
    before = taken_so_far.entries if taken_so_far else taken(folder / "bus")
    return jobs_of([*before, *rest.entries])


@pytest.mark.parametrize("seed", range(8))
def test_a_kill_loses_nothing_that_was_flushed(tmp_path: Path, seed: int) -> None:
    """At whatever point a process is killed, the total is between what it flushed and what it did.

    Its bus fails half of the time, so some of that is with the bus and some on the disk.
    """
    process = start(tmp_path, "busy", str(seed))
    assert process.stdout
    for _ in range(1 + seed * 3):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate(timeout=30)
    flushed = [int(line) for line in said.splitlines() if line]
    begun = int((tmp_path / "begun").read_text())

    total = settled(tmp_path)["j"].counters["records_ok"]

    assert (flushed[-1] if flushed else 1) <= total <= begun


@pytest.mark.parametrize(
    ("how", "code", "outcome", "total"),
    [
        ("return", 0, "succeeded", 7),
        ("exit", 3, "failed", 7),
        ("raise", 1, "failed", 7),
        ("interrupt", -signal.SIGINT, "cancelled", 7),
        ("thread", 0, "succeeded", 8),
        ("silently", 0, "succeeded", 7),
        ("dropped", 0, "succeeded", 7),
        ("unreachably", 0, "succeeded", 7),
    ],
)
def test_the_end_of_a_program_loses_nothing(
    tmp_path: Path, how: str, code: int, outcome: str, total: int
) -> None:
    """However a program ends by itself, with whatever bus, its last events are safe."""
    process = start(tmp_path, "exits", how)
    process.communicate(timeout=60)

    job = settled(tmp_path)["j"]

    assert process.returncode == code
    assert (job.outcome, job.counters["records_ok"]) == (outcome, total)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize(("interval", "total"), [("0.01", 5), ("3600", None)])
def test_a_kill_while_the_bus_hangs_costs_one_interval(
    tmp_path: Path, number: int, interval: str, total: int | None
) -> None:
    """The start is on disk at once, and sums at each interval, before anything is sent."""
    process = start(tmp_path, "stuck", interval)
    assert process.stdout
    assert process.stdout.readline() == "added\n"

    def kept() -> int:
        return sum(folder.events for folder in spool_folders(tmp_path / "spool"))

    wait_for("the events on disk", lambda: kept() == (2 if total else 1), 60)
    process.send_signal(number)
    process.communicate(timeout=60)

    job = settled(tmp_path)["j"]
    assert process.returncode == -number
    assert (job.outcome, job.counters.get("records_ok")) == ("running", total)


def test_a_fork_counts_nothing_twice(tmp_path: Path) -> None:
    """The child reports what it adds itself, not what the parent had not sent; one ends the job."""
    process = start(tmp_path, "forks")
    _, errors = process.communicate(timeout=60)
    entries = taken(tmp_path / "bus")

    jobs = settled(tmp_path)

    assert process.returncode == 0, errors
    assert jobs["j"].counters["records_ok"] == 102
    assert {name: job.counters["records_ok"] for name, job in jobs.items() if name != "j"} == {
        "own-True": 5,
        "own-False": 5,
    }
    ends = [one for one in entries if '"completed"' in one["Detail"] and '"j"' in one["Detail"]]
    assert len(ends) == 1
    assert {job.outcome for job in jobs.values()} == {"succeeded"}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_pools_share_a_job(tmp_path: Path, method: str) -> None:
    """Workers that get the job as an argument, or inherit it, add to it; only its block ends it."""
    bus = MoodyBus(dice(1, ["well", "well", "some"]))
    with served(bus) as environment:
        process = start(tmp_path, "pools", method, environment=environment)
        _, errors = process.communicate(timeout=120)

    job = settled(tmp_path, bus)["j"]

    assert process.returncode == 0, errors
    inherited = 3 if method == "fork" else 0
    assert job.counters == {"records_ok": 1000 + 3 * sum(range(20)) + inherited}
    assert job.outcome == "succeeded"
    assert len(bus.entries) < 40
