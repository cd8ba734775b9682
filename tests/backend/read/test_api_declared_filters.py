"""A cursor is bound to every filter that a list declares: a filter that is new is covered, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.readers.reading import NOW, SETTINGS, House

from run_ledger.domain.api.access import EVERYTHING, Caller
from run_ledger.domain.api.base_query import Declared, ListQuery, declarations
from run_ledger.domain.api.clients_projects import ProjectsQuery
from run_ledger.domain.api.jobs import JobsQuery
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import text
from run_ledger.openapi.endpoints import ENDPOINTS
from run_ledger.read.inquiries import Inquiry

LISTS = {path: one.query for path, one in ENDPOINTS.items() if issubclass(one.query, ListQuery)}
FILTERS = [
    pytest.param(path, one, id=f"{path}-{one.parameter.name}")
    for path, query in LISTS.items()
    for one in declarations(query)
    if one.name not in {"limit", "cursor"}
]
IN_PATH = {"job_id": "job-1"}
POSITION = ["2026-11-22T10:00:00.000000Z#job-1", 3]
moments = st.integers(NOW - 90 * 86_400_000_000, NOW - 1).map(text)


def texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """Return what a parameter of this schema takes."""
    if "anyOf" in schema:
        return moments
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "boolean":
        return st.sampled_from(["true", "false"])
    if schema["type"] == "array":
        return st.lists(texts(schema["items"]), min_size=1, unique=True).map(",".join)
    plain = st.text("abcXYZ019", min_size=1, max_size=8)
    return plain.map("{0}:{0}".format) if schema.get("pattern", "").endswith(":") else plain


def asked(path: str, filters: Mapping[str, str]) -> ListQuery:
    """Return the query of a list; what contradicts itself is no example."""
    try:
        return LISTS[path].of({name: [value] for name, value in filters.items()})
    except InvalidQuery:
        assume(False)
        raise


def inquiry(path: str) -> Inquiry:
    """Return an inquiry of staff."""
    in_path = IN_PATH if "{job_id}" in path else {}
    staff = Caller("staff", "site-app", EVERYTHING)
    nobody: Any = None
    return Inquiry(path, in_path, {}, staff, nobody, SETTINGS.cursor_key, 8, 90, NOW, "/")


@pytest.mark.parametrize(("path", "changed"), FILTERS)
@settings(max_examples=30)
@given(data=st.data())
def test_a_cursor_is_refused_when_one_filter_changes(
    path: str, changed: Declared, data: st.DataObject
) -> None:
    """From any value to any other, to none or from none, alone or with other filters beside it."""
    known = {one.parameter.name: one.parameter for one in declarations(LISTS[path])}
    names = sorted(known.keys() - {changed.parameter.name, "limit", "cursor"})
    others = {
        name: data.draw(texts(known[name].schema), name)
        for name in data.draw(
            st.lists(st.sampled_from(names), unique=True) if names else st.just([])
        )
    }
    own = st.none() | texts(changed.parameter.schema)
    one, other = (
        asked(path, others if value is None else {**others, changed.parameter.name: value})
        for value in data.draw(st.tuples(own, own), "changed")
    )
    assume(getattr(one, changed.name) != getattr(other, changed.name))
    if others:  # which may say the same already: a result is that of completed jobs
        assume(getattr(one, changed.meaning) != getattr(other, changed.meaning))
    cursor = inquiry(path).seal(one, POSITION)

    assert inquiry(path).unseal(replace(one, cursor=cursor)) == POSITION
    with pytest.raises(InvalidQuery) as refused:
        inquiry(path).unseal(replace(other, cursor=cursor))
    assert refused.value.parameter == "cursor"


@pytest.mark.parametrize(("path", "changed"), FILTERS)
@settings(max_examples=10)
@given(data=st.data())
def test_each_list_holds_a_cursor_to_its_filters(
    path: str, changed: Declared, data: st.DataObject
) -> None:
    """The API itself refuses one of the list without filters, before any call."""
    without = asked(path, {})
    cursor = inquiry(path).seal(without, POSITION)
    filters = {changed.parameter.name: data.draw(texts(changed.parameter.schema))}
    # a value that is the usual one asks for the same list
    assume(getattr(asked(path, filters), changed.name) != getattr(without, changed.name))
    nothing: Any = None

    reply = House(nothing).get(path, path=IN_PATH, cursor=cursor, **filters)

    assert (reply.status, reply.json["parameter"], reply.calls) == (400, "cursor", 0)


def test_two_ways_to_ask_the_same_are_one_binding() -> None:
    """Completed jobs of a result are the jobs of that result, and stalled jobs are running."""
    for one, other in (
        ({"result": "failed"}, {"result": "failed", "status": "completed"}),
        ({"result": "failed,timed_out"}, {"result": "timed_out,failed"}),
        ({"stalled": "true"}, {"stalled": "true", "status": "running"}),
        ({"from": "2026-11-22"}, {"from": "2026-11-22T02:00:00+02:00"}),
    ):
        assert asked("/jobs", one).binding == asked("/jobs", other).binding


@pytest.mark.parametrize("query", [JobsQuery, ProjectsQuery])
def test_every_filter_of_documents_says_which_match(query: type[ListQuery]) -> None:
    """None is taken and then ignored; what is no filter orders the list or pages it."""
    unmatched = {one.name for one in declarations(query) if one.matches is None}

    assert unmatched - {"sort"} == {"limit", "cursor"}
