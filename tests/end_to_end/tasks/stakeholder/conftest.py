"""What Alder and Birch have reported, who looks into it, and a tab of somebody of Alder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from tests.support.events.builders import Envelope
from tests.support.readers.ledger_http import machine_token
from tests.support.recounts.recount import recount_jobs
from tests.support.site import site_seed
from tests.support.site import stakeholder_events as told
from tests.support.site.errand import Errand
from tests.support.site.site_visit import Visit, visiting
from tests.support.stacks.local_stack import LocalStack

Job = dict[str, Any]


@pytest.fixture(scope="session")
def events(running: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> list[Envelope]:
    """Report what Alder and Birch have done, once, and give Alder's events."""
    site_seed.declare_clients(running, tmp_path_factory.mktemp("clients"), told.declared())
    alder = told.alder()
    site_seed.tell(running, {told.ALDER: alder, told.BIRCH: told.birch()})
    return alder


@pytest.fixture(scope="session")
def jobs(events: list[Envelope]) -> list[Job]:
    """Count Alder's jobs again from the events, the newest first."""
    updates = [one for one in events if one["detail-type"] == "job_update"]
    known = recount_jobs(updates).values()
    return sorted(known, key=lambda job: (job["created_at"], job["job_id"]), reverse=True)


@pytest.fixture(scope="module")
def token(running: LocalStack) -> str:
    """Give a token for asking the API."""
    return machine_token(running.document)


@pytest.fixture(scope="session")
def person(running: LocalStack, events: list[Envelope]) -> dict[str, str]:
    """Give the login of somebody of Alder."""
    assert events
    return site_seed.invite_to(running, told.ALDER)


@pytest.fixture(scope="module")
def tab(browser: Browser, running: LocalStack, person: dict[str, str]) -> Iterator[Visit]:
    """Give a tab in which somebody of Alder has signed in."""
    with visiting(browser, running.document["site_url"]) as visit:
        visit.sign_in(person)
        yield visit


@pytest.fixture
def errand(tab: Visit) -> Iterator[Errand]:
    """Begin a task of somebody of Alder; nothing may go wrong meanwhile."""
    yield Errand(tab)
    assert tab.troubles() == []
