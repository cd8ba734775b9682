"""Jobs whose records did not all make it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.producers.buses import WillingBus

from run_ledger.domain.state.job import Ended
from run_ledger.emit import RunLedger

Make = Callable[..., RunLedger]


def ended(bus: WillingBus) -> Ended:
    """Give how the one job's attempt ended."""
    (job,) = bus.jobs.values()
    last = job.attempts[job.attempt].ended
    assert last is not None
    return last


def test_what_kept_records_shows(make: Make, bus: WillingBus) -> None:
    """A partial job carries the first error of its records, whether or not more came."""
    ledger = make()
    with ledger.job(client_id="acme", project_id="p") as job:
        job.partial()
        job.partial(ValueError("row 3"))
        job.partial(ValueError("row 7"))
        job.partial()

    assert ledger.close()
    last = ended(bus)
    assert last.result == "partial"
    assert last.error is not None
    assert (last.error.type, last.error.message) == ("ValueError", "row 3")


def test_failing_counts_before_records_that_failed(make: Make, bus: WillingBus) -> None:
    """An exception after some records failed ends the job as failed, with the exception."""
    ledger = make()

    def work() -> None:
        with ledger.job(client_id="acme", project_id="p") as job:
            job.partial(ValueError("row 3"))
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        work()

    assert ledger.close()
    last = ended(bus)
    assert last.result == "failed"
    assert last.error is not None
    assert last.error.message == "disk"


def test_a_decision_is_not_softened(make: Make, bus: WillingBus) -> None:
    """What was said to have failed stays so, whatever is said of records later."""
    ledger = make()
    with ledger.job(client_id="acme", project_id="p") as job:
        job.fail("no")
        job.partial(ValueError("row 3"))

    assert ledger.close()
    assert ended(bus).result == "failed"
