"""The parts of the Trends page: figures, throughput, groups, measures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import cast

import pandas as pd
import streamlit as st

from dashboard_app import words
from dashboard_app.api import endpoints as questions
from dashboard_app.api.http_client import Question
from dashboard_app.api.loading import load
from dashboard_app.api.problems import BadQuestion
from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart
from dashboard_app.charts.drawings import Drawing, show
from dashboard_app.charts.failures import annotated
from dashboard_app.charts.measures import MEASURES, by_group, compared, percentiles, stacked
from dashboard_app.charts.throughput import most_ended, small_result, small_results, throughput
from dashboard_app.context import Desk
from dashboard_app.frames import failures as error_frames
from dashboard_app.frames import trends as frames
from dashboard_app.frames.columns import RESULTS
from dashboard_app.frames.movers import comparable, group_movers
from dashboard_app.pages.trends import figures
from dashboard_app.pages.trends.focus import chart_key, note_brush
from dashboard_app.pages.trends.spike import spike_links, spikes_of
from dashboard_app.periods import Span
from dashboard_app.ui import export, panels
from dashboard_app.ui.cards import card, colour_key
from dashboard_app.ui.tables import movers_table, totals_table

_SMALL_CHARTS, _LINES, _NOTES = 6, 8, 12
_LOOKED_BACK = timedelta(days=30)
RECORDS = {
    "records_ok": ("Done", palette.OUTCOMES["succeeded"]),
    "records_failed": ("Failed", palette.OUTCOMES["failed"]),
    "records_skipped": ("Skipped", palette.OUTCOMES["cancelled"]),
}
TOKENS = {
    "input_tokens": ("Input", palette.MEASURE),
    "output_tokens": ("Output", palette.SECOND),
}


def figures_of(  # noqa: PLR0913 - what a section is drawn from
    here: Desk,
    whole: pd.DataFrame,
    before: pd.DataFrame | None,
    focus: Span | None,
    asked: list[Question],
    *,
    key: str = "tiles",
) -> None:
    """Show the sums of the span or its focus; changes compare complete intervals alone."""
    add_up = partial(_totals, whole, before, here, focus)
    figures.figures(*here.made("figures", asked, focus or here.span, add_up), key=key)


def _totals(
    whole: pd.DataFrame, before: pd.DataFrame | None, here: Desk, focus: Span | None
) -> list[frames.Totals]:
    """Return the sums, and where there is a span before, those of what is compared."""
    now = frames.within(whole, focus)
    if before is None:
        return [frames.total(now)]
    both = comparable(whole, before, here.span, focus, here.now)
    return [frames.total(now), *(frames.total(one) for one in both)]


def throughput_of(here: Desk, whole: pd.DataFrame, asked: Question) -> None:
    """Show what was created, started and ended, with the brush that narrows the rest."""
    noted, causes = spikes_of(here, whole, here.span, [asked])
    chart = here.drawn(
        "throughput",
        [asked, *causes],
        here.span,
        lambda: throughput(frame=whole, span=here.span, zone=here.zone, spikes=noted),
    )
    with card("throughput", "Throughput") as head:
        show(
            chart,
            key=chart_key(),
            on_select=note_brush,
            alt="Jobs created, attempts started and ended by result, over time",
        )
        if not whole["complete"].all():
            st.caption("The pale bar is of the interval that is running: it still counts.")
        spike_links(here, noted)
        with head:
            export.take_away(here, name="throughput", frame=whole, questions=[asked], chart=chart)


def groups_of(
    here: Desk, grouped: pd.DataFrame, part: Span, asked: Question, group_by: str
) -> None:
    """Show results of the busiest groups side by side, and the sums of all groups."""
    narrowed = frames.within(grouped, part)
    sums = here.made("sums", [asked], part, lambda: frames.totals(narrowed))
    busiest = [str(name) for name in sums["group"][:_SMALL_CHARTS]]
    chart = here.drawn(
        "small results",
        [asked],
        part,
        lambda: small_results(frame=narrowed, span=part, zone=here.zone, groups=busiest),
    )
    with card(f"by-{group_by}", "Attempts ended, by result") as head:
        colour_key({words.OUTCOMES[name]: palette.OUTCOMES[name] for name in RESULTS})
        _small_charts(here, narrowed, part, asked, busiest)
        if len(sums) > len(busiest):
            st.caption(f"Charts of the {len(busiest)} busiest of {len(sums)}; the table has all.")
        with head:
            export.take_away(
                here, name=f"by-{group_by}", frame=sums, questions=[asked], chart=chart
            )
    totals_table(sums, group_by.capitalize())


def _small_charts(
    here: Desk, narrowed: pd.DataFrame, part: Span, asked: Question, groups: list[str]
) -> None:
    """Show each of some groups in a chart of its own, all on one scale."""
    most = most_ended(narrowed)
    draw = partial(small_result, frame=narrowed, span=part, zone=here.zone, most=most)
    with st.container(key="small-charts"):
        for group in groups:
            with st.container():
                st.markdown(f"**{panels.plain(group)}**")
                chart = here.drawn(f"small {group}", [asked], part, partial(draw, group=group))
                show(chart, alt=f"Attempts ended by result: {group}")


def movers_of(
    here: Desk,
    grouped: pd.DataFrame,
    before: pd.DataFrame,
    focus: Span | None,
    asked: list[Question],
) -> None:
    """Show how each group moved against the span before, the greatest mover first."""
    moved = here.made(
        "movers",
        asked,
        focus or here.span,
        lambda: group_movers(*comparable(grouped, before, here.span, focus, here.now)),
    )
    st.markdown("**Against the span before**")
    movers_table(moved)
    st.caption(
        "Intervals that are over, in both spans. Failures more are those beyond what the error "
        "rate before would have given: the order of the table."
    )
    export.take_away(here, name="groups-against-before", frame=moved, questions=asked)


def measures_of(  # noqa: PLR0913 - what a section is drawn from
    here: Desk,
    series: pd.DataFrame,
    before: pd.DataFrame | None,
    part: Span,
    asked: list[Question],
    *,
    is_grouped: bool,
) -> None:
    """Show a chart for each measure, in two columns."""
    narrowed = frames.within(series, part)
    makers = (
        _grouped(narrowed, part, here, asked)
        if is_grouped
        else _single(narrowed, before, part, here)
    )
    columns = st.columns(2, gap="medium")
    for number, (name, make) in enumerate(makers.items()):
        file_name = name.lower().replace(" ", "-").replace(",", "")
        with columns[number % 2], card(file_name, name) as head:
            has_notes = name == "Error rate"  # which other answers decide on
            plain = cast("Callable[[], AnyChart]", make)
            chart = make() if has_notes else here.drawn(name, asked, part, plain)
            show(chart, alt=f"{name} over time", key=f"chart-{name}")
            with head:
                export.take_away(here, name=file_name, frame=narrowed, questions=asked, chart=chart)


def _grouped(
    series: pd.DataFrame, part: Span, here: Desk, asked: list[Question]
) -> dict[str, Callable[[], AnyChart | Drawing]]:
    groups = frames.top_groups(series, "ended", _LINES)
    names = {
        "Error rate": "error_rate",
        "Duration, median": "duration_p50_seconds",
        "Duration, 95th percentile": "duration_p95_seconds",
        "Records": "records",
        "Tokens": "tokens",
        "Cost": "cost_usd",
    }
    draw = partial(by_group, frame=series, span=part, zone=here.zone, groups=groups)
    makers: dict[str, Callable[[], AnyChart | Drawing]] = {
        name: partial(draw, measure=MEASURES[column]) for name, column in names.items()
    }
    return {**makers, "Error rate": partial(_grouped_rate, here, part, series, asked, draw)}


def _grouped_rate(
    here: Desk,
    part: Span,
    series: pd.DataFrame,
    asked: list[Question],
    draw: Callable[..., AnyChart],
) -> Drawing:
    by_client = dict(asked[0].parameters).get("group_by") == "client"
    noted, causes = spikes_of(here, series, part, asked, by_client=by_client)
    make = partial(draw, measure=MEASURES["error_rate"], spikes=noted)
    chart = here.drawn("grouped error rate", [*asked, *causes], part, make)
    spike_links(here, noted, by_client=by_client)
    return chart


def _single(
    series: pd.DataFrame, before: pd.DataFrame | None, part: Span, here: Desk
) -> dict[str, Callable[[], AnyChart | Drawing]]:
    earlier = None if before is None else frames.within(frames.shifted(before, here.span), part)
    draw = partial(compared, frame=series, before=earlier, span=part, zone=here.zone)
    bars = partial(stacked, frame=series, span=part, zone=here.zone)
    return {
        "Error rate": partial(_error_rate, here, part, draw),
        "Durations": partial(percentiles, frame=series, span=part, zone=here.zone),
        "Records": partial(bars, columns=RECORDS, title="Records (count)"),
        "Tokens": partial(bars, columns=TOKENS, title="Tokens (count)"),
        "Cost": partial(draw, measure=MEASURES["cost_usd"]),
        "Duration, 95th percentile": partial(draw, measure=MEASURES["duration_p95_seconds"]),
    }


def _error_rate(here: Desk, part: Span, draw: Callable[..., AnyChart]) -> AnyChart:
    chart = draw(measure=MEASURES["error_rate"])
    notes = first_failures(here, part)
    if notes.empty:
        return chart
    st.caption(f"▼ the first failure of a new kind: {len(notes)} in this part of the span")
    return annotated(chart=chart, notes=notes, span=part, zone=here.zone)


def first_failures(here: Desk, part: Span) -> pd.DataFrame:
    """Return when failures of a new kind began: in the part, and not in 30 days before the span."""
    now = questions.errors(here.span.start, here.span.end, here.client_id)
    earlier = questions.errors(here.span.start - _LOOKED_BACK, here.span.start, here.client_id)
    try:
        load(here.answers, [now, earlier], "first failures")
    except BadQuestion:  # more clients and days than one answer adds up: the chart does without
        return error_frames.groups([])
    groups = here.answers.make(now, _groups)
    known = here.answers.make(earlier, _groups)
    new = error_frames.new_since(groups, known)
    inside = new["first_seen_at"].between(pd.Timestamp(part.start), pd.Timestamp(part.end))
    return new[inside].head(_NOTES).assign(at=lambda rows: rows["first_seen_at"], label=_labels)


def _groups(document: error_frames.Document) -> pd.DataFrame:
    return error_frames.groups(document["items"])


def _labels(rows: pd.DataFrame) -> list[str]:
    return [error_frames.label(row) for row in rows.to_dict("records")]
