"""More than a sweep can look at: what happens now is heard of all the same."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from tests.backend.timekeeping import test_time_keeper
from tests.backend.timekeeping.test_time_keeper import HOURLY, Stage, resolve

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.store.timed.run_reads import RunReads
from run_ledger.timekeeping import level_sweep, time_keeper

stage = test_time_keeper.stage


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sweep look at four jobs that may be wrong."""
    monkeypatch.setattr(level_sweep, "MOST_ITEMS", 4)


def test_killed_jobs_of_a_year_hide_no_new_one(stage: Stage) -> None:
    """They are silent for ever; once that is resolved, the next job that stalls is told."""
    stage.declare(alerts=(AlertRule("stalled", grace_seconds=0),))
    for number in range(6):
        stage.report(f"killed-{number}", "slow")
        stage.pass_minutes(1)
    stage.pass_minutes(20)
    ((_, told),) = stage.told
    assert (told["what"], told["last_job_id"]) == ("stalled", "killed-0")
    resolve(stage, told["incident_id"])
    stage.report("new", "slow")
    stage.pass_minutes(20)
    assert [kind for kind, _, _ in stage.words] == ["opened", "closed", "opened"]
    assert (stage.told[-1][1]["jobs"], stage.told[-1][1]["last_job_id"]) == (1, "new")


def test_a_run_that_is_looked_for_too_long_holds_up_no_other_look(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among a client's many jobs it may take all of its time; what goes on has time of its own."""
    clock = [0.0]

    def look(self: RunReads, *_: object) -> None:
        while self._remaining_seconds() > 0:
            clock[0] += 1
        raise StoreUnavailable("no time is left to look for a run")

    stage.declare(HOURLY, alerts=(AlertRule("stalled", grace_seconds=0),))
    stage.pass_minutes(60)
    stage.report("killed", "slow")
    monkeypatch.setattr(time_keeper, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(RunReads, "find", look)
    stage.pass_minutes(20)
    assert stage.words == [("opened", "stalled", None)]
    assert stage.sweep() == ["no time is left to look for a run"]
