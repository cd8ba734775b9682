"""Numbers on axes: durations in a unit that suits them, money with its sign, counts in short."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pandas as pd
import pytest
from dashboard_app.charts import drawings, failures, measures, palette, progress, throughput
from dashboard_app.charts.units import unit_of
from dashboard_app.frames import projects as project_frames
from tests.dashboard_app.charts.test_dashboard_charts import (
    BERLIN,
    CHARTS,
    FRAME,
    NOW,
    ONE,
    PERIOD,
    PROJECT,
    ROOT,
    encodings,
    luminance,
    rows,
    specification,
)

DURATIONS = ("duration_p50_seconds", "duration_p95_seconds")


def axes(chart: Any, channel: str = "y") -> list[dict[str, Any]]:
    """Return the vertical encodings of a chart that have an axis of their own."""
    return [
        dict(given)
        for name, given in encodings(specification(chart))
        if name == channel and given.get("axis")
    ]


@pytest.mark.parametrize(
    ("longest", "name"),
    [
        (None, "seconds"),
        (0, "seconds"),
        (179, "seconds"),
        (180, "minutes"),
        (2_400, "minutes"),
        (10_800, "hours"),
        (345_599, "hours"),
        (345_600, "days"),
    ],
)
def test_the_unit_is_that_of_the_longest(longest: float | None, name: str) -> None:
    """A few of it, rather than thousands of a smaller one."""
    given = pd.Series([None, 1.0 if longest else longest, longest], dtype="Float64")

    assert unit_of([given, pd.Series([None], dtype="Float64")]).name == name


def lasting(frame: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Return points whose durations are as long."""
    there = frame["ended"] > 0
    return frame.assign(
        **{name: pd.Series(seconds, frame.index, "Float64").where(there) for name in DURATIONS}
    )


def test_durations_are_drawn_in_the_unit_that_their_axis_names() -> None:
    """Alone, against the previous period (which decides, too), by group and as percentiles."""
    on: Any = {"period": PERIOD, "zone": BERLIN}
    measure = measures.MEASURES["duration_p95_seconds"]
    short, long = lasting(ONE, 90), lasting(ONE, 5_400)
    alone = measures.compared(frame=short, before=None, measure=measure, **on)
    against = measures.compared(frame=short, before=long, measure=measure, **on)
    grouped = measures.by_group(
        frame=lasting(FRAME, 7_200 * 2), measure=measure, groups=["acme", "globex"], **on
    )
    both = measures.percentiles(frame=long, **on)

    for chart, column, unit, values in (
        (alone, "duration_p95_seconds", "seconds", {90}),
        (against, "duration_p95_minutes", "minutes", {1.5, 90}),
        (grouped, "duration_p95_hours", "hours", {4}),
        (both, "value", "minutes", {90}),
    ):
        drawn = {row[column] for row in rows(chart, column)} - {None}
        assert drawn == values
        assert {given["title"].partition("(")[2] for given in axes(chart)} == {f"{unit})"}


@pytest.mark.parametrize("name", ["cost_usd", "cost_usd by group"])
def test_money_has_its_sign(name: str) -> None:
    """On each tick, with as many decimals as the ticks need."""
    found = axes(CHARTS[name])

    assert found
    assert all(given["axis"]["format"] == "$,f" for given in found)


def test_each_tick_of_a_count_is_short_by_itself() -> None:
    """Vega's own short form gives all of them one prefix: 0k, 0.5k, 1k."""
    for chart in CHARTS.values():
        for given in (*axes(chart), *axes(chart, "x")):
            assert "s" not in (given["axis"].get("format") or ""), given
    bars = axes(throughput.results(frame=ONE, period=PERIOD, zone=BERLIN))
    assert [given["axis"]["tickMinStep"] for given in bars] == [1]


@pytest.mark.parametrize("theme", palette.BACKGROUNDS)
def test_text_of_charts_can_be_read(theme: str) -> None:
    """By 4.5:1 on cards and on the page, as WCAG asks of text; in the ink that the site has."""
    config = tomllib.loads((ROOT / "dashboard_app/.streamlit/config.toml").read_text())["theme"]
    ink = drawings.inked(theme)["config"]["axis"]["labelColor"]

    assert drawings.inked(theme)["config"]["legend"]["labelColor"] == ink
    assert ink in (ROOT / "static_site/design/tokens.css").read_text()
    for ground in (palette.BACKGROUNDS[theme], config[theme]["backgroundColor"]):
        high, low = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5
    assert drawings.inked(None) == {}


def test_small_charts_are_on_one_scale() -> None:
    """Each reaches as high as the highest of them, and has no legend of its own."""
    most = throughput.most_ended(FRAME)
    for group in ("acme", "globex"):
        chart = throughput.small_result(
            frame=FRAME, period=PERIOD, zone=BERLIN, group=group, most=most
        )
        drawn = specification(chart)["encoding"]
        assert drawn["y"]["scale"]["domain"] == [0, most]
        assert drawn["color"]["legend"] is None
        tops = [row["high"] for row in rows(chart, "high")]
        assert tops
        assert max(tops) <= most


def test_a_key_of_groups_names_others_only_where_there_are_any() -> None:
    """It has the colours of the chart."""
    both = pd.DataFrame({"label": ["a", "b"]})

    assert failures.group_colours(both, ["a", "b"]) == {
        "a": palette.GROUPS[0],
        "b": palette.GROUPS[1],
    }
    assert failures.group_colours(both, ["a"]) == {"a": palette.GROUPS[0], "Others": palette.THIRD}


def test_a_name_with_separators_of_lines_leaves_its_chart_drawn() -> None:
    """Vega's expressions, which sort by names, take none: the browser said "token ILLEGAL"."""
    project = PROJECT | {"name": "two\u2028lines\u2029more"}
    chart = progress.progress(frame=project_frames.projects([project], NOW))
    assert "two lines more" in json.dumps(specification(chart), ensure_ascii=False)


def test_the_theme_is_the_sites() -> None:
    """Paper, surface, ink, lines and accent are those of the site's tokens, in light and dark."""
    theme = tomllib.loads((ROOT / "dashboard_app/.streamlit/config.toml").read_text())["theme"]
    tokens = (ROOT / "static_site/design/tokens.css").read_text()
    light, _, dark = tokens.partition("prefers-color-scheme: dark")
    for mode, given in (("light", light), ("dark", dark)):
        for option, token in {
            "backgroundColor": "paper",
            "secondaryBackgroundColor": "surface",
            "textColor": "ink",
            "borderColor": "line",
            "primaryColor": "accent",
        }.items():
            assert f"--{token}: {theme[mode][option]};" in given, (mode, option)
