"""Files of recorded JSON objects: one a line, an array, or one after the other; perhaps gzipped."""

import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from run_ledger_ops.console.exceptions import OpsError

_GZIP = b"\x1f\x8b"
_BYTES_AHEAD = 1 << 16
_SHOWN = 80  # characters of what can't be read
_BRACKETS = ("", "[", "]")
_WHITE_SPACE = re.compile(r"\s*")
_decoder = json.JSONDecoder()


class Unreadable(NamedTuple):
    """What stands in a file instead of an object."""

    problem: str


class Recorded(NamedTuple):
    """One object of a file, or what is wrong with it, and where it stands, such as ``line 7``."""

    place: str
    content: dict[str, Any] | Unreadable


def recorded(path: str, on_bytes: Callable[[int], object] = int) -> Iterator[Recorded]:
    """Give the objects of the file at *path*, or of standard input for ``-``, as they come.

    Calls *on_bytes* with how many bytes were read since the last call. Raises OpsError where the
    file can't be opened; what can't be read in it is given as such, and the rest goes on.
    """
    try:
        source = sys.stdin.buffer if path == "-" else open(path, "rb")  # noqa: PTH123, SIM115 closed below
    except OSError as error:
        raise OpsError(f"{path} can't be opened: {error.strerror}.") from error
    try:
        yield from _objects(_unpacked(_Stream(source, on_bytes)))
    except (OSError, EOFError, zlib.error) as error:
        yield Recorded("the end", Unreadable(f"the file breaks off: {error}"))
    finally:
        if path != "-":
            source.close()


class _Stream(io.RawIOBase):
    """Reads what there is, without waiting for more, and tells how many bytes that was."""

    def __init__(self, source: Any, on_bytes: Callable[[int], object]) -> None:
        super().__init__()
        self._source, self._on_bytes = source, on_bytes

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is, at most as much as fits."""
        read = getattr(self._source, "read1", self._source.read)
        found = read(len(buffer))
        buffer[: len(found)] = found
        self._on_bytes(len(found))
        return len(found)


def _unpacked(source: io.RawIOBase) -> BinaryIO:
    buffered = io.BufferedReader(source, _BYTES_AHEAD)
    if buffered.peek(len(_GZIP))[: len(_GZIP)] == _GZIP:
        unpacked = _Stream(gzip.GzipFile(fileobj=buffered), int)  # nobody counts these
        return io.BufferedReader(unpacked, _BYTES_AHEAD)
    return buffered


def _objects(source: BinaryIO) -> Iterator[Recorded]:
    """Give each line's object; where the first line is no whole one, read the text as a whole."""
    for number, line in enumerate(source, 1):
        found = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
        if not found:
            continue
        content = _object(found)
        if isinstance(content, Unreadable) and found[:1] in ("[", "{"):
            rest = source.read().decode("utf-8", "replace")
            yield from _of_text(f"{found}\n{rest}", number)
        else:
            yield Recorded(f"line {number}", content)
            yield from _lines(source, number)
        return


def _lines(source: BinaryIO, after: int) -> Iterator[Recorded]:
    for number, line in enumerate(source, after + 1):
        if found := line.decode("utf-8", "replace").strip():
            yield Recorded(f"line {number}", _object(found))


def _object(text: str) -> dict[str, Any] | Unreadable:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        return Unreadable(f"not JSON ({reason}): {text[:_SHOWN]}")
    if not isinstance(content, dict):
        return Unreadable(f"{text[:_SHOWN]} is no object")
    return content


def _of_text(text: str, first_line: int) -> Iterator[Recorded]:
    """Give the objects of a text that holds arrays or objects over several lines.

    Where it can't be read so, each line counts by itself.
    """
    try:
        found = [*_values(text)]
    except (ValueError, RecursionError):
        for number, line in enumerate(text.splitlines(), first_line):
            one = line.strip().rstrip(",")
            if one not in _BRACKETS:
                yield Recorded(f"line {number}", _object(one))
        return
    place, before = first_line, 0
    for begin, value in found:
        place, before = place + text.count("\n", before, begin), begin
        if isinstance(value, list):
            for number, one in enumerate(value, 1):
                yield Recorded(f"element {number}", _checked(one))
        else:
            yield Recorded(f"line {place}", _checked(value))


def _values(text: str) -> Iterator[tuple[int, Any]]:
    """Give each JSON value of *text* and where it begins; raise ValueError at what is none."""
    position = 0
    while position < len(text):
        value, end = _decoder.raw_decode(text, position)
        yield position, value
        gap = _WHITE_SPACE.match(text, end)
        position = gap.end() if gap else end


def _checked(value: Any) -> dict[str, Any] | Unreadable:
    if isinstance(value, dict):
        return value
    return Unreadable(f"{json.dumps(value)[:_SHOWN]} is no object")
