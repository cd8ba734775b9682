"""The OpenAPI document against the running system: what it says holds, whatever is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode
from tests.support.events import builders
from tests.support.readers.api_examples import FILE, INTAKE_FILE
from tests.support.readers.ledger_http import (
    Stack,
    get,
    machine_token,
    personal_tokens,
    put_events,
    until,
)
from tests.support.recounts.told_incidents import keep_incidents
from tests.support.stacks.local_stack import LocalStack

from run_ledger.domain.instants import from_datetime
from run_ledger.read.gateway.description import DESCRIPTION

pytestmark = pytest.mark.local_stack

SECONDS = 90
EXAMPLES = 25
DOCUMENT = json.loads(FILE.read_text("utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
CALLERS = ("machine", "staff")
WAYS = {path: next(iter(ways)).upper() for path, ways in DOCUMENT["paths"].items()}
"""The method of each path: all are read by GET, and an assistant's messages are posted."""
MESSAGE = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
# What is made up is never there, so that these are asked for as well.
OWNER = {"client_id": "document", "project_id": "document-project"}
KNOWN = {
    "job_id": "document-1",
    "incident_id": "document-open",
    "probe_id": "a-probe-of-the-document",
    **OWNER,
}
HELD = [
    *(CHECKS.get_one(name) for name in ("not_a_server_error", "status_code_conformance")),
    *(CHECKS.get_one(f"{part}_conformance") for part in ("content_type", "response_headers")),
    CHECKS.get_one("response_schema_conformance"),
    CHECKS.get_one("negative_data_rejection"),
]
# Derandomised: every run asks the same.
some_times = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@cache
def session() -> requests.Session:
    """Return one session for all requests: a connection each would take longer than they do."""
    return requests.Session()


@pytest.fixture(scope="module")
def tokens(running: LocalStack) -> dict[str, str]:
    """Give a token of each caller, when the ledger holds something to be found."""
    stack: Stack = running.document
    people = personal_tokens(stack, "staff", f"openid email {stack['scope']}")
    found = {"machine": machine_token(stack), "staff": people["access_token"]}
    job = builders.job_update(
        **OWNER,
        job_id=KNOWN["job_id"],
        event_id="1",
        status="completed",
        result="failed",
        error={"type": "Timeout", "message": "after 30 s"},
        delta={"records_ok": 1},
    )
    project = builders.project_update(**OWNER, event_id="2")
    probe = {"source": "tests", "detail-type": "probe", "detail": {"probe_id": KNOWN["probe_id"]}}
    put_events(stack, running.client("events"), [job, project, probe])
    now = from_datetime(datetime.now(UTC))
    incidents = stack["tables"]["incidents"]
    keep_incidents(running.client("dynamodb"), OWNER["client_id"], now, table=incidents)
    for path in ("/jobs/document-1", f"/probes/{KNOWN['probe_id']}"):
        until(path, SECONDS, lambda path=path: get(stack, path, found["machine"]).ok)
    return found


def hold(stack: Stack, case: Any, token: str) -> requests.Response:
    """Send a case, hold the answer against the document, and return it."""
    answer: requests.Response = case.call(
        base_url=stack["api_url"],
        session=session(),
        headers={"Authorization": f"Bearer {token}"},
        timeout=SECONDS,
    )
    case.validate_response(answer, checks=HELD)
    return answer


@pytest.mark.parametrize("path", DOCUMENT["paths"])
@pytest.mark.parametrize("caller", CALLERS)
def test_what_is_there_is_as_described(
    stack: Stack, tokens: dict[str, str], caller: str, path: str
) -> None:
    """Each path finds something, in the shape that it promises."""
    operation = SCHEMA[path][WAYS[path]]
    in_path = {name: value for name, value in KNOWN.items() if f"{{{name}}}" in path}
    body = {} if WAYS[path] == "GET" else {"body": MESSAGE, "media_type": "application/json"}
    answer = hold(stack, operation.Case(path_parameters=in_path, **body), tokens[caller])
    assert answer.status_code == 200


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("path", [path for path in DOCUMENT["paths"] if path != DESCRIPTION])
@pytest.mark.parametrize("caller", CALLERS)
def test_whatever_is_asked_is_answered_as_described(
    stack: Stack, tokens: dict[str, str], caller: str, path: str, mode: GenerationMode
) -> None:
    """Good requests and bad ones: no failure, no status, header or member that is not described.

    The description itself takes no parameter, so nothing about a request for it can be bad.
    """
    statuses = set()

    @some_times
    @given(case=SCHEMA[path][WAYS[path]].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        statuses.add(hold(stack, case, tokens[caller]).status_code)

    ask()
    more = set() if WAYS[path] == "GET" else {202, 406, 413, 415}
    assert statuses <= {200, 304, 400, 404, *more}
    assert mode is GenerationMode.POSITIVE or statuses & {400, 404}


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_nothing_is_answered_without_a_token(stack: Stack, path: str) -> None:
    """Nor is it said what is there."""
    operation = SCHEMA[path][WAYS[path]]
    body = {} if WAYS[path] == "GET" else {"body": MESSAGE, "media_type": "application/json"}
    case = operation.Case(path_parameters=KNOWN, **body)
    answer = case.call(base_url=stack["api_url"], session=session(), timeout=SECONDS)
    case.validate_response(answer, checks=HELD)
    assert answer.status_code == 401


def test_the_document_is_served_with_the_address_of_this_stage(
    stack: Stack, tokens: dict[str, str]
) -> None:
    """To the byte but for that, and the intake's to whoever may report."""
    key = str(stack["report_key"])
    for file, url, credential in (
        (FILE, stack["api_url"], tokens["machine"]),
        (INTAKE_FILE, stack["intake_url"], key),
    ):
        headers = {"Authorization": f"Bearer {credential}"}
        answer = session().get(f"{url}/openapi.json", headers=headers, timeout=SECONDS)
        (server,) = answer.json()["servers"]
        published = {**json.loads(file.read_text("utf-8")), "servers": [server]}
        assert answer.status_code == 200
        assert answer.text == json.dumps(published, indent=2, ensure_ascii=False) + "\n"
        assert urljoin(answer.url, server["url"]) == url
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert session().get(f"{url}/openapi.json", timeout=SECONDS).status_code == 401
