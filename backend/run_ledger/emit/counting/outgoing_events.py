"""Events on their way out: made, mended where they break the contract, and put into JSON."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from run_ledger.domain import instants
from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import Instant
from run_ledger.emit.counting.mending import Mending, OnInvalid
from run_ledger.emit.counting.told_errors import error_document

_REQUIRED = {"job_id", "project_id", "client_id", "event_id", "result"}
_ENVELOPE_BYTES = 200  # names and source of an event, generously


class OutgoingEvent(NamedTuple):
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


def make_event(
    detail_type: str, detail: Mapping[str, Any], on_invalid: OnInvalid
) -> OutgoingEvent | None:
    """Return *detail* as an event, without the optional fields that break the contract.

    Each of those is passed to *on_invalid*. None where a required field is missing or wrong.
    """
    content, detail_type = _content(detail, on_invalid), _well_formed(detail_type)
    while True:
        try:
            text = msgspec.json.encode(content).decode()
            _check(detail_type, text)
        except InvalidEvent as invalid:
            on_invalid(invalid)
            if not _leave_out(content, invalid):
                return None
        except UnicodeEncodeError:  # half of a surrogate pair, as names of files may hold
            content = _well_formed(content)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            on_invalid(
                InvalidEvent("bad_json", field="detail", got=str(error), allowed="JSON in UTF-8")
            )
            return None
        else:
            return OutgoingEvent(str(content["event_id"]), detail_type, text)


def _content(detail: Mapping[str, Any], on_invalid: OnInvalid) -> dict[str, Any]:
    """Return *detail* with an id and a time, without None, and with what can be mended mended."""
    given = dict(detail)
    if isinstance(given.get("error"), (str, BaseException)):
        given["error"] = error_document(given["error"])
    content = Mending(on_invalid).mend(given)
    content.setdefault("event_id", uuid.uuid4().hex)
    content.setdefault("occurred_at", instants.text(now()))
    return content


def _well_formed(value: Any) -> Any:
    """Return *value* with what UTF-8 can't hold replaced in all its texts and names."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_well_formed(name): _well_formed(one) for name, one in value.items()}
    return [_well_formed(one) for one in value] if isinstance(value, (list, tuple)) else value


def _check(detail_type: str, detail: str) -> None:
    """Raise InvalidEvent where the writer would: this calls the writer's own check."""
    kind = msgspec.json.encode(detail_type).decode()
    decode(f'{{"id":"-","detail-type":{kind},"source":"-","detail":{detail}}}')


def _leave_out(content: dict[str, Any], invalid: InvalidEvent) -> bool:
    """Remove the field that *invalid* names; return False where it is required or not there."""
    _, _, path = invalid.field.partition(".")
    field, _, name = path.partition(".")
    if invalid.reason == "too_large":
        sizes = {key: len(msgspec.json.encode(value)) for key, value in content.items()}
        field = max(sizes.keys() - _REQUIRED, key=sizes.__getitem__, default="")
        return content.pop(field, None) is not None
    if field in _REQUIRED:
        return False
    inner = content.get(field)
    if isinstance(inner, dict) and name in inner and field in {"delta", "tags"}:
        content[field] = {key: value for key, value in inner.items() if key != name}
        return True
    if content.pop(field, None) is None:
        return False
    if field == "occurred_at":
        content[field] = instants.text(now())
    return True
