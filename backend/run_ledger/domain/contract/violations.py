"""From a decoder's error to a message that a producer can act on.

The decoder is fast, and its errors are short. For a broken event only, this module reads the JSON
again, finds the value that the error is about, and looks up what the contract allows.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from run_ledger.domain.exceptions import InvalidEvent, shown

from .vocabulary import (
    ALLOWED,
    JOB_STATUS_ALLOWED,
    MAX_LEVELS,
    OWNER_ALLOWED,
    PROJECT_STATUS_ALLOWED,
    SCHEMA_VERSION,
    Delta,
    DeltaByModel,
    IncidentUpdate,
    JobUpdate,
    ProjectUpdate,
    RunningTotals,
    Tags,
    Totals,
)

_PATH = re.compile(
    r" - at (?P<key>`key` in )?`\$\.?(?P<field>[^`.\[]*)\.?(?P<rest>[^`]*)`$"
)  # the path of `$.error.type`, of `$.delta[...]` or, about a name in it, of `key` in `$.delta`
_MOST_NAME_CHARACTERS = 132
_ANY_MEMBER = "[...]"
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_MAPPINGS: dict[str, Any] = {
    "delta": Delta,
    "delta_by_model": DeltaByModel,
    "running_totals": RunningTotals,
    "tags": Tags,
}
_MEMBERS: dict[str, Any] = {"delta_by_model": Delta, "running_totals": Totals}
_ENVELOPE_ALLOWED = {
    "id": "a string of 1 to 128 characters",
    "detail-type": "job_update or project_update",
    "source": "a string",
    "detail": "a JSON object",
    "time": "an RFC 3339 time with a zone",
}
# What reading broken JSON raises; for bytes that are not UTF-8, msgspec raises UnicodeError.
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeError)


def invalid_envelope(envelope: bytes | str, error: Exception) -> InvalidEvent:
    """Return the InvalidEvent for an envelope that the decoder refused with *error*."""
    try:
        content = _read(envelope, error)
    except UNREADABLE as unreadable:
        return unreadable_json("event", unreadable)
    if not isinstance(content, dict):
        return InvalidEvent(
            "invalid_field", field="event", got=shown(content), allowed="an EventBridge event"
        )
    field, _ = _locate(error)
    return InvalidEvent(
        "invalid_field",
        field=field or "event",
        got=_got(content, field),
        allowed=_ENVELOPE_ALLOWED.get(field, "an EventBridge event"),
    )


def invalid_detail(
    contract: type[JobUpdate | ProjectUpdate | IncidentUpdate],
    detail: bytes,
    error: Exception | None,
    *,
    field: str = "",
) -> InvalidEvent:
    """Return the InvalidEvent for a detail that the decoder refused with *error*.

    Without an error it is about *field*, which a rule beyond the types refused.
    """
    try:
        content = _read(detail, error)
    except UNREADABLE as unreadable:
        return unreadable_json("detail", unreadable)
    if not isinstance(content, dict):
        return InvalidEvent(
            "invalid_field", field="detail", got=shown(content), allowed="a JSON object"
        )
    version = content.get("schema_version", SCHEMA_VERSION)
    if type(version) is int and version != SCHEMA_VERSION:
        return unknown_version(version)
    rest = ""
    if error is not None:
        field, rest = _locate(error)
        if field not in contract.__struct_fields__:  # a wording that is new to `_locate`
            return InvalidEvent(
                "invalid_field",
                field="detail",
                got=shown(str(error)),
                allowed="what the contract says",
            )
    allowed = _allowed(contract, field)
    name, got = field, _got(content, field)
    value = content.get(field)
    if isinstance(value, dict) and rest:
        name, got = _inside(field, value, rest, _MAPPINGS.get(field))
    if len(name) > _MOST_NAME_CHARACTERS:  # of a member of a member
        name = f"{name[: _MOST_NAME_CHARACTERS - 1]}…"
    return InvalidEvent("invalid_field", field=f"detail.{name}", got=got, allowed=allowed)


def unknown_version(version: int) -> InvalidEvent:
    """Return the InvalidEvent for a *version* of the contract that is not known."""
    return InvalidEvent(
        "unknown_schema_version",
        field="detail.schema_version",
        got=shown(version),
        allowed=f"the integer {SCHEMA_VERSION}",
    )


def too_deep(field: str) -> InvalidEvent:
    """Return the InvalidEvent for JSON in *field* that has too many levels of nesting."""
    return InvalidEvent(
        "too_large",
        field=field,
        got="more than that",
        allowed=f"at most {MAX_LEVELS} levels of nesting",
    )


def unreadable_json(field: str, error: Exception) -> InvalidEvent:
    """Return the InvalidEvent for text in *field* that can't be read: reading raised *error*."""
    if isinstance(error, RecursionError):
        return too_deep(field)
    return InvalidEvent(
        "bad_json",
        field=field,
        got=shown(str(error)),
        allowed="JSON in UTF-8, with well-formed text and numbers within the range of a double",
    )


def _read(text: bytes | str, error: Exception | None) -> Any:
    """Return the content of *text*; raise *error* again where it is about reading it."""
    if error is not None and not isinstance(error, msgspec.ValidationError):
        raise error
    return msgspec.json.decode(text)


def _locate(error: Exception) -> tuple[str, str]:
    """Return the top-level field that *error* is about, and the path below it."""
    message = str(error)
    path, missing = _PATH.search(message), _MISSING.search(message)
    field = path["field"] if path else ""
    if missing:
        return (field, missing["name"]) if field else (missing["name"], "")
    if not path:
        return "", ""
    return field, path["rest"] + (_ANY_MEMBER if path["key"] else "")


def _got(content: dict[str, Any], field: str) -> str | None:
    return shown(content[field]) if field in content else None


def _allowed(contract: type[JobUpdate | ProjectUpdate | IncidentUpdate], field: str) -> str:
    if field == "status":
        return JOB_STATUS_ALLOWED if contract is JobUpdate else PROJECT_STATUS_ALLOWED
    if field == "client_id" and contract is IncidentUpdate:
        return OWNER_ALLOWED
    return ALLOWED[field]


def _inside(field: str, value: dict[str, Any], rest: str, mapping: Any) -> tuple[str, str | None]:
    """Return the name and the text of the member of *value* that breaks the contract.

    *mapping* is the type of a *field* whose members have names of any kind.
    """
    if not rest.startswith(_ANY_MEMBER):
        return f"{field}.{rest}", shown(value[rest]) if rest in value else None
    for name, member in value.items():
        try:
            msgspec.convert({name: member}, mapping)
        except msgspec.ValidationError as error:
            where, (_, deeper) = f"{field}.{shown(name)[1:-1]}", _locate(error)
            if isinstance(member, dict) and deeper.startswith(2 * _ANY_MEMBER):
                return _inside(where, member, _ANY_MEMBER, _MEMBERS.get(field))
            return where, shown(member)
    return field, shown(value)
