"""The way of a request through the intake: its caller, its body, its events, the bus."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidEvent, LedgerError, LimitReached, NotFound
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.intake.act_entries import act_entry, is_act
from run_ledger.domain.intake.bodies import read_body
from run_ledger.domain.intake.bus_entries import BusEntry, bus_entry, event_id_of, stated_id
from run_ledger.domain.intake.event_results import EventResultDocument, rejected
from run_ledger.domain.intake.lineage_results import Outcome
from run_ledger.domain.intake.reporters import ReportingCaller
from run_ledger.read.answers import Answer, found
from run_ledger.read.gateway.description import DESCRIPTION, served_description
from run_ledger.store.clients.report_use import WINDOW_SECONDS, count_events, window_of

from .door_answers import refusal, told, told_of_lineage
from .door_requests import DoorRequest
from .event_bus import Bus
from .lineage_door import LINEAGE, LINEAGE_BATCH, lineage_entry, read_lineage, refused
from .reporting_callers import Callers, in_time
from .trace_answers import told_of_traces, trace_refusal
from .trace_door import TRACES, problems_of, read_traces, span_entries, too_much_at_once

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)
EVENTS = "/events"
PATHS = (EVENTS, LINEAGE, LINEAGE_BATCH, TRACES)
_REPORTS = frozenset(("POST", path) for path in PATHS)
_DESCRIBE = ("GET", DESCRIPTION)
R = TypeVar("R")


class Limits(Struct, frozen=True):
    """How much one caller may send, counted in *table*: all instances of the function share it."""

    client: DynamoDBClient
    table: str
    events_per_second: int

    @property
    def most(self) -> int:
        """Return how many events a caller may send in one window of time."""
        return self.events_per_second * WINDOW_SECONDS

    def check(self, reporter: ReportingCaller, events: int, now: Instant) -> None:
        """Count *events* of a caller; raises LimitReached where these are beyond its share."""
        counted = in_time(lambda: count_events(self.client, self.table, reporter.name, events, now))
        if counted > self.most:
            ends_at = (window_of(now) + WINDOW_SECONDS) * MICROSECONDS
            raise LimitReached(
                f"This caller may send {self.most} events in {WINDOW_SECONDS} seconds; send the "
                "same again later.",
                max(1, -(-(ends_at - now) // MICROSECONDS)),
            )


class Intake(Struct, frozen=True):
    """The intake of one execution environment."""

    callers: Callers
    limits: Limits
    bus: Bus
    now: Callable[[], Instant]

    def answer(
        self, request: DoorRequest, remaining_seconds: Callable[[], float]
    ) -> tuple[Answer, dict[str, Any]]:
        """Return the answer to *request*, and the members of its log line."""
        way: dict[str, Any] = {"caller": None, "bytes_in": len(request.body)}
        try:
            answer = self._taken(request, remaining_seconds, way)
        except LedgerError as error:
            answer = _refused(request, error)
            way["problem"] = type(error).__name__
        except Exception as error:  # noqa: BLE001 - the last resort: no caller sees a traceback
            answer = _refused(request, error)
            _log.exception("failed", extra=way)
        return answer, way

    def _taken(
        self, request: DoorRequest, remaining_seconds: Callable[[], float], way: dict[str, Any]
    ) -> Answer:
        now = self.now()
        asked = (request.method, request.resource)
        if asked not in _REPORTS and asked != _DESCRIBE:
            raise NotFound("The intake has no such path and method.")
        reporter = self.callers.find(request.authorization, now, request.people_clients)
        way["caller"] = reporter.logged_as
        if asked == _DESCRIBE:
            described = served_description("intake-openapi.json", request.address)
            return found(described, request.if_none_match)
        if request.resource == TRACES:
            return self._traces(request, reporter, remaining_seconds, way)
        if request.resource != EVENTS:
            return self._lineage(request, reporter, remaining_seconds, way)
        body = read_body(request.body, request.media_type, request.coding)
        way["events"] = len(body.events)
        if body.events:
            self.limits.check(reporter, len(body.events), now)
        checked = [
            _checked(text, event_id_of(body.digest, number), reporter, now)
            for number, text in enumerate(body.events)
        ]
        results = self._put(checked, remaining_seconds)
        way |= _counts(results)
        return told(results)

    def _lineage(
        self,
        request: DoorRequest,
        reporter: ReportingCaller,
        remaining_seconds: Callable[[], float],
        way: dict[str, Any],
    ) -> Answer:
        """Return the answer to a request with events of OpenLineage."""
        now = self.now()
        events = read_lineage(request)
        way["events"] = len(events)
        if events:
            self.limits.check(reporter, len(events), now)
        checked = [lineage_entry(one, reporter, now) for one in events]
        outcomes: list[Outcome] = self._put(checked, remaining_seconds)
        results = [one for one in outcomes if isinstance(one, EventResultDocument)]
        way |= _counts(results)
        if request.resource == LINEAGE and results and results[0].status == "rejected":
            raise refused(results[0])
        return told_of_lineage(outcomes)

    def _traces(
        self,
        request: DoorRequest,
        reporter: ReportingCaller,
        remaining_seconds: Callable[[], float],
        way: dict[str, Any],
    ) -> Answer:
        """Return the answer to a request with spans."""
        now = self.now()
        sent = read_traces(request)
        way["spans"] = sent.number
        if sent.share > self.limits.most:  # an exporter would send it again and again
            raise too_much_at_once(sent.share, self.limits.most)
        if sent.share:
            self.limits.check(reporter, sent.share, now)
        spans = span_entries(sent, reporter, now)
        entries = [entry for span in spans for entry in span.entries]
        way["events"] = len(entries)
        results = self.bus.put(entries, remaining_seconds)
        way |= _counts(results)
        problems = problems_of(spans, results)
        way["rejected"] = len(problems)
        return told_of_traces(problems, request.media_type)

    def _put(
        self,
        checked: Sequence[BusEntry | EventResultDocument | R],
        remaining_seconds: Callable[[], float],
    ) -> list[EventResultDocument | R]:
        """Give the entries among *checked* to the bus; return what became of all, in order."""
        entries = [one for one in checked if isinstance(one, BusEntry)]
        put = iter(self.bus.put(entries, remaining_seconds))
        return [next(put) if isinstance(one, BusEntry) else one for one in checked]


def _refused(request: DoorRequest, error: Exception) -> Answer:
    if request.resource == TRACES:
        return trace_refusal(error, request.media_type)
    return refusal(error)


def _checked(
    text: bytes, event_id: str, reporter: ReportingCaller, now: Instant
) -> BusEntry | EventResultDocument:
    try:
        if is_act(text):
            return act_entry(text, event_id, reporter, now)
        return bus_entry(text, event_id, reporter.scope, now)
    except InvalidEvent as invalid:
        return rejected(stated_id(text), invalid)


def _counts(results: Sequence[EventResultDocument]) -> Mapping[str, int]:
    statuses = [result.status for result in results]
    return {name: statuses.count(name) for name in ("accepted", "rejected", "retry")}
