"""Messages of JSON-RPC 2.0, as the protocol narrows them: requests, notifications, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from run_ledger.questions.asking import Json

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND = -32_700, -32_600, -32_601
INVALID_PARAMS, INTERNAL_ERROR = -32_602, -32_603
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32_020, -32_022
MOST_ID_CHARACTERS = 200
_MOST_ID = 2**63 - 1

MessageId = int | str


class RpcRefusal(Exception):
    """A message gets an error for an answer; the text says why and what is allowed."""

    def __init__(self, code: int, words: str, data: Json | None = None) -> None:
        """Refuse by *code*, one of the constants above; *data* is for programs."""
        super().__init__(words)
        self.code = code
        self.data = data


class Call(Struct, frozen=True):
    """A request, or a notification, whose ``message_id`` is None."""

    method: str
    params: Mapping[str, Any]
    message_id: MessageId | None = None


def decode_body(body: bytes) -> Any:
    """Return the JSON value of a body; raise RpcRefusal for what can't be read."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RpcRefusal(
            PARSE_ERROR, "The body can't be read; allowed is JSON of no great depth."
        ) from error


def known_id(message: Any) -> MessageId | None:
    """Return the id of a message where it has a valid one."""
    found = message.get("id") if isinstance(message, dict) else None
    if isinstance(found, str):
        return found if len(found) <= MOST_ID_CHARACTERS else None
    if not isinstance(found, int) or isinstance(found, bool):
        return None
    return found if abs(found) <= _MOST_ID else None


def is_response(message: Any) -> bool:
    """Return whether a message answers a request. We make none, so it answers nothing."""
    return (
        isinstance(message, dict)
        and "method" not in message
        and ("result" in message or "error" in message)
    )


def call_of(message: Any) -> Call:
    """Return the request or notification that a decoded *message* is; raise RpcRefusal."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise RpcRefusal(
            INVALID_REQUEST, 'A message must be an object with jsonrpc "2.0" and a method.'
        )
    method, params = message.get("method"), message.get("params", {})
    if not isinstance(method, str):
        raise RpcRefusal(INVALID_REQUEST, "method must be a text, as tools/call.")
    if "id" in message and known_id(message) is None:
        raise RpcRefusal(
            INVALID_REQUEST,
            f"id must be a text of at most {MOST_ID_CHARACTERS} characters, or an integer of 64 "
            "bits.",
        )
    if not isinstance(params, dict):
        raise RpcRefusal(INVALID_PARAMS, "params must be an object.")
    return Call(method, params, known_id(message))


def success(message_id: MessageId | None, result: Json) -> Json:
    """Return the response with a result."""
    return {"jsonrpc": "2.0", "id": message_id, "result": result}


def failure(message_id: MessageId | None, refusal: RpcRefusal) -> Json:
    """Return the response with an error; the id is None where that of the request is not known."""
    error: Json = {"code": refusal.code, "message": str(refusal)}
    if refusal.data is not None:
        error["data"] = refusal.data
    return {"jsonrpc": "2.0", "id": message_id, "error": error}
