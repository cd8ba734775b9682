"""Updates: what one event says, made, mended where it breaks the contract, and put into JSON."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from run_ledger.domain import instants
from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import Instant
from run_ledger.emit.counting.redaction import redacted

MAX_TEXT = 1024
MAX_NAMES_AN_EVENT = 24
_TEXTS = ("name", "stage", "owner")
_IDENTITY = {"job_id", "project_id", "client_id", "pipeline"}
_ENVELOPE_BYTES = 200  # names and source of an entry, generously

Complain = Callable[[InvalidEvent], None]


class Update(NamedTuple):
    """One event as it goes to the bus; its id stays the same however often it is sent."""

    event_id: str
    detail_type: str
    detail: str

    @property
    def size(self) -> int:
        """Return about how many bytes of a call it takes."""
        return len(self.detail.encode()) + _ENVELOPE_BYTES


def now() -> Instant:
    """Return the present instant."""
    return Instant(time.time_ns() // 1_000)


def make(detail_type: str, detail: Mapping[str, Any], complain: Complain) -> Update | None:
    """Return *detail* as an update, less those optional fields that break the contract.

    Each of these is told to *complain*. None where what must be there is missing or wrong.
    """
    content = {name: value for name, value in detail.items() if value is not None}
    content.setdefault("event_id", uuid.uuid4().hex)
    content.setdefault("occurred_at", instants.text(now()))
    for name in _TEXTS:
        if name in content:
            content[name] = cut(content[name])
    if isinstance(content.get("tags"), Mapping):
        content["tags"] = {cut(name): cut(value) for name, value in content["tags"].items()}
    while True:
        try:
            text = msgspec.json.encode(content).decode()
            _check(detail_type, text)
        except InvalidEvent as invalid:
            complain(invalid)
            if not _leave_out(content, invalid):
                return None
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            complain(
                InvalidEvent("bad_json", field="detail", got=str(error), allowed="JSON in UTF-8")
            )
            return None
        else:
            return Update(str(content["event_id"]), detail_type, text)


def cut(value: object, length: int = MAX_TEXT) -> str:
    """Return *value* as text that the contract takes: well-formed, at most *length* long."""
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= length else text[: length - 1] + "…"


def error_document(error: object, error_type: str | None = None) -> dict[str, str]:
    """Return the contract's ``error`` for an exception or a text, with secrets blanked."""
    if not isinstance(error, BaseException):
        return {"type": cut(error_type or "Error"), "message": cut(redacted(str(error)))}
    kind = type(error)
    module = "" if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}."
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a pipeline's exception may be broken in any way
        message = "(an error whose text can't be had)"
    return {
        "type": cut(error_type or f"{module}{kind.__qualname__}"),
        "message": cut(redacted(message)),
    }


def _check(detail_type: str, detail: str) -> None:
    """Raise InvalidEvent where the writer would; it is the writer's own check."""
    kind = msgspec.json.encode(detail_type).decode()
    decode(f'{{"id":"-","detail-type":{kind},"source":"-","detail":{detail}}}')


def _leave_out(content: dict[str, Any], invalid: InvalidEvent) -> bool:
    """Take out of *content* what *invalid* speaks of; False where nothing is left to take."""
    if invalid.reason == "too_large" and "tags" in content:
        del content["tags"]
        return True
    _, _, path = invalid.field.partition(".")
    field, _, name = path.partition(".")
    if field in _IDENTITY or field in {"event_id", "status", "result", "occurred_at"}:
        return False
    inner = content.get(field)
    if isinstance(inner, dict) and name in inner and field in {"delta", "tags"}:
        content[field] = {key: value for key, value in inner.items() if key != name}
        return True
    return content.pop(field, None) is not None
