"""What a span says of a call of a language model, by whichever convention it is written.

Three conventions are read: OpenTelemetry's for generative AI with its present and former names
(``gen_ai.…``), OpenLLMetry's (``traceloop.…``, ``llm.usage.…``, ``llm.request.type``) and
OpenInference (``openinference.span.kind``, ``llm.token_count.…``). `read_span` puts each into the
present names of OpenTelemetry, by whose rule ``gen_ai.usage.input_tokens`` includes tokens read
from and written to a cache.

**Which spans are calls of a model.** The kind says it where there is one: a chat, a completion or
an embedding is a call; an agent, a chain, a workflow, a tool or a retrieval is not, so its failure
is no failed call of a model. Its tokens, if it tells any, are those of calls below it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

_MOST_TOKENS = 1_000_000_000  # no call uses so many: a greater number is none
_DIGITS = 10  # of the greatest number
_PREFIXES = ("gen_ai.", "openinference.", "traceloop.", "llm.", "embedding.")
_EVENT_PREFIXES = ("gen_ai.", "llm.")
OPERATION = "gen_ai.operation.name"
ERROR = "error.type"
REQUEST_MODEL, RESPONSE_MODEL = "gen_ai.request.model", "gen_ai.response.model"
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITTEN = "gen_ai.usage.cache_creation.input_tokens"
# The present name of each figure, and all its names; the first that holds a number counts.
_TOKENS: Mapping[str, tuple[str, ...]] = {
    INPUT: (
        INPUT,
        "gen_ai.usage.prompt_tokens",
        "llm.usage.input_tokens",
        "llm.usage.prompt_tokens",
        "llm.token_count.prompt",
    ),
    OUTPUT: (
        OUTPUT,
        "gen_ai.usage.completion_tokens",
        "llm.usage.output_tokens",
        "llm.usage.completion_tokens",
        "llm.token_count.completion",
    ),
    CACHE_READ: (
        CACHE_READ,
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "llm.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
        "llm.token_count.prompt_details.cache_input",
    ),
    CACHE_WRITTEN: (
        CACHE_WRITTEN,
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_write_input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "llm.usage.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
}
_RESPONSE_MODELS = (RESPONSE_MODEL, "llm.response.model_name", "llm.response.model")
_REQUEST_MODELS = (
    *(REQUEST_MODEL, "llm.request.model_name", "llm.request.model"),
    *("llm.model_name", "embedding.model_name"),
)
# Where a span says what it is, from the word that says most to the one that says least.
_KINDS = ("openinference.span.kind", OPERATION, "llm.request.type", "traceloop.span.kind")
# A kind with one of these in it is none of a call, however it is spelt.
_NO_CALL = (
    *("agent", "chain", "workflow", "task", "tool", "retriev", "rerank", "memory", "guardrail"),
    *("evaluat", "prompt", "decision", "plan"),
)
# A kind with one of these in it is a call even if the span names no model.
_CALL = ("chat", "complet", "generat", "embed", "llm", "respon")
# What names an agent in a span that neither tells its kind nor a model: Pydantic AI's are such.
_AGENT_NAMES = ("gen_ai.agent.name", "gen_ai.agent.id", "agent_name")
_REPEATS = ("fetch",)  # what is fetched again tells the usage of a call that was counted before
_UNKNOWN = {"", "unknown"}


class SpanReading(NamedTuple):
    """What one span says."""

    is_call: bool
    """Whether it is a call of a model itself."""
    has_failed: bool
    has_usage: bool
    """Whether it tells tokens, its own or those of calls below it."""
    attributes: dict[str, Any]
    """All of it in OpenTelemetry's present names, for `Job.usage`."""


def attributes_of(span: Any) -> dict[str, Any] | None:
    """Return the attributes of *span*, an SDK's span or a mapping; None where it has none of ours.

    What an event of the span says of usage counts where the span itself does not say it, and a
    status of ``ERROR`` stands for ``error.type``.
    """
    given = span if isinstance(span, Mapping) else _part(span, "attributes")
    attributes = _copy(given)
    if not any(name.startswith(_PREFIXES) for name in attributes):
        return None
    if span is given:
        return attributes
    told: dict[str, Any] = {}
    events = _part(span, "events")
    for event in events if isinstance(events, (list, tuple)) else ():
        some = _copy(_part(event, "attributes"))
        told |= {name: some[name] for name in some if name.startswith(_EVENT_PREFIXES)}
    status = _part(_part(_part(span, "status"), "status_code"), "name")
    if status == "ERROR":
        attributes.setdefault(ERROR, "_OTHER")
    return told | attributes


def read_span(attributes: Mapping[str, Any]) -> SpanReading | None:
    """Return what *attributes* say; None where they are not about a model, agent or tool."""
    kind = _kind(attributes)
    if any(word in kind for word in _REPEATS):
        return None
    tokens = {
        present: number
        for present, names in _TOKENS.items()
        if (number := _first(attributes, names, _tokens)) is not None
    }
    requested = _first(attributes, _REQUEST_MODELS, _text)
    answered = _first(attributes, _RESPONSE_MODELS, _text)
    has_usage = bool(tokens.get(INPUT) or tokens.get(OUTPUT))  # some say 0 where they don't know
    is_agent = not (kind or requested or answered) and any(
        name in attributes for name in _AGENT_NAMES
    )
    is_none = is_agent or any(word in kind for word in _NO_CALL) or "gen_ai.tool.name" in attributes
    is_one = has_usage or requested or answered or any(word in kind for word in _CALL)
    is_call = bool(is_one) and not is_none
    error = attributes.get(ERROR)
    if not (has_usage or is_call or kind):
        return None
    if has_usage:
        tokens = _included(tokens)
    read: dict[str, Any] = {OPERATION: kind or "chat", **tokens}
    if requested:
        read[REQUEST_MODEL] = requested
    if answered:
        read[RESPONSE_MODEL] = answered
    has_failed = error is not None and is_call
    if has_failed:
        read[ERROR] = str(error)
    return SpanReading(is_call, has_failed, has_usage, read)


def _included(tokens: Mapping[str, int]) -> dict[str, int]:
    """Return *tokens* with cached ones within the input, as the convention wants it.

    Some tell the input without them, which shows where there are more cached tokens than input.
    """
    cached = tokens.get(CACHE_READ, 0) + tokens.get(CACHE_WRITTEN, 0)
    given = tokens.get(INPUT, 0)
    return {**tokens, INPUT: given + cached if cached > given else given}


def _kind(attributes: Mapping[str, Any]) -> str:
    """Return what the span says that it is, in lower case; empty for nothing."""
    for name in _KINDS:
        text = _text(attributes.get(name))
        if text is not None and text.lower() not in _UNKNOWN:
            return text.lower()
    return ""


def _first(attributes: Mapping[str, Any], names: Iterable[str], read: Callable[[Any], Any]) -> Any:
    for name in names:
        if (found := read(attributes.get(name))) is not None:
            return found
    return None


def _tokens(value: Any) -> int | None:
    """Return *value* as a number of tokens; None where it is none.

    A text of digits is one: Micrometer, by which Spring AI traces, writes texts alone.
    """
    if isinstance(value, str):
        is_number = value.isascii() and value.isdigit() and len(value) <= _DIGITS
        value = int(value) if is_number else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    return int(value) if 0 <= value <= _MOST_TOKENS else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _copy(attributes: Any) -> dict[str, Any]:
    """Return the named members of a mapping; none where it is none, or where reading it raises."""
    try:
        return {name: attributes[name] for name in attributes if isinstance(name, str)}
    except Exception:  # noqa: BLE001 a foreign object may raise anything, and none of it is ours
        return {}


def _part(holder: Any, name: str) -> Any:
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 as above
        return None
