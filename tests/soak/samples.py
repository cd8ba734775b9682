"""What the processes of a local stack hold: memory, handles and files, as Linux tells in /proc."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

KB = 1024
_FUNCTION = re.compile(r"/ministack-lambda-run-ledger-\w+-(?P<name>\w+)-[^/]*/_worker\.py$")


class Process(Struct, frozen=True):
    """One process: its role, its own memory in bytes, and its open handles."""

    role: str
    memory_bytes: int
    handles: int


class Sample(Struct, frozen=True):
    """The stack at one moment: its processes, and the files of its state."""

    at_seconds: float
    """Since the run began."""
    events: int
    """Events sent until then."""
    processes: tuple[Process, ...]
    files: int
    files_bytes: int


def look(pids: Iterable[int]) -> tuple[Process, ...]:
    """Return what the processes *pids* hold; one that has ended meanwhile is left out."""
    found = []
    for pid in sorted(pids):
        with suppress(OSError):
            folder = Path(f"/proc/{pid}")
            command = (folder / "cmdline").read_text().strip("\0").split("\0")
            handles = sum(1 for _ in (folder / "fd").iterdir())
            memory = own_memory((folder / "smaps_rollup").read_text())
            found.append(Process(role(command), memory, handles))
    return tuple(found)


def role(command: list[str]) -> str:
    """Return a word for what a process does, from its command line."""
    for word in command:
        function = _FUNCTION.search(word)
        if function:
            return f"function {function['name']}"
        if word.endswith("/prepared_process.py"):
            return "functions' prepared process"
    if command[-1] == "ministack":
        return "local AWS"
    if "streamlit" in command:
        return "analysts' app"
    if "run_ledger_ops.command" in command:
        return "run-ledger local"
    return Path(command[0]).name


def own_memory(rollup: str) -> int:
    """Return the bytes that a process shares with no other, from its ``smaps_rollup``.

    What it shares counts differently whenever another process starts or ends.
    """
    sizes = re.findall(r"^Private_(?:Clean|Dirty): +(\d+) kB$", rollup, re.MULTILINE)
    return sum(map(int, sizes)) * KB


def files_under(folder: Path) -> tuple[int, int]:
    """Return how many files a folder has, and their bytes; unpacked code of functions is none."""
    count = size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            if path.is_file() and "code" not in path.parts:
                count += 1
                size += path.stat().st_size
    return count, size
