"""What the writer logs: a line for whatever becomes of an event, and metrics of each batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.faults import Recorder, failed_after, refused_with, timed_out_after
from tests.support.dynamo.stand_in import Dynamo
from tests.support.events import builders
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers import ledgers, log_lines
from tests.support.readers.log_lines import Line

from run_ledger import logs, writer
from run_ledger.domain import instants
from run_ledger.store.posting.ledger import Ledger

TIMED_OUT = timed_out_after
Output = Callable[[], str]


class Context:
    """What Lambda tells a function of an invocation."""

    aws_request_id = "invocation-1"

    def get_remaining_time_in_millis(self) -> int:
        """Give 30 seconds."""
        return 30_000


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    with log_lines.restored():
        logs.configure("INFO", stage="tests", function="writer")
        yield


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    """Give a function that returns what was written since it was last asked."""
    return lambda: capsys.readouterr().out


def deliver(ledger: Ledger, *envelopes: Envelope | str) -> None:
    """Let the handler post *envelopes* as messages of one batch."""
    bodies = [one if isinstance(one, str) else builders.text(one) for one in envelopes]
    records = [{"messageId": f"m{place}", "body": body} for place, body in enumerate(bodies)]
    # As at a cold start, logging is what the fixture made it.
    logs.configure("INFO", stage="tests", function="writer")
    with patch.object(writer, "_ledger", lambda: ledger):
        writer.handler({"Records": records}, Context())


def told(output: str, message: str) -> list[Line]:
    """Return the lines that say *message*."""
    return [line for line in log_lines.read(output) if line["message"] == message]


def test_a_posting_says_whose_what_and_when(output: Output) -> None:
    """All that a dashboard asks for, on one line, with the id of the invocation."""
    store = ledgers.empty_store()
    failure = {"type": "RateLimitError", "message": "ana@clients.test was refused"}
    ended = job_update(
        event_id="2",
        status="completed",
        result="failed",
        error=failure,
        time="2026-11-18T11:06:38Z",
        occurred_at="2026-11-18T11:06:30Z",
    )
    deliver(ledgers.make_ledger(store), job_update(event_id="1", time=ended["time"]), ended, ended)
    (line,) = told(output(), "posted")
    job = ledgers.stored_jobs(store)["job-1"].job
    assert job.current.error
    assert line.pop("timestamp")
    assert line == {
        "level": "INFO",
        "logger": "run_ledger.writer",
        "message": "posted",
        "stage": "tests",
        "function": "writer",
        "request_id": "invocation-1",
        "kind": "job",
        "job_id": "job-1",
        "client_id": "client-1",
        "project_id": "project-1",
        "pipeline": "default",
        "status": "completed",
        "result": "failed",
        "turned_to": "failed",
        "error_type": "RateLimitError",
        "error_fingerprint": job.current.error.fingerprint,
        "attempt": 1,
        "events": 2,
        "duplicates": 1,
        "confirmed": 0,
        "received_at": "2026-11-18T11:06:40.000000Z",
        "write_ms": 0.0,
        "late_seconds": 10.0,
        "bus_seconds": 2.0,
    }


def test_what_only_adds_turns_to_nothing(output: Output) -> None:
    """Every member that filters is a text on every line, or its absence would hide the line."""
    ledger = ledgers.make_ledger(ledgers.empty_store())
    deliver(ledger, job_update(event_id="1", status="running"))
    deliver(ledger, job_update(event_id="2", attempt=1, delta={"records_ok": 1}))
    deliver(ledger, project_update(event_id="3", name="name"))
    first, second, project = told(output(), "posted")
    filtered = ("client_id", "status", "result", "turned_to")
    assert [first[name] for name in filtered] == ["client-1", "running", "none", "running"]
    assert [second[name] for name in filtered] == ["client-1", "unchanged", "none", "none"]
    assert [project[name] for name in filtered] == ["client-1", "none", "none", "none"]
    assert ("job_id" in project, project["kind"]) == (False, "project")


def test_the_line_of_an_entry_is_found(output: Output) -> None:
    """By the entity's id and `received_at`, which entry and line share to the microsecond."""
    store = ledgers.empty_store()
    deliver(
        ledgers.make_ledger(store),
        job_update(event_id="1"),
        job_update(event_id="1", job_id="other"),
    )
    lines = told(output(), "posted")
    for entry in ledgers.entries(store):
        received_at = instants.text(entry.received_at)
        job_id = entry.detail["job_id"]
        (line,) = [
            one for one in lines if (one["job_id"], one["received_at"]) == (job_id, received_at)
        ]
        assert line["request_id"] == "invocation-1"


def test_an_event_without_an_id_is_a_warning_to_its_producer(output: Output) -> None:
    """It names the job, the client and the source, if that is one word; with an id, none comes."""
    ledger = ledgers.make_ledger(ledgers.empty_store())
    deliver(ledger, job_update(status="running"), job_update(stage="a", source="a b"))
    deliver(ledger, job_update(event_id="1", job_id="other"))
    (line,) = told(output(), "no event_id")
    assert (line["level"], line["events"]) == ("WARNING", 2)
    assert (line["client_id"], line["job_id"]) == ("client-1", "job-1")
    assert line["source"] == "pipelines.test"


@pytest.mark.parametrize("fault", [TIMED_OUT, failed_after("InternalServerError")])
def test_a_posting_that_had_no_answer_is_told_once_confirmed(fault: Any, output: Output) -> None:
    """The entries that the next try meets are our own: posted, and no duplicates."""
    store = ledgers.empty_store()
    deliver(
        ledgers.make_ledger(store, Recorder(None, fault)),
        job_update(event_id="1", status="running"),
        job_update(event_id="2", delta={"records_ok": 1}),
    )
    lines = output()
    (line,) = told(lines, "posted")
    assert (line["events"], line["duplicates"], line["confirmed"]) == (2, 0, 1)
    assert (line["status"], line["turned_to"]) == ("running", "running")
    assert not told(lines, "duplicate")
    metrics = log_lines.metrics_of(told(lines, "batch")[0])
    assert (metrics["Posted"], metrics["Duplicates"]) == ([2], [0])
    assert len(ledgers.entries(store)) == 2


def test_what_was_posted_before_is_told_with_its_time(output: Output) -> None:
    """So an entry whose writer died before it could tell has a line all the same."""
    store = ledgers.empty_store()
    one = job_update(event_id="1", status="running")
    deliver(ledgers.make_ledger(store), one)
    output()
    deliver(ledgers.make_ledger(store), one, one, job_update(event_id="2"))
    lines = output()
    (line,) = told(lines, "duplicate")
    assert (line["job_id"], line["client_id"], line["duplicates"]) == ("job-1", "client-1", 2)
    assert line["received_at"] == instants.text(ledgers.NOW)
    assert [posted["events"] for posted in told(lines, "posted")] == [1]


def test_a_rejected_event_is_told_with_its_reason(output: Output) -> None:
    """Under the id that it is kept by; of a name that its producer made up, only the place."""
    store = ledgers.empty_store()
    deliver(
        ledgers.make_ledger(store),
        job_update(delta={"Ana's records": 1}),
        "not JSON",
        job_update(event_id="1"),
        job_update(event_id="1", name="another"),
    )
    lines = told(output(), "rejected")
    assert sorted((line["reason"], line["field"]) for line in lines) == [
        ("bad_json", "event"),
        ("event_id_reused", "detail.event_id"),
        ("invalid_field", "detail.delta"),
    ]
    kept = {rejection.rejection_id for rejection in ledgers.rejections(store)}
    assert {line["rejection_id"] for line in lines} == kept


def test_a_batch_carries_the_metrics(output: Output) -> None:
    """One line, whose figures add up to the messages of the batch."""
    ledger = ledgers.make_ledger(ledgers.empty_store())
    one = job_update(event_id="1", time="2026-11-18T11:06:39Z")
    deliver(ledger, one, one, job_update(event_id="2", job_id="other"), "not JSON")
    (line,) = told(output(), "batch")
    metrics = log_lines.metrics_of(line)
    assert metrics.keys() == writer.UNITS.keys() - {"FirstFailures"}
    assert metrics == {
        "Posted": [2],
        "Duplicates": [1],
        "Rejected": [1],
        "Failed": [0],
        "Throttled": [0],
        "BusSeconds": [1.0, line["BusSeconds"][1]],
    }
    assert line["BatchMs"] > 0
    others = ("Messages", "Calls", "Cancelled", "WriteMs")
    assert [line[name] for name in others] == [4, 3, 0, [0.0]]
    assert line["LateSeconds"][0] == 1.0


def test_a_batch_that_fails_counts_its_messages(output: Output) -> None:
    """An error a message, and no latency of what was not posted."""
    ledger = ledgers.make_ledger(ledgers.empty_store(), Recorder(refused_with("AccessDenied")))
    deliver(ledger, job_update(event_id="1"), job_update(event_id="a b@clients.test"))
    lines = output()
    first, second = told(lines, "failed")
    assert first["failure"].startswith("job job-1, event 1: ")
    assert second["failure"].startswith("job job-1, event (no word): ")
    (line,) = told(lines, "batch")
    metrics = log_lines.metrics_of(line)
    assert (metrics["Failed"], metrics["Posted"]) == ([2], [0])
    assert metrics["FirstFailures"] == [2]
    assert "BusSeconds" not in metrics
    assert "LateSeconds" not in line


def test_an_empty_batch_has_metrics_too(output: Output) -> None:
    """Zero is a figure."""
    deliver(ledgers.make_ledger(ledgers.empty_store()))
    (line,) = told(output(), "batch")
    assert log_lines.metrics_of(line)["Posted"] == [0]
    assert line["Messages"] == 0


MARK = "Anna Karenina"
TEXT = st.sampled_from(
    [MARK, f"{MARK} \n", f"Bearer {MARK.replace(' ', '')}", f"{MARK}@clients.test"]
)


@given(
    name=TEXT,
    error=TEXT,
    tags=st.dictionaries(TEXT, TEXT),
    delta=st.dictionaries(st.sampled_from([MARK, "records_ok"]), st.just(1)),
    event_id=TEXT,
    result=st.sampled_from(["failed", MARK]),
    source=TEXT,
    unknown=TEXT,
    fault=st.sampled_from([None, refused_with("AccessDenied"), TIMED_OUT]),
    project=st.booleans(),
)
def test_no_text_of_producers_is_logged(fault: Any, project: bool, **fields: Any) -> None:
    """Whatever the fields hold, valid or not, and whatever becomes of the event."""
    store: Dynamo = ledgers.empty_store()
    name = fields["name"]
    job = job_update(
        event_id=fields["event_id"],
        name=name,
        stage=name,
        status="completed",
        result=fields["result"],
        error={"type": fields["error"], "message": name, "fingerprint": fields["error"]},
        tags=fields["tags"],
        delta=fields["delta"],
        log_url=f"https://logs.test/{name.replace(' ', '')}",
        source=fields["source"],
        **{fields["unknown"]: name},
    )
    envelope = project_update(name=name, owner=name, tags=fields["tags"]) if project else job
    with log_lines.captured() as written:
        ledger = ledgers.make_ledger(store, Recorder(None, fault))
        deliver(ledger, envelope, envelope, json.dumps(envelope)[:-9])
    lines = log_lines.read(written.getvalue())
    assert {line["message"] for line in lines} >= {"batch", "rejected"}
    for part in MARK.split():
        assert part not in written.getvalue()
