"""One freshly started local stack for all end-to-end tests of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.support.receivers.smtp_receiver import MailServer, mail_server
from tests.support.site import site_seed
from tests.support.site.site_visit import Visit, visiting
from tests.support.stacks.local_stack import LocalStack, local_stack

People = Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="session")
def mailed() -> Iterator[MailServer]:
    """Start a mail server, to which the system hands its mails."""
    with mail_server() as server:
        yield server


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, mailed: MailServer) -> Iterator[LocalStack]:
    """Start the whole system, empty, and stop it at the end of the run."""
    state, smtp = tmp_path_factory.mktemp("end-to-end"), ("--smtp-port", str(mailed.port))
    with local_stack(state, *smtp, dashboard=True) as stack:
        yield stack


@pytest.fixture
def stack(running: LocalStack) -> dict[str, Any]:
    """Give what stack.json tells any program about the running system."""
    return running.document


@pytest.fixture(scope="session")
def people(running: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Fill the ledger with something to look at, and give the people who look, by role."""
    site_seed.declare_clients(running, tmp_path_factory.mktemp("clients"))
    site_seed.report(running)
    return site_seed.invite(running)


def _tab_of(role: str, browser: Browser, running: LocalStack, people: People) -> Iterator[Visit]:
    with visiting(browser, running.document["site_url"]) as visit:
        visit.sign_in(people[role])
        yield visit


@pytest.fixture(scope="module")
def staff_tab(browser: Browser, running: LocalStack, people: People) -> Iterator[Visit]:
    """Give a tab in which somebody of the staff has signed in, one for all tests of a file."""
    yield from _tab_of("staff", browser, running, people)


@pytest.fixture(scope="module")
def north_tab(browser: Browser, running: LocalStack, people: People) -> Iterator[Visit]:
    """Give a tab in which somebody of the client North has signed in."""
    yield from _tab_of("north", browser, running, people)


@pytest.fixture
def staff(staff_tab: Visit) -> Iterator[Visit]:
    """Give the tab of the staff; nothing may go wrong in it."""
    yield from _as_new(staff_tab)


@pytest.fixture
def north(north_tab: Visit) -> Iterator[Visit]:
    """Give the tab of somebody of North; nothing may go wrong in it."""
    yield from _as_new(north_tab)


def _as_new(visit: Visit) -> Iterator[Visit]:
    visit.answers.clear()
    visit.page.set_viewport_size({"width": 1280, "height": 800})
    yield visit
    assert visit.troubles() == []
