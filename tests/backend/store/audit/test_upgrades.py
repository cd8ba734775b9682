"""A ledger that an earlier version filled goes on right, and is brought up to date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events import strategies
from tests.support.events.builders import Envelope
from tests.support.readers.reading import Serial
from tests.support.recounts.audits import (
    Interleaved,
    assert_exact,
    audit,
    deliver,
    entities,
    post,
    rows,
    said,
)
from tests.support.recounts.earlier_version import make_earlier
from tests.support.recounts.falsehoods import without_entry

from run_ledger.store.audit import upgrades
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.posting.entities import Layout

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RETRIED = (
    said("job-1", "10:00:00", status="running"),
    said("job-1", "10:10:00", status="completed", result="failed"),
    said("job-1", "10:20:00", status="running"),
    said("job-1", "11:00:00", attempt=2, status="running"),
)
HOUR_ROW = ("client#client-1#2026-11-22", "10#default")


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    """Give empty tables."""
    with empty_tables() as made:
        yield made


def upgrade(client: Any, after: str | None = None) -> tuple[int, list[str]]:
    """Bring everything up to date; return how many jobs were changed, and which are left."""
    reading = Reading(client, NAMES, Serial(), 3_600.0)
    steps = list(upgrades.upgrade(reading, after, pause=lambda _: None))
    return sum(step.upgraded for step in steps), [one for step in steps for one in step.left]


def many_retries(job_id: str, attempts: int) -> list[Envelope]:
    """Return a job whose attempts have failed, each in an hour and of a cause of its own."""
    return [
        said(
            job_id,
            f"{number // 60:02}:{number % 60:02}:00",
            attempt=number,
            status="completed",
            result="failed",
            error={"type": "E", "message": "m", "fingerprint": f"fp-{number}"},
        )
        for number in range(1, attempts + 1)
    ]


def test_a_number_that_an_upgrade_took_is_not_free(client: DynamoDBClient) -> None:
    """An item that is put back to what it was before takes no event."""
    post(client, RETRIED)
    make_earlier(client)
    before: Any = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]
    assert upgrade(client) == (1, [])
    client.put_item(TableName=NAMES.jobs, Item=before)
    last = [said("job-1", "11:30:00", attempt=2, status="completed", result="succeeded")]
    assert deliver(client, last) != []
    audit(client, repair=True)
    post(client, last)
    assert_exact(client, [*RETRIED, *last])


def test_what_was_never_added_is_not_subtracted(client: DynamoDBClient) -> None:
    """The first event that changes a job of an earlier version counts its retries."""
    post(client, RETRIED[:3])
    make_earlier(client)
    assert "retried_failed" not in rows(client)[HOUR_ROW]
    post(client, RETRIED[3:])
    assert rows(client)[HOUR_ROW]["retried_failed"] == 1
    last = said("job-1", "11:30:00", attempt=2, status="completed", result="succeeded")
    post(client, [last])
    later = said("job-1", "10:10:01", status="completed", result="timed_out")
    post(client, [later])
    assert rows(client)[HOUR_ROW]["retried_timed_out"] == 1
    assert "retried_failed" not in rows(client)[HOUR_ROW]
    assert upgrade(client) == (1, [])
    assert_exact(client, [*RETRIED, last, later])


def test_an_upgrade_brings_up_rows_and_items(client: DynamoDBClient) -> None:
    """Once; a second run has nothing to do, and the times of clients' rows stay as they are."""
    post(client, RETRIED)
    whole, counted = entities(client), rows(client)
    seen = _seen(client)
    make_earlier(client)
    assert rows(client) != counted
    assert upgrade(client) == (1, [])
    assert (entities(client), rows(client), _seen(client)) == (whole, counted, seen)
    assert upgrade(client) == (0, [])
    assert_exact(client, RETRIED)


def _seen(client: DynamoDBClient) -> list[Any]:
    items: list[Any] = client.scan(TableName=NAMES.rollups)["Items"]
    return [item["seen"] for item in items if "seen" in item]


def test_a_repair_does_the_same(client: DynamoDBClient) -> None:
    """An audit finds what an earlier version left out, and mends it."""
    post(client, RETRIED)
    make_earlier(client)
    assert audit(client).drifts
    audit(client, repair=True)
    assert_exact(client, RETRIED)


@pytest.mark.parametrize("attempts", [16, 17, 40])
def test_many_retries_are_brought_up_in_parts(client: DynamoDBClient, attempts: int) -> None:
    """A transaction has room for some; writers go on meanwhile with the job."""
    history = many_retries("job-1", attempts)
    post(client, history)
    make_earlier(client)
    more = many_retries("job-1", attempts + 2)[attempts:]
    post(client, more[:1])
    assert upgrade(client) == (0 if attempts <= 16 else 1, [])
    post(client, more[1:])
    assert_exact(client, [*history, *more])


def test_an_upgrade_goes_on_after_an_interruption(
    client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the job that it has reached, or from the beginning: each job is brought up once."""
    monkeypatch.setattr(upgrades, "PAGE", 2)
    events = [
        said(f"job-{number}", at, attempt=attempt, status="completed", result=result)
        for number in range(7)
        for at, attempt, result in (("10:00:00", 1, "failed"), ("10:05:00", 2, "succeeded"))
    ]
    post(client, events)
    make_earlier(client)
    reading = Reading(client, NAMES, Serial(), 3_600.0)
    first = next(upgrades.upgrade(reading))
    assert (first.jobs, first.upgraded) == (2, 2)
    assert upgrade(client, first.last) == (5, [])
    assert upgrade(client) == (0, [])
    assert_exact(client, events)


def test_what_cannot_be_read_is_named(client: DynamoDBClient) -> None:
    """One broken item stops nothing."""
    post(client, RETRIED)
    make_earlier(client)
    client.put_item(TableName=NAMES.jobs, Item={"job_id": {"S": "broken"}})
    assert upgrade(client) == (1, ["broken"])


def test_expired_entries_leave_what_they_alone_knew(client: DynamoDBClient) -> None:
    """Retries are counted by the item; the earliest end stays unknown."""
    post(client, RETRIED, layout=Layout.ROWS)
    make_earlier(client)
    without_entry("job-1@10:00:00")(client)
    assert upgrade(client) == (1, [])
    assert rows(client)[HOUR_ROW]["retried_failed"] == 1
    item: Any = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]
    assert "l" not in item["at"]["M"]["1"]["M"]


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=2))
@settings(max_examples=settings().max_examples // 5)
def test_writers_may_go_on(data: st.DataObject, envelopes: Sequence[Envelope]) -> None:
    """Whatever was there before, and whatever comes before and during the upgrade."""
    first, second = sorted(
        data.draw(st.integers(0, len(envelopes)), label=name) for name in ("earlier", "before")
    )
    with empty_tables() as client:
        post(client, envelopes[:first], seed=1)
        make_earlier(client)
        post(client, envelopes[first:second], seed=2)
        happenings = [
            lambda one=one: post(client, [one], seed=3)  # type: ignore[misc]
            for one in envelopes[second:]
        ]
        among = Interleaved(client, happenings, every=data.draw(st.integers(1, 3), label="every"))
        _, left = upgrade(among)
        for one in among.rest():
            one()
        assert left == []
        upgrade(client)
        assert_exact(client, envelopes)
