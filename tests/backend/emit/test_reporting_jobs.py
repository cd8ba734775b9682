"""Jobs: what a block, a decorator or a single call says, and how it ends."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import WillingBus

from run_ledger.domain.contract.fingerprints import fingerprint
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit import Job, RunLedger, current_job

OWNER = {"client_id": "c", "project_id": "p"}


class SoftTimeLimitExceeded(Exception):
    """What Celery raises in a task that takes too long."""


class Unspeakable(Exception):
    """An error whose text can't be had."""

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError("no words")


def last(ledger: RunLedger, bus: WillingBus) -> dict[str, Any]:
    """Return the last event, once all are sent."""
    assert ledger.flush(30)
    return bus.details[-1]


@pytest.mark.parametrize(
    ("error", "result", "told"),
    [
        (ValueError("no"), "failed", {"type": "ValueError", "message": "no"}),
        (TimeoutError("late"), "failed", {"type": "TimeoutError", "message": "late"}),
        (SystemExit(0), "succeeded", None),
        (SystemExit(None), "succeeded", None),
        (SystemExit(2), "failed", {"type": "SystemExit", "message": "2"}),
        (KeyboardInterrupt(), "cancelled", {"type": "KeyboardInterrupt", "message": ""}),
        (
            asyncio.CancelledError(),
            "cancelled",
            {"type": "asyncio.exceptions.CancelledError", "message": ""},
        ),
        (GeneratorExit(), "cancelled", {"type": "GeneratorExit", "message": ""}),
        (SoftTimeLimitExceeded(), "timed_out", None),
        (Unspeakable(), "failed", None),
        (
            ValueError("x" * 5000),
            "failed",
            {
                "type": "ValueError",
                "message": f"{'x' * 700} … {'x' * 321}",
                "fingerprint": fingerprint("ValueError", "x" * 5000),
            },
        ),
        (ValueError("bad \ud800"), "failed", {"type": "ValueError", "message": "bad ?"}),
        (
            RuntimeError("https://me:hunter2@host/ refused"),
            "failed",
            {"type": "RuntimeError", "message": "https://me:[blanked]@host/ refused"},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_exception_becomes_a_result_and_goes_on_up(
    ledger: RunLedger,
    bus: WillingBus,
    error: BaseException,
    result: str,
    told: dict[str, str] | None,
) -> None:
    """What ends the block is what the job ended with; the very same exception comes out."""
    with pytest.raises(type(error)) as caught, ledger.job(**OWNER):
        raise error

    end = last(ledger, bus)
    assert caught.value is error
    assert (end["status"], end["result"]) == ("completed", result)
    assert told is None or end["error"] == told
    assert ("error" in end) == (result != "succeeded")


@pytest.mark.parametrize(
    ("say", "result"),
    [
        (lambda job: None, "succeeded"),
        (lambda job: job.partial(), "partial"),
        (lambda job: job.fail("disk full"), "failed"),
        (lambda job: job.cancel(), "cancelled"),
        (lambda job: job.time_out("too long"), "timed_out"),
        (lambda job: (job.partial(), job.fail("both")), "failed"),
        (lambda job: (job.fail("both"), job.partial()), "failed"),
    ],
)
def test_a_block_ends_as_the_job_said(
    ledger: RunLedger, bus: WillingBus, say: Callable[[Job], object], result: str
) -> None:
    """Without an exception the last word counts; a failure is never mended by `partial`."""
    with ledger.job(**OWNER) as job:
        say(job)

    assert last(ledger, bus)["result"] == result


def test_a_failure_that_was_told_stands_against_the_exception_that_follows(
    ledger: RunLedger, bus: WillingBus
) -> None:
    """`job.time_out(error); raise` means timed out."""
    with pytest.raises(ValueError, match="x"), ledger.job(**OWNER) as job:  # noqa: PT012
        job.time_out("after an hour")
        raise ValueError("x")

    end = last(ledger, bus)
    assert (end["result"], end["error"]["message"]) == ("timed_out", "after an hour")


def test_everything_that_is_known_goes_with_the_start(ledger: RunLedger, bus: WillingBus) -> None:
    """The first event carries all that `job` was given."""
    words: dict[str, Any] = {
        "pipeline": "pl",
        "name": "n",
        "parent_job_id": "above",
        "records_total": 10,
        "tags": {"team": "x"},
        "log_url": "https://logs/x",
        "heartbeat_seconds": 60,
        "expect": {"cron": "0 2 * * *", "max_duration": "2h"},
        "attempt": 3,
        "job_id": "j",
    }
    with ledger.job(**OWNER, **words):
        pass

    assert ledger.flush(30)
    first = bus.details[0]
    assert {name: first[name] for name in [*words, *OWNER]} == {**words, **OWNER}
    assert bus.jobs["j"].attempt == 3
    assert sum("expect" in detail for detail in bus.details) == 1


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_expected_may_be_wrong_or_nothing(
    make: Make, bus: WillingBus, *, strict: bool
) -> None:
    """A schedule that is none costs no event but in tests; an empty one is sent, to take back."""
    ledger = make(strict=strict)
    wrong = {"cron": "61 2 * * *"}
    if strict:
        with pytest.raises(InvalidEvent, match="got '61 2"):
            ledger.job(**OWNER, job_id="a", expect=wrong)
        return
    ledger.job(**OWNER, job_id="a", expect=wrong).start()
    ledger.job(**OWNER, job_id="b", expect={}).start()
    assert ledger.flush(30)
    assert [detail.get("expect") for detail in bus.details] == [None, {}]
    assert ledger.stats().invalid == 1


def test_words_are_put_together_and_the_last_one_counts(make: Make, bus: WillingBus) -> None:
    """A stage that changes a thousand times between two sendings makes one event."""
    ledger = make(interval_seconds=3600)
    job = ledger.job(**OWNER, job_id="j").start()
    for number in range(1000):
        job.stage(f"step {number}")
        job.add(records_ok=1)
    job.total(5)
    assert ledger.flush(30)
    job.end()
    assert ledger.flush(30)

    assert len(bus.details) == 3
    assert bus.jobs["j"].latest("stage") == "step 999"
    assert bus.jobs["j"].latest("records_total") == 5
    assert bus.jobs["j"].counters == {"records_ok": 1000}


def test_a_million_adds_make_a_handful_of_events(ledger: RunLedger, bus: WillingBus) -> None:
    """Deltas are summed in the process."""
    with ledger.job(**OWNER, job_id="j") as job:
        for _ in range(1_000_000):
            job.add(records_ok=1)

    assert last(ledger, bus)["result"] == "succeeded"
    assert bus.jobs["j"].counters == {"records_ok": 1_000_000}
    assert len(bus.details) < 20  # one every five seconds, however slow the machine


def test_more_counters_than_an_event_takes_make_more_events(
    ledger: RunLedger, bus: WillingBus
) -> None:
    """Twenty-four names an event; the end comes once, and late changes still count."""
    with ledger.job(**OWNER, job_id="j") as job:
        for number in range(100):
            job.add({f"n{number}": number + 1})
    job.add(n7=1)

    assert ledger.flush(30)
    assert bus.jobs["j"].counters == {
        f"n{number}": number + 1 + (number == 7) for number in range(100)
    }
    assert bus.jobs["j"].outcome == "succeeded"


def test_what_is_added_after_the_end_counts(make: Make, bus: WillingBus) -> None:
    """A straggling thread loses nothing, and does not reopen the job."""
    ledger = make(interval_seconds=0)
    with ledger.job(**OWNER, job_id="j") as job:
        job.add(records_ok=1)
    assert ledger.flush(30)
    job.add(records_ok=2)
    assert ledger.flush(30)

    assert bus.jobs["j"].counters == {"records_ok": 3}
    assert bus.jobs["j"].outcome == "succeeded"


def test_the_end_is_said_once(ledger: RunLedger, bus: WillingBus) -> None:
    """Leaving the block after `end`, or ending twice, says nothing new."""
    with ledger.job(**OWNER) as job:
        job.end("partial")
        job.end("failed")

    assert last(ledger, bus)["result"] == "partial"
    assert [one.get("status") for one in bus.details] == ["running", "completed"]


def test_a_job_may_wait_first(ledger: RunLedger, bus: WillingBus) -> None:
    """`queued` says so; entering the block says that it runs."""
    job = ledger.job(**OWNER, job_id="j", name="n")
    job.queued()
    assert ledger.flush(30)
    assert bus.jobs["j"].outcome == "queued"
    with job:
        assert ledger.flush(30)
        assert bus.jobs["j"].outcome == "running"


def test_jobs_inside_a_block_are_its_parts(ledger: RunLedger, bus: WillingBus) -> None:
    """The enclosing job is the parent, and is current again afterwards."""
    assert current_job() is None
    with ledger.job(**OWNER, job_id="outer") as outer:
        with ledger.job(**OWNER, job_id="inner") as inner:
            assert current_job() is inner
        assert current_job() is outer
        with ledger.job(**OWNER, job_id="other", parent_job_id="elsewhere"):
            pass
    assert current_job() is None

    assert ledger.flush(30)
    assert bus.jobs["inner"].latest("parent_job_id") == "outer"
    assert bus.jobs["other"].latest("parent_job_id") == "elsewhere"
    assert bus.jobs["outer"].latest("parent_job_id") is None


def test_a_second_try_in_the_same_process_is_attempt_two(
    ledger: RunLedger, bus: WillingBus
) -> None:
    """A loop that tries a job again opens it anew; while it is open, it is the same try."""
    with pytest.raises(ValueError, match="x"), ledger.job(**OWNER, job_id="j") as first:  # noqa: PT012
        again = ledger.job(**OWNER, job_id="j")
        raise ValueError("x")
    with ledger.job(**OWNER, job_id="j") as second:
        pass

    assert ledger.flush(30)
    assert (first.attempt, again.attempt, second.attempt) == (1, 1, 2)
    assert bus.jobs["j"].outcome == "succeeded"
    assert {number: one.result for number, one in bus.jobs["j"].attempts.items()} == {
        1: "failed",
        2: "succeeded",
    }


def test_a_pickled_job_is_a_part_of_it(ledger: RunLedger) -> None:
    """Every copy in a process reports to one place, and none of them ends the job."""
    job = ledger.job(**OWNER, job_id="j", attempt=2)
    one, other = (pickle.loads(pickle.dumps(job)) for _ in range(2))  # noqa: S301 - our own

    assert (one.job_id, one.attempt) == ("j", 2)
    assert one._accumulator is other._accumulator
    one._reporter.close(0)


def test_worker_threads_share_a_job_by_joining(make: Make, bus: WillingBus) -> None:
    """`join` adds and says; it neither starts nor ends the job."""
    ledger = make()
    with ledger.job(**OWNER, job_id="j"):
        with ledger.join(**OWNER, job_id="j") as part:
            part.add(records_ok=2)
            part.stage("there")
        assert ledger.flush(30)
        assert bus.jobs["j"].outcome == "running"

    assert ledger.flush(30)
    assert bus.jobs["j"].counters == {"records_ok": 2}
    assert sum(one.get("status") == "completed" for one in bus.details) == 1


def test_projects(ledger: RunLedger, bus: WillingBus) -> None:
    """A project says what it is at once, and sums like a job."""
    project = ledger.project(**OWNER)
    project.update(name="n", owner="o", status="active", jobs_expected=3)
    for _ in range(10):
        project.add(records_ok=2)
    project.update(due_at="tomorrow")

    assert ledger.flush(30)
    assert [entry["DetailType"] for entry in bus.entries] == ["project_update"] * len(bus.entries)
    assert bus.details[0]["jobs_expected"] == 3
    assert sum(one.get("delta", {}).get("records_ok", 0) for one in bus.details) == 20
    assert not any("due_at" in one for one in bus.details)
    assert ledger.stats().invalid == 1
