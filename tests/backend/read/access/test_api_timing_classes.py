"""Not even the time tells what is another's from what is not there: both take the same calls.

An answer's time is that of its rounds of calls of DynamoDB. So the calls are compared: how many
rounds, and in each call the operation, table, index and number of keys.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from tests.support.readers.callers import ASKED, CALLERS, EVERYTHING, NOT_THERE, Ask, world
from tests.support.readers.reading import House

from run_ledger.read.reader import ROUTES

full = cache(lambda: world(EVERYTHING))
world_of = cache(world)
# Callers that see something, or could, and not all: for others nothing is hidden.
PARTIAL = [kind for kind, caller in CALLERS.items() if not (caller.is_staff or caller.refused)]
CASES = [pytest.param(path, kind, id=f"{path} by {kind}") for path in ROUTES for kind in PARTIAL]
THINGS = [case for case in CASES if any(ask.owner == NOT_THERE for ask in ASKED[case.values[0]])]  # type: ignore[index]


def calls(here: House, path: str, ask: Ask, kind: str) -> tuple[int, list[tuple[Any, ...]]]:
    """Return the rounds and the calls that an answer took."""
    reply = here.get(path, CALLERS[kind].claims, path=ask.path, **ask.query)
    shapes = []
    for name, request in here.counting.requests:
        keys = {table: len(one["Keys"]) for table, one in request.get("RequestItems", {}).items()}
        shapes.append((name, request.get("TableName"), request.get("IndexName"), keys))
    return reply.rounds, sorted(shapes, key=repr)


@pytest.mark.parametrize(("path", "kind"), THINGS)
def test_what_is_anothers_takes_the_calls_of_what_is_not_there(path: str, kind: str) -> None:
    """A job, project or client of somebody else is looked for as one that never was."""
    (none,) = [ask for ask in ASKED[path] if ask.owner == NOT_THERE]
    # Some callers are of the client that has no data; nobody is of this one.
    absent = {name: value.replace("hooli", "nemo") for name, value in none.path.items()}
    expected = calls(full(), path, none._replace(path=absent), kind)
    hidden = [ask for ask in ASKED[path] if ask.owner in EVERYTHING - CALLERS[kind].sees]
    for ask in hidden:
        assert calls(full(), path, ask, kind) == expected, ask


@pytest.mark.parametrize(("path", "kind"), CASES)
def test_what_others_have_changes_no_call(path: str, kind: str) -> None:
    """Every answer takes the calls that it would take in a ledger without all the others."""
    alone = world_of(CALLERS[kind].sees)
    for ask in ASKED[path]:
        assert calls(full(), path, ask, kind) == calls(alone, path, ask, kind), ask


def test_there_is_something_to_compare() -> None:
    """Paths of things, and callers from whom something is hidden."""
    assert {case.values[0] for case in THINGS} >= {"/jobs/{job_id}", "/jobs/{job_id}/entries"}
    assert {"one client", "machine of one client"} <= set(PARTIAL)


@pytest.mark.parametrize(
    ("path", "parse"),
    [
        ("/jobs/{job_id}", "run_ledger.read.jobs.from_job_item"),
        ("/jobs/{job_id}/entries", "run_ledger.read.jobs.from_job_item"),
        ("/projects/{project_id}", "run_ledger.read.projects.from_project_item"),
    ],
)
def test_what_is_anothers_is_not_even_parsed(
    monkeypatch: pytest.MonkeyPatch, path: str, parse: str
) -> None:
    """A job of 400 KB takes long to read as a job; whose it is is known before that."""

    def fail(_item: Any) -> Any:
        raise AssertionError("nothing of another's is looked into")

    monkeypatch.setattr(parse, fail)
    for ask in ASKED[path]:
        if ask.owner in EVERYTHING - {"acme"}:
            reply = full().get(path, CALLERS["one client"].claims, path=ask.path, **ask.query)
            assert reply.status == 404
