"""How notices come through, in the overview: for staff alone, as the courier has noted it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.readers.reading import STAFF, House, client_user, house
from tests.support.stacks.templates import properties, statements

from run_ledger.domain import instants
from run_ledger.domain.delivery.deliveries import Delivery
from run_ledger.domain.instants import HOUR, Instant, later
from run_ledger.store.deliveries import delivery_records
from run_ledger.store.deliveries.delivery_records import DeliveryRecords


@pytest.fixture
def here() -> Iterator[House]:
    """Give a ledger in which nothing has happened."""
    with house() as found:
        yield found


def records(here: House) -> DeliveryRecords:
    """Return the courier's records."""
    return DeliveryRecords(here.client, NAMES.incidents)


def delivery(number: int, at: Instant, channel: str = "hook", client_id: str = "acme") -> Delivery:
    """Return a delivery that was made at *at*."""
    made = instants.text(at)
    return Delivery(f"n{number}", client_id, channel, "incident_opened", made)


def test_staff_see_how_channels_do(here: House) -> None:
    """When each worked last, since when it fails and why, and what waits or was given up."""
    now = Instant(here.now)
    before = later(now, -HOUR)
    kept = records(here)
    kept.note_delivered(delivery(1, before, "ops"), before, has_waited=False)
    kept.note_delivered(delivery(2, before, "desk", "*"), now, has_waited=False)
    kept.note_waiting(delivery(4, now), "the receiver answered 500", now, None)
    kept.note_waiting(delivery(3, before), "no answer: timeout", now, None)
    kept.note_given_up(delivery(5, before), "gone", now)
    kept.note_given_up(delivery(6, now), "gone", now)
    told = here.get("/overview", STAFF).json["notices"]
    named = [(one["client_id"], one["channel"], one["worked_at"]) for one in told["channels"]]
    assert named == [
        ("*", "desk", instants.text(now)),
        ("acme", "hook", None),
        ("acme", "ops", instants.text(before)),
    ]
    (failing,) = [one for one in told["channels"] if one["failing_since"] is not None]
    assert failing["failing_since"] == instants.text(now)
    assert (failing["reason"], failing["off_at"]) == ("no answer: timeout", None)
    assert {name: value for name, value in told.items() if name != "channels"} == {
        "waiting": 2,
        "oldest_waiting_at": instants.text(before),
        "given_up": 2,
        "last_given_up_at": instants.text(now),
    }


def test_nobody_else_sees_it(here: House) -> None:
    """No person of a client, though it is about their channels, and no list of one client's."""
    at = Instant(here.now)
    records(here).note_waiting(delivery(1, at), "the receiver answered 500", at, None)
    assert here.get("/overview", client_user("acme")).json["notices"] is None
    assert here.get("/overview", client_user("acme", "globex")).json["notices"] is None
    assert here.get("/overview", STAFF, client_id="acme").json["notices"] is None
    assert here.get("/overview", STAFF).json["notices"]["waiting"] == 1


def test_where_nothing_was_sent_there_is_nothing(here: House) -> None:
    """No channel was used, nothing waits."""
    assert here.get("/overview", STAFF).json["notices"] == {
        "channels": [],
        "waiting": 0,
        "oldest_waiting_at": None,
        "given_up": 0,
        "last_given_up_at": None,
    }


def test_more_than_can_be_counted_is_not_counted(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call is all that it takes; numbers that it can't know are null."""
    at = Instant(here.now)
    for number in range(4):
        records(here).note_waiting(delivery(number, at), "the receiver answered 500", at, None)
    monkeypatch.setattr(delivery_records, "_MOST_AT_ONCE", 3)
    told = here.get("/overview", STAFF).json["notices"]
    assert (told["waiting"], told["given_up"]) == (None, None)
    assert told["oldest_waiting_at"] == instants.text(at)
    monkeypatch.setattr(delivery_records, "_MOST_AT_ONCE", 5)
    assert here.get("/overview", STAFF).json["notices"]["waiting"] == 4


def test_the_reader_may_query_nothing_else_of_the_table() -> None:
    """Incidents are found by indexes alone."""
    (one,) = [
        each for each in statements(properties("ReaderRole")) if each.get("Sid") == "ReadDeliveries"
    ]
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["deliveries"]}}
    assert (one["Action"], one["Condition"]) == ("dynamodb:Query", condition)
