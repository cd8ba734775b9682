"""A nightly run in the nights in which clocks change: missed once or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.backend.timekeeping.test_time_keeper import Stage
from tests.support.readers import log_lines

from run_ledger import logs, teller
from run_ledger.domain import instants
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.instants import MICROSECONDS, Instant

NIGHTLY = Expectation("nightly", cron="30 2 * * *", timezone="Europe/Berlin", grace_seconds=900)
HOUR = 3_600 * MICROSECONDS
# By hand: Berlin's clocks show 02:30 twice, at 00:30 and at 01:30 UTC, or skip it at 01:00 UTC.
TWICE = instants.parse("2026-10-25T00:30:00Z")
NEVER = instants.parse("2027-03-28T01:00:00Z")
CHANGES = pytest.mark.parametrize("asked", [TWICE, NEVER], ids=["twice", "never"])


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Give a stage whose keeper the handler finds."""
    made = Stage()
    monkeypatch.setattr(teller, "_time_keeper", lambda: made.keeper)
    with log_lines.restored():
        logs.configure("INFO", stage="test", function="teller")
        yield made


def evening(stage: Stage, asked: Instant) -> None:
    """Declare the nightly run an hour before it is asked for, and wait until then."""
    stage.now = Instant(asked - HOUR)
    stage.declare(NIGHTLY)
    stage.pass_minutes(60)


@CHANGES
def test_it_did_not_run(stage: Stage, asked: Instant) -> None:
    """It is told once, as one run, when the grace is over; the next run ends it."""
    evening(stage, asked)
    stage.pass_minutes(15)
    assert stage.words == []
    stage.pass_minutes(6)
    assert stage.words == [("opened", "missed", None)]
    assert stage.told[0][1]["began_at"] == instants.text(asked)
    stage.pass_minutes(75)
    assert len(stage.told) == 1, "a time that comes twice counts once"
    assert stage.told[0][1]["jobs"] == 1
    stage.report("by-hand", "nightly")
    stage.pass_minutes(5)
    assert stage.words[1:] == [("closed", "missed", "healed")]


@CHANGES
def test_it_ran(stage: Stage, asked: Instant) -> None:
    """Then nobody hears anything, also when clocks show the time once more."""
    evening(stage, asked)
    stage.report("in-time", "nightly")
    stage.pass_minutes(96)
    assert stage.told == []
