"""The span processor under OpenTelemetry's SDK, in an environment of its own.

`test_opentelemetry.py` runs this file there.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags
from tests.support.producers.traced import AGENT, CHAT, TOKENS, Bench

from run_ledger.emit.opentelemetry import RunLedgerSpanProcessor


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Give a bench, shut down at the end."""
    one = Bench()
    yield one
    one.provider.shutdown()
    one.ledger.close(10)


ONE_CALL = {"llm_calls": 1, "input_tokens": 10, "output_tokens": 2}


def test_leaves_count_for_the_current_job(bench: Bench) -> None:
    """An agent's span repeats its calls; a tool that fails is no failed call; the price is ours."""
    with bench.job(), bench.span(AGENT, {"gen_ai.usage.input_tokens": 20}):
        with bench.span(CHAT, TOKENS):
            pass
        with (
            pytest.raises(ValueError, match="no such page"),
            bench.span({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look"}),
        ):
            raise ValueError("no such page")
        with bench.span(CHAT, TOKENS):
            pass

    assert bench.counters() == {"llm_calls": 2, "input_tokens": 20, "output_tokens": 4}
    assert bench.bus.jobs["j"].counters["cost_microusd"] == 28
    assert bench.processor.stats().as_dict() == {
        **dict.fromkeys(("outside_jobs", "without_usage", "lost", "faults"), 0),
        "counted": 2,
    }


def test_a_failed_call_counts_as_one(bench: Bench) -> None:
    """An exception that passes a call's span makes it a failed call."""
    with bench.job(), pytest.raises(TimeoutError), bench.span(AGENT), bench.span(CHAT):
        raise TimeoutError("no answer")

    assert bench.counters() == {"llm_calls": 1, "llm_errors": 1}


def test_a_status_or_an_event_may_say_it(bench: Bench) -> None:
    """A failure by the status alone, and usage in an event, count as well."""
    with bench.job():
        with bench.span({"openinference.span.kind": "LLM"}) as span:
            span.set_status(Status(StatusCode.ERROR, "overloaded"))
        with bench.span(CHAT) as span:
            span.add_event("gen_ai.choice", TOKENS)

    assert bench.counters() == {**ONE_CALL, "llm_calls": 2, "llm_errors": 1}


def test_jobs_side_by_side_keep_their_calls_apart(bench: Bench) -> None:
    """Tasks and threads each count for the job in whose block the span began, and no other."""

    async def work(number: int) -> None:
        with bench.job(f"task-{number}"):
            span = bench.tracer.start_span("chat", attributes=CHAT)
            await asyncio.sleep(0)
            span.set_attribute("gen_ai.usage.input_tokens", number)
        await asyncio.sleep(0)
        span.end()  # after its job's block, perhaps while another job is current

    async def all_work() -> None:
        await asyncio.gather(*(work(number) for number in range(1, 20)))

    asyncio.run(all_work())

    for number in range(1, 20):
        assert bench.counters(f"task-{number}") == {"llm_calls": 1, "input_tokens": number}


def test_a_thread_with_the_context_alone_counts_for_the_parents_job(bench: Bench) -> None:
    """A thread that is given OpenTelemetry's context, and no other, still has the span's job."""

    def call(context: contexts.Context) -> None:
        token = contexts.attach(context)
        with bench.span(CHAT, TOKENS):
            pass
        contexts.detach(token)

    with bench.job(), bench.span(AGENT, TOKENS):
        for context in (contexts.get_current(), contexts.Context()):
            thread = threading.Thread(target=call, args=[context])  # which carries no job
            thread.start()
            thread.join()

    assert bench.counters() == ONE_CALL
    assert bench.processor.stats().outside_jobs == 1


def test_a_call_outside_of_jobs_is_said_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts for nobody, unless the processor has a job of its own."""
    with caplog.at_level(logging.WARNING, "run_ledger.emit.opentelemetry"):
        for _ in range(3):
            with bench.span(CHAT, TOKENS):
                pass

    assert bench.processor.stats().outside_jobs == 3
    assert len([one for one in caplog.records if "outside" in one.message]) == 1
    own = bench.job("own").start()
    bench.provider.add_span_processor(RunLedgerSpanProcessor(own))
    with bench.span(CHAT, TOKENS):
        pass
    assert bench.counters("own") == ONE_CALL


def test_two_instrumentations_of_one_call_count_once(bench: Bench) -> None:
    """Where a framework's span is not current, time and tokens show that both tell one call."""
    outer, inner = (bench.provider.get_tracer(name) for name in ("framework", "sdk"))
    attributes: dict[str, Any] = {**CHAT, **TOKENS}
    with bench.job():
        outers = [outer.start_span("outer", attributes=attributes) for _ in range(3)]
        inners = [inner.start_span("inner", attributes=attributes) for _ in range(3)]
        for span in (*inners, *outers):
            span.end()
        outer.start_span("alone", attributes=attributes).end()
        same = [inner.start_span("beside", attributes=attributes) for _ in range(2)]
        for span in reversed(same):
            span.end()

    assert bench.counters() == {name: 6 * value for name, value in ONE_CALL.items()}


def test_a_call_without_usage_is_said(bench: Bench) -> None:
    """A stream that ends without usage is a call whose tokens nobody knows."""
    with bench.job(), bench.span(AGENT), bench.span(CHAT):
        pass

    assert bench.processor.stats().without_usage == 1
    assert bench.counters() == {"llm_calls": 1, "llm_calls_unpriced": 1}


class _Choosy(Sampler):
    """Drops spans by name, and records others without sampling them."""

    def should_sample(
        self, _context: Any, _trace: int, name: str, _kind: Any = None, said: Any = None, *_: Any
    ) -> SamplingResult:
        decision = {"dropped": Decision.DROP, "recorded": Decision.RECORD_ONLY}.get(name)
        return SamplingResult(decision or Decision.RECORD_AND_SAMPLE, said)

    def get_description(self) -> str:
        return "choosy"


def test_spans_count_whether_they_are_sampled_or_not() -> None:
    """What is recorded counts; a dropped span between an agent and its call hides nothing."""
    bench = Bench(_Choosy())
    start = bench.tracer.start_as_current_span
    agent = start("agent", attributes={**AGENT, **TOKENS})
    call = start("recorded", attributes={**CHAT, **TOKENS})
    with bench.job(), agent, start("dropped"), call:
        pass

    assert bench.counters() == ONE_CALL
    bench.ledger.close(10)


def test_links_and_remote_parents_are_no_parents(bench: Bench) -> None:
    """A span counts, whatever it is linked to, and whoever called this process."""
    remote = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1))
    with bench.job():
        with bench.span(CHAT, TOKENS) as first:
            pass
        link = Link(first.get_span_context())
        with bench.span(CHAT, TOKENS, links=[link], context=contexts.Context()):
            pass
        for _ in range(2):
            above = trace.set_span_in_context(NonRecordingSpan(remote))
            with bench.span(AGENT, TOKENS, context=above):
                pass

    assert bench.counters()["input_tokens"] == 40


def test_a_forked_child_counts_its_own_spans_only(bench: Bench) -> None:
    """What is open at a fork is the parent process's, in whichever process it ends."""
    with bench.job(), bench.span(CHAT, TOKENS) as outer:
        child = os.fork()
        if child == 0:
            with bench.span(CHAT, TOKENS):
                pass
            outer.end()
            is_right = bench.processor.stats().counted == 1
            os._exit(0 if is_right else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    assert bench.counters() == ONE_CALL


def test_nothing_raises_into_the_program(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault inside is counted and logged; the program's span ends as ever."""

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    with bench.job() as job:
        monkeypatch.setattr(job, "usage", broken)
        with bench.span(CHAT, TOKENS):
            pass

    assert bench.processor.stats().faults == 1
    assert bench.processor.force_flush()
