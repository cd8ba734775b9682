"""Audits of jobs whose logs go on in several partitions, or begin after entries of old."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import Envelope
from tests.support.recounts.audits import (
    assert_exact,
    audit,
    deliver,
    drifts,
    entities,
    post,
    said,
)
from tests.support.recounts.falsehoods import in_item, without_entry, without_item

from run_ledger.store.items import keys
from run_ledger.store.posting.entities import Layout

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def deltas(first: int, count: int) -> list[Envelope]:
    """Return events of one job, one a second."""
    return [
        said("job-1", f"10:00:{second:02d}", delta={"records_ok": 1})
        for second in range(first, first + count)
    ]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    """Give tables; logs go on in three lanes after four rows."""
    monkeypatch.setattr(keys, "FIRST_LANE", 4)
    monkeypatch.setattr(keys, "LANES", 3)
    with empty_tables() as client:
        yield client


@pytest.mark.parametrize(("old", "rows"), [(0, 4), (0, 9), (2, 5)])
def test_every_entry_counts_wherever_it_lies(books: DynamoDBClient, old: int, rows: int) -> None:
    """Of a right ledger an audit finds nothing; a lost or wrong item is made again, and goes on."""
    events = deltas(0, old + rows)
    for one in events[:old]:
        post(books, [one], layout=Layout.ROWS)
    for one in events[old:]:
        post(books, [one])
    assert audit(books, job_id="job-1").drifts == []
    right = entities(books)
    before: Any = books.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]

    for falsify in (
        in_item(NAMES.jobs, "job-1", c_records_ok=77),
        without_item(NAMES.jobs, job_id="job-1"),
    ):
        falsify(books)
        assert drifts(audit(books, job_id="job-1", repair=True)) != set()
        assert entities(books) == right

    after: Any = books.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]
    assert int(after["log"]["N"]) > int(before["log"]["N"])
    assert ("old" in after) == bool(old)
    assert "rev" not in after
    # What is delivered again is known, what is new goes on in the log.
    post(books, events[:old] + events[-1:])
    later = deltas(40, 2)
    post(books, later)
    assert_exact(books, [*events, *later])


def test_where_entries_lie_is_judged(books: DynamoDBClient) -> None:
    """An item that forgot its last row takes no event, one that forgot old entries takes twice."""
    post(books, deltas(0, 1), layout=Layout.ROWS)
    for one in deltas(1, 2):
        post(books, [one])
    in_item(NAMES.jobs, "job-1", log=1, old=None)(books)
    wrong = {("job", "job-1", "log", 1, 2), ("job", "job-1", "old", None, True)}
    assert drifts(audit(books, repair=True)) == wrong
    assert audit(books).drifts == []
    post(books, [*deltas(0, 1), *deltas(3, 1)])
    assert_exact(books, deltas(0, 4))


def test_an_item_without_a_revision_is_mended(books: DynamoDBClient) -> None:
    """No writer can go on from it, so it gets one."""
    post(books, deltas(0, 1), layout=Layout.ROWS)
    in_item(NAMES.jobs, "job-1", rev=None)(books)
    assert deliver(books, deltas(1, 1)) != []
    assert drifts(audit(books, repair=True)) == {("job", "job-1", "rev", None, 2)}
    post(books, deltas(0, 2))
    assert_exact(books, deltas(0, 2))


def test_an_event_that_was_taken_twice_counts_once(books: DynamoDBClient) -> None:
    """While its item was lost, a job took an event again that it had in the layout of old."""
    post(books, deltas(0, 2), layout=Layout.ROWS)
    without_item(NAMES.jobs, job_id="job-1")(books)
    post(books, deltas(1, 2))
    assert entities(books)["job-1"]["c_records_ok"] == {"N": "2"}
    audit(books, repair=True)
    assert_exact(books, deltas(0, 3))
    post(books, [*deltas(0, 3), *deltas(3, 1)])
    assert_exact(books, deltas(0, 4))


def test_a_number_that_a_repair_took_is_not_free(books: DynamoDBClient) -> None:
    """An item that is put back to what it was before takes no event, as if it were the last."""
    for one in deltas(0, 2):
        post(books, [one])
    before: Any = books.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]
    in_item(NAMES.jobs, "job-1", c_records_ok=77)(books)
    audit(books, repair=True)
    assert audit(books).drifts == []
    books.put_item(TableName=NAMES.jobs, Item=before)
    later = deltas(2, 1)
    assert deliver(books, later) != []
    assert drifts(audit(books, repair=True)) == {("job", "job-1", "log", 2, 3)}
    post(books, later)
    assert_exact(books, deltas(0, 3))


def test_a_lost_job_is_found_whose_first_lane_has_expired(books: DynamoDBClient) -> None:
    """A row in another lane is found without an item that tells of it, or a row in the first."""
    for one in deltas(0, 5):
        post(books, [one])
    without_item(NAMES.jobs, job_id="job-1")(books)
    for number in range(1, 5):
        without_entry(f"job-1@10:00:{number - 1:02d}")(books)
    audit(books, repair=True)
    assert entities(books)["job-1"]["c_records_ok"] == {"N": "1"}


def test_a_client_is_audited_with_what_logs_mention(books: DynamoDBClient) -> None:
    """A job whose item names another client is found by the rows of its log."""
    post(books, deltas(0, 2))
    post(books, [said("job-2", "10:00:00", "client-2", delta={"records_ok": 1})])
    in_item(NAMES.jobs, "job-1", client_id="client-2")(books)
    found = drifts(audit(books, client_id="client-1"))
    assert ("job", "job-1", "client_id", "client-2", "client-1") in found
