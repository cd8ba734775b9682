"""A job's state is a function of the set of its events."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backend.domain.state.states import posted
from tests.support.events import strategies
from tests.support.events.builders import Envelope, decoded, decoded_all, job_update, project_update
from tests.support.recounts.documents import job_document
from tests.support.recounts.latest_totals import latest_totals, named_in_totals
from tests.support.recounts.model_sums import deltas_of
from tests.support.recounts.recount import distinct, recount_job

from run_ledger.domain.contract.events import Event
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import LATEST, parse, text
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state.rollups import state_differences


@given(strategies.job_histories())
def test_fold_agrees_with_recount(history: list[Envelope]) -> None:
    """The fold gives what the plain re-computation from scratch gives."""
    assert job_document(jobs.fold(None, decoded_all(history))) == recount_job(history)


@given(st.data())
def test_delivery_changes_nothing(data: st.DataObject) -> None:
    """Any order, any repetition and any split into batches give the same state."""
    history = data.draw(strategies.job_histories())
    batches = data.draw(strategies.deliveries(history))
    assert posted(jobs.fold, batches) == jobs.fold(None, decoded_all(history))


def detail_of(event: Event) -> dict[str, Any]:
    """Return an event's detail, without nulls."""
    detail: dict[str, Any] = msgspec.to_builtins(event.update)
    return detail


@given(st.data())
def test_counters_are_sums(data: st.DataObject) -> None:
    """Counters are the sums of deltas and running totals, exact at any size, in any order."""
    history = data.draw(strategies.job_histories())
    job = posted(jobs.fold, data.draw(strategies.deliveries(history)))
    details = [envelope["detail"] for envelope in distinct(history)]
    deltas = [delta for detail in details for delta in deltas_of(detail)]
    ordered = [(event.order, detail_of(event)) for event in decoded_all(distinct(history))]
    deltas += [{name: value} for name, value in latest_totals(ordered)]
    deltas += [dict(named_in_totals(detail)) for detail in details]
    assert job.counters == {
        name: sum(delta.get(name, 0) for delta in deltas)
        for name in {name for delta in deltas for name in delta}
    }


@given(st.data())
def test_mere_sums_change_nothing_else(data: st.DataObject) -> None:
    """An event said to change nothing but sums does so."""
    *others, last = data.draw(
        strategies.job_histories().filter(lambda history: len(history) > 1), label="history"
    )
    event = decoded(last)
    before = jobs.fold(None, decoded_all(others))
    if jobs.changes_only_counters(event, before.attempts):
        after = jobs.fold(before, [event])
        assert _without_counters(after) == _without_counters(before)
        assert state_differences(before, after) == {}


def _without_counters(job: jobs.Job) -> dict[str, Any]:
    fields = [name for name in job.__struct_fields__ if not name.startswith("counters")]
    return {name: getattr(job, name) for name in fields}


SECOND = "2026-11-22T14:15:0{}Z"


def at(second: int) -> int:
    """Return the instant of *second* in the minute of these tests."""
    return parse(SECOND.format(second))


def said(second: int, event_id: str = "", **fields: Any) -> Envelope:
    """Return a job_update of that *second*."""
    return job_update(
        event_id=event_id or f"e{second}", occurred_at=SECOND.format(second), **fields
    )


def folded(*history: Envelope) -> jobs.Job:
    """Return the job that these events make."""
    return jobs.fold(None, decoded_all(history))


FAILED = {"status": "completed", "result": "failed"}
SUCCEEDED = {"status": "completed", "result": "succeeded"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"delta": {"records_ok": 1}}, True),
        ({"delta": {"records_ok": 1}, "status": "running"}, True),
        ({"status": "running", "stage": "load"}, False),
        ({}, True),
        ({"status": "queued"}, False),
        (SUCCEEDED, False),
        ({"error": {"type": "E", "message": "m"}}, False),
        ({"stage": "load"}, False),
        ({"tags": {}}, False),
        ({"attempt": 2}, False),
    ],
)
def test_what_mere_sums_are(fields: dict[str, Any], *, expected: bool) -> None:
    """Deltas and signs of life of a started attempt are; whatever says anything else is not."""
    event = decoded(said(5, **fields))

    def is_sum_for(**attempt: int) -> bool:
        return jobs.changes_only_counters(event, {1: jobs.Attempt(**attempt)})

    assert is_sum_for(started_at=at(5), running_at=at(5)) is expected
    assert not is_sum_for(started_at=at(6), running_at=at(5))
    assert not is_sum_for(heard_at=at(1))
    assert not jobs.changes_only_counters(event, {})
    says_running = fields.get("status") == "running"
    assert is_sum_for(started_at=at(5), running_at=at(4)) is (expected and not says_running)


def test_no_start_is_later_than_any_event() -> None:
    """At the end of time, too, the first event of an attempt changes more than sums."""
    event = decoded(job_update(occurred_at=text(LATEST)))
    assert not jobs.changes_only_counters(event, {})


def test_late_running_never_reopens() -> None:
    """A completed attempt stays so, whatever says running or queued after its end."""
    job = folded(said(1), said(2, **SUCCEEDED), said(3, status="running"), said(4, status="queued"))
    assert (job.current.status, job.outcome, job.current.ended_at) == (
        "completed",
        "succeeded",
        at(2),
    )


def test_next_attempt_reopens() -> None:
    """Attempt 2 is the job's as soon as it is heard of; attempt 1 stays what it was."""
    job = folded(said(1), said(2, **FAILED), said(3, attempt=2, status="queued"))
    assert (job.attempt, job.outcome, job.current.started_at) == (2, "queued", None)
    assert job.attempts[1].result == "failed"


def test_earlier_attempt_comes_later() -> None:
    """The highest attempt is the job's, even where a lower one reports after it."""
    job = folded(said(1, attempt=2), said(9, **FAILED))
    assert (job.attempt, job.outcome) == (2, "running")


def test_late_delta_counts() -> None:
    """A delta after the end is summed and changes nothing else."""
    job = folded(said(1), said(2, **SUCCEEDED), said(3, delta={"records_ok": 2}))
    assert (job.counters, job.current.ended_at) == ({"records_ok": 2}, at(2))


def test_corrections_take_back() -> None:
    """A negative delta is summed like any other; a sum of zero is still said."""
    job = folded(said(1, delta={"records_ok": 2}), said(2, delta={"records_ok": -2}))
    assert job.counters == {"records_ok": 0}


def test_latest_of_two_ends() -> None:
    """Of two completed events the later wins; at the same instant, the greater event id."""
    job = folded(said(2, "a", **SUCCEEDED), said(3, "b", **FAILED))
    assert (job.outcome, job.current.ended_at) == ("failed", at(3))
    tied = [said(3, "9", **SUCCEEDED), said(3, "10", **FAILED)]
    assert folded(*tied).outcome == folded(*reversed(tied)).outcome == "succeeded"


def test_errors_show_until_the_end() -> None:
    """An error shows until the attempt ends; then the end's error, or none, takes its place."""
    first, second = {"type": "A", "message": "a"}, {"type": "B", "message": "b"}
    job = folded(said(2, error=second), said(1, error=first))
    assert job.current.error is not None
    assert job.current.error.type == "B"
    tied = [said(2, "b", error=second), said(2, "a", error=first)]
    assert folded(*tied) == folded(*reversed(tied))
    assert folded(*tied).current.error == job.current.error
    ended = folded(said(2, error=second), said(1, **SUCCEEDED))
    assert (ended.current.error, ended.current.reported) == (None, None)
    ended = folded(said(2, error=second), said(3, error=first, **FAILED), said(4, error=second))
    assert ended.current.error is not None
    assert ended.current.error.type == "A"


def test_an_event_without_status_says_running() -> None:
    """So a delta starts an attempt, and a queued event does not."""
    assert folded(said(1, status="queued")).current.status == "queued"
    job = folded(said(1, status="queued"), said(3), said(2, delta={"records_ok": 1}))
    assert (job.current.status, job.current.started_at, job.created_at) == (
        "running",
        at(2),
        at(1),
    )


def test_end_without_a_start() -> None:
    """An attempt of which only the end is known has no start and no duration."""
    job = folded(said(2, **SUCCEEDED))
    assert (job.current.started_at, job.current.duration) == (None, None)


def test_end_before_the_start() -> None:
    """Clocks that disagree make a duration of zero, not a negative one."""
    assert folded(said(1, **SUCCEEDED), said(2)).current.duration == 0


def test_latest_values_are_last_by_order() -> None:
    """A field is that of the last event by attempt, then time, then id, that carries it."""
    job = folded(
        said(9, "a", stage="one", name="old"),
        said(1, "b", attempt=2, stage="two", tags={"a": "1"}),
        said(1, "c", attempt=2, stage="three", tags={"b": "2"}),
        said(2, "d", attempt=2),
    )
    assert (job.latest("stage"), job.latest("name"), job.latest("tags")) == (
        "three",
        "old",
        {"b": "2"},
    )
    assert job.latest("log_url") is None


@pytest.mark.parametrize("field", ["client_id", "project_id", "pipeline"])
def test_identity_mismatch(field: str) -> None:
    """Another client, project or pipeline for the same job is refused, and named."""
    job = folded(said(1))
    jobs.check_identity(job, jobs.job_update(decoded(said(2))))
    with pytest.raises(InvalidEvent) as caught:
        jobs.check_identity(job, jobs.job_update(decoded(said(2, **{field: "other"}))))
    assert (caught.value.reason, caught.value.field, caught.value.got) == (
        "identity_mismatch",
        f"detail.{field}",
        "'other'",
    )


def test_no_events_no_state() -> None:
    """A job without events has no state; no more events leave a state as it is."""
    with pytest.raises(ValueError, match="no events"):
        jobs.fold(None, [])
    job = folded(said(1))
    assert jobs.fold(job, []) == job


def test_a_project_event_is_no_job() -> None:
    """The fold takes no other kind of event."""
    with pytest.raises(TypeError, match="job_update"):
        jobs.fold(None, [decoded(project_update())])


@pytest.mark.parametrize(
    ("silent", "stalled"), [(900_000_000, False), (900_000_001, True), (-1, False)]
)
def test_stalled_by_default(silent: int, *, stalled: bool) -> None:
    """A running job is stalled when silent for more than 900 seconds."""
    assert folded(said(1)).is_stalled(at(1), at(1) + silent) is stalled


def test_stalled_by_heartbeat() -> None:
    """A heartbeat of its own counts instead; a job that is not running never stalls."""
    assert folded(said(1, heartbeat_seconds=1)).is_stalled(at(1), at(3))
    assert not folded(said(1, heartbeat_seconds=2)).is_stalled(at(1), at(3))
    assert not folded(said(1, heartbeat_seconds=1, **FAILED)).is_stalled(at(1), at(9))
    assert not folded(said(1, heartbeat_seconds=1, status="queued")).is_stalled(at(1), at(9))


def test_an_attempt_that_nobody_ended_is_superseded() -> None:
    """It ends where the next one begins: at its start, or else at the earliest event of it."""
    job = folded(said(1, status="running"), said(5, attempt=3, **SUCCEEDED))
    assert (job.is_superseded(1), job.superseded_at(1)) == (True, at(5))
    assert (job.is_superseded(3), job.superseded_at(3)) == (False, None)
    job = folded(
        said(1, status="running"),
        said(5, attempt=3, **SUCCEEDED),
        said(4, attempt=3, status="queued"),
    )
    assert job.superseded_at(1) == at(4)
    job = folded(
        said(1, status="running"),
        said(4, attempt=3, status="queued"),
        said(6, attempt=3, delta={"records_ok": 1}),
    )
    assert job.superseded_at(1) == at(6)


def test_an_ended_attempt_is_never_superseded() -> None:
    """An end that comes late counts: the attempt has it instead."""
    job = folded(said(1), said(5, attempt=2), said(3, **FAILED))
    assert (job.is_superseded(1), job.superseded_at(1)) == (False, None)


def test_a_job_id_used_twice_is_told() -> None:
    """What says running after the earliest end reopens nothing, and is told with that end."""
    job = folded(
        said(1, **SUCCEEDED),
        said(2, status="running"),
        said(3, status="running"),
        said(4, **FAILED),
        said(5, delta={"records_ok": 1}),
    )
    assert (job.outcome, job.restarted_at, job.current.first_ended_at) == ("failed", at(3), at(1))


@pytest.mark.parametrize(
    "fields", [{"delta": {"records_ok": 1}}, {"status": "queued"}, {"status": "running", "n": 1}]
)
def test_what_restarts_nothing(fields: dict[str, Any]) -> None:
    """Late deltas, and whatever says running at the end or before it, are no second use."""
    second = 2 if fields.get("status") == "running" else 3
    job = folded(said(1), said(2, **SUCCEEDED), said(second, "late", **fields))
    assert (job.restarted_at, job.current.first_ended_at) == (None, None)
