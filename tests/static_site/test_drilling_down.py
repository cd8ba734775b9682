"""From a figure or a group of errors to the jobs behind it, in a real browser."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import row, sign_in
from tests.support.readers.example_jobs import (
    Json,
    ago,
    make_completed,
    make_error_group,
    make_figures,
    make_job,
    make_overview,
)
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>\u202eevil " + "x" * 90


def failed(job_id: str, fingerprint: str, **fields: Json) -> Json:
    """Give a job that failed of this."""
    error = {"type": "RateLimit", "message": "429 from the model", "fingerprint": fingerprint}
    return make_completed(job_id, "failed", error=error, **fields)


def asked(url: str) -> dict[str, str]:
    """Give the parameters of a request or of a hash."""
    _, _, query = (urlsplit(url).fragment or url).partition("?")
    return {name: values[0] for name, values in parse_qs(query).items()}


def test_a_group_of_errors_leads_to_its_jobs(page: Page, origin: FakeOrigin) -> None:
    """One click; the client and the days go with it, and a reload shows the same."""
    origin.errors = [make_error_group("f1"), make_error_group("none", type=None, message=None)]
    origin.jobs = [
        failed("job-1", "f1"),
        failed("job-2", "f2"),
        failed("job-3", "f1", client_id="globex"),
        failed("job-4", "f1", ended_at=ago(days=50)),
        make_completed("job-5", "timed_out"),
    ]
    sign_in(page, origin, "#/errors?client_id=acme&days=30")
    with page.expect_request("**/api/jobs?*") as request:
        page.get_by_role("link", name="All jobs with this error").click()

    sent = asked(request.value.url)
    assert sent["fingerprint"] == "f1"
    assert sent["client_id"] == "acme"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT00:00:00Z", sent["ended_from"])
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(row(page, "job-1")).to_be_visible()
    chips = page.get_by_role("list", name="Filters that a link has set")
    expect(chips.get_by_role("button", name="Error RateLimit")).to_be_visible()
    expect(chips.get_by_role("button", name="Ended since")).to_be_visible()
    address = page.url
    assert asked(address)["fingerprint"] == "f1"

    page.reload()
    expect(row(page, "job-1")).to_be_visible()
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(chips.get_by_role("button")).to_have_count(2)
    assert page.url == address


def test_such_a_filter_can_be_taken_away(page: Page, origin: FakeOrigin) -> None:
    """By the keyboard, too: the focus goes to the heading; the way back brings it again."""
    origin.jobs = [failed("job-1", "f1"), failed("job-2", "f2"), make_job("job-3")]
    sign_in(page, origin, "#/jobs?fingerprint=f1&ended_from=2020-01-01&ended_to=2099-01-01")
    expect(page.locator("[data-job-id]")).to_have_count(1)

    page.get_by_role("button", name="Error RateLimit").press("Enter")
    expect(page.locator("[data-job-id]")).to_have_count(2)
    expect(page.get_by_role("heading", name="Jobs")).to_be_focused()
    page.get_by_role("button", name="Ended 1 Jan 2020").click()
    expect(page.locator("[data-job-id]")).to_have_count(3)
    expect(page).to_have_url(f"{origin.site_url}/#/jobs")
    expect(page.get_by_role("list", name="Filters that a link has set")).to_be_hidden()

    page.go_back()
    page.go_back()
    expect(page.locator("[data-job-id]")).to_have_count(1)
    page.get_by_label("Status").select_option("running")
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?status=running")
    expect(row(page, "job-3")).to_be_visible()


def test_figures_of_a_day_lead_to_what_ended_in_it(page: Page, origin: FakeOrigin) -> None:
    """What failed is what failed or timed out, whenever it began; so it is for one client."""
    origin.jobs = [
        make_completed("job-1", "failed", created_at=ago(days=20)),
        make_completed("job-2", "timed_out", client_id="globex"),
        make_completed("job-3", "succeeded"),
        make_completed("job-4", "failed", ended_at=ago(days=2), created_at=ago(days=3)),
    ]
    figures = {"ended": 3, "failed": 1, "timed_out": 1, "last_event_at": ago(seconds=9)}
    one = make_figures(ended=1, failed=1)
    origin.overview = make_overview({"acme": one}, **figures)
    sign_in(page, origin, "")

    page.get_by_role("link", name="Failed in 24 h 2").click()
    expect(page.locator("[data-job-id]")).to_have_count(2)
    for job_id in ("job-1", "job-2"):
        expect(row(page, job_id)).to_be_visible()
    expect(page.get_by_label("Result")).to_have_value("failed,timed_out")
    assert asked(page.url)["ended_from"] == origin.overview["since"]
    expect(page.locator(".jobs-view__span")).to_contain_text("2 jobs by the last attempt")

    page.go_back()
    page.get_by_role("link", name="Ended in 24 h 3").click()
    expect(page.locator("[data-job-id]")).to_have_count(3)
    page.go_back()
    cells = page.get_by_role("row", name="acme").get_by_role("cell")
    cells.nth(3).get_by_role("link").click()
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(row(page, "job-1")).to_be_visible()


def test_a_hostile_fingerprint_is_text(page: Page, origin: FakeOrigin) -> None:
    """Whatever it holds goes to the API as it is, stands there as text and widens nothing."""
    origin.errors = [make_error_group(HOSTILE, type="E" * 300)]
    page.set_viewport_size({"width": 320, "height": 700})
    sign_in(page, origin, "#/errors")
    with page.expect_request("**/api/jobs?*") as request:
        page.get_by_role("link", name="All jobs with this error").click()

    assert asked(request.value.url)["fingerprint"] == HOSTILE
    expect(
        page.get_by_text("is no longer listed under the error of the attempt before")
    ).to_be_visible()
    chip = page.get_by_role("button", name="<img src=x")
    expect(chip).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    chip.click()
    expect(chip).to_be_hidden()
