"""Events and chunks of streams: what each of them says of the call that it belongs to.

All of a stream's events may be passed as they come, or the last alone: each says the usage so far,
and the same call is counted once. Some tell nothing, and that is known, too.
"""

from __future__ import annotations

import re
from typing import Any

from run_ledger.emit.counting.usage_fields import (
    CallReading,
    at,
    first_text,
    has_part,
    items,
    number,
    part,
    text,
    usage_of,
)
from run_ledger.emit.pricing.usage_totals import Usage

METRICS = "amazon-bedrock-invocationMetrics"
_SILENT_TYPES = {
    *("ping", "content_block_start", "content_block_delta", "content_block_stop", "message_stop"),
    *("text", "thinking", "signature", "citation", "input_json", "compaction"),
    *("message-start", "content-start", "content-delta", "content-end", "tool-plan-delta"),
    *("tool-call-start", "tool-call-delta", "tool-call-end", "citation-start", "citation-end"),
    *("debug", "human", "system", "tool", "function", "remove", "AIMessageChunk"),
}
_SILENT_BEGINNINGS = (
    *("response.", "session.", "conversation.", "input_audio_buffer.", "output_audio_buffer."),
    *("rate_limits.", "transcript.", "transcription_session.", "mcp_list_tools.", "thread."),
    *("interaction.", "content.", "step.", "step_", "image_generation.", "image_edit."),
    *("refusal.", "logprobs.", "tool_calls."),
)
_SILENT_MEMBERS = (  # of Bedrock's Converse stream, and of Google's live messages
    *("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop"),
    *("server_content", "serverContent", "setup_complete", "setupComplete"),
    *("tool_call", "toolCall", "tool_call_cancellation", "go_away", "session_resumption_update"),
)
_FAULTS = (  # of Bedrock's streams
    *("internalServerException", "modelStreamErrorException", "modelTimeoutException"),
    *("serviceUnavailableException", "throttlingException", "validationException"),
)
_USUAL = {"standard", "default", "auto", "on_demand", "unspecified"}
_ONGOING = {"queued", "in_progress", "validating", "finalizing", "cancelling", "requires_action"}
_FINISHED = ("finish_reason", "finishReason", "stop_reason", "completionReason")


def of_event(event: Any) -> list[CallReading] | None:
    """Return what an event of a stream says; None where it is read like a whole answer."""
    kind = text(event, "type")
    if has_part(event, "parent_tool_use_id"):  # of a Claude agent, whose result has the sums
        return []
    if kind == "message_start":
        return _of_message(part(event, "message"), is_last=False)
    if kind == "message_delta":
        usage = usage_of(part(event, "usage"))
        is_last = at(event, "delta.stop_reason") is not None
        return [CallReading(usage, kind="rest", is_last=is_last)] if usage else []
    if kind == "message_stop":
        end = CallReading(Usage(llm_calls=0), kind="end")
        return [*_of_message(part(event, "message"), is_last=True), end]
    # An error with an event's id is a live session's complaint, and no failed call.
    is_error = kind == "error" and text(event, "event_id") is None
    if is_error or any(part(event, name) is not None for name in _FAULTS):
        failed = CallReading(Usage(llm_errors=1, is_told=False), kind="rest")
        return [failed, CallReading(Usage(llm_calls=0), kind="end")]
    return None


def _of_message(message: Any, *, is_last: bool) -> list[CallReading]:
    usage = usage_of(part(message, "usage"))
    if usage is None:
        return []
    usage = usage._replace(model=text(message, "model"), tier=tier_of(message))
    return [CallReading(usage, text(message, "id"), "chunk", is_last)]


def _of_metrics(event: Any) -> list[CallReading]:
    usage = usage_of(part(event, METRICS))
    return [CallReading(usage, kind="sums")] if usage else []


def with_metrics(event: Any, readings: list[CallReading] | None) -> list[CallReading] | None:
    """Add what Bedrock says with a stream's last chunk to what the chunk itself says."""
    rest = _of_metrics(event)
    return [*(readings or []), *rest] if rest else readings


def of_chunk(answer: Any, reading: CallReading) -> CallReading:
    """Return *reading* as the chunk that *answer* is, if it is one."""
    if text(answer, "type") == "AIMessageChunk":
        ends = text(answer, "chunk_position") == "last"
        return reading._replace(kind="addend", is_last=ends)
    if reading.call_id is None and _is_googles_usage_alone(answer):
        return reading._replace(kind="sums", is_last=False)
    is_last = _is_last_chunk(answer)
    return reading if is_last is None else reading._replace(kind="chunk", is_last=is_last)


def _is_googles_usage_alone(answer: Any) -> bool:
    """Return whether it is a chunk of Google's that tells nothing but usage: the first, or last."""
    told = ("candidates", "serverContent", "server_content", "promptFeedback", "prompt_feedback")
    has_usage = any(part(answer, name) is not None for name in ("usageMetadata", "usage_metadata"))
    others = ("response_metadata", "type", "invocation_id")  # LangChain's, Google's ADK
    is_anothers = any(part(answer, name) is not None for name in others)
    return has_usage and not is_anothers and not any(part(answer, name) for name in told)


def _is_last_chunk(answer: Any) -> bool | None:
    """Return whether a chunk is its answer's last; None where *answer* is no chunk."""
    name = text(answer, "object") or ""
    content = part(answer, "serverContent") or part(answer, "server_content")
    choices = items(answer, "choices")
    if name.endswith(".chunk") or name == "text_completion" or _has_delta(choices):
        return not choices or is_finished(answer, "choices")
    if name == "batch" or at(answer, "metadata.usage") is not None:
        return True
    if content is not None:
        return bool(part(content, "turnComplete") or part(content, "turn_complete"))
    return _is_last_piece(answer)


def _is_last_piece(answer: Any) -> bool | None:
    """Return the same for chunks that have no list of choices."""
    if items(answer, "candidates"):
        return is_finished(answer, "candidates")
    if _is_bedrock_text(answer):
        return first_text(answer, _FINISHED) is not None
    if text(answer, "invocation_id") is not None:  # Google's ADK
        return part(answer, "partial") is not True
    is_last = part(answer, "stop")  # llama.cpp
    return is_last if isinstance(is_last, bool) else None


def _has_delta(choices: list[Any]) -> bool:
    return bool(choices) and part(choices[0], "delta") is not None


def _is_bedrock_text(answer: Any) -> bool:
    """Return whether it is Llama's or Titan's own body on Bedrock, whole or a chunk."""
    return text(answer, "generation") is not None or text(answer, "outputText") is not None


def is_finished(answer: Any, name: str) -> bool:
    """Return whether one of the choices of an answer says why it ended."""
    return any(
        part(choice, reason) is not None for choice in items(answer, name) for reason in _FINISHED
    )


def tells_nothing(answer: Any) -> bool:
    """Return whether *answer* is known to say nothing of usage: most of a stream's events do."""
    kind = text(answer, "type") or text(answer, "event_type") or ""
    return (
        kind in _SILENT_TYPES
        or kind.startswith(_SILENT_BEGINNINGS)
        or text(answer, "event_type") is not None  # Cohere, first version
        or text(answer, "status") in _ONGOING
        or part(answer, "done") is False
        or _is_unfinished(answer)
        or any(part(answer, name) is not None for name in _SILENT_MEMBERS)
        or _is_estimate(answer)
    )


def _is_unfinished(answer: Any) -> bool:
    for name in ("choices", "candidates"):
        if items(answer, name):
            return not is_finished(answer, name)
    name = text(answer, "object") or ""
    if name.endswith((".chunk", ".delta", "run.step")):
        return True
    if not name and part(answer, "choices") == []:  # the first chunk of Azure's streams
        return True
    if at(answer, "token.text") is not None:  # a chunk of Hugging Face's
        return True
    return _is_bedrock_text(answer) and first_text(answer, _FINISHED) is None


def _is_estimate(answer: Any) -> bool:
    """Return whether it only counts the tokens of a prompt: nothing was called."""
    if text(answer, "object") == "response.input_tokens":
        return True
    if at(answer, "tokens_info") is not None or at(answer, "token_strings") is not None:
        return True
    counted = ("input_tokens", "inputTokens", "total_tokens", "totalTokens")
    return any(number(part(answer, name)) is not None for name in counted)


def tier_of(answer: Any) -> str | None:
    """Return how an answer was served, as ``flex``; None where that is the usual way."""
    told = first_text(
        answer,
        (
            *(
                "usage.service_tier",
                "service_tier",
                "serviceTier.type",
                "metadata.serviceTier.type",
            ),
            *("usage_metadata.service_tier", "response_metadata.service_tier"),
            *("usageMetadata.serviceTier", "serviceTier", "response.service_tier"),
            *("usage_metadata.traffic_type", "usageMetadata.trafficType"),
        ),
    )
    if text(part(answer, "usage"), "speed") == "fast":
        return "fast"
    if told is None:
        return None
    told = re.sub(r"^(?:service_tier|on_demand|traffic_type)_", "", told.lower())
    return None if told in _USUAL else told
