"""How notices come through, in the analysts' app: for staff, on the page of incidents."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from dashboard_app.frames.notice_channels import are_all_well, channels, notice_words
from msgspec import structs
from tests.dashboard_app.conftest import Open, person, words_of
from tests.support.app.dashboard_api import Api
from tests.support.dynamo.tables import NAMES
from tests.support.events.hostile import HOSTILE
from tests.support.recounts.told_incidents import keep_incidents

from run_ledger.domain import instants
from run_ledger.domain.delivery.deliveries import Delivery
from run_ledger.domain.instants import HOUR, Instant, later
from run_ledger.store.deliveries.delivery_records import DeliveryRecords

HEADING = "Notices to people"
UTC = ZoneInfo("UTC")
WELL = {"channels": [], "waiting": 0, "oldest_waiting_at": None, "given_up": 0}


def channel(name: str = "ops", **more: Any) -> dict[str, Any]:
    """Return a channel of acme as the API tells of it; it works unless *more* says otherwise."""
    at = "2026-11-22T14:20:00.000000Z"
    known = {"failing_since": None, "off_at": None, "reason": None}
    return {"client_id": "acme", "channel": name, "worked_at": at, **known, **more}


def records(api: Api) -> tuple[DeliveryRecords, Instant]:
    """Return the courier's records, and the time."""
    return DeliveryRecords(api.house.client, NAMES.incidents), Instant(api.house.now)


def delivery(number: int, at: Instant, name: str = "hook", client_id: str = "acme") -> Delivery:
    """Return a delivery that was made at *at*."""
    return Delivery(f"n{number}", client_id, name, "incident_opened", instants.text(at))


def table_of(app: Any) -> pd.DataFrame:
    """Return the one table of channels."""
    (found,) = [one.value for one in app.dataframe if "worked_at" in one.value]
    return pd.DataFrame(found)


def test_staff_see_which_channels_fail(empty_api: Api, open_page: Open) -> None:
    """Those come first, with since when and why; a warning says how old the oldest notice is."""
    keep_incidents(empty_api.house.client, "acme", empty_api.house.now)
    kept, now = records(empty_api)
    before = later(now, -HOUR)
    kept.note_delivered(delivery(1, before, "desk", "*"), before, has_waited=False)
    kept.note_waiting(delivery(2, before), HOSTILE[0], now, None)
    app = open_page(empty_api, "incidents")
    assert not app.exception
    assert [one.value for one in app.subheader][-1] == HEADING
    rows = table_of(app).to_dict("records")
    named = [(one["whose"], one["channel"], one["state"], one["reason"]) for one in rows]
    assert named[0] == ("acme", "hook", "Fails", HOSTILE[0])
    assert named[1][:3] == ("Staff", "desk", "Works")
    assert rows[1]["worked_at"].isoformat() == "2026-11-22T14:20:00+00:00"
    assert len(app.warning) == 1
    told = words_of(app).replace("\\", "")
    assert "1 of 2 channels does not work; 1 notice waits, the oldest since" in told
    assert "22 Nov 2026, 14:20 UTC" in told


def test_calm_where_all_works(empty_api: Api, open_page: Open) -> None:
    """No warning stands where each channel works, or none was used yet."""
    keep_incidents(empty_api.house.client, "acme", empty_api.house.now)
    app = open_page(empty_api, "incidents")
    assert not app.warning
    assert "No channel was used yet" in words_of(app)
    kept, now = records(empty_api)
    kept.note_delivered(delivery(1, now), now, has_waited=False)
    app = open_page(empty_api, "incidents")
    assert not app.warning
    assert "1 channel works" in words_of(app)


def test_nobody_else_sees_it(empty_api: Api, open_page: Open) -> None:
    """No person of a client; and of one client alone the API says nothing of it to anybody."""
    keep_incidents(empty_api.house.client, "acme", empty_api.house.now)
    kept, now = records(empty_api)
    kept.note_waiting(delivery(1, now), "the receiver answered 500", now, None)
    asked = [(person("client-acme"), {}), (None, {"client": "acme"})]
    for who, address in asked:
        empty_api.asked.clear()
        app = open_page(empty_api, "incidents", who, **address)
        assert not app.exception
        assert HEADING not in [one.value for one in app.subheader]
        assert not any(one.startswith("/overview") for one in empty_api.asked)


def test_a_ledger_that_tells_nobody_has_no_channels_to_look_at(
    empty_api: Api, open_page: Open
) -> None:
    """That nobody is told stands there already."""
    keep_incidents(empty_api.house.client, "acme", empty_api.house.now)
    empty_api.house.settings = structs.replace(empty_api.house.settings, is_telling=False)
    app = open_page(empty_api, "incidents")
    assert HEADING not in [one.value for one in app.subheader]


@pytest.mark.parametrize(
    ("notices", "words"),
    [
        (WELL, ""),
        (WELL | {"given_up": 3}, "3 notices were given up in the last 30 days"),
        (
            WELL | {"waiting": None, "given_up": None},
            "more notices wait or were given up than are counted here",
        ),
        (
            WELL | {"waiting": 2, "oldest_waiting_at": "2026-11-22T10:00:00.000000Z"},
            "2 notices wait, the oldest since 22 Nov 2026, 10:00 UTC",
        ),
    ],
)
def test_what_did_not_come(notices: dict[str, Any], words: str) -> None:
    """What waits and since when, and what was given up: all is well only where it is nothing."""
    told = "; ".join(filter(None, ["No channel was used yet", words]))
    assert notice_words(notices, UTC) == f"{told}."
    assert are_all_well(notices) is (not words)


def test_how_many_channels_work() -> None:
    """One that is off does not work, as one that fails."""
    works, off = channel("a"), channel("b", off_at="2026-11-22T10:00:00.000000Z")
    both = WELL | {"channels": [works, works]}
    assert (notice_words(both, UTC), are_all_well(both)) == ("2 channels work.", True)
    both = WELL | {"channels": [off, works]}
    told = "1 of 2 channels does not work."
    assert (notice_words(both, UTC), are_all_well(both)) == (told, False)


def test_what_is_off_is_told_apart_from_what_fails() -> None:
    """With the time at which it was switched off, and before all that works."""
    off = channel("off", off_at="2026-11-22T10:00:00.000000Z", failing_since=None, reason="gone")
    frame = channels(WELL | {"channels": [channel("a"), off]})
    assert [*zip(frame["channel"], frame["state"], strict=True)] == [("off", "Off"), ("a", "Works")]
    assert frame["since"][0] == pd.Timestamp("2026-11-22T10:00:00Z")
