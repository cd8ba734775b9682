"""Why a command failed, by the end of what it wrote to standard error."""

import re
from typing import NamedTuple

from run_ledger.emit.counting.redaction import redacted
from run_ledger.emit.counting.stack_traces import exception_in

_MAX_MESSAGE = 1024
_MAX_LINES = 20
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# What runtimes and shells write below an exception, and programs that ran the one that failed.
_BELOW = re.compile(
    r"Node\.js v\d|exit status \d+\Z|note: (?:run with|Some details|in ).*|\s+thrown in .*"
    r"|(?:make|gmake)(?:\[\d+\])?: \*\*\* |npm (?:ERR!|error)|error Command failed|srun: error: "
    r"|slurmstepd: |Sentry is attempting to send|Waiting up to \d+ seconds|Press Ctrl-C to quit"
)
# A program that goes on after an exception says in its own words why it ends.
_OWN_WORDS = re.compile(
    r"(?i)(?:[\w./-]{1,80}: )?(?:error|fatal|critical|abort(?:ed|ing)?)\b\s*[:!]"
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|(?:ERROR|FATAL|CRITICAL)\b"
)


class LastWords(NamedTuple):
    """Why a command failed: an error's type, "" where the words name no exception; the message."""

    error_type: str
    message: str


def read_last_words(last_words: bytes) -> LastWords:
    """Return the exception that ended a command, else the last lines that it wrote.

    Reads what Python, the Java virtual machine, .NET, Node, Go, Rust, Ruby and PHP print. The last
    lines are shortened to what an error message may hold, their end kept, secrets blanked.
    """
    text = _ESCAPES.sub("", last_words.decode("utf-8", "replace"))
    lines = [line.rsplit("\r", 1)[-1] for line in text.replace("\r\n", "\n").split("\n")]
    kept = [_CONTROLS.sub("", line).rstrip() for line in lines if line.strip()]
    return _exception(kept) or LastWords("", _message(kept))


def _exception(lines: list[str]) -> LastWords | None:
    end = len(lines)
    while end and _BELOW.match(lines[end - 1]):
        end -= 1
    if not end or _OWN_WORDS.match(lines[end - 1]):
        return None
    found = exception_in("\n".join(lines[:end]))
    if found is None:
        return None
    cause = f" (caused by {found.cause})" if found.cause else ""
    return LastWords(found.type, f"{found.message}{cause}".strip())


def _message(lines: list[str]) -> str:
    message = redacted("\n".join(lines[-_MAX_LINES:]))  # whole lines, before anything is cut off
    return message if len(message) <= _MAX_MESSAGE else f"…{message[1 - _MAX_MESSAGE :]}"
