"""Assistants at the running system: the protocol's own client, people, machines, forgers."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.backend.assistants.test_official_client import asked_by_the_client
from tests.end_to_end.test_hostile_callers import FORGERIES, _read
from tests.support.events.builders import job_update
from tests.support.readers.assistant_posts import call, message, stateless
from tests.support.readers.ledger_http import (
    Stack,
    get,
    machine_token,
    personal_tokens,
    put_events,
    until,
)
from tests.support.stacks.local_stack import LocalStack

from run_ledger.questions.asking import Asking
from run_ledger.questions.tool_results import tool_result
from run_ledger.questions.tools import TOOLS
from run_ledger_ops.assistant.api_session import ApiSession, fixed_token

pytestmark = pytest.mark.local_stack

PAGE = Path(__file__).resolve().parents[3] / "docs" / "assistants.md"
SECONDS = 120
OTHER = "assistants-other"
HELLO = message("initialize", protocolVersion="2025-11-25")


@pytest.fixture(scope="module")
def told(running: LocalStack) -> Stack:
    """Give a system with failures and costs of the person's client and of another one."""
    stack = running.document
    mine = stack["users"]["client"]["client_id"]
    events = [
        job_update(
            client_id=client,
            project_id=f"{client}-asked",
            pipeline="asked",
            job_id=f"{client}-asked-{number}",
            event_id="1",
            status="completed",
            result=result,
            delta={"records_ok": 7, "cost_microusd": 1_500_000, "llm_calls": 1},
            **({"error": {"type": "Late", "message": "too late"}} if result == "failed" else {}),
        )
        for client in (mine, OTHER)
        for number, result in enumerate(("failed", "succeeded"), start=1)
    ]
    put_events(stack, running.client("events"), events)
    token = machine_token(stack)
    for event in events:
        path = f"/jobs/{event['detail']['job_id']}"
        until(path, SECONDS, lambda path=path: get(stack, path, token).status_code == 200)  # type: ignore[misc]
    return stack


def questions(client: str) -> list[tuple[str, dict[str, Any]]]:
    """Return a question of each tool, about one client's things, that stay as they are."""
    job = {"job_id": f"{client}-asked-1"}
    about = {name: {"client_id": client} for name in TOOLS}
    return [
        *{**about, "explain_job": job, "why_did_it_fail": job, "find_clients": {}}.items(),
        ("find_jobs", {"client_id": client, "pipeline": "asked", "result": ["failed"]}),
        ("cost_by", {"client_id": client, "group_by": "pipeline"}),
        ("compare_periods", {"client_id": client, "group_by": "project"}),
    ]


def post(stack: Stack, body: Any, token: str | None, **headers: str) -> requests.Response:
    """Send a message."""
    signed = {} if token is None else {"Authorization": f"Bearer {token}"}
    return requests.post(
        stack["mcp_url"], json=body, headers={**signed, **headers}, timeout=SECONDS
    )


def as_the_command(stack: Stack, token: str) -> Iterator[dict[str, Any]]:
    """Yield what the command `run-ledger mcp` answers to each question, in turn."""
    ask = ApiSession(stack["api_url"], fixed_token(token))
    for tool, given in questions(OTHER):
        yield tool_result(Asking(ask, datetime.now(UTC), stack["site_url"]), tool, given)


def steady(text: str) -> str:
    """Return an answer without what time and other tests change: ages, and totals of everything."""
    found = json.loads(text)
    return json.dumps(
        {name: one for name, one in found.items() if name not in {"as_of", "clients"}}
    )


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_a_machine_needs_a_url_and_its_login(told: Stack, mode: str, version: str) -> None:
    """The protocol's client finds the sign-in from there, and gets what the command answers."""
    site = told["site_url"].rstrip("/")
    machine = {
        "client_id": told["machine_client_id"],
        "client_secret": told["machine_client_secret"],
        "issuer": site,
    }
    calls = questions(OTHER)
    found = asked_by_the_client(url=told["mcp_url"], mode=mode, machine=machine, calls=calls)
    assert found["version"] == version
    assert [one["name"] for one in found["tools"]] == list(TOOLS)
    same = as_the_command(told, machine_token(told))
    for (tool, given), result, expected in zip(calls, found["results"], same, strict=True):
        assert result["is_error"] is expected["isError"] is False, (tool, given, result)
        assert steady(result["text"]) == steady(expected["content"][0]["text"]), (tool, given)
        assert json.loads(result["text"]) == result["structured"]


def test_a_person_is_told_what_is_theirs(told: Stack) -> None:
    """By their own token: their client's figures and links, and nothing of another's."""
    mine = told["users"]["client"]["client_id"]
    token = personal_tokens(told, "client", told["scope"])["access_token"]
    calls = [*questions(mine), *questions(OTHER)]
    found = asked_by_the_client(url=told["mcp_url"], mode="auto", token=token, calls=calls)
    own, others = found["results"][: len(questions(mine))], found["results"][len(questions(mine)) :]
    assert not any(one["is_error"] for one in own)
    explained = own[list(TOOLS).index("explain_job")]["structured"]
    assert explained["job"]["used"]["cost_usd"] == "1.5"
    assert explained["link"] == f"{told['site_url']}#/jobs/{mine}-asked-1"
    for (tool, given), result in zip(questions(OTHER), others, strict=True):
        told_of_it = result["text"].replace(json.dumps(given), "")
        assert f"{OTHER}-asked" not in told_of_it, tool
        if tool in {"explain_job", "why_did_it_fail"}:
            assert result["is_error"]
    assert OTHER not in json.dumps(own)


def is_refused(answer: requests.Response) -> bool:
    """Return whether the gateway has refused, as it refuses at any path."""
    return (
        answer.status_code == 401
        and answer.headers["WWW-Authenticate"].startswith("Bearer")
        and answer.json()["type"] == "urn:run-ledger:problem:unauthorized"
    )


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_tokens_get_nothing(told: Stack, forgery: str) -> None:
    """Whatever they claim, and whatever is asked: to the byte what a read gets."""
    header, claims = _read(machine_token(told))
    for more in ({}, {"username": "u", "cognito:groups": ["staff"]}):
        forged = FORGERIES[forgery](told, {**claims, **more}, header)
        read = get(told, "/jobs", forged)
        for body in (HELLO, message("tools/list"), call("find_jobs"), "no message"):
            answer = post(told, body, forged)
            assert is_refused(answer)
            assert answer.content == read.content


def test_tokens_that_are_not_for_this_get_nothing(told: Stack) -> None:
    """ID tokens, tokens without the scope, of reports, changed ones, and what is no token."""
    tokens = personal_tokens(told, "staff", f"openid email {told['scope']}")
    scopeless = personal_tokens(told, "staff", "openid email")["access_token"]
    reporting = machine_token(told, told["report_scope"])
    changed = f"{tokens['access_token'][:-6]}AAAAAA"
    for token in (tokens["id_token"], scopeless, reporting, changed, "x", "", "a.b.c", None):
        assert is_refused(post(told, call("find_clients"), token))
    assert is_refused(post(told, HELLO, told["report_key"]))
    assert post(told, call("find_clients"), tokens["access_token"]).ok


def test_the_transport_is_kept_through_the_gateway(told: Stack) -> None:
    """No stream, no session, notifications without an answer, headers that agree with the body."""
    token = machine_token(told)
    signed = {"Authorization": f"Bearer {token}"}
    for method in ("GET", "DELETE"):
        answer = requests.request(method, told["mcp_url"], headers=signed, timeout=SECONDS)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    noted = post(told, {"jsonrpc": "2.0", "method": "notifications/initialized"}, token)
    assert (noted.status_code, noted.content) == (202, b"")
    body, headers = stateless("tools/call", name="find_clients")
    assert post(told, body, token, **headers).json()["result"]["resultType"] == "complete"
    wrong = post(told, body, token, **{**headers, "Mcp-Name": "find_jobs"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, -32_020)
    deep = requests.post(
        told["mcp_url"],
        data="[" * 90_000,
        headers={**signed, "Content-Type": "application/json"},
        timeout=SECONDS,
    )
    assert (deep.status_code, deep.json()["error"]["code"]) == (400, -32_700)
    assert post(told, call("find_jobs", {"q": "x" * 200_000}), token).status_code == 413


def test_how_to_sign_in_is_written_on_the_site(told: Stack) -> None:
    """Without a token, at both places where the protocol's clients look."""
    site = told["site_url"].rstrip("/")
    for path in ("", "/api/mcp"):
        answer = requests.get(f"{site}/.well-known/oauth-protected-resource{path}", timeout=SECONDS)
        assert answer.headers["Content-Type"] == "application/json"
        document = answer.json()
        assert document["resource"] == told["mcp_url"]
        assert document["scopes_supported"] == [told["scope"]]
        (server,) = document["authorization_servers"]
    found = requests.get(f"{server}/.well-known/oauth-authorization-server", timeout=SECONDS).json()
    assert (found["issuer"], found["token_endpoint"]) == (server, told["token_url"])
    assert requests.get(f"{site}/.well-known/other", timeout=SECONDS).status_code == 404


def test_the_page_s_commands_work(told: Stack, tmp_path: Path) -> None:
    """Pasted into a shell where a stack runs, they print what is wrong now."""
    (script,) = re.findall(r"```sh\n(MCP=.*?)```", PAGE.read_text(), re.DOTALL)
    folder = tmp_path / ".run-ledger"
    folder.mkdir()
    (folder / "stack.json").write_text(json.dumps(dict(told)))
    done = subprocess.run(
        ["bash", "-euc", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "RUN_LEDGER_TOKEN": machine_token(told)},
        timeout=SECONDS,
    )
    assert "needs_attention" in json.loads(done.stdout)["result"]["structuredContent"]
