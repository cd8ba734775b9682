"""A project's page: how far it is, at which pace, and until when, by a recount of its events."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.real_reader import serve

pytestmark = pytest.mark.browser

HERE = ZoneInfo("Europe/Berlin")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"]
EXPECTED = 60
HOSTILE = "=<img src=x onerror=alert(1)>\u202e"
ROWS = """() => [...document.querySelectorAll('.burn-up tbody tr')].map(
  (row) => [...row.children].map((cell) => cell.textContent))"""


def written(day: date) -> str:
    """Return a day as the page writes it."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def job(number: int, hours: float, result: str, client_id: str = "acme") -> Envelope:
    """Return a job that ended so long ago."""
    return job_update(
        job_id=f"{client_id}-{number}",
        client_id=client_id,
        project_id="spring",
        event_id="1",
        status="completed",
        result=result,
        occurred_at=(datetime.now(UTC) - timedelta(hours=hours)).isoformat(),
    )


def work() -> list[tuple[float, str]]:
    """Return how long ago jobs of three weeks ended, in hours, and how."""
    results = ("succeeded", "partial", "failed", "succeeded", "cancelled", "timed_out")
    return [(0.5 + 11.3 * number, results[number % len(results)]) for number in range(44)]


def events(**project: Any) -> list[Envelope]:
    """Return the events of a project, and those of another client in one of the same id."""
    told = {
        "name": HOSTILE,
        "status": "active",
        "jobs_expected": EXPECTED,
        "owner": HOSTILE,
        "tags": {HOSTILE: HOSTILE},
    }
    opened = project_update(
        project_id="spring",
        client_id="acme",
        event_id="opened",
        occurred_at=(datetime.now(UTC) - timedelta(days=30)).isoformat(),
        **{**told, **project},
    )
    own = [job(number, hours, result) for number, (hours, result) in enumerate(work())]
    return [opened, *own, *(job(number, 5, "succeeded", "globex") for number in range(7))]


def done_by_day() -> Counter[date]:
    """Return how many jobs were done on each day of the reader's zone."""
    now = datetime.now(UTC)
    return Counter(
        (now - timedelta(hours=hours)).astimezone(HERE).date()
        for hours, result in work()
        if result in ("succeeded", "partial")
    )


def test_how_far_is_my_project(page: Page, origin: FakeOrigin) -> None:
    """From the list to its page, which tells day by day what a recount of its events tells."""
    begun = datetime.now(UTC)
    due = begun + timedelta(days=3)
    house = serve(origin, events(due_at=due.isoformat()), "client-acme")
    sign_in(page, origin, "#/projects")
    page.get_by_role("link", name=HOSTILE).click()

    expect(page).to_have_url(f"{origin.site_url}/#/projects/spring?client_id=acme")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    by_day = done_by_day()
    sums, expected = 0, []
    for day in sorted(by_day):
        sums += by_day[day]
        expected.append([written(day), str(by_day[day]), str(sums)])
    today = datetime.now(UTC).astimezone(HERE).date()
    if today not in by_day:
        expected.append([written(today), "0", str(sums)])
    page.get_by_text("Day by day").click()
    assert page.evaluate(ROWS) == expected
    assert (
        house.get("/projects/{project_id}", path={"project_id": "spring"}).json["jobs_done"]
        == by_day.total()
    )
    progress = page.get_by_role("region", name="Progress")
    expect(progress).to_contain_text(f"{by_day.total()} of {EXPECTED} expected jobs are done.")
    week = sum(count for day, count in by_day.items() if day > today - timedelta(days=7))
    midnight = datetime.combine(today, datetime.min.time(), HERE)

    def told_at(now: datetime) -> str:
        days = 6 + (now - midnight) / timedelta(days=1)
        end = now + timedelta(days=(EXPECTED - by_day.total()) * days / week)
        late = (end - due) // timedelta(days=1) + 1
        day = written(end.astimezone(HERE).date())
        return f"At this pace, all are done on {day}, {late} days after the due date."

    # It was told some time between then and now.
    either = {told_at(one) for one in (begun, datetime.now(UTC))}
    expect(progress).to_contain_text(re.compile("|".join(map(re.escape, sorted(either)))))
    expect(page.get_by_text("Overdue")).to_be_hidden()


def test_which_projects_are_late(page: Page, origin: FakeOrigin) -> None:
    """The filter finds those overdue, marked in words and colour; the next due date comes first."""
    past, future = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (-3.5, 4))
    other = [
        project_update(project_id=name, client_id="acme", event_id="1", name=name, due_at=due)
        for name, due in (("a-later", future), ("b-late", past))
    ]
    house = serve(origin, [*events(due_at=past, jobs_expected=10), *other])
    sign_in(page, origin, "#/projects")
    page.get_by_label("Order").select_option("By due date")
    expect(page).to_have_url(f"{origin.site_url}/#/projects?sort=due")
    names = page.locator(".project h2")
    expect(names.first).to_have_text("b-late")
    asked = house.get("/projects", sort="due").json["items"]
    assert names.all_inner_texts() == [one["name"] or one["project_id"] for one in asked]

    page.get_by_label("Due date").select_option("Overdue")
    expect(names).to_have_count(1)
    expect(page.locator(".project")).to_contain_text("overdue by 3 days")
    chip = page.locator(".project").get_by_text("Overdue", exact=True)
    expect(chip).to_have_attribute("data-tone", "bad")
    page.reload()
    expect(names).to_have_text(["b-late"])

    names.get_by_role("link").click()
    expect(page.get_by_text("Overdue", exact=True)).to_be_visible()
    page.get_by_role("link", name="All projects").click()
    expect(names).to_have_count(len(asked))


def test_a_project_is_that_of_the_client(page: Page, origin: FakeOrigin) -> None:
    """Jobs of another client in a project of the same id are on a page of their own."""
    serve(origin, events())
    sign_in(page, origin, "#/projects/spring?client_id=globex")
    expect(page.get_by_role("heading", level=1)).to_have_text("spring")
    expect(page.get_by_text("7 jobs are done.")).to_be_visible()
    expect(page.get_by_text(HOSTILE)).to_have_count(0)


def test_a_project_that_is_not_there_leads_back(page: Page, origin: FakeOrigin) -> None:
    """Another client's project is told like one that does not exist."""
    serve(origin, events(), "client-hooli")
    for hash_ in ("#/projects/spring?client_id=acme", "#/projects/nothing"):
        if page.url == "about:blank":
            sign_in(page, origin, hash_)
        else:
            page.goto(f"{origin.site_url}/{hash_}")
        expect(page.get_by_role("heading", name="There is no such thing here")).to_be_visible()
        expect(page.get_by_role("link", name="All projects", exact=True)).to_be_visible()


def test_done_means_one_thing(page: Page, origin: FakeOrigin) -> None:
    """List, page and the list of jobs behind the figure tell the API's number."""
    house = serve(origin, events())
    done = done_by_day().total()
    assert house.get("/projects", client_id="acme").json["items"][0]["jobs_done"] == done
    sign_in(page, origin, "#/projects?client_id=acme")
    figure = page.get_by_role("link", name=f"{done} of {EXPECTED} expected")
    expect(figure).to_be_visible()
    page.goto(f"{origin.site_url}/#/projects/spring?client_id=acme")
    figure.click()
    expect(page.locator("[data-job-id]")).to_have_count(done)
