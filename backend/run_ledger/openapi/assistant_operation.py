"""What the description says of ``/mcp``, whose messages are those of another protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from run_ledger.assistants.assistant_door import (
    ASSISTANT_PROBLEMS,
    MOST_BYTES,
    MOST_MESSAGES,
)
from run_ledger.assistants.protocol_versions import BATCHED, SUPPORTED
from run_ledger.questions.tools import TOOLS
from run_ledger.read.answers import ProblemDocument

from .other_responses import other_responses
from .schemas import reference

_TAG = "Assistants"
ASSISTANT_TAGS: Mapping[str, str] = {
    _TAG: "For people's assistants, which ask by the Model Context Protocol."
}
_ABOUT = f"""\
Answers one message of the Model Context Protocol, of the versions {", ".join(SUPPORTED)}: its
transport *streamable HTTP*, without streams and sessions. It changes nothing; the tools are
{", ".join(f"`{name}`" for name in TOOLS)}.

The caller may ask for what the paths above would show it. A call of a tool that is refused has a
result with `isError`, whose text says why. Up to {MOST_BYTES:,} bytes are read, and in version
{BATCHED} up to {MOST_MESSAGES} messages in a list."""
_STATUSES: Mapping[int, str] = {
    400: "The message can't be read, is of another version, or its headers and body differ.",
    403: "The token's holder may not see anything, or the request comes from another site's page.",
    404: "The method is not one of the protocol's that are answered here.",
    405: "Only POST is answered.",
    406: "The caller takes no JSON.",
    413: "The body is too large.",
    415: "The body is not said to be JSON.",
    500: "Something failed on our side.",
}
_RPC = (400, 404, 500)
_HEADERS: Mapping[str, str] = {
    "MCP-Protocol-Version": f"The version; {BATCHED} where it is left out.",
    "Mcp-Method": "The method of the body, in versions without sessions.",
    "Mcp-Name": "The tool's name, in versions without sessions.",
}
_CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "what_is_wrong_now", "arguments": {"period": "24h"}},
}


def assistant_operations() -> Mapping[str, Any]:
    """Return the operations of ``/mcp`` by method."""
    shared = [one for one in other_responses() if one.status not in {304, *_STATUSES}]
    responses = {
        "200": _rpc("The response to the message, or to each message of a batch."),
        "202": {"description": "A notification was taken; it gets no response."},
        **{str(status): _refusal(status, about) for status, about in _STATUSES.items()},
        **{str(one.status): {"$ref": f"#/components/responses/{one.name}"} for one in shared},
    }
    return {
        "post": {
            "operationId": "answer_assistant",
            "summary": "Answer an assistant",
            "description": _ABOUT,
            "tags": [_TAG],
            "parameters": [
                {"name": name, "in": "header", "description": about, "schema": {"type": "string"}}
                for name, about in _HEADERS.items()
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _MESSAGE, "example": _CALL}},
            },
            "responses": dict(sorted(responses.items())),
        }
    }


_MESSAGE: Mapping[str, Any] = {
    "description": "A message of JSON-RPC 2.0, as https://modelcontextprotocol.io describes it.",
    "type": ["object", "array"],
}


def _rpc(about: str) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": _MESSAGE}}}


def _refusal(status: int, about: str) -> dict[str, Any]:
    """Return the response of a status: an error of the protocol, or a problem document."""
    problem = {"application/problem+json": {"schema": reference(ProblemDocument)}}
    if status in _RPC:
        content = {**_rpc(about)["content"], **(problem if status == max(_RPC) else {})}
        return {"description": about, "content": content}
    headers: Sequence[str] = sorted(
        {name for kind in ASSISTANT_PROBLEMS if kind.status == status for name in kind.headers}
    )
    described = {name: {"schema": {"type": "string"}} for name in headers}
    return {"description": about, "headers": described, "content": problem}
