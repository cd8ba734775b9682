"""Days of the zone that the analyst chose: in periods, frames, charts and on pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from dashboard_app import words
from dashboard_app.api.api_requests import trends as trends_question
from dashboard_app.charts.axes import tick_label, tick_moments, time_axis, with_times
from dashboard_app.frames import trends
from dashboard_app.frames.columns import MOMENT
from dashboard_app.periods import IntervalLength, begin_of, cut, period_of_days, period_until
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from tests.dashboard_app.conftest import Open, words_of
from tests.support.app.dashboard_api import Api, serving
from tests.support.events.builders import job_update
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants, zones
from run_ledger.domain.exceptions import InvalidQuery

BERLIN, KOLKATA, NEW_YORK = (
    ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Kolkata", "America/New_York")
)
NAMES = ("Europe/Berlin", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "UTC")
AUTUMN = period_of_days(date(2026, 10, 23), date(2026, 10, 27), BERLIN, IntervalLength.DAY)


def at(text: str) -> datetime:
    """Return a moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(
    st.sampled_from(NAMES),
    st.integers(0, 5 * 365 * 24 * 4),
    st.integers(1, 60 * 24),
)
def test_days_are_those_of_the_api(name: str, quarters: int, hours: int) -> None:
    """A period of the app and the API's answer have the same edges, wherever clocks change."""
    first = at("2024-01-01T00:00") + quarters * timedelta(minutes=15)
    period = cut(first, first + timedelta(hours=hours), IntervalLength.DAY, ZoneInfo(name))
    edges = zones.zone(name).edges(
        *(int(one.timestamp()) * 1_000_000 for one in (period.start, period.end))
    )

    assert [*period.intervals(), period.end] == [
        datetime.fromtimestamp(edge / 1_000_000, UTC) for edge in edges
    ]
    assert [period.end_of(begin) for begin in period.intervals()] == [
        *period.intervals()[1:],
        period.end,
    ]
    assert period.days == len(period.intervals()) == period.previous.days
    assert period.previous.end == period.start
    assert cut(period.start, period.end, IntervalLength.DAY, period.zone) == period


def test_a_day_in_which_clocks_change_is_as_long_as_it_is() -> None:
    """Five days of Berlin, of which the third has 25 hours: bars are as wide, none overlap."""
    frame = pd.DataFrame({"at": pd.Series(AUTUMN.intervals()).astype(MOMENT)})
    drawn = with_times(frame, period=AUTUMN, zone=BERLIN)

    hours = (drawn["x_end"] - drawn["x"]) / 3_600_000
    assert list(hours) == [24, 24, 25, 24, 24]
    assert list(drawn["x"][1:]) == list(drawn["x_end"][:-1])
    assert drawn["when"][2] == "Sun 25 Oct 2026, Europe/Berlin"


def test_the_days_before_lie_over_their_counterparts() -> None:
    """Day by day, though an hour is missing or over: no point falls between two days."""
    before = AUTUMN.previous
    assert before.start == at("2026-10-17T22:00")
    frame = pd.DataFrame({"at": pd.Series(before.intervals()).astype(MOMENT), "n": range(5)})
    assert [
        one.to_pydatetime() for one in trends.shifted(frame, AUTUMN)["at"]
    ] == AUTUMN.intervals()


def test_the_running_day_is_marked_by_the_zones_clock() -> None:
    """At 23:30 UTC it is the next day in Berlin: that one runs, the day before is over."""
    now = at("2026-11-22T23:30")
    period = period_until(now, timedelta(days=3), IntervalLength.DAY, BERLIN)
    frame = pd.DataFrame({"at": pd.Series(period.intervals()).astype(MOMENT)})

    assert period.end == at("2026-11-23T23:00")
    assert list(trends.marked(frame, period, now)["complete"]) == [True, True, False]


def test_an_empty_frame_has_its_types() -> None:
    """Nothing counted in days of a zone is no trouble."""
    empty = trends.points({"series": []})
    assert trends.marked(empty, AUTUMN, AUTUMN.end).empty
    assert trends.shifted(empty, AUTUMN).empty


def test_ticks_stand_where_days_begin() -> None:
    """Each says its own day, and the axis whose days they are."""
    moments = tick_moments(period=AUTUMN, zone=BERLIN)
    labels = [tick_label(one, AUTUMN, BERLIN) for one in moments]
    assert labels == ["23 Oct", "24 Oct", "25 Oct", "26 Oct", "27 Oct", "28 Oct"]
    title = time_axis(period=AUTUMN, zone=BERLIN).to_dict()["title"]
    assert title == "Time (days of Europe/Berlin)"


def test_half_hours_go_where_the_api_puts_them() -> None:
    """India's days are counted from half past midnight."""
    assert begin_of(date(2026, 11, 22), KOLKATA) == at("2026-11-21T19:00")


def test_the_question_names_the_zone_of_days_alone() -> None:
    """Hours are hours of UTC, and days of UTC need no name: links made before stay the same."""
    by_day = dict(trends_question(AUTUMN).parameters)
    by_hour = dict(trends_question(replace(AUTUMN, interval=IntervalLength.HOUR)).parameters)
    in_utc = dict(trends_question(replace(AUTUMN, zone=ZoneInfo("UTC"))).parameters)
    assert (by_day.get("tz"), by_hour.get("tz"), in_utc.get("tz")) == ("Europe/Berlin", None, None)


def figures(app: AppTest) -> dict[str, str]:
    """Return what the tiles of a page say."""
    return {metric.label: metric.value for metric in app.metric}


@pytest.mark.parametrize(
    ("zone", "day"), [("Europe/Berlin", "2026-10-25"), ("America/New_York", "2026-11-01")]
)
@pytest.mark.parametrize("interval", ["Day", "Hour"])
def test_a_day_in_which_clocks_change_has_the_jobs_of_a_recount(
    open_page: Open, zone: str, day: str, interval: str
) -> None:
    """A job ends every half hour: the day of 25 hours has 50 of them, by day as by hour."""
    first = at(f"{day}T00:00") - timedelta(hours=30)
    ends = [first + timedelta(minutes=30 * number) for number in range(160)]
    there = [one for one in ends if one.astimezone(ZoneInfo(zone)).date().isoformat() == day]
    house = reading_house([])
    house.now = instants.parse("2026-11-22T15:20:00Z")
    house.post(
        *(
            job_update(
                job_id=f"job-{number}",
                event_id="ended",
                occurred_at=end.isoformat(),
                status="completed",
                result="succeeded",
            )
            for number, end in enumerate(ends)
        )
    )
    with serving(house) as api:
        app = open_page(api, span="Days", days=[day, day], tz=zone, interval=interval)

    assert not app.exception
    assert len(there) == 50
    assert figures(app)["Jobs ended"] == "50"


@pytest.mark.parametrize("page", ["trends", "cost"])
def test_a_page_by_day_shows_days_of_the_zone(api: Api, open_page: Open, page: str) -> None:
    """Its figures are those of the API's answer for that zone, and not those for UTC."""
    app = open_page(api, page, interval="Day", tz="America/New_York", span="7d")
    period = {"from": "2026-11-16", "to": "2026-11-23"}
    points, others = (
        api.house.get("/trends", interval="day", tz=tz, **period).json["series"][0]["points"]
        for tz in ("America/New_York", "UTC")
    )

    assert not app.exception
    shown = figures(app)
    if page == "trends":
        ended, other = (sum(one["ended"] for one in found) for found in (points, others))
        assert shown["Jobs ended"] == f"{ended:,}"
        assert ended != other
    else:
        spent = sum(one["counters"]["cost_microusd"] for one in points)
        assert shown["Cost"] == words.money(spent / 1_000_000)
    assert any("tz=America%2FNew_York" in one for one in api.asked)


def test_days_of_utc_may_be_had_in_any_zone(api: Api, open_page: Open) -> None:
    """The link says so, and times stay in the zone."""
    app = open_page(api, interval="Day", tz="Europe/Berlin", utcdays="true")
    assert not app.exception
    assert not any("tz=Europe" in one for one in api.asked)


def test_errors_say_whose_days_they_are_counted_by(api: Api, open_page: Open) -> None:
    """They can't be had by other days than those of UTC."""
    assert "days of UTC" in words_of(open_page(api, "errors", span="30d", tz="Asia/Tokyo"))


def test_days_that_begin_late_are_explained(api: Api, open_page: Open) -> None:
    """Where midnight cuts an hour of UTC."""
    app = open_page(api, span="30d", tz="Asia/Kolkata")
    assert "Days are counted from 00:30" in words_of(app)


def test_what_is_left_out_is_named(
    api: Api, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows the rest, and says whose figures are missing."""
    monkeypatch.setattr("run_ledger.read.trend_sums.MOST_PARTITIONS", 91)
    app = open_page(api, span="30d", tz="Europe/Berlin")
    assert not app.exception
    assert "These figures are without" in words_of(app)
    assert figures(app)["Jobs ended"]


def test_too_much_to_add_up_is_explained_with_ways_out(
    api: Api, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click asks what the API answers: days of UTC."""
    refusal = InvalidQuery("from", "more was counted than one answer can add up")
    monkeypatch.setattr("run_ledger.read.trend_sums._by_client", Mock(side_effect=refusal))
    app = open_page(api, span="30d", tz="Europe/Berlin")
    assert not app.exception
    assert "The API can't answer this" in words_of(app)
    assert "more was counted" in words_of(app).replace("\\", "")
    (way,) = [one for one in app.button if one.label == "Days of UTC"]

    way.click().run()

    assert not app.exception
    assert app.query_params["utcdays"] == "true"
    assert figures(app)["Jobs ended"]
