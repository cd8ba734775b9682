"""Token usage from the answers of the common SDKs, told by their fields alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.emit.counting.usage import read
from run_ledger.emit.pricing.usage_totals import Usage

# What each SDK answers, cut to what is read, and what that comes to. The first two figures are
# input and output, then come tokens read from and written to a cache.
ANSWERS: dict[str, tuple[Any, tuple[int, int, int, int], str | None]] = {
    "OpenAI chat completions": (
        {
            "object": "chat.completion",
            "model": "gpt-5.4-mini-2026-03-05",
            "choices": [{"finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 2006,
                "completion_tokens": 300,
                "total_tokens": 2306,
                "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 120},
            },
        },
        (2006, 300, 1920, 0),
        "gpt-5.4-mini-2026-03-05",
    ),
    "OpenAI responses": (
        {
            "object": "response",
            "status": "completed",
            "model": "gpt-5.4",
            "usage": {
                "input_tokens": 328,
                "input_tokens_details": {"cached_tokens": 64},
                "output_tokens": 52,
                "output_tokens_details": {"reasoning_tokens": 8},
                "total_tokens": 380,
            },
        },
        (328, 52, 64, 0),
        "gpt-5.4",
    ),
    "OpenAI responses, last event of a stream": (
        {
            "type": "response.completed",
            "response": {"model": "gpt-5.4", "usage": {"input_tokens": 10, "output_tokens": 5}},
        },
        (10, 5, 0, 0),
        "gpt-5.4",
    ),
    "Anthropic messages": (
        {
            "type": "message",
            "model": "claude-sonnet-4-5-20250929",
            "usage": {
                "input_tokens": 50,
                "cache_creation_input_tokens": 1000,
                "cache_read_input_tokens": 100_000,
                "output_tokens": 503,
            },
        },
        (101_050, 503, 100_000, 1000),
        "claude-sonnet-4-5-20250929",
    ),
    "Anthropic messages without a cache": (
        {
            "type": "message",
            "usage": {"input_tokens": 50, "cache_read_input_tokens": None, "output_tokens": 3},
        },
        (50, 3, 0, 0),
        None,
    ),
    "Google GenAI": (
        {
            "model_version": "gemini-2.5-flash",
            "candidates": [{"finish_reason": "STOP"}],
            "usage_metadata": {
                "prompt_token_count": 1000,
                "cached_content_token_count": 800,
                "tool_use_prompt_token_count": 20,
                "candidates_token_count": 30,
                "thoughts_token_count": 12,
                "total_token_count": 1062,
            },
        },
        (1020, 42, 800, 0),
        "gemini-2.5-flash",
    ),
    "Google GenAI over REST": (
        {
            "modelVersion": "gemini-2.5-flash",
            "candidates": [{"finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4},
        },
        (9, 4, 0, 0),
        "gemini-2.5-flash",
    ),
    "Google GenAI, prompt refused": (
        {"candidates": None, "usage_metadata": {"prompt_token_count": 9}},
        (9, 0, 0, 0),
        None,
    ),
    "Bedrock Converse": (
        {
            "output": {"message": {"role": "assistant"}},
            "usage": {
                "inputTokens": 30,
                "outputTokens": 628,
                "totalTokens": 1758,
                "cacheReadInputTokens": 1000,
                "cacheWriteInputTokens": 100,
            },
        },
        (1130, 628, 1000, 100),
        None,
    ),
    "Bedrock Converse, last event of a stream": (
        {"metadata": {"usage": {"inputTokens": 30, "outputTokens": 6, "totalTokens": 36}}},
        (30, 6, 0, 0),
        None,
    ),
    "Mistral": (
        {"model": "m", "usage": {"prompt_tokens": 16, "completion_tokens": 34}},
        (16, 34, 0, 0),
        "m",
    ),
    "Mistral, last event of a stream": (
        {"data": {"model": "m", "usage": {"prompt_tokens": 16, "completion_tokens": 34}}},
        (16, 34, 0, 0),
        "m",
    ),
    "Cohere": (
        {
            "usage": {
                "billed_units": {"input_tokens": 5.0, "output_tokens": 7.0},
                "tokens": {"input_tokens": 71.0, "output_tokens": 8.0},
            }
        },
        (71, 8, 0, 0),
        None,
    ),
    "Cohere, first version": (
        {"meta": {"billed_units": {"input_tokens": 5, "output_tokens": 7}}},
        (5, 7, 0, 0),
        None,
    ),
    "Cohere, last event of a stream": (
        {
            "type": "message-end",
            "delta": {"usage": {"tokens": {"input_tokens": 3, "output_tokens": 4}}},
        },
        (3, 4, 0, 0),
        None,
    ),
    "LiteLLM in front of Anthropic": (
        {
            "model": "claude-sonnet-4-5",
            "usage": {
                "prompt_tokens": 1100,
                "completion_tokens": 10,
                "prompt_tokens_details": {"cached_tokens": 900, "cache_creation_tokens": 100},
                "cache_read_input_tokens": 900,
                "cache_creation_input_tokens": 100,
            },
        },
        (1100, 10, 900, 100),
        "claude-sonnet-4-5",
    ),
    "LangChain message": (
        {
            "type": "ai",
            "usage_metadata": {
                "input_tokens": 350,
                "output_tokens": 240,
                "total_tokens": 590,
                "input_token_details": {"cache_read": 100, "cache_creation": 200},
            },
            "response_metadata": {"model_name": "gpt-5.4"},
        },
        (350, 240, 100, 200),
        "gpt-5.4",
    ),
    "LangChain result": (
        {
            "llm_output": {
                "model_name": "gpt-5.4",
                "token_usage": {"prompt_tokens": 3, "completion_tokens": 4},
            }
        },
        (3, 4, 0, 0),
        "gpt-5.4",
    ),
    "span attributes": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.response.model": "claude-sonnet-4-5-20250929",
            "gen_ai.usage.input_tokens": 1100,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read.input_tokens": 900,
            "gen_ai.usage.cache_creation.input_tokens": 100,
        },
        (1100, 7, 900, 100),
        "claude-sonnet-4-5-20250929",
    ),
    "span attributes by their first names": (
        {"gen_ai.usage.prompt_tokens": 11, "gen_ai.usage.completion_tokens": 7},
        (11, 7, 0, 0),
        None,
    ),
    "a bare usage": ({"input_tokens": 4, "output_tokens": 2}, (4, 2, 0, 0), None),
}


def one(answer: Any) -> Usage:
    """Return the usage of the one call that *answer* tells of."""
    (reading,) = read(answer) or ()
    return reading.usage


def as_object(value: Any) -> Any:
    """Turn dicts into objects whose attributes are their members, as SDKs give them."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: as_object(member) for name, member in value.items()})
    return [as_object(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize("sdk", ANSWERS)
def test_usage_is_read_from_dicts(sdk: str) -> None:
    """Each SDK's answer as plain data gives its tokens, cached ones within the input."""
    answer, (given_, out, cached, written), model = ANSWERS[sdk]

    assert one(answer) == Usage(1, 0, given_, out, cached, written, model)


@pytest.mark.parametrize("sdk", [sdk for sdk in ANSWERS if "span" not in sdk])
def test_usage_is_read_from_objects(sdk: str) -> None:
    """The same answers as objects give the same."""
    answer = ANSWERS[sdk][0]

    assert read(as_object(answer)) == read(answer)


def test_usage_is_read_from_a_span() -> None:
    """A span's attributes are found in it, and a span that failed counts as an error."""
    attributes = {"gen_ai.usage.input_tokens": 5, "gen_ai.request.model": "m"}
    span = SimpleNamespace(name="chat m", attributes=attributes | {"error.type": "timeout"})

    assert one(span) == Usage(llm_errors=1, input_tokens=5, model="m")
    assert one({"gen_ai.request.model": "m"}) == Usage(model="m", is_told=False)
    assert read({"gen_ai.tool.name": "t"}) == []
    assert one({"gen_ai.request.model": "m", "error.type": "500"}) == Usage(
        llm_errors=1, model="m", is_told=False
    )


def test_usage_is_read_from_other_kinds_of_objects() -> None:
    """Whatever has attributes will do, validated models included."""

    class Tokens(msgspec.Struct):
        prompt_tokens: int
        completion_tokens: int

    class Answer(msgspec.Struct):
        model: str
        usage: Tokens | None = None

    assert one(Answer("m", Tokens(3, 4))) == Usage(1, 0, 3, 4, 0, 0, "m")
    assert read(Answer("m")) is None


def test_an_error_counts_as_a_call() -> None:
    """An exception, or a response that failed, is a call and an error, with what it used."""
    assert one(TimeoutError("no answer")) == Usage(llm_errors=1, is_told=False)
    assert one({"status": "failed", "model": "m", "usage": None}) == Usage(
        llm_errors=1, model="m", is_told=False
    )
    assert one({"status": "failed", "usage": {"input_tokens": 9}}) == Usage(
        llm_errors=1, input_tokens=9
    )


def test_events_that_tell_nothing_are_known() -> None:
    """Most of a stream's events say nothing of usage; that is no reason to call them unread."""
    for event in (
        {"object": "chat.completion.chunk", "choices": [], "usage": None},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "response.output_text.delta", "delta": "Hi"},
        {"candidates": [{"content": {}, "finish_reason": None}]},
        {"contentBlockDelta": {"delta": {"text": "Hi"}}},
        {"model": "m", "done": False},
    ):
        assert read(event) == []
        assert read(as_object(event)) == []


class Hostile:
    """An object whose every attribute raises."""

    def __getattr__(self, name: str) -> Any:
        """Fail."""
        raise RuntimeError(name)


class HostileMapping(Mapping[str, int]):
    """A mapping that can't be looked at."""

    def __getitem__(self, name: str) -> int:
        """Fail."""
        raise RuntimeError(name)

    def __iter__(self) -> Iterator[str]:
        """Fail."""
        raise RuntimeError

    def __len__(self) -> int:
        """Fail."""
        raise RuntimeError


@pytest.mark.parametrize(
    "garbage",
    [
        *(None, "", "text", b"bytes", 0, 7.5, True, [], (), {}, object(), Hostile()),
        *(HostileMapping(), MagicMock(), {"usage": {}}, {"usage": "much"}, {"usage": None}),
        {"usage": {"prompt_tokens": None, "completion_tokens": None}},
        {"usage": {"prompt_tokens": "12", "completion_tokens": True}},
        {"usage": {"prompt_tokens": -1, "completion_tokens": 10**12 + 1}},
        {"usage": {"prompt_tokens": float("nan"), "completion_tokens": 1.5}},
        {"usage": Hostile()},
        {"usage_metadata": HostileMapping(), "candidates": Hostile()},
    ],
    ids=lambda garbage: type(garbage).__name__,  # a repr with an address differs by worker
)
def test_garbage_counts_nothing(garbage: object) -> None:
    """What makes no sense is no usage, and no reason to fail."""
    assert not read(garbage)


def test_cached_tokens_never_exceed_the_input() -> None:
    """A report that contradicts itself gives counters that still fit together."""
    answer = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 12}}

    assert one(answer) == Usage(input_tokens=10, cache_read_input_tokens=10)


NAMES = st.sampled_from(
    [
        *("usage", "usage_metadata", "response", "meta", "delta", "message", "candidates", "type"),
        *("input_tokens", "output_tokens", "prompt_tokens", "cache_read_input_tokens", "status"),
        *("input_tokens_details", "cached_tokens", "inputTokens", "tokens", "billed_units"),
        *("gen_ai.usage.input_tokens", "error.type", "attributes", "model"),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(ANYTHING)
def test_nothing_raises_and_everything_fits(answer: Any) -> None:
    """Whatever comes in, what comes out are counts that the contract takes."""
    for usage in (reading.usage for reading in read(answer) or ()):
        assert 0 <= usage.llm_errors <= 1
        assert usage.cache_read_input_tokens + usage.cache_write_input_tokens >= 0
        assert usage.cache_read_input_tokens + usage.cache_write_input_tokens <= usage.input_tokens
        assert usage.output_tokens >= 0
