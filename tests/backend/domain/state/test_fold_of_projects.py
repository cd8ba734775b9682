"""A project's state is a function of the set of its events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backend.domain.state.states import posted
from tests.support.events import strategies
from tests.support.events.builders import Envelope, decoded, decoded_all, job_update, project_update
from tests.support.recounts.documents import project_document
from tests.support.recounts.recount import recount_project

from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import parse
from run_ledger.domain.state import project as projects


@given(strategies.project_histories())
def test_fold_agrees_with_recount(history: list[Envelope]) -> None:
    """The fold gives what the plain re-computation from scratch gives."""
    project = projects.fold(None, decoded_all(history))
    assert project_document(project) == recount_project(history)


@given(st.data())
def test_delivery_changes_nothing(data: st.DataObject) -> None:
    """Any order, any repetition and any split into batches give the same state."""
    history = data.draw(strategies.project_histories())
    batches = data.draw(strategies.deliveries(history))
    assert posted(projects.fold, batches) == projects.fold(None, decoded_all(history))


@given(st.data())
def test_mere_sums_change_nothing_else(data: st.DataObject) -> None:
    """An event said to change nothing but sums does so, whatever came in since that was said."""
    *others, last = data.draw(
        strategies.project_histories().filter(lambda history: len(history) > 1), label="history"
    )
    event = decoded(last)
    known = data.draw(st.integers(1, len(others)), label="known then")
    then = projects.fold(None, decoded_all(others[:known]))
    late = data.draw(st.sampled_from((0, 0, 1, 3_600_000_000)), label="created_at known late by")
    if projects.changes_only_counters(event, then.created_at + late):
        before = projects.fold(then, decoded_all(others[known:]))
        after = projects.fold(before, [event])
        assert (after.created_at, after.latest_values) == (before.created_at, before.latest_values)


def said(second: int, **fields: Any) -> Envelope:
    """Return a project_update of that *second*."""
    return project_update(
        event_id=f"e{second}", occurred_at=f"2026-11-22T14:15:0{second}Z", **fields
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"delta": {"records_ok": 1}}, True),
        ({}, True),
        ({"status": "paused"}, False),
        ({"tags": {}}, False),
        ({"jobs_expected": 0}, False),
    ],
)
def test_what_mere_sums_are(fields: dict[str, Any], *, expected: bool) -> None:
    """Deltas of a project that was there before are; whatever says anything else is not."""
    event = decoded(said(5, **fields))
    assert projects.changes_only_counters(event, event.occurred_at) is expected
    assert not projects.changes_only_counters(event, event.occurred_at + 1)


def test_last_saying_wins_and_deltas_add_up() -> None:
    """Late events fill in what nobody said later, and count in full."""
    history = [
        said(3, name="new", delta={"records_ok": 1}, due_at="2026-12-01T00:00:00+01:00"),
        said(1, name="old", owner="ana@a.test", delta={"records_ok": 2}),
    ]
    project = projects.fold(None, decoded_all(history))
    assert (project.latest("name"), project.latest("owner")) == ("new", "ana@a.test")
    assert project.latest("due_at") == parse("2026-11-30T23:00:00Z")
    assert project.latest("status") is None
    assert project.counters == {"records_ok": 3}
    assert project.created_at == parse("2026-11-22T14:15:01Z")


def test_identity_mismatch() -> None:
    """Another client for the same project is refused, and named."""
    project = projects.fold(None, [decoded(said(1))])
    projects.check_identity(project, projects.project_update(decoded(said(2))))
    other = projects.project_update(decoded(said(2, client_id="other")))
    with pytest.raises(InvalidEvent) as caught:
        projects.check_identity(project, other)
    assert (caught.value.reason, caught.value.field) == ("identity_mismatch", "detail.client_id")


def test_no_events_no_state() -> None:
    """A project without events has no state; no more events leave a state as it is."""
    with pytest.raises(ValueError, match="no events"):
        projects.fold(None, [])
    project = projects.fold(None, [decoded(said(1))])
    assert projects.fold(project, []) == project


def test_a_job_event_is_no_project() -> None:
    """The fold takes no other kind of event."""
    with pytest.raises(TypeError, match="project_update"):
        projects.fold(None, [decoded(job_update())])
