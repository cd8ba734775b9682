"""The transport as the real OpenLineage client makes, configures, feeds and closes it."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import DatasetEvent, Job, JobEvent, RunState, StaticDataset
from tests.support.producers.buses import WillingBus, served
from tests.support.producers.lineage import (
    NAMESPACE,
    PRODUCER,
    Recorder,
    described,
    folded,
    run_event,
)

from run_ledger.emit.openlineage import RunLedgerConfig, RunLedgerTransport

ROOT = Path(__file__).resolve().parents[3]
TYPE = "run_ledger.emit.openlineage.RunLedgerTransport"
AT = "2020-12-17T03:00:00.000Z"


@pytest.fixture(autouse=True)
def _no_configuration_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the client find nothing but what a test gives it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def client_with(ledger: Any, **options: Any) -> OpenLineageClient:
    """Make a client that reports to *ledger* with these options."""
    client = OpenLineageClient(config={"transport": {"type": TYPE, **options}})
    transport(client)._ledger = ledger
    return client


def transport(client: OpenLineageClient) -> RunLedgerTransport:
    """Give the client's transport, which must be ours."""
    assert isinstance(client.transport, RunLedgerTransport)
    return client.transport


def test_the_real_client_reports_a_run() -> None:
    """What the client emits, tags of its own included, arrives as the job."""
    ledger = Recorder()
    client = client_with(ledger, client_id="acme", project_id="warehouse")

    client.emit(described(RunState.START))
    client.emit(described(RunState.RUNNING))
    client.emit(described(RunState.FAIL))
    assert client.close(5)

    job = folded(ledger.sent)
    assert job.outcome == "failed"
    assert job.counters["records_ok"] == 10
    assert job.project_id == "warehouse"
    assert "openlineage_client_version" not in str(ledger.sent)
    assert transport(client).stats()["sent"] == 3
    assert ledger.closed == [5]


def test_a_file_configures_it(tmp_path: Path) -> None:
    """`openlineage.yml` in the working folder is enough."""
    (tmp_path / "openlineage.yml").write_text(
        f"""
transport:
  type: {TYPE}
  bus: my-bus
  region: eu-central-1
  client_id: acme
  namespaces:
    my-scheduler-*: {{client_id: globex, pipeline: "{{root}}"}}
  tags: {{stage: prod}}
  heartbeat_seconds: 600
  flush_seconds: 0
"""
    )
    client = OpenLineageClient()
    config = transport(client)._config
    ledger = transport(client)._ledger = Recorder()

    client.emit(run_event(RunState.START))

    assert config.problem is None
    assert config.target == {"bus": "my-bus", "region": "eu-central-1"}
    (detail,) = ledger.sent
    assert (detail["client_id"], detail["pipeline"]) == ("globex", "myjob")
    assert detail["tags"] == {"stage": "prod", "namespace": NAMESPACE}
    assert detail["heartbeat_seconds"] == 600
    assert ledger.delivered == [0.0]


def test_the_environment_configures_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So do variables, as Airflow and dbt are usually told."""
    options = {
        "TYPE": TYPE,
        "BUS": "my-bus",
        "CLIENT_ID": "acme",
        "NAMESPACES": json.dumps({NAMESPACE: {"project_id": "nightly"}}),
    }
    for name, value in options.items():
        monkeypatch.setenv(f"OPENLINEAGE__TRANSPORT__{name}", value)
    client = OpenLineageClient()
    ledger = transport(client)._ledger = Recorder()

    client.emit(run_event(RunState.START))

    (detail,) = ledger.sent
    assert (detail["client_id"], detail["project_id"]) == ("acme", "nightly")
    assert ledger.delivered == [2.0]


def test_events_about_datasets_and_jobs_alone_are_counted_and_left() -> None:
    """They have no run, so there is nothing to report."""
    ledger = Recorder()
    client = client_with(ledger, client_id="acme")

    client.emit(DatasetEvent(eventTime=AT, producer=PRODUCER, dataset=StaticDataset("ns", "t")))
    client.emit(JobEvent(eventTime=AT, producer=PRODUCER, job=Job("ns", "j")))

    assert ledger.sent == []
    assert transport(client).stats() == {
        "sent": 0,
        "kept": 0,
        "unsafe": 0,
        "dataset_events": 1,
        "job_events": 1,
        "left_out": 0,
        "unusable_events": 0,
        "faults": 0,
    }


def test_the_clients_older_classes_are_taken_too() -> None:
    """Producers that still use the first generation of classes report as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from openlineage.client import run as first  # noqa: PLC0415 deprecated, which it says

        event = first.RunEvent(
            first.RunState.COMPLETE,
            AT,
            first.Run("3b452093-782c-4ef2-9c0c-aafe2aa6f34d"),
            first.Job("ns", "j"),
            PRODUCER,
        )
        ledger = Recorder()
        client_with(ledger, client_id="acme").emit(event)

    assert folded(ledger.sent).outcome == "succeeded"


def test_statistics_of_a_run_count_once() -> None:
    """The same end again adds nothing; a later word replaces the earlier one."""
    ledger = Recorder()
    client = client_with(ledger, client_id="acme")

    client.emit(run_event(RunState.COMPLETE, rows=5))
    client.emit(run_event(RunState.COMPLETE, rows=5))
    client.emit(run_event(RunState.COMPLETE, "2020-12-17T03:00:01.000Z", rows=9))

    assert len({one["event_id"] for one in ledger.sent}) == 2
    assert folded(ledger.sent).counters["records_ok"] == 9


def test_a_bus_that_lets_events_wait_is_waited_for_once() -> None:
    """One event waits in vain; the next ones are put on disk alone, and not called sent."""
    ledger = Recorder()
    ledger.is_stuck = True
    client = client_with(ledger, client_id="acme")

    for _ in range(3):
        client.emit(run_event(RunState.START))

    assert ledger.delivered == [2.0, 0.0, 0.0]
    assert transport(client).stats()["kept"] == 3
    assert transport(client).stats()["sent"] == 0


class Broken(Recorder):
    """A ledger that can do nothing."""

    def send(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Fail."""
        raise RuntimeError("broken inside")

    def close(self, timeout: float) -> bool:
        """Fail."""
        raise RuntimeError("broken inside")


def test_nothing_raises_into_the_pipeline(caplog: pytest.LogCaptureFixture) -> None:
    """A fault inside is counted with each event and logged once."""
    client = client_with(Broken(), client_id="acme")

    for _ in range(3):
        client.emit(run_event(RunState.START))
    transport(client).emit("no event at all")

    assert client.close() is False
    assert transport(client).stats()["faults"] == 4
    said = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert sum("broken inside" in line for line in said) == 2  # of emitting, and of closing


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "client_id is missing"),
        ({"client_id": ""}, "client_id is ''; allowed: text"),
        ({"client_id": ["a"]}, "client_id is ['a']; allowed: text"),
        ({"client_id": "a", "projectid": "p"}, "unknown option 'projectid'; allowed: airflow_"),
        ({"client_id": "a", "heartbeat_seconds": 0}, "heartbeat_seconds is 0; allowed: an integer"),
        ({"client_id": "a", "airflow_attempts": "never"}, "allowed: true or false"),
        ({"client_id": "a", "namespaces": ["x"]}, "namespaces is ['x']; allowed: a mapping"),
        ({"client_id": "a", "namespaces": {"x": "y"}}, "x is 'y'; allowed: a mapping"),
        ({"client_id": "a", "flush_seconds": "soon"}, "could not convert string to float: 'soon'"),
    ],
)
def test_a_wrong_configuration_is_said_once_and_raises_nothing(
    options: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The pipeline goes on; whoever reads the log learns what is wrong and what is allowed."""
    ledger = Recorder()
    client = client_with(ledger, **options)

    client.emit(run_event(RunState.START))
    client.emit(run_event(RunState.COMPLETE))

    assert ledger.sent == []
    assert transport(client).stats()["unusable_events"] == 2
    assert sum(words in record.message for record in caplog.records) == 2


def test_closing_waits_no_longer_than_asked_and_never_for_good() -> None:
    """The client's -1 means for ever, which a pipeline must not feel."""
    ledger = Recorder()
    made = RunLedgerTransport(RunLedgerConfig({"client_id": "acme"}), ledger)

    made.close()
    made.close(0)
    made.close(99)

    assert ledger.closed == [5.0, 0, 5.0]
    assert RunLedgerTransport(RunLedgerConfig({"client_id": "acme"})).close()


def test_emitting_alone_does_not_need_the_client() -> None:
    """`run_ledger.emit` comes without OpenLineage: only this module imports it."""
    code = "import sys, run_ledger.emit; sys.exit('openlineage' in sys.modules)"
    path = {"PYTHONPATH": str(ROOT / "backend")}

    done = subprocess.run([sys.executable, "-c", code], env=path, check=False)

    assert done.returncode == 0


def test_a_process_that_ends_without_a_farewell_has_reported(tmp_path: Path) -> None:
    """Airflow reports from a forked process that ends at once: what it emitted is with the bus."""
    program = f"""
import os
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import RunState
from tests.support.producers.buses import WillingBus, served
from tests.support.producers.lineage import run_event

client = OpenLineageClient(config={{"transport": {{"type": "{TYPE}", "client_id": "acme"}}}})
for state, rows in ((RunState.START, None), (RunState.COMPLETE, 7)):
    child = os.fork()
    if child == 0:
        client.emit(run_event(state, rows=rows))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
    bus = WillingBus()
    with served(bus) as found:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={
                **os.environ,
                **found,
                "PYTHONPATH": os.pathsep.join((str(ROOT / "backend"), str(ROOT))),
                "RUN_LEDGER_BUS": "bus",
                "RUN_LEDGER_SPOOL": str(tmp_path / "spool"),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    (job,) = bus.jobs.values()
    assert job.outcome == "succeeded"
    assert job.counters == {"records_ok": 7, "output_files": 1}
    assert {entry["Source"] for entry in bus.entries} == {"run-ledger.openlineage"}
