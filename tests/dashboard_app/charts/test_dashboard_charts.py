"""Charts on their data: what is drawn, in which colours, and that every axis says its unit."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from dashboard_app import words
from dashboard_app.charts import bars, failures, measures, palette, progress, throughput
from dashboard_app.charts.axes import interval_name, tick_label, tick_moments
from dashboard_app.charts.gantt import gantt
from dashboard_app.frames import failures as failure_frames
from dashboard_app.frames import job_times, jobs, projects, trends
from dashboard_app.periods import DAY, HOUR, IntervalLength, Period
from dashboard_app.ui import export

ROOT = Path(__file__).resolve().parents[3]
UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 20, tzinfo=UTC)
PERIOD = Period(START, START + timedelta(hours=12), IntervalLength.HOUR)
NOW = START + timedelta(hours=8, minutes=30)


def point(hour: int, **counts: Any) -> dict[str, Any]:
    """Return a point of the API."""
    nothing = dict.fromkeys(
        ("created", "started", "ended", "succeeded", "partial", "failed", "cancelled", "timed_out"),
        0,
    )
    return {
        **nothing,
        "at": (START + hour * HOUR).isoformat(),
        "error_rate": None,
        "duration_p50_seconds": None,
        "duration_p95_seconds": None,
        "attempts": {"ended": 0, "failed": 0, "timed_out": 0},
        "counters": {},
        **counts,
    }


DOCUMENT = {
    "series": [
        {
            "key": {"client_id": name},
            "points": [
                point(
                    0,
                    created=3,
                    started=3,
                    ended=4,
                    succeeded=3,
                    failed=1,
                    error_rate=0.25,
                    duration_p50_seconds=9.5,
                    duration_p95_seconds=30.0,
                    counters={"records_ok": 10, "cost_microusd": 2_000_000, "input_tokens": 7},
                ),
                point(1, created=1, started=1, ended=1, cancelled=1),
                point(8, created=2, started=2, ended=2, partial=2, error_rate=0.0),
            ],
        }
        for name in ("acme", "globex")
    ]
}
FRAME = trends.marked(trends.points(DOCUMENT), PERIOD, NOW)
ONE = FRAME[FRAME["group"] == "acme"]
ERRORS = [
    {
        "fingerprint": f"f{number}",
        "type": "KeyError",
        "message": "<b>x</b>",
        "count": 3 + number,
        "jobs": 3 + number,
        "first_seen_at": START.isoformat(),
        "last_seen_at": START.isoformat(),
        "clients": ["acme"],
        "days": [
            {"at": (START + day * DAY).isoformat(), "count": 3 + number, "jobs": 3 + number}
            for day in range(1 if number else 2)
        ],
        "job_ids": ["j"],
        "job_names": {},
    }
    for number in range(3)
]
DAILY = failure_frames.daily(ERRORS)
DAYS = Period(START, START + 2 * DAY, IntervalLength.DAY)
PROJECT = {
    "project_id": "p",
    "client_id": "acme",
    "name": None,
    "owner": None,
    "status": "active",
    "due_at": "2026-12-01T00:00:00Z",
    "jobs_expected": 10,
    "created_at": "2026-11-01T00:00:00Z",
    "last_seen_at": None,
    "jobs_done": 4,
    "overdue": False,
    "jobs": {
        "total": 6,
        "queued": 0,
        "running": 1,
        "succeeded": 4,
        "partial": 0,
        "failed": 1,
        "cancelled": 0,
        "timed_out": 0,
    },
}
JOB = {
    "attempts": [
        {
            "attempt": number,
            "status": "completed" if number == 1 else "running",
            "result": "failed" if number == 1 else None,
            "started_at": (START + number * HOUR).isoformat(),
            "ended_at": (START + 1.5 * HOUR).isoformat() if number == 1 else None,
            "duration_seconds": 1800.0 if number == 1 else None,
            "error": {"type": "E", "message": "M", "fingerprint": "f"} if number == 1 else None,
        }
        for number in (1, 2)
    ]
}
ENTRIES = [
    {
        "event_id": "e",
        "occurred_at": (START + HOUR).isoformat(),
        "received_at": (START + HOUR).isoformat(),
        "attempt": 1,
        "source": "s",
        "detail": {"status": "running", "stage": "fetch", "delta": {"records_ok": 3}},
    }
]


def charts() -> Iterator[tuple[str, Any]]:
    """Yield every chart that there is, by name."""
    on = {"period": PERIOD, "zone": BERLIN}
    yield "throughput", throughput.throughput(frame=ONE, **on)
    yield "small results", throughput.small_results(frame=FRAME, groups=["acme", "globex"], **on)
    small = {"frame": FRAME, "group": "acme", "most": 4.0}
    yield "small result", throughput.small_result(**small, **on)
    for name, measure in measures.MEASURES.items():
        yield name, measures.compared(frame=ONE, before=ONE, measure=measure, **on)
        yield (
            f"{name} by group",
            measures.by_group(frame=FRAME, measure=measure, groups=["acme", "globex"], **on),
        )
    yield "percentiles", measures.percentiles(frame=ONE, **on)
    yield (
        "records",
        measures.stacked(
            frame=ONE, columns={"records_ok": ("Done", "#000")}, title="Records (count)", **on
        ),
    )
    yield (
        "ranked",
        bars.ranked(
            frame=trends.totals(FRAME), measure=measures.MEASURES["cost_usd"], group_title="Client"
        ),
    )
    attempts = jobs.attempts(JOB, NOW)
    part = {**JOB["attempts"][1], "job_id": "part", "name": None, "stalled": False}
    stages, parts = job_times.stages(attempts, ENTRIES, NOW), job_times.parts([part], NOW)
    on_axis: Any = {"stages": stages, "parts": parts, "events": jobs.entries(ENTRIES)}
    yield "gantt", gantt(frame=attempts, zone=BERLIN, **on_axis)
    yield "progress", progress.progress(frame=projects.projects([PROJECT], NOW))
    labels = ["KeyError: <b>x</b>"]
    yield "groups", failures.groups_over_time(frame=DAILY, period=DAYS, zone=BERLIN, labels=labels)
    moved = pd.DataFrame(
        {"label": ["a"], "count_before": [1], "count": [3], "change": [2], "direction": ["More"]}
    ).assign(more=1.5)
    yield "movers", failures.movers(frame=moved)


CHARTS = dict(charts())


def specification(chart: Any) -> dict[str, Any]:
    """Return a chart as it is exported."""
    document: dict[str, Any] = json.loads(export.spec(chart))
    return document


def encodings(part: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield all channels of all layers of a specification."""
    if isinstance(part, dict):
        yield from (part.get("encoding") or {}).items()
        for value in part.values():
            yield from encodings(value)
    elif isinstance(part, list):
        for value in part:
            yield from encodings(value)


@pytest.mark.parametrize("name", CHARTS)
def test_every_axis_and_tooltip_is_titled(name: str) -> None:
    """Where a quantity is drawn, its title says of what and in which unit."""
    for channel, given in encodings(specification(CHARTS[name])):
        if channel in {"x", "y"} and given.get("type") == "quantitative":
            title = given.get("title")
            small = name.startswith("small result") and channel == "x"
            small |= given.get("axis", title) is None
            assert small or (title and "(" in title), (channel, given)
        if channel == "tooltip":
            assert all(one.get("title") for one in given)


@pytest.mark.parametrize("name", CHARTS)
def test_an_exported_specification_is_whole(name: str) -> None:
    """It carries its data, and is JSON that knows no NaN."""
    document = specification(CHARTS[name])

    assert document["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert any(rows for rows in document["datasets"].values())
    json.dumps(document, allow_nan=False)


def rows(chart: Any, column: str) -> list[dict[str, Any]]:
    """Return the rows of a chart's data that have a column."""
    return [
        row for data in specification(chart)["datasets"].values() for row in data if column in row
    ]


def test_results_are_stacked_without_gap_or_overlap() -> None:
    """Each interval's bars begin at nothing and end at what ended in it."""
    drawn = rows(CHARTS["throughput"], "low")
    by_x: dict[float, list[dict[str, Any]]] = {}
    for row in drawn:
        by_x.setdefault(row["x"], []).append(row)

    tops = []
    for _, parts in sorted(by_x.items()):
        ordered = sorted(parts, key=lambda part: part["low"])
        assert ordered[0]["low"] == 0
        assert all(a["high"] == b["low"] for a, b in itertools.pairwise(ordered))
        tops.append(ordered[-1]["high"])
    assert tops == [4, 1, 2]


def test_a_gap_is_a_gap() -> None:
    """An hour in which nothing was counted is no zero on a line: it breaks there."""
    drawn = rows(CHARTS["error_rate"], "error_rate")[:12]

    assert [row["error_rate"] for row in drawn] == [0.25, *[None] * 7, 0.0, *[None] * 3]


def test_the_running_interval_is_marked() -> None:
    """It alone is paler, and its tooltip says so."""
    drawn = sorted(rows(CHARTS["throughput"], "low"), key=lambda row: row["x"])
    parts = {row["when"]: row["part"] for row in drawn}

    assert list(parts.values()) == ["whole", "whole", "so far"]
    assert list(parts)[-1] == "Fri 20 Nov 2026, 09:00–10:00 CET"


def test_no_hour_falls_on_another_when_clocks_go_back() -> None:
    """Both hours that are called 02:00 have their place and their name."""
    night = Period(
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 5, tzinfo=UTC),
        IntervalLength.HOUR,
    )
    names = [interval_name(at, night, BERLIN) for at in night.intervals()]

    assert len(set(names)) == len(names) == 7
    assert [name for name in names if "02:00–" in name] == [
        "Sun 25 Oct 2026, 02:00–02:00 CEST",
        "Sun 25 Oct 2026, 02:00–03:00 CET",
    ]


def test_ticks_stand_where_days_begin_for_the_reader() -> None:
    """Midnight in Berlin is 23:00 in UTC."""
    period = Period(START, START + 7 * DAY, IntervalLength.HOUR)
    ticks = tick_moments(period=period, zone=BERLIN)

    assert {at.hour for at in ticks} == {23}
    assert tick_label(ticks[0], period, BERLIN) == "21 Nov"


@pytest.mark.parametrize("days", [1, 2, 3, 7, 30, 31, 90, 400])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_ticks_are_few_and_inside(days: int, zone: str) -> None:
    """Whatever the period and the zone."""
    interval = IntervalLength.HOUR if days <= 31 else IntervalLength.DAY
    period = Period(START, START + days * DAY, interval)
    ticks = tick_moments(period=period, zone=ZoneInfo(zone))

    assert 2 <= len(ticks) <= 26
    assert all(period.start <= at <= period.end for at in ticks)


# --- Colours ------------------------------------------------------------------------------------

_MACHADO = {  # Machado, Oliveira and Fernandes 2009, severity 1
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.95047, 1.0, 1.08883)
Vector = tuple[float, ...]


def _times(matrix: Any, vector: Vector) -> Vector:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _linear(colour: str) -> Vector:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)


def _lab(light: Vector) -> Vector:
    xyz = _times(_XYZ, tuple(min(1.0, max(0.0, c)) for c in light))
    x, y, z = (
        c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116
        for c in (part / white for part, white in zip(xyz, _WHITE, strict=True))
    )
    return (116 * y - 16, 500 * (x - y), 200 * (y - z))


def luminance(colour: str) -> float:
    """Return how light a colour is, as WCAG has it."""
    return _times(_XYZ, _linear(colour))[1]


@pytest.mark.parametrize("eyes", _MACHADO)
def test_results_are_apart_for_all_eyes(eyes: str) -> None:
    """Any two differ by 25 and more, as people without a kind of cones see them, too."""
    seen = {
        name: _lab(_times(_MACHADO[eyes], _linear(palette.OUTCOMES[name])))
        for name in palette.APART
    }

    for (one, a), (other, b) in itertools.combinations(seen.items(), 2):
        distance = sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5
        assert distance >= 25, (one, other, distance)


@pytest.mark.parametrize("ground", palette.BACKGROUNDS.values())
@pytest.mark.parametrize("name", palette.APART)
def test_results_stand_out_from_both_grounds(name: str, ground: str) -> None:
    """By 3:1, as WCAG asks of graphics."""
    high, low = sorted((luminance(palette.OUTCOMES[name]), luminance(ground)), reverse=True)

    assert (high + 0.05) / (low + 0.05) >= 3


def test_a_result_has_one_colour_in_every_chart() -> None:
    """Wherever a result's word is in a legend, the colour is the palette's."""
    found = 0
    for chart in CHARTS.values():
        for channel, given in encodings(specification(chart)):
            scale = given.get("scale") if channel in {"color", "fill", "stroke"} else None
            domain = (scale or {}).get("domain") or []
            for word, colour in zip(domain, (scale or {}).get("range") or [], strict=False):
                for name, known in words.OUTCOMES.items():
                    if word == known and name in palette.APART:
                        assert colour == palette.OUTCOMES[name]
                        found += 1
    assert found >= 15
