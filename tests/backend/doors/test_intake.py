"""The intake: each event of a request is answered for, in order, and nothing is lost or made up."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from tests.support.readers.reporting import (
    ReportingHouse,
    detail,
    reporting_house,
    sent,
)

from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.doors.event_bus import BYTES_PER_CALL


@pytest.fixture
def here() -> Iterator[ReportingHouse]:
    """Give a house with a key for acme."""
    with reporting_house() as house:
        yield house


@pytest.fixture
def key(here: ReportingHouse) -> str:
    """Give a key that may report for acme."""
    return here.key("acme")


def test_what_the_bus_takes_is_accepted(here: ReportingHouse, key: str) -> None:
    """By a source that binds each event to its client, with the detail as it was sent."""
    details = [detail(event_id=f"e-{n}", delta={"records_ok": n}) for n in range(23)]
    reply = here.send(key, sent(*details))
    assert (reply.status, reply.headers["Content-Type"]) == (202, "application/json")
    assert reply.json["results"] == [
        {"event_id": f"e-{n}", "status": "accepted", "error": None} for n in range(23)
    ]
    assert here.bus.calls == [10, 10, 3]
    assert [json.loads(entry["Detail"]) for entry in here.bus.entries] == details
    assert {(e["Source"], e["DetailType"], e["EventBusName"]) for e in here.bus.entries} == {
        ("run-ledger/client/acme", "job_update", "bus")
    }


def test_calls_are_no_larger_than_the_bus_takes(here: ReportingHouse, key: str) -> None:
    """Ten large events are more than one call."""
    large = [detail(event_id=str(n), more="x" * 60_000) for n in range(10)]
    assert here.send(key, sent(*large)).status == 202
    assert sum(here.bus.calls) == 10
    assert max(here.bus.calls) * 60_000 <= BYTES_PER_CALL


def test_an_event_without_an_id_counts_once_when_it_is_sent_again(
    here: ReportingHouse, key: str
) -> None:
    """The same body has the same ids, packed or not; equal events of one body have two."""
    body = sent(detail(), detail(), detail(event_id=None), detail(event_id="own"))
    first = here.send(key, body).json["results"]
    again = here.send(key, gzip.compress(body.encode()), Content_Encoding="gzip").json["results"]
    ids = [one["event_id"] for one in first]
    assert ids == [one["event_id"] for one in again]
    assert len(set(ids)) == 4
    assert ids[3] == "own"
    assert [decode(_envelope(entry)).event_id for entry in here.bus.entries] == ids * 2
    other = here.send(key, body + " ").json["results"]
    assert {one["event_id"] for one in other} & set(ids) == {"own"}


def _envelope(entry: dict[str, str]) -> str:
    return json.dumps(
        {
            "id": "bus-id",
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "time": "2026-11-22T15:00:00Z",
            "detail": json.loads(entry["Detail"]),
        }
    )


def test_good_events_pass_beside_bad_ones(here: ReportingHouse, key: str) -> None:
    """Each with what the contract says, in the words of the writer's rejections."""
    bad = detail(event_id="bad", attempt=0)
    reply = here.send(key, sent(detail(event_id="1"), bad, detail(event_id="2")))
    assert (reply.status, reply.statuses) == (207, ["accepted", "rejected", "accepted"])
    with pytest.raises(InvalidEvent) as caught:
        decode(json.dumps({"id": "i", "source": "s", "detail-type": "job_update", "detail": bad}))
    assert reply.json["results"][1] == {
        "event_id": "bad",
        "status": "rejected",
        "error": {
            "reason": "invalid_field",
            "field": "detail.attempt",
            "message": str(caught.value),
        },
    }
    assert len(here.bus.entries) == 2


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{", "event"),
        ("[]", "event"),
        ('"text"', "event"),
        ("nul", "event"),
        ("{}", "detail-type"),
        ('{"detail_type": "job_update"}', "detail"),
        ('{"detail": {}}', "detail-type"),
        ('{"detail_type": "probe", "detail": {"probe_id": "0123456789abcdef"}}', "detail-type"),
        ('{"detail_type": 5, "detail": {}}', "detail-type"),
        ('{"detail_type": "job_update", "detail": "x"}', "detail"),
        ('{"detail_type": "job_update", "detail": {"job_id": "\\x"}}', "event"),
        ('{"detail_type": "job_update", "detail": ' + "[" * 10_000 + "]" * 10_000 + "}", "event"),
        ('{"detail_type": "job_update", "detail": ' + '{"a":' * 40 + "1" + "}" * 41, "detail"),
    ],
)
def test_a_bad_line_is_answered_for_alone(
    here: ReportingHouse, key: str, line: str, field: str
) -> None:
    """The lines before and after it pass."""
    good = json.dumps({"detail_type": "job_update", "detail": detail(event_id="1")})
    reply = here.send(key, f"{good}\n{line}\n\n{good}", "application/x-ndjson")
    assert (reply.status, reply.statuses) == (207, ["accepted", "rejected", "accepted"])
    assert reply.json["results"][1]["error"]["field"].startswith(field)


def test_a_client_beyond_the_grant_is_refused_in_the_same_words(here: ReportingHouse) -> None:
    """Whether it exists or not, for jobs and projects, whatever else the event names."""
    here.key("globex", name="others")
    key = here.key("acme", "initech")
    messages = set()
    for client in ("globex", "hooli"):
        bodies = (
            sent(detail(client_id=client, parent_job_id="job-1")),
            sent({"project_id": "p-1", "client_id": client}, detail_type="project_update"),
        )
        for body in bodies:
            reply = here.send(key, body)
            (result,) = reply.json["results"]
            assert (reply.status, result["status"]) == (207, "rejected")
            assert result["error"]["field"] == "detail.client_id"
            messages.add(result["error"]["message"].replace(client, "X").partition("; in an")[0])
    assert len(messages) == 1
    assert not here.bus.entries
    assert here.send(key, sent(detail(client_id="initech"))).status == 202
    assert here.bus.entries[0]["Source"] == "run-ledger/client/initech"


def test_an_event_claims_no_source_time_or_bus_of_its_own(here: ReportingHouse, key: str) -> None:
    """Members beside detail_type and detail change nothing."""
    event = {
        "detail_type": "job_update",
        "detail": detail(event_id="1"),
        "source": "run-ledger/client/globex",
        "detail-type": "project_update",
        "id": "x",
        "EventBusName": "other",
    }
    assert here.send(key, json.dumps({"events": [event]})).status == 202
    (entry,) = here.bus.entries
    assert (entry["Source"], entry["EventBusName"]) == ("run-ledger/client/acme", "bus")


def test_what_the_bus_does_not_take_is_told(here: ReportingHouse, key: str) -> None:
    """By its own answer about each entry: to be sent again, or never."""
    here.bus.codes = [None, "ThrottlingException", "InternalFailure", "MalformedDetail", None]
    reply = here.send(key, sent(*(detail(event_id=str(n)) for n in range(5))))
    assert reply.status == 207
    assert reply.statuses == ["accepted", "retry", "retry", "rejected", "accepted"]
    assert reply.headers["Retry-After"] == "2"
    assert "MalformedDetail" in reply.json["results"][3]["error"]["message"]


def _throttled() -> Exception:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "PutEvents")


@pytest.mark.parametrize(
    "failure", [_throttled(), ConnectTimeoutError(endpoint_url="https://events")]
)
def test_a_bus_that_takes_nothing_is_503(
    here: ReportingHouse, key: str, failure: Exception
) -> None:
    """With the time to wait; the same body sent again has the same ids."""
    here.bus.failure = failure
    reply = here.send(key, sent(detail(), detail()))
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    assert reply.json["type"] == "urn:run-ledger:problem:unavailable"
    here.bus.failure = None
    here.bus.codes = ["ThrottlingException"] * 2
    assert here.send(key, sent(detail(), detail())).status == 503


@pytest.mark.parametrize("answer", [{}, {"Entries": []}, {"Entries": [{}, {}, {}]}])
def test_an_answer_about_other_entries_accepts_nothing(
    here: ReportingHouse, key: str, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an entry that the bus gave an id counts as taken."""
    monkeypatch.setattr(here.bus, "put_events", lambda **_: answer)
    assert here.send(key, sent(detail(), detail())).status == 503
    monkeypatch.setattr(here.bus, "put_events", lambda **_: {"Entries": [{}, {"EventId": "1"}]})
    assert here.send(key, sent(detail(), detail())).statuses == ["retry", "accepted"]


def test_no_call_is_begun_without_the_time_for_it(here: ReportingHouse, key: str) -> None:
    """What is left is told as to be sent again."""
    assert here.send(key, sent(detail()), seconds=3.0).status == 503
    assert not here.bus.calls


def test_no_events_are_no_trouble(here: ReportingHouse, key: str) -> None:
    """An exporter that flushes nothing is told nothing."""
    reply = here.send(key, '{"events": []}')
    assert (reply.status, reply.json) == (202, {"results": []})


@pytest.mark.parametrize(
    ("body", "media_type", "problem"),
    [
        ("{", "application/json", (400, "invalid-body")),
        ("x" * 4_000_001, "application/json", (413, "too-large")),
        ('{"events": []}', "text/plain", (415, "unknown-type")),
    ],
)
def test_a_body_that_can_t_be_read_is_a_problem(
    here: ReportingHouse, key: str, body: str, media_type: str, problem: tuple[int, str]
) -> None:
    """RFC 9457, as of the read API."""
    reply = here.send(key, body, media_type)
    status, kind = problem
    assert (reply.status, reply.json["type"]) == (status, f"urn:run-ledger:problem:{kind}")
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["detail"]


def test_other_paths_and_methods_are_not_there(here: ReportingHouse, key: str) -> None:
    """Should a gateway pass them on."""
    for method, resource in (("GET", "/events"), ("POST", "/jobs"), ("POST", "/events/{id}")):
        headers = {"Authorization": f"Bearer {key}"}
        event = {"httpMethod": method, "resource": resource, "headers": headers, "body": None}
        assert here.ask(event).status == 404


def test_a_crash_says_nothing_of_itself(
    here: ReportingHouse, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a traceback nor the exception's text."""

    def crash(**_: Any) -> Any:
        raise RuntimeError("secret words")

    monkeypatch.setattr(here.bus, "put_events", crash)
    reply = here.send(key, sent(detail()))
    assert (reply.status, reply.json["type"]) == (500, "urn:run-ledger:problem:internal")
    assert "secret words" not in reply.body


def test_the_log_line_has_counts_and_no_content(here: ReportingHouse, key: str) -> None:
    """Who sent how much, and what became of it."""
    reply = here.send(key, sent(detail(name="a secret name"), detail(attempt=0)))
    assert reply.log["events"] == 2
    assert (reply.log["accepted"], reply.log["rejected"], reply.log["retry"]) == (1, 1, 0)
    assert reply.log["caller"].startswith("key#")
    assert "secret" not in str(reply.log)
    assert key not in str(reply.log)
