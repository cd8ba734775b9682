"""Signing in, staying signed in and signing out, in a real browser."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect
from tests.static_site.conftest import fill_sign_in, let_pass, row, sign_in
from tests.support.readers.example_jobs import ago, make_completed, make_job, make_overview
from tests.support.readers.ledger_http import until
from tests.support.site.fake_site_origin import EMAIL, FakeOrigin

pytestmark = pytest.mark.browser


def test_signing_in_opens_the_overview(page: Page, origin: FakeOrigin) -> None:
    """A signed-out visitor is asked to sign in, then sees the overview; no code is left behind."""
    origin.jobs = [make_job("job-1", name="Translate manuals")]
    origin.overview = make_overview(running=1, last_event_at=ago(seconds=3))

    page.goto(origin.site_url)
    expect(page.get_by_role("heading", name="Sign in to see your jobs")).to_be_focused()
    page.get_by_role("button", name="Sign in").click()
    fill_sign_in(page)

    expect(page.get_by_role("link", name="Translate manuals")).to_be_visible()
    expect(page.get_by_text(EMAIL)).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/")
    expect(page).to_have_title("Overview · Run Ledger")


def test_a_deep_link_survives_signing_in(page: Page, origin: FakeOrigin) -> None:
    """What was asked for before signing in is shown after it."""
    origin.jobs = [make_completed("job/ü 1", "failed", error={"type": "Boom", "message": "why"})]

    sign_in(page, origin, "#/jobs/job%2F%C3%BC%201")

    expect(page.get_by_role("heading", name="job/ü 1")).to_be_visible()
    expect(page.get_by_text("Boom")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/#/jobs/job%2F%C3%BC%201")


def test_a_place_chosen_while_signing_in_is_kept(page: Page, origin: FakeOrigin) -> None:
    """A link that is there before the site's modules are leads on, not back to the old place."""
    origin.overview = make_overview(running=1, last_event_at=ago(seconds=3))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.goto(f"{origin.site_url}/#/jobs")
    page.get_by_role("button", name="Sign in").click()
    page.locator("[name=username]").wait_for()
    page.route("**/main.js", hold)
    with page.expect_request("**/main.js"):
        fill_sign_in(page)

    page.get_by_role("link", name="Run Ledger").click()
    held.pop().continue_()

    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/#/overview")


@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_hidden_needs_no_second_style(page: Page, origin: FakeOrigin, width: int) -> None:
    """Buttons of the signed-in aren't there early, whichever of the styles comes last."""
    page.set_viewport_size({"width": width, "height": 800})
    page.route("**/base.css", lambda route: route.abort())

    page.goto(origin.site_url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    assert page.locator("#account[hidden], #nav[hidden]").count() == 2
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.get_by_role("link", name="Jobs")).to_be_hidden()


def test_a_reload_asks_for_no_password(page: Page, origin: FakeOrigin) -> None:
    """The refresh token lasts as long as the tab, and is the only token in the storage."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    page.reload()

    expect(row(page, "job-1")).to_be_visible()
    assert origin.token_requests == ["authorization_code", "refresh_token"]
    assert page.evaluate("Object.keys(sessionStorage)") == ["run-ledger.refresh-token"]
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


def test_a_forged_answer_of_the_sign_in_pages_is_refused(page: Page, origin: FakeOrigin) -> None:
    """A code that this tab didn't ask for is never sent on."""
    page.goto(f"{origin.site_url}/?code=stolen&state=forged")

    expect(page.get_by_text("Signing in did not work")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/")
    assert origin.token_requests == []


def test_an_id_token_of_another_sign_in_is_refused(page: Page, origin: FakeOrigin) -> None:
    """The nonce ties the token to this sign-in."""
    origin.nonce_in_token = "another"

    sign_in(page, origin)

    expect(page.get_by_text("belongs to another sign-in")).to_be_visible()
    assert origin.api_requests == []


def test_signing_out_ends_every_session(page: Page, origin: FakeOrigin) -> None:
    """The sign-in pages' session ends, too, and a reload stays signed out."""
    sign_in(page, origin)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    token = page.evaluate("sessionStorage.getItem('run-ledger.refresh-token')")
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    until("the refresh token is revoked", 30, lambda: origin.revoked == [token])
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_an_expired_token_is_renewed_unseen(page: Page, origin: FakeOrigin) -> None:
    """A 401 costs a renewal, not a sign-in."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    origin.end_access_tokens()
    origin.jobs = [make_job("job-2")]
    let_pass(page)

    expect(row(page, "job-2")).to_be_visible()
    assert origin.token_requests == ["authorization_code", "refresh_token"]


def test_a_session_that_ended_leads_back_to_the_same_place(page: Page, origin: FakeOrigin) -> None:
    """A 401 that no renewal helps goes to the sign-in pages and returns to where it was."""
    origin.jobs = [make_completed("job-1", "failed")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()
    page.reload()  # from here on the session doesn't count as fresh
    expect(row(page, "job-1")).to_be_visible()
    with page.expect_response("**/api/jobs?*result=failed*") as response:
        page.get_by_label("Result").select_option("failed")
    response.value.finished()
    expect(page.get_by_text("Updated just now")).to_be_visible()

    origin.end_sessions()
    let_pass(page)
    page.wait_for_url(f"{origin.identity_url}/**")
    fill_sign_in(page)

    expect(row(page, "job-1")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?result=failed")


def test_an_api_that_refuses_a_fresh_sign_in_makes_no_loop(page: Page, origin: FakeOrigin) -> None:
    """Somebody who has just signed in is told, not sent round and round."""
    origin.api_status = 401

    sign_in(page, origin)

    expect(page.get_by_text("accept it")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_reader_without_a_group_is_told_whom_to_ask(page: Page, origin: FakeOrigin) -> None:
    """A 403 gives a page that names the way in; a new sign-in finds it open."""
    origin.api_status = 403
    origin.jobs = [make_job("job-1")]

    sign_in(page, origin)

    expect(page.get_by_role("heading", name="You have no access yet")).to_be_focused()
    expect(page.get_by_text(f"You are signed in as {EMAIL}")).to_be_visible()
    origin.api_status = None
    page.get_by_role("button", name="Try again").click()
    fill_sign_in(page)
    expect(row(page, "job-1")).to_be_visible()


def test_groups_that_a_renewed_token_lacks_are_asked_for(page: Page, origin: FakeOrigin) -> None:
    """A 403 in an older session leads through the sign-in pages once, and back to the place."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin, "#/jobs/job-1")
    expect(page.get_by_role("heading", name="job-1")).to_be_visible()

    origin.api_status = 403
    page.reload()
    page.wait_for_url(f"{origin.identity_url}/**")
    origin.api_status = None
    fill_sign_in(page)

    expect(page.get_by_text("enrich")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/#/jobs/job-1")


def test_a_token_is_renewed_before_it_expires(page: Page, origin: FakeOrigin) -> None:
    """No request is ever refused, however long the page stays open."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    with page.expect_response("**/oauth2/token"):
        let_pass(page, seconds=3550)
    origin.jobs = [make_job("job-2")]
    let_pass(page)

    expect(row(page, "job-2")).to_be_visible()
    assert {status for _, status in origin.api_requests} <= {200, 304}


def test_the_sign_in_asks_for_what_cognito_wants(page: Page, origin: FakeOrigin) -> None:
    """The request names the scope of the API and the one redirect address that is registered."""
    page.goto(f"{origin.site_url}/#/jobs?status=running")
    with page.expect_request("**/oauth2/authorize?*") as request:
        page.get_by_role("button", name="Sign in").click()

    query = parse_qs(urlsplit(request.value.url).query)
    assert query["scope"] == ["openid email run-ledger/read"]
    assert query["redirect_uri"] == [f"{origin.site_url}/"]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) >= 32
    assert len(query["nonce"][0]) >= 32
