"""More than memory or disk takes, and what is told of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import Entry, MoodyBus, StuckBus, WillingBus
from tests.support.stacks.local_stack import wait_for

from run_ledger.emit.delivery import sender

OWNER = {"client_id": "c", "project_id": "p"}


class BusyBus(WillingBus):
    """A bus that takes everything, while four times as much comes in during each call."""

    def __init__(self) -> None:
        """Begin with nothing more to come."""
        super().__init__()
        self.to_come: list[Callable[[], object]] = []

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Take all, when more has come."""
        if self.to_come:
            self.to_come.pop()()
        return super().put_events(Entries=Entries)


def test_more_than_memory_takes_goes_to_disk(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bus that takes everything, but slower than it comes, costs no event."""
    monkeypatch.setattr(sender, "MAX_UNSENT", 100)
    bus = BusyBus()
    ledger = make(client=bus)

    def forty_more() -> None:
        for _ in range(40):
            ledger.send("job_update", {**OWNER, "job_id": "j", "delta": {"records_ok": 1}})

    bus.to_come = [forty_more] * 12
    forty_more()
    assert ledger.flush(30)
    wait_for("the spool to empty", lambda: len(bus.entries) == 520, 30)

    assert bus.jobs["j"].counters == {"records_ok": 520}
    assert ledger.stats().lost == 0
    assert ledger.stats().spooled > 0
    assert not caplog.records


def test_a_disk_that_takes_nothing_is_told_once(
    make: Make,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody should believe that events are kept when they are not."""
    (tmp_path / "no-folder").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no-folder"))
    ledger = make(client=MoodyBus(lambda: "down"), spool=tmp_path / "no-folder")
    for number in range(3):
        ledger.send("job_update", {**OWNER, "job_id": f"j{number}"})
        assert not ledger.flush(30)

    told = [record.getMessage() for record in caplog.records]
    assert len([line for line in told if "kept in memory alone" in line]) == 1


def test_what_the_end_puts_on_disk_is_told(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """A program that ends before the bus has answered says where its last events are."""
    bus = StuckBus()
    ledger = make(client=bus)
    ledger.send("job_update", {**OWNER, "job_id": "j"})
    assert bus.was_called.wait(30)

    assert ledger.close(0.01)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "1 spooled" in line
    bus.may_answer.set()
