"""Mistakes in calls: left out and counted, raised only where a test wants to see them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import WillingBus

from run_ledger.emit import InvalidEvent, RunLedger
from run_ledger.emit.counting.outgoing_events import make_event

OWNER = {"client_id": "c", "project_id": "p"}


WRONG: list[Callable[[RunLedger], object]] = [
    lambda ledger: ledger.job(client_id="c").start(),
    lambda ledger: ledger.job(**OWNER, attempt=0).start(),
    lambda ledger: ledger.job(**OWNER, log_url="http://insecure").start(),
    lambda ledger: ledger.job(**OWNER, tags={"a": "b", "": "c"}).start(),
    lambda ledger: ledger.job(**OWNER, tags="a=b").start(),  # type: ignore[arg-type]
    lambda ledger: ledger.job(**OWNER, tags=5).start(),  # type: ignore[arg-type]
    lambda ledger: ledger.job(**OWNER, records_total=-1).start(),
    lambda ledger: ledger.job(**OWNER).add(records_ok=1.5),  # type: ignore[arg-type]
    lambda ledger: ledger.job(**OWNER).total("many"),  # type: ignore[arg-type]
    lambda ledger: ledger.job(**OWNER).describe(nmae="misspelt"),
    lambda ledger: ledger.job(**OWNER).describe(job_id="another"),
    lambda ledger: ledger.project(**OWNER).update(ownr="misspelt"),
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


def test_a_description_cannot_change_which_job_it_is_or_how_it_ends(
    ledger: RunLedger, bus: WillingBus
) -> None:
    """A job goes on to its own end, whatever words come along."""
    with ledger.job(**OWNER, job_id="j") as job:
        job.describe(job_id="another", status="completed", result="failed", name="n")

    assert ledger.flush(30)
    assert list(bus.jobs) == ["j"]
    assert (bus.jobs["j"].outcome, bus.details[-1]["name"]) == ("succeeded", "n")


def test_a_project_stays_the_project_that_it_is(ledger: RunLedger, bus: WillingBus) -> None:
    """An update has no say in whose it is, and keeps what is right in it."""
    ledger.project(**OWNER).update(event_id="e", occurred_at="2020-01-01T00:00:00Z", owner="o")

    assert ledger.flush(30)
    (detail,) = bus.details
    assert (detail["project_id"], detail["owner"]) == ("p", "o")
    assert (detail["event_id"] == "e", detail["occurred_at"][:4] == "2020") == (False, False)


@pytest.mark.parametrize("attempt", [0, -1, "2", 1.5, 2**60])
def test_an_attempt_that_is_none_is_the_first(ledger: RunLedger, attempt: Any) -> None:
    """What the job says of itself is what its events say."""
    with ledger.job(**OWNER, job_id="j", attempt=attempt) as job:
        assert job.attempt == 1
        assert job.identity["job_id"] == "j"

    assert ledger.flush(30)
    assert ledger.stats().invalid == 1


def test_a_heartbeat_that_is_none_keeps_a_job_alive_all_the_same(ledger: RunLedger) -> None:
    """It is left out, and the usual one is gone by."""
    wrong: Any = "often"
    with ledger.job(**OWNER, heartbeat_seconds=wrong, keep_alive=True):
        pass

    assert ledger.flush(30)
    assert (ledger.stats().faults, ledger.stats().invalid) == (0, 1)


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


@pytest.mark.parametrize("detail_type", ["\ud83d", "job_update\udcff"])
def test_a_detail_type_that_is_no_text_is_refused(detail_type: str) -> None:
    """Half a character in it holds nobody up."""
    complaints: list[InvalidEvent] = []

    assert make_event(detail_type, {"job_id": "j"}, complaints.append) is None
    assert len(complaints) == 1


def test_a_bus_whose_text_can_not_be_had_raises_nothing() -> None:
    """Nothing is reported then, which is counted."""

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    bus: Any = Broken()
    ledger = RunLedger(bus, spool="off")

    assert not ledger.enabled
    assert ledger.stats().misconfigured == 1
