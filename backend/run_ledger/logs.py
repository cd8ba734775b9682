"""Logs: one JSON object a line on standard output, where Lambda collects it.

``logs.configure(level)`` once per execution environment; after that any module's
``logging.getLogger(__name__).info("message", extra={…})`` gives one line whose members are
``timestamp``, ``level``, ``logger``, ``message``, those of ``extra`` and, where there is one,
``exception`` with its traceback as text.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_OURS = "run_ledger"
_NO_EXTRA = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


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
        }
        for name, value in vars(record).items():
            if name not in _NO_EXTRA:
                line.setdefault(name, value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False, separators=(",", ":"))


def configure(level: str) -> None:
    """Send everything logged to standard output as JSON, our own from *level* upwards.

    Libraries keep to warnings whatever the level: at DEBUG, botocore would log what it sends.
    Replaces the handler that Lambda installs, so that no line is written twice.
    """
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_OURS).setLevel(level)
