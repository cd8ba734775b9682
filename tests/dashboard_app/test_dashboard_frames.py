"""From JSON to tables: types whatever the rows, sums that add up, rates that are never averaged."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from dashboard_app import words
from dashboard_app.frames import clients, costs, failures, jobs, projects, trends
from dashboard_app.frames.columns import MOMENT, RESULTS, WHOLE
from dashboard_app.pages.trends.focus import brushed, read_focus
from dashboard_app.periods import (
    DAY,
    HOUR,
    IntervalLength,
    Period,
    cut,
    period_until,
    usual_interval,
)
from dashboard_app.ui import export
from dashboard_app.ui.plain_text import plain
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(2026, 11, 1, tzinfo=UTC)
PERIOD = Period(START, START + 24 * HOUR, IntervalLength.HOUR)
_counts = st.integers(0, 2**53)


@st.composite
def points(draw: st.DrawFn) -> dict[str, Any]:
    """Return a point as the API has it."""
    results = {name: draw(st.integers(0, 50)) for name in RESULTS}
    ended = sum(results.values())
    judged = ended - results["cancelled"]
    failed = results["failed"] + results["timed_out"]
    return {
        **results,
        "created": draw(_counts),
        "started": draw(_counts),
        "ended": ended,
        "error_rate": failed / judged if judged else None,
        "duration_p50_seconds": draw(st.none() | st.floats(0, 1e6)),
        "duration_p95_seconds": draw(st.none() | st.floats(0, 1e6)),
        "attempts": {"ended": ended + 1, "failed": results["failed"] + 1, "timed_out": 0},
        "counters": draw(
            st.dictionaries(
                st.sampled_from(["records_ok", "records_failed", "cost_microusd", "custom"]),
                st.integers(-(2**40), 2**40),
            )
        ),
    }


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Return an answer of `/trends` with some groups and hours."""
    groups = draw(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=4))
    series = []
    for group in groups:
        hours = draw(st.lists(st.integers(0, 23), unique=True, max_size=6))
        at = [(START + hour * HOUR).isoformat() for hour in sorted(hours)]
        series.append(
            {
                "key": {"client_id": group},
                "points": [{**draw(points()), "at": moment} for moment in at],
            }
        )
    return {"group_by": "client", "series": series}


@settings(max_examples=40)
@given(documents())
def test_points_keep_every_count_and_type(document: dict[str, Any]) -> None:
    """As many rows as points, with sums to the last one, and the same types for none at all."""
    frame = trends.points(document)
    rows = [point for series in document["series"] for point in series["points"]]

    assert len(frame) == len(rows)
    assert str(frame["at"].dtype) == MOMENT
    for name in trends.COUNTS:
        assert str(frame[name].dtype) == WHOLE
        assert int(frame[name].sum()) == sum(row[name] for row in rows)
    assert int(frame["cost_microusd"].sum()) == sum(
        row["counters"].get("cost_microusd", 0) for row in rows
    )


@pytest.mark.parametrize(
    ("group_by", "title"),
    [("client", "All others"), ("model", trends.WITHOUT_A_MODEL)],
)
@settings(max_examples=20)
@given(documents(), documents())
def test_what_has_no_series_of_its_own_is_a_group(
    group_by: str, title: str, document: dict[str, Any], more: dict[str, Any]
) -> None:
    """The sum of the groups that are too many stands beside the others, under words."""
    rest = [point for one in more["series"] for point in one["points"]]
    whole = {**document, "group_by": group_by, "other": {"key": {}, "points": rest}}
    groups = list(trends.points(whole)["group"])
    assert groups == [*trends.points(document)["group"], *[title] * len(rest)]


@settings(max_examples=40)
@given(documents())
def test_rates_are_those_of_sums(document: dict[str, Any]) -> None:
    """A busy hour weighs more than a quiet one; nothing judged is no rate."""
    rows = [point for series in document["series"] for point in series["points"]]
    judged = sum(row["ended"] - row["cancelled"] for row in rows)
    failed = sum(row["failed"] + row["timed_out"] for row in rows)

    total = trends.total(trends.points(document))

    if judged:
        assert total["error_rate"] == pytest.approx(failed / judged)
    else:
        assert total["error_rate"] is None
    assert total["ended"] == sum(row["ended"] for row in rows)


@settings(max_examples=40)
@given(documents())
def test_gaps_are_missing_not_zero(document: dict[str, Any]) -> None:
    """Every hour of every group has a row; those without a point are NA throughout."""
    frame = trends.points(document)
    grid = trends.with_gaps(frame, PERIOD)

    groups = frame["group"].nunique()
    assert len(grid) == groups * 24
    assert int(grid["ended"].isna().sum()) == groups * 24 - len(frame)
    assert int(grid["ended"].sum()) == int(frame["ended"].sum())


@settings(max_examples=40)
@given(documents())
def test_no_percentile_is_made_of_others(document: dict[str, Any]) -> None:
    """Sums of groups carry none: they would be wrong."""
    sums = trends.totals(trends.points(document))

    assert not set(trends.PERCENTILES) & set(sums.columns)


@settings(max_examples=40, deadline=None)
@given(documents())
def test_exports_hold_what_is_shown(document: dict[str, Any]) -> None:
    """CSV and Parquet give back every number; Parquet every type."""
    frame = trends.points(document)
    back = pd.read_parquet(io.BytesIO(export.parquet(frame)))
    text = pd.read_csv(io.BytesIO(export.csv(frame)), keep_default_na=False, dtype=str)

    assert [int(value) for value in back["ended"]] == [int(value) for value in frame["ended"]]
    assert str(back["at"].dtype) == MOMENT
    assert list(text["ended"]) == [str(value) for value in frame["ended"]]
    assert all(value.endswith(".000000Z") for value in text["at"])


@given(
    st.integers(1_577_836_800, 1_893_456_000),
    st.timedeltas(timedelta(minutes=1), timedelta(days=500)),
    st.sampled_from(IntervalLength),
)
def test_spans_are_whole_intervals_that_the_api_takes(
    end: int, length: timedelta, interval: IntervalLength
) -> None:
    """On edges, not empty, not too long, and the one before ends where this begins."""
    until = datetime.fromtimestamp(end, UTC)
    period = cut(until - length, until, interval)

    assert period.start < period.end
    assert period.start.minute == period.end.second == 0
    assert (period.start - START) % interval.step == timedelta()
    assert period.length <= timedelta(days={"hour": 31, "3h": 93, "6h": 186, "day": 400}[interval])
    assert period.previous.end == period.start
    assert period.previous.length == period.length
    assert period.end_of(period.intervals()[-1]) == period.end


def test_the_running_interval_is_the_last() -> None:
    """A period until now holds now, and only the interval of now is not over."""
    now = START + timedelta(hours=5, minutes=20)
    period = period_until(now, DAY, IntervalLength.HOUR)
    frame = pd.DataFrame({"at": pd.Series(period.intervals()).astype(MOMENT)})

    complete = trends.marked(frame, period, now)["complete"]

    assert period.start <= now < period.end
    assert list(complete) == [True] * 23 + [False]


@given(st.text(max_size=60))
def test_any_text_is_no_focus_or_lies_in_the_span(text: str) -> None:
    """Whatever a link says."""
    focus = read_focus(text, PERIOD)

    assert focus is None or (PERIOD.start <= focus.start < focus.end <= PERIOD.end)


def test_a_brush_is_read_in_either_direction() -> None:
    """Milliseconds in, moments out; an empty selection is none."""
    first, last = START.timestamp() * 1_000, (START + HOUR).timestamp() * 1_000

    assert brushed({"selection": {"focus": {"x": [last, first]}}}) == (START, START + HOUR)
    assert brushed({"selection": {"focus": {}}}) is None
    assert brushed({}) is None


def test_a_part_of_a_span_is_cut_at_its_intervals() -> None:
    """A brush ends in the middle of hours; what is narrowed to are whole ones."""
    focus = read_focus("2026-11-01T03:20:00Z/2026-11-01T05:10:00Z", PERIOD)

    assert focus == Period(START + 3 * HOUR, START + 6 * HOUR, IntervalLength.HOUR)


def hourly(ended: list[int], *, failed: int = 1, cancelled: int = 0) -> pd.DataFrame:
    """Return points of one hour after the other; in each of them so many jobs ended."""
    counts = dict.fromkeys(trends.COUNTS, 0) | {"failed": failed, "cancelled": cancelled}
    rows = [
        {**counts, "group": "all", "at": START + place * HOUR, "ended": one, "complete": place < 5}
        for place, one in enumerate(ended)
        if one
    ]
    return pd.DataFrame(rows).astype({"at": MOMENT})


@pytest.mark.parametrize(("jobs", "length"), [(12, "hour"), (5, "3h"), (2, "6h"), (1, "6h")])
def test_a_rate_is_of_as_many_hours_as_it_takes_to_be_one(jobs: int, length: str) -> None:
    """Ten jobs a point as a rule; 6 hours at most."""
    assert trends.carrying(hourly([jobs] * 24), PERIOD).interval == length


@given(st.lists(st.integers(0, 9), min_size=24, max_size=24), st.integers(0, 5))
def test_hours_added_up_keep_every_job(ended: list[int], begin: int) -> None:
    """Also where a part begins at any hour: its last interval is then shorter than the others."""
    part = Period(START + begin * HOUR, PERIOD.end, IntervalLength.SIX_HOURS)
    counted = trends.within(hourly([*ended[:23], 7], failed=1), part)
    points = trends.combined(counted, part)

    assert points["ended"].sum() == sum([*ended[:23], 7][begin:])
    assert set(points["at"]) <= set(pd.Series(part.intervals()).astype(MOMENT))
    assert list(points["error_rate"]) == list(points["failed"] / points["judged"])
    assert not points["complete"].iloc[-1]
    assert trends.ends_of(points["at"], part).max() == pd.Timestamp(PERIOD.end)
    assert not {*trends.PERCENTILES} & {*points}


def test_usual_intervals() -> None:
    """A week by hour, a month by day."""
    assert usual_interval(7 * DAY) is IntervalLength.HOUR
    assert usual_interval(30 * DAY) is IntervalLength.DAY


def test_what_failed_records_cost() -> None:
    """Money is shared out over done and failed alike; nothing to share over is NA."""
    sums = pd.DataFrame(
        {
            "group": ["a", "b"],
            "cost_usd": [10.0, 2.5],
            "records_ok": [80, 0],
            "records_failed": [20, 0],
            "tokens": [1_000, 5],
            "input_tokens": [800, 0],
            "cache_read_input_tokens": [200, 0],
        }
    )
    found = costs.unit_costs(sums)

    assert found.loc[0, "usd_per_record"] == 0.1
    assert found.loc[0, "failed_usd"] == 2.0
    assert found.loc[0, "cached_share"] == 0.25
    assert list(found["cost_share"]) == [0.8, 0.2]
    assert found.loc[1, ["usd_per_record", "failed_usd", "cached_share"]].isna().all()


def test_empty_lists_have_all_columns() -> None:
    """An empty page shows the same table, with no rows."""
    for frame in (jobs.jobs([]), failures.groups([]), clients.clients([])):
        assert frame.empty
        assert len(frame.columns) > 5


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        ({"status": "completed"}, "completed"),
        ({"jobs_expected": 4}, "done"),
        ({"due_at": None}, "no due date"),
        ({"due_at": "2026-11-10T00:00:00Z", "overdue": True}, "overdue"),
        ({"jobs_expected": None}, "on its way"),
        ({"jobs_expected": 6}, "on pace"),
        ({"jobs_expected": 100}, "behind an even pace"),
    ],
)
def test_how_a_project_stands(said: dict[str, Any], standing: str) -> None:
    """Against an even pace from its beginning to its due date."""
    project = {
        "project_id": "p",
        "client_id": "c",
        "name": "n",
        "owner": None,
        "status": "active",
        "due_at": "2026-12-01T00:00:00Z",
        "jobs_expected": 10,
        "created_at": "2026-11-01T00:00:00Z",
        "last_seen_at": None,
        "jobs_done": 4,
        "overdue": False,
        "jobs": dict.fromkeys(("total", "queued", "running", *RESULTS), 0) | {"succeeded": 4},
        **said,
    }
    frame = projects.projects([project], datetime(2026, 11, 16, tzinfo=UTC))

    assert frame["standing"].iloc[0] == standing


@given(st.text(max_size=80))
def test_hostile_text_is_shown_as_it_is(text: str) -> None:
    """Markdown finds nothing in it: no link, picture, formula or icon."""
    shown = plain(text).replace(":small[]", "")

    assert "\n" not in shown
    assert ":" not in shown
    for sign in "[]()!`*_$<>#|~":
        assert all(shown[at - 1] == "\\" for at in range(len(shown)) if shown[at] == sign), shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (words.compact(99_999), "99,999"),
        (words.compact(3_990_000), "3.99M"),
        (words.compact(999_999), "1M"),
        (words.percent(0.118), "11.8%"),
        (words.percent(0.00001), "< 0.1%"),
        (words.percent(0.0), "0%"),
        (words.percent(0.25), "25%"),
        (words.percent(0.8125), "81.3%"),
        (words.percent(0.9999), "99.9%"),
        (words.percent(1.0), "100%"),
        (words.money(3387.12), "$3,387.12"),
        (words.money(0.000858), "$0.000858"),
        (words.money(-0.5), "−$0.50"),
        (words.duration(9.95), "9.9 s"),
        (words.duration(3_725), "1 h 2 min"),
        (words.duration(7_200), "2 h"),
        (words.change(110, 100), "+10.0%"),
        (words.change(1, 0), None),
        (words.change(5_000, 10), "+500×"),
        (words.change(90, 100), "-10.0%"),
        (words.change(100_001, 100_000), "unchanged"),
        (words.points_of_percent(0.10, 0.12), "-2.0 points"),
        (words.whole(None), "–"),
    ],
)
def test_numbers_read_well(text: str | None, expected: str | None) -> None:
    """In the site's manner."""
    assert text == expected


def test_an_entry_says_what_it_added_and_what_its_parts_came_to() -> None:
    """Running totals over all parts that it tells of; what is null says nothing."""
    told = {"a": {"records_ok": 1200, "bytes": None}, "b": {"records_ok": 30}, "c": None}
    detail = {"delta": {"records_ok": 5}, "running_totals": told}
    at = "2026-11-22T14:00:00Z"
    item = {"event_id": "e", "occurred_at": at, "received_at": at, "attempt": 1, "source": "s"}
    frame = jobs.entries([{**item, "detail": detail}])
    assert frame["delta"].tolist() == ["records_ok +5, records_ok 1,230 so far"]
