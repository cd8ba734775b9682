"""The audit finds exactly what is wrong, and nothing that is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events import strategies
from tests.support.events.builders import job_update
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
    Falsify,
    copy_of_job,
    in_attempt,
    in_item,
    in_row,
    without_item,
    without_row,
)
from tests.support.recounts.recount import recount_rollups

from run_ledger.domain import instants
from run_ledger.store.posting.entities import Layout

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR_ROW = ("client#client-1#2026-11-22", "11#default")


@pytest.fixture
def books() -> Iterator[DynamoDBClient]:
    """Give a ledger with `BOOKS` in it."""
    with empty_tables() as client:
        post(client, BOOKS)
        yield client


NEVER_WAS = "a job never was"
"""What only somebody can tell who vouches for the entries."""
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
    NEVER_WAS: (
        copy_of_job("job-9"),
        {("job", "job-9", "", "an item", None)},
    ),
    "a project's sum is off": (
        in_item(NAMES.projects, "project-1", c_pages=4),
        {("project", "project-1", "c_pages", 4, 5)},
    ),
    "a project does not say when it was seen": (
        in_item(NAMES.projects, "project-1", seen=None),
        {("project", "project-1", "seen", None, NOW)},
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
        in_row("days", "2026-11-22", now_queued=2),
        {("row", "days 2026-11-22", "now_queued", 2, 0)},
    ),
    "a client's total is off": (
        in_row("clients", "client-2", now_running=-1),
        {("row", "clients client-2", "now_running", 0, 1)},
    ),
    "a client never was": (
        in_row("clients", "client-9", now_failed=1),
        {("row", "clients client-9", "now_failed", 1, 0)},
    ),
    "a project's total is off": (
        in_row("projects#client-1", "project-1", now_succeeded=1),
        {("row", "projects#client-1 project-1", "now_succeeded", 2, 1)},
    ),
    "a row is missing": (
        without_row("failures#client-1#2026-11-22", "fp"),
        {
            ("row", "failures#client-1#2026-11-22 fp", "ended_failed", 0, 1),
            ("row", "failures#client-1#2026-11-22 fp", "retried_failed", 0, 1),
        },
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
    vouched = name == NEVER_WAS
    assert drifts(audit(books, is_vouched=vouched)) == wrong
    repaired = audit(books, repair=True, is_vouched=vouched)
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
    audit(books, repair=True, is_vouched=True)
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


@pytest.mark.parametrize("layout", Layout)
def test_receipts_are_no_entries(layout: Layout) -> None:
    """Earlier versions left them of events without an id; a replay of such counts nothing."""
    events = [job_update(delta={"records_ok": 1}) for _ in range(3)]
    replayed = [{**one, "id": f"again-{n}", "replay-name": "again"} for n, one in enumerate(events)]
    with empty_tables() as client:
        post(client, events, layout=layout)
        post(client, replayed)
        found = audit(client)
        assert (drifts(found), found.entities) == (set(), 1)
        assert (found.unreadable, found.undecided) == ([], [])
