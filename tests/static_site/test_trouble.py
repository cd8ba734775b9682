"""A failing API, no network and hostile text, in a real browser."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.static_site.conftest import let_pass, row, sign_in
from tests.static_site.every_view import open_view
from tests.support.example_jobs import (
    ago,
    make_client,
    make_completed,
    make_entry,
    make_error_group,
    make_figures,
    make_job,
    make_overview,
    make_project,
)
from tests.support.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser

HOSTILE = [
    "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>",
    "\u202egnirts desrever \u2067\u0645\u0631\u062d\u0628\u0627",
    "\U0001f469\u200d\U0001f52c\U0001f9ec" * 40,
    "W" * 1024,
    "Z\u0351\u0343\u036b\u0363" * 200,
    "javascript:window.broken=1",
]


def test_a_failing_api_is_a_banner_over_data_that_stays(page: Page, origin: FakeOrigin) -> None:
    """The last known data stays, with its age; trying at once brings it up to date."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    origin.api_status = 503
    let_pass(page)
    banner = page.get_by_role("status").filter(has_text="be reached")
    expect(banner).to_be_visible()
    expect(row(page, "job-1")).to_be_visible()

    origin.api_status = None
    origin.jobs.append(make_job("job-2"))
    page.get_by_role("button", name="Try now").click()
    expect(row(page, "job-2")).to_be_visible()
    expect(banner).to_be_hidden()


def test_offline_is_called_offline_and_ends_at_once(
    page: Page, context: BrowserContext, origin: FakeOrigin
) -> None:
    """The browser's word is taken for it, both ways."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    context.set_offline(offline=True)
    let_pass(page)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    expect(row(page, "job-1")).to_be_visible()

    context.set_offline(offline=False)
    expect(page.get_by_text("You are offline.")).to_be_hidden()


def test_a_first_visit_to_a_failing_api_says_so(page: Page, origin: FakeOrigin) -> None:
    """Without data there is no banner but a page that tries again."""
    origin.api_status = 500
    sign_in(page, origin)
    expect(page.get_by_role("heading", name="be reached")).to_be_visible()

    origin.api_status = None
    let_pass(page)

    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_is_text_and_breaks_no_layout(
    page: Page, origin: FakeOrigin, width: int
) -> None:
    """Whatever a producer sends is shown as text, inside the page's width, and leads nowhere."""
    page.set_viewport_size({"width": width, "height": 800})
    error = {"type": HOSTILE[3], "message": HOSTILE[0], "fingerprint": "x"}
    for number, text in enumerate(HOSTILE):
        fields = {
            "name": text,
            "client_id": text[:128],
            "project_id": text[:128],
            "pipeline": text[:128],
            "parent_job_id": text[:128],
            "stage": text,
            "status": text,
            "error": error,
            "log_url": text,
            "tags": {text: text},
            "counters": {text[:40]: 2**53},
            "records_total": 2**53,
            "attempts": [
                {"attempt": each, "status": text, "result": text, "error": error} for each in (1, 2)
            ],
        }
        origin.jobs.append(make_job(f"job-{number}", **fields))
        detail = {"stage": text, "status": "running", "error": error, "delta": {text: 1}}
        origin.entries[f"job-{number}"] = [make_entry("e1", detail=detail)]
    sign_in(page, origin)
    expect(page.locator("[data-job-id]")).to_have_count(len(HOSTILE))
    expect(page.get_by_text(HOSTILE[0]).first).to_be_visible()
    assert_nothing_sticks_out(page)

    for number, text in enumerate(HOSTILE):
        page.goto(f"{origin.site_url}/#/jobs/job-{number}")
        expect(page.get_by_role("heading", level=1)).to_have_text(text)
        expect(page.locator(".history__entry")).to_have_count(1)
        page.locator("summary").click()
        assert_nothing_sticks_out(page)
        hrefs = page.locator("a[href]").evaluate_all("links => links.map(a => a.protocol)")
        assert set(hrefs) == {"http:"}
    assert page.evaluate("window.broken") is None


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_is_text_on_every_other_view(
    page: Page, origin: FakeOrigin, width: int
) -> None:
    """Errors, projects, clients, configuration and overview take it as the jobs do."""
    page.set_viewport_size({"width": width, "height": 800})
    for number, text in enumerate(HOSTILE):
        named = {"name": text, "tags": {text: text}, "client_id": f"c{number}"}
        error = {"type": text, "message": text, "fingerprint": "x"}
        origin.jobs += [
            make_completed(f"bad-{number}", "failed", name=text, client_id=text[:128], error=error),
            make_job(f"run-{number}", name=text, stage=text, parent_job_id="bad-0"),
        ]
        origin.errors.append(
            make_error_group(
                f"f{number}", type=text, message=text, clients=[text[:128]], job_ids=[text[:128]]
            )
        )
        origin.projects.append(
            make_project(f"p{number}", **named, owner=text, status=text, counters={text[:40]: 1})
        )
        origin.clients.append(make_client(**named, description=text, contact=text))
        parameter = {"name": text, "value": text, "description": text, "updated_at": text}
        origin.configs[f"c{number}"] = {"parameters": [parameter], "secrets_omitted": text}
    by_client = {text[:128]: make_figures(name=text) for text in HOSTILE}
    origin.overview = make_overview(by_client, running=6, last_event_at=ago(seconds=1))
    sign_in(page, origin, "#/overview")
    for hash_ in ("#/overview", "#/errors", "#/projects", "#/clients", "#/jobs/bad-0"):
        open_view(page, hash_)
        expect(page.get_by_text(HOSTILE[0]).first).to_be_visible()
        assert_nothing_sticks_out(page)
    for number, text in enumerate(HOSTILE):
        open_view(page, f"#/clients/c{number}")
        expect(page.get_by_role("heading", level=1)).to_have_text(text)
        assert_nothing_sticks_out(page)
        hrefs = page.locator("a[href]").evaluate_all("links => links.map(a => a.protocol)")
        assert set(hrefs) == {"http:"}
    assert page.evaluate("window.broken") is None


def assert_nothing_sticks_out(page: Page) -> None:
    """Check that the page is no wider than its window."""
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]
