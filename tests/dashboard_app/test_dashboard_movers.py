"""Changes since the previous period, and where failures stand out: as data and on pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pandas as pd
import pytest
from dashboard_app.charts.measures import MEASURES, by_group
from dashboard_app.charts.throughput import FOCUS, throughput
from dashboard_app.frames import movers, trends
from dashboard_app.frames.columns import RESULTS
from dashboard_app.periods import HOUR, IntervalLength, Period
from tests.dashboard_app.conftest import Open, words_of
from tests.dashboard_app.test_dashboard_pages import frame_of
from tests.support.app.dashboard_api import Api, serving
from tests.support.events.builders import Envelope, job_update
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

START = datetime(2026, 11, 22, tzinfo=UTC)
PERIOD = Period(START, START + 6 * HOUR, IntervalLength.HOUR)


def points(group: str, begin: datetime, *hours: tuple[int, int]) -> dict[str, Any]:
    """Return a series in which so many jobs ended and failed in each hour; (0, 0): a gap."""
    return {
        "key": {"client_id": group},
        "points": [
            {
                **dict.fromkeys(RESULTS, 0),
                "at": (begin + number * HOUR).isoformat(),
                "created": ended,
                "started": ended,
                "ended": ended,
                "succeeded": ended - failed,
                "failed": failed,
                "error_rate": failed / ended,
                "duration_p50_seconds": None,
                "duration_p95_seconds": None,
                "attempts": {"ended": ended, "failed": failed, "timed_out": 0},
                "counters": {"records_ok": ended},
            }
            for number, (ended, failed) in enumerate(hours)
            if ended
        ],
    }


def frame(*series: dict[str, Any]) -> pd.DataFrame:
    """Return the points of some series."""
    return trends.points({"series": list(series)})


def test_movers_are_weighed_by_what_they_come_to() -> None:
    """A whole of one job moves less than a few points of percent of a thousand."""
    now = frame(
        points("large", START, (500, 50), (500, 50)),
        points("small", START, (1, 1)),
        points("new", START, (10, 0)),
    )
    before = frame(
        points("large", START, (500, 10), (500, 10)),
        points("small", START, (1, 0)),
        points("gone", START, (7, 7)),
    )
    moved = movers.group_movers(now, before).set_index("group")

    assert list(moved.index) == ["large", "small", "new", "gone"]
    assert moved.loc["large", "error_rate_change"] == pytest.approx(0.08)
    assert moved.loc["large", "more_failures"] == pytest.approx(80)
    assert moved.loc["small", "more_failures"] == 1
    assert pd.isna(moved.loc["new", "more_failures"])
    assert pd.isna(moved.loc["new", "ended_change"])
    assert (moved.loc["gone", "ended"], moved.loc["gone", "ended_change"]) == (0, -1)


def test_rates_before_and_now_are_those_of_sums() -> None:
    """Not the mean of the hours' rates: 1 of 1 and 0 of 99 is one in a hundred."""
    hours = frame(points("one", START, (1, 1), (99, 0)))
    moved = movers.group_movers(hours, hours.iloc[:0])
    assert moved["error_rate"][0] == pytest.approx(0.01)
    moved = movers.group_movers(hours, frame(points("one", START, (50, 50), (150, 0))))
    assert moved["error_rate_before"][0] == pytest.approx(0.25)


def test_the_running_interval_is_compared_with_nothing() -> None:
    """Even where nothing was counted in it yet: its counterpart is left out, too."""
    now = START + 2 * HOUR + timedelta(minutes=20)
    series = frame(points("one", START, (10, 1), (10, 1)))
    before = frame(points("one", PERIOD.previous.start, *[(10, 5)] * 6))
    mine, theirs = movers.comparable(series, before, PERIOD, None, now)
    assert (mine["ended"].sum(), theirs["ended"].sum()) == (20, 20)

    part = Period(START + HOUR, START + 4 * HOUR, IntervalLength.HOUR)
    mine, theirs = movers.comparable(series, before, PERIOD, part, now)
    assert (mine["ended"].sum(), theirs["ended"].sum()) == (10, 10)


def test_only_what_stands_out_is_marked() -> None:
    """Many failures among many jobs are usual; of few jobs two are too few to say."""
    series = frame(
        points("usual", START, (100, 20), (50, 12), (100, 25), (400, 85)),
        points("spike", START, (100, 2), (100, 1), (60, 30), (100, 2)),
        points("few", START, (10, 0), (2, 2), (10, 0)),
        points("always", START, (20, 20), (20, 20)),
        points("once", START, (20, 20)),
    )
    found = movers.spikes(series, 5)
    assert list(found["group"]) == ["spike"]
    assert found["at"][0] == START + 2 * HOUR
    assert (found["bad"][0], found["judged"][0], found["rate"][0]) == (30, 60, 0.5)
    assert movers.spikes(series.iloc[:0], 5).empty


def noted() -> pd.DataFrame:
    """Return a spike as charts take it."""
    series = frame(points("a", START, (100, 2), (60, 30), (100, 2)))
    return movers.spikes(series, 5).assign(label="Timeout", failures="30 of 60 jobs failed")


def test_marks_name_the_error_and_leave_the_brush() -> None:
    """On throughput the mark stands above its interval; the brush is still there, by its name."""
    series = trends.marked(
        frame(points("all", START, (100, 2), (60, 30), (100, 2))), PERIOD, PERIOD.end
    )
    chart = throughput(frame=series, period=PERIOD, zone=PERIOD.zone, spikes=noted())
    said = chart.to_dict()
    mark = said["layer"][-1]

    assert [one["name"] for one in said["params"]] == [FOCUS]
    assert mark["mark"]["shape"] == "diamond"
    assert [tip["field"] for tip in mark["encoding"]["tooltip"]] == [
        "when",
        "group",
        "failures",
        "label",
    ]
    (row,) = said["datasets"][mark["data"]["name"]]
    assert row["label"] == "Timeout"
    assert row["middle"] == (START + 1.5 * HOUR).timestamp() * 1_000


def test_grouped_rates_are_marked_on_their_line() -> None:
    """A mark lies at the rate of its group; groups that are not drawn have none."""
    series = trends.marked(frame(points("a", START, (100, 2), (60, 30))), PERIOD, PERIOD.end)
    kinds = {"measure": MEASURES["error_rate"], "period": PERIOD, "zone": PERIOD.zone}
    chart = by_group(frame=series, groups=["a"], spikes=noted(), **kinds)  # type: ignore[arg-type]
    bare = by_group(frame=series, groups=["b"], spikes=noted(), **kinds)  # type: ignore[arg-type]

    said = chart.to_dict()
    assert said["datasets"][said["layer"][-1]["data"]["name"]][0]["rate"] == 0.5
    assert "layer" not in bare.to_dict()


def bad_hour() -> list[Envelope]:
    """Give three days of jobs of two clients, and an hour in which one client's all failed."""
    begin = datetime(2026, 11, 20, 0, 5, tzinfo=UTC)
    found = []
    for number in range(60):
        at = begin + number * HOUR
        for part in range(6 if number == 30 else 1):
            failed = number == 30
            about = {
                "job_id": f"job-{number}-{part}",
                "client_id": "acme" if failed or number % 2 else "globex",
                "occurred_at": (at + timedelta(minutes=part)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            end: dict[str, Any] = {"status": "completed", "result": "succeeded"}
            if failed:
                error = {"type": "RateLimitError", "message": "[Too](http://x) *many* calls"}
                end = {"status": "completed", "result": "failed", "error": error}
            found += [
                job_update(**about, event_id="1", status="running"),
                job_update(**about, event_id="2", **end),
            ]
    return found


def rest_of_the_day() -> list[Envelope]:
    """Give failures of the bad hour's day, outside it, of an error that is the day's commonest."""
    found = []
    for number in range(12):
        end = {"status": "completed", "result": "failed", "error": {"type": "Usual", "message": ""}}
        at = datetime(2026, 11, 21, 12 + number // 2, 30, tzinfo=UTC)
        found.append(
            job_update(
                job_id=f"usual-{number}",
                client_id="globex",
                event_id="1",
                occurred_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                **end,
            )
        )
    return found


def test_a_bad_hour_leads_to_what_failed_in_it(open_page: Open) -> None:
    """It is marked on throughput and by client, said with what failed, and linked to those jobs.

    The error that is the commonest of the whole day is not that of the hour.
    """
    house = reading_house([*bad_hour(), *rest_of_the_day()])
    house.now = instants.parse("2026-11-22T15:20:00Z")
    with serving(house) as api:
        app = open_page(api, span="7d", by="Client", interval="Hour")
        asked = [one.partition("?")[0] for one in api.asked]

    assert not app.exception
    # The chart is marked before anybody knows what failed: nobody waits for that.
    assert asked.index("/projects") < asked.index("/jobs")
    links = [one.proto for one in app.get("page_link")]
    assert len(links) == 2  # over all, and by client
    for link in links:
        assert "21 Nov 2026" in link.label
        assert "RateLimitError" in link.label
        assert "](http" not in link.label
        assert "jobs" in link.page
        address = dict(parse_qsl(link.query_string))
        assert address["ended"] == "2026-11-21T06:00:00Z/2026-11-21T07:00:00Z"
        with serving(house) as api:
            jobs = frame_of(open_page(api, "jobs", **address), "job_id")
        assert set(jobs["job_id"]) == {f"job-30-{part}" for part in range(6)}
    assert "client=acme" in links[1].query_string
    moved = frame_of(app, "more_failures")
    assert set(moved["group"]) == {"acme", "globex"}


@pytest.mark.parametrize("by", ["Client", "Pipeline"])
def test_groups_against_the_span_before_are_those_of_the_api(
    api: Api, open_page: Open, by: str
) -> None:
    """Each group's sums, now and before, over the intervals that are over."""
    app = open_page(api, span="7d", interval="Day", by=by)
    moved = frame_of(app, "more_failures").set_index("group")
    name = {"Client": "client_id", "Pipeline": "pipeline"}[by]
    for column, begin, end in (
        ("ended", "2026-11-16", "2026-11-22"),
        ("ended_before", "2026-11-09", "2026-11-15"),
    ):
        answer = api.house.get("/trends", group_by=by.lower(), **{"from": begin, "to": end}).json
        sums = {
            one["key"][name]: sum(point["ended"] for point in one["points"])
            for one in answer["series"]
        }
        assert {group: value for group, value in moved[column].items() if value} == {
            group: value for group, value in sums.items() if value
        }


def test_the_brush_narrows_what_is_grouped(api: Api, open_page: Open) -> None:
    """Sums, movers and exports are of the part alone; the chart with the brush stays whole."""
    part = "2026-11-18T00:00:00Z/2026-11-20T00:00:00Z"
    app = open_page(api, span="7d", interval="Day", by="Client", focus=part)
    period = {"from": "2026-11-18", "to": "2026-11-20"}
    answer = api.house.get("/trends", group_by="client", **period).json
    sums = {one["key"]["client_id"]: one for one in answer["series"]}

    table = next(
        one.value for one in app.dataframe if "error_rate" in one.value and "created" in one.value
    )
    assert dict(zip(table["group"], table["ended"], strict=True)) == {
        client: sum(point["ended"] for point in one["points"]) for client, one in sums.items()
    }
    moved = frame_of(app, "more_failures")
    assert moved["ended"].sum() == table["ended"].sum()
    assert "Narrowed to" in words_of(app)

    next(one for one in app.button if one.label == "Show the whole period").click().run()

    assert "focus" not in app.query_params
    assert "Narrowed to" not in words_of(app)
