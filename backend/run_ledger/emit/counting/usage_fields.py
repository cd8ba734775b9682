"""The names of the fields in which SDKs of language models report usage, and how they are read.

Nothing here raises, whatever object it is given: a field that can't be read is not there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from run_ledger.emit.counting import span_usage
from run_ledger.emit.pricing.usage_totals import Usage

_MOST = 1_000_000_000_000  # tokens, far more than a batch of calls uses: a greater number is none
Look = Callable[[Any, str], Any]


class CallReading(NamedTuple):
    """What one answer says of one call, and how that belongs to what was said before.

    Of a ``whole`` answer everything counts; of a ``chunk`` what it says beyond earlier chunks of
    the same answer; an ``addend`` is a chunk whose tokens are to be added to earlier ones, unless
    it repeats them. Without an id, the ``rest`` and the ``sums`` of a call go on with the one that
    the stream began, and the ``end`` only ends it.
    """

    usage: Usage
    call_id: str | None = None
    kind: Literal["whole", "chunk", "addend", "rest", "sums", "end"] = "whole"
    is_last: bool = True
    """Whether no further chunk of the answer is expected."""


class Form(NamedTuple):
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
    Form(  # OpenAI chat completions, Mistral, LiteLLM, DeepSeek, OpenRouter, Groq, CrewAI
        ("prompt_tokens", "+connector_tokens"),  # what Mistral's tools have read
        ("completion_tokens",),
        (
            "prompt_tokens_details.cached_tokens",
            "prompt_token_details.cached_tokens",
            "cache_read_input_tokens",
            "prompt_cache_hit_tokens",
            "prompt_tokens_cached",
            "cached_prompt_tokens",
            "cached_prompt_text_tokens",
            "num_cached_tokens",
            "cached_tokens",
        ),
        (
            "prompt_tokens_details.cache_creation_tokens",
            "prompt_tokens_details.cache_write_tokens",
            "cache_creation_input_tokens",
        ),
    ),
    Form(  # Google GenAI; Llama on Bedrock
        ("prompt_token_count", "+tool_use_prompt_token_count"),
        (
            "candidates_token_count",
            "response_token_count",
            "generation_token_count",
            "+thoughts_token_count",
        ),
        ("cached_content_token_count",),
    ),
    Form(  # Google over REST
        ("promptTokenCount", "+toolUsePromptTokenCount"),
        ("candidatesTokenCount", "responseTokenCount", "+thoughtsTokenCount"),
        ("cachedContentTokenCount",),
    ),
    Form(  # Google's interactions
        ("total_input_tokens", "+total_tool_use_tokens"),
        ("total_output_tokens", "+total_thought_tokens"),
        ("total_cached_tokens",),
    ),
    Form(  # Amazon Bedrock: Converse, Nova
        ("inputTokens",),
        ("outputTokens",),
        ("cacheReadInputTokens", "cacheReadInputTokenCount"),
        ("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
        apart=True,
    ),
    Form(  # the last chunk of Bedrock's streams; the sums of its batches
        ("inputTokenCount",),
        ("outputTokenCount",),
        ("cacheReadInputTokenCount",),
        ("cacheWriteInputTokenCount",),
        apart=True,
    ),
    Form(  # OpenAI responses, realtime and agents; LangChain
        ("input_tokens",),
        ("output_tokens",),
        (
            "input_tokens_details.cached_tokens",
            "input_token_details.cached_tokens",
            "input_token_details.cache_read",
            "input_token_details.flex_cache_read",
            "input_token_details.priority_cache_read",
        ),
        (
            "input_tokens_details.cache_write_tokens",
            "input_token_details.cache_creation",
            "input_token_details.flex_cache_creation",
            "input_token_details.priority_cache_creation",
        ),
    ),
    Form(  # Pydantic AI
        ("input_tokens",), ("output_tokens",), ("cache_read_tokens",), ("cache_write_tokens",)
    ),
    Form(  # Anthropic, and whatever reports input and output alone
        ("input_tokens",),
        ("output_tokens",),
        ("cache_read_input_tokens",),
        ("cache_creation_input_tokens",),
        apart=True,
    ),
    Form(  # Cohere
        ("tokens.input_tokens",), ("tokens.output_tokens",), ("cached_tokens",)
    ),
    Form(("billed_units.input_tokens",), ("billed_units.output_tokens",)),
    Form(("prompt_eval_count",), ("eval_count",)),  # Ollama
    Form(("input_token_count",), ("output_token_count", "generated_token_count")),
    Form(("tokens_evaluated",), ("tokens_predicted",)),  # llama.cpp
    Form(("inputTokenCount.totalTokens",), ("outputTokenCount.totalTokens",)),  # Vertex's PaLM
)
_SPAN_FORM = Form(
    (span_usage.INPUT,), (span_usage.OUTPUT,), (span_usage.CACHE_READ,), (span_usage.CACHE_WRITTEN,)
)
_DETAILS = ("input_tokens_details", "input_token_details", "prompt_tokens_details")
_OUTPUT_DETAILS = ("output_tokens_details", "output_token_details", "completion_tokens_details")
_WRITTEN_FOR_AN_HOUR = (
    "cache_creation.ephemeral_1h_input_tokens",
    "input_token_details.ephemeral_1h_input_tokens",
    "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
)
_WRITTEN_FOR_MINUTES = "input_token_details.ephemeral_5m_input_tokens"
_CALLS = ("requests", "successful_requests")
_WEB_SEARCHES = (
    "server_tool_use.web_search_requests",
    "prompt_tokens_details.web_search_requests",
)
_TIERS = ("flex", "priority")


def usage_of(holder: Any) -> Usage | None:
    """Return usage in the form that finds cached tokens, else in the first that finds any."""
    first = None
    for form in _FORMS:
        usage = _in_form(holder, form, at)
        if usage is None:
            continue
        if usage.cache_read_input_tokens or usage.cache_write_input_tokens:
            first = usage
            break
        first = first or usage
    return first and _with_details(first, holder)


def usage_of_span(attributes: Mapping[Any, Any]) -> Usage | None:
    """Return usage from a span's attributes by OpenTelemetry's conventions; None without any."""
    return _in_form(attributes, _SPAN_FORM, part)


def _in_form(holder: Any, form: Form, look: Look) -> Usage | None:
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


def _with_details(usage: Usage, holder: Any) -> Usage:
    """Return *usage* with what prices depend on, with reasoning, and with the number of calls."""
    hour = _first(holder, _WRITTEN_FOR_AN_HOUR, at) or _hour_of_bedrock(holder)
    minutes = number(at(holder, _WRITTEN_FOR_MINUTES)) or 0
    room = usage.input_tokens - usage.cache_read_input_tokens
    written = min(max(usage.cache_write_input_tokens, hour + minutes), room)
    output = usage.output_tokens + _reasoning_beside(usage, holder)
    usage = usage._replace(
        llm_calls=_first(holder, _CALLS, at, default=1),
        output_tokens=output,
        cache_write_input_tokens=written,
        cache_write_hour_tokens=min(hour, written),
        input_audio_tokens=min(_audio(holder, _DETAILS), usage.input_tokens),
        output_audio_tokens=min(_audio(holder, _OUTPUT_DETAILS), output),
        web_searches=_first(holder, _WEB_SEARCHES, at),
        tier=next((tier for tier in _TIERS if _has_tier(holder, tier)), None),
    )
    for one in items(holder, "iterations"):
        # Anthropic's summing up of a long context is beside what the answer used.
        beside = usage_of(one) if text(one, "type") == "compaction" else None
        usage = usage if beside is None else _sum_of(usage, beside)
    return usage


def _has_tier(holder: Any, tier: str) -> bool:
    """Return whether LangChain tells its tokens under the name of a tier."""
    return number(at(holder, f"input_token_details.{tier}")) is not None


def _sum_of(usage: Usage, other: Usage) -> Usage:
    return usage._replace(
        input_tokens=usage.input_tokens + other.input_tokens,
        output_tokens=usage.output_tokens + other.output_tokens,
        cache_read_input_tokens=usage.cache_read_input_tokens + other.cache_read_input_tokens,
        cache_write_input_tokens=usage.cache_write_input_tokens + other.cache_write_input_tokens,
        cache_write_hour_tokens=usage.cache_write_hour_tokens + other.cache_write_hour_tokens,
    )


def _reasoning_beside(usage: Usage, holder: Any) -> int:
    """Return the reasoning tokens that the output leaves out, as the total shows; most include."""
    whole = number(part(holder, "total_tokens")) or 0
    beside = whole - usage.input_tokens - usage.output_tokens
    if beside <= 0:
        return 0
    names = (*(f"{name}.reasoning_tokens" for name in _OUTPUT_DETAILS), "reasoning_tokens")
    told = _first(holder, names, at)
    return beside if beside == told else 0


def _audio(holder: Any, names: tuple[str, ...]) -> int:
    kinds = ("audio_tokens", "audio")
    return _first(holder, tuple(f"{name}.{kind}" for name in names for kind in kinds), at)


def _hour_of_bedrock(holder: Any) -> int:
    details = part(holder, "cacheDetails")
    if not isinstance(details, (list, tuple)):
        return 0
    return sum(number(part(one, "inputTokens")) or 0 for one in details if text(one, "ttl") == "1h")


def _sum(holder: Any, names: tuple[str, ...], look: Look) -> int | None:
    total = None
    for name in names:
        count = number(look(holder, name.removeprefix("+")))
        if count is None or (total is not None and not name.startswith("+")):
            continue
        total = (total or 0) + count
    return total


def _first(holder: Any, names: tuple[str, ...], look: Look, default: int = 0) -> int:
    for name in names:
        if (count := number(look(holder, name))) is not None:
            return count
    return default


def first_text(holder: Any, paths: tuple[str, ...], look: Look | None = None) -> str | None:
    """Return the first of *paths* at which *holder* has text."""
    for path in paths:
        found = (look or at)(holder, path)
        if isinstance(found, str) and found:
            return found
    return None


def text(holder: Any, name: str) -> str | None:
    """Return a member that is text; None where it is none."""
    found = part(holder, name)
    return found if isinstance(found, str) else None


def items(holder: Any, name: str) -> list[Any]:
    """Return a member that is a list or tuple; an empty list where it is none."""
    found = part(holder, name)
    return list(found) if isinstance(found, (list, tuple)) else []


def at(holder: Any, path: str) -> Any:
    """Return what stands at the end of a path of names with dots between; None without."""
    for name in path.split("."):
        holder = part(holder, name)
        if holder is None:
            return None
    return holder


def part(holder: Any, name: str) -> Any:
    """Return a member of a dict or an object; None where there is none or reading it raises.

    Of a pydantic model only fields are read: some SDKs' properties log warnings when looked at.
    """
    try:
        if type(holder) is dict or isinstance(holder, Mapping):
            return holder.get(name)
        if hasattr(type(holder), "__pydantic_fields__"):
            members = holder.__dict__
            return members[name] if name in members else _extra(holder).get(name)
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 a foreign property may raise anything, and none of it is ours
        return None


def has_part(holder: Any, name: str) -> bool:
    """Return whether a dict or an object has a member, be it None."""
    try:
        return name in holder if isinstance(holder, Mapping) else name in vars(holder)
    except Exception:  # noqa: BLE001 a foreign object may raise anything, and none of it is ours
        return False


def _extra(model: Any) -> Mapping[str, Any]:
    """Return what a pydantic model holds besides its fields."""
    return getattr(model, "__pydantic_extra__", None) or {}


def number(value: Any) -> int | None:
    """Return *value* as a number of tokens; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    return int(value) if 0 <= value <= _MOST else None
