"""Which rows of a long log hold an event, as items of the table Entries.

A log of `ROWS` rows or more has an index. A *segment* of level 0 is about `ROWS` rows, one of any
other level about `FAN_OUT` segments of the level below. A segment of level 1 lies in 16 items, by
the first hexadecimal digit of a mark, one of level 2 in 256, by the first two, and so on: so an
item has as many records at any level, and one item of each segment tells of a mark. What an item
holds follows from the rows alone, so whoever misses one makes it.

::

    pk = index#job#ID#LEVEL#SEGMENT#ERA | index#project#ID#…   segments are numbered from 0
    sk = *DIGITS                                            the digits of the item's marks
    records                                                 sorted: 8 bytes of a mark, 4 of a number
    digest                                                  of its key and its records, 8 bytes;
                                                            earlier versions wrote none
    expires_at                                              as that of the last of its rows

A *mark* is a digest of what an event is known by. Its first 8 bytes only say where to look: the row
itself tells whether the event is there.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from run_ledger.store.dynamo.attributes import Attribute, Item, from_item, to_item

ROWS = 64
FAN_OUT = 16
LEVELS = 4
_MARK_BYTES, _NUMBER_BYTES = 8, 4
_RECORD_BYTES = _MARK_BYTES + _NUMBER_BYTES

LogName = tuple[str, str, int]
"""The kind and the id of a log's entity, and the log's era."""


class Place(NamedTuple):
    """Which item of the index: of which log, its level, its segment, and its marks' digits."""

    kind: str
    entity_id: str
    era: int
    level: int
    segment: int
    digits: str

    @property
    def first_row(self) -> int:
        """The number of the segment's first row; numbers begin with 1."""
        return self.segment * self._rows + 1

    @property
    def last_row(self) -> int:
        """The number of the segment's last row."""
        return (self.segment + 1) * self._rows

    @property
    def _rows(self) -> int:
        return ROWS << 4 * self.level

    @property
    def key(self) -> Item:
        """The item's key."""
        segment = f"{self.kind}#{self.entity_id}#{self.level}#{self.segment}"
        era = f"#{self.era}" if self.era else ""
        return to_item({"pk": f"index#{segment}{era}", "sk": f"*{self.digits}"})

    @property
    def parts(self) -> list[Place]:
        """The items of the level below that this one is made of, the latest first."""
        first = self.segment * FAN_OUT
        segments = reversed(range(first, first + FAN_OUT))
        below = self._replace(level=self.level - 1, digits=self.digits[:-1])
        return [below._replace(segment=segment) for segment in segments]


class Chunk(NamedTuple):
    """What an item holds: its records, sorted, and when it expires, in epoch seconds."""

    records: bytes
    expiry: int

    def numbers(self, mark: bytes) -> Iterator[int]:
        """Yield the numbers of the rows that may hold *mark*, in order."""
        short = mark[:_MARK_BYTES]
        for place in range(self._first(short), len(self)):
            record = self._record(place)
            if not record.startswith(short):
                return
            yield int.from_bytes(record[_MARK_BYTES:], "big")

    def of_digits(self, digits: str) -> bytes:
        """Return the records whose marks begin with these hexadecimal digits."""
        bits = 8 * _MARK_BYTES - 4 * len(digits)
        low = int(digits, 16) << bits
        after = low + (1 << bits)
        first = self._first(low.to_bytes(_MARK_BYTES, "big"))
        is_last = after >> 8 * _MARK_BYTES
        end = len(self) if is_last else self._first(after.to_bytes(_MARK_BYTES, "big"))
        return self.records[first * _RECORD_BYTES : end * _RECORD_BYTES]

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.records) // _RECORD_BYTES

    def _first(self, short: bytes) -> int:
        """Return the place of the first record that is not before the mark *short*."""
        return bisect_left(range(len(self)), short, key=self._record)

    def _record(self, place: int) -> bytes:
        return self.records[place * _RECORD_BYTES : (place + 1) * _RECORD_BYTES]


def chunk_of_rows(marks: Iterable[tuple[int, bytes]], expiry: int) -> Chunk:
    """Return the chunk of a segment of level 0, by its *marks* with the numbers of their rows."""
    records = {mark[:_MARK_BYTES] + number.to_bytes(_NUMBER_BYTES, "big") for number, mark in marks}
    return Chunk(b"".join(sorted(records)), expiry)


def chunk_of_parts(parts: Iterable[Chunk], digits: str) -> Chunk:
    """Return the chunk of the marks with these *digits*, of the chunks of the level below."""
    some = list(parts)
    joined = b"".join(part.of_digits(digits) for part in some)
    records = sorted(
        joined[start : start + _RECORD_BYTES] for start in range(0, len(joined), _RECORD_BYTES)
    )
    return Chunk(b"".join(records), max((part.expiry for part in some), default=0))


def places(log: LogName, rows: int, marks: Iterable[bytes]) -> list[tuple[Place, list[bytes]]]:
    """Return the items that tell of *marks* in the first *rows* rows, the latest segment first.

    *rows* are a multiple of `ROWS`. With each item come those of *marks* that it tells of.
    """
    by_digits = [_by_digits(marks, level) for level in range(LEVELS)]
    found: list[tuple[Place, list[bytes]]] = []
    segment, segments = 0, rows // ROWS
    for level in reversed(range(LEVELS)):
        size: int = FAN_OUT**level
        while segment + size <= segments:
            found += [
                (Place(*log, level, segment // size, digits), some)
                for digits, some in by_digits[level].items()
            ]
            segment += size
    return found[::-1]


def _by_digits(marks: Iterable[bytes], level: int) -> Mapping[str, list[bytes]]:
    some: dict[str, list[bytes]] = {}
    for mark in marks:
        some.setdefault(mark.hex()[:level], []).append(mark)
    return some


def index_item(place: Place, chunk: Chunk) -> Item:
    """Return the item that holds *chunk*."""
    key = place.key
    digest = _digest(key["pk"]["S"], key["sk"]["S"], chunk.records)
    values = {"records": chunk.records, "digest": digest, "expires_at": chunk.expiry}
    return {**key, **to_item(values)}


def from_index_item(item: Mapping[str, Attribute]) -> Chunk:
    """Return the chunk that an item of the index holds, all of it.

    Raises one of `UNREADABLE` where it holds none, or another than was put there.
    """
    values = from_item(item)
    records, expiry = values.get("records"), values.get("expires_at")
    if not isinstance(records, bytes) or len(records) % _RECORD_BYTES or type(expiry) is not int:
        raise ValueError("the item is none of the index")
    if values.get("digest") not in (None, _digest(values["pk"], values["sk"], records)):
        raise ValueError("the item has lost records, or has others")
    return Chunk(records, expiry)


def _digest(partition: str, sort: str, records: bytes) -> bytes:
    text = f"{partition} {sort} ".encode() + records
    return hashlib.blake2b(text, digest_size=8).digest()
