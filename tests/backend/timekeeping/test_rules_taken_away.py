"""What becomes of a missed or late run that nobody wants to hear of any more."""

from __future__ import annotations

import pytest
from tests.backend.timekeeping import test_time_keeper
from tests.backend.timekeeping.test_time_keeper import HOURLY, Stage

from run_ledger.domain.incidents.alert_rules import AlertRule

stage = test_time_keeper.stage
OTHERS = AlertRule("missed", pipeline="another", grace_seconds=0)


def test_a_missed_run_is_withdrawn_with_its_rule(stage: Stage) -> None:
    """As a rule for another pipeline takes the place of what needs none."""
    stage.declare(HOURLY)
    stage.pass_minutes(70)
    assert stage.words == [("opened", "missed", None)]
    stage.declare(HOURLY, alerts=(OTHERS,))
    stage.pass_minutes(3)
    assert stage.words[1:] == [("closed", "missed", "withdrawn")]
    stage.pass_minutes(60)
    assert len(stage.told) == 2
    stage.declare(HOURLY)
    stage.pass_minutes(60)
    assert stage.words[2:] == [("opened", "missed", None)], "the next one is told again"


def test_a_late_run_is_withdrawn_with_its_rule(stage: Stage) -> None:
    """Not only when a run is in time again."""
    late = AlertRule("late", grace_seconds=0)
    stage.declare(HOURLY, alerts=(late,))
    stage.pass_minutes(70)
    stage.report("a", "hourly")
    stage.pass_minutes(5)
    assert ("opened", "late", None) in stage.words
    stage.declare(HOURLY)
    stage.pass_minutes(3)
    assert stage.words[-1] == ("closed", "late", "withdrawn")


@pytest.mark.parametrize("kept", [(), (AlertRule("missed", grace_seconds=0),)])
def test_what_is_still_asked_for_stays_open(stage: Stage, kept: tuple[AlertRule, ...]) -> None:
    """With a rule, or without any."""
    stage.declare(HOURLY)
    stage.pass_minutes(70)
    stage.declare(HOURLY, alerts=kept)
    stage.pass_minutes(30)
    assert stage.words == [("opened", "missed", None)]
