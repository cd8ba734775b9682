"""Errors: what is new since a day, when each group failed, and what its jobs are called."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.support.events.builders import Envelope, job_update
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.real_reader import serve

pytestmark = pytest.mark.browser

HOSTILE = "=<b onclick=alert(1)>Nightly\u202e"
# Of each failure: the days since, the error, the client.
FAILURES = (
    *((day, "old", "acme") for day in (20, 6, 3, 1, 0, 0)),
    *((day, "began", "acme") for day in (2, 2, 1)),
    *((day, "elsewhere", "acme") for day in (1,)),
    *((day, "elsewhere", "globex") for day in (9, 1)),
    *((day, "long-ago", "acme") for day in (45, 2)),
)


def failed(number: int, days: int, fingerprint: str, client_id: str) -> Envelope:
    """Return a job that failed so many days ago, at midnight of UTC."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return job_update(
        job_id=f"job-{number}",
        client_id=client_id,
        event_id="1",
        name=HOSTILE if fingerprint == "old" else f"Run {number}",
        status="completed",
        result="failed",
        occurred_at=(today - timedelta(days=days)).isoformat(),
        error={"type": "Gone", "message": f"{HOSTILE} {fingerprint}", "fingerprint": fingerprint},
    )


def failures() -> list[Envelope]:
    """Return all that failed, by the days of now: a run of all tests may begin on another day."""
    return [failed(number, *one) for number, one in enumerate(FAILURES)]


def day(ago: int) -> str:
    """Return the day of UTC so many days ago."""
    return str((datetime.now(UTC) - timedelta(days=ago)).date())


def new_since(ago: int, clients: set[str]) -> dict[str, int]:
    """Return the groups without a failure in the 30 days before, with their failures since."""
    since = Counter(name for days, name, client in FAILURES if days <= ago and client in clients)
    known = {
        name for days, name, client in FAILURES if ago < days <= ago + 30 and client in clients
    }
    return {name: count for name, count in since.items() if name not in known}


@pytest.mark.parametrize("groups", [("staff",), ("client-acme",)])
def test_which_errors_are_new_since_a_day(
    page: Page, origin: FakeOrigin, groups: tuple[str, ...]
) -> None:
    """Those that had not failed in the 30 days before; for a client, by its own failures alone."""
    serve(origin, failures(), *groups)
    sign_in(page, origin, "#/errors?days=30")
    cards = page.locator(".error-group")
    seen = {"acme", "globex"} if groups == ("staff",) else {"acme"}
    expect(cards).to_have_count(4)

    page.get_by_label("New since").fill(day(2))
    expect(page).to_have_url(f"{origin.site_url}/#/errors?new_since={day(2)}")
    expected = new_since(2, seen)
    assert ("elsewhere" in expected) is (groups != ("staff",))
    expect(cards).to_have_count(len(expected))
    for name, count in expected.items():
        card = cards.filter(has=page.get_by_text(f"{HOSTILE} {name}", exact=True))
        words = "1 job" if count == 1 else f"{count} jobs"
        expect(card.locator(".error-group__count")).to_have_text(words)

    page.get_by_label("New since").fill(day(0))
    expect(page.get_by_role("heading", name="No error is new")).to_be_visible()
    page.get_by_label("Time", exact=True).select_option("30")
    expect(page.get_by_label("New since")).to_have_value("")
    expect(cards).to_have_count(4)


def test_when_did_each_error_happen(page: Page, origin: FakeOrigin) -> None:
    """A group's small chart has a bar a day, as high as a recount says, and says so in words."""
    serve(origin, failures())
    sign_in(page, origin, "#/errors")
    for name in ("old", "began"):
        card = page.locator(".error-group").filter(
            has=page.get_by_text(f"{HOSTILE} {name}", exact=True)
        )
        counts = Counter(day(days) for days, one, _ in FAILURES if one == name and days < 7)
        told = ", ".join(f"{at}: {counts[at]}" for at in sorted(counts))
        chart = card.get_by_role("img")
        expect(chart).to_have_attribute(
            "aria-label", f"Failed jobs by day of UTC since {day(6)}: {told}"
        )
        path = chart.locator("path").get_attribute("d") or ""
        bars = {
            int(part.partition(" ")[0]) // 4: float(part.partition("v-")[2].partition("h")[0])
            for part in path.split("M")[1:]
        }
        top = max(counts.values())
        heights = {day(6 - place): height / 24 * top for place, height in bars.items()}
        assert heights == pytest.approx(dict(counts), abs=0.1)


def test_jobs_are_called_by_their_names(page: Page, origin: FakeOrigin) -> None:
    """With the id beside it where two have the same name; every one leads to its job."""
    serve(origin, failures())
    sign_in(page, origin, "#/errors")
    link = page.get_by_role("link", name="Run 7", exact=True)
    expect(link).to_have_attribute("href", "#/jobs/job-7")
    same = page.get_by_role("link", name=f"{HOSTILE} (job-3)", exact=True)
    expect(same).to_have_attribute("title", "job-3")
    same.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
