"""OpenLineage over HTTP: what clients send becomes right jobs, and they hear what they expect."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from tests.backend.emit.lineage.test_cases import shown
from tests.support.producers.lineage import folded_jobs
from tests.support.readers.reporting import (
    Answered,
    ReportingHouse,
    reporting_house,
    run_event,
)

from run_ledger.doors.lineage_door import LINEAGE, LINEAGE_BATCH
from run_ledger.emit.lineage import LineageAdapter, LineageRules, Owner

BACKEND = Path(__file__).resolve().parents[3] / "backend"
EVENTS = Path(__file__).resolve().parents[2] / "events/lineage"
CASES = json.loads((EVENTS / "cases.json").read_text("utf-8"))


@pytest.fixture
def here() -> Iterator[ReportingHouse]:
    """Give a house in which a caller may send as much as a test needs."""
    with reporting_house() as house:
        house.events_per_second = 100_000
        yield house


@pytest.fixture
def key(here: ReportingHouse) -> str:
    """Give a key that may report for acme."""
    return here.key("acme")


def emit(here: ReportingHouse, key: str, event: Any, **headers: str) -> Answered:
    """Send one event."""
    return here.send(key, json.dumps(event), path=LINEAGE, **headers)


def batch(here: ReportingHouse, key: str, events: Sequence[Any]) -> Answered:
    """Send events together."""
    return here.send(key, json.dumps(events), path=LINEAGE_BATCH)


def assert_right(here: ReportingHouse, case: dict[str, Any]) -> None:
    """Compare the jobs that the bus's entries come to with those of the case."""
    details = [json.loads(entry["Detail"]) for entry in here.bus.entries]
    jobs = sorted(folded_jobs(details), key=lambda job: str(shown(job, {"name"})))
    assert [shown(job, set(right)) for job, right in zip(jobs, case["right"], strict=True)] == (
        case["right"]
    )


def summary(successful: int, retriable: int = 0, non_retriable: int = 0) -> dict[str, int]:
    """Return the summary of a request none of whose events is about a dataset or a job."""
    failed = retriable + non_retriable
    return {
        "received": successful + failed,
        "successful": successful,
        "failed": failed,
        "retriable": retriable,
        "non_retriable": non_retriable,
        "not_counted": 0,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_run_comes_out_right(here: ReportingHouse, key: str, case: dict[str, Any]) -> None:
    """Each event alone, all in one batch, and shuffled and sent again by other clients."""
    for event in case["events"]:
        assert emit(here, key, event).status == 200
    assert_right(here, case)
    dice = random.Random(7)
    for _ in range(3):
        here.bus.entries.clear()
        events = [*case["events"], *case["events"]]
        dice.shuffle(events)
        for event in events:
            emit(here, key, event)
        assert_right(here, case)
    assert batch(here, key, case["events"]).status == 200
    assert_right(here, case)


@pytest.mark.parametrize("name", ["dbt-artifacts", "dbt-structured-logs"])
def test_recorded_runs_come_to_the_same_as_by_the_transport(
    here: ReportingHouse, key: str, name: str
) -> None:
    """Though the transport remembers what the door does not."""
    lines = (EVENTS / f"{name}.ndjson").read_text("utf-8").splitlines()
    for line in lines:
        assert here.send(key, line, path=LINEAGE).status == 200
    details = [json.loads(entry["Detail"]) for entry in here.bus.entries]
    adapter = LineageAdapter(LineageRules(Owner("acme")))
    by_transport = [adapter.job_event(json.loads(line)) for line in lines]
    assert folded_jobs(details) == folded_jobs([one for one in by_transport if one is not None])


def test_a_client_hears_what_it_expects(here: ReportingHouse, key: str) -> None:
    """A plain 200 with what the specification has for batches, and a bound source on the bus."""
    reply = emit(here, key, run_event())
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.json == {"status": "success", "summary": summary(1), "failed_events": []}
    (entry,) = here.bus.entries
    assert (entry["Source"], entry["DetailType"]) == ("run-ledger/client/acme", "job_update")
    assert (reply.log["events"], reply.log["accepted"]) == (1, 1)


def test_a_packed_event_is_the_same_event(here: ReportingHouse, key: str) -> None:
    """Clients pack by configuration, and send again what was not answered: it counts once."""
    emit(here, key, run_event())
    packed = gzip.compress(json.dumps(run_event()).encode())
    assert here.send(key, packed, path=LINEAGE, Content_Encoding="gzip").status == 200
    first, second = here.bus.entries
    assert first == second


@pytest.mark.parametrize("about", ["dataset", "job"])
def test_what_is_about_no_run_is_taken_and_told(here: ReportingHouse, key: str, about: str) -> None:
    """A client that sends such events must not fail; nothing reaches the bus."""
    event = {
        "eventTime": "2026-11-22T14:00:00Z",
        "producer": "https://producer.example/1",
        about: {"namespace": "db", "name": "orders"},
    }
    reply = emit(here, key, event)
    assert (reply.status, reply.json["summary"]["not_counted"]) == (200, 1)
    assert not here.bus.entries


UNUSABLE = [
    (5, "the event is 5; allowed: a JSON object"),
    ([], "a JSON object"),
    ({}, "run.runId is None; allowed: text"),
    (run_event(run={}), "run.runId is None; allowed: text"),
    (run_event(job={"namespace": "a"}), "job.name is None; allowed: text"),
    (run_event(job={"name": "a"}), "job.namespace is None; allowed: text"),
    (run_event(eventTime="yesterday"), "eventTime is 'yesterday'; allowed: a time as"),
    (run_event(eventTime=None), "eventTime is None; allowed: a time as"),
]


@pytest.mark.parametrize(("event", "told"), UNUSABLE)
def test_an_event_that_cannot_be_used_is_refused_by_name(
    here: ReportingHouse, key: str, event: Any, told: str
) -> None:
    """With a status that no client tries again; in a batch, beside the others."""
    reply = emit(here, key, event)
    assert (reply.status, reply.headers["Content-Type"]) == (400, "application/problem+json")
    assert told in reply.json["detail"]
    assert not here.bus.entries
    reply = batch(here, key, [run_event(), event])
    assert (reply.status, reply.json["status"]) == (200, "partial_success")
    assert reply.json["summary"] == summary(1, non_retriable=1)
    (failed,) = reply.json["failed_events"]
    assert (failed["index"], failed["retriable"]) == (1, False)
    assert told in failed["reason"]


def test_a_bus_that_takes_nothing_is_told_so_that_clients_try_again(
    here: ReportingHouse, key: str
) -> None:
    """503 for one event and for a whole batch; of a part of a batch, which events these are."""
    here.bus.failure = ConnectTimeoutError(endpoint_url="https://bus.test")
    for reply in (emit(here, key, run_event()), batch(here, key, [run_event(), run_event("FAIL")])):
        assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    here.bus.failure = None
    here.bus.codes = ["ThrottlingException", None]
    reply = batch(here, key, [run_event(), run_event("FAIL")])
    assert (reply.status, reply.json["status"]) == (200, "partial_success")
    assert [(one["index"], one["retriable"]) for one in reply.json["failed_events"]] == [(0, True)]


def test_a_namespace_is_a_clients_by_the_grant(here: ReportingHouse) -> None:
    """By its name, or the longest beginning; one that the grant does not name is nobody's."""
    namespaces = {"team-*": "globex", "team-a-*": "acme", "prod": "acme", "other": "initech"}
    key = here.key(clients=["acme", "globex"], namespaces=namespaces)
    wanted = {"team-b": "globex", "team-a-1": "acme", "prod": "acme"}
    for namespace in wanted:
        assert emit(here, key, run_event(namespace=namespace)).status == 200
    sources = [entry["Source"].rpartition("/")[2] for entry in here.bus.entries]
    assert sources == list(wanted.values())
    for namespace in ("prod-2", "other", "acme"):
        reply = emit(here, key, run_event(namespace=namespace))
        assert reply.status == 403
        assert f"job.namespace: got '{namespace}'; allowed: a namespace" in reply.json["detail"]
    assert len(here.bus.entries) == 3


def test_a_grant_of_one_client_needs_no_names(here: ReportingHouse, key: str) -> None:
    """All its namespaces are that client's, each a project of its own."""
    emit(here, key, run_event(namespace="spark://cluster"))
    detail = json.loads(here.bus.entries[0]["Detail"])
    assert (detail["client_id"], detail["pipeline"]) == ("acme", "sales.load")
    assert detail["project_id"].startswith("spark:")


def test_a_batch_has_bounds(here: ReportingHouse, key: str) -> None:
    """As other bodies have: the number of its events, and that it is one."""
    assert batch(here, key, [run_event()] * 101).status == 413
    assert batch(here, key, []).json["summary"]["received"] == 0
    assert here.send(key, json.dumps(run_event()), path=LINEAGE_BATCH).status == 400
    assert not here.bus.entries


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 1_000_000, {}, 400),
        (b'{"run":' * 100_000, {}, 400),
        (b'{"run": {"runId": "\\ud800"}, "job": {"namespace": "a", "name": "b"}}', {}, 400),
        (b"x" * 4_000_001, {}, 413),
        (gzip.compress(b" " * 9_000_000, mtime=0), {"Content_Encoding": "gzip"}, 413),
        (b"{}", {"Content_Encoding": "gzip"}, 400),
        (b"{}", {"Content_Encoding": "br"}, 415),
        (b"{}", {"media_type": "text/plain"}, 415),
        (b"{}", {"media_type": "application/x-ndjson"}, 415),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    here: ReportingHouse, key: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    """With what is wrong, and nothing on the bus; alone and as a batch."""
    for path in (LINEAGE, LINEAGE_BATCH):
        reply = here.send(key, body, path=path, **headers)
        assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert not here.bus.entries


def test_hostile_facets_come_to_an_answer(here: ReportingHouse, key: str) -> None:
    """Whatever stands where objects and lists should: never a fault of ours."""
    anything: list[Any] = [None, 5, "x", [], {}, [[]], {"a": {}}, 1e300, -1, True, "\x00"]
    for one in anything:
        event = run_event("COMPLETE", run={"runId": "r", "facets": one}, outputs=one, inputs=one)
        assert emit(here, key, event).status == 200
        facets = dict.fromkeys(("airflow", "parent", "errorMessage", "tags", "test"), one)
        dataset = {"namespace": one, "name": one, "outputFacets": one, "facets": one}
        event = run_event("FAIL", run={"runId": "r", "facets": facets}, outputs=[dataset, one])
        assert emit(here, key, event).status == 200


def test_a_caller_that_sends_too_much_is_held_back(here: ReportingHouse, key: str) -> None:
    """Each event counts, in a batch, too; Python's client waits as long as the header says."""
    here.events_per_second = 10
    assert batch(here, key, [run_event()] * 100).status == 200
    reply = emit(here, key, run_event())
    assert reply.status == 429
    assert 1 <= int(reply.headers["Retry-After"]) <= 10


def test_who_sends_no_lineage_does_not_wait_for_what_reads_it() -> None:
    """The function starts without it: it is loaded with the first event of OpenLineage."""
    code = "import sys, run_ledger.intake; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(BACKEND)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.split()
    assert "run_ledger.doors.lineage_door" in loaded
    assert not [name for name in loaded if name.startswith("run_ledger.emit")]
