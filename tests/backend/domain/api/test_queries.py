"""Every parameter has one meaning, or an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.api.base_query import PathQuery
from run_ledger.domain.api.entries import EntriesQuery, RejectionsQuery
from run_ledger.domain.api.jobs import JobsQuery
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import parse


def test_without_parameters_the_defaults_hold() -> None:
    """Nothing is filtered, and a page is of moderate size."""
    assert JobsQuery.of({}) == JobsQuery(limit=50)
    assert EntriesQuery.of({}).limit == 100
    assert RejectionsQuery.of({}).limit == 50


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
        "q": ["Enrich ß"],
        "tag": ["team:a:b"],
        "sort": ["cost"],
        "limit": ["200"],
        "cursor": ["c"],
    }
    query = JobsQuery.of(given_parameters)

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
        text="Enrich ß",
        tag="team:a:b",
        sort="cost",
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
    assert JobsQuery.of(parameters).outcomes == outcomes


@pytest.mark.parametrize(
    ("parse", "parameters", "name"),
    [
        (JobsQuery.of, {"limit": ["0"]}, "limit"),
        (JobsQuery.of, {"limit": ["201"]}, "limit"),
        (JobsQuery.of, {"limit": ["-1"]}, "limit"),
        (JobsQuery.of, {"limit": ["1.0"]}, "limit"),
        (JobsQuery.of, {"limit": ["1_0"]}, "limit"),
        (JobsQuery.of, {"limit": ["٣"]}, "limit"),
        (JobsQuery.of, {"limit": ["9" * 5000]}, "limit"),
        (JobsQuery.of, {"limit": [""]}, "limit"),
        (JobsQuery.of, {"limit": ["5", "5"]}, "limit"),
        (JobsQuery.of, {"client_id": [""]}, "client_id"),
        (JobsQuery.of, {"client_id": ["a b"]}, "client_id"),
        (JobsQuery.of, {"client_id": ["a\n"]}, "client_id"),
        (JobsQuery.of, {"client_id": ["x" * 129]}, "client_id"),
        (JobsQuery.of, {"client_id": ["a", "b"]}, "client_id"),
        (JobsQuery.of, {"status": ["done"]}, "status"),
        (JobsQuery.of, {"status": ["Running"]}, "status"),
        (JobsQuery.of, {"result": ["running"]}, "result"),
        (JobsQuery.of, {"result": ["failed"], "status": ["running"]}, "result"),
        (JobsQuery.of, {"result": [""]}, "result"),
        (JobsQuery.of, {"result": ["failed,"]}, "result"),
        (JobsQuery.of, {"result": ["failed, timed_out"]}, "result"),
        (JobsQuery.of, {"result": ["failed,failed"]}, "result"),
        (JobsQuery.of, {"result": ["failed", "timed_out"]}, "result"),
        (JobsQuery.of, {"fingerprint": [""]}, "fingerprint"),
        (JobsQuery.of, {"fingerprint": ["x" * 129]}, "fingerprint"),
        (JobsQuery.of, {"fingerprint": ["\ud800"]}, "fingerprint"),
        (JobsQuery.of, {"fingerprint": ["a", "b"]}, "fingerprint"),
        (JobsQuery.of, {"fingerprint": ["f"], "status": ["running"]}, "fingerprint"),
        (JobsQuery.of, {"fingerprint": ["f"], "result": ["succeeded,partial"]}, "fingerprint"),
        (JobsQuery.of, {"stalled": ["true"], "fingerprint": ["f"]}, "stalled"),
        (JobsQuery.of, {"stalled": ["true"], "ended_to": ["2026-11-22"]}, "stalled"),
        (JobsQuery.of, {"ended_from": ["now"]}, "ended_from"),
        (JobsQuery.of, {"ended_from": ["2026-11-22"], "status": ["queued"]}, "ended_from"),
        (JobsQuery.of, {"ended_to": ["2026-11-22"], "status": ["queued"]}, "ended_to"),
        (JobsQuery.of, {"ended_from": ["2026-11-22"], "ended_to": ["2026-11-22"]}, "ended_to"),
        (JobsQuery.of, {"from": ["2026-11-22"], "ended_to": ["2026-11-22"]}, "ended_to"),
        (JobsQuery.of, {"project_id": ["a/b"]}, "project_id"),
        (JobsQuery.of, {"pipeline": ["ä"]}, "pipeline"),
        (JobsQuery.of, {"parent_job_id": ["x" * 129]}, "parent_job_id"),
        (JobsQuery.of, {"stalled": ["yes"]}, "stalled"),
        (JobsQuery.of, {"stalled": ["true"], "status": ["queued"]}, "stalled"),
        (JobsQuery.of, {"stalled": ["true"], "result": ["failed"]}, "stalled"),
        (JobsQuery.of, {"from": ["2026-11-22T10:00:00"]}, "from"),
        (JobsQuery.of, {"from": ["yesterday"]}, "from"),
        (JobsQuery.of, {"to": ["2026-02-30"]}, "to"),
        (JobsQuery.of, {"to": ["9999-12-31T23:59:59-23:59"]}, "to"),
        (JobsQuery.of, {"from": ["2026-11-22"], "to": ["2026-11-22"]}, "to"),
        (
            JobsQuery.of,
            {"from": ["2026-11-22T01:00:00Z"], "to": ["2026-11-22T02:00:00+02:00"]},
            "to",
        ),
        (JobsQuery.of, {"q": ["a" * 129]}, "q"),
        (JobsQuery.of, {"q": ["a", "b"]}, "q"),
        (JobsQuery.of, {"q": ["\ud800"]}, "q"),
        (JobsQuery.of, {"tag": ["team"]}, "tag"),
        (JobsQuery.of, {"tag": [":search"]}, "tag"),
        (JobsQuery.of, {"tag": [""]}, "tag"),
        (JobsQuery.of, {"tag": ["a:\ud800"]}, "tag"),
        (JobsQuery.of, {"tag": ["a:b", "c:d"]}, "tag"),
        (JobsQuery.of, {"tag": [f"{'a' * 128}:{'b' * 1_025}"]}, "tag"),
        (JobsQuery.of, {"sort": ["name"]}, "sort"),
        (JobsQuery.of, {"sort": ["duration,cost"]}, "sort"),
        (JobsQuery.of, {"q": [""]}, "q"),
        (JobsQuery.of, {"cursor": ["a", "a"]}, "cursor"),
        (JobsQuery.of, {"Limit": ["5"]}, "Limit"),
        (JobsQuery.of, {"page": ["2"]}, "page"),
        (EntriesQuery.of, {"limit": ["1001"]}, "limit"),
        (EntriesQuery.of, {"client_id": ["a"]}, "client_id"),
        (RejectionsQuery.of, {"limit": ["201"]}, "limit"),
        (PathQuery.of, {"limit": ["5"]}, "limit"),
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
        JobsQuery.of(parameters)
    except InvalidQuery as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
