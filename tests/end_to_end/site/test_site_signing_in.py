"""Signing in, staying signed in and signing out, against the running system's own sign-in pages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from tests.support.readers.ledger_http import Stack, get, personal_tokens, until
from tests.support.site.site_events import NORTH, SOUTHERN
from tests.support.site.site_visit import Visit, visiting
from tests.support.stacks.local_stack import HTTP, LocalStack

from run_ledger_ops import command
from run_ledger_ops.sign_in.own_token import REDIRECT_URI, new_attempt, sign_in_pages

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

People = dict[str, dict[str, str]]
DEEP = f"#/jobs?client_id={NORTH}&result=failed&pipeline=parts"
AN_HOUR = 3_600
SCOPE = "openid email run-ledger/read"


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """Give a tab of a fresh profile."""
    with visiting(browser, stack["site_url"]) as visit:
        yield visit


def query_of(request: Request) -> dict[str, str]:
    """Give what the address of a request asks."""
    return {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}


def stored(page: Page) -> dict[str, Any]:
    """Give all that the browser keeps for the site."""
    kept: dict[str, Any] = page.evaluate(
        "async () => ({local: {...localStorage}, session: {...sessionStorage},"
        " cookies: document.cookie, databases: await indexedDB.databases(),"
        " caches: await caches.keys()})"
    )
    return kept


def claims_of(token: str) -> dict[str, Any]:
    """Read the claims of a token."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def test_signing_in_is_by_code_with_pkce_state_and_nonce(visit: Visit, people: People) -> None:
    """What is asked, what comes back and what is sent on belong together; no token is kept."""
    page = visit.page
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - it must be a function
    page.goto(f"{visit.site_url}/{DEEP}")
    expect(page.get_by_role("heading", name="Sign in to see your jobs")).to_be_focused()
    page.get_by_role("button", name="Sign in").click()
    page.locator("[name=username]").wait_for()
    with page.expect_response("**/oauth2/token") as answered:
        visit.fill_sign_in(people["north"])
    visit.wait_until_live(DEEP)

    (authorize,) = [query_of(one) for one in asked if "/oauth2/authorize?" in one.url]
    (returned,) = [query_of(one) for one in asked if "?code=" in one.url]
    (token,) = [one for one in asked if one.url.endswith("/oauth2/token")]
    form = {name: values[0] for name, values in parse_qs(token.post_data or "").items()}
    assert authorize["response_type"] == "code"
    assert authorize["code_challenge_method"] == "S256"
    assert returned["state"] == authorize["state"]
    assert form["code"] == returned["code"]
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == authorize["code_challenge"]
    tokens = answered.value.json()
    assert claims_of(tokens["id_token"])["nonce"] == authorize["nonce"]
    assert min(len(authorize["state"]), len(authorize["nonce"])) >= 32
    assert "code=" not in page.url
    kept = stored(page)
    assert kept == {
        "local": {},
        "session": {"run-ledger.refresh-token": tokens["refresh_token"]},
        "cookies": "",
        "databases": [],
        "caches": [],
    }
    sent = next(one for one in asked if urlsplit(one.url).path == "/api/jobs")
    assert sent.headers["authorization"] == f"Bearer {tokens['access_token']}"


@pytest.mark.parametrize("began", [False, True])
def test_a_forged_answer_is_refused(visit: Visit, began: bool) -> None:
    """An answer with another state is refused, whether a sign-in was under way or not."""
    page = visit.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(visit.site_url)
    if began:
        page.get_by_role("button", name="Sign in").click()
        page.locator("[name=username]").wait_for()
    page.goto(f"{visit.site_url}/?code=stolen&state=forged")
    expect(page.get_by_text("Signing in did not work")).to_be_visible()
    expect(page).to_have_url(f"{visit.site_url}/")
    assert [url for url in asked if "oauth2/token" in url or "/api/" in url] == []
    assert stored(page)["session"] == {}


def test_a_token_of_another_sign_in_is_refused(visit: Visit, people: People) -> None:
    """A nonce that is not the one that was asked with opens nothing."""
    page = visit.page

    def exchange_nonce(route: Any) -> None:
        route.continue_(url=re.sub(r"nonce=[^&]+", "nonce=anothers", route.request.url))

    page.route("**/oauth2/authorize?*", exchange_nonce)
    page.goto(visit.site_url)
    page.get_by_role("button", name="Sign in").click()
    visit.fill_sign_in(people["north"])
    expect(page.get_by_text("belongs to another sign-in")).to_be_visible()
    assert visit.answers == []
    assert stored(page)["session"] == {}


def test_somebody_of_no_group_is_told_whom_to_ask(visit: Visit, people: People) -> None:
    """The page says who is signed in, what is missing and who can mend it, and shows nothing."""
    visit.expected = {"403"}
    visit.begin_sign_in(people["nobody"], "#/overview")
    page = visit.page
    expect(page.get_by_role("heading", name="You have no access yet")).to_be_focused()
    expect(page.get_by_text("signed in as nobody@nowhere.example")).to_be_visible()
    expect(page.get_by_text("Ask whoever runs Run Ledger in your organisation")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    assert {answer.status for answer in visit.answers} == {403}
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_signing_out_ends_both_sessions_and_both_tabs(visit: Visit, people: People) -> None:
    """The sign-in pages are told, no tab goes on showing data, and a way back asks for all anew."""
    visit.sign_in(people["north"], "#/jobs")
    page = visit.page
    visit.wait_until_live("#/jobs")
    other = Visit(visit.context, visit.site_url)
    other.page.goto(f"{visit.site_url}/#/clients")
    other.wait_until_live("#/clients")

    with page.expect_request("**/logout?*") as request:
        page.get_by_role("button", name="Sign out").click()
    query = query_of(request.value)
    assert query["logout_uri"] == f"{visit.site_url}/"
    answer = request.value.response()
    assert answer is not None
    assert (answer.status, answer.headers["location"]) == (302, f"{visit.site_url}/")
    for tab in (visit, other):
        expect(tab.page.get_by_role("button", name="Sign in")).to_be_visible()
        assert "north" not in tab.page.get_by_role("main").inner_text()
        assert stored(tab.page)["session"] == {}
    page.go_back()
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    page.goto(visit.site_url)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("[name=password]")).to_be_visible()
    assert other.troubles() == []


def test_a_second_tab_is_the_same_person(visit: Visit, people: People) -> None:
    """A link opens signed in, as the person of the first tab, and goes on after a reload."""
    visit.sign_in(people["north"], "#/clients")
    other = Visit(visit.context, visit.site_url)
    other.page.goto(f"{visit.site_url}/#/clients")
    other.wait_until_live("#/clients")
    expect(other.page.get_by_text("Northern Goods")).to_be_visible()
    assert SOUTHERN not in other.page.content()
    visit.page.goto("about:blank")
    other.page.reload()
    other.wait_until_live("#/clients")
    assert other.troubles() == []


def test_two_browsers_are_two_people(
    visit: Visit, browser: Browser, stack: Stack, people: People
) -> None:
    """What one person sees, another doesn't: a session stays in its browser."""
    visit.sign_in(people["north"], "#/clients")
    with visiting(browser, stack["site_url"]) as other:
        other.sign_in(people["staff"], "#/clients")
        other.wait_until_live("#/clients")
        expect(other.page.get_by_text(f"{SOUTHERN} Energy")).to_be_visible()
        visit.page.reload()
        visit.wait_until_live("#/clients")
        expect(visit.page.get_by_text("Northern Goods")).to_be_visible()
        assert SOUTHERN not in visit.page.content()
        assert other.troubles() == []


def test_a_token_is_renewed_before_it_expires(visit: Visit, people: People) -> None:
    """After nearly an hour the page asks for another token by itself; no request is refused."""
    page = visit.page
    page.clock.install()
    visit.without_push()
    visit.sign_in(people["north"], "#/jobs")
    visit.wait_until_live("#/jobs")
    before = [one.request.headers["authorization"] for one in visit.answers]
    with page.expect_response("**/oauth2/token") as renewed:
        page.clock.fast_forward((AN_HOUR - 60) * 1_000)
    assert "grant_type=refresh_token" in (renewed.value.request.post_data or "")
    token = f"Bearer {renewed.value.json()['access_token']}"
    with page.expect_response(
        lambda one: one.request.headers.get("authorization") == token
    ) as answer:
        page.clock.fast_forward(11_000)
    assert answer.value.status in {200, 304}
    assert token not in before
    assert {one.status for one in visit.answers} <= {200, 304}


def test_a_session_that_ended_leads_back_to_the_same_place(
    visit: Visit, people: People, running: LocalStack
) -> None:
    """Signed out everywhere by an operator, at the next renewal: sign-in pages, then the place."""
    page = visit.page
    page.clock.install()
    visit.without_push()
    visit.sign_in(people["north"], DEEP)
    visit.wait_until_live(DEEP)
    expect(visit.job("north-part-2")).to_be_visible()
    visit.expected = {"400"}
    pool_id = running.document["issuer"].rsplit("/", 1)[1]
    running.client("cognito-idp").admin_user_global_sign_out(
        UserPoolId=pool_id, Username=people["north"]["email"]
    )
    page.clock.fast_forward((AN_HOUR + 60) * 1_000)
    page.locator("[name=username]").wait_for()
    visit.fill_sign_in(people["north"])
    visit.wait_until_live(DEEP)
    assert visit.job_ids() == ["north-part-2"]
    expect(page.get_by_label("Result")).to_have_value("failed")


def test_who_is_removed_sees_nothing_within_a_minute(running: LocalStack, stack: Stack) -> None:
    """Neither with the token that they have, nor with the refresh token."""
    person = {"email": "leaves@acme.example", "password": "Correct-horse-7-staple"}
    where = ("--stack", str(running.state / "stack.json"))
    assert command.main(["users", "invite", person["email"], "--client", NORTH, *where]) == 0
    running.client("cognito-idp").admin_set_user_password(
        UserPoolId=running.document["issuer"].rsplit("/", 1)[1],
        Username=person["email"],
        Password=person["password"],
        Permanent=True,
    )
    tokens = personal_tokens({**stack, "users": {"leaves": person}}, "leaves", SCOPE)
    assert get(stack, "/jobs", tokens["access_token"]).status_code == 200
    assert command.main(["users", "remove", person["email"], *where]) == 0

    def is_out() -> bool:
        return get(stack, "/jobs", tokens["access_token"]).status_code == 401

    until("the token is refused", 90, is_out)
    form = {
        "grant_type": "refresh_token",
        "client_id": stack["site_client_id"],
        "refresh_token": tokens["refresh_token"],
    }
    assert (
        HTTP.request("POST", stack["token_url"], fields=form, encode_multipart=False).status == 400
    )


def test_signing_out_revokes_the_refresh_token(visit: Visit, stack: Stack, people: People) -> None:
    """Whoever has copied it can't renew anything with it."""
    visit.sign_in(people["north"], "#/jobs")
    visit.wait_until_live("#/jobs")
    token = visit.page.evaluate("sessionStorage.getItem('run-ledger.refresh-token')")
    form = {
        "grant_type": "refresh_token",
        "client_id": stack["site_client_id"],
        "refresh_token": token,
    }

    def status() -> int:
        answer = HTTP.request("POST", stack["token_url"], fields=form, encode_multipart=False)
        return answer.status

    assert status() == 200
    visit.page.get_by_role("button", name="Sign out").click()
    until("the refresh token is refused", 30, lambda: status() == 400)


def test_a_copied_address_opens_the_same_elsewhere(
    visit: Visit, browser: Browser, stack: Stack, people: People
) -> None:
    """Filters made by hand are in the address, which shows the same list to another person."""
    visit.sign_in(people["north"], "#/jobs")
    page = visit.page
    page.get_by_label("Result").select_option("failed")
    page.get_by_text("More filters").click()
    page.get_by_label("Pipeline").fill("parts")
    page.get_by_label("Client", exact=True).fill(NORTH)
    visit.wait_until_live(DEEP)
    expect(visit.job("north-part-2")).to_be_visible()
    expect(page.locator("[data-job-id]")).to_have_count(1)

    with visiting(browser, stack["site_url"]) as elsewhere:
        elsewhere.page.goto(page.url)
        elsewhere.page.get_by_role("button", name="Sign in").click()
        elsewhere.fill_sign_in(people["staff"])
        elsewhere.wait_until_live(DEEP)
        assert elsewhere.page.url == page.url
        assert elsewhere.job_ids() == visit.job_ids()
        for label, value in (("Result", "failed"), ("Pipeline", "parts"), ("Client", NORTH)):
            expect(elsewhere.page.get_by_label(label, exact=True)).to_have_value(value)


def test_a_token_of_ones_own_reads_what_one_may_read(
    visit: Visit, people: People, stack: Stack
) -> None:
    """The sign-in pages lead back to the command's port; its token is the person's."""
    attempt = new_attempt(sign_in_pages(visit.site_url))
    page = visit.page
    page.route(f"{REDIRECT_URI}**", lambda route: route.fulfill(body="landed"))
    page.goto(attempt.address)
    visit.fill_sign_in(people["north"])
    expect(page.get_by_text("landed")).to_be_visible()

    token = attempt.token(page.url)

    answer = HTTP.request(
        "GET", f"{stack['api_url']}/clients", headers={"Authorization": f"Bearer {token}"}
    )
    assert [one["client_id"] for one in answer.json()["items"]] == [NORTH]
