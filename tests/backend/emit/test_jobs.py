"""Jobs: what a block, a decorator or a single call says, and how it ends."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from tests.backend.emit.conftest import Make
from tests.support.buses import StuckBus, WillingBus

from run_ledger.emit import InvalidEvent, Job, RunLedger, current_job

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
        (ValueError("x" * 5000), "failed", {"type": "ValueError", "message": "x" * 1023 + "…"}),
        (ValueError("bad \ud800"), "failed", {"type": "ValueError", "message": "bad ?"}),
        (
            RuntimeError("https://me:hunter2@host/ refused"),
            "failed",
            {"type": "RuntimeError", "message": "https://[blanked]@host/ refused"},
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
        "attempt": 3,
        "job_id": "j",
    }
    with ledger.job(**OWNER, **words):
        pass

    assert ledger.flush(30)
    first = bus.details[0]
    assert {name: first[name] for name in [*words, *OWNER]} == {**words, **OWNER}
    assert bus.jobs["j"].attempt == 3


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
    assert bus.jobs["j"].said("stage") == "step 999"
    assert bus.jobs["j"].said("records_total") == 5
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
    assert bus.jobs["inner"].said("parent_job_id") == "outer"
    assert bus.jobs["other"].said("parent_job_id") == "elsewhere"
    assert bus.jobs["outer"].said("parent_job_id") is None


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


def test_asyncio_jobs(ledger: RunLedger, bus: WillingBus) -> None:
    """Tasks have their own current job; entering and leaving needs no turn of the loop."""

    async def work(name: str) -> None:
        async with ledger.job(**OWNER, job_id=name) as job:
            await asyncio.sleep(0)
            assert current_job() is job
            job.add(records_ok=1)

    async def all_of_it() -> bool:
        await asyncio.gather(*(work(f"j{number}") for number in range(20)))
        return await ledger.aflush(30)

    assert asyncio.run(all_of_it())
    assert {job.outcome for job in bus.jobs.values()} == {"succeeded"}
    assert sum(job.counters["records_ok"] for job in bus.jobs.values()) == 20
    assert {job.said("parent_job_id") for job in bus.jobs.values()} == {None}


def test_a_cancelled_task_is_a_cancelled_job(ledger: RunLedger, bus: WillingBus) -> None:
    """The cancellation of a task ends the job as cancelled and goes on up."""

    async def work() -> None:
        async with ledger.job(**OWNER, job_id="j"):
            await asyncio.Event().wait()

    async def cancelled() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert last(ledger, bus)["result"] == "cancelled"


def test_waiting_for_a_stuck_bus_leaves_the_loop_free(make: Make) -> None:
    """`aflush` gives up in time, while other tasks go on."""
    bus = StuckBus()
    ledger = make(client=bus)

    async def wait() -> tuple[bool, int]:
        turns = 0
        async with ledger.job(**OWNER):
            flushing = asyncio.create_task(ledger.aflush(0.2))
            while not flushing.done():
                turns += 1
                await asyncio.sleep(0)
        return await flushing, turns

    is_safe, turns = asyncio.run(wait())
    bus.may_answer.set()
    assert not is_safe
    assert turns > 10


def test_decorated_functions_are_jobs(ledger: RunLedger, bus: WillingBus) -> None:
    """Functions, coroutines and generators of both kinds; results and errors pass through."""
    tracked = ledger.tracked(**OWNER)

    @tracked
    def add(one: int, other: int) -> int:
        """Add."""
        job = current_job()
        assert job
        job.add(records_ok=one)
        return one + other

    @tracked
    async def wait() -> str:
        assert current_job()
        return "waited"

    @tracked
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    @tracked
    async def stream(to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    @ledger.tracked(**OWNER, name="breaks")
    def breaks() -> None:
        raise KeyError("gone")

    async def streamed() -> list[int]:
        return [number async for number in stream(3)]

    assert add(1, other=2) == 3
    assert add.__doc__ == "Add."
    assert asyncio.run(wait()) == "waited"
    assert list(count(3)) == [0, 1, 2]
    assert asyncio.run(streamed()) == [0, 1, 2]
    with pytest.raises(KeyError):
        breaks()
    next(count(3))  # left in the middle

    assert ledger.flush(30)
    found = sorted(
        (str(job.said("name")).rpartition(".")[2], job.outcome) for job in bus.jobs.values()
    )
    assert found == [
        ("add", "succeeded"),
        ("breaks", "failed"),
        ("count", "cancelled"),
        ("count", "succeeded"),
        ("stream", "succeeded"),
        ("wait", "succeeded"),
    ]


def test_a_generator_left_from_elsewhere_harms_nobody(ledger: RunLedger) -> None:
    """A block in a generator may be left in another context than it was entered in."""

    def generator() -> Iterator[int]:
        with ledger.job(**OWNER):
            yield 1

    running = generator()
    thread = threading.Thread(target=lambda: next(running))
    thread.start()
    thread.join()
    running.close()

    assert ledger.stats().faults == 0


def test_a_pickled_job_is_a_part_of_it(ledger: RunLedger) -> None:
    """Every copy in a process reports to one place, and none of them ends the job."""
    job = ledger.job(**OWNER, job_id="j", attempt=2)
    one, other = (pickle.loads(pickle.dumps(job)) for _ in range(2))  # noqa: S301 - our own

    assert (one.job_id, one.attempt) == ("j", 2)
    assert one._tally is other._tally
    one._ledger.close(0)


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


WRONG: list[Callable[[RunLedger], object]] = [
    lambda ledger: ledger.job(client_id="c", project_id="p", job_id="no such id").start(),
    lambda ledger: ledger.job(client_id="c").start(),
    lambda ledger: ledger.job(**OWNER, attempt=0).start(),
    lambda ledger: ledger.job(**OWNER, log_url="http://insecure").start(),
    lambda ledger: ledger.job(**OWNER, tags={"a": "b", "": "c"}).start(),
    lambda ledger: ledger.job(**OWNER, records_total=-1).start(),
    lambda ledger: ledger.job(**OWNER).add(records_ok=1.5),  # type: ignore[arg-type]
    lambda ledger: ledger.job(**OWNER).total("many"),  # type: ignore[arg-type]
    lambda ledger: ledger.send("job_update", {"job_id": "j"}),
    lambda ledger: ledger.send("nonsense", {}),
    lambda ledger: ledger.send("job_update", {**OWNER, "job_id": "j", "tags": [object()]}),
]


@pytest.mark.parametrize("mistake", WRONG)
def test_mistakes_never_raise_into_the_pipeline(
    ledger: RunLedger, mistake: Callable[[RunLedger], object]
) -> None:
    """They are left out, counted, and told in the log."""
    mistake(ledger)

    assert ledger.flush(30)
    assert ledger.stats().invalid + ledger.stats().faults >= 1


@pytest.mark.parametrize("mistake", WRONG)
def test_in_strict_mode_mistakes_raise(make: Make, mistake: Callable[[RunLedger], object]) -> None:
    """So that a pipeline's own tests find them."""
    with pytest.raises(InvalidEvent):
        mistake(make(strict=True))


def test_what_is_wrong_with_a_field_does_not_cost_the_event(
    ledger: RunLedger, bus: WillingBus
) -> None:
    """A start with a bad tag and a bad address is still a start."""
    with ledger.job(**OWNER, job_id="j", log_url="ftp://x", tags={"fine": "1", "": "x"}, name="n"):
        pass

    assert ledger.flush(30)
    first = bus.details[0]
    assert (first["status"], first["name"], first["tags"]) == ("running", "n", {"fine": "1"})
    assert "log_url" not in first


def test_text_beyond_the_limit_is_cut(ledger: RunLedger, bus: WillingBus) -> None:
    """Long names and stages come out as long as the contract takes."""
    with ledger.job(**OWNER, name="n" * 3000) as job:
        job.stage("s" * 3000)

    assert ledger.flush(30)
    assert [len(bus.details[0]["name"]), len(bus.details[-1]["stage"])] == [1024, 1024]


def test_without_a_bus_nothing_happens(bus: WillingBus) -> None:
    """A laptop without settings runs the pipeline as if there were no ledger."""
    ledger = RunLedger(client=bus)
    threads = threading.active_count()

    with ledger.job(client_id="c", project_id="no such id") as job:
        job.add(records_ok=1)
        job.stage("x")
        job.usage(None)
    ledger.project(**OWNER).update(name="x")
    assert ledger.send("job_update", {}) is None

    assert ledger.flush(0)
    assert ledger.close(0)
    assert not ledger.stats().enabled
    assert job.job_id is None
    assert threading.active_count() == threads
    assert bus.entries == []


def test_importing_costs_little() -> None:
    """The AWS SDK is not imported before something is sent."""
    code = "import sys, run_ledger.emit; print([m for m in sys.modules if m.startswith('boto')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": "backend"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"
