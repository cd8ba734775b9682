"""OpenLineage over HTTP to the running system: its client reports, and the ledger has the jobs."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import RunState
from schemathesis.generation import GenerationMode
from tests.end_to_end.doors.test_intake_over_http import HELD, job_of, some_times
from tests.support.producers.lineage import run_event
from tests.support.readers.api_examples import INTAKE_FILE
from tests.support.readers.ledger_http import Stack, get, machine_token, until

pytestmark = pytest.mark.local_stack

SECONDS = 120
SCHEMA = schemathesis.openapi.from_dict(json.loads(INTAKE_FILE.read_text("utf-8")))
PATHS = ("/api/v1/lineage", "/api/v1/lineage/batch")
TOLD = [
    (RunState.START, "2026-11-22T14:58:00Z", None),
    *((RunState.RUNNING, f"2026-11-22T14:{58 + n // 6}:{n % 6}5Z", 10 * n) for n in range(1, 12)),
    (RunState.COMPLETE, "2026-11-22T15:01:00Z", 300),
]


def post(stack: Stack, path: str, content: Any) -> requests.Response:
    """Send events by the key for acme."""
    return requests.post(
        f"{stack['intake_url']}{path}",
        json=content,
        headers={"Authorization": f"Bearer {stack['report_key']}"},
        timeout=SECONDS,
    )


def client(stack: Stack) -> OpenLineageClient:
    """Make OpenLineage's client, as its configuration file does."""
    return OpenLineageClient(
        config={
            "transport": {
                "type": "http",
                "url": f"{stack['intake_url']}/",
                "auth": {"type": "api_key", "apiKey": stack["report_key"]},
                "compression": "gzip",
                "timeout": SECONDS,
            }
        }
    )


def written(rows: int) -> dict[str, Any]:
    """Return a dataset to which so many rows were written so far."""
    statistics = {"outputStatistics": {"rowCount": rows}}
    return {"namespace": "db", "name": "orders", "outputFacets": statistics}


def ended(stack: Stack, run_id: str, counters: Mapping[str, int]) -> dict[str, Any]:
    """Wait until a job has ended with these counters, and return it."""
    token = machine_token(stack)
    path = f"/jobs/{run_id}"

    def is_right() -> bool:
        answer = get(stack, path, token)
        return answer.ok and answer.json()["counters"] == counters and answer.json()["result"]

    until(path, SECONDS, lambda: bool(is_right()))
    return job_of(stack, run_id, token)


def test_the_stock_client_s_run_is_a_job_with_its_totals(stack: Stack) -> None:
    """In the job, and in the hour of the last word alone."""
    run_id = str(uuid.uuid4())
    sender = client(stack)
    for state, at, rows in TOLD:
        sender.emit(run_event(state, at, run_id=run_id, rows=rows, namespace="lineage-once"))
    job = ended(stack, run_id, {"records_ok": 300, "output_files": 1})
    assert (job["client_id"], job["project_id"]) == ("acme", "lineage-once")
    assert (job["result"], job["duration_seconds"]) == ("succeeded", 180)
    hours = "/trends?interval=hour&from=2026-11-22T14:00:00Z&to=2026-11-22T16:00:00Z"
    answer = get(stack, f"{hours}&project_id=lineage-once", machine_token(stack)).json()
    (series,) = answer["series"]
    rows = {point["at"][:13]: point["counters"].get("records_ok", 0) for point in series["points"]}
    assert rows == {"2026-11-22T14": 0, "2026-11-22T15": 300}


def test_any_order_twice_and_at_once_come_to_the_same(stack: Stack) -> None:
    """Eight clients send one run's events, each in an order of its own, alone and in batches."""
    run_id = str(uuid.uuid4())
    events = [
        {
            "eventType": state.value,
            "eventTime": at,
            "run": {"runId": run_id},
            "job": {"namespace": "lineage-often", "name": "load"},
            "outputs": [] if rows is None else [written(rows)],
        }
        for state, at, rows in TOLD
    ]

    def report(number: int) -> set[int]:
        mine = random.Random(number).sample(events, len(events))
        if number % 2:
            return {post(stack, PATHS[1], mine).status_code}
        return {post(stack, PATHS[0], one).status_code for one in mine}

    with ThreadPoolExecutor(8) as callers:
        assert set.union(*callers.map(report, range(8))) == {200}
    job = ended(stack, run_id, {"records_ok": 300})
    assert job["duration_seconds"] == 180
    path = f"/jobs/{run_id}/entries?limit=100"
    assert len(get(stack, path, machine_token(stack)).json()["items"]) == len(events)


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("path", PATHS)
def test_whatever_is_sent_is_answered_as_described(
    stack: Stack, path: str, mode: GenerationMode
) -> None:
    """Good requests and bad ones: no failure, no status, header or member not described."""
    token = machine_token(stack, stack["report_scope"])

    @some_times
    @given(case=SCHEMA[path]["POST"].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer: requests.Response = case.call(
            base_url=stack["intake_url"],
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        case.validate_response(answer, checks=HELD)

    ask()
