"""People answer an incident on its page, if they may; who may not sees the command."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.support.events.hostile import HOSTILE
from tests.support.readers.example_jobs import ago, make_completed, make_incident
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser
ACTS = {"act_scope": "run-ledger/act", "intake_base": "/intake"}
MAY_ACT = {
    "scope": "openid email run-ledger/read run-ledger/act",
    "cognito:groups": ["act", "client-acme"],
}
SENT = "Sent. It will be in the history in a moment."


@pytest.fixture
def acting(origin: FakeOrigin) -> FakeOrigin:
    """Give an origin with one open incident, whose reader may act."""
    origin.more_config = dict(ACTS)
    origin.person_claims = dict(MAY_ACT)
    origin.incidents = [make_incident("one")]
    origin.jobs = [make_completed("fine", "succeeded")]
    return origin


def sent(origin: FakeOrigin) -> dict[str, Any]:
    """Return the detail of the last act that was sent."""
    ((event,),) = [one["events"] for one in origin.taken[-1:]]
    assert event["detail_type"] == "incident_update"
    detail: dict[str, Any] = event["detail"]
    return detail


def take(origin: FakeOrigin, because: str, **more: Any) -> None:
    """Do what the teller does with the last act."""
    detail = sent(origin)
    turn = {"at": ago(seconds=1), "kind": "changed", "because": because, "jobs": 3, "until": None}
    turn |= {"by": "kim@acme.example", "text": detail.get("text"), "event_id": detail["event_id"]}
    one = origin.incidents[0]
    origin.incidents[0] = {**one, **more, "history": [*one["history"], turn]}


def test_an_act_is_sent_and_comes_into_the_history(page: Page, acting: FakeOrigin) -> None:
    """It says that it was sent, and that it is done once the history has it; by the keyboard."""
    sign_in(page, acting, "#/incidents/one")
    page.get_by_label("Reason or note").fill("I look after it.")
    page.get_by_role("button", name="Acknowledge").press("Enter")
    expect(page.get_by_text(SENT)).to_be_visible()
    detail = sent(acting)
    assert (detail["act"], detail["incident_id"], detail["client_id"]) == (
        *("acknowledge", "one", "acme"),
    )
    assert detail["text"] == "I look after it."
    take(acting, "acknowledged", acknowledged_by="kim@acme.example")
    page.clock.run_for(15_000)
    expect(page.get_by_text("Done: it is in the history.")).to_be_visible()
    last = page.get_by_role("listitem").filter(has_text="Acknowledged by kim@acme.example")
    expect(last).to_contain_text("I look after it.")
    expect(page.get_by_text("Acknowledged by", exact=True)).to_be_visible()
    assert acting.csp_reports == []


@pytest.mark.parametrize("client_id", ["acme", "*"])
def test_staff_answer_their_own(page: Page, acting: FakeOrigin, client_id: str) -> None:
    """By a rule of theirs about a client's jobs, or about the ledger: with `*` for the client."""
    acting.person_claims = {**MAY_ACT, "cognito:groups": ["act", "staff"]}
    acting.incidents = [make_incident("one", of_staff=True, client_id=client_id)]
    sign_in(page, acting, "#/incidents/one")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text(SENT)).to_be_visible()
    assert (sent(acting)["act"], sent(acting)["client_id"]) == ("resolve", "*")


def test_a_mute_has_an_end_and_a_reason(page: Page, acting: FakeOrigin) -> None:
    """Without a reason nothing is sent; a muted incident offers to be unmuted."""
    sign_in(page, acting, "#/incidents/one")
    mute = page.get_by_role("button", name="Mute", exact=True)
    mute.click()
    expect(page.get_by_text("Say why first.")).to_be_visible()
    expect(page.get_by_label("Reason or note")).to_be_focused()
    assert acting.taken == []
    page.get_by_label("Reason or note").fill("supplier")
    page.get_by_label("Mute for").select_option("until it grows")
    mute.click()
    expect(page.get_by_text(SENT)).to_be_visible()
    detail = sent(acting)
    assert (detail["until_grows"], "until" in detail) == (True, False)
    take(acting, "muted", muted=True)
    page.clock.run_for(15_000)
    page.get_by_role("button", name="Unmute").click()
    expect(page.get_by_text(SENT)).to_be_visible()
    assert sent(acting)["act"] == "unmute"
    expect(mute).to_be_hidden()


def test_what_is_tried_again_is_the_same_act(page: Page, acting: FakeOrigin) -> None:
    """So it counts once; a refusal is shown in the intake's own words, as text."""
    refusal = {"results": [{"error": {"message": HOSTILE[0]}}]}
    acting.intake_answers = [(503, {}), (207, refusal), (403, {"detail": "You may not act."})]
    sign_in(page, acting, "#/incidents/one")
    resolve = page.get_by_role("button", name="Resolve")
    for said in ("It is not certain that it was taken", HOSTILE[0], "You may not act."):
        resolve.click()
        expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
    resolve.click()
    expect(page.get_by_text(SENT)).to_be_visible()
    ids = {one["events"][0]["detail"]["event_id"] for one in acting.taken}
    assert (len(acting.taken), len(ids)) == (4, 1)
    assert page.evaluate("window.broken") is None
    expect(page.get_by_role("heading", name="enrich")).to_be_visible()


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {**MAY_ACT, "cognito:groups": ["client-acme"]},
        {**MAY_ACT, "cognito:groups": "act"},
        {**MAY_ACT, "scope": "openid email run-ledger/read"},
    ],
)
def test_who_may_not_act_sees_the_command(
    page: Page, acting: FakeOrigin, claims: dict[str, Any]
) -> None:
    """And no button."""
    acting.person_claims = claims
    sign_in(page, acting, "#/incidents/one")
    command = f"run-ledger incidents acknowledge one --site {acting.site_url}"
    expect(page.get_by_text(command)).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_be_hidden()


def test_a_closed_incident_can_not_be_answered(page: Page, acting: FakeOrigin) -> None:
    """The intake would take it, and the teller reject it."""
    acting.incidents.append(make_incident("gone", closed_at=ago(hours=1)))
    sign_in(page, acting, "#/incidents/gone")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_role("heading", name="Answer")).to_be_hidden()


def test_where_no_acts_are_taken_none_are_offered(page: Page, acting: FakeOrigin) -> None:
    """Nor a command for them; a sign-in asks for no right that nobody can use."""
    acting.more_config.clear()
    sign_in(page, acting, "#/incidents/one")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.get_by_role("heading", name="Answer")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_small_phone(page: Page, acting: FakeOrigin, scheme: Any) -> None:
    """Nothing is wider than 320 px, whatever notes say; buttons can be hit with a thumb."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    turn = {"at": ago(hours=1), "kind": "changed", "because": "noted", "jobs": 3, "until": None}
    turn |= {"by": f"{'x' * 60}@acme.example", "text": "w" * 900, "event_id": "e-1"}
    hostile = [{**turn, "text": text, "event_id": f"e-{text}"} for text in HOSTILE]
    acting.incidents[0]["history"] += [turn, *hostile]
    sign_in(page, acting, "#/incidents/one")
    expect(page.get_by_role("button", name="Add note")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("window.broken") is None
    for name in ("Acknowledge", "Mute", "Resolve", "Add note"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert box["height"] >= 24
