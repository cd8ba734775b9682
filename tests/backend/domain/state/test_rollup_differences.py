"""Rollup rows, kept by differences, are what a recount of the events gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, decoded_all, job_update
from tests.support.recounts.recount import recount_rollups, without_zeros

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.fingerprints import fingerprint
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state.job import Job
from run_ledger.domain.state.rollups import (
    Differences,
    Row,
    Subject,
    client_row,
    delta_differences,
    failures_row,
    merge,
    project_row,
    projects_partition,
    state_differences,
    subject,
)


def kept(batches: Iterable[Iterable[Envelope]]) -> Differences:
    """Return the rows after *batches*, each job's events of a batch posted as one group."""
    rows: Differences = {}
    states: dict[str, Job] = {}
    seen: set[tuple[str, str]] = set()
    for batch in batches:
        groups: dict[str, list[Event]] = {}
        for event in decoded_all(batch):
            if (event.entity_id, event.event_id) not in seen:
                seen.add((event.entity_id, event.event_id))
                groups.setdefault(event.entity_id, []).append(event)
        for job_id, fresh in groups.items():
            before = states.get(job_id)
            states[job_id] = jobs.fold(before, fresh)
            merge(rows, state_differences(before, states[job_id]))
            merge(rows, delta_differences(fresh, before, states[job_id]))
    return rows


@given(st.data())
def test_differences_add_up_to_a_recount(data: st.DataObject) -> None:
    """However the events of several jobs come in, the rows are those of a recount."""
    ledger = data.draw(strategies.ledgers())
    batches = data.draw(strategies.deliveries(ledger))
    assert without_zeros(kept(batches)) == recount_rollups(ledger)


def said(time: str, event_id: str, **fields: Any) -> Envelope:
    """Return a job_update of that *time* on 2026-11-22 (UTC)."""
    return job_update(event_id=event_id, occurred_at=f"2026-11-22T{time}Z", **fields)


def test_where_a_job_counts() -> None:
    """Each mark of a job stands in the rows of its own hour, a failure by fingerprint, too."""
    error = {"type": "E", "message": "row 17"}
    history = [
        said("22:59:59.999999", "a", status="queued"),
        said("23:00:00", "b", delta={"records_ok": 1, "pages_seen": 2}),
        said("23:59:59.999999", "c", delta={"records_ok": 1}),
        job_update(
            event_id="d",
            occurred_at="2026-11-23T00:00:00Z",
            status="completed",
            result="failed",
            error=error,
            delta={"records_failed": 1},
        ),
    ]
    job = {"created": 1}
    start = {"started": 1, "c_records_ok": 2, "c_pages_seen": 2}
    end = {"ended_failed": 1, "h_160": 1, "c_records_failed": 1}
    assert without_zeros(kept([history])) == {
        ("client#client-1#2026-11-22", "22#default"): job,
        ("client#client-1#2026-11-22", "23#default"): start,
        ("client#client-1#2026-11-23", "00#default"): end,
        ("project#project-1#2026-11-22", "22#client-1"): job,
        ("project#project-1#2026-11-22", "23#client-1"): start,
        ("project#project-1#2026-11-23", "00#client-1"): end,
        ("all", "2026-11-22"): {"created": 1, "started": 1, "c_records_ok": 2},
        ("all", "2026-11-23"): end,
        ("failures#client-1#2026-11-23", fingerprint("E", "row 17")): {"ended_failed": 1},
        ("days", "2026-11-22"): {"now_failed": 1, "shard_3": 1},
        ("clients", "client-1"): {"now_failed": 1},
        ("projects#client-1", "project-1"): {"now_failed": 1},
    }


def test_a_late_event_moves_what_was_counted() -> None:
    """An earlier event that comes late takes the job out of one hour and puts it into another."""
    rows = kept([[said("02:00:00", "b")], [said("01:00:00", "a")]])
    assert without_zeros(rows) == recount_rollups([said("01:00:00", "a"), said("02:00:00", "b")])
    assert rows["client#client-1#2026-11-22", "02#default"] == {"created": 0, "started": 0}


def test_totals_count_a_job_as_what_it_is_now() -> None:
    """A transition takes it from one outcome to the next, an earlier event to another day."""
    rows = kept(
        [[said("02:00:00", "b")], [said("03:00:00", "c", status="completed", result="partial")]]
    )
    changed = {"now_running": 0, "now_partial": 1}
    assert rows["days", "2026-11-22"] == {**changed, "shard_3": 1}
    assert rows["clients", "client-1"] == rows["projects#client-1", "project-1"] == changed

    moved = kept(
        [[said("02:00:00", "b")], [job_update(event_id="a", occurred_at="2026-11-20T00:00:00Z")]]
    )
    assert moved["days", "2026-11-22"] == {"now_running": 0, "shard_3": 0}
    assert moved["days", "2026-11-20"] == {"now_running": 1, "shard_3": 1}
    assert moved["clients", "client-1"] == {"now_running": 1}


def test_deltas_change_no_totals() -> None:
    """Rows that all jobs of a client or day share are written at transitions alone."""
    deltas = decoded_all([said("02:00:00", "b", delta={"records_ok": 1, "pages": 2})])
    kinds = {row.partition.partition("#")[0] for row in delta_differences(deltas)}
    assert kinds == {"client", "project", "all"}


@pytest.mark.parametrize(
    ("row", "whose"),
    [
        (client_row("c", "2026-11-22T09", "p:x"), Subject("c", None, "2026-11-22")),
        (project_row("p", "2026-11-22T09", "c"), Subject(None, "p", "2026-11-22")),
        (failures_row("c", "2026-11-22", "fp#1"), Subject("c", None, "2026-11-22")),
        (Row("all", "2026-11-22"), Subject(day="2026-11-22")),
        (Row("days", "2026-11-22"), Subject(day="2026-11-22")),
        (Row("clients", "c"), Subject(client_id="c")),
        (Row(projects_partition("c"), "p"), Subject("c", "p")),
    ],
)
def test_a_row_says_whom_it_counts(row: Row, whose: Subject) -> None:
    """Its subject is the client, the project and the day of what it counts, where it has one."""
    assert subject(row) == whose


def test_a_failure_without_an_error() -> None:
    """It is counted under no fingerprint, so that the failures of a day are complete."""
    rows = kept([[said("01:00:00", "a", status="completed", result="timed_out")]])
    assert rows["failures#client-1#2026-11-22", "none"] == {"ended_timed_out": 1}


def test_no_change_makes_no_difference() -> None:
    """A state that stays the same writes to no row, nor does an empty delta."""
    events = decoded_all([said("01:00:00", "a"), said("02:00:00", "b", delta={})])
    before = jobs.fold(None, events[:1])
    assert state_differences(before, jobs.fold(before, events[1:])) == {}
    assert delta_differences(events) == {}
