"""Which pending events the ledger has already: it says so in their log, or in entries of old.

Marks lead to the rows that may hold an event, and only what stands in a row decides: the same id
with the same content is a repeat, with another content it is refused. An event without an id of its
own is a repeat, too, where its equal is there and one of the two was brought by a replay of the
archive. So of what a replay brings again nothing counts twice, whatever id its envelope has, while
equal events that their producer sent on purpose all count.

A log's rows never change, and a posting requires that no row came since. Entries and receipts of
old are put only where absent by those who still write such; they are asked for by their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import InvalidEvent, StoreUnavailable, shown
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import UNREADABLE, Item, bytes_of
from run_ledger.store.dynamo.batches import KeysLeftOut
from run_ledger.store.dynamo.faults import Fault, code_of, fault, is_throttle
from run_ledger.store.items import keys, log_items
from run_ledger.store.items.index_items import ROWS
from run_ledger.store.items.log_items import LogRow
from run_ledger.store.items.receipt_items import receipt_key
from run_ledger.store.logs.identity_index import IdentityIndex
from run_ledger.store.logs.log_reads import Key, lanes_of, read_found, read_range

from .entities import Layout
from .postings import Pending, PendingGroup
from .waits import Waits

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Result = TypeVar("_Result")
_MOST_ROWS_OF_A_MARK = 8
# So many rows cost less by their keys, in one call with those of others.
_FEW = 8


class KnownEvent(NamedTuple):
    """A pending event that the ledger has, or whose id it has with another content."""

    pending: Pending
    received_at: Instant
    is_reused: bool

    @property
    def error(self) -> InvalidEvent:
        """Return why an event is refused whose id is reused."""
        event = self.pending.event
        return InvalidEvent(
            "event_id_reused",
            field="detail.event_id",
            got=shown(event.event_id),
            allowed=f"an id that no other event of {event.kind} {event.entity_id} has",
        )


class KnownEvents:
    """Looks up events through one client."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        index: IdentityIndex,
        waits: Waits,
        layout: Layout = Layout.LOG,
    ) -> None:
        """Read *table*, which holds the entries; *waits* is told what can't be read.

        *layout* is that of what new jobs and projects are posted in.
        """
        self._client = client
        self._table = table
        self._index = index
        self._waits = waits
        self._layout = layout
        self._calls = 0

    @property
    def calls(self) -> int:
        """Return how many calls were made so far."""
        return self._calls + self._index.calls

    def take_out(
        self, groups: Iterable[PendingGroup]
    ) -> Iterator[tuple[PendingGroup, list[KnownEvent]]]:
        """Take the known events out of the pending ones of each group, and yield them.

        A group whose log can't be read for now stays as it is, and waits; one whose log can never
        be read notes that. Raises StoreUnavailable where no later call can succeed.
        """
        wanted = [group for group in groups if group.pending and not group.is_looked_up]
        looks = [_Look(group, self._layout) for group in wanted]
        self._read_ranges(looks)
        self._read_keys(looks, _Look.new_rows)
        for look in looks:
            look.do(look.remember)
        self._ask_index(looks)
        self._read_keys(looks, _Look.hits)
        for look in looks:
            known = look.do(look.judged)
            if known is None:
                continue
            taken = {id(one.pending) for one in known}
            group = look.group
            group.pending = [one for one in group.pending if id(one) not in taken]
            group.is_looked_up = True
            self._waits.note_success([group.reading])
            yield group, known

    def remember(
        self, group: PendingGroup, posted: Sequence[Pending], number: int, received_at: Instant
    ) -> None:
        """Remember that *posted* are the row of that *number*, and index a log that grows long."""
        memory = group.memory
        memory.era = group.era
        for pending in posted:
            memory.rows |= dict.fromkeys(log_items.marks(pending.event), number)
        memory.read_to = number
        if number % ROWS == 0:
            try:
                self._index.extend(group.log, number, memory.rows, received_at)
            except (ClientError, BotoCoreError, StoreUnavailable):
                # Whoever needs it makes it.
                return

    def _ask_index(self, looks: Sequence[_Look]) -> None:
        """Ask for the events in the rows that are not remembered."""
        for look in looks:
            if look.has_failed or not look.group.memory.indexed_to:
                continue
            try:
                look.do(partial(look.ask, self._index))
            except (ClientError, BotoCoreError) as error:
                self._note(error, [look])
            except KeysLeftOut:
                look.has_failed = True
                self._waits.note_failure([look.group.reading], is_throttled=True)

    def _read_ranges(self, looks: Sequence[_Look]) -> None:
        """Read what is too much to be read by keys."""
        for look in looks:
            first, last = look.gap
            if last - first < _FEW:
                continue
            self._calls += len(lanes_of(first, last))
            read = partial(read_range, self._client, self._table, look.group.name, first, last)
            try:
                rows = look.do(read)
            except (ClientError, BotoCoreError) as error:
                self._note(error, [look])
                continue
            if rows is not None:
                look.rows |= {row.number: row for row in rows}
                look.do(look.remember)

    def _read_keys(self, looks: Sequence[_Look], wanted: Callable[[_Look], Iterable[Key]]) -> None:
        """Read the items of the keys that each look wants, together."""
        keys_of = [(look, set(wanted(look))) for look in looks if not look.has_failed]
        every = sorted(set().union(*(some for _, some in keys_of)))
        if not every:
            return
        self._calls += -(-len(every) // 100)
        asking = [look for look, some in keys_of if some]
        try:
            found, left_out = read_found(self._client, self._table, every)
        except (ClientError, BotoCoreError) as error:
            self._note(error, asking)
            return
        for look, some in keys_of:
            if some & left_out:
                look.has_failed = True
            else:
                look.do(partial(look.take, {key: found[key] for key in some if key in found}))
        throttled = [one.group.reading for one in asking if one.has_failed and not one.is_hopeless]
        self._waits.note_failure(throttled, is_throttled=True)

    def _note(self, error: ClientError | BotoCoreError, looks: Sequence[_Look]) -> None:
        if fault(error) is not Fault.PASSING:
            raise StoreUnavailable(str(error)) from error
        for look in looks:
            look.has_failed = True
        # Only of a single log it is known that it is this one which is throttled.
        is_throttled = is_throttle(code_of(error)) and len(looks) == 1
        self._waits.note_failure([look.group.reading for look in looks], is_throttled=is_throttled)


class _Look:
    """The look-up of one group's events."""

    def __init__(self, group: PendingGroup, layout: Layout) -> None:
        self.group = group
        self.has_failed = False
        self.rows: dict[int, LogRow] = {}
        self._old: dict[Key, Item] = {}
        self._leads: list[tuple[Pending, list[int]]] = []
        stored, memory = group.stored, group.memory
        self._last = stored.revision if stored and stored.in_log else 0
        self._has_old = stored is not None and stored.has_old
        # Who puts a first row finds its number taken where the item is lost; others have to look.
        self._begins_apart = stored is None and layout is Layout.ROWS
        if self._last < memory.read_to or group.era != memory.era:
            # The item was made anew or put back: what was known of the one before says nothing.
            memory.begin(group.era)
        self._indexed: Mapping[bytes, Sequence[int]] = {}
        if self._last > ROWS:
            memory.leave_to_index(self._last // ROWS * ROWS)

    @property
    def is_hopeless(self) -> bool:
        """Return whether the log can never be read as it is."""
        return self.group.unreadable is not None

    def do(self, step: Callable[[], _Result]) -> _Result | None:
        """Take a *step* unless one has failed; return None where that is so, or it fails.

        It fails where what was read is not what a log holds: that concerns its own group alone.
        """
        if self.has_failed:
            return None
        try:
            return step()
        except UNREADABLE as error:
            self.has_failed = True
            self.group.note_unreadable(error)
            return None

    @property
    def gap(self) -> tuple[int, int]:
        """Return the first and the last number of the rows not read yet."""
        return self.group.memory.read_to + 1, self._last

    def new_rows(self) -> Iterator[Key]:
        """Yield the keys of the rows not read yet, and of what old entries may say."""
        first, last = self.gap
        for number in range(first, last + 1):
            yield _log_key(self.group, number)
        if self._begins_apart:
            yield _log_key(self.group, 1)
        if self._has_old:
            for pending in self.group.pending:
                yield _entry_key(self.group, pending)
                if not pending.event.has_own_id:
                    yield receipt_key(pending.event)

    def hits(self) -> Iterator[Key]:
        """Yield the keys of the rows that may hold a pending event and are not read yet."""
        known, indexed = self.group.memory.rows, self._indexed
        for pending in self.group.pending:
            marks = [
                mark
                for mark in log_items.marks_wanted(pending.event)
                if mark in known or mark in indexed
            ]
            if marks:
                numbers = [number for mark in marks for number in self._numbers(mark)]
                self._leads.append((pending, numbers))
        for _, numbers in self._leads:
            for number in numbers:
                if number not in self.rows:
                    yield _log_key(self.group, number)

    def ask(self, index: IdentityIndex) -> None:
        """Ask *index* for the pending events."""
        events = [pending.event for pending in self.group.pending]
        wanted = {mark for event in events for mark in log_items.marks_wanted(event)}
        self._indexed = index.find(self.group.log, self._last, wanted).rows

    def _numbers(self, mark: bytes) -> Iterator[int]:
        """Yield the numbers of the rows that *mark* leads to, the latest first."""
        number = self.group.memory.rows.get(mark)
        if number is not None:
            yield number
        # One of equal events is enough, and others share a mark by chance at most.
        yield from self._indexed.get(mark, ())[:_MOST_ROWS_OF_A_MARK]

    def take(self, found: Mapping[Key, Item]) -> None:
        """Take in items that were read."""
        for key, item in found.items():
            if key[0].startswith(keys.LOG):
                row = log_items.from_log_item(item)
                self.rows[row.number] = row
            else:
                self._old[key] = item

    def remember(self) -> None:
        """Remember the marks of the rows that were read to close the gap."""
        first, last = self.gap
        if self.has_failed or first > last:
            return
        memory = self.group.memory
        for number in range(first, last + 1):
            if number in self.rows:
                row = self.rows[number]
                memory.rows |= dict.fromkeys(log_items.marks_in(row, self.group.name[0]), number)
        memory.read_to = last

    def judged(self) -> list[KnownEvent] | None:
        """Return the pending events that the ledger has; None where the item of its log is lost."""
        if self._begins_apart and self.rows:
            self.group.note_older()
            return None
        judged = [self._in_log(pending, numbers) for pending, numbers in self._leads]
        if self._old:
            known = {id(one.pending) for one in judged if one is not None}
            judged += [self._in_old(one) for one in self.group.pending if id(one) not in known]
        return [one for one in judged if one is not None]

    def _in_log(self, pending: Pending, numbers: Sequence[int]) -> KnownEvent | None:
        event, kind = pending.event, self.group.name[0]
        for row in [self.rows[number] for number in numbers if number in self.rows]:
            for one in row.events:
                if log_items.event_id_of(one) == event.event_id:
                    is_reused = log_items.digest_of(one, kind) != event.digest
                    return KnownEvent(pending, row.received_at, is_reused)
            if event.has_own_id:
                continue
            for one in row.events:
                if (one.is_replayed or event.is_replayed) and log_items.is_alike(one, event):
                    return KnownEvent(pending, row.received_at, is_reused=False)
        return None

    def _in_old(self, pending: Pending) -> KnownEvent | None:
        event = pending.event
        entry = self._old.get(_entry_key(self.group, pending))
        if entry is not None:
            is_reused = bytes_of(entry["digest"]) != event.digest
            return KnownEvent(pending, Instant(int(entry["received_at"]["N"])), is_reused)
        receipt = None if event.has_own_id else self._old.get(receipt_key(event))
        if receipt is None or not (event.is_replayed or receipt["is_replayed"]["BOOL"]):
            return None
        return KnownEvent(pending, Instant(int(receipt["received_at"]["N"])), is_reused=False)


def _log_key(group: PendingGroup, number: int) -> Key:
    lane = keys.lane_of(number)
    return keys.log_partition(*group.name, lane), keys.log_number(number)


def _entry_key(group: PendingGroup, pending: Pending) -> Key:
    return keys.entity_key(*group.name), pending.event.event_id
