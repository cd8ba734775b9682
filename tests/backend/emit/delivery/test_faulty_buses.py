"""Whatever the bus does: in the end the ledger's totals are what the pipeline did, and no more."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.producers.buses import MoodyBus, WillingBus, dice, jobs_of

from run_ledger.emit import RunLedger
from run_ledger.emit.delivery import backlog, sender
from run_ledger.emit.delivery.bus import EventBus
from run_ledger.emit.delivery.draining import drain
from run_ledger.emit.delivery.spool_folders import spool_folders
from run_ledger.emit.identity.environment import BusTarget

MOODS = ["well", "well", "down", "lost", "some", "throttled", "odd"]
NAMES = st.sampled_from(["records_ok", "records_failed", "cost_microusd", "own_name"])
ADDS = st.dictionaries(NAMES, st.integers(-5, 50), max_size=3)
STEPS = st.lists(
    st.one_of(
        ADDS,
        st.sampled_from(["flush", "close", "stage", "heartbeat"]),
    ),
    max_size=25,
)


@pytest.fixture(autouse=True, scope="module")
def _quick() -> None:
    """Try failed calls again at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender, "_FIRST_DELAY", 0.0005)
        patch.setattr(sender, "_LONGEST_DELAY", 0.002)
        patch.setattr(backlog, "SECONDS_BETWEEN_SEARCHES", 0.01)
        yield


def settled(root: Path, bus: WillingBus) -> None:
    """Send whatever the spools below *root* hold to *bus*."""
    for folder in spool_folders(root):
        outcome = drain(folder.spool, EventBus(folder.target, bus), sleep=lambda _: None)
        assert outcome.trouble is None
        assert outcome.dropped == 0
    assert [folder.files for folder in spool_folders(root) if folder.files] == []


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 2**32), interval=st.sampled_from([0.0, 0.001, 5.0]))
def test_totals_are_what_the_pipeline_did(
    steps: list[dict[str, int] | str], seed: int, interval: float
) -> None:
    """A bus that fails in every way loses nothing and lets nothing count twice."""
    with tempfile.TemporaryDirectory() as folder:
        bus = MoodyBus(dice(seed, MOODS))
        ledger = RunLedger("bus", client=bus, spool=folder, interval_seconds=interval)
        did: Counter[str] = Counter()
        with ledger.job(client_id="c", project_id="p", job_id="j") as job:
            for step in steps:
                if step == "flush":
                    assert ledger.flush(30)
                elif step == "close":
                    assert ledger.close(30)
                elif step == "stage":
                    job.stage("half way")
                elif step == "heartbeat":
                    job.heartbeat()
                elif isinstance(step, dict):
                    job.add(step)
                    did.update(step)
        assert ledger.close(30)

        well = WillingBus()
        settled(Path(folder), well)
        seen = jobs_of([*bus.entries, *well.entries])["j"]

        assert {name: total for name, total in seen.counters.items() if total} == {
            name: total for name, total in did.items() if total
        }
        assert seen.outcome == "succeeded"
        assert ledger.stats().faults == 0
        assert ledger.stats().lost == 0


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_many_threads_and_jobs_at_once_add_up(seed: int) -> None:
    """Threads that share jobs, all the while sums are taken and calls fail, lose no add."""
    threads, jobs, rounds = 6, 3, 400
    with tempfile.TemporaryDirectory() as folder:
        bus = MoodyBus(dice(seed, MOODS))
        ledger = RunLedger("bus", client=bus, spool=folder, interval_seconds=0)
        made = [
            ledger.job(client_id="c", project_id="p", job_id=f"j{number}").start()
            for number in range(jobs)
        ]

        def work() -> None:
            for number in range(rounds):
                made[number % jobs].add(records_ok=1, input_tokens=number)

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for job in made:
            job.end()
        assert ledger.close(30)

        well = WillingBus()
        settled(Path(folder), well)
        seen = jobs_of([*bus.entries, *well.entries])

        assert sum(job.counters["records_ok"] for job in seen.values()) == threads * rounds
        assert sum(job.counters["input_tokens"] for job in seen.values()) == threads * sum(
            range(rounds)
        )
        assert {job.outcome for job in seen.values()} == {"succeeded"}


def test_what_was_sent_again_kept_its_id_and_text(tmp_path: Path) -> None:
    """However often an entry is sent, it is the same, so that the ledger knows it for a repeat."""
    moods = iter(["lost", "down", "some", "throttled", "lost"])
    bus = MoodyBus(lambda: next(moods, "well"))
    with RunLedger("bus", client=bus, spool=tmp_path) as ledger:
        for number in range(4):
            ledger.send("job_update", {"job_id": f"j{number}", "client_id": "c", "project_id": "p"})
    settled(tmp_path, bus)

    texts = Counter(entry["Detail"] for entry in bus.sent)
    assert len(texts) == 4
    assert max(texts.values()) > 1
    assert {*texts} == {entry["Detail"] for entry in bus.entries}


@pytest.mark.parametrize("target", [BusTarget("bus", None, None, "s")])
def test_a_bus_that_takes_nothing_is_given_up(tmp_path: Path, target: BusTarget) -> None:
    """Sending a spool by hand ends where the bus takes nothing; what is there stays."""
    down = MoodyBus(lambda: "down")
    with RunLedger("bus", client=down, spool=tmp_path) as ledger:
        ledger.send("job_update", {"job_id": "j", "client_id": "c", "project_id": "p"})
    (folder,) = spool_folders(tmp_path)

    outcome = drain(folder.spool, EventBus(target, down), sleep=lambda _: None)

    assert outcome.sent == 0
    assert outcome.trouble == "ConnectionError: nobody is there"
    assert [left.files for left in spool_folders(tmp_path)] == [1]
