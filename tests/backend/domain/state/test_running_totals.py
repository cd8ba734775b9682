"""Running totals: the last word on each part counts, once, in one hour, whatever the order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.backend.domain.state.states import posted
from tests.support.events import strategies
from tests.support.events.builders import Envelope, decoded_all, job_update
from tests.support.recounts.recount import recount_job, recount_rollups, without_zeros

from run_ledger.domain.contract.vocabulary import MOST_PARTS
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state.rollups import Differences, delta_differences, merge


def told(time: str, event_id: str, totals: dict[str, Any], **fields: Any) -> Envelope:
    """Return an event at that *time* of 2026-11-22 that tells *totals*."""
    at = f"2026-11-22T{time}:00Z"
    return job_update(event_id=event_id, occurred_at=at, running_totals=totals, **fields)


def counters(*events: Envelope) -> dict[str, int]:
    """Return the counters that events come to."""
    return dict(jobs.fold(None, decoded_all(events)).counters)


def rows(*batches: list[Envelope]) -> dict[Any, dict[str, int]]:
    """Return what the counters of *batches*, one after the other, add to the rows."""
    found: Differences = {}
    job = None
    for batch in batches:
        before, events = job, decoded_all(batch)
        job = jobs.fold(before, events)
        merge(found, delta_differences(events, before, job))
    return without_zeros(found)


def test_the_last_word_on_each_part_counts() -> None:
    """By attempt, then time; a counter that it leaves out stays as it was told before."""
    first = told(
        "10:00", "a", {"x": {"records_ok": 50, "output_bytes": 500}, "y": {"records_ok": 7}}
    )
    second = told("10:05", "b", {"x": {"records_ok": 80}}, delta={"records_ok": 1})
    fewer = told("10:01", "c", {"y": {"records_ok": 3}}, attempt=2)
    assert counters(first, second, fewer) == {"records_ok": 84, "output_bytes": 500}
    assert counters(fewer, second, first) == counters(first, second, fewer)


def test_all_of_a_job_count_in_the_hour_of_the_last_word() -> None:
    """As totals grow they move there as a whole: no hour keeps a part, or counts one twice."""
    early = told("10:00", "a", {"x": {"records_ok": 50}, "y": {"records_ok": 7}})
    late = told("12:00", "b", {"x": {"records_ok": 80}})
    wanted = {key: counts for key, counts in recount_rollups([early, late]).items()
              if "c_records_ok" in counts}  # fmt: skip
    assert {key[1] for key in wanted} == {"12#default", "12#client-1", "2026-11-22"}
    for order in ([[early], [late]], [[late], [early]], [[early, late]]):
        assert rows(*order) == {
            key: {"c_records_ok": counts["c_records_ok"]} for key, counts in wanted.items()
        }


def test_an_event_changes_the_rows_of_two_hours_at_most() -> None:
    """However many parts it tells of, and whenever these were told before: a posting has room."""
    events = [
        told(f"{hour:02}:00", f"{hour}", {f"{hour}-{n}": {"records_ok": 1} for n in range(4)})
        for hour in range(20)
    ]
    before = jobs.fold(None, decoded_all(events))
    (last,) = decoded_all([told("23:00", "z", {f"{n}-0": {"records_ok": 2} for n in range(20)})])
    changes = delta_differences([last], before, jobs.fold(before, [last]))
    assert len(changes) == 5  # two hours of the client and of the project, one day of all


@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_a_job_keeps_the_first_parts(dice: Any, size: int) -> None:
    """In byte order, as many as there may be, in whatever order and batches they come."""
    names = [f"part-{n:03}" for n in range(MOST_PARTS + 20)]
    dice.shuffle(names)
    events = [
        told(
            "10:00",
            f"{n}",
            {one: {"records_ok": 1, "output_bytes": n} for one in names[n : n + size]},
        )
        for n in range(0, len(names), size)
    ]
    job = posted(jobs.fold, [[one] for one in events])
    assert sorted(job.running_totals.parts) == sorted(names)[:MOST_PARTS]
    assert job.counters == recount_job(events)["counters"]
    assert job == jobs.fold(None, decoded_all(events))


def test_names_that_count_for_nothing_take_their_place_all_the_same() -> None:
    """A name's place among the kept must not depend on whether a total was replaced in time."""
    first = told("10:00", "a", {"x": {"input_files": 0}})
    assert counters(first) == {"input_files": 0}


@given(strategies.running_totals, strategies.running_totals)
def test_the_counters_of_two_events_are_those_of_a_recount(one: Any, two: Any) -> None:
    """At the same time, too: then the event's id decides, as for all latest values."""
    events = [told("10:00", "a", one), told("10:00", "b", two)]
    assert counters(*events) == counters(*reversed(events)) == recount_job(events)["counters"]
