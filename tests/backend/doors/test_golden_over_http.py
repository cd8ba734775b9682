"""Golden events through the intake: what the writer gets is what the bus alone would bring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.events.builders import text
from tests.support.readers.reporting import ReportingHouse, reporting_house

from run_ledger.domain.contract.events import Event, decode
from run_ledger.domain.exceptions import InvalidEvent

FOLDER = Path(__file__).resolve().parents[2] / "events"
VALID = sorted(FOLDER.glob("v*/valid/*.json"))
# What a source alone makes wrong can't be said over HTTP, where nobody names a source.
INVALID = [
    path
    for path in sorted(FOLDER.glob("v*/invalid/*.json"))
    if json.loads(path.read_text())["expected"]["reason"] != "source_mismatch"
]
BUS_ID = "bus-id"


def golden(path: Path) -> dict[str, Any]:
    """Return a golden event."""
    event: dict[str, Any] = json.loads(path.read_text("utf-8"))["event"]
    return event


def body(event: dict[str, Any]) -> str:
    """Return a request's body with a golden event."""
    one = {"detail_type": event["detail-type"], "detail": event["detail"]}
    return json.dumps({"events": [one]})


def arrived(house: ReportingHouse, event: dict[str, Any]) -> Event:
    """Return the event as the writer reads what the intake gave to the bus."""
    (entry,) = house.bus.entries
    envelope = {
        **event,
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": json.loads(entry["Detail"]),
    }
    return decode(text(envelope))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_one_arrives_as_over_the_bus(path: Path) -> None:
    """With the same update, time and, unless the door had to give it an id, identity and digest."""
    event = golden(path)
    alone = decode(text(event))
    with reporting_house() as house:
        reply = house.send(house.key(staff=True), body(event))
        assert (reply.status, reply.statuses) == (202, ["accepted"])
        through = arrived(house, event)
    assert (through.kind, through.entity_id) == (alone.kind, alone.entity_id)
    assert through.occurred_at == alone.occurred_at
    if alone.has_own_id:
        assert through.event_id == alone.event_id
        assert (through.digest, through.update) == (alone.digest, alone.update)
        assert through.detail == alone.detail or json.loads(through.detail) == event["detail"]
    else:
        assert through.event_id == reply.json["results"][0]["event_id"]
        assert json.loads(through.detail) == {**event["detail"], "event_id": through.event_id}


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_one_is_refused_as_the_writer_refuses_it(path: Path) -> None:
    """For the same reason, with the same field and the same words."""
    event = golden(path)
    with pytest.raises(InvalidEvent) as caught:
        decode(text(event))
    with reporting_house() as house:
        reply = house.send(house.key(staff=True), body(event))
        assert not house.bus.entries
    assert (reply.status, reply.statuses) == (207, ["rejected"])
    assert reply.json["results"][0]["error"] == {
        "reason": caught.value.reason,
        "field": caught.value.field,
        "message": str(caught.value),
    }
