"""The Lambda function itself: environment in, proxy answer and one log line out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers import log_lines
from tests.support.readers.reading import ISSUER, House, api_event, claims, house

from run_ledger import api
from run_ledger.store.clients.forbidden_reads import ReadRights


class Context:
    """What Lambda tells a function of an invocation."""

    aws_request_id = "invocation-1"

    def get_remaining_time_in_millis(self) -> int:
        """Return that there is time enough."""
        return 20_000


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give a house whose client the handler finds, and its environment."""
    for name, table in NAMES._asdict().items():
        monkeypatch.setenv(f"{name.upper()}_TABLE", table)
    monkeypatch.setenv("CURSOR_KEY", "arn:aws:cloudformation:stack/1")
    monkeypatch.setenv("ISSUER", ISSUER)
    api._reader.cache_clear()
    with log_lines.restored(), house() as made:
        monkeypatch.setattr(api, "dynamodb", lambda: made.client)
        yield made
    api._reader.cache_clear()


def test_a_request_is_answered_and_logged_on_one_line(
    here: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what was asked and how it went, and not by whom."""
    here.post(job_update(status="running"))
    event = api_event("/jobs/{job_id}", path={"job_id": "job-1"})
    event["requestContext"]["authorizer"]["claims"] = claims(
        username="ana@clients.test", sub="subject-1", **{"cognito:groups": "staff"}
    )
    event["headers"] = {"Authorization": "Bearer token"}

    answer = api.handler(event, Context())

    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"] is False
    assert json.loads(answer["body"])["job_id"] == "job-1"
    (raw,) = capsys.readouterr().out.splitlines()
    line = json.loads(raw)
    assert line.pop("timestamp")
    assert "_aws" not in line, "no metric: nothing reads one"
    assert line.pop("RequestMs") > 0
    assert line == {
        "level": "INFO",
        "logger": "run_ledger.metrics",
        "message": "request",
        "stage": "none",
        "function": "reader",
        "method": "GET",
        "route": "/jobs/{job_id}",
        "caller": "staff",
        "Rounds": 1,
        "Calls": 2,  # the job, and who was signed out
        "Unavailable": 0,
        "Crashed": 0,
        "status": 200,
        "bytes": len(answer["body"]),
        "request_id": "invocation-1",
        "api_request_id": "r-1",
    }
    for secret in ("ana@clients.test", "subject-1", "Bearer"):
        assert secret not in raw


@pytest.mark.parametrize(
    "asked",
    [
        {"parameters": {"Karenina": ["1"]}},
        {"parameters": {"q": ["Karenina"], "cursor": ["Karenina"]}},
        {"parameters": {"from": ["Karenina"]}},
        {"asking": {"username": "Karenina", "cognito:groups": "client-Karenina"}},
        {"asking": {"client_id": "Karenina"}},
    ],
)
def test_nothing_that_a_caller_says_is_logged(
    here: House, capsys: pytest.CaptureFixture[str], asked: dict[str, Any]
) -> None:
    """Neither who asked nor what for, wherever it stands, be it answered or refused."""
    event = api_event("/jobs", asked.get("asking"), parameters=asked.get("parameters"))
    event["headers"] = {"Authorization": "Bearer Karenina", "User-Agent": "Karenina"}
    event["requestContext"]["identity"] = {"sourceIp": "Karenina"}
    api.handler(event, Context())
    output = capsys.readouterr().out
    assert '"message":"request"' in output
    assert "Karenina" not in output


def test_a_failure_is_logged_with_its_traceback_and_answered_without(
    here: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lines, both JSON; the caller learns nothing of the cause."""

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the cause")

    monkeypatch.setattr("run_ledger.read.jobs.find_job", fail)

    answer = api.handler(api_event("/jobs/{job_id}", path={"job_id": "job-1"}), Context())

    assert answer["statusCode"] == 500
    assert "the cause" not in json.dumps(answer)
    failed, asked = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (failed["level"], asked["status"]) == ("ERROR", 500)
    assert "in fail\n" in failed["exception"]
    assert failed["exception"].endswith("\nRuntimeError")


@pytest.mark.parametrize("name", ["CURSOR_KEY", "ISSUER"])
def test_a_reader_that_is_not_told_what_to_trust_does_not_start(
    here: House, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Anybody could make cursors that an empty key signs, and tokens come from any pool."""
    monkeypatch.delenv(name)

    with pytest.raises(ValueError, match=name):
        api.handler(api_event("/jobs"), Context())


@pytest.mark.parametrize("event", [{}, {"httpMethod": None, "headers": None}])
def test_an_odd_event_is_answered(here: House, event: dict[str, Any]) -> None:
    """Whatever invokes the function gets a problem document."""
    assert api.handler(event, Context())["statusCode"] == 401


def test_status_can_ask_for_the_reader_s_rights(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An invocation that is no request of API Gateway tries them, on the table of clients."""
    asked: list[str] = []

    def tried(_client: Any, table: str) -> ReadRights:
        asked.append(table)
        return ReadRights(is_let_in=True, forbidden=["a scan"], answered=[])

    monkeypatch.setattr(api, "read_rights", tried)
    assert api.handler({"check": "read_rights"}, Context()) == {
        "is_let_in": True,
        "forbidden": ["a scan"],
        "answered": [],
    }
    assert asked == [NAMES.clients]


def test_a_caller_of_the_api_can_not_ask_for_the_reader_s_rights(here: House) -> None:
    """A body that says so is part of a request, and not the whole of what API Gateway sends."""
    event = {**api_event("/jobs"), "check": "read_rights", "body": '{"check": "read_rights"}'}
    assert "statusCode" in api.handler(event, Context())


def test_assistants_are_answered_and_logged_without_their_words(
    here: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says which tool was called, where there is such a tool, and nothing else of it."""
    for tool in ("find_jobs", "Karenina"):
        arguments = {"q": "Karenina", "Karenina": 1}
        message = {
            "jsonrpc": "2.0",
            "id": "Karenina",
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments},
        }
        event = {**api_event("/mcp"), "httpMethod": "POST", "body": json.dumps(message)}
        event["headers"] = {"Content-Type": "application/json", "Mcp-Name": "Karenina"}
        answer = api.handler(event, Context())
        assert (answer["statusCode"], json.loads(answer["body"])["id"]) == (200, "Karenina")
        (raw,) = capsys.readouterr().out.splitlines()
        line = json.loads(raw)
        assert "Karenina" not in raw
        assert (line["method"], line["route"], line["caller"]) == ("POST", "/mcp", "staff")
        assert line["rpc_method"] == "tools/call"
        assert line["tool"] == ("find_jobs" if tool == "find_jobs" else None)


def test_no_other_request_waits_for_what_assistants_need() -> None:
    """The reader's start imports none of it."""
    seen = "print(*[name for name in sys.modules if 'questions' in name or 'assistants' in name])"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, run_ledger.api; {seen}"],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []
