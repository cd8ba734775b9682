"""Items of causes: what is written comes back, and so does what an earlier version wrote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from run_ledger.domain.incidents.alert_rules import STAFF, IncidentScope, Wish
from run_ledger.domain.incidents.causes import (
    INCIDENT_CLOSED,
    INCIDENT_OPENED,
    Cause,
    CauseKey,
    Incident,
    IncidentNotice,
    LastTold,
)
from run_ledger.domain.incidents.marks.job_marks import (
    Mark,
)
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.incidents.incident_items import cause_in, cause_item, scope_key, scope_of

SCOPE = IncidentScope("acme", "nightly", None, "ended")
OPEN = Incident("id", Instant(20), Instant(10), jobs=3)
CLOSED = structs.replace(OPEN, closed_at=Instant(30), closed_because="healed", told=2)
NOTICES = (
    IncidentNotice("id.opened", INCIDENT_OPENED, OPEN, 1, "a", ("E", "m"), 1, Instant(20)),
    IncidentNotice("id.closed", INCIDENT_CLOSED, CLOSED, 0, "a", None, 2, Instant(30)),
)
CAUSE = Cause(marks={"a": Mark(1, Instant(10), True)}, jobs=3, incident=OPEN, notices=NOTICES)


def item_of(cause: Cause) -> Item:
    """Return a cause's item."""
    return cause_item(SCOPE, CauseKey("failed", "fp"), cause, 1, Instant(40))


def test_what_is_written_comes_back() -> None:
    """To the last number of a notice."""
    assert cause_in(item_of(CAUSE)) == CAUSE


def test_a_wish_and_what_was_told_come_back() -> None:
    """With the reason of a change."""
    changed = structs.replace(NOTICES[0], kind="incident_changed", reason="reminder")
    cause = structs.replace(
        CAUSE,
        notices=(changed,),
        wish=Wish(3_600, 600, "weekends UTC"),
        last_told=LastTold("id", Instant(20), 3),
        above_percent=5,
        last=9,
    )
    assert cause_in(item_of(cause)) == cause


def test_what_an_earlier_version_wrote_is_read() -> None:
    """Its notices had no numbers; they were the first and the last ones."""
    item = item_of(CAUSE)
    for notice in item["notices"]["L"]:
        del notice["M"]["number"], notice["M"]["at"], notice["M"]["reason"]
        notice["M"]["incident"]["L"] = notice["M"]["incident"]["L"][:5]
    item["incident"]["L"] = item["incident"]["L"][:5]
    found = cause_in(item)
    assert [(one.number, one.at) for one in found.notices] == [(1, 20), (2, 30)]
    assert found.incident == structs.replace(OPEN, jobs=0)


def test_what_somebody_has_resolved_is_known_as_long_as_it_goes_on() -> None:
    """Forgotten after two days, it would be told as something new."""
    days = 86_400
    quiet = Cause(marks={"a": Mark(1, Instant(10), True)})
    assert item_of(quiet)["expires_at"]["N"] == str(2 * days)
    ended = structs.replace(quiet, resolved_at=Instant(20))
    assert item_of(ended)["expires_at"]["N"] == str(90 * days), "as long as ends before it count"
    goes_on = structs.replace(ended, jobs=1)
    assert "expires_at" not in item_of(goes_on)


_ids = st.from_regex(r"[A-Za-z0-9._:-]{1,9}", fullmatch=True)


@given(
    st.builds(
        IncidentScope,
        _ids,
        _ids,
        st.none() | _ids,
        st.sampled_from(["ended", "partial", "rate"]),
        st.none() | st.from_regex(r"[^:]{1,5}:.{0,5}", fullmatch=True),
        st.none() | st.just(STAFF),
    )
)
def test_a_scope_s_key_names_it(scope: IncidentScope) -> None:
    """Whatever characters a tag has."""
    assert scope_of(scope_key(scope)) == scope
