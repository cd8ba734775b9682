"""A drawing is its chart: valid, with the same data, whatever other threads do to Altair."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from dashboard_app.charts import drawings
from dashboard_app.charts.gantt import gantt
from dashboard_app.charts.measures import MEASURES, compared
from dashboard_app.frames import job_times, jobs, trends
from dashboard_app.ui import export
from streamlit.testing.v1 import AppTest
from tests.dashboard_app.charts.test_dashboard_charts import CHARTS, FRAME, NOW, PERIOD


def tables(drawn: drawings.Drawing) -> dict[str, list[dict[str, Any]]]:
    """Return what a browser reads of a drawing's tables."""
    return {
        name: pa.ipc.open_stream(content).read_all().to_pylist()
        for name, content in drawn.tables.items()
    }


def named(part: Any) -> set[str]:
    """Return the names of all tables that a specification draws from."""
    if isinstance(part, dict):
        data = part.get("data")
        mine = {data["name"]} if isinstance(data, dict) else set()
        return mine.union(*(named(value) for value in part.values()))
    return set().union(*(named(value) for value in part)) if isinstance(part, list) else set()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_valid(name: str) -> None:
    """Pages leave holding it against Vega-Lite's schema to this."""
    assert CHARTS[name].to_dict(validate=True)["$schema"]


@pytest.mark.parametrize("name", CHARTS)
def test_a_drawing_has_the_data_of_its_chart(name: str) -> None:
    """Each table that is drawn from is there, with the rows that an export of the chart has."""
    drawn = drawings.drawing(CHARTS[name])
    exported = drawings.specification(drawn)

    assert named(drawn.specification) == set(drawn.tables)
    sizes = sorted(len(rows) for rows in exported["datasets"].values())
    found = tables(drawn)
    assert sorted(len(rows) for rows in found.values()) == sizes
    columns = {frozenset(rows[0]) for rows in exported["datasets"].values() if rows}
    assert {frozenset(rows[0]) for rows in found.values() if rows} == columns


def test_the_same_data_has_the_same_name() -> None:
    """So a browser keeps a chart that has not changed as it is."""
    one, other = (drawings.drawing(CHARTS["percentiles"]) for _ in range(2))

    assert one.specification == other.specification
    assert one.tables == other.tables


def test_drawing_and_exporting_side_by_side() -> None:
    """Sessions run in threads, and Altair's settings are everybody's: none sees another's."""
    chart = CHARTS["throughput"]

    def work(number: int) -> set[str]:
        if number % 2:
            return named(drawings.drawing(chart).specification)
        return named(drawings.specification(chart))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(40)))

    assert {frozenset(names) for names in found[1::2]} == {frozenset(found[1])}
    assert {frozenset(names) for names in found[::2]} == {frozenset(found[0])}
    assert found[0].isdisjoint(found[1])


def test_a_stray_end_of_line_stays_within_its_field() -> None:
    """Messages come from anywhere; readers of CSV take a bare CR for the end of a row."""
    at = pd.Series([datetime(2026, 11, 22, tzinfo=UTC)])
    frame = pd.DataFrame({"message": ['one\rtwo\nthree, "four"'], "count": [1], "at": at})

    text = export.csv(frame).decode("utf-8-sig")

    assert text == (
        'message,count,at\r\n"one\rtwo\nthree, ""four""",1,2026-11-22T00:00:00.000000Z\r\n'
    )


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_has_no_legend_that_vega_could_cut(name: str) -> None:
    """Its colours are in the key, which wraps; the export keeps its legends."""
    drawn = drawings.drawing(CHARTS[name])
    exported = drawings.specification(drawn)

    assert "facet" in exported or legends(drawn.specification) == {}
    assert {**legends(exported), **drawn.key} == drawn.key or "facet" in exported


def legends(part: Any) -> dict[str, str]:
    """Return the colour of each word of the legends in a specification."""
    if isinstance(part, list):
        return {word: colour for one in part for word, colour in legends(one).items()}
    if not isinstance(part, dict):
        return {}
    found = {word: one for value in part.values() for word, one in legends(value).items()}
    scale = part.get("scale")
    if part.get("legend") and isinstance(scale, dict) and "range" in scale:
        found |= dict(zip(scale["domain"], scale["range"], strict=True))
    return found


def test_all_zero_is_at_the_foot_of_the_axis() -> None:
    """With the one tick 0: not at mid-height between two made-up numbers."""
    frame = trends.marked(FRAME.assign(error_rate=0.0), PERIOD, NOW)
    kinds = {"measure": MEASURES["error_rate"], "period": PERIOD, "zone": PERIOD.zone}
    chart = compared(frame=frame, before=None, **kinds)  # type: ignore[arg-type]
    axis = chart.to_dict()["layer"][0]["encoding"]["y"]

    assert axis["scale"] == {"domain": [0, 1]}
    assert axis["axis"]["values"] == [0]


def test_no_bar_of_counts_rises_above_the_last_tick() -> None:
    """The axis is rounded to the very ticks that it shows."""
    axes = [y for chart in CHARTS.values() for y in axes_of_bars(chart.to_dict())]

    assert len(axes) >= 4
    for y in axes:
        assert y["scale"]["nice"] == y["axis"]["tickCount"]


def axes_of_bars(part: Any) -> Iterator[Any]:
    """Give the vertical axis of each part of a specification in which bars are stacked."""
    if isinstance(part, dict):
        y = part.get("encoding", {}).get("y", {})
        if y.get("field") == "low":
            yield y
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from axes_of_bars(one)


@pytest.mark.parametrize(
    ("seconds", "step", "labels"),
    [
        (25, 5, ["14:00:05", "14:00:10", "14:00:15", "14:00:20", "14:00:25"]),
        (3_600, 900, ["14:00", "14:15", "14:30", "14:45", "15:00"]),
        (5 * 86_400, 86_400, ["21 Nov", "22 Nov", "23 Nov", "24 Nov", "25 Nov"]),
    ],
)
def test_the_axis_of_a_job_has_round_ticks_and_ends_now(
    seconds: int, step: int, labels: list[str]
) -> None:
    """Ticks are at full seconds, minutes, hours or days of the local clock; none is to come."""
    begin = datetime(2026, 11, 20, 13, 0, 2, tzinfo=UTC)
    now = begin + timedelta(seconds=seconds)
    attempt = {
        "attempt": 1,
        "status": "running",
        "result": None,
        "stalled": False,
        "started_at": begin.isoformat(),
        "ended_at": None,
        "duration_seconds": None,
        "error": None,
    }
    frame = jobs.attempts({"attempts": [attempt]}, now)
    none = {"stages": job_times.stages(frame, [], now), "parts": job_times.parts([], now)}
    chart = gantt(frame=frame, events=jobs.entries([]), zone=ZoneInfo("Europe/Berlin"), **none)
    x = chart.to_dict()["layer"][0]["encoding"]["x"]

    assert x["scale"]["domain"][1] == now.timestamp() * 1_000
    ticks = x["axis"]["values"]
    assert {later - earlier for earlier, later in pairwise(ticks)} == {step * 1_000}
    assert [label for label in labels if f'"{label}"' not in x["axis"]["labelExpr"]] == []
    assert len(ticks) == len(labels)


def test_a_name_above_a_bar_ends_within_its_chart() -> None:
    """With an ellipsis, on a phone, and never in the middle of a letter."""
    names = drawings.drawing(CHARTS["movers"]).specification["layer"][-1]["mark"]

    assert names["type"] == "text"
    assert names["limit"] == {"expr": "width - 4"}


def test_the_place_of_a_chart_over_time_is_as_high_as_the_chart() -> None:
    """Before it is drawn, too; the axis comes on top of the height that its data take."""

    def page() -> None:
        from dashboard_app.charts import drawings  # noqa: PLC0415 - AppTest runs it as a script
        from tests.dashboard_app.charts.test_dashboard_charts import CHARTS  # noqa: PLC0415

        drawings.show(CHARTS["gantt"], alt="A job", place="here")

    app = AppTest.from_function(page).run()

    assert not app.exception
    (place,) = [one for one in app.main.children.values() if hasattr(one.proto, "height_config")]
    height = drawings.drawing(CHARTS["gantt"]).specification["height"]
    assert place.proto.height_config.pixel_height == height + 74
