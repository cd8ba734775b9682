"""Logs: one JSON object a line on standard output, where Lambda collects it.

``logs.configure(level, stage=…, function=…)`` once per execution environment and
``logs.begin(context)`` once per invocation; after that any module's
``logging.getLogger(__name__).info("message", extra={…})`` gives one line whose members are
``timestamp``, ``level``, ``logger``, ``message``, ``stage``, ``function``, ``request_id`` (the
invocation's), those of ``extra`` and, where there is one, ``exception`` with its traceback as text.

What is logged is chosen member by member: ids, states, counts, times, and names of the contract;
never what producers or callers wrote in words. An exception's text may quote some of that: of one
that is neither AWS's nor the store's, only kind and traceback are told. And whatever has the form
of a token, a password or an e-mail address is blotted out of each line.
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
"""The logger whose lines carry metrics: they are written whatever the level."""

_NO_EXTRA = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_encoder = msgspec.json.Encoder(enc_hook=str)
_common: dict[str, object] = {}

BLOT = "[blotted out]"
_FORBIDDEN = re.compile(
    r"eyJ[\w-]{6,}\.[\w.-]+"  # a JSON web token
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}"  # an AWS access key
    # What services issue as keys; a line feed before it may stand as backslash and n.
    r"|(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?:sk|pk|rk|ghp|gho|xox[a-z])[-_][\w-]{12,}"
    r"|(?i:(?:password|passwd|secret|token|api[_-]?key|authorization)['\"]? *[=:] *['\"]?"
    r"(?:(?:bearer|basic) +)?[^\s\"',;&)]+)"
    r"|(?i:bearer|basic) +[\w.~+/=-]{8,}"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
)
# A line that holds none of these, in small letters, holds nothing of the above.
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
_HINTS += ("authorization", "sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "ghp_", "gho_", "xox")


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a value that JSON has no form for stands as its text."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_common,
        }
        for name, value in vars(record).items():
            if name not in _NO_EXTRA:
                line.setdefault(name, value)
        if record.exc_info:
            line["exception"] = _told(record.exc_info[1])
        return _text(line)


def configure(level: str, *, stage: str, function: str) -> None:
    """Send everything logged to standard output as JSON, our own from *level* upwards.

    Libraries keep to warnings whatever the level: at DEBUG, botocore would log what it sends.
    Replaces the handler that Lambda installs, so that no line is written twice.
    """
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
    """Let the lines from here on carry the id of the invocation that *context* speaks of."""
    _common["request_id"] = getattr(context, "aws_request_id", None)


def _told(error: BaseException | None) -> str:
    """Return the traceback of *error* after those of what led to it."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        text = f"{type(error).__name__}: {error}" if _is_ours_to_quote(error) else ""
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{text or type(error).__name__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(reversed(parts))


def _is_ours_to_quote(error: BaseException) -> bool:
    """Tell whether *error* speaks of calls and tables, and not of what it was given."""
    kind = type(error)
    if kind.__module__ == "botocore.exceptions":
        return kind.__name__ != "ParamValidationError"
    return isinstance(error, StoreUnavailable)


def _text(line: dict[str, object]) -> str:
    text = _encoded(line)
    small = text.lower()
    if any(hint in small for hint in _HINTS):
        return _encoded(_blotted(json.loads(text)))
    return text


def _encoded(line: object) -> str:
    try:
        return _encoder.encode(line).decode()
    except (UnicodeError, TypeError, RecursionError):
        # Half a surrogate pair, or a key that is no text: slower, and takes both.
        return json.dumps(line, default=str, skipkeys=True, separators=(",", ":"))


def _blotted(value: Any) -> Any:
    """Return *value* without what no log may hold."""
    if isinstance(value, str):
        return _FORBIDDEN.sub(BLOT, value)
    if isinstance(value, list):
        return [_blotted(one) for one in value]
    if isinstance(value, dict):
        return {_blotted(name): _blotted(one) for name, one in value.items()}
    return value
