"""What counters and events say to people; tables that say nothing where nothing is known."""

from __future__ import annotations

import pytest
from dashboard_app import words
from streamlit.testing.v1 import AppTest
from tests.dashboard_app.conftest import Open, words_of
from tests.support.app.dashboard_api import Api
from tests.support.events.builders import job_update


def test_counters_are_told_in_their_units() -> None:
    """Money in dollars, all else in full; one that is nobody's word is told as it is."""
    assert words.amount("cost_microusd", 215_469) == "$0.22"
    assert words.amount("records_ok", 12_345) == "12,345"
    assert words.counter("llm_answers_unread") == "Model answers not understood"
    assert words.deltas({"records_ok": 40, "cost_microusd": 5_000, "pages": -2}) == (
        "Cost +$0.0050, pages −2, Records done +40"
    )


def test_a_cost_without_that_of_some_calls_is_a_lower_bound() -> None:
    """It says so; a cost of which all is known, or nothing, does not."""
    assert words.cost(2.5, 3) == "at least $2.50"
    assert words.cost(2.5, 0) == "$2.50"
    assert words.cost(None, 3) == words.NOTHING


@pytest.mark.parametrize("page", ["trends", "cost"])
def test_a_page_says_that_its_cost_is_a_lower_bound(
    empty_api: Api, open_page: Open, page: str
) -> None:
    """With calls of which nobody knows the cost, a cost is at least what it shows."""
    empty_api.house.post(
        job_update(
            event_id="e",
            occurred_at="2026-11-22T15:00:00Z",
            status="completed",
            result="succeeded",
            delta={"cost_microusd": 2_500_000, "llm_calls": 7, "llm_calls_unpriced": 3},
        )
    )

    app = open_page(empty_api, page, span="24h", tz="UTC")

    assert {metric.label: metric.value for metric in app.metric}["Cost"] == "at least $2.50"
    assert page == "trends" or "the cost of 3 model calls" in words_of(app)


def test_a_number_has_its_noun() -> None:
    """One has no plural."""
    assert [words.counted(number, "job") for number in (0, 1, 2_000)] == [
        *("0 jobs", "1 job", "2,000 jobs")
    ]


def test_an_event_says_what_happened() -> None:
    """In the words that outcomes have everywhere."""
    assert words.happened({"status": "completed", "result": "partial"}) == "Completed · Partial"
    assert words.happened({"status": "running", "stage": "fetch"}) == "Running · fetch"
    assert words.happened({"delta": {}}) == "Progress"
    assert words.happened({"status": "odd"}) == "odd"


@pytest.mark.parametrize(
    "page", ["trends", "jobs", "errors", "incidents", "projects", "clients", "cost"]
)
def test_what_is_missing_is_a_dash_in_every_table(api: Api, open_page: Open, page: str) -> None:
    """Streamlit would say None."""
    app = open_page(api, page, span="7d", by="Client", job="job-0003", standing="All")

    assert not app.exception
    assert len(app.dataframe) > 0
    assert {table.proto.placeholder for table in app.dataframe} == {words.NOTHING}


def test_other_rows_do_not_inherit_a_mark(api: Api, open_page: Open) -> None:
    """Streamlit keeps the chosen row of a table by its place: other rows are another table."""

    def table_of(page: str, column: str, **address: str) -> str:
        app = open_page(api, page, span="30d", **address)
        (found,) = [one.proto.id for one in app.dataframe if column in one.value]
        return str(found)

    everything = table_of("jobs", "job_id")
    assert table_of("jobs", "job_id") == everything
    assert table_of("jobs", "job_id", client="globex") != everything


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.3, "0.3"),
        (0.00003217, "0.0000322"),
        (12.54, "12.5"),
        (158.05, "158"),
        (1115.65, "1,116"),
        (-2_345_678.9, "-2,345,679"),
        (999.96, "1,000"),
    ],
)
def test_a_figure_for_each_record_has_no_exponent(value: float, text: str) -> None:
    """Three digits say enough, but those before the point are never left out."""
    assert words.per_record("input_tokens", value) == text


def test_an_exact_figure_has_all_its_digits() -> None:
    """Where the tile rounds, its help does not."""

    def page() -> None:
        from dashboard_app.frames.trends import ATTEMPTS  # noqa: PLC0415 - AppTest runs it as a script
        from dashboard_app.pages.trends.figures import figures  # noqa: PLC0415 - AppTest runs it as a script

        names = ("created", "ended", "error_rate", "records", "tokens", "cost_usd", *ATTEMPTS)
        figures(dict.fromkeys(names, 1_234_567))  # type: ignore[arg-type]

    told = {one.label: one.help for one in AppTest.from_function(page).run().metric}
    assert "Exactly 1,234,567." in told["Jobs created"]
