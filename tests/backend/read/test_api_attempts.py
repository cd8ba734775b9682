"""Attempts as the API shows them: late starts, attempts that nobody ended, an id used twice."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.support.dynamo.querying import Querying
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.ledgers import empty_store, make_ledger, post
from tests.support.readers.reading import House

DAY = "2026-11-20T{}:00.000000Z"
SUCCEEDED = {"status": "completed", "result": "succeeded"}
FAILED = {"status": "completed", "result": "failed"}


def said(at: str, **fields: Any) -> Envelope:
    """Return a job_update at that time of 20 November, ``10:05``."""
    return job_update(event_id=f"e{at}", occurred_at=DAY.format(at), **fields)


def house(*batches: list[Envelope]) -> House:
    """Give a reader of a ledger that several writers wrote in turns, a batch each."""
    store = empty_store()
    ledgers = [make_ledger(store, seed=seed) for seed in range(2)]
    for number, batch in enumerate(batches):
        assert not post(ledgers[number % 2], batch).failures
    return House(Querying(store))  # type: ignore[arg-type]


def shown(here: House) -> dict[str, Any]:
    """Return the job as the API shows it."""
    document: dict[str, Any] = here.get("/jobs/{job_id}", path={"job_id": "job-1"}).json
    return document


def test_a_completed_overtakes_its_running() -> None:
    """The start that comes last counts: the duration is known, and nothing was restarted."""
    job = shown(
        house(
            [said("10:05", **SUCCEEDED, delta={"records_ok": 3})],
            [said("10:00", status="running", delta={"records_ok": 2})],
        )
    )

    assert (job["status"], job["duration_seconds"]) == ("completed", 300)
    assert job["counters"] == {"records_ok": 5}
    assert job["restarted_at"] is None


def test_an_attempt_that_nobody_ended() -> None:
    """It is superseded, ends with the earliest event of the next one, and runs nowhere."""
    here = house(
        [said("10:00", status="running", attempt=1)], [said("10:30", **SUCCEEDED, attempt=2)]
    )

    job = shown(here)

    assert [one["status"] for one in job["attempts"]] == ["superseded", "completed"]
    first = job["attempts"][0]
    assert (first["result"], first["ended_at"]) == (None, DAY.format("10:30"))
    assert first["duration_seconds"] == 1_800
    assert here.get("/jobs", status="running").json["items"] == []
    assert here.get("/overview").json["totals"]["running"] == 0


TWICE = [
    said("10:00", **SUCCEEDED, delta={"records_ok": 10}),
    said("12:00", status="running"),
    said("12:01", status="running"),
    said("12:02", **FAILED, delta={"records_ok": 4}),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_job_id_used_twice_is_told(order: tuple[int, ...], size: int) -> None:
    """In any order and any split: one attempt, its latest result, and both ends."""
    events = [TWICE[number] for number in order]

    job = shown(house(*(events[start : start + size] for start in range(0, 4, size))))

    assert (job["attempt"], job["result"], job["counters"]) == (1, "failed", {"records_ok": 14})
    assert job["restarted_at"] == DAY.format("12:01")
    assert [one["first_ended_at"] for one in job["attempts"]] == [DAY.format("10:00")]
