"""Which spans of a tree count, whatever the order of their ends."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from run_ledger.emit.counting.span_usage import SpanReading, read_span
from run_ledger.emit.spans.span_tree import SpanKey, SpanTree

AGENT, CHAT = "invoke_agent", "chat"


def reading(
    operation: str, tokens: int = 0, error: str | None = None, name: str = ""
) -> SpanReading:
    """Return what a span says."""
    attributes: dict[str, Any] = {"gen_ai.operation.name": operation, "gen_ai.request.model": name}
    if tokens:
        attributes["gen_ai.usage.input_tokens"] = tokens
    if error:
        attributes["error.type"] = error
    found = read_span(attributes)
    assert found is not None
    return found


class Trace:
    """One trace: spans by name."""

    def __init__(self, most_spans: int = 100) -> None:
        """Begin with no span."""
        self.counted: list[tuple[Any, int]] = []
        self.failed = 0
        self.unread = 0
        self.tree = SpanTree(self._report, most_spans)
        self._ids: dict[str, SpanKey] = {}

    def key(self, name: str, trace_id: int = 1) -> SpanKey:
        """Return the key of the span of that name."""
        return self._ids.setdefault(name, SpanKey(trace_id, len(self._ids) + 1))

    def start(self, name: str, above: str | None = None, **options: Any) -> None:
        """Begin a span below another one."""
        self.tree.start(self.key(name), self.key(above) if above else None, "job", **options)

    def end(self, name: str, said: SpanReading | None = None) -> None:
        """End a span."""
        assert self.tree.end(self.key(name), said)

    def _report(self, owner: Any, said: SpanReading) -> None:
        tokens = said.attributes.get("gen_ai.usage.input_tokens", 0)
        if said.has_usage:
            self.counted.append((owner, tokens))
        self.failed += said.has_failed
        self.unread += not said.has_usage and not said.has_failed

    @property
    def tokens(self) -> int:
        """Return all tokens that were counted."""
        return sum(tokens for _, tokens in self.counted)


ENDS = ("agent", "chain", "first", "second")


@pytest.mark.parametrize("order", list(itertools.permutations(ENDS)))
def test_an_agent_repeats_its_calls_in_whatever_order_they_end(order: tuple[str, ...]) -> None:
    """An agent tells 30 tokens, of which its two calls, below a chain without tokens, told all."""
    trace = Trace()
    trace.start("agent")
    trace.start("chain", "agent")
    trace.start("first", "chain")
    trace.start("second", "agent")
    said = {
        "agent": reading(AGENT, 30),
        "chain": None,
        "first": reading(CHAT, 10),
        "second": reading(CHAT, 20),
    }

    for name in order:
        trace.end(name, said[name])

    assert sorted(trace.counted) == [("job", 10), ("job", 20)]
    assert len(trace.tree) == 0


@pytest.mark.parametrize("is_agent_first", [False, True])
def test_an_agent_without_calls_below_counts(*, is_agent_first: bool) -> None:
    """Where only the framework is instrumented, its tokens are the only ones."""
    trace = Trace()
    trace.start("agent")
    trace.start("http", "agent")

    if is_agent_first:
        trace.end("agent", reading(AGENT, 30))
        assert trace.counted == []
        trace.end("http")
    else:
        trace.end("http")
        trace.end("agent", reading(AGENT, 30))

    assert trace.tokens == 30


def test_a_call_within_a_call_counts_once() -> None:
    """A framework's call that goes through an SDK's is one call, with or without its failure."""
    trace = Trace()
    trace.start("outer")
    trace.start("inner", "outer")
    trace.end("inner", reading(CHAT, error="RateLimit"))
    trace.end("outer", reading(CHAT, error="RateLimit"))
    assert (trace.failed, trace.counted) == (1, [])

    trace.start("outer 2")
    trace.start("failing", "outer 2")
    trace.end("failing", reading(CHAT, error="RateLimit"))
    trace.start("succeeding", "outer 2")
    trace.end("succeeding", reading(CHAT, 7))
    trace.end("outer 2", reading(CHAT, 7))
    assert (trace.failed, trace.tokens) == (2, 7)


def test_a_call_without_usage_counts_unless_a_span_above_tells_it() -> None:
    """A stream often ends without usage; the layer above may know it all the same."""
    trace = Trace()
    trace.start("outer")
    trace.start("inner", "outer")
    trace.end("inner", reading(CHAT))
    trace.end("outer", reading(CHAT, 5))
    assert (trace.tokens, trace.unread) == (5, 0)

    trace.start("agent")
    trace.start("outer 2", "agent")
    trace.start("inner 2", "outer 2")
    trace.end("inner 2", reading(CHAT))
    trace.end("outer 2", reading(CHAT))
    trace.end("agent", reading(AGENT))
    assert (trace.tokens, trace.unread) == (5, 1)


def test_what_begins_after_its_parent_has_ended_stands_alone() -> None:
    """An answer that is used up later keeps its context: what follows is no part of it."""
    trace = Trace()
    trace.start("chat")
    trace.start("slow", "chat")
    trace.end("chat", reading(CHAT, 10))
    trace.start("late", "chat")
    trace.end("late", reading(CHAT, 20))
    trace.end("slow")
    trace.start("later", "chat")
    trace.end("later", reading(CHAT, 40))

    assert trace.tokens == 70


def test_a_parent_that_was_sampled_out_breaks_no_chain() -> None:
    """Below an agent, a span that no processor sees hides that the call is the agent's."""
    trace = Trace()
    trace.start("agent")
    trace.start("call", "never seen")
    trace.end("call", reading(CHAT, 10))
    trace.end("agent", reading(AGENT, 10))

    assert trace.tokens == 10


def test_calls_beside_each_other_are_not_taken_for_parts() -> None:
    """Of a trace whose root has ended, every call counts, though one is open first."""
    trace = Trace()
    trace.start("first", "ended long ago")
    trace.start("second", "ended long ago")
    trace.end("second", reading(CHAT, 10))
    trace.end("first", reading(CHAT, 20))

    assert trace.tokens == 30


def test_a_parent_in_another_process_is_none_of_ours() -> None:
    """Two services of one trace: the caller's span is not above what runs here beside it."""
    trace = Trace()
    trace.start("server", "caller", is_remote=True)
    trace.start("other server", "caller", is_remote=True)
    trace.end("other server", reading(AGENT, 10))
    trace.end("server", reading(AGENT, 20))

    assert trace.tokens == 30


def test_memory_is_bounded() -> None:
    """Spans that never end are let go, the oldest first; what had ended above them counts."""
    trace = Trace(most_spans=10)
    trace.start("agent")
    trace.start("leak", "agent")
    trace.end("agent", reading(AGENT, 30))

    for number in range(100):
        trace.start(f"leak {number}", f"leak {number - 1}")
        assert len(trace.tree) <= 10

    assert trace.tokens == 30
    assert not trace.tree.end(trace.key("leak 5"), reading(CHAT, 1))
    trace.start("after")
    trace.end("after", reading(CHAT, 2))
    assert trace.tokens == 32


def test_what_is_held_back_counts_at_the_end() -> None:
    """At shutdown an agent counts whose calls are still open and told nothing so far."""
    trace = Trace()
    trace.start("agent")
    trace.start("part", "agent")
    trace.start("open", "part")
    trace.end("part", reading(AGENT, 10))
    trace.end("agent", reading(AGENT, 30))

    trace.tree.settle_all()

    assert trace.counted == [("job", 10)]
    assert trace.tree.end(trace.key("open"), None)
    assert len(trace.tree) == 0


def test_an_owner_is_kept_while_the_span_is_open() -> None:
    """A span may ask for whom the span above it counts."""
    trace = Trace()
    trace.start("agent")

    assert trace.tree.owner_of(trace.key("agent")) == "job"
    assert trace.tree.owner_of(None) is None
    trace.end("agent")
    assert trace.tree.owner_of(trace.key("agent")) is None
    assert not trace.tree.end(trace.key("agent"), None)
