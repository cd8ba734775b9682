"""Which rows of a long log hold an event: asked of the index, and remembered within a bound.

Items of the index never change, so those that were read or made are kept, the latest used, up to a
number of bytes. One that nobody has made yet is made here, of items of the level below or of rows:
so a writer that was cut off before it put one has lost nothing, and large segments are made little
by little, by those who ask.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from run_ledger.store.dynamo.batches import portions, read_items
from run_ledger.store.items.index_items import (
    ROWS,
    Chunk,
    Place,
    chunk_of_parts,
    chunk_of_rows,
    from_index_item,
    index_item,
    places,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MEMORY_BYTES = 64_000_000
"""Five million events of 12 bytes."""
_BYTES_BESIDE = 400  # what Python takes for an item beside its records
_EXPIRED_LOGS = 10_000


class Row(Protocol):
    """A row of a log."""

    @property
    def number(self) -> int:
        """Return the row's number in its log."""

    @property
    def marks(self) -> Iterable[bytes]:
        """Return what the row's events are known by."""

    @property
    def expires_at(self) -> int:
        """Return when DynamoDB may drop the row, in epoch seconds."""


ReadRows = Callable[[str, str, int, int], Iterable[Row]]
"""Reads the rows of a log (kind and id of its entity) from one number to another, both included."""


class Found(NamedTuple):
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
        read_rows: ReadRows,
        *,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """Read and write through *client*; *read_rows* reads what no item tells of yet."""
        self.calls = 0
        self._client = client
        self._table = table
        self._read_rows = read_rows
        self._memory_bytes = memory_bytes
        self._known: OrderedDict[Place, Chunk] = OrderedDict()
        self._known_bytes = 0
        # Up to which number all rows of a log have expired.
        self._expired: OrderedDict[tuple[str, str], int] = OrderedDict()

    @property
    def known_bytes(self) -> int:
        """Return how much memory the remembered items take."""
        return self._known_bytes

    def find(self, kind: str, entity_id: str, upto: int, marks: Collection[bytes]) -> Found:
        """Return which of the rows 1 to *upto*, all committed, may hold *marks*.

        Of the last rows, fewer than `ROWS`, nothing is said. Raises ClientError or BotoCoreError as
        the client does, and KeysLeftOut where DynamoDB is too busy.
        """
        covered = upto // ROWS * ROWS
        asked = places(kind, entity_id, covered, marks)
        chunks = self._chunks([place for place, _ in asked])
        rows: dict[bytes, list[int]] = {}
        for place, some in asked:
            for mark in some:
                numbers = list(chunks[place].numbers(mark))
                if numbers:
                    rows.setdefault(mark, []).extend(reversed(numbers))
        return Found(covered, rows)

    def extend(
        self,
        kind: str,
        entity_id: str,
        rows: Iterable[tuple[int, Iterable[bytes]]],
        *,
        upto: int,
        expires_at: int,
    ) -> None:
        """Put the item of the last `ROWS` rows up to *upto*, a multiple of it.

        *rows* are all of these, each with its number and marks. Raises as `find` does; what is not
        put, is made by whoever needs it.
        """
        place = Place(kind, entity_id, 0, upto // ROWS - 1, "")
        self._put(place, chunk_of_rows(rows, expires_at))

    def _chunks(self, asked: Sequence[Place]) -> dict[Place, Chunk]:
        """Return the chunks of items, those of the latest segments first."""
        found: dict[Place, Chunk] = {}
        for place in asked:
            chunk = self._known.get(place)
            if chunk is not None:
                self._known.move_to_end(place)
                found[place] = chunk
            elif place.last_row <= self._expired.get(place[:2], 0):
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
                found[place] = from_index_item(item)
                self._remember(place, found[place])
        return found

    def _made(self, place: Place) -> Chunk:
        """Make and put the item of *place*, unless all that it is made of has expired."""
        if place.last_row <= self._expired.get(place[:2], 0):
            return Chunk(b"", 0)
        if place.level:
            parts = self._chunks(place.parts)
            chunk = chunk_of_parts(parts.values(), place.digits)
        else:
            self.calls += 1
            rows = list(self._read_rows(*place[:2], place.first_row, place.last_row))
            expires_at = max((row.expires_at for row in rows), default=0)
            chunk = chunk_of_rows(((row.number, row.marks) for row in rows), expires_at)
        if not chunk.expires_at:
            # Rows expire in the order of their numbers: there is none before these either.
            self._note_expired(place)
            return chunk
        self._put(place, chunk)
        return chunk

    def _put(self, place: Place, chunk: Chunk) -> None:
        self._remember(place, chunk)
        self.calls += 1
        self._client.put_item(TableName=self._table, Item=index_item(place, chunk))

    def _remember(self, place: Place, chunk: Chunk) -> None:
        """Keep *chunk*, and drop what was not used for longest beyond the bound."""
        before = self._known.pop(place, None)
        self._known[place] = chunk
        self._known_bytes += _size(chunk) - (0 if before is None else _size(before))
        while self._known_bytes > self._memory_bytes and self._known:
            _, dropped = self._known.popitem(last=False)
            self._known_bytes -= _size(dropped)

    def _note_expired(self, place: Place) -> None:
        log = place[:2]
        self._expired[log] = max(place.last_row, self._expired.pop(log, 0))
        if len(self._expired) > _EXPIRED_LOGS:
            self._expired.popitem(last=False)


def _size(chunk: Chunk) -> int:
    return len(chunk.records) + _BYTES_BESIDE


def _name(key: Mapping[str, Mapping[str, str]]) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]
