"""Sending: calls within their limits, trouble kept from the pipeline, health that can be seen."""

from __future__ import annotations

import gc
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import Entry, MoodyBus, StuckBus, WillingBus, served
from tests.support.stacks.local_stack import wait_for

from run_ledger.emit import RunLedger
from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery import process_hooks
from run_ledger.emit.delivery.bus import BYTES_PER_CALL, BusUnavailable, EventBus, first_call
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.spool_folders import spool_folders
from run_ledger.emit.identity.environment import BusTarget

OWNER = {"client_id": "c", "project_id": "p"}


def event(number: int, size: int = 10) -> OutgoingEvent:
    """Return an update of about *size* bytes."""
    return OutgoingEvent(f"e{number}", "job_update", "x" * size)


def test_calls_carry_up_to_ten_entries(make: Make) -> None:
    """What gathers while a call is under way goes together with the next."""
    bus = StuckBus()
    ledger = make(client=bus)
    ledger.send("job_update", {**OWNER, "job_id": "first"})
    assert bus.was_called.wait(30)
    for number in range(25):
        ledger.send("job_update", {**OWNER, "job_id": f"j{number}"})
    bus.may_answer.set()

    assert ledger.flush(30)
    assert bus.calls == [1, 10, 10, 5]


def test_calls_stay_below_the_size_limit() -> None:
    """Large events go in fewer entries a call, at least one."""
    large = [event(number, 60_000) for number in range(10)]

    batch = first_call(large)

    assert sum(one.size for one in batch) <= BYTES_PER_CALL
    assert len(batch) == 4
    assert len(first_call([event(1, BYTES_PER_CALL)])) == 1
    assert len(first_call([event(number) for number in range(30)])) == 10


def test_an_event_is_within_what_the_writer_takes(ledger: RunLedger, bus: WillingBus) -> None:
    """Tags that make an event too large are left out, not the event."""
    tags = {f"tag{number}": "é" * 1024 for number in range(64)}
    with ledger.job(**OWNER, name="n", tags=tags):
        pass

    assert ledger.flush(30)
    assert (bus.details[0]["name"], "tags" in bus.details[0]) == ("n", False)
    assert ledger.stats().invalid == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionError("gone"), "ConnectionError: gone"),
        (EndpointConnectionError(endpoint_url="https://x"), "EndpointConnectionError: Could not"),
        (NoCredentialsError(), "NoCredentialsError: Unable to locate credentials"),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "x"}}, "PutEvents"),
            "AccessDeniedException",
        ),
        (RecursionError("deep"), "RecursionError: deep"),
    ],
)
def test_whatever_the_bus_raises_is_kept_from_the_pipeline(
    make: Make, tmp_path: Path, error: Exception, words: str
) -> None:
    """The job goes on, its events go to disk, and the trouble can be read off the stats."""

    class Raising:
        def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
            raise error

    ledger = make(client=Raising())
    with ledger.job(**OWNER) as job:
        job.add(records_ok=1)

    assert ledger.flush(30)
    stats = ledger.stats()
    assert (stats.accepted, stats.spooled, stats.lost, stats.waiting) == (0, 2, 0, 0)
    assert (stats.last_error or "").startswith(words)
    assert [folder.events for folder in spool_folders(tmp_path / "spool")] == [2]


@pytest.mark.parametrize("spool", [None, "off"])
def test_an_answer_that_never_comes_holds_up_nobody(make: Make, spool: str | None) -> None:
    """While a call hangs, jobs start, add and end; what has a disk loses nothing at the end."""
    bus = StuckBus()
    ledger = make(client=bus, **({"spool": spool} if spool else {}))
    done = threading.Event()

    def pipeline() -> None:
        for number in range(50):
            with ledger.job(**OWNER, job_id=f"j{number}") as job:
                job.add(records_ok=1)
                job.stage("x")
        done.set()

    threading.Thread(target=pipeline, daemon=True).start()
    assert done.wait(30)
    is_safe = ledger.close(0.05)
    bus.may_answer.set()

    assert is_safe == (spool is None)
    assert ledger.stats().spooled == (100 if spool is None else 0)


def test_a_flush_that_brought_nothing_into_safety_says_so(make: Make) -> None:
    """Neither bus nor disk took the event, so it is still in memory, and not safe."""
    moods = {"mood": "down"}
    bus = MoodyBus(lambda: moods["mood"])
    ledger = make(client=bus, spool="off")
    ledger.send("job_update", {**OWNER, "job_id": "j"})

    assert not ledger.flush(30)
    assert ledger.stats().waiting == 1
    moods["mood"] = "well"
    wait_for("the event", lambda: ledger.flush(30), 30)
    assert {*bus.jobs} == {"j"}


@pytest.mark.usefixtures("impatient")
def test_an_entry_that_is_never_right_is_given_up(make: Make) -> None:
    """One malformed entry of many is dropped and told, the others get through."""

    class Particular(WillingBus):
        def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
            self.calls.append(len(Entries))
            bad = [json.loads(one["Detail"])["job_id"] == "bad" for one in Entries]
            self.entries += [one for one, is_bad in zip(Entries, bad, strict=True) if not is_bad]
            refusal = {"ErrorCode": "MalformedDetail", "ErrorMessage": "no"}
            return {
                "FailedEntryCount": sum(bad),
                "Entries": [refusal if is_bad else {"EventId": "x"} for is_bad in bad],
            }

    bus = Particular()
    ledger = make(client=bus)
    for job_id in ("a", "bad", "b"):
        ledger.send("job_update", {**OWNER, "job_id": job_id})

    assert ledger.flush(30)
    assert {*bus.jobs} == {"a", "b"}
    assert (ledger.stats().refused, ledger.stats().spooled) == (1, 0)


def test_trouble_makes_a_line_when_it_begins_and_one_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However many calls fail, the log stays readable; every ten minutes it is said again."""
    now = [0.0]
    health = Health(clock=lambda: now[0])
    with caplog.at_level(logging.WARNING, "run_ledger.emit"):
        for _ in range(1000):
            health.note_outage("ThrottlingException")
            now[0] += 1
        health.note_call(3)
        health.note_call(3)

    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert "ThrottlingException" in lines[0]
    assert "again" in lines[-1]


def test_mistakes_make_one_line_each(ledger: RunLedger, caplog: pytest.LogCaptureFixture) -> None:
    """A misspelt name in a loop is told once and counted each time."""
    job = ledger.job(**OWNER)
    with caplog.at_level(logging.WARNING, "run_ledger.emit"):
        for _ in range(500):
            job.add(Records=1)
            job.add(records_ok=0.5)  # type: ignore[arg-type]
        assert ledger.flush(30)

    assert len(caplog.records) == 2
    assert ledger.stats().invalid == 1000


@pytest.mark.usefixtures("impatient")
def test_the_stats_tell_how_it_fares(make: Make) -> None:
    """Calls, failures and what became of the events can be seen."""
    moods = iter(["down", "some"])
    bus = MoodyBus(lambda: next(moods, "well"))
    ledger = make(client=bus)
    for number in range(4):
        ledger.send("job_update", {**OWNER, "job_id": f"j{number}"})
    assert ledger.close(30)

    stats = ledger.stats()
    assert stats.enabled
    assert stats.calls >= 1
    assert stats.calls_failed == 1
    assert stats.spooled >= 1
    assert stats.as_dict()["lost"] == 0


def test_a_closed_ledger_begins_anew(ledger: RunLedger, bus: WillingBus) -> None:
    """Closing is no end: what is said afterwards is sent, too."""
    for number in range(3):
        with ledger.job(**OWNER, job_id=f"j{number}"):
            pass
        assert ledger.close(30)

    assert {job.outcome for job in bus.jobs.values()} == {"succeeded"}
    assert len(bus.jobs) == 3


def test_a_ledger_that_nobody_holds_finishes_by_itself(bus: WillingBus) -> None:
    """A program that makes one for every task keeps neither their threads nor their memory."""
    threads = threading.active_count()
    for number in range(20):
        with RunLedger("bus", client=bus, spool="off", interval_seconds=0).job(
            **OWNER, job_id=f"j{number}"
        ) as job:
            job.add(records_ok=1)
    del job
    gc.collect()

    wait_for("the senders' end", lambda: threading.active_count() <= threads, 30)
    assert {job.outcome for job in bus.jobs.values()} == {"succeeded"}
    assert sum(job.counters["records_ok"] for job in bus.jobs.values()) == 20


@pytest.mark.usefixtures("impatient")
def test_the_real_client_speaks_to_a_real_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the AWS SDK's own client, over HTTP: failures of entries, of calls, and success."""
    moods = iter(["some", "down", "throttled"])
    bus = MoodyBus(lambda: next(moods, "well"))
    with served(bus) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        ledger = RunLedger("my-bus", spool=tmp_path, source="test")
        with ledger.job(**OWNER, job_id="j") as job:
            job.add(records_ok=3)
        while ledger.stats().spool_bytes or ledger.stats().accepted < 2:
            assert ledger.flush(30)
        assert ledger.close(30)

    assert bus.jobs["j"].counters == {"records_ok": 3}
    assert {(one["EventBusName"], one["Source"]) for one in bus.entries} == {("my-bus", "test")}


def test_a_client_that_cannot_be_made_is_trouble_as_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """No region, no credentials: that is said, and tried again later."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(BusUnavailable, match="NoRegionError"):
        EventBus(BusTarget("bus", None, None, "s")).put([event(1)])


def test_the_end_of_a_program_waits_once_for_all_ledgers(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, and whatever their buses do: all is on disk after one wait."""
    monkeypatch.setattr(process_hooks, "_exit_aware", {})
    buses = [StuckBus() for _ in range(3)]
    waits = []
    for bus in buses:
        ledger = make(client=bus, exit_seconds=0.2)
        stop = ledger._reporter.sender.stop
        monkeypatch.setattr(
            ledger._reporter.sender,
            "stop",
            lambda most, stop=stop: (waits.append(most), stop(most)),
        )
        ledger.send("job_update", {**OWNER, "job_id": f"j{len(waits)}"})
        assert bus.was_called.wait(30)

    process_hooks._at_exit()
    kept = sum(folder.events for folder in spool_folders(tmp_path / "spool"))
    for bus in buses:
        bus.may_answer.set()

    assert waits[1:] == [0.0, 0.0]
    assert kept == 3


def test_a_log_handler_that_raises_does_not_reach_the_pipeline(make: Make) -> None:
    """Nor does it stop the sending."""

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("broken")

    handler = Raising()
    logging.getLogger("run_ledger.emit").addHandler(handler)
    try:
        ledger = make(client=MoodyBus(lambda: "down"), interval_seconds=-1)
        with ledger.job(**OWNER, job_id="j") as job:
            job.add(records_ok=0.5)  # type: ignore[arg-type]
        assert ledger.close(30)
    finally:
        logging.getLogger("run_ledger.emit").removeHandler(handler)

    assert ledger.stats().spooled == 2
