"""Every figure leads to exactly the jobs that it counts: in a real browser, by the real reader."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers.reading import House
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.real_reader import serve

pytestmark = pytest.mark.browser

BUSY = 130
"""Jobs that one client has ended: more than a page of the list shows."""
OLDER = 40
"""So many hours ago jobs failed by the older error: another day of UTC than all other failures."""
TIMEOUT = {"type": "Timeout", "message": "no answer", "fingerprint": "f-timeout"}
CRASH = {"type": "Crash", "message": "worker went away", "fingerprint": "f-crash"}
FIGURES = """() => [...document.querySelectorAll('main a[href^="#/jobs?"]')].flatMap((link) => {
  const figure = link.querySelector('.tile__figure') ?? link;
  const number = /^([0-9][0-9,]*)/.exec(figure.textContent);
  const isSeen = link.offsetParent !== null;
  return number && isSeen ? [[number[1].replaceAll(',', ''), link.getAttribute('href')]] : [];
})"""


def jobs_of(client_id: str, hours: float, *said: dict[str, Any], count: int = 1) -> list[Envelope]:
    """Return jobs of a client; each event of a job is a minute after the one before."""
    begun = datetime.now(UTC) - timedelta(hours=hours)
    return [
        job_update(
            job_id=f"{client_id}-{hours}-{number}",
            client_id=client_id,
            project_id=f"{client_id}-work",
            event_id=str(place),
            occurred_at=(begun + timedelta(minutes=place)).isoformat(),
            **one,
        )
        for number in range(count)
        for place, one in enumerate(said)
    ]


RUNNING = {"status": "running", "heartbeat_seconds": 86_400}


def ended(result: str, **fields: Any) -> dict[str, Any]:
    """Return the fields of an end."""
    return {"status": "completed", "result": result, **fields}


def a_day() -> list[Envelope]:
    """Return jobs of every kind: partial ones, healed retries, failures, and the day before."""
    lost = {"records_ok": 3, "records_failed": 97}
    return [
        *jobs_of("acme", 3, RUNNING, ended("partial", delta=lost), count=4),
        *jobs_of("acme", 4, RUNNING, ended("cancelled")),
        *jobs_of("globex", 2, RUNNING, ended("succeeded"), count=19),
        *jobs_of(
            "globex",
            5,
            RUNNING,
            ended("failed", error=CRASH),
            {**RUNNING, "attempt": 2},
            ended("succeeded", attempt=2),
        ),
        *jobs_of("hooli", 6, ended("succeeded"), count=BUSY),
        *jobs_of("hooli", 7, RUNNING, ended("timed_out", error=TIMEOUT), count=2),
        *jobs_of("hooli", 8, RUNNING, ended("failed", error=CRASH)),
        *jobs_of("hooli", 9, ended("failed", error=CRASH), {**RUNNING, "attempt": 2}),
        *jobs_of("hooli", 1, RUNNING, count=3),
        *jobs_of("hooli", 0.5, {"status": "queued"}, count=2),
        *jobs_of("hooli", 1.5, {"status": "running", "heartbeat_seconds": 1}),
        *jobs_of("hooli", OLDER, ended("failed", error=TIMEOUT), count=3),
        *jobs_of("hooli", 240, ended("succeeded"), count=2),
        project_update(
            project_id="hooli-work",
            client_id="hooli",
            event_id="p",
            occurred_at=datetime.now(UTC).isoformat(),
            jobs_expected=500,
        ),
    ]


@pytest.fixture
def house(origin: FakeOrigin) -> House:
    """Give the real reader of that day, which answers behind the origin."""
    return serve(origin, a_day())


def listed(house: House, url: str) -> int:
    """Return how many jobs the API has for a request of the list, page by page to the end."""
    parameters = {**dict(parse_qsl(urlsplit(url).query)), "limit": "200"}
    parameters.pop("cursor", None)
    pages = list(house.walk("/jobs", **parameters))
    return sum(len(page.json["items"]) for page in pages)


@pytest.mark.parametrize(
    ("view", "least"),
    [
        ("#/overview", 13),
        ("#/overview?period=7d", 13),
        ("#/overview?period=30d", 13),
        ("#/errors", 2),
        ("#/errors?days=30", 2),
        ("#/clients", 8),
        ("#/clients/hooli", 5),
        ("#/projects", 9),
        ("#/projects/hooli-work?client_id=hooli", 6),
        # the older error has failed before the second of these days, and not before the first
        ("#/errors?new_since={first}", 2),
        ("#/errors?new_since={second}", 1),
    ],
)
def test_each_figure_leads_to_what_it_counts(
    page: Page, origin: FakeOrigin, house: House, view: str, least: int
) -> None:
    """A click on it opens a list, and all pages of that list have as many jobs."""
    first = (datetime.now(UTC) - timedelta(hours=OLDER)).date()
    view = view.format(first=first, second=first + timedelta(days=1))
    sign_in(page, origin, view)
    expect(page.locator('main a[href^="#/jobs?"]').first).to_be_visible()
    expect(page.locator("main [aria-busy]")).to_have_count(0)
    figures = {tuple(one) for one in page.evaluate(FIGURES)}
    assert len(figures) >= least, figures
    for number, href in sorted(figures):
        link = page.locator(f'main a[href="{href}"]').filter(has_text=re.compile(number)).first
        with page.expect_response(lambda answer: "/api/jobs?" in answer.url) as response:
            link.click()
        assert response.value.status == 200, href
        assert listed(house, response.value.url) == int(number), (view, href)
        page.goto(f"{origin.site_url}/{view}")
        expect(page.locator('main a[href^="#/jobs?"]').first).to_be_visible()


def test_the_verdict_is_about_jobs(page: Page, origin: FakeOrigin, house: House) -> None:
    """What a retry healed is no failure; the rate and the day before are told."""
    totals = house.get("/overview").json["totals"]
    assert (totals["failed"], totals["timed_out"], totals["partial"]) == (1, 2, 4)
    sign_in(page, origin, "#/overview")
    expect(page.locator(".verdict")).to_contain_text(
        "3 of 157 jobs failed in the last 24 hours (1.9%"
    )
    expect(page.locator(".verdict")).to_contain_text("100% in the previous 24 hours")
    expect(page.locator(".verdict-box")).to_have_attribute("data-tone", "warn")


def test_a_client_says_how_its_error_rate_was(page: Page, origin: FakeOrigin, house: House) -> None:
    """The rate of the period before stands beside the new one; the table can be ordered by both."""
    rates = {
        one["client_id"]: (one["error_rate"], one["previous"]["error_rate"])
        for one in house.get("/overview").json["clients"]
    }
    assert rates == {"acme": (0, None), "globex": (0, None), "hooli": (3 / 133, 1)}
    sign_in(page, origin, "#/overview")
    names = page.locator(".figures tbody th")
    expect(names).to_have_text(["acme", "globex", "hooli"])
    hooli = page.get_by_role("row").filter(has_text="hooli")
    expect(hooli.get_by_role("cell").nth(5)).to_have_text("2.3% was 100%")
    expect(page.locator(".figures tbody").get_by_text("was")).to_have_count(1)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    before = page.evaluate("window.scrollY")
    page.get_by_label("Order", exact=True).select_option("Error rate moved most")
    expect(names).to_have_text(["hooli", "acme", "globex"])
    expect(page).to_have_url(f"{origin.site_url}/#/overview?order=change")
    assert page.evaluate("window.scrollY") == before
    page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(f"{origin.site_url}/#/overview?period=7d&order=change")
    expect(page.get_by_label("Order", exact=True)).to_have_value("change")
