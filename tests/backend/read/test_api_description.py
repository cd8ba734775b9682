"""``/openapi.json`` of the read API and of the intake: the published text, and the address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.readers.api_examples import FILE, INTAKE_FILE
from tests.support.readers.reading import api_event, house
from tests.support.readers.reporting import machine_claims, reporting_house, signed

from run_ledger.read.gateway.description import DESCRIPTION, served_description, server_address
from run_ledger.read.reader import read_request

ON_AWS = {
    "domainName": "abc123.execute-api.eu-central-1.amazonaws.com",
    "path": "/api/openapi.json",
    "stage": "api",
}
ASKED = {"httpMethod": "GET", "resource": DESCRIPTION}


def published(file: Path, url: str) -> str:
    """Return the published text with *url* in place of its servers."""
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    document["servers"] = [{"url": url, "description": "This stage."}]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def test_it_is_the_published_text_with_the_address_of_the_stage() -> None:
    """To the byte; the same caller gets 304 for its ETag, and nothing else is read for it."""
    with house() as here:
        reply = here.get(DESCRIPTION)
        again = here.get(DESCRIPTION, headers={"If-None-Match": reply.headers["ETag"]})
    assert (reply.status, reply.calls) == (200, 0)
    assert reply.body == published(FILE, "/")
    assert reply.headers["Content-Type"] == "application/json"
    assert (again.status, again.body) == (304, "")


@pytest.mark.parametrize("file", [FILE, INTAKE_FILE])
def test_nothing_but_the_address_differs(file: Path) -> None:
    """Put back where it was, the published servers make the published file."""
    text = bytes(served_description(file.name, "https://x/api")).decode()
    servers = json.loads(file.read_text("utf-8"))["servers"]
    assert text == published(file, "https://x/api")
    document = {**json.loads(text), "servers": servers}
    assert json.dumps(document, indent=2, ensure_ascii=False) + "\n" == file.read_text("utf-8")


@pytest.mark.parametrize(
    ("context", "address"),
    [
        (ON_AWS, "https://abc123.execute-api.eu-central-1.amazonaws.com/api"),
        ({**ON_AWS, "path": "/openapi.json", "domainName": "api.example.com"},
         "https://api.example.com"),
        ({"path": "/api/openapi.json", "stage": "api"}, "/api"),
        ({}, "/"),
    ],
    ids=["AWS", "a domain of its own", "the local gateway", "nothing told"],
)  # fmt: skip
def test_the_address_is_the_one_that_was_asked(context: dict[str, str], address: str) -> None:
    """What the gateway says of itself counts, and no header of a caller's."""
    assert server_address(context) == address
    event = api_event(DESCRIPTION)
    event["requestContext"] |= context
    event["headers"] |= {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert read_request(event).address == address


def test_the_intake_gives_its_own_to_whoever_may_report() -> None:
    """By a key or a token, and 304 for its ETag; it is no report, and so counts as none."""
    context = {**ON_AWS, "path": "/intake/openapi.json"}
    with reporting_house() as here:
        here.grant("app-1", clients=["acme"])
        credentials = (here.key("acme"), signed(machine_claims()))
        for credential in credentials:
            asked = {
                **ASKED,
                "headers": {"Authorization": f"Bearer {credential}"},
                "requestContext": context,
            }
            here.events_per_second = 0
            reply = here.ask(asked)
            assert reply.status == 200
            assert reply.body == published(INTAKE_FILE, f"https://{ON_AWS['domainName']}/intake")
            asked["headers"]["If-None-Match"] = reply.headers["ETag"]
            assert here.ask(asked).status == 304


def test_the_intake_shows_it_to_nobody_else() -> None:
    """Without a key, with a wrong one, or without a grant."""
    with reporting_house() as here:
        for credential, status in (
            (None, 401),
            ("Bearer rlk_0", 401),
            (f"Bearer {signed(machine_claims())}", 403),
        ):
            headers = {} if credential is None else {"Authorization": credential}
            assert here.ask({**ASKED, "headers": headers}).status == status
        assert here.ask({**ASKED, "httpMethod": "POST"}).status == 404


def test_it_is_no_example_of_itself() -> None:
    """An answer with all examples can't be one of them."""
    paths = json.loads(FILE.read_text("utf-8"))["paths"]
    content = paths[DESCRIPTION]["get"]["responses"]["200"]["content"]["application/json"]
    assert set(content) == {"schema"}
