"""Spans of OpenTelemetry, as its exporters send them by OTLP over HTTP, on their way to the bus.

As with events of OpenLineage, nothing is remembered from one request to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from run_ledger.domain.contract.events import JOB_UPDATE
from run_ledger.domain.contract.violations import UNREADABLE
from run_ledger.domain.exceptions import (
    BodyTooLarge,
    DoorUnavailable,
    InvalidBody,
    InvalidEvent,
)
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.bodies import JSON, PROTOBUF, opened
from run_ledger.domain.intake.bus_entries import BusEntry, bus_entry
from run_ledger.domain.intake.event_results import EventResultDocument
from run_ledger.domain.intake.reporters import ReportingCaller

from .door_requests import DoorRequest

if TYPE_CHECKING:
    from run_ledger.emit.spans import TraceRequest

TRACES = "/v1/traces"
MOST_EVENTS_OF_SPANS = 1_000
"""Of one request: so many reach the bus within the time that a request has."""
_MOST_CHARACTERS = 300  # of what is wrong with a body
_SPANS_AS_AN_EVENT = 100


class SentSpans(Struct, frozen=True):
    """The spans of a request: how many there are, and those that count."""

    number: int
    counting: TraceRequest

    @property
    def share(self) -> int:
        """Return as how many events they count for the caller's limit.

        A hundred spans that only have to be read are as much work as an event.
        """
        others = self.number - self.counting.used_spans
        return self.counting.most_events + -(-others // _SPANS_AS_AN_EVENT)


class SpanEntries(Struct, frozen=True):
    """What to give to the bus for one span, or why it can't count."""

    entries: tuple[BusEntry, ...] = ()
    problem: str = ""


def read_traces(request: DoorRequest) -> SentSpans:
    """Return the spans of a request; raises InvalidBody, BodyTooLarge or UnknownBodyType."""
    kind, body = opened(request.body, request.media_type, request.coding, (PROTOBUF, JSON))
    # Loaded with the first span, not with the function, as what reads OpenLineage is.
    from run_ledger.emit.spans import (  # noqa: PLC0415
        TooManySpans,
        TraceRequest,
        UnreadableSpans,
        read_json,
        read_protobuf,
    )

    try:
        spans = read_json(body) if kind == JSON else read_protobuf(body)
    except TooManySpans as too_many:
        raise BodyTooLarge(f"{too_many}.") from too_many
    except UnreadableSpans as unreadable:
        raise InvalidBody(f"{str(unreadable)[:_MOST_CHARACTERS]}.") from unreadable
    counting = TraceRequest(spans)
    if counting.most_events > MOST_EVENTS_OF_SPANS:
        raise too_much_at_once(counting.most_events, MOST_EVENTS_OF_SPANS)
    return SentSpans(len(spans), counting)


def too_much_at_once(events: int, most: int) -> BodyTooLarge:
    """Return the BodyTooLarge for a request whose spans come to more *events* than it may have."""
    return BodyTooLarge(
        f"The request's spans count as {events} events; allowed: at most {most} a request."
    )


def span_entries(sent: SentSpans, reporter: ReportingCaller, now: Instant) -> list[SpanEntries]:
    """Return what to give to the bus for each span that counts, or why there is nothing to give."""
    clients = reporter.scope.clients or frozenset()
    only_client = next(iter(clients)) if len(clients) == 1 else ""
    found: list[SpanEntries] = []
    for made in sent.counting.events(only_client):
        if made.problem:
            found.append(SpanEntries(problem=made.problem))
            continue
        try:
            entries = tuple(
                bus_entry(
                    msgspec.json.encode({"detail_type": JOB_UPDATE, "detail": detail}),
                    detail["event_id"],
                    reporter.scope,
                    now,
                )
                for detail in made.details
            )
        except InvalidEvent as invalid:
            found.append(SpanEntries(problem=str(invalid)))
        except UNREADABLE as error:  # half a character in a name
            found.append(SpanEntries(problem=f"the span can't be written as UTF-8: {error}"))
        else:
            found.append(SpanEntries(entries))
    return found


def problems_of(spans: Iterable[SpanEntries], results: Sequence[EventResultDocument]) -> list[str]:
    """Return why each span was not taken that was not, by the *results* of its entries, in order.

    Raises DoorUnavailable where the bus did not take an event for the moment: the whole request is
    to be sent again then, and what was taken counts once.
    """
    if any(result.status == "retry" for result in results):
        raise DoorUnavailable("the bus did not take all events")
    told = iter(results)
    problems: list[str] = []
    for span in spans:
        own = [next(told) for _ in span.entries]
        refused = [one.error.message for one in own if one.error is not None]
        if span.problem or refused:
            problems.append(span.problem or refused[0])
    return problems
