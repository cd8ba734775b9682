"""Which rows of a long log hold an event: asked of the index, and remembered within a bound.

Items of the index never change, so those that were read or made are kept, the latest used, up to a
number of bytes. One that nobody has made yet is made here, of items of the level below or of rows:
so a writer that was cut off before it put one has lost nothing, and large segments are made little
by little, by those who ask.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import UNREADABLE
from run_ledger.store.dynamo.batches import portions, read_items
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.entry_items import SECONDS_PER_DAY
from run_ledger.store.items.index_items import (
    ROWS,
    Chunk,
    LogName,
    Place,
    chunk_of_parts,
    chunk_of_rows,
    from_index_item,
    index_item,
    places,
)
from run_ledger.store.items.log_items import marks_in

from .log_reads import has_rows_before, lanes_of, read_range

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MEMORY_BYTES = 64_000_000
"""Five million events of 12 bytes."""
_BYTES_BESIDE = 400  # what Python takes for an item beside its records
_EXPIRED_LOGS = 10_000


class IndexAnswer(NamedTuple):
    """Where marks may be.

    ``rows`` are, for each mark that may be there, the numbers of the rows, the latest first. Only
    of the first ``covered`` rows anything is known.
    """

    covered: int
    rows: Mapping[bytes, Sequence[int]]


class IdentityIndex:
    """The indexes of all long logs, as one writer knows them."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        ttl_days: int,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Read and write through *client*; rows are kept for *ttl_days*."""
        self.calls = 0
        self._client = client
        self._table = table
        self._ttl_days = ttl_days
        self._memory_bytes = memory_bytes
        self._known: OrderedDict[Place, Chunk] = OrderedDict()
        self._known_bytes = 0
        # Up to which number all rows of a log have expired.
        self._expired: OrderedDict[LogName, int] = OrderedDict()

    @property
    def known_bytes(self) -> int:
        """Return how much memory the remembered items take."""
        return self._known_bytes

    def find(self, log: LogName, upto: int, marks: Collection[bytes]) -> IndexAnswer:
        """Return which of the rows 1 to *upto*, all committed, may hold *marks*.

        Of the last rows, fewer than `ROWS`, nothing is said. Raises ClientError or BotoCoreError as
        the client does, and KeysLeftOut where DynamoDB is too busy.
        """
        covered = upto // ROWS * ROWS
        asked = places(log, covered, marks)
        chunks = self._chunks([place for place, _ in asked])
        rows: dict[bytes, list[int]] = {}
        for place, some in asked:
            for mark in some:
                numbers = list(chunks[place].numbers(mark))
                if numbers:
                    rows.setdefault(mark, []).extend(reversed(numbers))
        return IndexAnswer(covered, rows)

    def extend(
        self, log: LogName, upto: int, rows: Mapping[bytes, int], received_at: Instant
    ) -> None:
        """Put the item of the last `ROWS` rows up to *upto*, a multiple of it.

        *rows* has the numbers of all these rows, by their marks, and may have others; the last came
        in at *received_at*. Raises as `find` does; what is not put is made by whoever needs it.
        """
        place = Place(*log, 0, upto // ROWS - 1, "")
        records = (
            (number, mark) for mark, number in rows.items() if place.first_row <= number <= upto
        )
        self._put(place, chunk_of_rows(records, self._expiry(received_at)))

    def _expiry(self, received_at: Instant) -> int:
        return received_at // MICROSECONDS + self._ttl_days * SECONDS_PER_DAY

    def _chunks(self, asked: Sequence[Place]) -> dict[Place, Chunk]:
        """Return the chunks of items, those of the latest segments first."""
        found: dict[Place, Chunk] = {}
        for place in asked:
            chunk = self._known.get(place)
            if chunk is not None:
                self._known.move_to_end(place)
                found[place] = chunk
            elif place.last_row <= self._expired.get(place[:3], 0):
                found[place] = Chunk(b"", 0)
        found |= self._stored([place for place in asked if place not in found])
        for place in asked:
            if place not in found:
                found[place] = self._made(place)
        return found

    def _stored(self, asked: Sequence[Place]) -> dict[Place, Chunk]:
        """Return the chunks of those items that are there."""
        found: dict[Place, Chunk] = {}
        for some in portions(asked):
            by_key = {_name(place.key): place for place in some}
            self.calls += 1
            # What a read does not see yet is made again, so half the price is enough.
            keys = {self._table: [place.key for place in some]}
            items = read_items(self._client, keys, is_consistent=False)[self._table]
            for item in items:
                place = by_key[_name(item)]
                # One that is damaged is made anew, as one that is missing.
                with suppress(*UNREADABLE):
                    found[place] = from_index_item(item)
                    self._remember(place, found[place])
        return found

    def _made(self, place: Place) -> Chunk:
        """Make and put the item of *place*, unless all that it is made of has expired."""
        if place.last_row <= self._expired.get(place[:3], 0):
            return Chunk(b"", 0)
        if place.level:
            parts = self._chunks(place.parts)
            chunk = chunk_of_parts(parts.values(), place.digits)
        else:
            name, first, last = place[:2], place.first_row, place.last_row
            self.calls += len(lanes_of(first, last))
            rows = read_range(self._client, self._table, name, first, last)
            records = ((row.number, mark) for row in rows for mark in marks_in(row, place.kind))
            received = max((row.received_at for row in rows), default=None)
            expiry = 0 if received is None else self._expiry(received)
            chunk = chunk_of_rows(records, expiry)
        if chunk.expiry:
            self._put(place, chunk)
        elif not place.level and not self._has_rows_before(place):
            # Numbers that only repairs took have no rows either, so what is before was looked for.
            self._note_expired(place)
        return chunk

    def _has_rows_before(self, place: Place) -> bool:
        self.calls += len(lanes_of(1, place.first_row - 1))
        return has_rows_before(self._client, self._table, place[:2], place.first_row)

    def _put(self, place: Place, chunk: Chunk) -> None:
        self._remember(place, chunk)
        self.calls += 1
        try:
            self._client.put_item(TableName=self._table, Item=index_item(place, chunk))
        except ClientError as error:
            # A producer may choose ids whose marks all lie in one item, which then is too large.
            if fault(error) is not Fault.REFUSED:
                raise

    def _remember(self, place: Place, chunk: Chunk) -> None:
        """Keep *chunk*, and drop what was not used for longest beyond the bound."""
        before = self._known.pop(place, None)
        self._known[place] = chunk
        self._known_bytes += _size(chunk) - (0 if before is None else _size(before))
        while self._known_bytes > self._memory_bytes and self._known:
            _, dropped = self._known.popitem(last=False)
            self._known_bytes -= _size(dropped)

    def _note_expired(self, place: Place) -> None:
        log = place[:3]
        self._expired[log] = max(place.last_row, self._expired.pop(log, 0))
        if len(self._expired) > _EXPIRED_LOGS:
            self._expired.popitem(last=False)


def _size(chunk: Chunk) -> int:
    return len(chunk.records) + _BYTES_BESIDE


def _name(key: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]
