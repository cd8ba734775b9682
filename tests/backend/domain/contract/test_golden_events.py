"""Events of every version of the contract stay decodable, to the same effect, for ever.

``tests/events/vN`` holds one event a file with what it must come to. Files are added, not changed.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.support.events.builders import text as json_text

from run_ledger.domain import instants
from run_ledger.domain.contract.events import decode
from run_ledger.domain.contract.schema import schemas
from run_ledger.domain.exceptions import InvalidEvent

FOLDER = Path(__file__).resolve().parents[3] / "events"
VALID = sorted(FOLDER.glob("v*/valid/*.json"))
INVALID = sorted(FOLDER.glob("v*/invalid/*.json"))


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the event in a golden file and what it must come to."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["event"], content["expected"]


def without_field(golden: dict[str, Any], field: str) -> dict[str, Any]:
    """Return a golden event whose detail lacks *field*."""
    detail = {name: value for name, value in golden["detail"].items() if name != field}
    return {**golden, "detail": detail}


def name(path: Path) -> str:
    """Return how a test's report calls a golden file."""
    return f"{path.parents[1].name}-{path.stem}"


@pytest.mark.parametrize("path", VALID, ids=name)
def test_valid(path: Path) -> None:
    """It decodes to the same identity, time and digest as on its first day."""
    golden, expected = read(path)
    event = decode(json_text(golden))
    assert {
        "kind": event.kind,
        "entity_id": event.entity_id,
        "event_id": event.event_id,
        "occurred_at": instants.text(event.occurred_at),
        "attempt": event.order[0],
        "digest": event.digest.hex(),
    } == expected
    assert event.source == golden["source"]
    assert event.envelope_id == golden["id"]
    assert json.loads(event.detail) == golden["detail"]


@pytest.mark.parametrize("path", VALID, ids=name)
def test_every_known_field_is_read(path: Path) -> None:
    """What the detail says is what the update holds, field by field; null says nothing."""
    golden, _ = read(path)
    update = decode(json_text(golden)).update
    for field in set(update.__struct_fields__) & set(golden["detail"]):
        said, held = golden["detail"][field], getattr(update, field)
        if said is None:
            assert held == getattr(decode(json_text(without_field(golden, field))).update, field)
            continue
        if field in ("error", "expect"):
            held = {part: getattr(held, part) for part in said}
        elif isinstance(held, datetime):
            said = datetime.fromisoformat(said)
        assert held == said


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_invalid(path: Path) -> None:
    """It is refused for the same reason, which is what filters and alarms go by."""
    golden, expected = read(path)
    with pytest.raises(InvalidEvent) as caught:
        decode(json_text(golden))
    assert {"reason": caught.value.reason, "field": caught.value.field} == expected


@pytest.mark.parametrize("path", [*VALID, *INVALID], ids=name)
def test_published_schema_agrees(path: Path) -> None:
    """The schema that producers have takes the valid ones and no invalid detail.

    It is about the detail alone: a detail that belies its event's source is one that it takes.
    """
    golden, expected = read(path)
    schema = schemas().get(golden["detail-type"])
    if schema is None:
        assert path in INVALID
    else:
        assert Draft202012Validator(schema).is_valid(golden["detail"]) == (
            path in VALID or expected["reason"] == "source_mismatch"
        )


def test_golden_events_cover_the_contract() -> None:
    """Together the valid ones say every field of the events; acts have a folder of their own."""
    said: dict[str, set[str]] = {}
    for path in [*VALID, *FOLDER.glob("v*/acts/valid/*.json")]:
        golden, _ = read(path)
        said.setdefault(golden["detail-type"], set()).update(golden["detail"])
    for detail_type, schema in schemas().items():
        assert set(schema["properties"]) <= said[detail_type]
