"""A job id that is used again in one process: counted as an attempt, and told in the log."""

from __future__ import annotations

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import WillingBus

OWNER = {"client_id": "c", "project_id": "p"}


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log's lines about ids that are used again."""
    return [record.message for record in caplog.records if "used again" in record.message]


def test_an_id_used_again_is_the_next_attempt_and_is_told(
    make: Make, bus: WillingBus, caplog: pytest.LogCaptureFixture
) -> None:
    """Once for each id, with what to do about it; each time is counted."""
    ledger = make()
    for _ in range(3):
        with ledger.job(**OWNER, job_id="nightly"):
            pass

    assert ledger.flush(30)
    assert sorted(bus.jobs["nightly"].attempts) == [1, 2, 3]
    assert ledger.stats().reused == 2
    (line,) = told(caplog)
    assert "nightly" in line
    assert "attempt 1 has ended" in line
    assert "reported as attempt 2" in line


def test_a_notebooks_cell_may_make_its_ledger_anew(
    make: Make, bus: WillingBus, caplog: pytest.LogCaptureFixture
) -> None:
    """The process remembers, not the ledger."""
    for _ in range(2):
        ledger = make()
        with ledger.job(**OWNER, job_id="cell"):
            pass
        assert ledger.flush(30)

    assert sorted(bus.jobs["cell"].attempts) == [1, 2]
    assert len(told(caplog)) == 1


def test_an_attempt_that_is_said_is_nobodys_mistake(
    make: Make, bus: WillingBus, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is told where the pipeline says which attempt it is."""
    ledger = make()
    for attempt in (1, 2):
        with ledger.job(**OWNER, job_id="j", attempt=attempt):
            pass

    assert ledger.flush(30)
    assert (ledger.stats().reused, told(caplog)) == (0, [])


def test_two_jobs_at_once_with_one_id_are_told(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """They are one attempt to the ledger, which nobody wants; to enter one twice is no harm."""
    ledger = make()
    with ledger.job(**OWNER, job_id="j").start() as first, ledger.job(**OWNER, job_id="j"):
        assert first.attempt == 1

    assert ledger.stats().reused == 1
    (line,) = told(caplog)
    assert "has begun here and has not ended" in line


def test_another_clients_job_is_another_job(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """An id is looked at together with whose it is."""
    ledger = make()
    for client in ("a", "b"):
        with ledger.job(client_id=client, project_id="p", job_id="j") as job:
            assert job.attempt == 1

    assert told(caplog) == []
