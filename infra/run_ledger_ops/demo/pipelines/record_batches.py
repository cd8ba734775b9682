"""Batches of raw records, read line by line as they are."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"


class RecordError(ValueError):
    """One record can't be used; the others can."""


class BatchError(ValueError):
    """The batch as a whole can't be used."""


class SkippedRecord(Exception):
    """There is nothing to do for this record, which is no error."""


class LeftToPerson(SkippedRecord):
    """The pipeline has no good answer for this record: somebody has to look."""


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """The records of one job: those of a file from one position on, and round to its start."""

    name: str
    columns: Sequence[str]
    lines: Sequence[bytes]

    def records(self) -> Iterator[bytes]:
        """Give the raw lines."""
        return iter(self.lines)

    def fields(self, line: bytes) -> dict[str, str]:
        """Return a line's fields by column; raises RecordError, which says what is wrong."""
        if b"\0" in line:
            raise RecordError("a NUL byte in the line")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"byte 0x{line[error.start]:02x} at {error.start} is not UTF-8"
            raise RecordError(message) from error
        (cells,) = csv.reader([text])
        if len(cells) != len(self.columns):
            raise RecordError(f"expected {len(self.columns)} columns, found {len(cells)}")
        return dict(zip(self.columns, (cell.strip() for cell in cells), strict=True))


def open_batch(name: str, columns: Sequence[str], begin: int, size: int) -> RecordBatch:
    """Return *size* records of a file; raises BatchError where its columns are not *columns*."""
    header, *lines = (DATA / name).read_bytes().splitlines()
    found = header.decode().split(",")
    if found != list(columns):
        missing = [column for column in columns if column not in found]
        raise BatchError(f"{name}: no column {', '.join(map(repr, missing))} in its header")
    turned = [lines[(begin + number) % len(lines)] for number in range(size)]
    return RecordBatch(name, columns, turned)
