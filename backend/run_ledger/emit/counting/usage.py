"""Token usage, read from the answers of the SDKs of language models.

No SDK is imported. An answer is an object, a dict, JSON text or a pydantic model of the common
SDKs, an event of one of their streams, a line of a batch's results, a list of answers, the
exception that was raised instead, or a span by the conventions of `span_usage`. `read` recognises
them by the names of their fields. It returns one `CallReading` for each call that the answer tells
of, an empty list where an answer is known and tells nothing, as most events of a stream, and None
where it recognises nothing. It raises nothing and never reads a stream that the caller has yet to
read.

**Cached tokens.** In the ledger `input_tokens` includes those read from and written to a cache, and
`output_tokens` includes reasoning, as OpenTelemetry's GenAI conventions have it. Anthropic and
Bedrock report cached tokens apart, so they are added.

**Errors.** An exception, a response whose status is `failed`, a batch's line that failed, and a
span with `error.type` count as a call and as an error.

**What counts as a call.** Chat, completions, embeddings, reranking, images, audio, moderation: each
answer is one, with tokens where it tells any. Estimates (`count_tokens`) are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from run_ledger.emit.counting import span_usage, stream_events
from run_ledger.emit.counting.usage_fields import (
    CallReading,
    at,
    first_text,
    items,
    number,
    part,
    text,
    usage_of,
    usage_of_span,
)
from run_ledger.emit.counting.wrapped_answers import Told, Wrapped, unwrapped
from run_ledger.emit.pricing.usage_totals import Usage

_MOST_LEVELS = 6  # of answers within answers
_DIGITS = 13  # a number of so many is none of tokens
_SPAN_MODELS = (span_usage.RESPONSE_MODEL, span_usage.REQUEST_MODEL)
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
    "response.meta",
    "x_groq.usage",
    "token_usage",
    "context_wrapper.usage",
    "llm_output.token_usage",
    "response_metadata.token_usage",
    "response_metadata.usage",
    "response_metadata.usage_metadata",
    "response_metadata",
    "metadata.tokenMetadata",
    "metrics.accumulated_usage",
    "metrics",
    "models_usage",
    "additional_kwargs",
    "meta.usage",  # Haystack
    "result.usage",  # Cloudflare
)
_MODELS = (
    "model",
    "model_version",
    "modelVersion",
    "model_name",
    "response.model",
    "response.model_name",
    "data.model",
    "response_metadata.model_name",
    "response_metadata.model",
    "llm_output.model_name",
    "meta.model",
)
_IDS = (
    "id",
    "response_id",
    "responseId",
    "provider_response_id",
    "generation_id",
    "response.id",
    "response.generation_id",
    "data.id",
    "item_id",
    "ResponseMetadata.RequestId",
)
_HEADERS = "ResponseMetadata.HTTPHeaders"
_BEDROCK_HEADERS = {
    "inputTokenCount": "x-amzn-bedrock-input-token-count",
    "outputTokenCount": "x-amzn-bedrock-output-token-count",
    "cacheReadInputTokenCount": "x-amzn-bedrock-cache-read-input-token-count",
    "cacheWriteInputTokenCount": "x-amzn-bedrock-cache-write-input-token-count",
}


def read(answer: Any) -> list[CallReading] | None:
    """Return what *answer* says of calls; None where nothing in it is recognised."""
    return _read(answer, 0)


def _read(answer: Any, level: int) -> list[CallReading] | None:
    if answer is None:
        return []
    if isinstance(answer, (BaseException, Told)):
        has_failed = answer is not Told.NOTHING
        return [CallReading(Usage(llm_errors=int(has_failed), is_told=False))]
    if level > _MOST_LEVELS or isinstance(answer, (bool, int, float)):
        return None
    attributes = span_usage.attributes_of(answer)
    if attributes is not None:
        return _of_span(attributes)
    wrapped = unwrapped(answer)
    return _of_one(answer, level) if wrapped is None else _of_wrapped(wrapped, level)


def _of_wrapped(wrapped: Wrapped, level: int) -> list[CallReading] | None:
    readings = [_read(inner, level + 1) for inner in wrapped.answers]
    if readings and all(one is None for one in readings):
        return None
    return [_served(one, wrapped.tier) for some in readings for one in some or ()]


def _served(reading: CallReading, tier: str | None) -> CallReading:
    return reading._replace(usage=reading.usage._replace(tier=tier)) if tier else reading


def _of_one(answer: Any, level: int) -> list[CallReading] | None:
    if isinstance(answer, (str, bytes, bytearray)):
        return None
    readings = stream_events.of_event(answer)
    if readings is None:
        inner = part(answer, "response")
        is_event = (text(answer, "type") or "").startswith("response.") and inner is not None
        readings = _read(inner, level + 1) if is_event else _of_answer(answer)
    return stream_events.with_metrics(answer, readings)


def _of_answer(answer: Any) -> list[CallReading] | None:
    has_failed = _has_failed(answer)
    usage = _usage_anywhere(answer)
    if usage is None:
        if not has_failed and stream_events.tells_nothing(answer):
            return []
        usage = Usage(is_told=False) if has_failed else _call_without_usage(answer)
        if usage is None:
            return None
    if not usage.llm_calls and not usage.input_tokens and not usage.output_tokens:
        return []
    usage = usage._replace(
        llm_errors=1 if has_failed else usage.llm_errors,
        model=first_text(answer, _MODELS),
        tier=usage.tier or stream_events.tier_of(answer),
    )
    # An event of Google's ADK has an id of its own, and the chunks of an answer are such events.
    is_event = text(answer, "invocation_id") is not None
    call_id = None if is_event else first_text(answer, _IDS)
    return [stream_events.of_chunk(answer, CallReading(usage, call_id))]


def _has_failed(answer: Any) -> bool:
    """Return whether an answer says that its call failed; a batch is many calls."""
    if text(answer, "object") == "batch":
        return False
    reasons = [part(choice, "finish_reason") for choice in items(answer, "choices")]
    return (
        text(answer, "status") == "failed"
        or text(answer, "finish_reason") in {"error", "ERROR"}
        or "error" in reasons
    )


def _usage_anywhere(answer: Any) -> Usage | None:
    for place in _PLACES:
        holder = at(answer, place)
        if holder is not None and (usage := usage_of(holder)) is not None:
            cycles = number(at(answer, "metrics.cycle_count"))  # Strands' agents
            usage = usage._replace(llm_calls=cycles) if cycles else usage
            return _of_batch(answer, usage)
    for choice in items(answer, "choices"):  # of Moonshot's streams
        if (usage := usage_of(part(choice, "usage"))) is not None:
            return usage
    usage = _of_headers(at(answer, _HEADERS)) or _of_titan(answer) or _of_embeddings(answer)
    if usage is not None:
        return usage
    usage = usage_of(answer)
    if usage is None or (_tells_input_alone(answer) and not usage.output_tokens):
        return None
    return usage


def _tells_input_alone(answer: Any) -> bool:
    inputs = ("input_tokens", "inputTokens", "total_input_tokens")
    outputs = ("output_tokens", "outputTokens", "total_output_tokens", "requests")
    return any(part(answer, name) is not None for name in inputs) and all(
        part(answer, name) is None for name in outputs
    )


def _of_batch(answer: Any, usage: Usage) -> Usage:
    """Return the usage of a batch's object, which stands for as many calls as it counts."""
    if text(answer, "object") != "batch":
        return usage
    done, failed = (
        number(at(answer, f"request_counts.{name}")) or 0 for name in ("completed", "failed")
    )
    return usage._replace(llm_calls=done + failed, llm_errors=failed, tier="batch")


def _of_headers(headers: Any) -> Usage | None:
    """Return what Bedrock says in the headers of `invoke_model`; its body is the caller's."""
    if not isinstance(headers, Mapping):
        return None
    try:
        lower = {str(name).lower(): str(value) for name, value in headers.items()}
    except Exception:  # noqa: BLE001 a foreign object may raise anything, and none of it is ours
        return None
    told = {name: lower.get(header, "") for name, header in _BEDROCK_HEADERS.items()}
    return usage_of({name: int(value) for name, value in told.items() if _is_digits(value)})


def _is_digits(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < _DIGITS


def _of_titan(answer: Any) -> Usage | None:
    generated = number(at(answer, "details.generated_tokens"))
    if generated is not None:  # Hugging Face
        read = len(items(part(answer, "details"), "prefill"))
        return Usage(input_tokens=read, output_tokens=generated)
    given = number(part(answer, "inputTextTokenCount"))
    answered = number(part(answer, "totalOutputTextTokenCount"))
    results = items(answer, "results")
    if answered is None and results:
        names = ("tokenCount", "generated_token_count")
        answered = sum(number(part(one, name)) or 0 for one in results for name in names)
        given = given or number(part(results[0], "input_token_count"))
    if given is None and not answered:
        return None
    return Usage(input_tokens=given or 0, output_tokens=answered or 0)


def _of_embeddings(answer: Any) -> Usage | None:
    """Return the tokens of embedded or ranked texts, where the answer has no usage of its own."""
    whole = _first_number(answer, ("total_tokens", "usage.total_tokens"))  # Voyage, Jina
    if whole is not None and any(
        isinstance(part(answer, name), (list, tuple)) for name in ("embeddings", "results", "data")
    ):
        return Usage(input_tokens=whole)
    parts = [part(one, "embeddings") or one for one in items(answer, "predictions")]
    parts = parts or items(answer, "embeddings")
    counts = [number(at(one, "statistics.token_count")) for one in parts]
    counts += [number(at(one, "statistics.tokenCount")) for one in parts]
    told = [count for count in counts if count is not None]
    return Usage(input_tokens=sum(told)) if told else None


def _first_number(answer: Any, paths: tuple[str, ...]) -> int | None:
    counts = (number(at(answer, path)) for path in paths)
    return next((count for count in counts if count is not None), None)


def _call_without_usage(answer: Any) -> Usage | None:
    """Return a call whose tokens nobody told, as those of images, ranks and audio."""
    name = text(answer, "object") or ""
    first = next(iter(items(answer, "results")), None)
    if part(first, "flagged") is not None:
        return Usage(is_told=False, is_free=True)  # moderation
    if (
        name in {"chat.completion", "chat.completion.chunk", "text_completion", "response"}
        or (text(answer, "type") == "message" and text(answer, "role") == "assistant")
        or any(stream_events.is_finished(answer, name) for name in ("choices", "candidates"))
        or items(answer, "generated_images")
        or items(answer, "generatedImages")
        or part(first, "relevance_score") is not None
        or isinstance(part(answer, "embeddings"), (list, tuple))
        or part(answer, "done") is True
        or text(answer, "generation") is not None
        or text(answer, "generated_text") is not None
        or _is_media(answer)
    ):
        return Usage(is_told=False)
    return None


def _is_media(answer: Any) -> bool:
    first = next(iter(items(answer, "data")), None)
    if any(text(first, name) for name in ("b64_json", "url")):
        return number(part(answer, "created")) is not None
    if text(part(answer, "usage"), "type") == "duration":
        return True
    return number(at(answer, "usage_info.pages_processed")) is not None or (
        number(at(answer, "meta.billed_units.search_units")) is not None
    )


def _of_span(attributes: Mapping[str, Any]) -> list[CallReading]:
    span = span_usage.read_span(attributes)
    if span is None:
        return []
    failed = int(span_usage.ERROR in span.attributes)
    usage = usage_of_span(span.attributes)
    if usage is None:
        if not (failed or span.is_call):
            return []
        usage = Usage(is_told=False)
    model = first_text(span.attributes, _SPAN_MODELS, part)
    return [CallReading(usage._replace(llm_errors=failed, model=model))]
