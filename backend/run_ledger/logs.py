"""Logs: one JSON object a line on standard output, where Lambda collects it.

Call ``logs.configure(level, stage=…, function=…)`` once per execution environment, and
``logs.begin(context)`` once per invocation. After that,
``logging.getLogger(__name__).info("message", extra={…})`` in any module writes one line with the
members ``timestamp``, ``level``, ``logger``, ``message``, ``stage``, ``function``, ``request_id``
(the invocation's), those of ``extra`` and, where there is an exception, ``exception`` with its
traceback as text.

Each logged member is chosen: ids, states, counts, times, and names of the contract; never texts of
producers or callers. An exception's text may quote such texts, so only the exceptions of AWS and of
the store are logged with theirs; of others, kind and traceback are. Whatever has the form of a
token, a password or an e-mail address is replaced in each line.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec

from run_ledger.domain.exceptions import StoreUnavailable

_OURS = "run_ledger"
METRICS = "run_ledger.metrics"
"""The logger whose lines carry metrics: they are written at every level."""

_NO_EXTRA = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_encoder = msgspec.json.Encoder(enc_hook=str)
_common: dict[str, object] = {}

BLOT = "[blotted out]"
_FORBIDDEN = re.compile(
    r"eyJ[\w-]{6,}\.[\w.-]+"  # a JSON web token
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}"  # an AWS access key
    # Keys of other services; a line feed before one may be written as backslash and n.
    r"|(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?:sk|pk|rk|rlk|ghp|gho|xox[a-z])[-_][\w-]{12,}"
    r"|(?i:(?:password|passwd|secret|token|api[_-]?key|authorization)['\"]? *[=:] *['\"]?"
    r"(?:(?:bearer|basic) +)?[^\s\"',;&)]+)"
    r"|(?i:bearer|basic) +[\w.~+/=-]{8,}"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
)
# A line without any of these, in small letters, has no match of the above.
_HINTS: tuple[str, ...] = (
    "@",
    "eyj",
    "bearer",
    "basic",
    "akia",
    "asia",
    "passw",
    "secret",
    "token",
    "key",
)
_HINTS += ("authorization", "sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "rlk_", "ghp_", "gho_", "xox")


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a value that JSON has no form for becomes its text."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_common,
        }
        said = vars(record).items()
        line |= {name: value for name, value in said if name not in _NO_EXTRA and name not in line}
        if record.exc_info:
            line["exception"] = _traceback(record.exc_info[1])
        return _text(line)


def configure(level: str, *, stage: str, function: str) -> None:
    """Write all log lines to standard output as JSON, our own from *level* upwards.

    Libraries log warnings and above at every level, as botocore at DEBUG logs what it sends. This
    replaces the handler that Lambda installs, so that no line is written twice.
    """
    # No line says so, and asking for it takes time; the last is where a call was made from:
    # https://docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001
    _common.clear()
    _common.update(stage=stage, function=function)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level)
    logging.getLogger(METRICS).setLevel(logging.INFO)


def begin(context: Any) -> None:
    """Give all lines from now on the request id of *context*, the invocation's."""
    _common["request_id"] = getattr(context, "aws_request_id", None)


def _traceback(error: BaseException | None) -> str:
    """Return the traceback of *error*, after those of the exceptions that caused it."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        text = f"{type(error).__name__}: {error}" if _may_be_quoted(error) else ""
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{text or type(error).__name__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(parts))


def _may_be_quoted(error: BaseException) -> bool:
    """Return whether the text of *error* is about calls and tables, not about data."""
    kind = type(error)
    if kind.__module__ == "botocore.exceptions":
        return kind.__name__ != "ParamValidationError"
    return isinstance(error, StoreUnavailable)


def _text(line: dict[str, object]) -> str:
    text = _encoded(line)
    small = text.lower()
    for hint in _HINTS:
        if hint in small:
            return _encoded(_blotted(json.loads(text)))
    return text


def _encoded(line: object) -> str:
    try:
        return _encoder.encode(line).decode()
    except (UnicodeError, TypeError, RecursionError):
        # Half of a surrogate pair, or a key that is no text: this is slower, and accepts both.
        return json.dumps(line, default=str, skipkeys=True, separators=(",", ":"))


def _blotted(value: Any) -> Any:
    """Return *value* with whatever no log may hold replaced by `BLOT`."""
    if isinstance(value, str):
        return _FORBIDDEN.sub(BLOT, value)
    if isinstance(value, list):
        return [_blotted(one) for one in value]
    if isinstance(value, dict):
        return {_blotted(name): _blotted(one) for name, one in value.items()}
    return value
