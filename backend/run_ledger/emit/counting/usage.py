"""Token usage, read from the answers of the SDKs of language models.

No SDK is imported. An answer is an object, a dict or a pydantic model of the OpenAI SDK (chat
completions, responses), Anthropic, Google GenAI, Amazon Bedrock (Converse), Mistral, Cohere,
LiteLLM or LangChain; or a span of OpenTelemetry, by the conventions of `span_usage`. `read`
recognises them by the names of their fields and returns None for everything else: usage in an
unknown form is not counted, and nothing is raised.

**Cached tokens.** In the ledger `input_tokens` includes those read from and written to a cache.
Anthropic and Bedrock report these apart, so they are added; the others include them already.

**Streams.** Pass the final, complete answer, or every event as it comes: only the one that carries
the usage counts. Of Anthropic's events, `message_start` counts as the call with its input, and
`message_delta` adds the output; it names no model, so pass the model, too. Google repeats the usage
so far with every chunk; the chunk with a finish reason counts.

**Errors.** An exception, a response whose status is `failed`, and a span with `error.type` count as
a call and as an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import span_usage

_MOST = 1_000_000_000  # no call uses so many tokens: a greater number is none
_Look = Callable[[Any, str], Any]


class Usage(NamedTuple):
    """What calls of a language model used; `input_tokens` includes both kinds of cached tokens."""

    llm_calls: int = 1
    llm_errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    model: str | None = None


class _Form(NamedTuple):
    """The names of the fields in which one family of SDKs reports usage; a dot goes one level in.

    `apart`: the input does not include tokens read from and written to a cache, so they are added.
    """

    input: tuple[str, ...]
    output: tuple[str, ...]
    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    apart: bool = False


# Tried in this order. Of each tuple the first field that holds a number counts; in `input` and
# `output`, a field with a plus is added to it.
_FORMS = (
    _Form(  # OpenAI chat completions, Mistral, LiteLLM, DeepSeek
        ("prompt_tokens",),
        ("completion_tokens",),
        (
            "prompt_tokens_details.cached_tokens",
            "cache_read_input_tokens",
            "prompt_cache_hit_tokens",
        ),
        ("prompt_tokens_details.cache_creation_tokens", "cache_creation_input_tokens"),
    ),
    _Form(  # Google GenAI
        ("prompt_token_count", "+tool_use_prompt_token_count"),
        ("candidates_token_count", "+thoughts_token_count"),
        ("cached_content_token_count",),
    ),
    _Form(  # the same over REST
        ("promptTokenCount", "+toolUsePromptTokenCount"),
        ("candidatesTokenCount", "+thoughtsTokenCount"),
        ("cachedContentTokenCount",),
    ),
    _Form(  # Amazon Bedrock, Converse
        ("inputTokens",),
        ("outputTokens",),
        ("cacheReadInputTokens",),
        ("cacheWriteInputTokens",),
        apart=True,
    ),
    _Form(  # OpenAI responses
        ("input_tokens",),
        ("output_tokens",),
        ("input_tokens_details.cached_tokens",),
        ("input_tokens_details.cache_write_tokens",),
    ),
    _Form(  # LangChain
        ("input_tokens",),
        ("output_tokens",),
        ("input_token_details.cache_read",),
        ("input_token_details.cache_creation",),
    ),
    _Form(  # Anthropic, and whatever reports input and output alone
        ("input_tokens",),
        ("output_tokens",),
        ("cache_read_input_tokens",),
        ("cache_creation_input_tokens",),
        apart=True,
    ),
    _Form(  # Cohere
        ("tokens.input_tokens",), ("tokens.output_tokens",), ("cached_tokens",)
    ),
    _Form(("billed_units.input_tokens",), ("billed_units.output_tokens",)),
)
_SPAN_FORM = _Form(
    (span_usage.INPUT,), (span_usage.OUTPUT,), (span_usage.CACHE_READ,), (span_usage.CACHE_WRITTEN,)
)
# Where usage is kept in an answer: the answer's own first, then those of stream events.
_PLACES = (
    "usage_metadata",
    "usageMetadata",
    "usage",
    "response.usage",
    "metadata.usage",
    "delta.usage",
    "data.usage",
    "meta",
    "llm_output.token_usage",
    "response_metadata.token_usage",
)
_MODELS = (
    "model",
    "model_version",
    "modelVersion",
    "response.model",
    "data.model",
    "response_metadata.model_name",
    "response_metadata.model",
    "llm_output.model_name",
)
_SPAN_MODELS = (span_usage.RESPONSE_MODEL, span_usage.REQUEST_MODEL)


def read(answer: Any) -> Usage | None:
    """Return the usage that *answer* reports; None where there is nothing to count."""
    if answer is None or isinstance(answer, (str, bytes, int, float)):
        return None
    if isinstance(answer, BaseException):
        return Usage(llm_errors=1)
    attributes = span_usage.attributes_of(answer)
    if attributes is not None:
        reading = span_usage.read_span(attributes)
        return reading and _of_span(reading.attributes)
    usage = _of_event(answer) or _of_answer(answer)
    if _text(answer, "status") == "failed":
        return (usage or Usage(model=_model(answer, _MODELS)))._replace(llm_errors=1)
    return usage


def _of_answer(answer: Any) -> Usage | None:
    if not _is_final(answer):
        return None
    model = _model(answer, _MODELS)
    for place in (*_PLACES, ""):
        holder = _at(answer, place) if place else answer
        if holder is not None and (usage := _in_any_form(holder)) is not None:
            return usage._replace(model=model)
    return None


def _of_event(event: Any) -> Usage | None:
    """Return what one of Anthropic's stream events adds: first the input, later the output."""
    kind = _text(event, "type")
    if kind == "message_start":
        message = _part(event, "message")
        usage = _in_any_form(_part(message, "usage"))
        return usage and usage._replace(output_tokens=0, model=_model(message, _MODELS))
    if kind == "message_delta":
        output = _number(_at(event, "usage.output_tokens"))
        return None if output is None else Usage(llm_calls=0, output_tokens=output)
    return None


def _of_span(attributes: Mapping[str, Any]) -> Usage | None:
    failed = int(span_usage.ERROR in attributes)
    usage = _in_form(attributes, _SPAN_FORM, _part)
    if usage is None:
        if not failed:
            return None
        usage = Usage()
    return usage._replace(llm_errors=failed, model=_model(attributes, _SPAN_MODELS, _part))


def _is_final(answer: Any) -> bool:
    """Return whether *answer* is complete: Google repeats the usage of earlier chunks later."""
    candidates = _part(answer, "candidates")
    if not isinstance(candidates, (list, tuple)) or not candidates:
        return True
    return any(
        _part(candidate, name) is not None
        for candidate in candidates
        for name in ("finish_reason", "finishReason")
    )


def _in_any_form(holder: Any) -> Usage | None:
    """Return usage in the form that finds cached tokens, else in the first that finds any."""
    first = None
    for form in _FORMS:
        usage = _in_form(holder, form, _at)
        if usage is None:
            continue
        if usage.cache_read_input_tokens or usage.cache_write_input_tokens:
            return usage
        first = first or usage
    return first


def _in_form(holder: Any, form: _Form, look: _Look) -> Usage | None:
    given, answered = _sum(holder, form.input, look), _sum(holder, form.output, look)
    if given is None and answered is None:
        return None
    given = given or 0
    read, written = _first(holder, form.read, look), _first(holder, form.written, look)
    if form.apart:
        given += read + written
    read = min(read, given)
    return Usage(
        input_tokens=given,
        output_tokens=answered or 0,
        cache_read_input_tokens=read,
        cache_write_input_tokens=min(written, given - read),
    )


def _sum(holder: Any, names: tuple[str, ...], look: _Look) -> int | None:
    total = None
    for name in names:
        number = _number(look(holder, name.removeprefix("+")))
        if number is None or (total is not None and not name.startswith("+")):
            continue
        total = (total or 0) + number
    return total


def _first(holder: Any, names: tuple[str, ...], look: _Look) -> int:
    for name in names:
        if (number := _number(look(holder, name))) is not None:
            return number
    return 0


def _model(answer: Any, names: tuple[str, ...], look: _Look | None = None) -> str | None:
    for name in names:
        found = (look or _at)(answer, name)
        if isinstance(found, str) and found:
            return found
    return None


def _text(holder: Any, name: str) -> str | None:
    found = _part(holder, name)
    return found if isinstance(found, str) else None


def _at(holder: Any, path: str) -> Any:
    for name in path.split("."):
        holder = _part(holder, name)
        if holder is None:
            return None
    return holder


def _part(holder: Any, name: str) -> Any:
    """Return a member of a dict or an object; None where there is none or reading it raises."""
    try:
        if isinstance(holder, Mapping):
            return holder.get(name)
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 a foreign property may raise anything, and none of it is ours
        return None


def _number(value: Any) -> int | None:
    """Return *value* as a number of tokens; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    return int(value) if 0 <= value <= _MOST else None
