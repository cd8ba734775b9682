"""The audit while writers write: nothing true is found false, and what is mended stays exact."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import Envelope, project_update
from tests.support.readers.reading import Serial
from tests.support.recounts.audits import (
    BOOKS,
    Interleaved,
    assert_exact,
    audit,
    deliver,
    drifts,
    entities,
    post,
    rows,
    said,
)
from tests.support.recounts.recount import recount_rollups

from run_ledger.domain.state.rollups import Row
from run_ledger.store.audit.expected_items import Name, entries_in
from run_ledger.store.audit.repairs import AUDIT_SHARD, mend_item, mend_row
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.log_items import entries_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ALL = Row("all", "2026-11-22")


@pytest.fixture
def books() -> Iterator[DynamoDBClient]:
    """Give a ledger with `BOOKS` in it."""
    with empty_tables() as client:
        post(client, BOOKS)
        yield client


def traffic(number: int, seed: int) -> list[Envelope]:
    """Return events that reach known jobs and new ones, change their state and add to sums."""
    dice = random.Random(seed)
    events: list[Envelope] = []
    for count in range(number):
        fields: dict[str, Any] = {"delta": {"records_ok": dice.randint(-3, 9)}}
        kind = dice.randrange(4)
        if kind == 1:
            fields |= {"status": "completed", "result": dice.choice(["succeeded", "failed"])}
        elif kind == 2:
            fields |= {"status": "queued", "attempt": dice.randint(2, 4)}
        job = f"job-{dice.randint(1, 7)}"
        client = "client-2" if job == "job-3" else "client-1"
        at = f"{dice.randint(9, 13):02}:{dice.randint(0, 59):02}:30.{count:06}"
        events.append(said(job, at, client, **fields))
        if kind == 3:
            update = {"event_id": f"p-{seed}-{count}", "occurred_at": "2026-11-22T09:30:00Z"}
            events.append(project_update(**update, delta={"pages": 1}))
    return events


def postings(client: Any, events: Sequence[Envelope]) -> list[Callable[[], None]]:
    """Return what posts *events*, one at a time, as writers do that have different shards."""
    return [partial(post, client, [one], seed=number) for number, one in enumerate(events)]


def deliveries(
    client: Any, events: Sequence[Envelope], returned: list[Envelope]
) -> list[Callable[[], None]]:
    """Return what delivers *events*, one at a time; what is handed back is put into *returned*."""

    def one_more(number: int, one: Envelope) -> None:
        if deliver(client, [one], seed=number):
            returned.append(one)

    return [partial(one_more, number, one) for number, one in enumerate(events)]


def falsify(client: Any) -> None:
    """Make a job's sums and state wrong, lose one, and make rows wrong both ways."""
    change(client, "job-1", c_records_ok={"N": "70"}, outcome={"S": "queued"})
    change(client, "job-3", at={"M": {"1": {"M": {"s": {"N": "5"}}}}})
    client.delete_item(TableName=NAMES.jobs, Key=to_item({"job_id": "job-2"}))
    add_to_all(client, "0", created=5, started=-1)


def change(client: Any, job_id: str, **attributes: Any) -> None:
    """Set attributes of a job's item."""
    key = to_item({"job_id": job_id})
    item = client.get_item(TableName=NAMES.jobs, Key=key)["Item"]
    client.put_item(TableName=NAMES.jobs, Item=item | attributes)


def add_to_all(client: Any, shard: str, **changes: int) -> None:
    """Add to one shard of the row over all."""
    names = list(changes)
    client.update_item(
        TableName=NAMES.rollups,
        Key=to_item({"pk": ALL.partition, "sk": f"{ALL.sort}#{shard}"}),
        UpdateExpression="ADD " + ", ".join(f"{name} :{name}" for name in names),
        ExpressionAttributeValues={f":{name}": {"N": str(changes[name])} for name in names},
    )


def reading(client: Any) -> Reading:
    """Return a reading through *client*."""
    return Reading(client, NAMES, Serial(), 3_600.0)


@pytest.mark.parametrize(("every", "seed"), [(1, 1), (1, 2), (2, 3), (5, 4)])
def test_no_drift_is_reported_that_writers_made_up(
    books: DynamoDBClient, every: int, seed: int
) -> None:
    """With a posting between any two calls of the audit, nothing is found but what is."""
    events = traffic(25, seed)
    interleaved = Interleaved(books, postings(books, events), every)
    assert drifts(audit(interleaved)) == set()
    for posting in interleaved.rest():
        posting()
    assert_exact(books, [*BOOKS, *events])


def test_jobs_that_are_made_unseen_in_each_round_are_no_drift(books: DynamoDBClient) -> None:
    """A row that seems wrong twice alike, each time for want of another new job, moved."""
    events = [said(f"new-{number}", "10:50:00", status="running") for number in range(40)]
    # Before items are read, which is when the round's jobs have been listed.
    interleaved = Interleaved(books, postings(books, events), operation="batch_get_item")
    assert drifts(audit(interleaved)) == set()
    assert len(interleaved.rest()) < 30


def test_a_row_made_of_a_false_item_is_found_however_late_it_comes(books: DynamoDBClient) -> None:
    """A posting to a false item, after the rows were looked through, makes a false row."""
    change(books, "job-3", at={"M": {"1": {"M": {"s": {"N": "5"}}}}})
    end = said("job-3", "13:00:00", "client-2", status="completed", result="failed")
    # Before the second reading of the items, which follows that of the rows.
    interleaved = Interleaved(books, postings(books, [end]), 2, "batch_get_item")
    found = {one[1] for one in drifts(audit(interleaved, repair=True))}
    assert {"job-3", "client#client-2#2026-11-22 13#default"} <= found
    assert_exact(books, [*BOOKS, end])


@pytest.mark.parametrize("repair", [False, True])
def test_what_never_stands_still_is_said(books: DynamoDBClient, *, repair: bool) -> None:
    """A row that each reading finds changed is undecided, not right and not wrong."""
    seen = iter(range(10_000))

    def one_more() -> None:
        post(books, [said("job-1", f"11:00:01.{next(seen):06}", delta={"records_ok": 1})])

    interleaved = Interleaved(books, [one_more] * 10_000, every=4)
    add_to_all(books, "0", created=1)
    findings = audit(interleaved, repair=repair)
    assert drifts(findings) == set()
    assert "job job-1" in findings.undecided
    assert "all 2026-11-22" in findings.undecided
    assert "client#client-2#2026-11-22 10#default" not in findings.undecided
    audit(books, repair=True)
    assert_exact(books, [*BOOKS, *interleaved_events(books)])


def interleaved_events(client: Any) -> list[Envelope]:
    """Return the events of job-1 that came while the audit was at work."""
    items: list[Any] = client.scan(TableName=NAMES.entries)["Items"]
    ids = [entry.event_id for item in items for entry in entries_of(item)]
    return [
        said("job-1", one.partition("@")[2], delta={"records_ok": 1})
        for one in sorted(ids)
        if one.startswith("job-1@11:00:01.")
    ]


@pytest.mark.parametrize(("every", "number"), [(1, 40), (2, 30), (3, 20), (7, 8)])
def test_a_repair_among_writers_is_exact(books: DynamoDBClient, every: int, number: int) -> None:
    """False books are mended while events go on to come in; none of these is lost or doubled."""
    falsify(books)
    events = traffic(number, seed=every)
    returned: list[Envelope] = []
    interleaved = Interleaved(books, deliveries(books, events, returned), every)
    assert audit(interleaved, repair=True).undecided == []
    assert interleaved.rest() == []
    post(books, returned)
    assert_exact(books, [*BOOKS, *events])


def test_postings_upon_false_items_are_mended_too(books: DynamoDBClient) -> None:
    """What writers made of false items falsifies rows; one repair mends all of it.

    Of a job whose item is lost nothing can be posted: such events wait until it is there again.
    """
    falsify(books)
    events = traffic(20, 9)
    returned: list[Envelope] = []
    for delivery in deliveries(books, events, returned):
        delivery()
    assert {one["detail"].get("job_id") for one in returned} == {"job-2"}
    audit(books, repair=True)
    post(books, returned)
    assert_exact(books, [*BOOKS, *events])


def test_two_audits_mend_once(books: DynamoDBClient) -> None:
    """Both find the same, both want to mend: the second sees that it is done."""
    add_to_all(books, "0", created=5)
    for _ in range(2):
        assert mend_row(reading(books), ALL, None, {"created": -5})
    assert rows(books) == recount_rollups(BOOKS)


def test_a_row_mended_otherwise_meanwhile_is_left(books: DynamoDBClient) -> None:
    """What another audit has added since is not known to be right for this one."""
    add_to_all(books, AUDIT_SHARD, created=1)
    assert not mend_row(reading(books), ALL, None, {"created": -5})
    shard = to_item({"created": 0})
    assert not mend_row(reading(books), ALL, shard, {"created": -5})
    assert mend_row(reading(books), ALL, to_item({"created": 1}), {"created": -1})
    assert rows(books) == recount_rollups(BOOKS)


def test_an_item_that_took_in_an_event_is_not_replaced(books: DynamoDBClient) -> None:
    """A repair stands upon what was read, and an event that came since is not lost."""
    name, key = Name("job", "job-1"), to_item({"job_id": "job-1"})
    right: Any = entities(books)["job-1"]
    change(books, "job-1", c_records_ok={"N": "70"})
    wrong: Any = books.get_item(TableName=NAMES.jobs, Key=key)["Item"]
    post(books, event := [said("job-1", "11:45:00", delta={"records_ok": 1})])
    assert not mend_item(reading(books), name, wrong, right, none := entries_in(name, []))
    assert not mend_item(reading(books), name, None, right, none)
    assert not mend_item(reading(books), name, wrong, None, none)
    audit(books, repair=True)
    assert_exact(books, [*BOOKS, *event])
