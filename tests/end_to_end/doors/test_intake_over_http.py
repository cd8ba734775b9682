"""The intake of the running system, by HTTP alone: the same ledger as over the bus."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode
from tests.support.readers.api_examples import INTAKE_FILE
from tests.support.readers.ledger_http import (
    Stack,
    get,
    machine_token,
    personal_tokens,
    put_events,
    until,
)
from tests.support.stacks.local_stack import LocalStack

pytestmark = pytest.mark.local_stack

SECONDS = 120
PAGE = Path(__file__).resolve().parents[3] / "docs" / "intake.md"
VALID = Path(__file__).resolve().parents[2] / "events" / "v1" / "valid"
SCHEMA = schemathesis.openapi.from_dict(json.loads(INTAKE_FILE.read_text("utf-8")))
# A body that its schema refuses may be answered event by event, which is no refusal.
HELD = [
    *(CHECKS.get_one(name) for name in ("not_a_server_error", "status_code_conformance")),
    *(CHECKS.get_one(f"{part}_conformance") for part in ("content_type", "response_headers")),
    CHECKS.get_one("response_schema_conformance"),
]
some_times = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@cache
def session() -> requests.Session:
    """Return one session for all requests."""
    return requests.Session()


def send(
    stack: Stack,
    body: bytes | str,
    credential: str | None = None,
    media_type: str = "application/json",
    **headers: str,
) -> requests.Response:
    """Report by the key for acme, or by another credential."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return session().post(
        f"{stack['intake_url']}/events",
        data=body,
        headers={
            "Authorization": f"Bearer {credential or stack['report_key']}",
            "Content-Type": media_type,
            **more,
        },
        timeout=SECONDS,
    )


def body(*details: dict[str, Any]) -> str:
    """Return the body of a request with job updates."""
    return json.dumps({"events": [{"detail_type": "job_update", "detail": one} for one in details]})


def detail(job_id: str, **more: Any) -> dict[str, Any]:
    """Return a detail of acme's."""
    return {"job_id": job_id, "project_id": "over-http", "client_id": "acme", **more}


def job_of(stack: Stack, job_id: str, token: str) -> dict[str, Any]:
    """Wait for a job, and return it."""
    path = f"/jobs/{job_id}"
    until(path, SECONDS, lambda: get(stack, path, token).ok)
    found: dict[str, Any] = get(stack, path, token).json()
    return found


def test_events_over_http_are_in_the_ledger(stack: Stack) -> None:
    """In JSON and NDJSON, packed and not; one of another client is not."""
    token = machine_token(stack)
    other = {**detail("http-other"), "client_id": "globex"}
    answer = send(stack, body(detail("http-1", delta={"records_ok": 2}), other))
    assert answer.status_code == 207
    assert [one["status"] for one in answer.json()["results"]] == ["accepted", "rejected"]
    line = json.dumps({"detail_type": "job_update", "detail": detail("http-2")})
    packed = gzip.compress(f"{line}\n{line}\n".encode())
    lines = {"media_type": "application/x-ndjson", "Content_Encoding": "gzip"}
    assert send(stack, packed, **lines).status_code == 202
    assert job_of(stack, "http-1", token)["counters"] == {"records_ok": 2}
    assert job_of(stack, "http-2", token)["client_id"] == "acme"
    assert get(stack, "/jobs/http-other", token).status_code == 404


def test_a_machine_reports_for_every_client_by_a_token_of_its_own_scope(stack: Stack) -> None:
    """The scope of reads is not enough, nor is what people get."""
    token = machine_token(stack, stack["report_scope"])
    report = body({**detail("http-globex"), "client_id": "globex"})
    assert send(stack, report, token).status_code == 202
    reading = machine_token(stack)
    assert send(stack, report, reading).status_code == 403
    person = personal_tokens(stack, "staff", f"openid email {stack['scope']}")
    assert send(stack, report, person["access_token"]).status_code == 403
    assert send(stack, report, person["id_token"]).status_code == 401
    assert send(stack, report, "nobody").status_code == 401
    assert get(stack, "/jobs", token).status_code == 401
    assert job_of(stack, "http-globex", reading)["client_id"] == "globex"


def test_a_body_sent_again_counts_once_also_at_the_same_time(stack: Stack) -> None:
    """Eight times at once, without ids; and equal events of one body count each."""
    report = body(*[detail("http-again", delta={"records_ok": 1})] * 3)
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: send(stack, report), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    last = body(detail("http-again", status="completed", result="succeeded"))
    assert send(stack, last).status_code == 202
    token = machine_token(stack)
    path = "/jobs/http-again"
    until(path, SECONDS, lambda: get(stack, path, token).json().get("status") == "completed")
    until(path, SECONDS, lambda: get(stack, path, token).json()["counters"] == {"records_ok": 3})


def test_golden_events_come_to_the_same_over_bus_and_http(
    stack: Stack, running: LocalStack
) -> None:
    """But for their ids, which tell the two apart here, jobs are equal member by member."""
    token = machine_token(stack)
    writer_token = machine_token(stack, stack["report_scope"])
    pairs = []
    for path in sorted(VALID.glob("job_*.json")):
        event = json.loads(path.read_text("utf-8"))["event"]
        if event["source"].startswith("run-ledger/client/"):
            continue
        both = []
        for way in ("bus", "http"):
            own = {"job_id": f"golden-{path.stem}-{way}", "event_id": "1", "client_id": "golden"}
            own |= {"occurred_at": "2026-11-22T14:00:00Z"}
            said = {
                name: value for name, value in event["detail"].items() if name != "parent_job_id"
            }
            both.append({**event, "detail": {**said, **own}})
        pairs.append(both)
    put_events(stack, running.client("events"), [bus for bus, _ in pairs])
    report = body(*(http["detail"] for _, http in pairs))
    assert send(stack, report, writer_token).status_code == 202
    for both in pairs:
        jobs = [job_of(stack, one["detail"]["job_id"], token) for one in both]
        for job in jobs:
            assert job.pop("job_id")
            assert job.pop("last_seen_at")
            job.pop("stalled")
        assert jobs[0] == jobs[1]


def test_the_page_s_three_lines_report(stack: Stack, tmp_path: Path) -> None:
    """As somebody pastes them into a shell, in a checkout in which `make run` runs."""
    block = PAGE.read_text("utf-8").split("```sh\n", 1)[1].split("```", 1)[0]
    assert len(block.strip().splitlines()) == 3
    folder = tmp_path / ".run-ledger"
    folder.mkdir()
    (folder / "stack.json").write_text(json.dumps(stack))
    done = subprocess.run(
        ["bash", "-euc", block], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {
        "results": [{"event_id": "1", "status": "accepted", "error": None}]
    }
    assert job_of(stack, "over-https", machine_token(stack))["status"] == "running"


def test_large_and_deep_bodies_are_answered(stack: Stack) -> None:
    """6 MB as they are, a bomb, and a million levels: refused in order, and nothing hangs."""
    assert send(stack, b" " * 6_000_000).status_code == 413
    bomb = gzip.compress(bytes(200_000_000), 9)
    answer = send(stack, bomb, Content_Encoding="gzip")
    assert (answer.status_code, "8000000" in answer.json()["detail"]) == (413, True)
    assert send(stack, '{"events":[' + "[" * 1_000_000).status_code == 400
    large = gzip.compress(
        body(*(detail(f"large-{n}", x="y" * 60_000) for n in range(100))).encode()
    )
    answer = send(stack, large, Content_Encoding="gzip")
    assert answer.status_code == 202, answer.text


def test_who_sends_slowly_keeps_nobody_waiting(stack: Stack) -> None:
    """Twenty connections with half a request each; another caller is answered."""
    origin = urlsplit(stack["intake_url"])
    head = (
        f"POST {origin.path}/events HTTP/1.1\r\nHost: {origin.netloc}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    )
    slow = [socket.create_connection((origin.hostname, origin.port), SECONDS) for _ in range(20)]
    try:
        for one in slow:
            one.sendall(head.encode())
        assert send(stack, body(detail("http-quick"))).status_code == 202
    finally:
        for one in slow:
            one.close()


@pytest.mark.parametrize("mode", GenerationMode)
def test_whatever_is_sent_is_answered_as_described(stack: Stack, mode: GenerationMode) -> None:
    """Good requests and bad ones: no failure, no status, header or member not described.

    Bad ones come without the header of their caller, too.
    """
    token = machine_token(stack, stack["report_scope"])
    statuses = set()

    @some_times
    @given(case=SCHEMA["/events"]["POST"].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer: requests.Response = case.call(
            base_url=stack["intake_url"],
            session=session(),
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        case.validate_response(answer, checks=HELD)
        statuses.add(answer.status_code)

    ask()
    assert statuses <= {202, 207, 400, 401, 404, 413, 415, 429}
    assert statuses & {202, 207, 400, 415}
