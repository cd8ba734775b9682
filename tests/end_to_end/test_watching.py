"""What ops sees of an event: its entry, the log line of its posting, and the sweeper's count."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.events import builders
from tests.support.readers import log_lines
from tests.support.readers.ledger_http import (
    Stack,
    all_items,
    get,
    machine_token,
    put_events,
    until,
)
from tests.support.readers.log_lines import Line
from tests.support.stacks.local_stack import LocalStack

pytestmark = pytest.mark.local_stack

JOB, SECONDS, OK = "watched-1", 90, 200
WRITER, SWEEPER = "run-ledger-local-writer", "run-ledger-local-sweeper"
PROVER = "run-ledger-local-prover"
COMPACTOR = "run-ledger-local-compactor"


def lines_of(running: LocalStack, function: str, message: str) -> list[Line]:
    """Return the lines of a function that say *message*, from its log group."""
    answer = running.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")
    texts = [event["message"] for event in answer["events"]]
    lines = [json.loads(text) for text in texts if text.startswith("{")]
    return [line for line in lines if line["message"] == message]


def posting(running: LocalStack, entry: dict[str, Any]) -> list[Line]:
    """Return the line of the posting that wrote *entry*, found as the runbook says."""
    return [
        line
        for line in lines_of(running, WRITER, "posted")
        if (line.get("job_id"), line["received_at"]) == (JOB, entry["received_at"])
    ]


def test_an_event_leads_to_its_line_and_its_job_is_counted(
    stack: Stack, running: LocalStack
) -> None:
    """By the entry's time to the posting; and the sweeper, with the rights it has, counts it."""
    event = builders.job_update(job_id=JOB, event_id="w1", client_id="acme", status="running")
    put_events(stack, running.client("events"), [event])
    token = machine_token(stack)
    until("the job", SECONDS, lambda: get(stack, f"/jobs/{JOB}", token).status_code == OK)
    (entry,) = all_items(stack, f"/jobs/{JOB}/entries", token)
    until("the line", SECONDS, lambda: bool(posting(running, entry)))
    (line,) = posting(running, entry)
    assert (line["client_id"], line["turned_to"], line["stage"]) == ("acme", "running", "local")
    assert line["request_id"]
    assert line["bus_seconds"] < SECONDS + 60

    answer = running.client("lambda").invoke(FunctionName=SWEEPER)
    assert "FunctionError" not in answer
    until("the sweep", SECONDS, lambda: bool(lines_of(running, SWEEPER, "swept")))
    swept = lines_of(running, SWEEPER, "swept")[-1]
    assert log_lines.metrics_of(swept).keys() == {"Stalled"}
    assert swept["SweepFailed"] == 0
    assert swept["Running"] >= 1
    assert swept["NewestEventAgeSeconds"] < SECONDS + 300


def test_the_prover_may_do_what_it_does(stack: Stack, running: LocalStack) -> None:
    """With the rights that it has, it keeps how far it is, and the API shows it."""
    answer = running.client("lambda").invoke(FunctionName=PROVER)
    assert "FunctionError" not in answer, answer["Payload"].read()
    until("the run", SECONDS, lambda: bool(lines_of(running, PROVER, "proved")))
    line = lines_of(running, PROVER, "proved")[-1]
    assert not line["overtaken"]

    proof = get(stack, "/proof", machine_token(stack))

    assert proof.status_code == OK
    assert proof.json()["proved_to"] == line["proved_to"]
    assert proof.json()["differences"] == 0


def test_the_compactor_may_do_what_it_does(running: LocalStack) -> None:
    """With the rights that it has, it walks through the days that have anything."""
    answer = running.client("lambda").invoke(FunctionName=COMPACTOR)
    assert "FunctionError" not in answer, answer["Payload"].read()
    until("the run", SECONDS, lambda: bool(lines_of(running, COMPACTOR, "compacted")))
    assert lines_of(running, COMPACTOR, "compacted")[-1]["days_left"] == 0
