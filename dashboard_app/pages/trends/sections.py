"""The parts of the Trends page: figures, throughput, groups, measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import load
from dashboard_app.api.problems import RequestRefused
from dashboard_app.charts.axes import AnyChart
from dashboard_app.charts.colour_keys import colour_key
from dashboard_app.charts.drawings import Drawing, show
from dashboard_app.charts.failures import annotated
from dashboard_app.charts.measures import (
    MEASURES,
    RECORDS,
    TOKENS,
    by_group,
    compared,
    percentiles,
    stacked,
)
from dashboard_app.charts.stacked_bars import RESULT_COLOURS
from dashboard_app.charts.throughput import most_ended, small_result, small_results, throughput
from dashboard_app.context import PageContext
from dashboard_app.frames import failures as failure_frames
from dashboard_app.frames import trends as frames
from dashboard_app.frames.movers import comparable, group_movers
from dashboard_app.pages.trends import figures
from dashboard_app.pages.trends.focus import chart_key, note_brush
from dashboard_app.pages.trends.rates import rate_note, rate_points
from dashboard_app.pages.trends.spike import failures_behind, spike_links, spikes_of, with_causes
from dashboard_app.periods import DAY, Period
from dashboard_app.ui import export, panels
from dashboard_app.ui.cards import card
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import movers_table, totals_table

_SMALL_CHARTS, _LINES, _NOTES = 6, 8, 12
_LOOKED_BACK = 30 * DAY

Shown = tuple[AnyChart | Drawing, pd.DataFrame, Callable[[], object] | None]
"""A chart, its points, and a function that shows a note below it, if there is one."""
Makers = tuple[Callable[[], Shown], Mapping[str, Callable[[], AnyChart]]]
"""What makes the chart of error rates, and what makes the others, by name."""


def figures_of(  # noqa: PLR0913 - what a section is drawn from
    here: PageContext,
    whole: pd.DataFrame,
    before: pd.DataFrame | None,
    focus: Period | None,
    requests: list[ApiRequest],
    *,
    key: str = "tiles",
) -> None:
    """Show the sums of the period or of its focus; only complete intervals are compared."""
    add_up = partial(_totals, whole, before, here, focus)
    figures.figures(*here.made("figures", requests, focus or here.period, add_up), key=key)


def _totals(
    whole: pd.DataFrame, before: pd.DataFrame | None, here: PageContext, focus: Period | None
) -> list[frames.SeriesTotals]:
    """Return the sums; with `before`, also the two sums to compare: of this period and before."""
    now = frames.within(whole, focus)
    if before is None:
        return [frames.total(now)]
    both = comparable(whole, before, here.period, focus, here.now)
    return [frames.total(now), *(frames.total(one) for one in both)]


def throughput_of(
    here: PageContext, whole: pd.DataFrame, request: ApiRequest
) -> tuple[list[ApiRequest], Callable[[], None]]:
    """Show jobs created and ended, and attempts started, with the brush that narrows the page.

    Nobody waits for more than this chart: return the requests for what failed in the intervals
    that it marks, and a function that then links to it below the chart.
    """
    spikes = spikes_of(here, whole, here.period, [request])
    causes = failures_behind(spikes, here.period, request)
    chart = here.drawn(
        "throughput",
        [request],
        here.period,
        lambda: throughput(frame=whole, period=here.period, zone=here.zone, spikes=spikes),
    )
    with card(here, "throughput", "Throughput", chart=chart, frame=whole, requests=[request]):
        show(
            chart,
            key=chart_key(),
            on_select=note_brush,
            alt="Jobs created, jobs ended by result, and attempts started, over time",
        )
        if not whole["complete"].all():
            st.caption("The pale bar is an interval that is not over yet. Its counts still grow.")
        below = st.container()

    def link_spikes() -> None:
        with below:
            spike_links(here, with_causes(here, spikes, causes), here.period, request)

    return causes, link_spikes


def groups_of(
    here: PageContext, grouped: pd.DataFrame, part: Period, request: ApiRequest, group_by: str
) -> None:
    """Show results of the busiest groups side by side, and the sums of all groups."""
    narrowed = frames.within(grouped, part)
    sums = here.made("sums", [request], part, lambda: frames.totals(narrowed))
    busiest = [str(name) for name in sums["group"][:_SMALL_CHARTS]]
    chart = here.drawn(
        "small results",
        [request],
        part,
        lambda: small_results(frame=narrowed, period=part, zone=here.zone, groups=busiest),
    )
    title = "Jobs ended, by result"
    with card(here, f"by-{group_by}", title, chart=chart, frame=sums, requests=[request]):
        colour_key(RESULT_COLOURS)
        _small_charts(here, narrowed, part, request, busiest)
        if len(sums) > len(busiest):
            st.caption(
                f"These are the {len(busiest)} busiest of {len(sums)} groups. The table shows all."
            )
    totals_table(sums, group_by.capitalize())


def _small_charts(
    here: PageContext, narrowed: pd.DataFrame, part: Period, request: ApiRequest, groups: list[str]
) -> None:
    """Show a chart for each group, all with the same scale."""
    most = most_ended(narrowed)
    draw = partial(small_result, frame=narrowed, period=part, zone=here.zone, most=most)
    with st.container(key="small-charts"):
        for group in groups:
            with st.container():
                st.markdown(f"**{plain(group)}**")
                chart = here.drawn(f"small {group}", [request], part, partial(draw, group=group))
                show(chart, alt=f"Jobs ended by result: {group}")


def movers_of(
    here: PageContext,
    grouped: pd.DataFrame,
    before: pd.DataFrame,
    focus: Period | None,
    requests: list[ApiRequest],
) -> None:
    """Show how each group changed since the previous period, the greatest change first."""
    moved = here.made(
        "movers",
        requests,
        focus or here.period,
        lambda: group_movers(*comparable(grouped, before, here.period, focus, here.now)),
    )
    st.markdown("**Compared with the previous period**")
    movers_table(moved)
    st.caption(
        "Only complete intervals are compared. The change in failures is how many more jobs "
        "failed than at the previous error rate. The table is sorted by it."
    )
    export.offer(here, name="groups-against-before", frame=moved, requests=requests)


def measures_of(  # noqa: PLR0913 - what a section is drawn from
    here: PageContext,
    series: pd.DataFrame,
    before: pd.DataFrame | None,
    part: Period,
    requests: list[ApiRequest],
    *,
    is_grouped: bool,
) -> None:
    """Show a chart for each measure, in two columns."""
    narrowed = frames.within(series, part)
    if is_grouped:
        rate, makers = _grouped(here, narrowed, part, requests)
    else:
        rate, makers = _single(here, narrowed, before, part)
    columns = st.columns(2, gap="medium")
    for number, name in enumerate(("Error rate", *makers)):
        file_name = name.lower().replace(" ", "-").replace(",", "")
        with columns[number % 2]:
            chart, points, note = (
                (here.drawn(name, requests, part, makers[name]), narrowed, None)
                if name in makers
                else rate()
            )
            with card(here, file_name, name, chart=chart, frame=points, requests=requests):
                show(chart, alt=f"{name} over time", key=f"chart-{name}")
                if note is not None:
                    note()
                if name == "Cost":
                    panels.lower_bound(points)


def _grouped(
    here: PageContext, series: pd.DataFrame, part: Period, requests: list[ApiRequest]
) -> Makers:
    groups = frames.top_groups(series, "ended", _LINES)
    names = {
        "Duration, median": "duration_p50_seconds",
        "Duration, 95th percentile": "duration_p95_seconds",
        "Records": "records",
        "Tokens": "tokens",
        "Cost": "cost_usd",
    }
    draw = partial(by_group, zone=here.zone, groups=groups)
    drawn = partial(draw, frame=series, period=part)
    makers = {name: partial(drawn, measure=MEASURES[column]) for name, column in names.items()}
    return partial(_grouped_rate, here, part, series, requests, draw), makers


def _grouped_rate(
    here: PageContext,
    part: Period,
    series: pd.DataFrame,
    requests: list[ApiRequest],
    draw: partial[AnyChart],
) -> Shown:
    groups = draw.keywords["groups"]
    points, part = rate_points(series, part, series[series["group"].isin(groups)])
    marked = spikes_of(here, points, part, requests)
    causes = failures_behind(marked, part, requests[0])
    spikes = with_causes(here, marked, causes)
    make = partial(draw, frame=points, period=part, measure=MEASURES["error_rate"], spikes=spikes)
    chart = here.drawn("grouped error rate", [*requests, *causes], part, make)

    def note() -> None:
        rate_note(points, part)
        spike_links(here, spikes, part, requests[0])

    return chart, points, note


def _single(
    here: PageContext, series: pd.DataFrame, before: pd.DataFrame | None, part: Period
) -> Makers:
    earlier = None if before is None else frames.within(frames.shifted(before, here.period), part)
    draw = partial(compared, frame=series, before=earlier, period=part, zone=here.zone)
    bars = partial(stacked, frame=series, period=part, zone=here.zone)
    # Without a period to compare with, "Durations" shows it already.
    compared_too = (
        {}
        if earlier is None
        else {"Duration, 95th percentile": partial(draw, measure=MEASURES["duration_p95_seconds"])}
    )
    return partial(_single_rate, here, part, series, earlier), {
        "Durations": partial(percentiles, frame=series, period=part, zone=here.zone),
        "Records": partial(bars, columns=RECORDS, title="Records (count)"),
        "Tokens": partial(bars, columns=TOKENS, title="Tokens (count)"),
        "Cost": partial(draw, measure=MEASURES["cost_usd"]),
        **compared_too,
    }


def _single_rate(
    here: PageContext, part: Period, series: pd.DataFrame, earlier: pd.DataFrame | None
) -> Shown:
    points, part = rate_points(series, part, series)
    before = None if earlier is None else rate_points(earlier, part, None)[0]
    axes: dict[str, Any] = {"period": part, "zone": here.zone}
    chart = compared(frame=points, before=before, measure=MEASURES["error_rate"], **axes)
    notes = first_failures(here, part)
    marks = f"▼ marks the first failure of a new error group: {len(notes)} in this part"
    if not notes.empty:
        chart = annotated(chart=chart, notes=notes, **axes)

    def note() -> None:
        rate_note(points, part)
        if not notes.empty:
            st.caption(marks)

    return chart, points, note


def first_failures(here: PageContext, part: Period) -> pd.DataFrame:
    """Return the error groups that began in a part and did not occur in the 30 days before.

    Columns: those of `failures.groups`, `at` and `label`. Return none where the API refuses it.
    """
    begin, end = here.period.start, here.period.end
    now = api_requests.errors(begin, end, here.client_id)
    earlier = api_requests.errors(begin - _LOOKED_BACK, begin, here.client_id)
    try:
        load(here.api, [now, earlier], "first failures")
    except RequestRefused:  # more clients and days than one response adds up
        return failure_frames.groups([])
    groups, known = (failure_frames.groups(here.api.items(one)[0]) for one in (now, earlier))
    new = failure_frames.new_since(groups, known)
    inside = new["first_seen_at"].between(pd.Timestamp(part.start), pd.Timestamp(part.end))
    return new[inside].head(_NOTES).assign(at=lambda rows: rows["first_seen_at"], label=_labels)


def _labels(rows: pd.DataFrame) -> list[str]:
    return [failure_frames.label(row) for row in rows.to_dict("records")]
