"""The audit finds exactly what is wrong, and nothing that is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import strategies
from tests.support.audits import (
    BOOKS,
    DAY,
    NOW,
    assert_exact,
    audit,
    drifts,
    entities,
    post,
    rows,
    said,
)
from tests.support.recount import recount_rollups
from tests.support.tables import NAMES, empty_tables

from run_ledger.domain import instants
from run_ledger.store.attributes import to_attribute, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Falsify = Callable[[Any], None]
HOUR_ROW = ("client#client-1#2026-11-22", "11#default")


@pytest.fixture
def books() -> Iterator[DynamoDBClient]:
    """Give a ledger with `BOOKS` in it."""
    with empty_tables() as client:
        post(client, BOOKS)
        yield client


def in_item(table: str, key: str, **values: Any) -> Falsify:
    """Return what sets attributes (None: removes) of an item whose key is one attribute."""

    def falsify(client: Any) -> None:
        (name,) = (part["AttributeName"] for part in _key_schema(client, table))
        item = client.get_item(TableName=table, Key={name: {"S": key}})["Item"]
        client.put_item(TableName=table, Item=_changed(item, values))

    return falsify


def in_row(partition: str, sort: str, **changes: int) -> Falsify:
    """Return what adds to one shard of a row that there is, or makes one."""

    def falsify(client: Any) -> None:
        names = {f"#{number}": name for number, name in enumerate(changes)}
        values = {
            f":{number}": {"N": str(change)} for number, change in enumerate(changes.values())
        }
        client.update_item(
            TableName=NAMES.rollups,
            Key=to_item({"pk": partition, "sk": f"{sort}#1"}),
            UpdateExpression="ADD "
            + ", ".join(f"#{number} :{number}" for number in range(len(changes))),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    return falsify


def without_row(partition: str, sort: str) -> Falsify:
    """Return what deletes all shards of a row."""

    def falsify(client: Any) -> None:
        for shard in range(3):
            key = to_item({"pk": partition, "sk": f"{sort}#{shard}"})
            client.delete_item(TableName=NAMES.rollups, Key=key)

    return falsify


def without_item(table: str, **key: str) -> Falsify:
    """Return what deletes an item."""
    return lambda client: client.delete_item(TableName=table, Key=to_item(key))


def copy_of_job(job_id: str) -> Falsify:
    """Return what makes an item of a job that never was, like job-2."""

    def falsify(client: Any) -> None:
        item = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-2"}})["Item"]
        client.put_item(TableName=NAMES.jobs, Item={**item, "job_id": {"S": job_id}})

    return falsify


def in_attempt(**values: Any) -> Falsify:
    """Return what changes the first attempt of job-1."""

    def falsify(client: Any) -> None:
        item = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]
        attempts = item["at"]["M"]
        attempts["1"] = {"M": _changed(attempts["1"]["M"], values)}
        client.put_item(TableName=NAMES.jobs, Item=item)

    return falsify


def _changed(item: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    changed = item | {name: to_attribute(value) for name, value in values.items()}
    return {name: value for name, value in changed.items() if values.get(name, value) is not None}


def _key_schema(client: Any, table: str) -> list[dict[str, str]]:
    schema: list[dict[str, str]] = client.describe_table(TableName=table)["Table"]["KeySchema"]
    return schema


CLIENT_ROW = f"{HOUR_ROW[0]} {HOUR_ROW[1]}"
FALSE: dict[str, tuple[Falsify, set[tuple[Any, ...]]]] = {
    "a counter is off": (
        in_item(NAMES.jobs, "job-1", c_records_ok=12),
        {("job", "job-1", "c_records_ok", 12, 7)},
    ),
    "a counter is missing": (
        in_item(NAMES.jobs, "job-1", c_records_failed=None),
        {("job", "job-1", "c_records_failed", 0, 1)},
    ),
    "a counter is made up": (
        in_item(NAMES.jobs, "job-3", c_pages=6),
        {("job", "job-3", "c_pages", 6, 0)},
    ),
    "the number of events is off": (
        in_item(NAMES.jobs, "job-2", n=3),
        {("job", "job-2", "n", 3, 2)},
    ),
    "what indexes find it by is wrong": (
        in_item(NAMES.jobs, "job-2", outcome="running", outcome_day="running#2026-11-22"),
        {
            ("job", "job-2", "outcome", "running", "timed_out"),
            ("job", "job-2", "outcome_day", "running#2026-11-22", "timed_out#2026-11-22"),
        },
    ),
    "an attempt ended otherwise": (
        in_attempt(r="cancelled"),
        {("job", "job-1", "at.1.r", "cancelled", "failed")},
    ),
    "an attempt lost its start": (
        in_attempt(s=None),
        {("job", "job-1", "at.1.s", None, instants.parse("2026-11-22T10:00:05Z"))},
    ),
    "it is somebody else's": (
        in_item(NAMES.jobs, "job-3", client_id="client-1"),
        {("job", "job-3", "client_id", "client-1", "client-2")},
    ),
    "an attribute is of another type": (
        in_item(NAMES.jobs, "job-2", c_records_ok="many", ck="no time"),
        {
            ("job", "job-2", "c_records_ok", "many", 1),
            ("job", "job-2", "ck", "no time", "2026-11-22T10:20:00.000000Z#job-2"),
        },
    ),
    "it has an attribute too many": (
        in_item(NAMES.jobs, "job-1", parent_job_id="job-0"),
        {("job", "job-1", "parent_job_id", "job-0", None)},
    ),
    "a job is missing": (
        without_item(NAMES.jobs, job_id="job-2"),
        {("job", "job-2", "", None, "an item")},
    ),
    "a job never was": (
        copy_of_job("job-9"),
        {("job", "job-9", "", "an item", None)},
    ),
    "a project's sum is off": (
        in_item(NAMES.projects, "project-1", c_pages=4),
        {("project", "project-1", "c_pages", 4, 5)},
    ),
    "a project is missing": (
        without_item(NAMES.projects, project_id="project-1"),
        {("project", "project-1", "", None, "an item")},
    ),
    "a row counts too much": (
        in_row(*HOUR_ROW, c_records_ok=1),
        {("row", CLIENT_ROW, "c_records_ok", 5, 4)},
    ),
    "a row counts what never was": (
        in_row("all", "2026-11-22", now_queued=2),
        {("row", "all 2026-11-22", "now_queued", 2, 0)},
    ),
    "a row is missing": (
        without_row("failures#client-1#2026-11-22", "fp"),
        {("row", "failures#client-1#2026-11-22 fp", "ended_failed", 0, 1)},
    ),
    "a row never was": (
        in_row("project#project-1#2026-11-22", "23#client-1", created=1),
        {("row", "project#project-1#2026-11-22 23#client-1", "created", 1, 0)},
    ),
    "a duration is in the wrong bucket": (
        in_row("client#client-1#2026-11-22", "10#default", h_150=-1, h_40=1),
        set(),
    ),
}


def bucket_drift(client: DynamoDBClient) -> set[tuple[Any, ...]]:
    """Return the drift of the last of `FALSE`, whose bucket only the true row tells."""
    (name,) = (
        one for one in rows(client)["client#client-1#2026-11-22", "10#default"] if one[:2] == "h_"
    )
    label = "client#client-1#2026-11-22 10#default"
    assert name not in ("h_150", "h_40")
    return {("row", label, "h_150", -1, 0), ("row", label, "h_40", 1, 0)}


def test_true_books_are_found_true(books: DynamoDBClient) -> None:
    """No difference, nothing left out; jobs, projects and rows have been judged."""
    findings = audit(books)
    assert drifts(findings) == set()
    assert findings.entities == 4
    assert findings.rows == len(recount_rollups(BOOKS))
    assert findings.beyond_reach == findings.undecided == findings.unreadable == []


@pytest.mark.parametrize("name", FALSE)
def test_what_is_false_is_found_and_mended(books: DynamoDBClient, name: str) -> None:
    """Exactly that is found; after a repair all is as it was, and nothing is found."""
    falsify, wrong = FALSE[name]
    wrong = wrong or bucket_drift(books)
    true_entities, true_rows = entities(books), rows(books)
    falsify(books)
    assert drifts(audit(books)) == wrong
    repaired = audit(books, repair=True)
    assert drifts(repaired) == wrong
    assert all(found.mended for found in repaired.drifts)
    assert entities(books) == true_entities
    assert rows(books) == true_rows == recount_rollups(BOOKS)


def test_everything_false_at_once(books: DynamoDBClient) -> None:
    """One repair mends it all, wherever things hide others."""
    true_entities, true_rows = entities(books), rows(books)
    for name, (falsify, _) in FALSE.items():
        if "missing" not in name or "row" in name:
            falsify(books)
    without_item(NAMES.jobs, job_id="job-3")(books)
    audit(books, repair=True)
    assert entities(books) == true_entities
    assert rows(books) == true_rows
    assert_exact(books, BOOKS)


def test_a_mended_job_takes_in_events_as_before(books: DynamoDBClient) -> None:
    """Writers go on from what was mended, whatever they remember."""
    for falsify in (in_item(NAMES.jobs, "job-1", c_records_ok=0), in_attempt(s=1)):
        falsify(books)
    without_item(NAMES.jobs, job_id="job-2")(books)
    audit(books, repair=True)
    more = [
        said("job-1", "13:00:00", delta={"records_ok": 1}),
        said("job-2", "13:00:00", attempt=2, status="running", delta={"records_ok": 1}),
    ]
    post(books, more)
    assert_exact(books, [*BOOKS, *more])


# -------------------------------------------------------------------------------- scopes


def test_one_job(books: DynamoDBClient) -> None:
    """Only that job is judged, and no rows."""
    in_item(NAMES.jobs, "job-1", c_records_ok=12)(books)
    in_row(*HOUR_ROW, c_records_ok=1)(books)
    assert drifts(audit(books, job_id="job-2")) == set()
    findings = audit(books, job_id="job-1")
    assert drifts(findings) == {("job", "job-1", "c_records_ok", 12, 7)}
    assert (findings.entities, findings.rows) == (1, 0)
    assert audit(books, job_id="job-0").entities == 0


def test_one_client(books: DynamoDBClient) -> None:
    """Its jobs, its projects, its rows by hour and of failures; nothing of others."""
    in_item(NAMES.jobs, "job-3", c_records_ok=0)(books)
    in_row("all", "2026-11-22", created=1)(books)
    in_row("project#project-1#2026-11-22", "10#client-1", created=1)(books)
    findings = audit(books, client_id="client-1")
    assert drifts(findings) == set()
    assert findings.entities == 3
    in_row(*HOUR_ROW, c_records_ok=1)(books)
    in_row("failures#client-1#2026-11-22", "none", ended_failed=1)(books)
    in_item(NAMES.projects, "project-1", c_pages=4)(books)
    assert {key for _, key, *_ in drifts(audit(books, client_id="client-1"))} == {
        CLIENT_ROW,
        "failures#client-1#2026-11-22 none",
        "project-1",
    }


def test_one_project(books: DynamoDBClient) -> None:
    """The project, its jobs and its rows."""
    in_row(*HOUR_ROW, c_records_ok=1)(books)
    findings = audit(books, project_id="project-1")
    assert drifts(findings) == set()
    assert findings.entities == 3
    in_row("project#project-1#2026-11-22", "10#client-1", created=1)(books)
    assert drifts(audit(books, project_id="project-1")) == {
        ("row", "project#project-1#2026-11-22 10#client-1", "created", 3, 2)
    }


@pytest.mark.parametrize("scope", [{"client_id": "client-2"}, {"project_id": "project-2"}])
def test_a_job_that_hides_from_the_index(books: DynamoDBClient, scope: dict[str, str]) -> None:
    """A job under another's name is found by its entries, and its rows are not thought wrong."""
    in_item(NAMES.jobs, "job-3", client_id="client-1", project_id="project-1")(books)
    wrong = {
        ("job", "job-3", "client_id", "client-1", "client-2"),
        ("job", "job-3", "project_id", "project-1", "project-2"),
    }
    assert drifts(audit(books, **scope)) == wrong
    audit(books, repair=True, **scope)
    assert_exact(books, BOOKS)


def test_days_limit_the_rows_alone(books: DynamoDBClient) -> None:
    """Rows of other days are left out; every job is judged."""
    post(books, later := [said("job-1", "23:59:59", attempt=3, status="queued")])
    in_row("all", "2026-11-22", created=1)(books)
    in_item(NAMES.jobs, "job-1", c_records_ok=12)(books)
    wrong_job = ("job", "job-1", "c_records_ok", 12, 7)
    wrong_row = ("row", "all 2026-11-22", "created", 4, 3)
    assert drifts(audit(books, first_day="2026-11-23")) == {wrong_job}
    assert drifts(audit(books, last_day="2026-11-21")) == {wrong_job}
    assert drifts(audit(books, first_day="2026-11-22", last_day="2026-11-22")) == {
        wrong_job,
        wrong_row,
    }
    audit(books, repair=True)
    assert_exact(books, [*BOOKS, *later])


# --------------------------------------------------------------------------------- reach


def test_expired_entries_are_no_drift(books: DynamoDBClient) -> None:
    """An old job is beyond reach when entries are gone, and judged while all are there."""
    old = "2026-07-01T10:00:00Z"
    for event_id, fields in (
        ("1", {"delta": {"records_ok": 1}}),
        ("2", {"status": "completed", "result": "succeeded"}),
    ):
        event = said("job-old", "00:00:00", **fields)
        event["detail"] |= {"event_id": event_id, "occurred_at": old}
        post(books, [event], at=instants.parse(old))
    assert drifts(audit(books)) == set()
    assert audit(books).beyond_reach == []
    in_item(NAMES.jobs, "job-old", c_records_ok=2)(books)
    assert drifts(audit(books)) == {("job", "job-old", "c_records_ok", 2, 1)}
    without_item(NAMES.entries, pk="job#job-old", sk="1")(books)
    for event_ids in (["2"], []):
        findings = audit(books, repair=True)
        assert drifts(findings) == set()
        assert findings.beyond_reach == ["job job-old"]
        for event_id in event_ids:
            without_item(NAMES.entries, pk="job#job-old", sk=event_id)(books)
    assert entities(books)["job-old"]["c_records_ok"] == {"N": "2"}


def test_an_old_job_still_counts_where_rows_are_in_reach(books: DynamoDBClient) -> None:
    """Its end and its late deltas are in rows that can be judged, and they are right."""
    first = said("job-old", "00:00:00", status="running")
    first["detail"] |= {"event_id": "1", "occurred_at": "2026-07-01T10:00:00Z"}
    post(books, [first], at=instants.parse("2026-07-01T10:00:00Z"))
    post(books, [said("job-old", "10:10:00", delta={"records_ok": 2})])
    post(books, [said("job-old", "10:50:00", status="completed", result="failed")])
    without_item(NAMES.entries, pk="job#job-old", sk="1")(books)
    findings = audit(books)
    assert drifts(findings) == set()
    assert findings.beyond_reach == ["job job-old"]
    assert findings.undecided == []


def test_entries_that_are_gone_too_soon_are_a_drift(books: DynamoDBClient) -> None:
    """Within reach no entry expires, so one that is missing is missed."""
    without_item(NAMES.entries, pk="job#job-2", sk="job-2@10:40:00")(books)
    found = drifts(audit(books, job_id="job-2"))
    assert ("job", "job-2", "n", 2, 1) in found
    assert ("job", "job-2", "c_records_ok", 1, 0) in found


def test_an_entry_that_holds_no_event_is_said(books: DynamoDBClient) -> None:
    """Its job and rows are not judged and not mended, as nobody knows what it said."""
    key = to_item({"pk": "job#job-2", "sk": "job-2@10:40:00"})
    item: Any = books.get_item(TableName=NAMES.entries, Key=key)["Item"]
    books.put_item(TableName=NAMES.entries, Item=item | {"detail": {"S": "{"}})
    before = entities(books), rows(books)
    findings = audit(books, repair=True)
    assert findings.unreadable == ["job job-2, entry job-2@10:40:00"]
    assert drifts(findings) == set()
    assert (entities(books), rows(books)) == before


def test_entries_of_nobody_that_hold_no_event_are_said(books: DynamoDBClient) -> None:
    """Whose they are can't be told, and so no row can be."""
    key = to_item({"pk": "job#job-3", "sk": "job-3@10:30:00"})
    item: Any = books.get_item(TableName=NAMES.entries, Key=key)["Item"]
    books.put_item(TableName=NAMES.entries, Item=item | {"detail": {"S": "{}"}})
    without_item(NAMES.jobs, job_id="job-3")(books)
    findings = audit(books)
    assert findings.unreadable == ["job job-3, entry job-3@10:30:00"]
    assert drifts(findings) == set()
    assert len(findings.undecided) == len(recount_rollups(BOOKS))


# ------------------------------------------------------------------------------ property


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_true_books_are_found_false(data: st.DataObject) -> None:
    """Whatever is posted, in whatever batches: the audit agrees with the writer."""
    envelopes = data.draw(strategies.ledgers())
    with empty_tables() as client:
        for batch in data.draw(strategies.deliveries(envelopes)):
            post(client, batch)
        findings = audit(client, horizon=instants.EARLIEST + DAY)
    assert drifts(findings) == set()
    assert findings.undecided == findings.unreadable == findings.beyond_reach == []


def test_the_books_are_of_today() -> None:
    """The tests above stand on days within reach."""
    assert instants.day(NOW) == "2026-11-22"
