"""A drawing is its chart: valid, with the same data, whatever other threads do to Altair."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from dashboard_app.charts import drawings
from dashboard_app.ui import export
from tests.dashboard_app.charts.test_dashboard_charts import CHARTS


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
