"""Answers inside other things: results of batches, raw responses, lists, callbacks, agents' runs.

`unwrapped` returns what is inside, without reading it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from run_ledger.emit.counting.usage_fields import at, items, number, part, text

_OK = 400  # HTTP statuses from here on are errors
# A batch's lines that were never sent to a model: they are no calls.
_NEVER_SENT = {"canceled", "cancelled", "expired", "batch_expired", "batch_cancelled"}
_BATCH = "batch"


class Failed(NamedTuple):
    """Stands for a call that failed and told nothing else."""


class Wrapped(NamedTuple):
    """Answers that were inside another, and the tier by which they were served, if known."""

    answers: list[Any]
    tier: str | None = None


def unwrapped(answer: Any) -> Wrapped | None:
    """Return the answers inside *answer*; None where it is no wrapping."""
    for look in (_list, _json, _batch_line, _batch, _response, _callback, _generations, _run):
        if (found := look(answer)) is not None:
            return found
    return None


def _list(answer: Any) -> Wrapped | None:
    return Wrapped(list(answer)) if isinstance(answer, (list, tuple)) else None


def _json(answer: Any) -> Wrapped | None:
    """Unwrap JSON text, such as a line of a batch's file or a chunk's bytes."""
    if not isinstance(answer, (str, bytes, bytearray)):
        return None
    return _decoded(answer)


def _decoded(content: str | bytes | bytearray) -> Wrapped | None:
    if content.lstrip()[:1] not in ("{", b"{", "[", b"["):
        return None
    try:
        found = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return None
    return Wrapped([found])


def _batch_line(answer: Any) -> Wrapped | None:
    """Unwrap one request's result of a batch of OpenAI, Mistral, Anthropic, Google or Bedrock."""
    result, response = part(answer, "result"), part(answer, "response")
    error = part(answer, "error")
    kind = text(result, "type")
    found = None
    if text(answer, "custom_id") is not None and kind is not None:
        is_good = kind == "succeeded"
        found = Wrapped([part(result, "message")], _BATCH) if is_good else _failed(kind)
    elif text(answer, "custom_id") is not None and (response is not None or error is not None):
        found = _of_http(response, error)
    elif text(answer, "recordId") is not None:
        output = part(answer, "modelOutput")
        found = Wrapped([output], _BATCH) if output is not None else _failed(None)
    elif part(response, "candidates") is not None:
        found = Wrapped([response], _BATCH)
    elif _is_failed_line(answer):
        found = _failed(None)
    return found


def _is_failed_line(answer: Any) -> bool:
    """Return whether it is an error in the place of an answer, such as ``{"error": {…}}``."""
    if text(answer, "key") is not None and part(answer, "status"):
        return True
    told = ("usage", "usage_metadata", "id", "type", "status")
    return part(part(answer, "error"), "message") is not None and all(
        part(answer, name) is None for name in told
    )


def _of_http(response: Any, error: Any) -> Wrapped:
    if response is None:
        return _failed(text(error, "code"))
    if (number(part(response, "status_code")) or 0) >= _OK:
        return _failed(None)
    return Wrapped([part(response, "body")], _BATCH)


def _failed(why: str | None) -> Wrapped:
    return Wrapped([] if why in _NEVER_SENT else [Failed()])


def _batch(answer: Any) -> Wrapped | None:
    """Unwrap Google's batch job, which holds the answers; other batches tell only counts."""
    for name in ("inlined_responses", "inlinedResponses"):
        found = part(part(answer, "dest"), name) or part(answer, name)
        if isinstance(found, (list, tuple)):
            return Wrapped(list(found), _BATCH)
    if text(answer, "type") == "message_batch":
        return Wrapped([])
    return None


def _response(answer: Any) -> Wrapped | None:
    """Unwrap raw HTTP responses of the SDKs; a body that is still to be read stays unread."""
    raw = part(answer, "http_response")
    response = answer if raw is None else raw
    status = number(part(response, "status_code"))
    if status is not None:
        return _of_body(response, status)
    if part(answer, "headers") is not None and part(answer, "data") is not None:
        return Wrapped([part(answer, "data")])
    if items(part(answer, "data"), "choices"):
        return Wrapped([part(answer, "data")])  # an event of Mistral's stream
    content = at(answer, "chunk.bytes")  # of Bedrock's stream
    return _decoded(content) if isinstance(content, (bytes, str)) else None


def _of_body(response: Any, status: int) -> Wrapped | None:
    if status >= _OK:
        return Wrapped([Failed()])
    if part(response, "is_stream_consumed") is not True:
        return None
    content = part(response, "content")
    return _decoded(content) if isinstance(content, bytes) else None


def _callback(answer: Any) -> Wrapped | None:
    """Unwrap LangChain's stream of events: the models' own, and not what chains repeat."""
    event = text(answer, "event") or ""
    if not event.startswith("on_"):
        return None
    if event in {"on_chat_model_end", "on_llm_end"}:
        return Wrapped([at(answer, "data.output")])
    if event in {"on_chat_model_stream", "on_llm_stream"}:
        return Wrapped([at(answer, "data.chunk")])
    return Wrapped([Failed()] if event in {"on_chat_model_error", "on_llm_error"} else [])


def _generations(answer: Any) -> Wrapped | None:
    """Unwrap LangChain's results: a list for each prompt, of answers that one call gave."""
    prompts = items(answer, "generations")
    if part(answer, "message") is not None and text(answer, "text") is not None:
        return Wrapped([part(answer, "message")])  # one generation
    if prompts and not isinstance(prompts[0], (list, tuple)):
        prompts = [prompts]
    messages = [part(choices[0], "message") for choices in prompts if choices]
    if messages and all(part(one, "usage_metadata") is not None for one in messages):
        return Wrapped(messages)
    return None


def _run(answer: Any) -> Wrapped | None:
    """Unwrap the messages of an agent's run, and the SDK's own answer that others pass on."""
    messages = items(answer, "messages")
    if isinstance(answer, Mapping) and any(part(one, "usage_metadata") for one in messages):
        return Wrapped([one for one in messages if part(one, "usage_metadata")])
    raw = part(answer, "raw")
    if raw is not None and (part(answer, "message") is not None or text(answer, "text")):
        return Wrapped([raw])
    return None
