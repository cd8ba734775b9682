"""What the ledger does when calls fail: retry, part, give back to the queue, never half."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.dynamo.faults import (
    Recorder,
    failed_after,
    failing_action,
    held_back,
    refused_with,
    timed_out_after,
    timed_out_before,
)
from tests.support.dynamo.stand_in import Answer, Call, Fault, Script
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import NAMES, assert_balanced, make_ledger, post

from run_ledger.store.posting.ledger import Keeping

READ, WRITE = "BatchGetItem", "TransactWriteItems"
RUNNING = job_update(event_id="1", status="running", delta={"records_ok": 1})


def jobs(count: int, event_id: str = "1") -> list[Envelope]:
    """Return the first events of *count* jobs."""
    return [
        job_update(event_id=event_id, job_id=f"job-{n}", delta={"records_ok": 1})
        for n in range(count)
    ]


@pytest.mark.parametrize(
    "fault",
    [
        refused_with("ThrottlingException"),
        refused_with("ProvisionedThroughputExceededException"),
        refused_with("InternalServerError"),
        failed_after("InternalServerError"),
        timed_out_before,
        timed_out_after,
    ],
)
def test_a_call_that_fails_in_passing_is_tried_again(fault: Fault) -> None:
    """Whether it had taken effect or not: the event counts once."""
    for faults in ((fault,), (None, fault), (None, fault, fault)):
        store, pauses = ledgers.empty_store(), list[float]()
        report = post(make_ledger(store, Recorder(*faults), pauses=pauses), [RUNNING])
        assert not report.failed_message_ids
        assert pauses
        assert ledgers.stored_jobs(store)["job-1"].job.counters == {"records_ok": 1}
        assert_balanced(store)


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_an_action_that_fails_in_passing_is_tried_again(index: int, code: str) -> None:
    """Be it an entry, the job or a rollup row."""
    store, pauses = ledgers.empty_store(), list[float]()
    script = Recorder(None, failing_action(index, code))
    report = post(make_ledger(store, script, pauses=pauses), [RUNNING])
    assert not report.failed_message_ids
    assert (report.transactions, report.cancelled, len(pauses)) == (2, 1, 1)
    assert_balanced(store)


def test_reads_that_are_held_back_are_asked_for_again() -> None:
    """After a short pause, and only the keys that are missing; the others wait for none."""
    store, script, pauses = ledgers.empty_store(), Recorder(held_back(2)), list[float]()
    report = post(make_ledger(store, script, pauses=pauses), jobs(3))
    assert 0 < sum(pauses) <= 0.05
    assert script.operations == [READ, WRITE, READ, WRITE]
    assert not report.failed_message_ids
    assert_balanced(store)


def test_a_revision_that_was_lost_is_read_again() -> None:
    """Another writer was faster: the event is folded into what that one left."""
    store = ledgers.empty_store()
    post(make_ledger(store), [RUNNING])

    def other_writer_first(call: Call) -> Answer:
        post(make_ledger(store), [job_update(event_id="2", name="by another")])
        return call.perform()

    script = Recorder(None, None, other_writer_first)
    late = job_update(event_id="3", stage="load", status="completed", result="partial")
    report = post(make_ledger(store, script), [late])
    assert script.operations == [READ, READ, WRITE] * 2, "the job, its new rows, the posting"
    assert (report.cancelled, report.duplicates) == (1, 0)
    stored = ledgers.stored_jobs(store)["job-1"]
    assert (stored.revision, stored.job.latest("name"), stored.job.latest("stage")) == (
        3,
        "by another",
        "load",
    )
    assert_balanced(store)


def test_nobody_is_refused_by_what_is_only_remembered() -> None:
    """A job whose item and row were deleted is nobody's: the next event makes it anew."""
    store = ledgers.empty_store()
    ledger = make_ledger(store)
    post(ledger, [RUNNING])
    store._versions.clear()
    report = post(ledger, [job_update(event_id="2", client_id="other", delta={"records_ok": 1})])
    assert not report.rejections
    assert ledgers.stored_jobs(store)["job-1"].job.client_id == "other"
    assert_balanced(store)
    assert len(post(ledger, [RUNNING]).rejections) == 1


def test_a_row_that_is_there_is_never_overwritten() -> None:
    """A job's item is put back to what it was: its events fail, alone and at once."""
    store = ledgers.empty_store()
    post(make_ledger(store), [RUNNING])
    (older,) = store.items(NAMES.jobs)
    post(make_ledger(store), [job_update(event_id="2", name="lost")])
    store.perform("PutItem", {"TableName": NAMES.jobs, "Item": older})
    rows = store.items(NAMES.entries)
    report = post(make_ledger(store), [job_update(event_id="3", stage="load"), *jobs(2)])
    assert report.failed_message_ids == {"m0"}
    assert report.failures == [
        "job job-1, event 3: its item is older than its last row",
    ]
    assert [row for row in store.items(NAMES.entries) if row in rows] == rows
    assert {"job-0"} < set(ledgers.stored_jobs(store))


def test_a_hot_job_holds_up_no_other() -> None:
    """One conflict, and the others commit without it, at once; only the hot one waits."""
    store, pauses = ledgers.empty_store(), list[float]()
    conflict = failing_action(1, "TransactionConflict")
    # The hot one is read again each time, as another writer is changing it.
    script = Recorder(None, conflict, None, None, conflict, None, conflict)
    report = post(make_ledger(store, script, pauses=pauses), jobs(4))
    assert not report.failed_message_ids
    sizes = [len(actions) for actions in script.transactions]
    assert sizes == [8 + 6, 6 + 6, 2 + 6, 2 + 6, 2 + 6], "all; the others; the hot one"
    assert len(pauses) == 3
    assert_balanced(store)


def test_a_job_that_another_writer_holds_is_read_again() -> None:
    """After a conflict the next try is made of what the other has written, and is not in vain."""
    store = ledgers.empty_store()
    ledger_of_another = make_ledger(store)
    post(ledger_of_another, [RUNNING])

    def held(call: Call) -> Answer:
        post(ledger_of_another, [job_update(event_id="2", name="by another")])
        return failing_action(1, "TransactionConflict")(call)

    script = Recorder(None, None, held)
    report = post(make_ledger(store, script), [job_update(event_id="3", stage="load")])
    assert not report.failed_message_ids
    assert script.operations == [READ, READ, WRITE, READ, READ, WRITE]
    assert (report.transactions, report.cancelled) == (2, 1)
    assert_balanced(store)


def test_a_conflict_on_a_row_moves_to_another_shard() -> None:
    """Writers that meet on a rollup row part."""
    store = ledgers.empty_store()
    script = Recorder(None, failing_action(-1, "TransactionConflict"))
    report = post(make_ledger(store, script, keeping=Keeping(ledgers.TTL_DAYS, 1000)), [RUNNING])
    shards = [
        actions[-1]["Update"]["Key"]["sk"]["S"].rpartition("#")[2]
        for actions in script.transactions
    ]
    assert len(set(shards)) == 2
    assert not report.failed_message_ids
    assert_balanced(store)


def test_what_finds_no_time_goes_back_to_the_queue() -> None:
    """Nothing of it is half done, and what was done before stays done."""
    store = ledgers.empty_store()
    script = Recorder(None, refused_with("ThrottlingException"))
    report = post(make_ledger(store, script), jobs(3), seconds=[60, 60, 60, 1])
    assert report.failed_message_ids == {"m0", "m1", "m2"}
    assert len(report.failures) == 3
    assert store.commits == 0
    again = post(make_ledger(store), jobs(3))
    assert not again.failed_message_ids
    assert_balanced(store)


def test_time_is_looked_at_before_each_transaction() -> None:
    """A batch of several transactions stops between two of them."""
    store = ledgers.empty_store()
    script = Recorder()
    report = post(make_ledger(store, script), jobs(120), seconds=[60, 60, 60, 1])
    assert len(script.transactions) == 2
    assert len(report.failed_message_ids) == 120 - len(ledgers.entries(store))
    assert_balanced(store)


def test_pauses_end_before_the_time_does() -> None:
    """However long the trouble lasts, there is time left to say so."""
    store, pauses = ledgers.empty_store(), list[float]()
    script = Recorder(*[refused_with("InternalServerError")] * 10_000)

    def remaining() -> float:
        return 10 - sum(pauses) - 0.01 * len(script.calls)

    ledger = make_ledger(store, script, pauses=pauses)
    report = ledger.post(ledgers.deliveries([RUNNING]), [], remaining)
    assert report.failed_message_ids == {"m0"}
    assert 2.9 < remaining() <= 3
    assert max(pauses) <= 1
    assert len(pauses) < 40


@pytest.mark.parametrize("faults", [1, 2, 3, 7])
def test_a_request_that_is_throttled_as_a_whole_is_halved(faults: int) -> None:
    """Nobody says for whose sake, so each half goes on by itself until all are posted."""
    store = ledgers.empty_store()
    script = Recorder(None, *[refused_with("ThrottlingException")] * faults)
    report = post(make_ledger(store, script), jobs(8))
    assert not report.failed_message_ids
    posted = [sum("Put" in action for action in actions) for actions in script.transactions]
    assert posted[:2] == [8, 4]
    assert sum(posted[faults:]) == 8, "what was refused is tried again, and no more"
    assert_balanced(store)


def test_what_failed_together_without_throttling_stays_together() -> None:
    """A server's error is nobody's in particular; all go on in one transaction."""
    store = ledgers.empty_store()
    script = Recorder(None, *[refused_with("InternalServerError")] * 3)
    report = post(make_ledger(store, script), jobs(8))
    assert not report.failed_message_ids
    assert report.transactions == 4
    assert_balanced(store)


def test_a_row_that_takes_no_more_fails_no_job() -> None:
    """Its next item takes what comes, so the totals stay exact; the report says so."""
    store = ledgers.empty_store()
    ledger = make_ledger(store, rows_refused("#0", "#1", "#2", "#0.1", "#1.1", "#2.1"))
    report = post(ledger, [RUNNING, *jobs(3)])
    assert not report.failed_message_ids
    assert {row["shard"].partition(".")[2] for row in report.full_rows} == {"1", "2"}
    assert "client#client-1#2026-11-22" in {row["partition"] for row in report.full_rows}
    again = post(ledger, jobs(3, "2"))
    assert (again.full_rows, again.cancelled) == ([], 0), "the writer remembers"
    assert_balanced(store)


def test_one_row_that_takes_no_more_leaves_the_others_where_they_are() -> None:
    """Only this one has another item."""
    store = ledgers.empty_store()
    ledger = make_ledger(store, rows_refused("#default#0", "#default#1", "#default#2"))
    report = post(ledger, [RUNNING])
    assert [row["sort"] for row in report.full_rows] == ["14#default"]
    shards = [item["sk"]["S"].rpartition("#")[2] for item in store.items(NAMES.rollups)]
    assert sum("." in shard for shard in shards) == 1
    assert_balanced(store)


def test_a_row_that_never_takes_anything_fails_its_own_jobs_alone() -> None:
    """What no item takes is no matter of size: the jobs that count there fail, no others."""
    store = ledgers.empty_store()
    other = job_update(event_id="1", job_id="other", client_id="client-2", project_id="project-2")

    def refuse(call: Call) -> Answer:
        return call.perform(Fail=dict.fromkeys(_rows(call, "client#client-1"), "ValidationError"))

    script = lambda call: refuse if call.operation == WRITE else None  # noqa: E731
    report = post(make_ledger(store, script), [RUNNING, other])
    assert report.failed_message_ids == {"m0"}
    assert set(ledgers.stored_jobs(store)) == {"other"}
    assert_balanced(store)


def rows_refused(*ends: str) -> Script:
    """Return the script of a store that refuses rollup items whose sort key has one of *ends*."""

    def refuse(call: Call) -> Answer:
        return call.perform(Fail=dict.fromkeys(_rows(call, "", *ends), "ValidationError"))

    return lambda call: refuse if call.operation == WRITE else None


def _rows(call: Call, partition: str, *ends: str) -> list[int]:
    found = []
    for index, action in enumerate(call.request["TransactItems"]):
        ((_, write),) = action.items()
        if write["TableName"] == NAMES.rollups:
            key = write["Key"]
            if key["pk"]["S"].startswith(partition) and key["sk"]["S"].endswith(ends or ("",)):
                found.append(index)
    return found


def test_no_permission_fails_the_batch_at_once() -> None:
    """Patience would not help; the messages come again, in the end in the DLQ."""
    store, pauses = ledgers.empty_store(), list[float]()
    script = Recorder(refused_with("AccessDeniedException"))
    report = post(make_ledger(store, script, pauses=pauses), jobs(2))
    assert report.failed_message_ids == {"m0", "m1"}
    assert script.operations == [READ]
    assert not pauses


def test_an_item_that_grows_too_large_fails_alone() -> None:
    """A job of 400 KB takes in no more; its neighbours do, and so do its sums."""
    store = ledgers.empty_store()
    ledger = make_ledger(store)
    error = {"type": "t" * 1000, "message": "m" * 1000}
    for attempt in range(1, 197):
        report = post(ledger, [job_update(event_id=str(attempt), attempt=attempt, error=error)])
        assert not report.failed_message_ids
    too_much = [job_update(event_id=f"more-{n}", attempt=1000 + n, error=error) for n in range(3)]
    other = job_update(event_id="1", job_id="job-2", delta={"records_ok": 1})
    sums = job_update(event_id="sum", delta={"records_ok": 1})
    report = post(ledger, [*too_much, other, sums])
    assert 1 <= len(report.failed_message_ids) < 3
    assert report.failed_message_ids < {"m0", "m1", "m2"}
    assert_balanced(store)


def test_events_that_are_refused_everywhere_fail_once_each() -> None:
    """Entry, job and rows refused, even alone: a failure for each event, and the batch goes on."""
    store = ledgers.empty_store()

    def refuse_job_1(call: Call) -> Answer:
        actions = call.request["TransactItems"]
        is_here = [index for index, action in enumerate(actions) if "job-1" in str(action)]
        return call.perform(Fail=dict.fromkeys(is_here, "ValidationError"))

    script = lambda call: refuse_job_1 if call.operation == WRITE else None  # noqa: E731
    report = post(
        make_ledger(store, script), [RUNNING, job_update(event_id="2", name="a"), *jobs(1)]
    )
    assert report.failed_message_ids == {"m0", "m1"}
    assert len(report.failures) == 2
    assert set(ledgers.stored_jobs(store)) == {"job-0"}
    assert_balanced(store)


def test_eight_writers_at_one_job_lose_and_double_nothing() -> None:
    """In real threads, each with most of the events, in another order and other batches."""
    store = ledgers.empty_store()
    batch = [job_update(event_id=str(n), delta={"records_ok": n}) for n in range(120)]
    batch += [job_update(event_id=f"stage-{n}", stage=f"stage {n}") for n in range(20)]

    def work(number: int) -> set[str]:
        ledger, dice = make_ledger(store, seed=number), random.Random(number)
        mine = dice.sample(batch, 100)
        reports = [post(ledger, mine[start : start + 9]) for start in range(0, 100, 9)]
        return {failed for report in reports for failed in report.failed_message_ids}

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [set()] * 8
    assert len(ledgers.entries(store)) == len(batch), "each event has been somebody's"
    assert_balanced(store)
