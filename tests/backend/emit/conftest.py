"""What tests of the producers' library share: ledgers that are quick and closed at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.producers.buses import WillingBus

from run_ledger.emit import RunLedger
from run_ledger.emit.delivery import backlog, sender

Make = Callable[..., RunLedger]


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the tests from whatever runs them: a scheduler's variables, settings, a Lambda.

    A spool that falls back to the temporary files lies in the test's own folder, too.
    """
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    import os  # noqa: PLC0415

    for name in os.environ:
        if name.startswith(("RUN_LEDGER_", "AWS_", "AIRFLOW_", "JOB_COMPLETION")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RUN_LEDGER_STACK", "off")  # one may run in the folder of the tests


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let failed calls be tried again at once, so that a test sees many in little time."""
    monkeypatch.setattr(sender, "_FIRST_DELAY", 0.0005)
    monkeypatch.setattr(sender, "_LONGEST_DELAY", 0.002)
    monkeypatch.setattr(backlog, "SECONDS_BETWEEN_SEARCHES", 0.01)


@pytest.fixture
def bus() -> WillingBus:
    """Give a bus that takes everything."""
    return WillingBus()


@pytest.fixture
def make(bus: WillingBus, tmp_path: Path) -> Iterator[Make]:
    """Give a maker of ledgers that report to `bus`, unless told otherwise, and spool to disk."""
    made = []

    def ledger(**options: Any) -> RunLedger:
        options = {"client": bus, "spool": tmp_path / "spool", **options}
        made.append(RunLedger("bus", **options))
        return made[-1]

    yield ledger
    for one in made:
        one.close(10)


@pytest.fixture
def ledger(make: Make) -> RunLedger:
    """Give a ledger that reports to `bus`."""
    return make()
