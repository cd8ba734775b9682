"""From the spans of one request to job events, without a memory of other requests.

**Which spans count.** Calls of a model, by their kind (`span_usage`): what an agent, a chain or a
tool tells repeats what calls below it tell, and these may come in another request, earlier or
later. Of calls within calls in one request, `SpanTree` chooses: a framework's span of a call around
the SDK's own is that call. Where the framework's is not above the SDK's, time and tokens show that
both tell one call (`told_calls`).

**Which events these are.** A span's id makes the event's id, so a span that is sent again counts
once. Where a call tells the id of its answer, the event's id is made of that id and the tokens, and
nothing in the event differs between the spans of one call: so two spans about one call count once
also in two requests. Not all servers give every answer an id of its own: in one request, two spans
of one answer are one call only if one of them lies within the other in time.

**Runs.** A root span that names its job (`span_jobs`) begins and ends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from run_ledger.domain import instants
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.emit.counting.mending import cut_text
from run_ledger.emit.counting.meter import Meter
from run_ledger.emit.counting.span_usage import (
    INPUT,
    OUTPUT,
    SpanReading,
    attributes_of,
    read_span,
)
from run_ledger.emit.pricing.prices import Prices

from .received_spans import ReceivedSpan, UnusableSpan
from .span_jobs import beginning_of, end_of, identity_of, is_run
from .span_tree import SpanKey, SpanTree
from .told_calls import ToldCall, ToldCalls

Detail = dict[str, Any]
_ANSWER_ID = "gen_ai.response.id"
_MODEL_CHARACTERS = 128
_NANOSECONDS = 1_000  # in a microsecond


class SpanEvents(NamedTuple):
    """What one span comes to: details of job events, or why it can't count."""

    details: tuple[Detail, ...] = ()
    problem: str = ""


class CountedCall(NamedTuple):
    """A call that counts, and the id of the event that counts it."""

    span: ReceivedSpan
    reading: SpanReading
    event_id: str
    is_of_answer: bool
    """Whether the id is that of its answer, which spans of other instrumentations have, too."""


class TraceRequest:
    """The spans of one request."""

    def __init__(self, spans: Sequence[ReceivedSpan]) -> None:
        """Find out which of *spans* count."""
        self._problems: list[str] = []
        self._spans: dict[SpanKey, ReceivedSpan] = {}
        self._parents: dict[SpanKey, SpanKey | None] = {}
        for span in spans:
            try:
                key, parent = span.key, span.parent
            except UnusableSpan as unusable:
                self._problems.append(str(unusable))
                continue
            if key not in self._spans or (_read(span) and not _read(self._spans[key])):
                self._spans[key] = span
                self._parents[key] = parent
        self._read = {key: reading for key, span in self._spans.items() if (reading := _read(span))}
        self._calls = [(self._spans[key], self._read[key]) for key in self._leaves()]
        self._runs = [
            span for key, span in self._spans.items() if key not in self._read and is_run(span)
        ]

    @property
    def most_events(self) -> int:
        """Return to how many events the spans come at most, one for each that can't be used."""
        return len(self._problems) + 2 * len(self._runs) + len(self._calls)

    @property
    def used_spans(self) -> int:
        """Return how many spans come to events, or can't be used."""
        return len(self._problems) + len(self._runs) + len(self._calls)

    def events(self, only_client: str) -> Iterator[SpanEvents]:
        """Give what each span comes to that counts, and each that can't be used.

        *only_client* is the client of spans that name none; empty for no such client.
        """
        for problem in self._problems:
            yield SpanEvents(problem=problem)
        for span in self._runs:
            yield _made(partial(_run, span, only_client))
        for call in _identified(self._calls):
            yield _made(partial(_call, call, only_client))

    def _leaves(self) -> list[SpanKey]:
        """Return which calls count, in the request's order."""
        counted: set[SpanKey] = set()
        tree = SpanTree(lambda key, _: counted.add(key), len(self._spans))
        order = self._parents_first() if self._read else []
        for key in order:
            tree.start(key, self._parents[key], key, is_remote=True)
        for key in reversed(order):
            tree.end(key, self._read.get(key))
        return [key for key in self._read if key in counted]

    def _parents_first(self) -> list[SpanKey]:
        """Return the spans in an order in which none comes before its parent.

        Spans that lie below themselves, as no program writes them, stand in some order.
        """
        below: dict[SpanKey, list[SpanKey]] = {}
        roots: list[SpanKey] = []
        for key, parent in self._parents.items():
            if parent is None or parent not in self._spans:
                roots.append(key)
            else:
                below.setdefault(parent, []).append(key)
        order: dict[SpanKey, None] = {}
        for first in (*roots, *self._spans):
            waiting = [first]
            while waiting:
                key = waiting.pop()
                if key not in order:
                    order[key] = None
                    waiting += below.get(key, ())
        return list(order)


def _read(span: ReceivedSpan) -> SpanReading | None:
    """Return what a call of a model says; None for a span that is none."""
    attributes = attributes_of(span)
    reading = None if attributes is None else read_span(attributes)
    return reading if reading is not None and reading.is_call else None


def _made(make: Callable[[], tuple[Detail, ...]]) -> SpanEvents:
    try:
        return SpanEvents(make())
    except UnusableSpan as unusable:
        return SpanEvents(problem=str(unusable))


def _run(span: ReceivedSpan, only_client: str) -> tuple[Detail, Detail]:
    """Return the details of the events that begin and end a run."""
    identity = identity_of(span, only_client)
    name = f"otel-{span.trace_id}-{span.span_id}"
    begin = {**beginning_of(span), "occurred_at": _time("startTimeUnixNano", span.started_ns)}
    begin["name"] = cut_text(begin["name"])
    ended_ns = span.ended_ns and max(span.ended_ns, span.started_ns)
    end = {**end_of(span), "occurred_at": _time("endTimeUnixNano", ended_ns)}
    return (
        {**identity, **begin, "event_id": f"{name}-began"},
        {**identity, **end, "event_id": f"{name}-ended"},
    )


def _call(call: CountedCall, only_client: str) -> tuple[Detail]:
    """Return the detail of the event that counts a call."""
    detail: Detail = {
        **identity_of(call.span, only_client),
        "occurred_at": _time("endTimeUnixNano", call.span.ended_ns, whole=call.is_of_answer),
        "event_id": call.event_id,
    }
    # A meter carries what it rounds down over to its next call: here each call is the first.
    for model, delta in Meter(_prices()).deltas(call.reading.attributes).items():
        if named := _model(model):
            detail["delta_by_model"] = {named: delta}
        else:
            detail["delta"] = delta
    return (detail,)


@cache
def _prices() -> Prices:
    return Prices()


def _model(name: str | None) -> str:
    """Return a model's name as the contract takes one."""
    printable = "".join(one if one.isprintable() else " " for one in name or "")
    return cut_text(printable.strip(), _MODEL_CHARACTERS).strip()


def _time(field: str, nanoseconds: int, *, whole: bool = False) -> str:
    """Return a time as text, in whole seconds (the next one) if it is to be *whole*."""
    if nanoseconds <= 0:
        raise UnusableSpan(f"{field} is {nanoseconds}; allowed: nanoseconds since 1970")
    moment = nanoseconds // _NANOSECONDS
    if whole:
        moment = -(-moment // MICROSECONDS) * MICROSECONDS
    return instants.text(Instant(moment))


def _identified(calls: Sequence[tuple[ReceivedSpan, SpanReading]]) -> list[CountedCall]:
    """Return *calls* with the ids of their events, without those that tell another one again."""
    found: list[CountedCall] = []
    first: dict[str, ReceivedSpan] = {}
    told = ToldCalls(len(calls))
    for span, reading in sorted(calls, key=lambda one: (one[0].ended_ns, one[0].span_id)):
        if told.is_repeat(_told_call(span, reading)):
            continue
        answer = _answer_of(span, reading)
        known = first.setdefault(answer, span) if answer else None
        if answer and known is span:
            found.append(CountedCall(span, reading, answer, is_of_answer=True))
        elif known is None or not _encloses(span, known):
            own = f"otel-{span.trace_id}-{span.span_id}"
            found.append(CountedCall(span, reading, own, is_of_answer=False))
    return found


def _told_call(span: ReceivedSpan, reading: SpanReading) -> ToldCall:
    # Without a start, a span would lie around all before it.
    call = ToldCall(span.trace_id, span.scope, span.started_ns or span.ended_ns, span.ended_ns)
    call.learn(reading)
    return call


def _answer_of(span: ReceivedSpan, reading: SpanReading) -> str:
    """Return the id of an event about the answer that a call tells; empty where it tells none."""
    answer_id = span.attributes.get(_ANSWER_ID)
    if not isinstance(answer_id, str) or not answer_id:
        return ""
    tokens = [str(reading.attributes.get(name)) for name in (INPUT, OUTPUT)]
    told = "\0".join([answer_id, *tokens]).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(told, digest_size=16).hexdigest()
    return f"otel-{span.trace_id}-answer-{digest}"


def _encloses(outer: ReceivedSpan, inner: ReceivedSpan) -> bool:
    return outer.started_ns <= inner.started_ns and inner.ended_ns <= outer.ended_ns
