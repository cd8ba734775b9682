"""``/mcp`` keeps to the protocol's transport, in its versions with a handshake and without."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.readers import asked
from tests.support.readers.assistant_posts import (
    META,
    STATELESS,
    call,
    message,
    post,
    stateless,
)
from tests.support.readers.reading import House, house

from run_ledger.assistants.assistant_door import MOST_BYTES, MOST_MESSAGES
from run_ledger.assistants.protocol_versions import HANDSHAKES, SUPPORTED

INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
VERSION = "MCP-Protocol-Version"


@pytest.fixture(scope="module")
def here() -> Iterator[House]:
    """Give the filled house, which no test changes."""
    with house() as made:
        asked.fill(made)
        yield made


@pytest.mark.parametrize("version", HANDSHAKES)
def test_a_client_of_an_earlier_version_is_served(here: House, version: str) -> None:
    """From its hello to a call, without any memory between the requests."""
    hello = post(here, message("initialize", protocolVersion=version))
    assert hello.json["result"]["protocolVersion"] == version
    assert "Mcp-Session-Id" not in hello.headers
    headers = {VERSION: version, "Mcp-Session-Id": "whatever"}
    noted = post(here, INITIALIZED, headers=headers)
    assert (noted.status, noted.body, "Content-Type" in noted.headers) == (202, "", False)
    assert post(here, message("ping", "a"), headers=headers).json == {
        "jsonrpc": "2.0",
        "id": "a",
        "result": {},
    }
    assert post(here, call("find_clients"), headers=headers).json["result"]["isError"] is False


@pytest.mark.parametrize("version", ["2024-11-05", "1900-01-01", STATELESS, 5, None, "x" * 9_999])
def test_other_versions_are_offered_the_newest_with_a_handshake(here: House, version: Any) -> None:
    """The client then goes by it, or goes away."""
    hello = post(here, message("initialize", protocolVersion=version)).json["result"]
    assert hello["protocolVersion"] == HANDSHAKES[-1]


def test_the_version_without_sessions_is_served(here: House) -> None:
    """It asks what there is, if at all, and calls; each answer says who answered."""
    body, headers = stateless("server/discover")
    found = post(here, body, headers=headers).json["result"]
    assert found["supportedVersions"] == list(SUPPORTED)
    assert found["resultType"] == "complete"
    assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "run-ledger"
    body, headers = stateless("tools/call", name="find_clients")
    assert post(here, body, headers=headers).json["result"]["resultType"] == "complete"
    name = base64.b64encode(b"find_clients").decode()
    encoded = {**headers, "Mcp-Name": f"=?base64?{name}?="}
    assert post(here, body, headers=encoded).status == 200
    assert post(here, INITIALIZED, headers={VERSION: STATELESS}).status == 202


def _envelope(**change: Any) -> dict[str, Any]:
    return message("tools/call", name="find_clients", _meta={**META, **change})


@pytest.mark.parametrize(
    ("change", "meta", "code"),
    [
        ({"Mcp-Method": "tools/list"}, META, -32_020),
        ({"Mcp-Method": ""}, META, -32_020),
        ({"Mcp-Name": "find_jobs"}, META, -32_020),
        ({"Mcp-Name": ""}, META, -32_020),
        ({"Mcp-Name": "=?base64?###?="}, META, -32_020),
        ({"Mcp-Name": "=?base64?/w==?="}, META, -32_020),
        ({VERSION: "2025-11-25"}, META, -32_020),
        ({VERSION: ""}, META, -32_020),
        ({}, {}, -32_602),
        ({}, "meta", -32_602),
        ({}, {**META, "io.modelcontextprotocol/clientCapabilities": None}, -32_602),
        ({}, {**META, "io.modelcontextprotocol/protocolVersion": "2025-11-25"}, -32_020),
        ({}, {**META, "io.modelcontextprotocol/protocolVersion": {}}, -32_020),
    ],
)
def test_headers_and_body_say_the_same(
    here: House, change: dict[str, str], meta: Any, code: int
) -> None:
    """Or the message is refused, before anything is read for it."""
    body, headers = stateless("tools/call", name="find_clients")
    body["params"]["_meta"] = meta
    reply = post(here, body, headers={**headers, **change})
    assert (reply.status, reply.json["error"]["code"], reply.json["id"]) == (400, code, 1)
    assert reply.calls == 0


@pytest.mark.parametrize(
    "version", ["2024-11-05", "1900-01-01", "x" * 5_000, "2025-06-18, 2025-06-18"]
)
@pytest.mark.parametrize("body", [call("find_clients"), INITIALIZED, []])
def test_an_unknown_version_is_refused_with_the_known_ones(
    here: House, version: str, body: Any
) -> None:
    """A client chooses among them."""
    reply = post(here, body, headers={VERSION: version})
    assert reply.status == 400
    assert reply.json["error"]["code"] == -32_022
    assert reply.json["error"]["data"]["supported"] == list(SUPPORTED)
    assert len(reply.body) < 600


@pytest.mark.parametrize(
    ("method", "is_stateless", "status"),
    [
        ("resources/list", False, 200),
        ("server/discover", False, 200),
        ("x" * 90_000, False, 200),
        ("ping", True, 404),
        ("initialize", True, 404),
        ("subscriptions/listen", True, 404),
    ],
)
def test_methods_that_are_not_answered_are_refused(
    here: House, method: str, is_stateless: bool, status: int
) -> None:
    """With those that are; each version has its own."""
    body, headers = stateless(method) if is_stateless else (message(method), {})
    reply = post(here, body, headers={**headers, "Mcp-Method": method})
    assert (reply.status, reply.json["error"]["code"]) == (status, -32_601)
    assert "tools/call" in reply.json["error"]["message"]
    assert len(reply.body) < 400


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", -32_700),
        ("{", -32_700),
        ("[" * 50_000, -32_700),
        ('{"a":' * 10_000, -32_700),
        ('{"jsonrpc":"2.0","id":1e999,"method":"ping"}', -32_700),
        ('{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}', -32_700),
        ('"ping"', -32_600),
        ("null", -32_600),
        ("{}", -32_600),
        ({"jsonrpc": "1.0", "id": 1, "method": "ping"}, -32_600),
        ({"jsonrpc": "2.0", "id": 1}, -32_600),
        ({"jsonrpc": "2.0", "id": 1, "method": 5}, -32_600),
        (message("ping", None), -32_600),
        (message("ping", True), -32_600),
        (message("ping", 1.5), -32_600),
        (message("ping", [1]), -32_600),
        (message("ping", 2**63), -32_600),
        (message("ping", "x" * 201), -32_600),
        ([], -32_600),
        ([message("ping")] * (MOST_MESSAGES + 1), -32_600),
    ],
)
def test_what_is_no_message_is_refused(here: House, body: Any, code: int) -> None:
    """In few words, and with no id that is none."""
    reply = post(here, body)
    assert (reply.status, reply.json["error"]["code"]) == (400, code)
    assert reply.json["id"] in {None, 1}
    assert len(reply.body) < 400


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": 5},
        {"name": "find_clients", "arguments": []},
        {"name": "find_clients", "arguments": "x"},
        {"name": None},
    ],
)
def test_a_call_names_a_tool_and_arguments(here: House, params: dict[str, Any]) -> None:
    """Else its parameters are wrong; an assistant can't mend that by other words."""
    reply = post(here, message("tools/call", **params))
    assert (reply.status, reply.json["error"]["code"]) == (200, -32_602)
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}
    assert post(here, body).json["error"]["code"] == -32_602


def test_a_batch_is_answered_in_its_order(here: House) -> None:
    """In the one version that has them; what gets no answer leaves no gap."""
    batch = [
        message("ping", "a"),
        INITIALIZED,
        {"jsonrpc": "2.0", "id": 9, "result": {}},
        call("find_clients"),
        {"no": "message"},
    ]
    found = post(here, batch).json
    assert [one["id"] for one in found] == ["a", 1, None]
    assert post(here, [INITIALIZED, INITIALIZED]).status == 202
    for version in SUPPORTED[:-1]:
        reply = post(here, batch, headers={VERSION: version})
        assert (reply.status, reply.json["error"]["code"]) == (400, -32_600)


def test_answers_of_clients_are_taken_where_versions_allow_them(here: House) -> None:
    """We ask clients nothing, so they mean nothing."""
    response = {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert post(here, response).status == 202
    assert post(here, response, headers={VERSION: STATELESS}).status == 400


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_there_is_no_stream_and_no_session(here: House, method: str) -> None:
    """The protocol's clients go on without."""
    reply = post(here, "", method=method)
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://ledger.example"}, 403),
        ({"Origin": "https://ledger.example.evil.example"}, 403),
        ({"Origin": "https://ledger.example:8443"}, 403),
        ({"Origin": "https://ledger.example"}, 200),
        ({"Accept": "text/event-stream"}, 406),
        ({"Accept": "text/html, image/*"}, 406),
        ({"Accept": "*/*"}, 200),
        ({"Accept": ""}, 200),
        ({"Accept": "text/event-stream, application/json;q=0.5"}, 200),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "Application/JSON; charset=utf-8"}, 200),
    ],
)
def test_headers_decide_who_is_served(here: House, headers: dict[str, str], status: int) -> None:
    """No page of another site, and nobody who can't read the answer."""
    reply = post(here, call("find_clients"), headers=headers)
    assert reply.status == status
    if status != 200:
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert reply.calls == 0


def test_the_api_s_own_address_is_no_other_site(here: House) -> None:
    """Of a stage without a site, for instance."""
    body = json.dumps(message("ping"))
    event = {
        "requestContext": {
            **_context(here),
            "domainName": "id.execute-api.example",
            "path": "/api/mcp",
        }
    }
    origin = {"Origin": "https://id.execute-api.example"}
    assert post(here, body, headers=origin, **event).status == 200


def _context(_: House) -> dict[str, Any]:
    from tests.support.readers.reading import api_event  # noqa: PLC0415

    context: dict[str, Any] = api_event("/mcp")["requestContext"]
    return context


def test_bodies_are_bounded(here: House) -> None:
    """In bytes, packed for the way or not."""
    fits = json.dumps(message("ping"))
    assert post(here, fits + " " * (MOST_BYTES - len(fits))).status == 200
    assert post(here, fits + " " * (MOST_BYTES - len(fits) + 1)).status == 413
    wide = json.dumps({"a": "\u00e9" * 50_000}, ensure_ascii=False)
    assert post(here, wide).status == 413
    packed = base64.b64encode(fits.encode()).decode()
    assert post(here, packed, isBase64Encoded=True).status == 200
    assert post(here, "%%%", isBase64Encoded=True).status == 400
