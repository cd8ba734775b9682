"""Pages that are told of changes: they ask when they hear, and by themselves where nobody tells."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.screenshots.example_day import fill
from tests.static_site.conftest import COUNT_ROUNDS, let_pass, row, sign_in
from tests.static_site.every_view import VIEWS, open_view
from tests.support.readers.example_jobs import make_job
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.under_way import wait_until_answered
from tests.support.stacks.local_stack import wait_for

SETTLED = 12
"""Seconds after which a page that has asked for news asks no more."""


@pytest.fixture
def live(page: Page, origin: FakeOrigin) -> Page:
    """Give the list of jobs, signed in, told of changes, and at rest."""
    change(origin, "succeeded")
    opened(page, origin)
    expect(page.locator(".freshness")).to_contain_text("Live")
    come_to_rest(page)
    return page


def opened(page: Page, origin: FakeOrigin, hash_: str = "#/jobs") -> None:
    """Sign in at a ledger that tells of changes."""
    origin.more_config = {"push_url": "/push"}
    page.add_init_script(f"({COUNT_ROUNDS})()")
    sign_in(page, origin, hash_)
    expect(page.locator(".freshness")).to_contain_text(re.compile("[Uu]pdated"))


def change(origin: FakeOrigin, result: str) -> None:
    """Let the job have ended so."""
    origin.jobs = [make_job("first", status="completed", result=result)]


def shows(page: Page, word: str) -> None:
    """Expect the job's row to say so."""
    expect(row(page, "first")).to_contain_text(word)


def come_to_rest(page: Page) -> None:
    """Let all questions that the last news led to be asked and answered."""
    for _ in range(2):
        wait_until_answered(page)
        let_pass(page, SETTLED)
    wait_until_answered(page)


def questions(page: Page) -> int:
    """Return how often the page has asked the API."""
    return int(
        page.evaluate("window.asked.filter((one) => one.address.startsWith('/api/')).length")
    )


def test_an_idle_page_asks_nothing(live: Page) -> None:
    """For minutes; but what time alone changes is looked at after five."""
    before = questions(live)
    let_pass(live, 200)
    assert questions(live) == before
    let_pass(live, 110)
    assert questions(live) == before + 1


def test_a_change_is_asked_for_once_and_looked_at_once_more(live: Page, origin: FakeOrigin) -> None:
    """At once, though no poll is due for minutes; what follows from it shows ten seconds later."""
    before = questions(live)
    change(origin, "failed")
    origin.sockets.tell()
    shows(live, "Failed")
    assert questions(live) == before + 1
    come_to_rest(live)
    assert questions(live) == before + 2


def test_a_cut_socket_lets_the_page_ask_by_itself(live: Page, origin: FakeOrigin) -> None:
    """At once, and then as often as without a socket; nothing is lost, and nobody is alarmed."""
    origin.sockets.is_down = True
    change(origin, "failed")
    origin.sockets.cut()
    shows(live, "Failed")
    expect(live.locator(".freshness")).not_to_contain_text("Live")
    expect(live.get_by_role("button", name="Try now")).to_be_hidden()
    for result in ("partial", "cancelled", "succeeded"):
        wait_until_answered(live)
        change(origin, result)
        let_pass(live, 11)
        shows(live, result.capitalize())
    assert origin.sockets.opened == 1


def test_a_socket_that_is_back_brings_what_was_missed(live: Page, origin: FakeOrigin) -> None:
    """The page joins again by itself after a pause, and asks once for all that it did not hear."""
    origin.sockets.is_down = True
    origin.sockets.cut()
    expect(live.locator(".freshness")).not_to_contain_text("Live")
    wait_until_answered(live)
    origin.sockets.is_down = False
    # No time is skipped here: a socket that is just being opened would be one that nobody answers.
    expect(live.locator(".freshness")).to_contain_text("Live")
    come_to_rest(live)
    assert origin.sockets.opened == 2
    before = questions(live)
    change(origin, "failed")
    origin.sockets.tell()
    shows(live, "Failed")
    assert questions(live) == before + 1


def test_an_end_that_says_nothing_is_found_out(live: Page, origin: FakeOrigin) -> None:
    """A socket may look open though nobody is there: a page that gets no answer asks by itself."""
    origin.sockets.is_silent = True
    let_pass(live, 241)
    wait_for("the joining", lambda: len(origin.sockets.tokens) == 2, 10)
    let_pass(live, 11)
    expect(live.locator(".freshness")).not_to_contain_text("Live")


def test_a_page_without_a_network_says_so_at_once(live: Page, origin: FakeOrigin) -> None:
    """It does not go on calling itself live, and hears again when the network is back."""
    live.context.set_offline(offline=True)
    expect(live.get_by_text("You are offline.")).to_be_visible()
    expect(live.locator(".freshness")).not_to_contain_text("Live")
    change(origin, "failed")
    live.context.set_offline(offline=False)
    expect(live.get_by_text("You are offline.")).to_be_hidden()
    shows(live, "Failed")


def test_signing_out_closes_the_socket(live: Page, origin: FakeOrigin) -> None:
    """At once, whatever becomes of the page."""
    assert origin.sockets.count == 1
    live.get_by_role("button", name="Sign out").click()
    wait_for("the socket's end", lambda: origin.sockets.count == 0, 10)
    expect(live.get_by_role("button", name="Sign in")).to_be_visible()
    assert origin.sockets.count == 0


def test_a_newer_token_is_brought_before_the_old_one_ends(page: Page, origin: FakeOrigin) -> None:
    """Over the same socket, so that nothing is missed."""
    origin.token_seconds = 200
    opened(page, origin)
    expect(page.locator(".freshness")).to_contain_text("Live")
    let_pass(page, 125)
    wait_for("the joining", lambda: len(origin.sockets.tokens) == 2, 10)
    first, second = origin.sockets.tokens
    assert first != second
    assert origin.sockets.opened == 1


def test_a_ledger_that_takes_no_sockets_is_asked_as_ever(page: Page, origin: FakeOrigin) -> None:
    """The page says nothing of it: it can do without."""
    origin.sockets.is_down = True
    opened(page, origin)
    wait_until_answered(page)
    change(origin, "failed")
    let_pass(page, 11)
    shows(page, "Failed")
    expect(page.locator(".freshness")).not_to_contain_text("Live")
    expect(page.get_by_role("button", name="Try now")).to_be_hidden()


@pytest.mark.parametrize("name", VIEWS)
def test_an_idle_page_of_any_view_asks_nothing(page: Page, origin: FakeOrigin, name: str) -> None:
    """For a minute of its own clock, whether or not jobs run; and it says that it is live."""
    fill(origin)
    opened(page, origin, VIEWS[name])
    open_view(page, VIEWS[name])
    expect(page.locator(".freshness")).to_contain_text("Live")
    come_to_rest(page)
    before = questions(page)
    let_pass(page, 60)
    wait_until_answered(page)
    assert questions(page) == before


@pytest.mark.parametrize("name", ["clients", "client"])
def test_what_is_declared_shows_without_a_poll(page: Page, origin: FakeOrigin, name: str) -> None:
    """Clients and their configuration are asked for when somebody has changed them."""
    fill(origin)
    opened(page, origin, VIEWS[name])
    open_view(page, VIEWS[name])
    come_to_rest(page)
    (acme,) = (one for one in origin.clients if one["client_id"] == "acme")
    acme["name"] = "Acme of Old"
    parameter = {"name": "model", "value": "another", "description": "", "updated_at": None}
    origin.configs["acme"] = {**origin.configs["acme"], "parameters": [parameter]}
    origin.sockets.tell()
    expect(page.get_by_text("Acme of Old").first).to_be_visible()
    if name == "client":
        expect(page.get_by_text("another")).to_be_visible()


def test_no_socket_is_opened_where_none_is_named(page: Page, origin: FakeOrigin) -> None:
    """A ledger without push gets no other request than before."""
    sign_in(page, origin, "#/jobs")
    expect(page.locator(".freshness")).to_contain_text(re.compile("[Uu]pdated"))
    assert origin.sockets.opened == 0
