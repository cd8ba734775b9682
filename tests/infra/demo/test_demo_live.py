"""The demo's live jobs, as they reach the bus, and the processes that run them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.support.stacks.local_stack import is_running, wait_for

from run_ledger.domain.contract import events as contract
from run_ledger.domain.state import job as ledger_job
from run_ledger.emit import RunLedger
from run_ledger_ops.demo.live.runner import PIPELINES, Runner
from run_ledger_ops.demo.live.worker import SPOOL

INFRA = Path(__file__).resolve().parents[3] / "infra"
AT = datetime(2026, 3, 5, 14, 30, 12, tzinfo=UTC)


class Bus:
    """A bus that takes everything."""

    def __init__(self) -> None:
        self.entries: list[Mapping[str, str]] = []

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take a call."""
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "x"} for _ in Entries]}

    def events(self, kind: str) -> list[contract.Event]:
        """Give what came, through the ledger's own decoder, repeats removed."""
        found = {}
        for entry in self.entries:
            assert entry["Source"] == "run-ledger.demo"
            envelope = {
                "id": "of-the-bus",
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "time": "2026-03-05T14:30:12Z",
                "detail": json.loads(entry["Detail"]),
            }
            event = contract.decode(json.dumps(envelope))
            found[event.event_id] = event
        return [event for event in found.values() if event.kind == kind]

    def jobs(self) -> list[ledger_job.Job]:
        """Give the jobs that the events come to."""
        by_id: dict[str, list[contract.Event]] = {}
        for event in self.events("job"):
            by_id.setdefault(event.entity_id, []).append(event)
        return [ledger_job.fold(None, events) for events in by_id.values()]


def run_jobs(key: str, numbers: Sequence[int], folder: Path, sleep: Any = lambda _: None) -> Bus:
    """Run the line's jobs of these numbers, in no time, and give the bus."""
    bus = Bus()
    ledger = RunLedger("bus", source="run-ledger.demo", spool=folder, client=bus)
    runner = Runner(PIPELINES[key], ledger, sleep=sleep, dice=Random(7))
    try:
        runner.introduce()
        for number in numbers:
            runner.run(number, AT, 60)
    finally:
        assert ledger.close(30)
    return bus


@pytest.mark.parametrize("key", PIPELINES)
def test_each_record_is_counted_once(key: str, tmp_path: Path) -> None:
    """Every job that was done accounts for all its records, and its project is known."""
    bus = run_jobs(key, range(20), tmp_path)
    jobs = bus.jobs()

    assert len(jobs) == 20
    for job in jobs:
        done = [job.counters.get(f"records_{what}", 0) for what in ("ok", "failed", "skipped")]
        total = (
            job.latest_values["records_total"].value
            if "records_total" in job.latest_values
            else None
        )
        last = job.attempts[job.attempt].ended
        assert last is not None
        assert last.result == ("failed" if total is None else "partial" if done[1] else "succeeded")
        assert bool(last.error) == (last.result != "succeeded")
        assert total in (None, sum(done))
        assert job.project_id == PIPELINES[key].project_id
    assert {event.entity_id for event in bus.events("project")} == {PIPELINES[key].project_id}


def test_results_have_the_causes_that_records_have(tmp_path: Path) -> None:
    """Dirty stretches end in part, a changed export fails twice, a wide search once."""
    contacts = run_jobs("contacts", range(12), tmp_path / "contacts").jobs()
    assert {job.outcome for job in contacts} == {"succeeded", "partial", "failed"}
    (broken,) = (job for job in contacts if job.outcome == "failed")
    ended = broken.attempts[2].ended
    assert ended is not None
    assert ended.error is not None
    assert "no column" in ended.error.message

    suppliers = run_jobs("suppliers", range(12), tmp_path / "suppliers").jobs()
    assert {job.outcome for job in suppliers} == {"succeeded"}
    assert {job.attempt for job in suppliers} == {1, 2}
    assert sum(job.counters.get("left_to_a_person", 0) for job in suppliers) > 0


def test_everything_is_marked_as_demo(tmp_path: Path) -> None:
    """Ids, names and tags say what this is; and that its records are made up."""
    for event in run_jobs("products", [1], tmp_path).events("job"):
        detail = json.loads(event.detail)
        assert detail["job_id"].startswith("demo-")
        assert detail["project_id"].startswith("demo-")
        if "name" in detail:
            assert detail["name"].startswith("Demo · ")
            assert detail["tags"] == {"demo": "true", "records": "made up"}


def test_a_job_that_is_stopped_is_cancelled(tmp_path: Path) -> None:
    """Who stops the demo cancels the job under way, with what it has done so far."""

    class Stopped(BaseException):
        """A signal came."""

    naps = iter(range(10))

    def sleep(_: float) -> None:
        if next(naps, None) is None:
            raise Stopped

    bus = Bus()
    ledger = RunLedger("bus", source="run-ledger.demo", spool=tmp_path, client=bus)
    runner = Runner(PIPELINES["contacts"], ledger, sleep=sleep, dice=Random(7))
    with pytest.raises(Stopped):
        runner.run(0, AT, 60)
    assert ledger.close(30)

    (job,) = bus.jobs()
    assert job.outcome == "cancelled"
    assert job.counters["records_ok"] == 11


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_processes_even_if_the_bus_is_mute(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The demo stops by itself, saying so, though the bus owes it answers; none of it stays."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        demo = start_demo(tmp_path, mute.getsockname()[1])
        mute.settimeout(60)
        connections = [mute.accept()[0] for _ in range(4)]  # three pipelines and the back-fill
        family = descendants(demo.pid)
        demo.send_signal(number)
        _, said = demo.communicate(timeout=60)
        for connection in connections:
            connection.close()
    assert demo.returncode == 0
    assert len(family) == 3
    assert not [pid for pid in family if is_running(pid)]
    first, *between, last = said.splitlines()
    assert (first, last) == (
        "demo: three pipelines begin about 60 jobs a minute",
        "demo: stopped",
    )
    assert all(line.startswith("events do not reach the ledger (no answer") for line in between)
    assert len(between) <= 3, "each pipeline says once where its events are"
    assert list((tmp_path / SPOOL).rglob("*")), "what the bus did not take waits on the disk"


def test_a_demo_that_is_killed_takes_its_pipelines_along(tmp_path: Path) -> None:
    """Even SIGKILL leaves nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        demo = start_demo(tmp_path, mute.getsockname()[1])
        mute.settimeout(60)
        connections = [mute.accept()[0] for _ in range(4)]
        family = descendants(demo.pid)
        demo.kill()
        demo.communicate(timeout=60)
        wait_for("the end of the pipelines", lambda: not any(map(is_running, family)), 60)
        for connection in connections:
            connection.close()
    assert len(family) == 3


def start_demo(folder: Path, port: int) -> subprocess.Popen[str]:
    """Start the demo as a program, with a bus at this port."""
    stack = {
        "aws_endpoint_url": f"http://127.0.0.1:{port}",
        "region": "eu-west-1",
        "access_key_id": "key",
        "secret_access_key": "secret",
        "event_bus_name": "ledger",
        "issuer": "https://issuer.example/pool",
    }
    (folder / "stack.json").write_text(json.dumps(stack))
    path = os.pathsep.join((str(INFRA), str(INFRA.parent / "backend")))
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "run_ledger_ops.demo", "--jobs-per-minute", "60"),
            *("--stack", str(folder / "stack.json")),
        ],
        env=os.environ | {"PYTHONPATH": path, "NO_PROXY": "127.0.0.1"},
        stderr=subprocess.PIPE,
        text=True,
    )


def descendants(pid: int) -> list[int]:
    """Give the processes that this one started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in children.split()]
