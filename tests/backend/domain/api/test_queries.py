"""Every parameter has one meaning, or an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.api.entries import entries_query, rejections_query
from run_ledger.domain.api.jobs import JobsQuery, jobs_query
from run_ledger.domain.api.parameters import no_query
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import parse


def test_without_parameters_the_defaults_hold() -> None:
    """Nothing is filtered, and a page is of moderate size."""
    assert jobs_query({}) == JobsQuery(limit=50)
    assert entries_query({}).limit == 100
    assert rejections_query({}).limit == 50


def test_all_parameters_are_taken() -> None:
    """Each goes where its name says."""
    given_parameters = {
        "client_id": ["a.b:c_d-E"],
        "project_id": ["p"],
        "pipeline": ["enrich"],
        "parent_job_id": ["parent"],
        "status": ["completed"],
        "result": ["timed_out"],
        "fingerprint": ["ß ü 'x'"],
        "stalled": ["false"],
        "from": ["2026-11-22"],
        "to": ["2026-11-22T14:15:00.5+02:00"],
        "ended_from": ["2026-11-23"],
        "ended_to": ["2026-11-24"],
        "q": ["enrich-2026"],
        "limit": ["200"],
        "cursor": ["c"],
    }
    query = jobs_query(given_parameters)

    assert query == JobsQuery(
        client_id="a.b:c_d-E",
        project_id="p",
        pipeline="enrich",
        parent_job_id="parent",
        status="completed",
        results=("timed_out",),
        fingerprint="ß ü 'x'",
        stalled=False,
        since=parse("2026-11-22T00:00:00Z"),
        until=parse("2026-11-22T12:15:00.5Z"),
        ended_since=parse("2026-11-23T00:00:00Z"),
        ended_until=parse("2026-11-24T00:00:00Z"),
        prefix="enrich-2026",
        limit=200,
        cursor="c",
    )


@pytest.mark.parametrize(
    ("parameters", "outcomes"),
    [
        ({}, None),
        ({"status": ["queued"]}, ("queued",)),
        ({"status": ["running"]}, ("running",)),
        (
            {"status": ["completed"]},
            ("succeeded", "partial", "failed", "cancelled", "timed_out"),
        ),
        ({"result": ["failed"]}, ("failed",)),
        ({"status": ["completed"], "result": ["failed"]}, ("failed",)),
        ({"result": ["timed_out,failed"]}, ("failed", "timed_out")),
        ({"fingerprint": ["f"]}, ("failed", "timed_out")),
        ({"fingerprint": ["f"], "status": ["completed"]}, ("failed", "timed_out")),
        ({"fingerprint": ["f"], "stalled": ["false"]}, ("failed", "timed_out")),
        ({"fingerprint": ["f"], "result": ["timed_out,succeeded"]}, ("timed_out",)),
        (
            {"ended_from": ["2026-11-22"]},
            ("succeeded", "partial", "failed", "cancelled", "timed_out"),
        ),
        ({"ended_to": ["2026-11-22"], "result": ["partial"]}, ("partial",)),
        ({"stalled": ["true"]}, ("running",)),
        ({"stalled": ["false"]}, None),
        ({"stalled": ["false"], "status": ["queued"]}, ("queued",)),
    ],
)
def test_status_and_result_say_which_outcomes_match(
    parameters: dict[str, list[str]], outcomes: tuple[str, ...] | None
) -> None:
    """A completed job's outcome is its result; a result alone asks for completed jobs."""
    assert jobs_query(parameters).outcomes == outcomes


@pytest.mark.parametrize(
    ("parse", "parameters", "name"),
    [
        (jobs_query, {"limit": ["0"]}, "limit"),
        (jobs_query, {"limit": ["201"]}, "limit"),
        (jobs_query, {"limit": ["-1"]}, "limit"),
        (jobs_query, {"limit": ["1.0"]}, "limit"),
        (jobs_query, {"limit": ["1_0"]}, "limit"),
        (jobs_query, {"limit": ["٣"]}, "limit"),
        (jobs_query, {"limit": ["9" * 5000]}, "limit"),
        (jobs_query, {"limit": [""]}, "limit"),
        (jobs_query, {"limit": ["5", "5"]}, "limit"),
        (jobs_query, {"client_id": [""]}, "client_id"),
        (jobs_query, {"client_id": ["a b"]}, "client_id"),
        (jobs_query, {"client_id": ["a\n"]}, "client_id"),
        (jobs_query, {"client_id": ["x" * 129]}, "client_id"),
        (jobs_query, {"client_id": ["a", "b"]}, "client_id"),
        (jobs_query, {"status": ["done"]}, "status"),
        (jobs_query, {"status": ["Running"]}, "status"),
        (jobs_query, {"result": ["running"]}, "result"),
        (jobs_query, {"result": ["failed"], "status": ["running"]}, "result"),
        (jobs_query, {"result": [""]}, "result"),
        (jobs_query, {"result": ["failed,"]}, "result"),
        (jobs_query, {"result": ["failed, timed_out"]}, "result"),
        (jobs_query, {"result": ["failed,failed"]}, "result"),
        (jobs_query, {"result": ["failed", "timed_out"]}, "result"),
        (jobs_query, {"fingerprint": [""]}, "fingerprint"),
        (jobs_query, {"fingerprint": ["x" * 129]}, "fingerprint"),
        (jobs_query, {"fingerprint": ["\ud800"]}, "fingerprint"),
        (jobs_query, {"fingerprint": ["a", "b"]}, "fingerprint"),
        (jobs_query, {"fingerprint": ["f"], "status": ["running"]}, "fingerprint"),
        (jobs_query, {"fingerprint": ["f"], "result": ["succeeded,partial"]}, "fingerprint"),
        (jobs_query, {"stalled": ["true"], "fingerprint": ["f"]}, "stalled"),
        (jobs_query, {"stalled": ["true"], "ended_to": ["2026-11-22"]}, "stalled"),
        (jobs_query, {"ended_from": ["now"]}, "ended_from"),
        (jobs_query, {"ended_from": ["2026-11-22"], "status": ["queued"]}, "ended_from"),
        (jobs_query, {"ended_to": ["2026-11-22"], "status": ["queued"]}, "ended_to"),
        (jobs_query, {"ended_from": ["2026-11-22"], "ended_to": ["2026-11-22"]}, "ended_to"),
        (jobs_query, {"from": ["2026-11-22"], "ended_to": ["2026-11-22"]}, "ended_to"),
        (jobs_query, {"project_id": ["a/b"]}, "project_id"),
        (jobs_query, {"pipeline": ["ä"]}, "pipeline"),
        (jobs_query, {"parent_job_id": ["x" * 129]}, "parent_job_id"),
        (jobs_query, {"stalled": ["yes"]}, "stalled"),
        (jobs_query, {"stalled": ["true"], "status": ["queued"]}, "stalled"),
        (jobs_query, {"stalled": ["true"], "result": ["failed"]}, "stalled"),
        (jobs_query, {"from": ["2026-11-22T10:00:00"]}, "from"),
        (jobs_query, {"from": ["yesterday"]}, "from"),
        (jobs_query, {"to": ["2026-02-30"]}, "to"),
        (jobs_query, {"to": ["9999-12-31T23:59:59-23:59"]}, "to"),
        (jobs_query, {"from": ["2026-11-22"], "to": ["2026-11-22"]}, "to"),
        (jobs_query, {"from": ["2026-11-22T01:00:00Z"], "to": ["2026-11-22T02:00:00+02:00"]}, "to"),
        (jobs_query, {"q": ["a b"]}, "q"),
        (jobs_query, {"q": [""]}, "q"),
        (jobs_query, {"cursor": ["a", "a"]}, "cursor"),
        (jobs_query, {"Limit": ["5"]}, "Limit"),
        (jobs_query, {"page": ["2"]}, "page"),
        (entries_query, {"limit": ["1001"]}, "limit"),
        (entries_query, {"client_id": ["a"]}, "client_id"),
        (rejections_query, {"limit": ["201"]}, "limit"),
        (no_query, {"limit": ["5"]}, "limit"),
    ],
)
def test_a_wrong_parameter_is_named(
    parse: Callable[[Any], Any], parameters: dict[str, list[str]], name: str
) -> None:
    """Unknown, repeated, malformed and contradictory ones alike."""
    with pytest.raises(InvalidQuery) as refused:
        parse(parameters)
    assert refused.value.parameter == name


@given(st.dictionaries(st.text(max_size=9), st.lists(st.text(max_size=9), min_size=1, max_size=2)))
def test_no_parameters_give_another_error(parameters: dict[str, list[str]]) -> None:
    """Whatever comes is a query, or a mistake that can be said on one line."""
    said = ""
    try:
        jobs_query(parameters)
    except InvalidQuery as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
