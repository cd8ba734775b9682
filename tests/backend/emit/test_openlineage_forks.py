"""The transport in a forked process that ends at once, whatever the bus does meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.producers.buses import Entry, WillingBus, served

from run_ledger.emit.delivery.spool_folders import spool_folders

pytestmark = pytest.mark.machine_clock

ROOT = Path(__file__).resolve().parents[3]
# As Airflow does it: the client is made in a child that ends past all exit hooks.
PROGRAM = """
import json
import os
import sys
import time
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import RunState
from tests.support.producers.lineage import run_event

options = json.loads(sys.argv[1])
for name in sys.argv[2:]:
    child = os.fork()
    if child == 0:
        client = OpenLineageClient(config={"transport": {
            "type": "run_ledger.emit.openlineage.RunLedgerTransport", "client_id": "acme", **options
        }})
        state = RunState[name]
        client.emit(run_event(state, rows=7 if state == RunState.COMPLETE else None))
        print(json.dumps(client.transport.stats()), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


class ChangingBus(WillingBus):
    """A bus that does what a test says at the time."""

    def __init__(self) -> None:
        """Begin well."""
        super().__init__()
        self.does = "well"
        self.may_answer = threading.Event()

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Accept all, fail, throttle, or keep the caller waiting and then accept nothing."""
        if self.does == "hangs":
            self.may_answer.wait(60)
        if self.does in {"hangs", "fails"}:
            raise ConnectionError(self.does)
        if self.does == "throttles":
            return {"Entries": [{"ErrorCode": "ThrottlingException"} for _ in Entries]}
        return super().put_events(Entries=Entries)


@pytest.fixture
def bus() -> Iterator[ChangingBus]:
    """Give the bus; what hangs is let go at the end."""
    bus = ChangingBus()
    yield bus
    bus.may_answer.set()


@contextmanager
def environment_of(bus: WillingBus, folder: Path) -> Iterator[dict[str, str]]:
    """Serve *bus*, and give the environment of a program that reports to it."""
    with served(bus) as found:
        yield {
            **os.environ,
            **found,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "backend"), str(ROOT))),
            "RUN_LEDGER_BUS": "bus",
            "RUN_LEDGER_SPOOL": str(folder / "spool"),
        }


def run(environment: dict[str, str], *states: str, **options: Any) -> list[dict[str, int]]:
    """Emit *states*, each in a child of its own; return the children's counts."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(options), *states],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("trouble", ["hangs", "fails", "throttles"])
def test_what_a_dead_child_could_not_send_is_sent_by_the_next(
    tmp_path: Path, bus: ChangingBus, trouble: str
) -> None:
    """Each event is on disk when `emit` returns, is not called sent, and arrives later."""
    bus.does = trouble
    with environment_of(bus, tmp_path) as environment:
        counts = run(environment, "START", "COMPLETE", flush_seconds=0.2)
        kept = sum(folder.events for folder in spool_folders(tmp_path / "spool"))
        bus.does = "well"
        bus.may_answer.set()
        assert run(environment, "RUNNING", flush_seconds=20)[0]["sent"] == 1

    assert [(one["sent"], one["kept"], one["unsafe"]) for one in counts] == [(0, 1, 0)] * 2
    assert kept == 2  # one for each run event
    (job,) = bus.jobs.values()
    assert job.outcome == "succeeded"
    assert job.counters == {"records_ok": 7, "output_files": 1}
    assert list((tmp_path / "spool").rglob("*.spool")) == []


def test_an_event_that_is_not_waited_for_is_on_disk_all_the_same(
    tmp_path: Path, bus: ChangingBus
) -> None:
    """With `flush_seconds: 0` too, a child may end as soon as `emit` has returned."""
    bus.does = "hangs"
    with environment_of(bus, tmp_path) as environment:
        run(environment, "START", "COMPLETE", flush_seconds=0)

    assert sum(folder.events for folder in spool_folders(tmp_path / "spool")) == 2
