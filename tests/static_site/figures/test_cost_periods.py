"""The periods of costs: as long as what they are compared with, and the same as on the overview."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.support.events.builders import Envelope, job_update
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.real_reader import serve

pytestmark = pytest.mark.browser

HERE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=HERE)
TODAY = NOW.replace(hour=0, minute=0)
MICROUSD = 1_000_000
# Of each job: when it was, and what it cost in dollars.
SPENT = [
    (TODAY + timedelta(hours=1), 1),
    (TODAY - timedelta(hours=1), 2),  # yesterday, late
    (TODAY - timedelta(hours=14), 4),  # yesterday at ten
    (TODAY - timedelta(days=6), 8),  # as the week begins
    (TODAY - timedelta(days=7) + timedelta(hours=10), 16),  # a week ago at ten
    (TODAY - timedelta(days=7) + timedelta(hours=20), 32),  # and in the evening
    (TODAY - timedelta(days=13), 64),
    (TODAY - timedelta(days=30) + timedelta(hours=20), 128),
    (TODAY - timedelta(days=30) + timedelta(hours=10), 256),
    (TODAY - timedelta(days=59), 512),
    (TODAY - timedelta(days=61), 1024),
]
CLIENTS = ("acme", "globex")


def events() -> list[Envelope]:
    """Return a job for each of what was spent, of two clients in turn."""
    return [
        job_update(
            job_id=f"job-{number}",
            event_id="1",
            client_id=CLIENTS[number % 2],
            status="completed",
            result="succeeded",
            occurred_at=at.isoformat(),
            delta={"cost_microusd": dollars * MICROUSD, "records_ok": 1, "input_tokens": dollars},
        )
        for number, (at, dollars) in enumerate(SPENT)
    ]


def spent(begin: datetime, end: datetime) -> int:
    """Count again what was spent from one moment to another, in dollars."""
    return sum(dollars for at, dollars in SPENT if begin <= at < end)


def changed(now: int, before: int) -> str:
    """Say a change as the page does."""
    share = (now - before) / before
    tenths = Decimal(abs(share) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{'+' if share > 0 else '−'}{str(tenths).removesuffix('.0')}%"


def open_costs(page: Page, origin: FakeOrigin, query: str) -> None:
    """Open the page at that moment."""
    serve(origin, events(), at=NOW)
    page.clock.set_system_time(NOW)
    sign_in(page, origin, f"#/costs{query}")


@pytest.mark.parametrize(
    ("period", "days", "said"),
    [
        ("today", 1, "Changes are compared with yesterday up to the same time"),
        ("", 7, "Changes are compared with the previous 7 days, up to the same time of day"),
        ("30d", 30, "Changes are compared with the previous 30 days, up to the same time of day"),
    ],
)
def test_a_period_is_compared_with_as_long_a_time(
    page: Page, origin: FakeOrigin, period: str, days: int, said: str
) -> None:
    """Today counts up to now, and the period before ends at the same time of day: it is said."""
    open_costs(page, origin, f"?period={period}" if period else "")
    begin = TODAY - timedelta(days=days - 1)
    now, before = (
        spent(begin - timedelta(days=back), NOW - timedelta(days=back)) for back in (0, days)
    )
    whole_days = spent(begin - timedelta(days=days), begin)
    assert 0 < before < whole_days
    assert changed(now, before) != changed(now, whole_days)
    total = page.locator(".costs__total td").first
    expect(total).to_contain_text(f"${now:,}.00")
    expect(total.locator(".figures__note")).to_have_text(changed(now, before))
    expect(page.get_by_text(said)).to_be_visible()


@pytest.mark.parametrize(("period", "days"), [("", 1), ("7d", 7), ("30d", 30)])
def test_a_sum_of_the_overview_leads_to_who_used_it(
    page: Page, origin: FakeOrigin, period: str, days: int
) -> None:
    """Each of records, tokens and cost opens the costs of the same time, with the same change."""
    serve(origin, events(), at=NOW)
    page.clock.set_system_time(NOW)
    address = f"#/overview?period={period}" if period else "#/overview"
    sign_in(page, origin, address)
    since = NOW.replace(minute=0) - timedelta(days=days)
    now, before = spent(since, NOW), spent(since - timedelta(days=days), since)
    assert now > 0
    for place, (name, figure) in enumerate(
        [("Cost", f"${now:,}.00"), ("Tokens", f"{now:,}"), ("Records", None)]
    ):
        tile = page.get_by_role("link", name=re.compile(f"^{name} in"))
        text = figure or str(sum(since <= at < NOW for at, _ in SPENT))
        expect(tile).to_contain_text(text)
        tile.click()
        expect(page.get_by_role("heading", level=1, name="Cost")).to_be_visible()
        cell = page.locator(".costs__total td").nth(place)
        expect(cell).to_contain_text(text)
        if figure is not None:
            expect(cell.locator(".figures__note")).to_have_text(changed(now, before))
        page.go_back()
        expect(page.locator(".verdict")).to_be_visible()


def test_a_moment_that_begins_the_period_stays_until_another_is_chosen(
    page: Page, origin: FakeOrigin
) -> None:
    """The choice of the period names it; grouping otherwise keeps it, a period takes its place."""
    open_costs(page, origin, "?since=2026-11-17T14:00:00Z")
    period = page.get_by_label("Period")
    expect(period).to_have_value("Since 17 Nov, 15:00")
    expect(page.get_by_text("Since 17 Nov, 15:00, in the zone Europe/Berlin")).to_be_visible()
    page.get_by_label("Group by").select_option("project")
    expect(page).to_have_url(re.compile(r"group_by=project&since=2026-11-17T14%3A00%3A00Z$"))
    expect(period).to_have_value("Since 17 Nov, 15:00")
    period.select_option("30d")
    expect(page).to_have_url(f"{origin.site_url}/#/costs?group_by=project&period=30d")
    expect(page.locator(".costs__total td").first).to_contain_text("$127.00")
