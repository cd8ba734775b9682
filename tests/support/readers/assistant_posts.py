"""What assistants send to ``/mcp``, answered by the real reader of a house."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.readers.reading import House, Reply, Serial, api_event

from run_ledger.assistants.assistant_door import answer_assistant
from run_ledger.domain import instants
from run_ledger.read.reader import ASSISTANTS, Reader, read_request

SITE = "https://ledger.example/"
STATELESS = "2026-07-28"
_PREFIX = "io.modelcontextprotocol/"
META = {f"{_PREFIX}protocolVersion": STATELESS, f"{_PREFIX}clientCapabilities": {}}
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def post(
    here: House,
    body: Any,
    asking: Mapping[str, Any] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
    **members: Any,
) -> Reply:
    """Send a body, as JSON unless it is text; *members* are others of API Gateway's event."""
    event = {**api_event(ASSISTANTS, asking), **members}
    event["httpMethod"] = method
    event["headers"] |= {**HEADERS, **dict(headers or {})}
    event["stageVariables"] = {"site": SITE, **event["stageVariables"]}
    event["body"] = body if isinstance(body, str) else json.dumps(body)
    here.counting.requests.clear()
    reader = Reader(
        here.counting,  # type: ignore[arg-type]
        here.settings,
        Serial(),
        lambda: instants.Instant(here.now),
        kept=here.kept,
    )
    answer, log = answer_assistant(reader, read_request(event), event, 60.0)
    if here.counting.interfere is None:  # else there may be calls that were made again
        assert log["calls"] == len(here.counting.requests)
    proxied = answer.proxied()
    return Reply(
        proxied["statusCode"],
        proxied["headers"],
        proxied["body"],
        log["rounds"],
        log["calls"],
        log,
    )


def message(method: str, message_id: Any = 1, **params: Any) -> dict[str, Any]:
    """Return a request of a version with a handshake."""
    return {"jsonrpc": "2.0", "id": message_id, "method": method, "params": params}


def call(tool: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a call of a tool, of a version with a handshake."""
    return message("tools/call", name=tool, arguments=arguments or {})


def stateless(method: str, **params: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a request of the version without sessions, and its headers."""
    headers = {"MCP-Protocol-Version": STATELESS, "Mcp-Method": method}
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    return message(method, **params, _meta=META), headers
