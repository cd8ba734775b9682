"""How the ledger posts batches: what it reads, what it writes, in how many calls."""

from __future__ import annotations

from tests.support.dynamo.faults import Recorder
from tests.support.events import builders
from tests.support.events.builders import TIME, job_update, project_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import NAMES, assert_balanced, make_ledger, post
from tests.support.recounts.recount import MOST_OWN_OF_A_JOB

from run_ledger.domain import instants
from run_ledger.store.items.log_items import entries_of

READ, WRITE = "BatchGetItem", "TransactWriteItems"


def test_a_posting_is_one_transaction() -> None:
    """A row of both events, the job and its rollup rows commit together; the job is read before."""
    store, calls = ledgers.empty_store(), Recorder()
    report = post(
        make_ledger(store, calls),
        [
            job_update(event_id="1", status="running"),
            job_update(event_id="2", delta={"records_ok": 3, "pages_seen": 2}),
        ],
    )
    assert calls.operations == [READ, WRITE]
    (actions,) = calls.transactions
    assert [next(iter(action)) for action in actions] == ["Put"] + ["Update"] * 7
    row, job, *rollups = [next(iter(action.values())) for action in actions]
    assert row["TableName"] == NAMES.entries
    assert [entry.event_id for entry in entries_of(row["Item"])] == ["1", "2"]
    assert row["ConditionExpression"] == "attribute_not_exists(pk)"
    assert job["TableName"] == NAMES.jobs
    assert job["Key"] == {"job_id": {"S": "job-1"}}
    assert job["ConditionExpression"].startswith("attribute_not_exists(")
    assert [row["Key"]["pk"]["S"] for row in rollups] == [
        "client#client-1#2026-11-22",
        "project#project-1#2026-11-22",
        "all",
        "days",
        "clients",
        "projects#client-1",
    ]
    assert report.postings == [
        {
            "kind": "job",
            "job_id": "job-1",
            "client_id": "client-1",
            "project_id": "project-1",
            "pipeline": "default",
            "status": "running",
            "result": "none",
            "attempt": 1,
            "turned_to": "running",
            "events": 2,
            "duplicates": 0,
            "confirmed": 0,
            "received_at": instants.text(ledgers.NOW),
            "write_ms": 0.0,
            "late_seconds": round((ledgers.NOW - instants.parse(TIME)) / 1e6, 3),
            "bus_seconds": round((ledgers.NOW - instants.parse(TIME)) / 1e6, 3),
        }
    ]
    assert not report.failed_message_ids
    assert_balanced(store)


def test_what_a_job_is_made_of_can_be_read_back() -> None:
    """A stored job is the fold of its events, with its revision, entries and last_seen_at."""
    store = ledgers.empty_store()
    ledger = make_ledger(store)
    post(ledger, [job_update(event_id="1", status="queued", name="first", tags={"a": "b"})])
    post(
        ledger,
        [
            job_update(event_id="2", status="running", delta={"records_ok": -4}),
            job_update(
                event_id="3",
                status="completed",
                result="failed",
                error={"type": "ValueError", "message": "row 17"},
                parent_job_id="parent",
            ),
        ],
    )
    stored = ledgers.stored_jobs(store)["job-1"]
    assert (stored.revision, stored.entries, stored.last_seen_at) == (2, 3, ledgers.NOW)
    assert stored.job.outcome == "failed"
    assert_balanced(store)


def test_a_repeat_in_a_batch_is_dropped() -> None:
    """Messages that carry the same event are one event, and none of them fails."""
    store = ledgers.empty_store()
    one = job_update(event_id="1", delta={"records_ok": 1})
    sent_again = job_update(event_id="1", delta={"records_ok": 1}, time="2026-11-22T15:00:00Z")
    report = post(make_ledger(store), [one, one, sent_again])
    assert (report.duplicates, report.transactions) == (2, 1)
    assert ledgers.stored_jobs(store)["job-1"].job.counters == {"records_ok": 1}
    assert_balanced(store)


def test_a_redelivered_batch_changes_nothing() -> None:
    """It costs a writer that knows the jobs one read of their rows, and all are duplicates."""
    store, calls = ledgers.empty_store(), Recorder()
    ledger = make_ledger(store, calls)
    first = [job_update(event_id="0", job_id=f"job-{n}", status="running") for n in range(5)]
    batch = [job_update(event_id="1", job_id=f"job-{n}", delta={"llm_calls": 1}) for n in range(5)]
    post(ledger, first)
    post(ledger, batch)
    commits = store.commits
    calls.calls.clear()
    report = post(ledger, batch)
    assert calls.operations == [READ]
    assert (report.duplicates, report.transactions, report.cancelled) == (5, 0, 0)
    assert not report.failed_message_ids
    assert store.commits == commits


def test_a_batch_that_is_partly_known_posts_the_rest() -> None:
    """Known events are taken out before the others are posted."""
    store = ledgers.empty_store()
    known = [job_update(event_id=str(n), delta={"records_ok": n}) for n in range(3)]
    post(make_ledger(store), known)
    fresh = [job_update(event_id=str(n), delta={"records_ok": n}) for n in range(3, 6)]
    report = post(make_ledger(store), [*known, *fresh])
    assert (report.duplicates, report.cancelled) == (3, 0)
    assert ledgers.stored_jobs(store)["job-1"].job.counters == {"records_ok": 15}
    assert_balanced(store)


def test_a_known_job_needs_no_read() -> None:
    """Whatever its events change: the writer knows the state, and the number of the last row."""
    store, calls = ledgers.empty_store(), Recorder()
    ledger = make_ledger(store, calls)
    post(ledger, [job_update(event_id="1", status="running")])
    calls.calls.clear()
    post(ledger, [job_update(event_id="2", status="running", delta={"records_ok": 1})])
    earlier = "2026-11-22T13:00:00Z"
    post(ledger, [job_update(event_id="3", delta={"records_ok": 1}, occurred_at=earlier)])
    post(ledger, [job_update(event_id="4", status="completed", result="succeeded")])
    assert calls.operations == [WRITE] * 3
    assert ledgers.stored_jobs(store)["job-1"].revision == 4
    assert_balanced(store)


def test_a_known_project_needs_no_read() -> None:
    """As with jobs."""
    store, calls = ledgers.empty_store(), Recorder()
    ledger = make_ledger(store, calls)
    post(ledger, [project_update(event_id="1", name="first")])
    calls.calls.clear()
    post(ledger, [project_update(event_id="2", delta={"pages_seen": 1})])
    post(ledger, [project_update(event_id="3", name="second")])
    assert calls.operations == [WRITE] * 2
    assert ledgers.stored_projects(store)["project-1"].revision == 3
    assert_balanced(store)


def test_a_job_that_others_change_is_read_before() -> None:
    """A writer that was wrong once too often looks first, and that costs less than being wrong."""
    store, calls = ledgers.empty_store(), Recorder()
    mine, theirs = make_ledger(store, calls), make_ledger(store, seed=1)
    cancelled = []
    for number in range(40):
        post(theirs, [job_update(event_id=f"theirs-{number}", delta={"records_ok": 1})])
        report = post(mine, [job_update(event_id=f"mine-{number}", delta={"records_ok": 1})])
        cancelled.append(report.cancelled)
    assert sum(cancelled[:10]) > 0
    assert sum(cancelled[10:]) == 0
    assert_balanced(store)


def test_a_writer_that_is_alone_again_trusts_its_memory() -> None:
    """It reads once more, finds what it remembers, and soon reads nothing."""
    store, calls = ledgers.empty_store(), Recorder()
    mine, theirs = make_ledger(store, calls), make_ledger(store, seed=1)
    for number in range(10):
        post(theirs, [job_update(event_id=f"theirs-{number}", delta={"records_ok": 1})])
        post(mine, [job_update(event_id=f"mine-{number}", delta={"records_ok": 1})])
    for number in range(60):
        calls.calls.clear()
        post(mine, [job_update(event_id=f"alone-{number}", delta={"records_ok": 1})])
    assert calls.operations == [WRITE]
    assert_balanced(store)


def test_two_hundred_deltas_of_one_job_are_two_rows() -> None:
    """A row holds 100 events; with it go the job and three rollup rows.

    The first has three rows of totals besides, as the job is new.
    """
    store, calls = ledgers.empty_store(), Recorder()
    batch = [job_update(event_id=str(n), delta={"records_ok": 1}) for n in range(200)]
    report = post(make_ledger(store, calls), batch)
    assert [len(actions) for actions in calls.transactions] == [2 + 6, 2 + 3]
    assert calls.operations == [READ, WRITE, WRITE]
    assert not report.cancelled
    assert_balanced(store)


def test_jobs_that_share_rows_share_actions() -> None:
    """Twenty jobs of one client, project and hour: one transaction, six rollup rows."""
    store, calls = ledgers.empty_store(), Recorder()
    batch = [job_update(event_id="1", job_id=f"job-{n}", status="running") for n in range(20)]
    post(make_ledger(store, calls), batch)
    assert [len(actions) for actions in calls.transactions] == [20 + 20 + 6]
    assert_balanced(store)


def test_a_thousand_events_at_once() -> None:
    """As many as a queue delivers: few calls, and no event too many or too few."""
    store, calls = ledgers.empty_store(), Recorder()
    batch = [
        job_update(event_id=str(n), job_id=f"job-{n % 120}", delta={"records_ok": 1})
        for n in range(1000)
    ]
    report = post(make_ledger(store, calls), batch)
    assert calls.operations.count(READ) == 2
    assert calls.operations.count(WRITE) <= 14
    assert sum(posting["events"] for posting in report.postings) == 1000
    assert_balanced(store)


def test_many_distinct_counters_fit_into_expressions() -> None:
    """Postings whose counters would burst an expression are parted; the job keeps some of them."""
    store = ledgers.empty_store()
    batch = [
        job_update(event_id=str(n), delta={f"counter_number_{n}_{m}": 1 for m in range(24)})
        for n in range(40)
    ]
    report = post(make_ledger(store), batch)
    assert not report.failed_message_ids
    counters = ledgers.stored_jobs(store)["job-1"].job.counters
    assert len(counters) == MOST_OWN_OF_A_JOB + 1
    assert counters["other_counters"] == 40 * 24 - MOST_OWN_OF_A_JOB
    assert_balanced(store)


def test_messages_that_hold_no_event_are_kept_as_rejected() -> None:
    """They are done with: redelivery would make nothing better of them."""
    store = ledgers.empty_store()
    good = job_update(event_id="1", status="running")
    bad = builders.text(job_update(event_id="2", status="asleep"))
    report = post(make_ledger(store), ["{", good, bad, bad])
    assert not report.failed_message_ids
    assert [error.reason for error in report.rejected] == [
        "bad_json",
        "invalid_field",
        "invalid_field",
    ]
    kept = {rejection.raw: rejection.reason for rejection in ledgers.rejections(store)}
    assert kept == {"{": "bad_json", bad: "invalid_field"}
    assert_balanced(store)


def test_an_event_id_is_used_once() -> None:
    """Another event under the id of a stored one is rejected, whatever batch it comes in."""
    store = ledgers.empty_store()
    ledger = make_ledger(store)
    first = job_update(event_id="1", delta={"records_ok": 1})
    second = job_update(event_id="1", delta={"records_ok": 2})
    report = post(ledger, [first, second])
    assert [error.reason for error in report.rejected] == ["event_id_reused"]
    again = post(make_ledger(store), [second])
    assert [error.reason for error in again.rejected] == ["event_id_reused"]
    assert [rejection.raw for rejection in ledgers.rejections(store)] == [builders.text(second)]
    assert ledgers.stored_jobs(store)["job-1"].job.counters == {"records_ok": 1}
    assert_balanced(store)


def test_the_same_id_under_two_jobs_is_two_events() -> None:
    """Ids are the producers' and mean something within one job alone."""
    store = ledgers.empty_store()
    batch = [job_update(event_id="1", job_id=job_id) for job_id in ("job-1", "job-2")]
    batch.append(project_update(event_id="1", project_id="job-1"))
    report = post(make_ledger(store), batch)
    assert not report.rejected
    assert len(ledgers.entries(store)) == 3


def test_strangers_in_a_batch_are_rejected() -> None:
    """The first identity of a new job is the job's; events of another are rejected."""
    store = ledgers.empty_store()
    report = post(
        make_ledger(store),
        [
            job_update(event_id="1", status="running"),
            job_update(event_id="2", client_id="client-2", delta={"records_ok": 9}),
            job_update(event_id="3", pipeline="other"),
            job_update(event_id="4", pipeline="default", delta={"records_ok": 1}),
        ],
    )
    assert [(error.reason, error.field) for error in report.rejected] == [
        ("identity_mismatch", "detail.client_id"),
        ("identity_mismatch", "detail.pipeline"),
    ]
    assert not report.failed_message_ids
    assert ledgers.stored_jobs(store)["job-1"].job.counters == {"records_ok": 1}
    assert_balanced(store)


def test_strangers_to_what_is_stored_are_rejected() -> None:
    """A writer that knows the job, and one that must read it, both see the stranger."""
    store = ledgers.empty_store()
    ledger = make_ledger(store)
    post(ledger, [job_update(event_id="1", status="running"), project_update(event_id="1")])
    strangers = [
        job_update(event_id="2", project_id="other", delta={"records_ok": 9}),
        project_update(event_id="2", client_id="client-2", delta={"pages_seen": 9}),
    ]
    for writer in (ledger, make_ledger(store)):
        report = post(writer, strangers)
        assert [(error.reason, error.field) for error in report.rejected] == [
            ("identity_mismatch", "detail.project_id"),
            ("identity_mismatch", "detail.client_id"),
        ]
        assert not report.failed_message_ids
    assert len(ledgers.rejections(store)) == 2
    assert_balanced(store)
