"""The page of the API's description on the running system: a trial shows the API's answer."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, expect
from tests.support.readers.ledger_http import get, machine_token
from tests.support.site.site_events import NORTH
from tests.support.site.site_visit import Visit
from tests.support.stacks.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

SUMMARY = ".reference__operation > summary"


def opened(visit: Visit, path: str) -> Locator:
    """Open the page at one of its paths and return the form with which it is tried."""
    visit.open("#/overview")
    visit.open("#/api")
    visit.page.locator(SUMMARY, has=visit.page.get_by_text(f"GET {path}", exact=True)).click()
    return visit.page.locator(".reference__operation[open] form")


def sent(form: Locator) -> object:
    """Send a request and return the answer that is shown."""
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("status")).to_contain_text("was answered in")
    return json.loads(form.locator("pre").inner_text())


def test_every_path_of_the_served_description_is_there(staff: Visit, running: LocalStack) -> None:
    """The page shows what the stage serves, with the stage's own address."""
    opened(staff, "/jobs")
    stack = running.document
    served = get(stack, "/openapi.json", machine_token(stack)).json()
    operations = [f"{way.upper()} {path}" for path, ways in served["paths"].items() for way in ways]
    assert "POST /mcp" in operations
    for operation in operations:
        name = staff.page.get_by_text(operation, exact=True)
        expect(staff.page.locator(SUMMARY, has=name)).to_be_visible()
    expect(staff.page.get_by_text(served["servers"][0]["url"]).first).to_be_visible()


def test_a_trial_shows_the_answer_of_the_api(north: Visit) -> None:
    """Who may see one client gets that client's jobs, and nothing when asking for another's."""
    form = opened(north, "/jobs/{job_id}")
    form.get_by_label("job_id (required)").fill("north-failed")
    job = sent(form)
    assert isinstance(job, dict)
    assert (job["job_id"], job["client_id"]) == ("north-failed", NORTH)

    north.expected = {"404"}
    form.get_by_label("job_id (required)").fill("south-failed")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("status")).to_contain_text("There is no such job")
