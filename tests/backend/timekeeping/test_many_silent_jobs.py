"""More jobs are silent than a sweep looks at: what happens now is heard of all the same."""

from __future__ import annotations

import pytest
from tests.backend.timekeeping import test_time_keeper
from tests.backend.timekeeping.test_time_keeper import Stage, resolve

from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.timekeeping import level_sweep

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
