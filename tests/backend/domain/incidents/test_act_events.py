"""Acts on incidents: golden events, what goes with which act, whose they are, and repeats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from run_ledger.domain import instants
from run_ledger.domain.contract.act_events import act_source, decode_act
from run_ledger.domain.contract.events import decode
from run_ledger.domain.contract.schema import schemas
from run_ledger.domain.exceptions import InvalidEvent

FOLDER = Path(__file__).resolve().parents[3] / "events"
VALID = sorted(FOLDER.glob("v*/acts/valid/*.json"))
INVALID = sorted(FOLDER.glob("v*/acts/invalid/*.json"))
SCHEMA = Draft202012Validator(schemas()["incident_update"])
KIM = {"id": "person#1", "name": "kim@acme.example"}


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the event in a golden file and what it must come to."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return content["event"], content["expected"]


def envelope(client: str = "acme", **detail: Any) -> str:
    """Return an act on an incident of acme as the bus delivers it."""
    said = {"incident_id": "i-1", "client_id": "acme", "act": "acknowledge", **detail}
    outer = {"id": "bus-1", "detail-type": "incident_update", "time": "2026-11-22T14:15:00Z"}
    return json.dumps({**outer, "source": act_source(client), "detail": said})


def refusal(text: str) -> InvalidEvent:
    """Return the error that decoding *text* ends with."""
    with pytest.raises(InvalidEvent) as caught:
        decode_act(text)
    return caught.value


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_one(path: Path) -> None:
    """It comes to the same for ever, and the published schema takes it."""
    golden, expected = read(path)
    act = decode_act(json.dumps(golden))
    assert {
        "event_id": act.event_id,
        "occurred_at": instants.text(act.occurred_at),
        "until": instants.text_or_none(act.until),
        "act": act.update.act,
        "by": act.by.id,
        "digest": act.digest,
    } == expected
    assert SCHEMA.is_valid(golden["detail"])


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_one(path: Path) -> None:
    """It is refused for the same reason; the schema takes none but those of a wrong source."""
    golden, expected = read(path)
    refused = refusal(json.dumps(golden))
    assert {"reason": refused.reason, "field": refused.field} == expected
    assert SCHEMA.is_valid(golden["detail"]) == (expected["reason"] == "source_mismatch")


def test_the_writer_takes_none() -> None:
    """An act that reaches the writer is refused there, as it is no work of a job's."""
    with pytest.raises(InvalidEvent) as caught:
        decode(envelope())
    assert caught.value.reason == "unknown_detail_type"
    assert caught.value.about == "incident i-1"


def test_who_reports_can_not_act() -> None:
    """A source that is bound to a client by reporting is none that acts; nor is any other."""
    for source in ("run-ledger/client/acme", "run-ledger", "run-ledger/act/", "", "x"):
        changed = {**json.loads(envelope()), "source": source}
        refused = refusal(json.dumps(changed))
        assert (refused.reason, refused.field) == ("source_mismatch", "detail.client_id")
    assert refusal(envelope("globex")).reason == "source_mismatch"


def test_acts_on_staff_s_incidents_have_a_source_that_no_client_has() -> None:
    """A client's source does not act for staff, nor staff's for a client, whatever it is called."""
    assert decode_act(envelope("*", client_id="*")).update.client_id == "*"
    for source, client_id in (("*", "acme"), ("acme", "*"), ("staff", "*")):
        assert refusal(envelope(source, client_id=client_id)).reason == "source_mismatch"
    for wrong in ("**", "*acme", "", "for/staff"):
        refused = refusal(envelope("*", client_id=wrong))
        assert (refused.reason, refused.field) == ("invalid_field", "detail.client_id")
        assert "or *, for an incident of staff" in str(refused)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"act": "mute", "text": "known", "until": "2026-11-22T14:15:00Z"}, "until"),
        ({"act": "mute", "text": "known", "until_grows": False}, "until_grows"),
        ({"act": "mute", "text": "known", "until": None, "until_grows": None}, "until_grows"),
        ({"act": "unmute", "until_grows": True}, "until_grows"),
        ({"act": "note", "text": None}, "text"),
        ({"text": "x" * 1025}, "text"),
        ({"by": "kim"}, "by"),
        ({"act": ["resolve"]}, "act"),
    ],
)
def test_what_goes_with_an_act(wrong: dict[str, Any], field: str) -> None:
    """A mute ends, later than it begins, and has a reason; a note has words."""
    refused = refusal(envelope(**wrong))
    assert refused.field == f"detail.{field}"
    assert len(str(refused)) <= 400


def test_a_repeat_is_known() -> None:
    """By what is said and by whom; not by a name that has changed, nor by null for absent."""
    first = decode_act(envelope(event_id="e", by=KIM))
    renamed = decode_act(envelope(event_id="e", by={**KIM, "name": "Kim"}, until=None))
    other = decode_act(envelope(event_id="e", by={**KIM, "id": "person#2"}))
    assert first.digest == renamed.digest != other.digest


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=30),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    ),
    st.sampled_from(
        ["incident_id", "client_id", "act", "event_id", "occurred_at", "text", "until", "by"]
    ),
)
def test_decoding_is_total(value: Any, field: str) -> None:
    """Whatever a field holds, it is taken or refused in words of bounded length."""
    said = ""
    try:
        decode_act(envelope(**{field: value}))
    except InvalidEvent as invalid:
        said = str(invalid)
    assert len(said) <= 400
