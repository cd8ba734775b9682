"""Reporting through `run_ledger.emit` and the command, on the running system, seen by the API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.readers.ledger_http import Stack, get, machine_token
from tests.support.stacks.local_stack import LocalStack, wait_for

from run_ledger.emit import RunLedger
from run_ledger.emit.delivery.spool_folders import spool_folders

pytestmark = pytest.mark.local_stack

ROOT = Path(__file__).resolve().parents[2]
RECORDING = ROOT / "tests/events/lineage/dbt-structured-logs.ndjson"
OWNER = {"client_id": "emit-client", "project_id": "emit-project"}


class Forgetful:
    """The real bus, whose answer gets lost now and then after it took the events."""

    def __init__(self, client: Any) -> None:
        """Send with *client*."""
        self._client = client
        self.calls = 0

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Send, and lose every other answer."""
        self.calls += 1
        answer: Mapping[str, Any] = self._client.put_events(Entries=Entries)
        if self.calls % 2:
            raise TimeoutError("the answer got lost")
        return answer


def job_of(stack: Stack, token: str, job_id: str) -> dict[str, Any]:
    """Return the job as the API shows it, once it is over."""

    def look() -> dict[str, Any] | None:
        answer = get(stack, f"/jobs/{job_id}", token)
        job: dict[str, Any] = answer.json() if answer.ok else {}
        return job if job.get("status") == "completed" else None

    return wait_for(f"the end of {job_id}", look, 120)


def test_a_job_reported_with_trouble_is_counted_once(
    running: LocalStack, stack: Stack, tmp_path: Path
) -> None:
    """Events that were sent again, because an answer got lost, change nothing."""
    bus = Forgetful(running.client("events"))
    ledger = RunLedger(stack["event_bus_name"], client=bus, spool=tmp_path, interval_seconds=0.05)
    with (  # noqa: PT012 - all of it belongs into the block
        pytest.raises(ValueError, match="no such record"),
        ledger.job(**OWNER, job_id="emit-1", records_total=500, tags={"by": "test"}) as job,
    ):
        for _ in range(500):
            job.add(records_ok=1, input_tokens=3)
        assert ledger.flush(60)
        job.stage("the end")
        raise ValueError("no such record")
    while ledger.stats().spool_bytes:
        assert ledger.flush(60)
    assert ledger.close(60)

    seen = job_of(stack, machine_token(stack), "emit-1")

    assert bus.calls > 1
    assert ledger.stats().retried > 0
    assert [folder.events for folder in spool_folders(tmp_path) if folder.events] == []
    assert (seen["result"], seen["stage"], seen["records_total"]) == ("failed", "the end", 500)
    assert seen["counters"] == {"records_ok": 500, "input_tokens": 1500}
    assert seen["error"]["message"] == "no such record"


def command(
    running: LocalStack, folder: Path, name: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run a command of `run-ledger` in *folder*, with the stack's file and a spool there."""
    main = "import sys; from run_ledger_ops.command import main; sys.exit(main())"
    where = ("--stack", running.state / "stack.json", "--spool", folder)
    return subprocess.run(
        [sys.executable, "-c", main, name, *map(str, (*where, *arguments))],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "backend", ROOT / "infra"))),
        },
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_command_runs_as_a_job(running: LocalStack, stack: Stack, tmp_path: Path) -> None:
    """With nothing but the stack's file; what its script adds is there, and its exit code."""
    owner = ("--client", "emit-client", "--project", "emit-project")
    script = ("sh", "-c", "echo no space left >&2; exit 3")
    named = ("--job", "emit-2", "--attempt", 1)
    done = command(running, tmp_path, "run", *owner, *named, "--", *script)

    seen = job_of(stack, machine_token(stack), "emit-2")

    assert (done.returncode, done.stderr) == (3, "no space left\n")
    assert (seen["result"], seen["name"]) == ("failed", "sh")
    assert (seen["error"]["type"], seen["error"]["message"]) == ("ExitCode3", "no space left")


def test_recorded_runs_are_jobs(running: LocalStack, stack: Stack, tmp_path: Path) -> None:
    """Events of OpenLineage from a file, fed twice and in another order, count once."""
    recording = RECORDING.read_text().splitlines()
    reordered = tmp_path / "reordered"
    reordered.write_text("\n".join(recording[::-1]))
    options = ("--client", "emit-client", "--job-types=-SQL", "--json")

    first = command(running, tmp_path, "openlineage", *options, RECORDING)
    again = command(running, tmp_path, "openlineage", *options, RECORDING, reordered)

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert json.loads(first.stdout)["reported"] == 10
    run_id = json.loads(recording[-1])["run"]["runId"]
    seen = job_of(stack, machine_token(stack), run_id)
    assert (seen["name"], seen["result"], seen["attempt"]) == ("dbt-run-shop", "failed", 1)
    assert (seen["client_id"], seen["project_id"]) == ("emit-client", "shop")
