"""What pages promise while jobs are created, end and move."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from tests.support.events.builders import job_update
from tests.support.readers.reading import NOW, House, house

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.domain.instants import text

DAY = 86_400 * 1_000_000

Change = Callable[[House, random.Random, int], None]


def create(here: House, dice: random.Random, step: int) -> None:
    """Put a new job anywhere between the first and the last day."""
    moment = NOW - dice.randrange(401 * DAY)
    here.post(job_update(job_id=f"new-{step}", client_id="a", occurred_at=text(moment)))


def end(here: House, dice: random.Random, step: int) -> None:
    """End one of the jobs that are there."""
    job = f"old-{dice.randrange(0, 14, 2)}"
    later = text(NOW + step)
    here.post(
        job_update(
            job_id=job,
            client_id="a",
            occurred_at=later,
            status="completed",
            result=dice.choice(RESULTS),
        )
    )


@pytest.mark.parametrize("change", [create, end])
@pytest.mark.parametrize("parameters", [{}, {"client_id": "a"}, {"status": "running"}], ids=str)
def test_pages_hold_while_jobs_come_and_change(change: Change, parameters: dict[str, str]) -> None:
    """What matches all the while is given exactly once, in order; nothing is given twice."""
    dice = random.Random(7)
    with house() as here:
        for number in range(14):
            moment = text(NOW - dice.choice((0, 1, 2, 30)) * DAY - dice.randrange(DAY))
            here.post(
                job_update(
                    job_id=f"old-{number}", client_id="a", occurred_at=moment, status="running"
                )
            )
        given = []
        for step, page in enumerate(here.walk("/jobs", limit=3, **parameters)):
            given += [(item["created_at"], item["job_id"]) for item in page.json["items"]]
            change(here, dice, step)

    ids = [job_id for _, job_id in given]
    steady = {f"old-{number}" for number in range(14) if change is create or number % 2}
    assert steady <= set(ids)
    assert len(ids) == len(set(ids))
    assert given == sorted(given, reverse=True)


def test_a_job_that_moved_back_is_at_its_new_place() -> None:
    """An earlier event that arrives late moves a job down the list."""
    with house() as here:
        for number in range(4):
            here.post(job_update(job_id=f"j{number}", occurred_at=text(NOW - number)))
        first = here.get("/jobs", limit=2).json
        here.post(job_update(job_id="j0", event_id="early", occurred_at=text(NOW - 3 * DAY)))
        second = here.get("/jobs", limit=2, cursor=first["next_cursor"]).json
        third = here.get("/jobs", limit=2, cursor=second["next_cursor"]).json

    assert [item["job_id"] for item in first["items"]] == ["j0", "j1"]
    assert [item["job_id"] for item in second["items"]] == ["j2", "j3"]
    assert [item["job_id"] for item in third["items"]] == ["j0"]
