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
        *jobs_of("hooli", 40, ended("failed", error=TIMEOUT), count=3),
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
        ("#/errors?new_since={yesterday}", 1),
    ],
)
def test_each_figure_leads_to_what_it_counts(
    page: Page, origin: FakeOrigin, house: House, view: str, least: int
) -> None:
    """A click on it opens a list, and all pages of that list have as many jobs."""
    view = view.format(yesterday=(datetime.now(UTC) - timedelta(days=1)).date())
    sign_in(page, origin, view)
    expect(page.locator('main a[href^="#/jobs?"]').first).to_be_visible()
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
    expect(page.locator(".verdict")).to_contain_text("100% the day before")
    expect(page.locator(".verdict-box")).to_have_attribute("data-tone", "warn")
