"""Posting events: exactly once, although they come at least once and in any order.

An event's entry, its effect on the job or project and its effect on the rollups commit in one
transaction, and the entry is put only where absent. So an event that comes again, for whatever
reason (a repeat, a redelivery, a retry after a timeout that had committed), finds its entry and is
dropped. An event without an entry has had no effect at all.
"""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.probes import Probe
from run_ledger.domain.exceptions import InvalidEvent, StoreUnavailable, shown
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.dynamo.table_names import Tables

from .arrivals import ProbeReport, keep_arrivals
from .entities import Entity, JobEntity, Known, ProjectEntity
from .postings import Pending, PendingGroup, Posting, load, next_posting
from .rejections import BUDGET_SECONDS, Allowance, Rejected, RejectionStore
from .reports import Report, WriteTimes
from .room_makers import RoomMaker
from .transactions import Retention, Transaction, Verdict, packed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KNOWN_ENTITIES = 10_000
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0
# Time that a last transaction and the answer may still need.
_RESERVE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class EventMessage:
    """A message with an event that was accepted; ``raw`` is its text."""

    message_id: str
    raw: str
    event: Event


@dataclass(frozen=True, slots=True)
class InvalidMessage:
    """A message without an acceptable event; ``raw`` is its text, ``error`` what is wrong."""

    message_id: str
    raw: str
    error: InvalidEvent


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock, the pause (in seconds) and the random numbers: tests replace them."""

    now: Callable[[], Instant] = lambda: Instant(time.time_ns() // 1_000)
    pause: Callable[[float], None] = time.sleep
    dice: random.Random = field(default_factory=random.SystemRandom)


class Ledger:
    """The writer's side of the tables. One serves an execution environment, one call at a time."""

    def __init__(
        self,
        client: DynamoDBClient,
        tables: Tables,
        *,
        entry_ttl_days: int,
        rollup_shards: int,
        timing: Timing | None = None,
    ) -> None:
        """Make a ledger that writes through *client*, and choose its shard of the rollups."""
        self._client = client
        self._tables = tables
        self._ttl_days = entry_ttl_days
        self._rollup_shards = rollup_shards
        self._timing = timing or Timing()
        self._shard = self._timing.dice.randrange(rollup_shards)
        self._known: OrderedDict[tuple[str, str], Known] = OrderedDict()
        self._rejections = RejectionStore(
            client, tables.rejections, ttl_days=entry_ttl_days, dice=self._timing.dice
        )
        # Of the batch at hand: they are kept once its events are posted.
        self._rejected: list[Rejected] = []
        self._rooms = RoomMaker(
            client,
            tables.rollups,
            lambda tries: self._timing.pause(self._timing.dice.uniform(0, _longest_pause(tries))),
        )
        self._entities: dict[str, Entity] = {
            "job": JobEntity(tables),
            "project": ProjectEntity(tables),
        }

    def post(
        self,
        messages: Iterable[EventMessage],
        invalid_messages: Iterable[InvalidMessage],
        remaining_seconds: Callable[[], float],
    ) -> Report:
        """Post all events and keep all invalid messages; report what could not be done in time.

        Messages in ``failed_message_ids`` are safe to deliver again: their events have either had
        no effect, or are found again as repeats.
        """
        report = Report()
        self._rejected = [
            Rejected(one.raw, [one.message_id], one.error) for one in invalid_messages
        ]
        groups = self._groups(messages)
        pauses = 0
        while groups:
            if remaining_seconds() < _RESERVE_SECONDS:
                self._fail(report, groups, "no time left")
                break
            try:
                contended = self._round(report, groups, remaining_seconds)
            except StoreUnavailable as error:
                self._fail(report, groups, str(error))
                break
            groups = [group for group in groups if group.pending]
            if contended and groups:
                self._pause(pauses, remaining_seconds())
            pauses = pauses + 1 if contended else 0
        self._keep_rejected(report, remaining_seconds)
        return report

    def keep_arrivals(self, probes: Iterable[Probe]) -> ProbeReport:
        """Keep for a day that *probes* came; no trouble with that raises."""
        return keep_arrivals(self._client, self._tables.entries, probes, self._timing.now())

    def _round(
        self, report: Report, groups: Sequence[PendingGroup], remaining_seconds: Callable[[], float]
    ) -> bool:
        """Try every group once, if time allows; return whether to pause before the next round."""
        if not self._load(report, [group for group in groups if group.needs_loading()]):
            return True
        for group in groups:
            for stranger, error in group.take_out_strangers():
                self._rejected.append(Rejected(stranger.raw, stranger.message_ids, error))
        now = self._timing.now()
        contended = False
        ready = (next_posting(group, now) for group in groups if group.pending)
        for postings in packed(ready):
            if remaining_seconds() < _RESERVE_SECONDS:
                break
            contended |= self._commit(report, postings, now)
        return contended

    def _commit(self, report: Report, postings: Sequence[Posting], now: Instant) -> bool:
        """Commit *postings* in one transaction; return whether to pause before a retry."""
        transaction = Transaction(
            postings,
            self._tables,
            self._shard,
            Retention(now, self._ttl_days),
            self._rooms.bounded,
        )
        report.transactions += 1
        started = self._timing.now()
        try:
            self._client.transact_write_items(TransactItems=transaction.actions)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            return self._after_failure(report, transaction, error)
        times = WriteTimes(now, started, self._timing.now())
        report.write_ms.append(times.write_ms)
        for posting in postings:
            self._settle(report, posting, times)
        return False

    def _after_failure(
        self, report: Report, transaction: Transaction, error: ClientError | BotoCoreError
    ) -> bool:
        """Learn from a transaction that failed; return whether to pause before the next."""
        kind = fault(error)
        if kind is Fault.CANCELLED and isinstance(error, ClientError):
            report.cancelled += 1
            reasons = error.response.get("CancellationReasons", [])
            return self._heed(report, transaction.verdict(reasons))
        if kind is Fault.PASSING:
            transaction.note_no_answer()
        if kind is Fault.REFUSED:
            self._shrink(report, transaction.postings, str(error))
            return False
        if kind is Fault.PASSING:
            return True
        raise StoreUnavailable(str(error)) from error

    def _heed(self, report: Report, verdict: Verdict) -> bool:
        if verdict.fatal:
            raise StoreUnavailable(f"transaction cancelled: {', '.join(verdict.fatal)}")
        self._drop_repeats(report, verdict)
        for posting, pending in verdict.reused:
            posting.group.pending.remove(pending)
            self._rejected.append(Rejected(pending.raw, pending.message_ids, _reused(pending)))
        for posting in verdict.outdated:
            posting.group.forget()
            self._known.pop((posting.group.entity.kind, posting.group.entity_id), None)
        for posting in verdict.contended:
            # An entity that many writers change must not hold up others in the same transaction.
            posting.group.is_alone = True
        self._shrink(report, verdict.refused, "DynamoDB refused the item")
        has_room = self._make_room_in_rows(report, verdict)
        if verdict.is_row_contended or not has_room:
            self._shard = self._timing.dice.randrange(self._rollup_shards)
        learned = verdict.repeats or verdict.reused or verdict.outdated or verdict.refused
        return not (learned or (verdict.full_rows and has_room))

    def _make_room_in_rows(self, report: Report, verdict: Verdict) -> bool:
        """Make room in the rows that had none; return False where another shard must be tried.

        A row that can't take more never fails a posting.
        """
        has_room = True
        for full in verdict.full_rows:
            compacted = self._rooms.make_room_in_row(full)
            report.calls += 2
            if compacted is None or (full.is_refused and not compacted.moved):
                has_room = False
            else:
                report.note_folding(full.key["pk"]["S"], full.key["sk"]["S"], compacted.moved)
        return has_room

    def _drop_repeats(self, report: Report, verdict: Verdict) -> None:
        """Take out events that have an entry; those of an unanswered call of ours were posted."""
        found: dict[tuple[int, Instant], tuple[Posting, list[Pending]]] = {}
        for posting, pending, received_at in verdict.repeats:
            posting.group.pending.remove(pending)
            found.setdefault((id(posting), received_at), (posting, []))[1].append(pending)
        for (_, received_at), (posting, repeats) in found.items():
            ours = [pending for pending in repeats if received_at in pending.unanswered]
            others = [pending for pending in repeats if received_at not in pending.unanswered]
            if ours:
                times = WriteTimes(received_at, received_at, self._timing.now())
                report.note_posting(posting, ours, times, is_confirmed=True)
            if others:
                report.note_repeats(others, received_at)

    def _settle(self, report: Report, posting: Posting, times: WriteTimes) -> None:
        """Note that *posting* has committed."""
        group = posting.group
        done = {id(pending) for pending in posting.pending}
        group.pending = [pending for pending in group.pending if id(pending) not in done]
        report.note_posting(posting, posting.pending, times)
        known = posting.write.known or group.known
        if known is not None:
            self._remember(group, known)
        # The rest of the group changes what was written just now, so read the entity again.
        group.is_loaded, group.stored, group.known = False, None, known

    def _shrink(self, report: Report, postings: Sequence[Posting], reason: str) -> None:
        """Try refused postings alone and by halves; a single refused event fails.

        A posting is named once for each of its actions that was refused.
        """
        for posting in {id(posting): posting for posting in postings}.values():
            group = posting.group
            if len(posting.pending) > 1:
                group.max_events = len(posting.pending) // 2
            elif group.is_alone and posting.pending[0] in group.pending:
                self._fail_pending(report, posting.pending, reason)
                group.pending.remove(posting.pending[0])
            group.is_alone = True

    def _load(self, report: Report, groups: Sequence[PendingGroup]) -> bool:
        """Read the entities of the groups; return False where DynamoDB left some out for now."""
        if not groups:
            return True
        report.calls += 1
        try:
            complete = load(self._client, groups, self._timing.pause)
            crowded = [group for group in groups if group.is_crowded]
            for group in crowded:
                self._rooms.make_room_in_entity(group)
                group.forget()
            return complete and (not crowded or load(self._client, crowded, self._timing.pause))
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.PASSING:
                return False
            raise StoreUnavailable(str(error)) from error

    def _groups(self, messages: Iterable[EventMessage]) -> list[PendingGroup]:
        """Group the events by entity; messages that carry the same event share one `Pending`."""
        groups: dict[tuple[str, str], PendingGroup] = {}
        pendings: dict[tuple[str, str, str, bytes], Pending] = {}
        for message in messages:
            event = message.event
            name = (event.kind, event.entity_id)
            pending = pendings.get((*name, event.event_id, event.digest))
            if pending is not None:
                pending.message_ids.append(message.message_id)
                continue
            pending = Pending(event, message.raw, [message.message_id])
            pendings[(*name, event.event_id, event.digest)] = pending
            if name not in groups:
                groups[name] = PendingGroup(
                    self._entities[event.kind], event.entity_id, [], self._known.get(name)
                )
            groups[name].pending.append(pending)
        return sorted(groups.values(), key=_neighbourhood)

    def _remember(self, group: PendingGroup, known: Known) -> None:
        """Keep what stays true of an entity, for as many as were written last."""
        name = (group.entity.kind, group.entity_id)
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > _KNOWN_ENTITIES:
            self._known.popitem(last=False)

    def _keep_rejected(self, report: Report, remaining_seconds: Callable[[], float]) -> None:
        """Keep the batch's rejected events within their budget; the others have failed."""
        if not self._rejected:
            return
        until = max(_RESERVE_SECONDS, remaining_seconds() - BUDGET_SECONDS)
        allowance = Allowance(
            lambda: remaining_seconds() >= until,
            lambda waits: self._pause(waits, remaining_seconds()),
        )
        self._rejections.keep(report, self._rejected, self._timing.now(), allowance)
        self._rejected = []

    def _fail(self, report: Report, groups: Iterable[PendingGroup], reason: str) -> None:
        for group in groups:
            self._fail_pending(report, group.pending, reason)

    def _fail_pending(self, report: Report, pendings: Iterable[Pending], reason: str) -> None:
        for pending in pendings:
            report.note_failure(pending, reason)

    def _pause(self, pauses: int, remaining_seconds: float) -> None:
        """Wait for a random time that grows with the pauses ("full jitter") and ends in time."""
        longest = _longest_pause(pauses)
        within = max(0.0, remaining_seconds - _RESERVE_SECONDS)
        self._timing.pause(min(self._timing.dice.uniform(0, longest), within))


def _longest_pause(pauses: int) -> float:
    """Return the longest pause, in seconds, after so many *pauses*."""
    doubled: float = _FIRST_PAUSE_SECONDS * 2 ** min(pauses, 10)
    return min(_LONGEST_PAUSE_SECONDS, doubled)


def _neighbourhood(group: PendingGroup) -> tuple[str, tuple[str, ...]]:
    """Return what to sort groups by: groups that share rollup rows then share transactions."""
    return group.entity.kind, group.entity.identity(group.pending[0].event)


def _reused(pending: Pending) -> InvalidEvent:
    event = pending.event
    return InvalidEvent(
        "event_id_reused",
        field="detail.event_id",
        got=shown(event.event_id),
        allowed=f"an id that no other event of {event.kind} {event.entity_id} has",
    )
