"""Posting events: exactly once, although they come at least once and in any order.

What a batch brings for a job or project is the next row of its log. The row, its effect on the job
or project and its effect on the rollups commit in one transaction, and the row is put only where
its number isn't taken. Who finds it taken reads on from there, drops what turns out to be known,
and tries the next number. So an event that comes again, for whatever reason, is found in the log
and dropped. An event that is in no row has had no effect at all.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.contract.probes import Probe
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.faults import Fault, code_of, fault, is_throttle
from run_ledger.store.dynamo.table_names import Tables
from run_ledger.store.logs.identity_index import IdentityIndex
from run_ledger.store.logs.known_entities import MOST_BYTES, KnownEntities

from .announcing import keep_announced
from .arrivals import ProbeReport, keep_arrivals, keep_failing
from .entities import Entity, JobEntity, Layout, ProjectEntity
from .entity_reads import Loader
from .grouping import EventMessage, InvalidMessage, grouped
from .known_events import KnownEvent, KnownEvents
from .postings import OLDER, Pending, PendingGroup, Posting, next_posting
from .rejections import BUDGET_SECONDS, Allowance, Rejected, RejectionStore
from .reports import Report, WriteTimes
from .room_makers import RoomMaker
from .shards import RowShards
from .transactions import FullRow, Retention, Transaction, Verdict, packed
from .waits import Key, Waits, longest_pause

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Time that a last transaction and the answer may still need.
_RESERVE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks, the pause (in seconds) and the random numbers: tests replace them.

    ``now`` tells the time of day, ``clock`` the seconds that waits are measured by.
    """

    now: Callable[[], Instant] = lambda: Instant(time.time_ns() // 1_000)
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    dice: random.Random = field(default_factory=random.SystemRandom)


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many days entries are kept and how, and what a writer does for that."""

    entry_ttl_days: int
    rollup_shards: int
    layout: Layout = Layout.LOG
    memory_bytes: int = MOST_BYTES


class Ledger:
    """The writer's side of the tables. One serves an execution environment, one call at a time."""

    def __init__(
        self,
        client: DynamoDBClient,
        tables: Tables,
        keeping: Keeping,
        *,
        timing: Timing | None = None,
    ) -> None:
        """Make a ledger that writes through *client*, and choose its shard of the rollups."""
        self._client = client
        self._tables = tables
        self._keeping = keeping
        self._timing = timing or Timing()
        self._shards = RowShards(keeping.rollup_shards, self._timing.dice)
        self._waits = Waits(self._timing.dice, self._timing.clock)
        self._parts = count(1)
        self._memory = KnownEntities(keeping.memory_bytes)
        self._rejections = RejectionStore(
            client, tables.rejections, ttl_days=keeping.entry_ttl_days, dice=self._timing.dice
        )
        # Of the batch at hand: they are kept once its events are posted.
        self._rejected: list[Rejected] = []
        self._rooms = RoomMaker(
            client,
            tables.rollups,
            lambda tries: self._timing.pause(self._timing.dice.uniform(0, longest_pause(tries))),
        )
        self._loader = Loader(client, self._rooms, self._waits)
        index = IdentityIndex(client, tables.entries, ttl_days=keeping.entry_ttl_days)
        self._known_events = KnownEvents(client, tables.entries, index, self._waits, keeping.layout)
        self._entities: dict[str, Entity] = {
            "job": JobEntity(tables.jobs),
            "project": ProjectEntity(tables.projects),
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
        given = list(messages)
        groups = grouped(given, self._entities, self._memory)
        self._waits.begin_batch()
        while groups:
            if remaining_seconds() <= _RESERVE_SECONDS:
                self._fail(report, groups, "no time left")
                break
            try:
                self._round(report, [one for one in groups if self._is_due(one)], remaining_seconds)
            except StoreUnavailable as error:
                self._fail(report, groups, str(error))
                break
            self._give_up(report, groups)
            groups = [group for group in groups if group.pending]
            if groups:
                self._wait(groups, remaining_seconds())
        table, now = self._tables.entries, self._timing.now()
        keep_announced(self._client, table, report, given, self._rejected, now)
        self._keep_rejected(report, remaining_seconds)
        return report

    def keep_arrivals(self, probes: Iterable[Probe]) -> ProbeReport:
        """Keep for a day that *probes* came; no trouble with that raises."""
        return keep_arrivals(self._client, self._tables.entries, probes, self._timing.now())

    def keep_failing(self, sent_at: Instant) -> str | None:
        """Note that messages have failed, the oldest of *sent_at*; return why that did not work."""
        return keep_failing(self._client, self._tables.entries, sent_at, self._timing.now())

    def _round(
        self, report: Report, groups: Sequence[PendingGroup], remaining_seconds: Callable[[], float]
    ) -> None:
        """Try every group once, if time allows, except where the entity can't be read for now."""
        unread = [group for group in groups if not group.is_loaded]
        report.calls += self._loader.load(unread)
        for group in unread:
            if group.is_loaded:
                self._note_guess(group, group.revision)
        self._take_out_known(report, [group for group in groups if group.is_loaded])
        readable = [group for group in groups if group.is_looked_up]
        for group in readable:
            for stranger, error in group.take_out_strangers():
                self._rejected.append(Rejected(stranger.raw, stranger.message_ids, error))
        readable = [group for group in readable if group.is_loaded]
        now = self._timing.now()
        ready = (
            next_posting(group, now, self._keeping.layout) for group in readable if group.pending
        )
        for postings in packed(ready, self._company):
            if remaining_seconds() < _RESERVE_SECONDS:
                break
            self._commit(report, postings, now)

    def _note_guess(self, group: PendingGroup, revision: int | None) -> None:
        if group.guess is not None:
            self._memory.note(was_right=group.guess == revision)
            group.guess = None

    def _take_out_known(self, report: Report, groups: Sequence[PendingGroup]) -> None:
        """Take out what the ledger has already, as far as that can be read for now."""
        before = self._known_events.calls
        for group, known in self._known_events.take_out(groups):
            self._memory.keep(group.name, group.memory)
            for one in known:
                if (pending := one.pending) and one.is_reused:
                    self._rejected.append(Rejected(pending.raw, pending.message_ids, one.error))
            self._note_repeats(report, group, [one for one in known if not one.is_reused])
        report.calls += self._known_events.calls - before

    def _company(self, posting: Posting) -> frozenset[Key]:
        """Return what a posting is in trouble for, which only its like may share with it."""
        trouble = self._waits.in_trouble(posting.keys)
        return trouble | {posting.group.name} if posting.group.is_alone else trouble

    def _is_due(self, group: PendingGroup) -> bool:
        return self._waits.seconds_until_due(group.waits_for) <= 0

    def _give_up(self, report: Report, groups: Iterable[PendingGroup]) -> None:
        """Hand back to the queue what has been throttled for too long, or can't be posted to."""
        for group in groups:
            reason = group.unreadable
            if reason is None and group.pending and self._waits.given_up(group.waits_for):
                reason = "throttled for too long"
            if reason is not None:
                self._fail(report, [group], reason)
                group.pending = []

    def _commit(self, report: Report, postings: Sequence[Posting], now: Instant) -> None:
        """Commit *postings* in one transaction, or learn why it was not possible."""
        transaction = Transaction(
            postings,
            self._tables,
            self._shards,
            Retention(now, self._keeping.entry_ttl_days),
            self._rooms.bounded,
        )
        report.transactions += 1
        started = self._timing.now()
        try:
            self._client.transact_write_items(TransactItems=transaction.actions)  # type: ignore[arg-type]
        except (ClientError, BotoCoreError) as error:
            self._after_failure(report, transaction, error)
            for posting in postings:
                posting.group.tried_with = tuple(posting.keys)
            return
        transaction.note_commit()
        times = WriteTimes(now, started, self._timing.now())
        report.write_ms.append(times.write_ms)
        for posting in postings:
            self._waits.note_success(posting.keys)
            self._settle(report, posting, times)

    def _after_failure(
        self, report: Report, transaction: Transaction, error: ClientError | BotoCoreError
    ) -> None:
        """Learn from a transaction that failed."""
        kind = fault(error)
        if kind is Fault.CANCELLED and isinstance(error, ClientError):
            report.cancelled += 1
            reasons = error.response.get("CancellationReasons", [])
            self._heed(report, transaction, transaction.verdict(reasons))
        elif kind is Fault.PASSING:
            transaction.note_no_answer()
            for posting in transaction.postings:
                posting.group.outcome = posting.write.outcome
            self._divide(transaction.postings, is_throttled=is_throttle(code_of(error)))
        elif kind is Fault.REFUSED:
            self._shrink(report, transaction.postings, str(error))
        else:
            raise StoreUnavailable(str(error)) from error

    def _heed(self, report: Report, transaction: Transaction, verdict: Verdict) -> None:
        if verdict.fatal:
            raise StoreUnavailable(f"transaction cancelled: {', '.join(verdict.fatal)}")
        for posting in verdict.outdated:
            self._note_guess(posting.group, None)
            posting.group.forget()
            # Of those who all want the next number, one gets it: the others come back apart.
            if posting.group.is_outdated:
                self._waits.note_failure([posting.group.name], is_throttled=False)
            posting.group.is_outdated = True
        for posting in verdict.taken:
            self._fail_pending(report, posting.group.pending, OLDER)
            posting.group.pending = []
        self._shrink(report, verdict.refused, "DynamoDB refused the item")
        # Before the shard changes: it is this one's items that are full.
        for full in verdict.full_rows:
            self._make_room(report, transaction, full)
        self._let_wait(transaction, verdict)
        if verdict == Verdict():
            self._divide(transaction.postings, is_throttled=False)

    def _let_wait(self, transaction: Transaction, verdict: Verdict) -> None:
        """Let what is in trouble wait, so that it holds up no others of the transaction."""
        for is_throttled in (True, False):
            keys = [key for key, throttled in verdict.waiting.items() if throttled is is_throttled]
            self._waits.note_failure(keys, is_throttled=is_throttled)
        for posting in transaction.postings:
            if verdict.waiting.get(posting.group.name) is False:
                # Another writer is changing the entity: what is known of it is about to be wrong.
                posting.group.forget()
        if any(isinstance(key, Row) for key in verdict.waiting):
            self._shards.move()

    def _make_room(self, report: Report, transaction: Transaction, full: FullRow) -> None:
        """Make room in a row that had none: its own counters, or else the row's next item.

        A row that can't take more never fails a posting.
        """
        compacted = self._rooms.make_room_in_row(full)
        report.calls += 2
        if compacted is None:
            self._waits.note_failure([full.row], is_throttled=False)
        elif compacted.moved or not full.is_refused:
            report.note_folding(full.key["pk"]["S"], full.key["sk"]["S"], compacted.moved)
        elif self._shards.note_full(full.row):
            report.note_full_row(full.row, self._shards.of(full.row))
        else:
            postings = transaction.with_row(full.row)
            self._shrink(report, postings, "DynamoDB refused a rollup")

    def _divide(self, postings: Sequence[Posting], *, is_throttled: bool) -> None:
        """Let *postings* wait whose transaction failed as a whole, by no posting in particular.

        Of those that were throttled each half goes on by itself, until what is throttled is alone.
        """
        if len(postings) == 1:
            self._waits.note_failure([postings[0].group.name], is_throttled=is_throttled)
            return
        middle = (len(postings) + 1) // 2 if is_throttled else len(postings)
        for part in filter(None, (postings[:middle], postings[middle:])):
            before = {posting.group.part for posting in part}
            is_the_same = len(before) == 1 and not is_throttled
            number = (before.pop() if is_the_same else None) or next(self._parts)
            for posting in part:
                posting.group.part = number
            self._waits.note_failure([number], is_throttled=False)

    def _note_repeats(
        self, report: Report, group: PendingGroup, repeats: Sequence[KnownEvent]
    ) -> None:
        """Note events that the ledger has; those of an unanswered call of ours were posted."""
        found: dict[Instant, list[Pending]] = {}
        for pending, received_at, _ in repeats:
            found.setdefault(received_at, []).append(pending)
        for received_at, pendings in found.items():
            ours = [one for one in pendings if received_at in one.unanswered]
            others = [one for one in pendings if received_at not in one.unanswered]
            if ours:
                times = WriteTimes(received_at, received_at, self._timing.now())
                report.note_posting(ours, group.outcome, times, is_confirmed=True)
            if others:
                report.note_repeats(others, received_at)

    def _settle(self, report: Report, posting: Posting, times: WriteTimes) -> None:
        """Note that *posting* has committed."""
        group = posting.group
        done = {id(pending) for pending in posting.pending}
        group.pending = [pending for pending in group.pending if id(pending) not in done]
        report.note_posting(posting.pending, posting.write.outcome, times)
        self._note_guess(group, group.revision)
        group.memory.stored = posting.write.after
        if (number := posting.write.number) is not None:
            self._known_events.remember(group, posting.pending, number, times.received_at)
        self._memory.keep(group.name, group.memory)
        # The rest of the group may have the ids of what was written just now.
        group.is_looked_up = group.is_outdated = False

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

    def _wait(self, groups: Sequence[PendingGroup], remaining_seconds: float) -> None:
        """Wait until the first of *groups* may be tried, or until just before the time is over."""
        wait = min(self._waits.seconds_until_due(group.waits_for) for group in groups)
        if wait > 0:
            self._timing.pause(min(wait, max(0.0, remaining_seconds - _RESERVE_SECONDS)))

    def _pause(self, pauses: int, remaining_seconds: float) -> None:
        """Wait for a random time that grows with the pauses ("full jitter") and ends in time."""
        longest = longest_pause(pauses)
        within = max(0.0, remaining_seconds - _RESERVE_SECONDS)
        self._timing.pause(min(self._timing.dice.uniform(0, longest), within))
