"""Acts on incidents over HTTP: who may, for whom, and that nobody names who acts but the door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.readers.callers import CALLERS as READING_CALLERS
from tests.support.readers.reading import NOW
from tests.support.readers.reporting import (
    ReportingHouse,
    detail,
    machine_claims,
    person_claims,
    reporting_house,
    run_event,
    sent,
    signed,
    signing_key,
)

from run_ledger.domain.contract.act_events import ActEvent, decode_act
from run_ledger.domain.exceptions import DoorUnavailable, InvalidEvent
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.doors.lineage_door import LINEAGE
from run_ledger.store.clients.sign_outs import note_sign_out

FOLDER = Path(__file__).resolve().parents[2] / "events"
VALID = sorted(FOLDER.glob("v*/acts/valid/*.json"))
# What a source or a door decides can't be said over HTTP.
INVALID = [
    path
    for path in sorted(FOLDER.glob("v*/acts/invalid/*.json"))
    if json.loads(path.read_text())["expected"]["reason"] != "source_mismatch"
    and path.stem != "by_nobody"
]
KIM = signed(person_claims("client-acme", "act"))
STAFF = signed(person_claims("staff", "act"))


@pytest.fixture(scope="module")
def whole_house() -> Iterator[ReportingHouse]:
    """Give a house in which a machine may report for all."""
    with reporting_house() as one:
        one.grant("m-all", staff=True)
        yield one


@pytest.fixture
def house(whole_house: ReportingHouse) -> ReportingHouse:
    """Give that house, with nothing on its bus."""
    whole_house.bus.entries.clear()
    whole_house.now += 10 * MICROSECONDS  # another window of what a caller may send
    return whole_house


def act(**more: Any) -> dict[str, Any]:
    """Return an act on an incident of acme, with *more*."""
    return {"incident_id": "i-1", "client_id": "acme", "act": "acknowledge", **more}


def acts(*details: Any) -> str:
    """Return the body of a request with acts."""
    return sent(*details, detail_type="incident_update")


def arrived(house: ReportingHouse) -> ActEvent:
    """Return the one act that came to the bus, as it is read there."""
    (entry,) = house.bus.entries
    outer = {"id": "bus-id", "detail-type": entry["DetailType"], "source": entry["Source"]}
    said = json.loads(entry["Detail"])
    return decode_act(json.dumps({**outer, "time": "2026-11-22T14:15:00Z", "detail": said}))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_one_arrives_as_over_the_bus(house: ReportingHouse, path: Path) -> None:
    """With all that it says, by the person whose token it came with."""
    golden = json.loads(path.read_text())["event"]
    alone = decode_act(json.dumps(golden))
    is_of_staff = golden["detail"]["client_id"] == "*"
    reply = house.send(STAFF if is_of_staff else KIM, acts(golden["detail"]))
    assert (reply.status, reply.statuses) == (202, ["accepted"])
    through = arrived(house)
    assert (through.update.act, through.until) == (alone.update.act, alone.until)
    assert (through.update.text, through.occurred_at) == (alone.update.text, alone.occurred_at)
    assert (through.by.id, through.by.name) == ("person#s-1", "kim@acme.example")
    own = golden["detail"].get("event_id")
    assert through.event_id == own or (own is None and through.event_id.startswith("body-"))
    assert reply.json["results"][0]["event_id"] == through.event_id


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_one_is_refused(house: ReportingHouse, path: Path) -> None:
    """For the same reason as on the bus, in the same words."""
    golden = json.loads(path.read_text())["event"]
    with pytest.raises(InvalidEvent) as caught:
        decode_act(json.dumps(golden))
    reply = house.send(KIM, acts(golden["detail"]))
    assert (reply.status, reply.statuses, house.bus.entries) == (207, ["rejected"], [])
    error = reply.json["results"][0]["error"]
    assert (error["reason"], error["field"]) == (caught.value.reason, caught.value.field)
    assert error["message"] == str(caught.value)


@pytest.mark.parametrize(
    "by",
    [{"id": "person#2", "name": "robin"}, "robin", None, {"id": ""}, [1], {"name": "x" * 9999}],
)
def test_nobody_names_who_acts(house: ReportingHouse, by: Any) -> None:
    """What an event says of it counts for nothing, however it is written."""
    body = acts(act(by=by)).replace('"by"', '"by": {"id": "person#3", "name": "x"}, "by"')
    assert house.send(KIM, body).statuses == ["accepted"]
    assert arrived(house).by.id == "person#s-1"


def test_who_reports_may_not_act(house: ReportingHouse) -> None:
    """Neither a key nor a machine, be it for all clients; what else they send is taken."""
    body = json.dumps(
        {
            "events": [
                {"detail_type": "incident_update", "detail": act()},
                {"detail_type": "job_update", "detail": detail()},
            ]
        }
    )
    for credential in (
        house.key(staff=True),
        signed(machine_claims(client_id="m-all")),
        signed(machine_claims(client_id="m-all", scope="run-ledger/report run-ledger/act")),
    ):
        reply = house.send(credential, body)
        assert reply.statuses == ["rejected", "accepted"]
        assert reply.json["results"][0]["error"]["reason"] == "not_permitted"
    assert {entry["DetailType"] for entry in house.bus.entries} == {"job_update"}


def test_a_machine_with_the_scope_alone_is_nobody(house: ReportingHouse) -> None:
    """Only people act."""
    reply = house.send(
        signed(machine_claims(client_id="m-all", scope="run-ledger/act")), acts(act())
    )
    assert (reply.status, house.bus.entries) == (403, [])


def test_who_acts_may_not_report(house: ReportingHouse) -> None:
    """Not even for the clients on whose incidents they may act, by no path."""
    reply = house.send(KIM, sent(detail()))
    assert reply.statuses == ["rejected"]
    assert house.send(KIM, json.dumps(run_event()), path=LINEAGE).status == 403
    assert house.bus.entries == []


@pytest.mark.parametrize(
    ("groups", "clients"),
    [
        (["staff", "act"], {"acme", "globex"}),
        (["client-acme", "act"], {"acme"}),
        (["client-acme", "client-globex", "act"], {"acme", "globex"}),
    ],
)
def test_for_the_clients_of_their_groups(
    house: ReportingHouse, groups: list[str], clients: set[str]
) -> None:
    """And for no other, in the same words whether there is such a client or not."""
    token = signed(person_claims(*groups))
    for client in ("acme", "globex", "nobody", "", "client-acme"):
        reply = house.send(token, acts(act(client_id=client)))
        is_taken = client in clients or (client in ("nobody", "client-acme") and "staff" in groups)
        assert reply.statuses == ["accepted" if is_taken else "rejected"]
        assert not is_taken or house.bus.entries[-1]["Source"] == f"run-ledger/act/{client}"


def test_on_incidents_of_staff_only_staff_act(house: ReportingHouse) -> None:
    """And they too need the right; a client's person is refused as for another client."""
    body = acts(act(client_id="*"))
    of_all = person_claims("client-acme", "client-globex", "client-*", "act")
    for claims in (of_all, person_claims("client-acme", "act")):
        reply = house.send(signed(claims), body)
        assert reply.statuses == ["rejected"]
        assert reply.json["results"][0]["error"]["field"] == "detail.client_id"
    assert house.send(signed(person_claims("staff")), body).status == 403
    assert house.bus.entries == []
    assert house.send(STAFF, body).statuses == ["accepted"]
    assert house.bus.entries[-1]["Source"] == "run-ledger/act/for/staff"
    assert arrived(house).update.client_id == "*"


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        (person_claims("client-acme"), 403),
        (person_claims("staff"), 403),
        (person_claims("act"), 403),
        (person_claims("client-acme", "Act", "acts", "client-act"), 403),
        (person_claims("client-acme", "act", scope="openid email run-ledger/read"), 403),
        (person_claims("client-acme", "act", scope="run-ledger/acting"), 403),
        (person_claims("client-acme", "act", client_id="m-all"), 401),
        (person_claims("client-acme", "act", client_id=""), 401),
        (person_claims("client-acme", "act", client_id=["site-app"]), 401),
        (person_claims("client-acme", "act", iss="https://cognito-idp.test/other"), 401),
        (person_claims("client-acme", "act", token_use="id"), 401),
        (person_claims("client-acme", "act", exp=NOW // MICROSECONDS - 61), 401),
        (person_claims("client-acme", "act", sub=None), 401),
        (person_claims(**{"cognito:groups": "client-acme,act"}), 403),
    ],
)
def test_others_are_refused(house: ReportingHouse, claims: dict[str, Any], status: int) -> None:
    """Who lacks the scope, the group, a client, or a token of this pool for people."""
    assert (house.send(signed(claims), acts(act())).status, house.bus.entries) == (status, [])


def test_forged(house: ReportingHouse) -> None:
    """A token that another key has signed lets nobody in, whatever it says."""
    claims = person_claims("staff", "act")
    assert house.send(signed(claims, key=signing_key("another")), acts(act())).status == 401


@pytest.mark.parametrize("name", [name for name in READING_CALLERS if name])
def test_each_caller_of_the_reads(house: ReportingHouse, name: str) -> None:
    """Nobody who may read acts by that alone."""
    claims = {**machine_claims(), **READING_CALLERS[name].claims}
    claims["scope"] = READING_CALLERS[name].claims.get("scope", "run-ledger/read run-ledger/act")
    reply = house.send(signed(claims), acts(act()))
    assert reply.status in (401, 403)
    assert house.bus.entries == []


def test_who_was_signed_out_does_not_act(house: ReportingHouse) -> None:
    """A token from before counts no more, one from after does."""
    note_sign_out(house.client, NAMES.clients, "s-2", Instant(NOW - MICROSECONDS))
    before = person_claims("client-acme", "act", sub="s-2")
    assert house.send(signed(before), acts(act())).status == 401
    later = person_claims("client-acme", "act", sub="s-2", iat=NOW // MICROSECONDS)
    assert house.send(signed(later), acts(act())).statuses == ["accepted"]


def test_without_the_name_nothing_is_taken(house: ReportingHouse) -> None:
    """It is to be sent again; and nothing of a person is logged."""
    house.names.failure = DoorUnavailable("no")
    assert house.send(KIM, acts(act())).status == 503
    house.names.failure = None
    reply = house.send(KIM, acts(act()))
    assert reply.log["caller"] == "person"
    assert "kim" not in str(reply.log)
    assert "s-1" not in str(reply.log)


def test_the_same_body_again_is_the_same_act(house: ReportingHouse) -> None:
    """An act without an id counts once, however often its body is sent."""
    for _ in range(2):
        assert house.send(KIM, acts(act())).statuses == ["accepted"]
    first, second = (json.loads(entry["Detail"]) for entry in house.bus.entries)
    assert first == second


@pytest.mark.parametrize(
    "wrong", ["", "7", "null", "[]", '"x"', '{"detail_type":"incident_update"}']
)
def test_no_act_at_all(house: ReportingHouse, wrong: str) -> None:
    """A line that is no event is refused as ever."""
    one = '{"detail_type": "incident_update", "detail": %s}' % (wrong or "{}")
    reply = house.send(KIM, one, "application/x-ndjson")
    assert reply.statuses == ["rejected"]
    assert len(reply.json["results"][0]["error"]["message"]) <= 400
