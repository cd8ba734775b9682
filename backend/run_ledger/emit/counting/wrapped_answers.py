"""Answers inside other things: results of batches, raw responses, lists, callbacks, agents' runs.

`unwrapped` returns what is inside, without reading it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from run_ledger.emit.counting.usage_fields import at, items, number, part, text, usage_of

_OK = 400  # HTTP statuses from here on are errors
# A batch's lines that were never sent to a model: they are no calls.
_NEVER_SENT = {"canceled", "cancelled", "expired", "batch_expired", "batch_cancelled"}
_BATCH = "batch"
_LINES: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_STREAMED = re.compile(r"(?:data|event|id|retry)?:")  # how a line of server-sent events begins
_LAST_LINE = "[DONE]"
_WITHOUT_CALLS = {"human", "system", "tool", "function", "remove"}  # LangChain's other messages
_LIKE_A_MODEL = re.compile(r"[-/.:\d]")
_STEPS = (  # of a Bedrock agent
    *("preProcessingTrace", "orchestrationTrace", "postProcessingTrace", "routingClassifierTrace"),
)
_MEDIA = ("audio/", "image/")


class Told(Enum):
    """Stands for a call of which no more is told."""

    FAILURE = "it failed"
    NOTHING = "it was answered"


class Wrapped(NamedTuple):
    """Answers that were inside another, and the tier by which they were served, if known."""

    answers: list[Any]
    tier: str | None = None


def unwrapped(answer: Any) -> Wrapped | None:
    """Return the answers inside *answer*; None where it is no wrapping."""
    for look in _LOOKS:
        if (found := look(answer)) is not None:
            return found
    return None


def _list(answer: Any) -> Wrapped | None:
    if not isinstance(answer, (list, tuple)):
        return None
    if answer and all(at(one, "statistics.token_count") is not None for one in answer):
        return Wrapped([{"embeddings": list(answer)}])  # what Vertex's SDK returns for one call
    return Wrapped(list(answer))


def _json(answer: Any) -> Wrapped | None:
    """Unwrap JSON text, such as a line of a batch's file or a chunk's bytes."""
    if not isinstance(answer, (str, bytes, bytearray)):
        return None
    found = _decoded(answer)
    if found is not None:
        return found
    return _streamed(answer if isinstance(answer, str) else answer.decode("utf-8", "replace"))


def _streamed(content: str) -> Wrapped | None:
    """Unwrap lines of a stream as they come over HTTP; comments and empty lines tell nothing."""
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    if not all(map(_STREAMED.match, lines)):
        return None
    told = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    try:
        return Wrapped([_LINES.decode(data) for data in told if data not in ("", _LAST_LINE)])
    except (ValueError, RecursionError):
        return None


def _decoded(content: str | bytes | bytearray) -> Wrapped | None:
    if content.lstrip()[:1] not in ("{", b"{", "[", b"["):
        return None
    for decode in (lambda text: [msgspec.json.decode(text)], _LINES.decode_lines):
        try:
            return Wrapped(decode(content))
        except (ValueError, RecursionError):
            continue
    return None


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
    is_line = text(answer, "key") is not None or part(answer, "request") is not None
    if is_line and text(answer, "status"):
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
    body = part(response, "body")
    return Wrapped([response if body is None else body], _BATCH)


def _failed(why: str | None) -> Wrapped:
    return Wrapped([] if why in _NEVER_SENT else [Told.FAILURE])


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
    inner = [part(answer, name) for name in ("http_response", "response")]
    raw = [one for one in inner if part(one, "is_stream_consumed") is not None]
    response = raw[0] if raw else answer
    status = number(part(response, "status_code"))
    if status is not None:
        return _of_body(response, status)
    if part(answer, "headers") is not None and part(answer, "data") is not None:
        return Wrapped([part(answer, "data")])
    if items(part(answer, "data"), "choices"):
        return Wrapped([part(answer, "data")])  # an event of Mistral's stream
    content = at(answer, "chunk.bytes")  # of Bedrock's stream
    if not isinstance(content, (bytes, str)):
        return None
    return _decoded(content) or Wrapped([])  # an agent's words


def _of_body(response: Any, status: int) -> Wrapped | None:
    if status >= _OK:
        return Wrapped([Told.FAILURE])
    if part(response, "is_stream_consumed") is not True:
        return None
    kind = part(part(response, "headers"), "content-type")
    if isinstance(kind, str) and kind.startswith(_MEDIA):
        return Wrapped([Told.NOTHING])  # speech, for example
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
    return Wrapped([Told.FAILURE] if event in {"on_chat_model_error", "on_llm_error"} else [])


def _generations(answer: Any) -> Wrapped | None:
    """Unwrap LangChain's results: a list for each prompt, of answers that one call gave."""
    prompts = items(answer, "generations")
    if part(answer, "message") is not None and text(answer, "text") is not None:
        return Wrapped([part(answer, "message")])  # one generation
    if prompts and not isinstance(prompts[0], (list, tuple)):
        prompts = [prompts]
    firsts = [choices[0] for choices in prompts if choices and isinstance(choices, (list, tuple))]
    answers = [_generated(first) for first in firsts]
    told = [one for one in answers if one is not None]
    return Wrapped(told) if told else None


def _generated(generation: Any) -> Any:
    """Return what tells the usage of one generation: its message, or what the model said beside."""
    message, beside = part(generation, "message"), part(generation, "generation_info")
    if any(part(message, name) is not None for name in ("usage_metadata", "response_metadata")):
        is_told = part(message, "usage_metadata") or part(message, "response_metadata")
        return message if is_told else None
    told = ("usage_metadata", "usage", "token_usage", "prompt_eval_count")
    return beside if any(part(beside, name) is not None for name in told) else None


def _run(answer: Any) -> Wrapped | None:
    """Unwrap the messages of an agent's run, and the SDK's own answer that others pass on."""
    names = ("usage_metadata", "models_usage")
    messages = _messages(answer)
    if text(answer, "type") == "chunk" and part(answer, "chunk") is not None:
        return Wrapped([part(answer, "chunk")])  # an event of OpenAI's helper for streams
    told = [one for one in messages if any(part(one, name) for name in names)]
    if told or (messages and all(text(one, "type") in _WITHOUT_CALLS for one in messages)):
        return Wrapped(told)
    if replies := items(answer, "replies"):  # Haystack
        return Wrapped(replies)
    raw = part(answer, "raw")
    beside = ("message", "text", "parsed", "parsing_error")
    if raw is not None and any(part(answer, name) is not None for name in beside):
        return Wrapped([raw])
    hidden = _attribute(answer, "_raw_response")  # of what Instructor returns
    return None if hidden is None else Wrapped([hidden])


def _messages(answer: Any) -> list[Any]:
    """Return the messages of a graph's state; a node may return one alone."""
    one = part(answer, "messages")
    return [one] if part(one, "usage_metadata") is not None else items(answer, "messages")


def _trace(answer: Any) -> Wrapped | None:
    """Unwrap an event of a Bedrock agent: one step, which may have called a model."""
    step = at(answer, "trace.trace")
    if not isinstance(step, Mapping):
        return None
    told = [at(part(step, name), "modelInvocationOutput.metadata") for name in _STEPS]
    return Wrapped([one for one in told if part(one, "usage") is not None])


def _named(answer: Any) -> Wrapped | None:
    """Unwrap a dict of what each step of a graph returned, or of what each model used."""
    if not isinstance(answer, Mapping):
        by_model = part(answer, "usage_metadata")  # of LangChain's callback
        return _named(by_model) if isinstance(by_model, Mapping) else None
    try:
        members = [(str(name), member) for name, member in answer.items()]
    except Exception:  # noqa: BLE001 a foreign object may raise anything, and none of it is ours
        return None
    if not members:
        return None
    steps = [one for _, one in members if _messages(one) or items(one, "replies")]
    if steps and all(one is None or isinstance(one, Mapping) for _, one in members):
        return Wrapped(steps)
    if all(_LIKE_A_MODEL.search(name) and usage_of(used) for name, used in members):
        return Wrapped([{"model": name, "usage": used} for name, used in members])
    return None


def _attribute(answer: Any, name: str) -> Any:
    try:
        return getattr(answer, name, None)
    except Exception:  # noqa: BLE001 a foreign object may raise anything, and none of it is ours
        return None


_LOOKS = (
    *(_list, _json, _batch_line, _batch, _response, _callback, _generations),
    *(_run, _trace, _named),
)
