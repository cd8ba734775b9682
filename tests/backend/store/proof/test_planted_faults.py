"""Faults that are planted in jobs are found within one run, and none where none is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.recounts.audits import BOOKS, audit, drifts, post, said
from tests.support.recounts.falsehoods import (
    Falsify,
    copy_of_job,
    in_attempt,
    in_item,
    with_unreadable_entry,
    without_entry,
    without_item,
)
from tests.support.recounts.proofs import SETTLED, differing, frontier, run_proof

from run_ledger.domain.instants import HOUR, later

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

JOBS = 3
"""So many jobs have events in the books."""


@pytest.fixture
def books() -> Iterator[DynamoDBClient]:
    """Give a ledger with jobs of every kind."""
    with empty_tables() as client:
        post(client, BOOKS)
        yield client


def test_a_right_ledger_is_proved(books: DynamoDBClient) -> None:
    """Each job is recounted once, nothing differs, and the frontier stands an hour ago."""
    proof = run_proof(books)

    assert (proof.judged, proof.found, proof.differing) == (JOBS, [], 0)
    assert frontier(books).proved_to == later(SETTLED, -HOUR)
    assert run_proof(books).judged == 0
    assert run_proof(books, later(SETTLED, HOUR)).judged == 0


FAULTS: dict[str, tuple[Falsify, str, set[str]]] = {
    "a counter changed": (
        in_item(NAMES.jobs, "job-1", c_records_ok=8),
        "job-1",
        {"c_records_ok"},
    ),
    "an own counter lost": (in_item(NAMES.jobs, "job-1", c_pages=None), "job-1", {"c_pages"}),
    "a result changed": (in_attempt(r="succeeded"), "job-1", {"at.1.r"}),
    "an event counted twice": (in_item(NAMES.jobs, "job-3", n=2), "job-3", {"n"}),
    "an entry spoilt": (with_unreadable_entry("job-3@10:30:00"), "job-3", {"entries"}),
    "all entries deleted": (without_entry("job-3@10:30:00"), "job-3", {"item"}),
    "a job that never was": (copy_of_job("job-9"), "job-9", {"item"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_within_one_run(books: DynamoDBClient, name: str) -> None:
    """The job and what differs are kept; once it is mended, they are kept no longer."""
    falsify, job_id, attributes = FAULTS[name]
    right = books.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]
    falsify(books)

    proof = run_proof(books)

    assert {one.id for one in proof.found if one.kind == "job"} == {job_id}
    assert differing(books).keys() == {job_id}
    assert attributes <= differing(books)[job_id]
    # It is told again at every walk for as long as it lasts, and by the command's audit as well.
    run_proof(books, later(SETTLED, HOUR))
    assert differing(books).keys() == {job_id}
    found = audit(books, job_id=job_id, is_vouched=True)
    assert found.drifts or found.unreadable
    if job_id == "job-1":
        books.put_item(TableName=NAMES.jobs, Item=right)
        assert run_proof(books, later(SETTLED, 2 * HOUR)).differing == 0


def test_one_of_several_entries_deleted_is_found(books: DynamoDBClient) -> None:
    """A job that counts more events than it has entries differs while none can have expired."""
    post(books, [said("job-1", "12:30:00", attempt=2, delta={"records_ok": 1})])
    without_entry("job-1@12:30:00")(books)

    run_proof(books)

    assert {"n", "c_records_ok"} <= differing(books)["job-1"]


def test_a_repair_mends_what_was_found(books: DynamoDBClient) -> None:
    """`run-ledger audit --repair` mends the job, and the next walk knows it."""
    in_item(NAMES.jobs, "job-1", c_records_ok=8)(books)
    assert run_proof(books).differing == 1

    assert drifts(audit(books, repair=True))

    assert run_proof(books, later(SETTLED, HOUR)).differing == 0
    assert differing(books) == {}


def test_nothing_is_found_while_events_come(books: DynamoDBClient) -> None:
    """A job that changes whenever it is read is not called wrong; a later walk proves it."""
    seconds = iter(range(60))

    def more(_: Any) -> None:
        second = next(seconds, None)
        if second is not None:
            event = said("job-1", f"12:40:{second:02d}", attempt=2, delta={"records_ok": 1})
            post(books, [event], at=SETTLED)

    proof = run_proof(_Between(books, more))

    assert (proof.found, differing(books)) == ([], {})
    late = run_proof(books, later(SETTLED, 2 * HOUR))
    assert (late.judged, late.found) == (1, [])


class _Between:
    """A client before each of whose reads of items something happens."""

    def __init__(self, client: Any, happening: Callable[[Any], None]) -> None:
        self._client = client
        self._happening = happening

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)

        def between(**request: Any) -> Any:
            if name == "batch_get_item":
                self._happening(request)
            return call(**request)

        return between


def test_a_lost_item_of_a_known_row_is_found(books: DynamoDBClient) -> None:
    """A job whose item goes while the walk is at it has entries, and differs."""

    def lose(request: Any) -> None:
        asked = request["RequestItems"].get(NAMES.jobs, {"Keys": []})
        if asked["Keys"] == [{"job_id": {"S": "job-2"}}]:
            without_item(NAMES.jobs, job_id="job-2")(books)

    run_proof(_Between(books, lose))

    assert differing(books) == {"job-2": {"item"}}
