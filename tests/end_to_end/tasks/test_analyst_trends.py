"""Tasks of an analyst that begin with what changes over time, and with what it costs."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.end_to_end.tasks.conftest import (
    DAY,
    HOUR,
    Api,
    Items,
    ids,
    midnight,
    page_has,
    text,
)
from tests.screenshots.dashboard import settle
from tests.support.app.analyst import Analyst, by, number
from tests.support.site import analyst_events
from tests.support.site.analyst_events import HOME, OAK

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]


def test_p95_by_pipeline_and_hour_in_two_zones_across_a_change_of_clocks(
    analyst: Analyst, api: Api
) -> None:
    """Who: an analyst of durations. Wants: each hour's p95 on the day on which clocks were set.

    Ten clicks: client (2), Days, the date to type, Pipeline, the file (2); UTC, its file (2).
    """
    change = analyst_events.change_of_clocks()
    day = change.astimezone(HOME).date()
    analyst.choose("Client", OAK)
    analyst.press("Days")
    type_days(analyst, day, day)
    analyst.press("Pipeline")
    expect(analyst.page.get_by_text("By pipeline")).to_be_visible()
    in_berlin, begin, end = p95(analyst), moment_of(day, HOME), moment_of(day + DAY, HOME)
    expected = p95_of(api, begin, end)

    assert (end - begin) / HOUR in (23, 25)
    assert in_berlin == expected
    assert {at for _, at in in_berlin} >= {begin, change - HOUR, change}

    analyst.click(analyst.page.get_by_role("button", name="Show UTC"))
    expect(analyst.page).to_have_url(re.compile("tz=UTC"))
    settle(analyst.page)
    in_utc = p95(analyst)

    assert in_utc == p95_of(api, moment_of(day, UTC), moment_of(day + DAY, UTC))
    assert in_utc.keys() < in_berlin.keys()
    assert analyst.clicks <= 10


def moment_of(day: date, zone: Any) -> datetime:
    """Return the beginning of a day in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def type_days(analyst: Analyst, first: date, last: date) -> None:
    """Click the first date's year, and type both dates."""
    parts = analyst.page.locator("[data-testid=stDateInputField] [role=spinbutton]")
    analyst.click(parts.first)
    analyst.page.keyboard.type(f"{first:%Y%m%d}")
    analyst.page.keyboard.press("Tab")
    analyst.page.keyboard.type(f"{last:%Y%m%d}")
    analyst.page.keyboard.press("Escape")
    expect(analyst.page).to_have_url(re.compile(f"days={first}.*days={last}"))
    settle(analyst.page)


def p95(analyst: Analyst) -> dict[tuple[str, datetime], float]:
    """Return the 95th percentiles of the chart, by pipeline and hour."""
    rows = analyst.csv("duration-95th-percentile")
    return {
        (row["group"], datetime.fromisoformat(row["at"])): float(row["duration_p95_seconds"])
        for row in rows
        if row["duration_p95_seconds"]
    }


def p95_of(api: Api, start: datetime, end: datetime) -> dict[tuple[str, datetime], float]:
    """Return the same as the API tells it."""
    asked = {"interval": "hour", "client_id": OAK, "group_by": "pipeline"}
    return {
        (name, datetime.fromisoformat(point["at"])): point["duration_p95_seconds"]
        for name, points in api.points(start, end, **asked).items()
        for point in points
        if point["duration_p95_seconds"] is not None
    }


def test_a_spike_to_its_jobs(analyst: Analyst, api: Api) -> None:
    """Who: an analyst on call. Wants: which error an hour's failures are of, and its jobs.

    Three clicks: client (2), the link that names the error.
    """
    hour = analyst_events.noon(analyst_events.SPIKE_DAYS)
    within = {"ended_from": text(hour), "ended_to": text(hour + HOUR)}
    failed = api.jobs(client_id=OAK, result="failed,timed_out", **within)
    ((top, count),) = Counter(one["error"]["type"] for one in failed).most_common(1)
    of_day = [one for one in api.jobs(client_id=OAK) if one["ended_at"][:10] == f"{hour:%F}"]
    assert Counter(one["error"]["type"] for one in of_day if one["error"]).most_common(1) != [
        (top, count)
    ]

    analyst.choose("Client", OAK)
    link = analyst.page.get_by_role("link").filter(has_text="% failed")
    expect(link).to_contain_text(top)
    analyst.click(link)
    expect(analyst.page.get_by_text(f"{count} jobs", exact=True)).to_be_visible()
    settle(analyst.page)

    assert ids(analyst.rows("Job")) == ids([one for one in failed if one["error"]["type"] == top])
    assert analyst.clicks <= 3


def test_cost_by_model_with_at_least(analyst: Analyst, api: Api) -> None:
    """Who: who pays. Wants: what a client's models cost in 30 days, and what is not known of it.

    Five clicks: Cost, 30d, client (2), Model.
    """
    asked = {"interval": "day", "tz": HOME.key, "client_id": OAK}
    series = api.points(midnight(29), midnight(-1), group_by="model", **asked)
    sums = {name: added_up(points) for name, points in series.items()}
    whole = added_up(api.points(midnight(29), midnight(-1), **asked)["all"])
    assert whole["llm_calls_unpriced"] > 0

    analyst.go("Cost")
    analyst.press("30d")
    analyst.choose("Client", OAK)
    analyst.press("Model")
    analyst.sees("the models", lambda: page_has(analyst, "Cost by model"))
    rows = by(analyst.rows("Model"), "Model")

    other = sums.pop("other")
    assert rows.keys() == {*sums, "Without a model"}
    for name, row in rows.items():
        told = sums.get(name, other)
        assert round(number(row["Cost (USD)"]) * 1e6) == told["cost_microusd"], name
        is_bound = row["Cost is at least that"] == "true"
        assert is_bound == (told["llm_calls_unpriced"] > 0), name
    tile = analyst.page.locator("[data-testid=stMetric]").first
    expect(tile).to_contain_text(f"at least ${whole['cost_microusd'] / 1e6:,.2f}")
    assert analyst.clicks <= 5


def added_up(points: Items) -> Counter[str]:
    """Return the sums of the counters of points."""
    sums: Counter[str] = Counter()
    for point in points:
        sums.update(point["counters"])
    return sums
