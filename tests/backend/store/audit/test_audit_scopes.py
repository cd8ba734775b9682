"""What an audit judges: one job, a client's or a project's part, some days, and how far back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.recounts.audits import (
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
from tests.support.recounts.falsehoods import (
    entry_with,
    in_item,
    in_row,
    with_unreadable_entry,
    without_entry,
    without_item,
)
from tests.support.recounts.recount import recount_rollups

from run_ledger.domain import instants
from run_ledger.store.posting.entities import Layout

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR_ROW = ("client#client-1#2026-11-22", "11#default")
CLIENT_ROW = f"{HOUR_ROW[0]} {HOUR_ROW[1]}"


@pytest.fixture
def books() -> Iterator[DynamoDBClient]:
    """Give a ledger with `BOOKS` in it."""
    with empty_tables() as client:
        post(client, BOOKS)
        yield client


@pytest.fixture(params=Layout)
def scattered(request: pytest.FixtureRequest) -> Iterator[DynamoDBClient]:
    """Give a ledger with `BOOKS` in it, each a batch by itself, in either layout."""
    with empty_tables() as client:
        for one in BOOKS:
            post(client, [one], layout=request.param)
        yield client


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
    in_row("clients", "client-1", now_failed=1)(books)
    in_row("clients", "client-2", now_failed=1)(books)
    in_row("projects#client-1", "project-1", now_failed=1)(books)
    in_row("projects#client-1", "project-9", now_failed=1)(books)
    in_item(NAMES.projects, "project-1", c_pages=4)(books)
    assert {key for _, key, *_ in drifts(audit(books, client_id="client-1"))} == {
        CLIENT_ROW,
        "failures#client-1#2026-11-22 none",
        "clients client-1",
        "projects#client-1 project-1",
        "projects#client-1 project-9",
        "project-1",
    }


def test_one_project(books: DynamoDBClient) -> None:
    """The project, its jobs and its rows."""
    in_row(*HOUR_ROW, c_records_ok=1)(books)
    findings = audit(books, project_id="project-1")
    assert drifts(findings) == set()
    assert findings.entities == 3
    in_row("project#project-1#2026-11-22", "10#client-1", created=1)(books)
    in_row("projects#client-1", "project-1", now_failed=1)(books)
    in_row("projects#client-2", "project-2", now_failed=1)(books)
    in_row("clients", "client-1", now_failed=1)(books)
    assert drifts(audit(books, project_id="project-1")) == {
        ("row", "project#project-1#2026-11-22 10#client-1", "created", 3, 2),
        ("row", "projects#client-1 project-1", "now_failed", 1, 0),
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
    """Rows of other days and of none are left out; every job is judged."""
    post(books, later := [said("job-1", "23:59:59", attempt=3, status="queued")])
    in_row("all", "2026-11-22", created=1)(books)
    in_row("clients", "client-1", now_queued=1)(books)
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
    without_entry("1")(books)
    for event_ids in (["2"], []):
        findings = audit(books, repair=True)
        assert drifts(findings) == set()
        assert findings.beyond_reach == ["job job-old"]
        for event_id in event_ids:
            without_entry(event_id)(books)
    assert entities(books)["job-old"]["c_records_ok"] == {"N": "2"}


def test_an_old_job_still_counts_where_rows_are_in_reach(books: DynamoDBClient) -> None:
    """Its end and its late deltas are in rows that can be judged, and they are right."""
    first = said("job-old", "00:00:00", status="running")
    first["detail"] |= {"event_id": "1", "occurred_at": "2026-07-01T10:00:00Z"}
    post(books, [first], at=instants.parse("2026-07-01T10:00:00Z"))
    post(books, [said("job-old", "10:10:00", delta={"records_ok": 2})])
    post(books, [said("job-old", "10:50:00", status="completed", result="failed")])
    without_entry("1")(books)
    findings = audit(books)
    assert drifts(findings) == set()
    assert findings.beyond_reach == ["job job-old"]
    assert findings.undecided == []


def test_totals_count_what_no_entry_tells_of_any_more(books: DynamoDBClient) -> None:
    """A total is of all times: a job whose entries have expired counts as its item says."""
    old = said("job-old", "00:00:00", status="completed", result="partial")
    old["detail"] |= {"event_id": "1", "occurred_at": "2026-07-01T10:00:00Z"}
    post(books, [old], at=instants.parse("2026-07-01T10:00:00Z"))
    without_entry("1")(books)
    assert drifts(audit(books)) == set()
    in_row("clients", "client-1", now_partial=1)(books)
    audit(books, repair=True, client_id="client-1")
    assert rows(books)["clients", "client-1"]["now_partial"] == 1
    assert audit(books).drifts == []


@pytest.mark.parametrize("gone", [["1"], ["1", "2"]])
def test_nothing_is_taken_away_for_want_of_entries(books: DynamoDBClient, gone: list[str]) -> None:
    """Entries were kept for fewer days once: a job stays as it is, and so do sums that it added to.

    What its item tells of can be judged and mended all the same.
    """
    at, row = "2026-10-10T10:00:00Z", ("client#client-1#2026-10-10", "10#default")
    events = [
        said("job-old", "00:00:00", status="running", delta={"records_ok": 1}),
        said("job-old", "00:00:00", delta={"records_ok": 2}),
    ]
    for number, event in enumerate(events, 1):
        event["detail"] |= {"event_id": str(number), "occurred_at": at}
        post(books, [event], at=instants.parse(at))
    before = entities(books), rows(books)
    for event_id in gone:
        without_entry(event_id)(books)
    in_row(*row, created=1)(books)
    findings = audit(books, repair=True)
    assert drifts(findings) == {("row", " ".join(row), "created", 2, 1)}
    assert (entities(books), rows(books)) == before
    assert {"job job-old", " ".join(row)} <= {*findings.beyond_reach}
    # Of days on which it can't have counted, sums are judged.
    in_row(*HOUR_ROW, c_records_ok=1)(books)
    assert drifts(audit(books, repair=True)) == {("row", CLIENT_ROW, "c_records_ok", 5, 4)}


def test_sums_of_a_lost_job_are_not_taken_away_with_its_first_rows(books: DynamoDBClient) -> None:
    """Nothing but a gap in its log tells that it had more entries; it does so ever after."""
    for number in range(3):
        post(books, [said("job-9", f"10:30:0{number}", delta={"records_ok": 1})])
    before, right = rows(books), entities(books)["job-9"]
    without_entry("job-9@10:30:00")(books)
    without_item(NAMES.jobs, job_id="job-9")(books)
    assert drifts(audit(books, repair=True)) == {("job", "job-9", "", None, "an item")}
    row = ("client#client-1#2026-11-22", "10#default")
    for _ in range(2):
        found = audit(books, repair=True)
        assert drifts(found) == set()
        assert rows(books) == before
        assert " ".join(row) in found.beyond_reach
    assert entities(books)["job-9"]["c_records_ok"] == {"N": "2"} != right["c_records_ok"]
    # Who vouches for the entries says that there never was one more.
    wrong = (" ".join(row), "c_records_ok", 7, 6)
    assert ("row", *wrong) in drifts(audit(books, repair=True, is_vouched=True))


def test_sums_of_a_job_that_began_anew_are_not_taken_away(books: DynamoDBClient) -> None:
    """New rows have filled the gap in its log, but they came in later than what follows them."""
    early = NOW - 10 * DAY
    for number in range(2):
        post(books, [said("job-9", f"10:30:0{number}", delta={"records_ok": 1})], at=early)
    without_entry("job-9@10:30:00")(books)
    without_item(NAMES.jobs, job_id="job-9")(books)
    post(books, [said("job-9", "10:30:09", delta={"records_ok": 1})])
    row = ("client#client-1#2026-11-22", "10#default")
    before = rows(books)[row]
    for _ in range(2):
        found = audit(books, repair=True)
        assert " ".join(row) in found.beyond_reach
    assert rows(books)[row]["c_records_ok"] == before["c_records_ok"]
    assert entities(books)["job-9"]["n"] == {"N": "2"}


@pytest.mark.parametrize("attribute", ["at", "said", "ck"])
def test_nothing_is_taken_away_for_want_of_a_readable_item(
    books: DynamoDBClient, attribute: str
) -> None:
    """What a job counts for nobody can tell whose item is damaged and whose entries are gone."""
    for number in range(3):
        post(books, [said("job-9", f"10:30:0{number}", delta={"records_ok": 1})])
    before = rows(books)
    without_entry("job-9@10:30:00")(books)
    in_item(NAMES.jobs, "job-9", **{attribute: "?"})(books)
    findings = audit(books, repair=True)
    assert drifts(findings) == set()
    assert rows(books) == before
    assert findings.beyond_reach == ["job job-9"]
    assert "clients client-1" in findings.undecided
    assert "clients client-2" not in findings.undecided


@pytest.mark.parametrize("ahead", [3, 30])
def test_a_clock_that_is_days_ahead_is_no_drift(books: DynamoDBClient, ahead: int) -> None:
    """Entries expire by the writers' clock, while totals count by the producer's."""
    came_in = NOW - 91 * DAY
    for number, fields in enumerate([{"status": "running"}, {}]):
        event = said("job-fast", "00:00:00", delta={"records_ok": 1}, **fields)
        at = instants.text(instants.Instant(came_in + ahead * DAY))
        event["detail"] |= {"event_id": f"fast-{number}", "occurred_at": at}
        post(books, [event], at=came_in)
    before = entities(books), rows(books)
    for event_id in ("fast-0", "fast-1"):
        without_entry(event_id)(books)
        assert drifts(audit(books, repair=True)) == set()
        assert drifts(audit(books, repair=True, is_vouched=True)) == set()
        assert (entities(books), rows(books)) == before


def test_entries_that_are_gone_too_soon_are_a_drift(scattered: DynamoDBClient) -> None:
    """Where somebody vouches that none has expired, one that is missing is missed."""
    without_entry("job-2@10:40:00")(scattered)
    assert drifts(audit(scattered, job_id="job-2")) == set()
    found = drifts(audit(scattered, job_id="job-2", is_vouched=True))
    assert ("job", "job-2", "n", 2, 1) in found
    assert ("job", "job-2", "c_records_ok", 1, 0) in found


def test_an_entry_that_holds_no_event_is_said(scattered: DynamoDBClient) -> None:
    """Its job and rows are not judged and not mended, as nobody knows what it said."""
    with_unreadable_entry("job-2@10:40:00")(scattered)
    before = entities(scattered), rows(scattered)
    findings = audit(scattered, repair=True)
    assert findings.unreadable in (["job job-2, entry job-2@10:40:00"], ["job job-2, entry row 2"])
    assert drifts(findings) == set()
    assert (entities(scattered), rows(scattered)) == before


def test_a_row_of_a_later_version_is_unreadable(books: DynamoDBClient) -> None:
    """An audit guesses nothing about a form that a later release has given to rows."""
    item = entry_with(books, "job-2@10:40:00")
    books.put_item(
        TableName=NAMES.entries,
        Item={**item, "events": {"B": b"\x7f" + bytes(item["events"]["B"])[1:]}},
    )
    assert audit(books).unreadable == ["job job-2, entry row 1"]


def test_entries_of_nobody_that_hold_no_event_are_said(books: DynamoDBClient) -> None:
    """Whose they are can't be told, and so no row can be."""
    with_unreadable_entry("job-3@10:30:00")(books)
    without_item(NAMES.jobs, job_id="job-3")(books)
    findings = audit(books)
    assert findings.unreadable == ["job job-3, entry row 1"]
    assert drifts(findings) == set()
    assert len(findings.undecided) == len(recount_rollups(BOOKS))
