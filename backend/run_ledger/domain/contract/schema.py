"""The contract as JSON Schema (draft 2020-12), for producers in any language.

The schemas are made of the types that the decoder enforces. What types can't say is added: the
version, that a result goes with the status completed, and how a time is written. `DIFFERENCES`
names the few cases in which schema and decoder differ.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .vocabulary import (
    ALLOWED,
    JOB_STATUS_ALLOWED,
    MAX_DETAIL_BYTES,
    MAX_LEVELS,
    OWNER_ALLOWED,
    PROJECT_STATUS_ALLOWED,
    SCHEMA_VERSION,
    IncidentUpdate,
    JobUpdate,
    ProjectUpdate,
)

DIFFERENCES = (
    "The schema takes 1.0 for an integer; the decoder wants it written without a decimal point.",
    "The schema takes February 30, and times that their zone puts outside the years 1 to 9999.",
    "The decoder also takes times with a space or t for T, z for Z, or no colon in the zone.",
    f"The decoder limits a detail to {MAX_DETAIL_BYTES} bytes and {MAX_LEVELS} levels of nesting.",
    "The decoder wants UTF-8, and numbers within the range of a double everywhere.",
    "The decoder leaves members that are null out before it looks at names and counts them.",
    "The decoder wants an act's until to be later than its occurred_at.",
    "The decoder wants the members of expect to agree, and to name schedules and zones that exist.",
)

_TIME = (
    r"^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])(?![\s\S])"
)
_RESULT_GOES_WITH_COMPLETED = {
    "if": {"properties": {"status": {"const": "completed"}}, "required": ["status"]},
    "then": {"required": ["result"], "properties": {"result": {"type": "string"}}},
    "else": {"properties": {"result": {"type": "null"}}},
}
_SAID = {"required": ["text"], "properties": {"text": {"type": "string", "pattern": r"\S"}}}
_NO_END = {"properties": {"until": {"type": "null"}, "until_grows": {"type": "null"}}}
_UNTIL = {
    "required": ["until"],
    "properties": {"until": {"type": "string"}, "until_grows": {"enum": [False, None]}},
}
_UNTIL_GROWS = {
    "required": ["until_grows"],
    "properties": {"until": {"type": "null"}, "until_grows": {"const": True}},
}
_ACTS = {
    "allOf": [
        {
            "if": {"properties": {"act": {"const": "mute"}}, "required": ["act"]},
            "then": {**_SAID, "oneOf": [_UNTIL, _UNTIL_GROWS]},
            "else": _NO_END,
        },
        {"if": {"properties": {"act": {"const": "note"}}, "required": ["act"]}, "then": _SAID},
    ]
}


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of the ``detail`` of each event, by detail-type."""
    return {
        "job_update": {
            **_schema(JobUpdate, "job_update", status=JOB_STATUS_ALLOWED),
            **_RESULT_GOES_WITH_COMPLETED,
        },
        "project_update": _schema(ProjectUpdate, "project_update", status=PROJECT_STATUS_ALLOWED),
        "incident_update": {
            **_schema(IncidentUpdate, "incident_update", client_id=OWNER_ALLOWED),
            **_ACTS,
        },
    }


def file_name(detail_type: str) -> str:
    """Return the name of the file that holds the schema of *detail_type*."""
    return f"{detail_type}.v{SCHEMA_VERSION}.schema.json"


def file_text(schema: dict[str, Any]) -> str:
    """Return the text of the file that holds *schema*."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def _schema(
    contract: type[JobUpdate | ProjectUpdate | IncidentUpdate], detail_type: str, **own: str
) -> dict[str, Any]:
    article = "an" if detail_type.startswith("i") else "a"
    made = msgspec.json.schema(contract)
    definitions = made["$defs"]
    body = definitions.pop(contract.__name__)
    for name, field in body["properties"].items():
        field["description"] = own.get(name) or ALLOWED[name]
        if field.get("format") == "date-time":
            field["pattern"] = _TIME
    body["properties"]["schema_version"] |= {"enum": [SCHEMA_VERSION]}
    for holder in (body, *definitions.values()):
        for name in holder["properties"].keys() - {*holder["required"]}:
            holder["properties"][name] = _or_null(holder["properties"][name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:run-ledger:{detail_type}:{SCHEMA_VERSION}",
        "$comment": " ".join(DIFFERENCES),
        **body,
        "title": detail_type,
        "description": f"The detail of {article} {detail_type} event, version {SCHEMA_VERSION}. "
        "Unknown fields are allowed: they are kept and ignored. Null counts as absent.",
        **({"$defs": definitions} if definitions else {}),
    }


def _or_null(field: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an optional *field*, for which null counts as absent, as members do."""
    if "$ref" in field:
        return {
            "anyOf": [{"$ref": field["$ref"]}, {"type": "null"}],
            **{name: value for name, value in field.items() if name != "$ref"},
        }
    members = field.get("additionalProperties")
    return field | {
        **({"type": [field["type"], "null"]} if "type" in field else {}),
        **({"enum": [*field["enum"], None]} if "enum" in field else {}),
        **({"additionalProperties": _or_null(members)} if isinstance(members, dict) else {}),
    }
