"""One job's life, told with the ordinary AWS command line and read through the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.events import builders
from tests.support.readers.ledger_http import (
    Stack,
    all_items,
    aws,
    bus_entry,
    get,
    machine_token,
    personal_tokens,
    until,
)
from tests.support.recounts.recount import recount_job

pytestmark = pytest.mark.local_stack

JOB = "story-1"
SECONDS = 90


def _said(event_id: str, clock: str, **fields: Any) -> dict[str, Any]:
    return builders.job_update(
        job_id=JOB,
        client_id="acme",
        project_id="crm-refresh",
        pipeline="entity-resolution",
        event_id=event_id,
        occurred_at=f"2026-11-22T{clock}Z",
        **fields,
    )


RUNNING = _said("e1", "09:00:00", status="running", name="Match the CRM", records_total=100)
DELTAS = [
    _said("e2", "09:00:10", delta={"records_ok": 40, "input_tokens": 5_000}),
    _said("e3", "09:00:20", delta={"records_ok": 30, "records_failed": 2}),
    _said("e4", "09:00:30", delta={"records_ok": 28, "input_tokens": -12}),
]
COMPLETED = _said("e5", "09:01:00", status="completed", result="partial")
# Sent after the end, from before the start: it moves the start back and still counts.
LATE = _said("e0", "08:59:55.5", delta={"llm_calls": 7})
STORY = [RUNNING, *DELTAS, COMPLETED, LATE]


def _post(stack: Stack, *envelopes: dict[str, Any]) -> None:
    entries = json.dumps([bus_entry(stack, one) for one in envelopes])
    answer = aws(stack, "events", "put-events", "--entries", entries)
    assert answer["FailedEntryCount"] == 0


def test_the_aws_cli_tells_a_story_and_the_api_shows_the_exact_job(stack: Stack) -> None:
    """Running, three deltas, a repeat, the end and a late event make exactly one known job."""
    token = machine_token(stack)
    _post(stack, RUNNING)
    _post(stack, *DELTAS)
    _post(stack, DELTAS[1])
    _post(stack, COMPLETED)
    _post(stack, LATE)

    until(
        "all six events in the job's history",
        SECONDS,
        lambda: len(_history(stack, token)) == len(STORY),
    )

    expected = recount_job(STORY)
    del expected["heartbeat_seconds"]
    job = get(stack, f"/jobs/{JOB}", token).json()
    assert job.pop("last_seen_at").endswith("Z")
    assert job.pop("stalled") is False
    assert job == expected
    assert job["counters"] == {
        "records_ok": 98,
        "records_failed": 2,
        "input_tokens": 4_988,
        "llm_calls": 7,
    }
    assert job["started_at"] == "2026-11-22T08:59:55.500000Z"
    assert [entry["event_id"] for entry in _history(stack, token)] == [
        "e0", "e1", "e2", "e3", "e4", "e5",
    ]  # fmt: skip
    assert JOB in {one["job_id"] for one in all_items(stack, "/jobs", token, client_id="acme")}


def _history(stack: Stack, token: str) -> list[dict[str, Any]]:
    answer = get(stack, f"/jobs/{JOB}/entries", token)
    return list(answer.json()["items"]) if answer.ok else []


def test_garbage_is_listed_as_rejected_with_its_reason(stack: Stack) -> None:
    """An event that breaks the contract is kept, with the field and what is allowed."""
    token = machine_token(stack)
    garbage = builders.job_update(job_id="garbage-1", delta={"records_ok": "three"})
    _post(stack, garbage)

    def rejected() -> list[dict[str, Any]]:
        items = all_items(stack, "/rejections", token)
        return [one for one in items if "garbage-1" in one["raw"]]

    until("the garbage among the rejections", SECONDS, lambda: bool(rejected()))
    (rejection,) = rejected()
    assert rejection["reason"] == "invalid_field"
    assert rejection["field"] == "detail.delta.records_ok"
    assert "'three'" in rejection["message"]
    assert "an integer" in rejection["message"]
    assert get(stack, "/jobs/garbage-1", token).status_code == 404


def test_only_an_access_token_with_the_scope_opens_the_api(stack: Stack) -> None:
    """No token, an ID token, a token without the scope and a forged one are all refused."""
    scope = f"openid email {stack['scope']}"
    tokens = personal_tokens(stack, "staff", scope)
    unscoped = personal_tokens(stack, "staff", "openid email")["access_token"]
    header, payload, signature = tokens["access_token"].split(".")
    forged = f"{header}.{payload}.{signature[:-8]}AAAAAAAA"

    assert get(stack, "/jobs").status_code == 401
    assert get(stack, "/jobs", tokens["id_token"]).status_code == 401
    assert get(stack, "/jobs", unscoped).status_code in (401, 403)
    assert get(stack, "/jobs", forged).status_code in (401, 403)
    assert get(stack, "/jobs", tokens["access_token"]).status_code == 200


def test_a_client_sees_its_own_jobs_and_no_trace_of_others(stack: Stack) -> None:
    """What belongs to another client answers as what is not there."""
    token = machine_token(stack)
    theirs = builders.job_update(job_id="theirs-1", client_id="globex", event_id="e1")
    _post(stack, theirs)
    until("the job", SECONDS, lambda: get(stack, "/jobs/theirs-1", token).ok)

    scope = f"openid email {stack['scope']}"
    own = personal_tokens(stack, "client", scope)["access_token"]
    hidden, absent = (get(stack, f"/jobs/{name}", own) for name in ("theirs-1", "absent-1"))
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace("theirs-1", "absent-1") == absent.text
    assert {one["client_id"] for one in all_items(stack, "/jobs", own)} <= {"acme"}
