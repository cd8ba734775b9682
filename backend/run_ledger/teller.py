"""The teller: ends of jobs, from the stream of the table Jobs, into incidents and their events.

A schedule calls it, too: then it tells what has outlasted its grace, and gives away what an
earlier invocation had committed to tell and not given away. And it tells what time decides: what
was missed, goes on for too long, or is overdue.
A queue brings people's acts.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import structs

from run_ledger import logs, metrics, settings, starting
from run_ledger.acts import ActTaker
from run_ledger.delivering.aws_clients import delivery_client
from run_ledger.delivering.delivery_queue import NO_DELIVERIES, DeliveryQueue
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import (
    STAFF,
    AlertRule,
    IncidentScope,
    JobEnd,
    Ruling,
    new_error_scope,
    rulings_on,
)
from run_ledger.domain.incidents.causes import CauseKey, IncidentNotice
from run_ledger.domain.incidents.drift import DRIFT_RULE, DRIFT_SCOPE, Drifting, drift_rulings
from run_ledger.domain.incidents.incident_events import SOURCE, incident_detail
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.bus_entries import BusEntry
from run_ledger.doors.event_bus import Bus, eventbridge
from run_ledger.doors.queue_counts import count_messages, sqs
from run_ledger.store.clients.alert_reads import UnreadableAlertsError, read_alert_rules
from run_ledger.store.dynamo.attributes import UNREADABLE
from run_ledger.store.dynamo.connection import dynamodb
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import Change, IncidentLedger
from run_ledger.store.incidents.job_ends import job_end
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.posting.rejections import RejectionStore
from run_ledger.store.proof.drift_reads import read_drifting

if TYPE_CHECKING:
    from run_ledger.timekeeping.time_keeper import TimeKeeper

_log = logging.getLogger(__name__)

UNITS: Mapping[str, metrics.Unit] = {"NotTold": "Count"}
# Time to answer, once no further scope is begun.
_RESERVE_SECONDS = 5.0


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000)


class Teller:
    """What an invocation works with; it counts what it did."""

    def __init__(  # noqa: PLR0913 - all that it works with
        self,
        client: Any,
        clients_table: str,
        incidents: IncidentLedger,
        rows: RowKeeper,
        bus: Bus,
        *,
        firsts: FirstFailures,
    ) -> None:
        """Read rules from *clients_table*, keep *incidents* and their *rows*, tell on *bus*.

        *firsts* tells which errors are new.
        """
        self._client = client
        self._clients_table = clients_table
        self._incidents = incidents
        self._firsts = firsts
        self._rows = rows
        self._bus = bus
        self.deliveries = NO_DELIVERIES
        """The queue of what goes to channels."""
        self.read_drifting: Callable[[], Sequence[Drifting]] = tuple
        """What the proof knows to differ; nothing unless it is read."""
        self.unreadable = 0
        """How many times a client's rules could not be read."""
        self.in_doubt: set[str] = set()
        """Jobs of the batch of which nobody knows for the moment whether their error is new."""

    def rulings(
        self, ends: Sequence[JobEnd], seconds_left: Callable[[], float]
    ) -> dict[IncidentScope, list[Ruling]]:
        """Return what *ends* are, by the rules of their clients and of staff.

        They come in the order in which they are to be taken: error rates first, as their window
        then tells what fails of the good jobs.
        What is found to be new may be in doubt for the moment: those ends are left out, and
        noted as ``in_doubt``. Raises StoreUnavailable where rules can't be read.
        """
        self.in_doubt.clear()
        owners = dict.fromkeys((*(end.client_id for end in ends), *([STAFF] if ends else ())))
        rules = {owner: self._rules_of(owner) for owner in owners}
        found: dict[IncidentScope, list[Ruling]] = {}
        for end in ends:
            asked = ((rules[end.client_id], None), (rules[STAFF], STAFF))
            try:
                judged = [
                    (mine, self._with_news(mine, end, seconds_left(), owner), owner)
                    for mine, owner in asked
                ]
            except StoreUnavailable as error:
                extra = {"failure": str(error), "client_id": end.client_id}
                _log.error("failed", extra=extra)
                self.in_doubt.add(end.job_id)
                continue
            for mine, news, owner in judged:
                for scope, ruling in rulings_on(mine, news, owner).items():
                    found.setdefault(scope, []).append(ruling)
        return dict(sorted(found.items(), key=lambda one: one[0].family != "rate"))

    def _with_news(
        self, rules: Sequence[AlertRule], end: JobEnd, seconds: float, owner: str | None
    ) -> JobEnd:
        """Return *end*, which says whether its error is new if a rule asks for that."""
        scope = new_error_scope(rules, end, owner)
        if scope is None:
            return end
        if seconds <= 0:
            raise StoreUnavailable("no time is left to look whether an error is new")
        return structs.replace(end, is_new=self._firsts.is_new(end, scope))

    def _rules_of(self, owner: str, *more: AlertRule) -> tuple[AlertRule, ...]:
        """Return the rules of a client or of staff, and *more* that nobody declares.

        It has none where they can't be read, so that others hear of theirs.
        """
        try:
            return read_alert_rules(self._client, self._clients_table, owner, *more)
        except UnreadableAlertsError:
            self.unreadable += 1
            _log.exception("unreadable alerts", extra={"client_id": owner})
            return more

    def due_scopes(self) -> list[IncidentScope]:
        """Return the scopes that are due now."""
        return self._incidents.due_scopes()

    def drift(self) -> dict[IncidentScope, list[Ruling]]:
        """Return what is to be ruled of things that differ from their entries, or do no more.

        That it can't be read keeps nobody from hearing of other things.
        """
        try:
            known = self._incidents.failing(DRIFT_SCOPE)
            found = drift_rulings(self.read_drifting(), known, _now())
            if any(ruling.rule for ruling in found):
                (*_, rule) = self._rules_of(STAFF, DRIFT_RULE)
                found = [one._replace(rule=rule if one.rule else None) for one in found]
        except StoreUnavailable as error:
            self.unreadable += 1
            _log.error("failed", extra={"failure": str(error)})
            return {}
        return {DRIFT_SCOPE: found} if found else {}

    def tell(self, scope: IncidentScope, rulings: Sequence[Ruling], seconds: float) -> int:
        """Take *rulings*, and give all notices of *scope* to the bus; return how many it took.

        Raises StoreUnavailable where not all of that could be done in *seconds*.
        """
        return self._tell(scope, lambda: self._incidents.take(scope, rulings), seconds)

    def tell_change(self, scope: IncidentScope, change: Change, seconds: float) -> int:
        """Do as `tell` does, with what *change* makes of what is kept of *scope*."""
        return self._tell(scope, lambda: self._incidents.change(scope, change), seconds)

    def _tell(
        self,
        scope: IncidentScope,
        notices: Callable[[], list[tuple[CauseKey, IncidentNotice]]],
        seconds: float,
    ) -> int:
        if seconds <= 0:
            raise StoreUnavailable("no time is left for this pipeline")
        until = time.monotonic() + seconds
        waiting = notices()
        self._rows.keep(scope, waiting, lambda: until - time.monotonic())
        entries = [
            BusEntry(
                notice.notice_id,
                SOURCE,
                notice.kind,
                msgspec.json.encode(incident_detail(scope, key, notice)).decode(),
            )
            for key, notice in waiting
        ]
        results = self._bus.put(entries, lambda: until - time.monotonic())
        on_bus = []
        for (key, notice), result in zip(waiting, results, strict=True):
            if result.status != "retry":
                on_bus.append((key, notice))
                extra = {"client_id": scope.client_id, "notice_id": notice.notice_id}
                _log.info("told" if result.status == "accepted" else "refused", extra=extra)
        given = self.deliveries.hand_on(scope, on_bus, lambda: until - time.monotonic())
        if given:
            self._incidents.note_given(scope, given)
        if len(given) < len(waiting):
            raise StoreUnavailable("bus or queue did not take a notice for the moment")
        return len(given)


@cache
def _teller() -> Teller:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="teller")
    client, tables = dynamodb(), configuration.tables
    bus = Bus(eventbridge(), configuration.bus_name)
    incidents = IncidentLedger(client, tables.incidents, _now)
    rows = RowKeeper(client, tables.incidents, configuration.entry_ttl_days)
    firsts = FirstFailures(client, tables.incidents, tables.rollups, _now)
    starting.finished()
    teller = Teller(client, tables.clients, incidents, rows, bus, firsts=firsts)
    teller.read_drifting = partial(read_drifting, client, tables)
    queue_url = configuration.delivery_queue_url
    teller.deliveries = DeliveryQueue(lambda: delivery_client("sqs"), queue_url)
    return teller


@cache
def _time_keeper() -> TimeKeeper:
    # Only a schedule's invocation needs it, and what it imports; ends of jobs don't wait for it.
    from run_ledger.timekeeping.intake_sweep import Queues  # noqa: PLC0415
    from run_ledger.timekeeping.time_keeper import TimeKeeper  # noqa: PLC0415

    configuration = settings.load()
    queues = Queues(
        partial(count_messages, sqs()), (configuration.queue_url,), configuration.dead_queue_urls
    )
    bus = Bus(eventbridge(), configuration.bus_name)
    return TimeKeeper(dynamodb(), configuration.tables, bus, queues, _now)


@cache
def _act_taker() -> ActTaker:
    configuration = settings.load()
    client, tables, days = dynamodb(), configuration.tables, configuration.entry_ttl_days
    dice = random.Random()  # noqa: S311 - no secret
    return ActTaker(
        IncidentLedger(client, tables.incidents, _now),
        RowKeeper(client, tables.incidents, days),
        RejectionStore(client, tables.rejections, ttl_days=days, dice=dice),
        _now,
    )


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take a batch of the stream, or a schedule's event, and say which records are to come again.

    From the first record that is named on, Lambda gives all of the batch again.
    """
    started = time.perf_counter()
    teller = _teller()
    logs.begin(context)
    records = event.get("Records", [])
    if records and records[0].get("eventSource") == "aws:sqs":
        return _acts(teller, records, context)
    ends = _ends(records)
    failed: list[str] = []
    told, unreadable = 0, teller.unreadable
    try:
        work: dict[IncidentScope, list[Ruling]] = (
            teller.rulings([end for _, end in ends], lambda: _seconds_left(context))
            if "Records" in event
            else {scope: [] for scope in teller.due_scopes()} | teller.drift()
        )
    except StoreUnavailable as error:
        _log.error("failed", extra={"failure": str(error)})
        work, failed = {}, [number for number, _ in ends] or ["schedule"]
    failed += [number for number, end in ends if end.job_id in teller.in_doubt]
    for scope, rulings in work.items():
        try:
            told += teller.tell(scope, rulings, _seconds_left(context))
        except StoreUnavailable as error:
            extra = {"failure": str(error), "client_id": scope.client_id}
            _log.error("failed", extra=extra)
            mine = {ruling.end.job_id for ruling in rulings}
            failed += [number for number, end in ends if end.job_id in mine] or ["schedule"]
    if "Records" not in event:
        late = _keep_time(teller, context)
        told += late.told
        failed += late.failures
    not_told = len(failed) + teller.unreadable - unreadable
    metrics.emit(
        "told",
        UNITS,
        {
            "Ends": len(ends),
            "Scopes": len(work),
            "Told": told,
            "NotTold": [not_told] if not_told else [],
            "TellMs": round((time.perf_counter() - started) * 1_000, 1),
        },
        now=_now(),
    )
    again = [number for number, _ in ends if number in set(failed)]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}


class _Kept(NamedTuple):
    told: int
    failures: list[str]


def _keep_time(teller: Teller, context: Any) -> _Kept:
    """Tell what time decides; return how many notices the bus took of it, and what went wrong."""
    told = 0

    def tell(scope: IncidentScope, change: Change) -> None:
        nonlocal told
        told += teller.tell_change(scope, change, _seconds_left(context))

    failures = _time_keeper().sweep(tell, _seconds_left(context))
    for failure in failures:
        _log.error("failed", extra={"failure": failure})
    return _Kept(told, failures)


def _acts(teller: Teller, records: Sequence[Mapping[str, Any]], context: Any) -> dict[str, Any]:
    """Take people's acts, tell of them, and say which messages are to come again."""
    started = time.perf_counter()
    scopes, again = _act_taker().take(records, lambda: _seconds_left(context))
    told = not_told = 0
    for scope in scopes:
        try:
            told += teller.tell(scope, (), _seconds_left(context))
        except StoreUnavailable as error:
            # What was committed to be told waits for the schedule.
            _log.error("failed", extra={"failure": str(error), "client_id": scope.client_id})
            not_told += 1
    metrics.emit(
        "told",
        UNITS,
        {
            "Acts": len(records),
            "Scopes": len(scopes),
            "Told": told,
            "NotTold": [not_told] if not_told else [],
            "TellMs": round((time.perf_counter() - started) * 1_000, 1),
        },
        now=_now(),
    )
    return {"batchItemFailures": [{"itemIdentifier": one} for one in again]}


def _seconds_left(context: Any) -> float:
    left: float = context.get_remaining_time_in_millis() / 1_000
    return left - _RESERVE_SECONDS


def _ends(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, JobEnd]]:
    """Return the ends of jobs in a batch of the stream, with the numbers of their records.

    A record that holds none is left out: whatever it is, it would hold none the next time either.
    """
    found = []
    for record in records:
        change = record["dynamodb"]
        try:
            end = job_end(change.get("NewImage", {}))
        except UNREADABLE:
            key = change.get("Keys", {}).get("job_id", {}).get("S")
            _log.exception("unreadable job", extra={"job_id": key})
            continue
        if end is not None:
            found.append((change["SequenceNumber"], end))
    return found
