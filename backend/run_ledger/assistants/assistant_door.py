"""``/mcp``: one request of an assistant, from its HTTP to an answer.

The transport is the protocol's *streamable HTTP* without any stream or session: each request is
answered by one JSON document, from what it says itself. Whoever may not read gets the answers of
the reads, before any message is looked at.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct, structs

from run_ledger.domain.exceptions import BodyTooLarge, Forbidden, UnknownBodyType
from run_ledger.questions.asking import Asking, Json
from run_ledger.questions.tools import TOOLS
from run_ledger.read.answers import (
    COMMON_HEADERS,
    Answer,
    MethodNotAllowed,
    ProblemKind,
    problem,
)
from run_ledger.read.gateway.request_body import body
from run_ledger.read.gateway.request_headers import header
from run_ledger.read.inquiries import Inquiry
from run_ledger.read.reader import Reader, Request

from .protocol_versions import (
    BATCHED,
    METHOD_HEADER,
    NAME_HEADER,
    STATELESS,
    VERSION_HEADER,
    check_envelope,
    says_its_version,
    version_of,
)
from .reader_asking import ReaderAsking, ReaderCrashed
from .rpc_messages import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Call,
    RpcRefusal,
    call_of,
    decode_body,
    failure,
    is_response,
    known_id,
    success,
)
from .rpc_methods import KNOWN_METHODS, result_of

MOST_BYTES = 100_000
"""The most bytes of a body; arguments of all tools together have a few thousand."""
MOST_MESSAGES = 10
"""The most messages of a batch."""
_JSON = "application/json"
_OK, _ACCEPTED, _BAD, _NOT_FOUND, _CRASHED = 200, 202, 400, 404, 500
_ACCEPTS = frozenset(("", "*/*", "application/*", _JSON))
_log = logging.getLogger(__name__)


class NotAcceptable(Exception):
    """The caller wants no JSON."""


ASSISTANT_PROBLEMS = (
    ProblemKind(Forbidden, 403, "forbidden", "Not allowed"),
    ProblemKind(
        MethodNotAllowed,
        405,
        "method-not-allowed",
        "Method not allowed",
        "Assistants POST their questions here; there is no stream to GET and no session to DELETE.",
        {"Allow": "POST"},
    ),
    ProblemKind(NotAcceptable, 406, "not-acceptable", "No such form"),
    ProblemKind(BodyTooLarge, 413, "too-large", "Too large"),
    ProblemKind(UnknownBodyType, 415, "unknown-type", "The body's type is not known"),
)
_PROBLEMS = tuple(kind.exception for kind in ASSISTANT_PROBLEMS)


class _Post(Struct, frozen=True):
    """What a request of an assistant says beside what every request says."""

    headers: Mapping[str, str]
    body: bytes
    site: str | None


def answer_assistant(
    reader: Reader, request: Request, event: Mapping[str, Any], seconds: float
) -> tuple[Answer, dict[str, Any]]:
    """Return the answer to *request* within *seconds*, and the members of its log line.

    *event* is the one that API Gateway describes the request in. Nothing of what an assistant sends
    is among the members.
    """
    post = _post(event)
    ask = ReaderAsking(reader, request, seconds)
    asked = structs.replace(request, method="GET", parameters={}, if_none_match="")
    answer, way = reader.answer(asked, seconds, _admitted)
    if answer.status == _OK:
        try:
            _check(request, post)
            answer = _answered(post, ask, way)
        except _PROBLEMS as error:
            answer = problem(error, ASSISTANT_PROBLEMS)
            way["problem"] = type(error).__name__
    way["rounds"] += ask.rounds
    way["calls"] += ask.calls
    return answer, way


def _admitted(inquiry: Inquiry) -> Raw:
    """Return nothing to anybody who may read something; others are refused as by any path."""
    inquiry.scope()
    return Raw(b"{}")


def _post(event: Mapping[str, Any]) -> _Post:
    names = ("accept", "content-type", "origin", VERSION_HEADER, METHOD_HEADER, NAME_HEADER)
    site = (event.get("stageVariables") or {}).get("site") or ""
    return _Post(
        {name: header(event, name) for name in names},
        body(event),
        site if "://" in site else None,
    )


def _check(request: Request, post: _Post) -> None:
    """Raise one of `_PROBLEMS` where a request is not one of this transport."""
    if request.method != "POST":
        raise MethodNotAllowed
    origin = post.headers["origin"]
    if origin and origin not in {_origin(request.address), _origin(post.site or "")}:
        raise Forbidden("Origin must be left out, or be that of this ledger's own site.")
    if post.headers["content-type"].partition(";")[0].strip().lower() != _JSON:
        raise UnknownBodyType(f"Content-Type must be {_JSON}.")
    accepted = post.headers["accept"].lower().split(",")
    if not any(one.partition(";")[0].strip() in _ACCEPTS for one in accepted):
        raise NotAcceptable(f"Accept must name {_JSON}.")
    if len(post.body) > MOST_BYTES:
        raise BodyTooLarge(f"The body must have at most {MOST_BYTES:,} bytes.")


def _origin(address: str) -> str | None:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def _answered(post: _Post, ask: ReaderAsking, way: dict[str, Any]) -> Answer:
    """Return the answer to the message in a body, or to several."""
    try:
        found = decode_body(post.body)
        version = way["protocol"] = version_of(post.headers)
        if isinstance(found, list):
            return _answered_batch(found, version, post, ask, way)
    except RpcRefusal as refusal:
        return _json(_BAD, failure(None, refusal))
    status, response = _answered_one(found, version, post, ask, way)
    return _json(status, response)


def _answered_batch(
    messages: list[Any], version: str, post: _Post, ask: ReaderAsking, way: dict[str, Any]
) -> Answer:
    """Return the answers to a batch, in its order; raise RpcRefusal where none is allowed."""
    if version != BATCHED:
        raise RpcRefusal(INVALID_REQUEST, f"{version} has no batches: send one message a request.")
    if not 1 <= len(messages) <= MOST_MESSAGES:
        raise RpcRefusal(INVALID_REQUEST, f"A batch must have 1 to {MOST_MESSAGES} messages.")
    answered = [_answered_one(one, version, post, ask, way) for one in messages]
    responses = [response for _, response in answered if response is not None]
    return _json(_OK if responses else _ACCEPTED, responses or None)


def _answered_one(
    message: Any, version: str, post: _Post, ask: ReaderAsking, way: dict[str, Any]
) -> tuple[int, Json | None]:
    """Return the status and the response to one message; None where it gets none."""
    is_stateless = version in STATELESS
    try:
        if is_response(message) and not is_stateless:
            return _ACCEPTED, None
        call = call_of(message)
        if call.message_id is None:
            return _ACCEPTED, None
        _note(call, way)
        if is_stateless or says_its_version(call):
            check_envelope(call, post.headers)
        asking = Asking(ask, ask.now, post.site)
        return _OK, success(call.message_id, result_of(call, version, asking))
    except RpcRefusal as refusal:
        is_answer = not is_stateless and refusal.code in {METHOD_NOT_FOUND, INVALID_PARAMS}
        status = _NOT_FOUND if refusal.code == METHOD_NOT_FOUND else _BAD
        return _OK if is_answer else status, failure(known_id(message), refusal)
    except Exception as error:  # noqa: BLE001 - the last resort: no caller sees a traceback
        if not isinstance(error, ReaderCrashed):
            _log.exception("failed", extra={"route": way["route"]})
        words = "Something failed on our side; try again."
        return _CRASHED, failure(known_id(message), RpcRefusal(INTERNAL_ERROR, words))


def _note(call: Call, way: dict[str, Any]) -> None:
    """Note what is asked, where it is something that there is: a log holds no caller's words."""
    way["rpc_method"] = call.method if call.method in KNOWN_METHODS else None
    name = call.params.get("name")
    way["tool"] = name if isinstance(name, str) and name in TOOLS else None


def _json(status: int, document: Any) -> Answer:
    if document is None:
        return Answer(status, COMMON_HEADERS, b"")
    headers = {**COMMON_HEADERS, "Content-Type": _JSON}
    return Answer(status, headers, msgspec.json.encode(document))
