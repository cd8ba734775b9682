"""Spans by the conventions that instrumentations follow, present and former."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from run_ledger.emit.counting import usage
from run_ledger.emit.counting.span_usage import attributes_of, read_span
from run_ledger.emit.pricing.usage_totals import Usage

# What a span says, and the usage that it comes to; None: nothing to count.
SPANS: Mapping[str, tuple[Mapping[str, Any], Usage | None]] = {
    "a chat by the present names": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.usage.input_tokens": 1100,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read.input_tokens": 900,
            "gen_ai.usage.cache_creation.input_tokens": 100,
        },
        Usage(1, 0, 1100, 7, 900, 100, "claude-sonnet-4-5"),
    ),
    "a chat by the names of 2026": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": 1100,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read.input_tokens": 900,
            "gen_ai.usage.cache_write.input_tokens": 100,
        },
        Usage(1, 0, 1100, 7, 900, 100, "m"),
    ),
    "Strands": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": 300,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read_input_tokens": 200,
            "gen_ai.usage.cache_write_input_tokens": 50,
        },
        Usage(1, 0, 300, 7, 200, 50, "m"),
    ),
    "Pydantic AI": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": 300,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.details.cache_read_tokens": 200,
            "gen_ai.usage.details.cache_write_tokens": 50,
        },
        Usage(1, 0, 300, 7, 200, 50, "m"),
    ),
    "embeddings, with a float": (
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.response.model": "text-embedding-3-small",
            "gen_ai.usage.input_tokens": 12.0,
        },
        Usage(input_tokens=12, model="text-embedding-3-small"),
    ),
    "the first names, without an operation": (
        {
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-5.4-mini",
            "gen_ai.usage.prompt_tokens": 11,
            "gen_ai.usage.completion_tokens": 3,
        },
        Usage(input_tokens=11, output_tokens=3, model="gpt-5.4-mini"),
    ),
    "OpenLLMetry": (
        {
            "llm.request.type": "chat",
            "gen_ai.system": "Anthropic",
            "gen_ai.request.model": "m",
            "gen_ai.response.model": "m-2",
            "gen_ai.usage.prompt_tokens": 50,
            "gen_ai.usage.completion_tokens": 5,
            "gen_ai.usage.cache_read_input_tokens": 20,
            "gen_ai.usage.cache_creation_input_tokens": 10,
            "llm.usage.total_tokens": 55,
        },
        Usage(1, 0, 50, 5, 20, 10, "m-2"),
    ),
    "OpenLLMetry in its oldest names": (
        {"llm.request.model": "m", "llm.usage.prompt_tokens": 9, "llm.usage.completion_tokens": 1},
        Usage(input_tokens=9, output_tokens=1, model="m"),
    ),
    "OpenInference": (
        {
            "openinference.span.kind": "LLM",
            "llm.provider": "openai",
            "llm.model_name": "gpt-5.4-nano",
            "llm.token_count.prompt": 400,
            "llm.token_count.completion": 40,
            "llm.token_count.total": 440,
            "llm.token_count.prompt_details.cache_read": 256,
        },
        Usage(1, 0, 400, 40, 256, 0, "gpt-5.4-nano"),
    ),
    "OpenInference's embedding": (
        {
            "openinference.span.kind": "EMBEDDING",
            "embedding.model_name": "e",
            "llm.token_count.prompt": 6,
        },
        Usage(input_tokens=6, model="e"),
    ),
    "input told without what was cached": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 2,
            "gen_ai.usage.cache_read.input_tokens": 900,
        },
        Usage(input_tokens=910, output_tokens=2, cache_read_input_tokens=900),
    ),
    "a call that failed": (
        {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "error.type": "RateLimit"},
        Usage(llm_errors=1, model="m"),
    ),
    "a tool that failed": (
        {"gen_ai.operation.name": "execute_tool", "error.type": "ValueError"},
        None,
    ),
    "a tool that failed, by its name alone": (
        {"gen_ai.tool.name": "look_up", "gen_ai.request.model": "m", "error.type": "ValueError"},
        None,
    ),
    "an agent that failed": (
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.request.model": "m",
            "error.type": "ValueError",
        },
        None,
    ),
    "OpenLLMetry's tool that failed": (
        {"traceloop.span.kind": "tool", "error.type": "ValueError"},
        None,
    ),
    "OpenInference's chain that failed": (
        {"openinference.span.kind": "CHAIN", "llm.model_name": "m", "error.type": "ValueError"},
        None,
    ),
    "an agent that failed, with its tokens": (
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.usage.input_tokens": 5,
            "error.type": "ValueError",
        },
        Usage(input_tokens=5),
    ),
    "an answer that is fetched again": (
        {"gen_ai.operation.name": "fetch_response", "gen_ai.usage.input_tokens": 5},
        None,
    ),
    "figures that are none": (
        {
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": -1,
            "gen_ai.usage.output_tokens": "7.5",
            "gen_ai.usage.prompt_tokens": True,
        },
        Usage(model="m"),  # a call, of which nobody knows the tokens
    ),
}


def usage_of(span: Any) -> Usage | None:
    """Return what the call that *span* tells of used, whether or not it tells tokens."""
    readings = usage.read(span) or ()
    return next((reading.usage._replace(is_told=True) for reading in readings), None)


@pytest.mark.parametrize("span", SPANS)
def test_usage_is_read_by_every_convention(span: str) -> None:
    """A mapping and an SDK's span with the same attributes give the same usage."""
    attributes, expected = SPANS[span]

    assert usage_of(dict(attributes)) == expected
    assert usage_of(SimpleNamespace(name="a span", attributes=attributes)) == expected


def test_usage_in_an_event_counts_where_the_span_does_not_tell_it() -> None:
    """Of several events the last one counts; the span's own word comes first."""
    events = [
        SimpleNamespace(attributes={"gen_ai.usage.input_tokens": number, "text": "hello"})
        for number in (3, 8)
    ]
    span = SimpleNamespace(
        attributes={"gen_ai.operation.name": "chat", "gen_ai.usage.output_tokens": 2},
        events=events,
    )

    assert usage_of(span) == Usage(input_tokens=8, output_tokens=2)
    assert "text" not in (attributes_of(span) or {})


def test_a_status_of_error_is_a_failure() -> None:
    """OpenInference tells failures by the span's status alone."""
    status = SimpleNamespace(status_code=SimpleNamespace(name="ERROR"))
    attributes = {"openinference.span.kind": "LLM", "llm.model_name": "m"}

    span = SimpleNamespace(attributes=attributes, status=status)

    assert usage_of(span) == Usage(llm_errors=1, model="m")


@pytest.mark.parametrize(
    "span",
    [
        None,
        "text",
        SimpleNamespace(attributes=None),
        SimpleNamespace(attributes={"http.request.method": "POST", "error.type": "500"}),
        SimpleNamespace(attributes={1: 2}),
    ],
)
def test_other_spans_have_nothing_of_ours(span: object) -> None:
    """A span of a database or of HTTP is none of a model."""
    assert attributes_of(span) is None


def test_hostile_attributes_hurt_nobody() -> None:
    """A mapping that raises when it is read counts as empty."""

    class Broken(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            raise KeyError(name)

        def __iter__(self) -> Iterator[str]:
            return iter(["gen_ai.request.model"])

        def __len__(self) -> int:
            return 1

    assert attributes_of(Broken()) is None
    assert read_span({"gen_ai.operation.name": ["chat"], "gen_ai.request.model": {}}) is None
