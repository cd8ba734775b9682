"""The two lines that report a run, and the events that come of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.producers.buses import WillingBus

from run_ledger.emit import RunLedger


def test_a_block_is_a_job_that_succeeds(tmp_path: Path) -> None:
    """Entering says running, leaving says succeeded, and the sums are with the end."""
    bus = WillingBus()
    ledger = RunLedger("bus", client=bus, spool=tmp_path)

    with ledger.job(client_id="acme", project_id="p", job_id="j", name="n") as job:
        for _ in range(1000):
            job.add(records_ok=1, input_tokens=3)

    assert ledger.close()
    first, last = bus.details
    assert (first["status"], first["name"], first["job_id"]) == ("running", "n", "j")
    assert (last["status"], last["result"]) == ("completed", "succeeded")
    assert last["delta"] == {"records_ok": 1000, "input_tokens": 3000}
    assert first["occurred_at"] < last["occurred_at"]


def test_an_exception_ends_the_job_as_failed_and_goes_on_up(tmp_path: Path) -> None:
    """The pipeline sees its own error, the ledger its type and message."""
    bus = WillingBus()
    ledger = RunLedger("bus", client=bus, spool=tmp_path)

    with (
        pytest.raises(ValueError, match="no such thing"),
        ledger.job(client_id="acme", project_id="p"),
    ):
        raise ValueError("no such thing")

    assert ledger.close()
    last = bus.details[-1]
    assert last["result"] == "failed"
    assert last["error"] == {"type": "ValueError", "message": "no such thing"}
