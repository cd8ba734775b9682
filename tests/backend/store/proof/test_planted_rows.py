"""Faults that are planted in rollup rows and in projects are found within one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import job_update
from tests.support.recounts.audits import BOOKS, FAILED, NOW, audit, drifts, post, said
from tests.support.recounts.falsehoods import Falsify, in_item, in_row, without_row
from tests.support.recounts.proofs import (
    SETTLED,
    differing,
    proof_reading,
    run_proof,
)

from run_ledger.domain.instants import DAY, HOUR, later
from run_ledger.store.audit.expected_items import Name
from run_ledger.store.proof import row_lists, row_walk
from run_ledger.store.proof.drift_reads import read_drifting
from run_ledger.store.proof.frontier import all_differing
from run_ledger.store.proof.row_frontier import read_row_frontier

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TODAY = "2026-11-22"
OF_CLIENT = (f"client#client-1#{TODAY}", "10#default")


@pytest.fixture
def books() -> Iterator[DynamoDBClient]:
    """Give a ledger with rows of every kind."""
    with empty_tables() as client:
        by_model = {"gpt": {"tokens_in": 5}}
        event = said("job-4", "12:00:00", delta={"tokens_in": 5}, delta_by_model=by_model)
        post(client, [*BOOKS, event])
        yield client


def label(partition: str, sort: str) -> str:
    """Return the id by which a row is known to differ."""
    return f"{partition} {sort}"


FAULTS: dict[str, tuple[Falsify, str, str, set[str]]] = {
    "a client's row off by one": (
        in_row(*OF_CLIENT, created=1),
        "client-1",
        label(*OF_CLIENT),
        {"created"},
    ),
    "a client's row lost": (
        without_row(*OF_CLIENT),
        "client-1",
        label(*OF_CLIENT),
        {"created", "started", "c_records_ok", "c_pages"},
    ),
    "a sum of a project's row off": (
        in_row(f"project#project-1#{TODAY}", "11#client-1", c_records_ok=-1),
        "client-1",
        label(f"project#project-1#{TODAY}", "11#client-1"),
        {"c_records_ok"},
    ),
    "a row of a project that had no jobs then": (
        in_row(f"project#project-1#{TODAY}", "03#client-1", created=2),
        "client-1",
        label(f"project#project-1#{TODAY}", "03#client-1"),
        {"created"},
    ),
    "a row by model off": (
        in_row(f"models#client-1#{TODAY}", "12#default#project-1", **{"b_tokens_in gpt": 7}),
        "client-1",
        label(f"models#client-1#{TODAY}", "12#default#project-1"),
        {"b_tokens_in gpt"},
    ),
    "failures of one fingerprint lost": (
        without_row(f"failures#client-1#{TODAY}", "fp"),
        "client-1",
        label(f"failures#client-1#{TODAY}", "fp"),
        {"ended_failed"},
    ),
    "the row over all off": (
        in_row("all", TODAY, ended_failed=1),
        "*",
        label("all", TODAY),
        {"ended_failed"},
    ),
    "the map of the days off": (
        in_row("days", TODAY, now_running=1, shard_1=-1),
        "*",
        label("days", TODAY),
        {"now_running", "shard_1"},
    ),
    "a client's total off": (
        in_row("clients", "client-2", now_running=-1),
        "client-2",
        label("clients", "client-2"),
        {"now_running"},
    ),
    "the number of projects off": (
        in_row("clients", "client-1", projects=1),
        "client-1",
        label("clients", "client-1"),
        {"projects"},
    ),
    "a project's total off": (
        in_row("projects#client-1", "project-1", now_failed=1),
        "client-1",
        label("projects#client-1", "project-1"),
        {"now_failed"},
    ),
}


def test_right_rows_are_proved(books: DynamoDBClient) -> None:
    """Each row of hours that are over is recounted, each project, and nothing differs."""
    proof = run_proof(books)

    assert (proof.found, proof.differing) == ([], 0)
    assert proof.rows_judged > 14
    found = read_row_frontier(proof_reading(books))
    assert found is not None
    assert (found.proved_to, found.rows) == (later(SETTLED, -HOUR), proof.rows_judged)
    assert (found.projects, found.not_judged) == (1, 0)
    assert run_proof(books).rows_judged == 0


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_row_is_found_within_one_run(books: DynamoDBClient, name: str) -> None:
    """The row and what differs are kept, an audit says the same, and its repair mends it."""
    falsify, client_id, row, attributes = FAULTS[name]
    falsify(books)

    proof = run_proof(books)

    assert differing(books, "row").keys() == {row}
    assert attributes <= differing(books, "row")[row]
    assert (differing(books), proof.differing) == ({}, 1)
    (kept,) = all_differing(proof_reading(books))
    assert kept.client_id == client_id
    found = drifts(audit(books, is_vouched=True, repair=True))
    told = {(one.attribute, one.stored, one.recounted) for one in kept.differences}
    assert {(key, *rest) for _, key, *rest in found} == {(row, *one) for one in told}
    assert run_proof(books, later(SETTLED, HOUR)).differing == 0


def test_a_project_that_differs_is_found_and_mended(books: DynamoDBClient) -> None:
    """Its item is not what its own events give."""
    in_item(NAMES.projects, "project-1", c_pages=6)(books)

    run_proof(books)

    assert differing(books, "project") == {"project-1": {"c_pages"}}
    (told,) = read_drifting(books, NAMES)
    assert told.name == "project project-1"
    assert told.says.endswith("is not what its entries give: c_pages is 6, and they give 5")
    assert drifts(audit(books, is_vouched=True, repair=True))
    assert run_proof(books, later(SETTLED, HOUR)).differing == 0


def test_a_lost_job_shows_in_the_rows_that_count_it(books: DynamoDBClient) -> None:
    """No index names it, but its rows count more than the jobs give that are left."""
    key: Any = {"job_id": {"S": "job-3"}}
    books.delete_item(TableName=NAMES.jobs, Key=key)

    run_proof(books)

    assert label(f"client#client-2#{TODAY}", "10#default") in differing(books, "row")
    audit(books, is_vouched=True, repair=True)
    assert run_proof(books, later(SETTLED, HOUR)).differing == 0


def test_rows_of_jobs_of_other_days_are_right(books: DynamoDBClient) -> None:
    """A job of a week ago that goes on counts today; its producer's clock may be ahead by a month.

    The events of today of one job came in a month before, which no list by arrival shows.
    """
    ahead = said("job-9", "13:30:00", delta={"records_ok": 2})
    names = {"client_id": "client-1", "project_id": "project-1", "status": "running"}
    started = job_update(event_id="a", job_id="job-9", occurred_at="2026-10-20T08:00:00Z", **names)
    begun = job_update(event_id="b", job_id="job-8", occurred_at="2026-11-14T08:00:00Z", **names)
    post(books, [started, ahead], at=later(NOW, -33 * DAY))
    post(books, [begun], at=later(NOW, -8 * DAY))
    end = said("job-8", "13:00:00", status="completed", result="failed", error=FAILED)
    post(books, [end])

    proof = run_proof(books)

    assert (proof.found, proof.differing) == ([], 0)
    in_row(f"client#client-1#{TODAY}", "13#default", c_records_ok=1)(books)
    run_proof(books, later(SETTLED, HOUR))
    assert differing(books, "row") == {
        label(f"client#client-1#{TODAY}", "13#default"): {"c_records_ok"}
    }


def test_a_day_is_walked_once_more_when_it_is_over(books: DynamoDBClient) -> None:
    """What is damaged after the last walk of the day's hours is found then."""
    run_proof(books, later(SETTLED, 6 * HOUR))
    in_row(*OF_CLIENT, created=1)(books)

    run_proof(books, later(SETTLED, 9 * HOUR))

    assert differing(books, "row") == {label(*OF_CLIENT): {"created"}}
    found = read_row_frontier(proof_reading(books))
    assert found is not None
    assert found.proved_to == later(SETTLED, 8 * HOUR)


def test_many_wrong_rows_of_a_day_are_judged_together(
    books: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jobs of their client are read as often as for one, also where there are too many."""
    monkeypatch.setattr(row_lists, "MOST_NAMES", 3)  # all jobs are more, those of a week are not
    old = {"job_id": "job-0", "client_id": "client-1", "project_id": "project-1"}
    begun = job_update(event_id="a", occurred_at="2026-11-01T08:00:00Z", **old)
    post(books, [begun], at=later(NOW, -21 * DAY))
    hours = ("10", "11", "12")
    for hour in hours:
        in_row(f"client#client-1#{TODAY}", f"{hour}#default", created=1)(books)
    run_proof(books)
    wanted = {label(f"client#client-1#{TODAY}", f"{hour}#default") for hour in hours}
    assert differing(books, "row").keys() == wanted
    lists: list[str] = []
    wide_jobs = row_walk.wide_jobs

    def listed(*given: Any) -> set[Name]:
        lists.append(given[1])
        return wide_jobs(*given)

    monkeypatch.setattr(row_walk, "wide_jobs", listed)

    assert run_proof(books, later(SETTLED, HOUR)).differing == len(hours)

    again, walked = 3, 3
    assert len(lists) <= again + walked


def test_jobs_that_were_over_the_day_before_are_not_read_again(
    books: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the day before, only jobs of which an event came in on the day may count on it.

    So the hourly walks of a quiet day don't read all of a busy one before it.
    """
    names = {"client_id": "client-1", "project_id": "project-1"}
    day_before = "2026-11-21T10:00:00Z"
    for job_id in ("job-5", "job-6"):
        begun = job_update(event_id="a", job_id=job_id, occurred_at=day_before, **names)
        post(books, [begun], at=later(NOW, -DAY))
    post(books, [said("job-6", "12:30:00", delta={"records_ok": 2})])
    read: set[str] = set()
    glance_at_sums = row_walk.glance_at_sums

    def noted(reading: Any, jobs: Any, *given: Any) -> Any:
        read.update(name.entity_id for name in jobs)
        return glance_at_sums(reading, jobs, *given)

    run_proof(books, later(SETTLED, -15 * HOUR))  # the day before is over
    monkeypatch.setattr(row_walk, "glance_at_sums", noted)

    proof = run_proof(books)

    assert (proof.found, proof.differing) == ([], 0)
    assert "job-6" in read
    assert "job-5" not in read
