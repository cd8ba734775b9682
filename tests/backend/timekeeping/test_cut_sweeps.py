"""Sweeps that are cut off between any two calls: the next one goes on, and all is told once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.backend.timekeeping.test_time_keeper import HOURLY, LONG, START, Stage
from tests.support.dynamo import faults
from tests.support.dynamo.stand_in import Call, Fault, Script

from run_ledger import teller
from run_ledger.domain import instants
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.instants import MICROSECONDS, Instant


def _level_story(stage: Stage, step: Callable[[], None]) -> None:
    stage.declare(HOURLY, LONG, alerts=(AlertRule("overdue", grace_seconds=0),))
    stage.report("a", "slow")
    stage.project("p", client_id="client-1", due_at=instants.text(START))
    stage.pass_minutes(64)
    stage.now = Instant(stage.now + 180 * MICROSECONDS)
    step()
    stage.report("b", "hourly")
    stage.report("a", "slow", status="completed", result="succeeded")
    stage.project("p", client_id="client-1", status="archived")
    stage.pass_minutes(1)
    stage.now = Instant(stage.now + 180 * MICROSECONDS)
    step()
    stage.pass_minutes(4)


@pytest.mark.parametrize("trouble", ["cut before", "cut after", "timed out after"])
def test_cut_off_between_any_two_calls(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: str
) -> None:
    """Wherever a sweep is cut off, the next one goes on: everything is told once."""
    whole = Stage()
    monkeypatch.setattr(teller, "_time_keeper", lambda: whole.keeper)
    calls: list[Call] = []
    _level_story(whole, lambda: _sweep_with(whole, _counting(calls)))
    expected = sorted(whole.words)
    assert len(expected) == 6
    assert len(calls) > 20
    for number in range(len(calls)):
        stage = Stage()
        monkeypatch.setattr(teller, "_time_keeper", lambda stage=stage: stage.keeper)
        script = _failing_at(number, faults.BY_NAME[_fault_named(trouble)])
        _level_story(stage, lambda stage=stage, script=script: _sweep_with(stage, script))
        ids = [one["notice_id"] for _, one in stage.told]
        once = {one["notice_id"]: (kind, one["what"]) for kind, one in stage.told}
        assert sorted(once.values()) == [(kind, what) for kind, what, _ in expected], number
        assert len(ids) <= len(once) + 1, "the one that was being given"
    capsys.readouterr()


def _fault_named(trouble: str) -> str:
    words = trouble.split()
    return next(name for name in sorted(faults.BY_NAME) if all(one in name for one in words))


def _sweep_with(stage: Stage, script: Script) -> None:
    stage.make(script)
    try:
        stage.sweep()
    except (faults.Cut, StoreUnavailable):
        pass
    finally:
        stage.make()


def _counting(calls: list[Call]) -> Script:
    def script(call: Call) -> Fault | None:
        calls.append(call)
        return None

    return script


def _failing_at(number: int, fault: Fault) -> Script:
    made = 0

    def script(call: Call) -> Fault | None:
        nonlocal made
        del call
        made += 1
        return fault if made == number + 1 else None

    return script
