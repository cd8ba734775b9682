"""Budgets, from what jobs report to the bus: judged every few minutes, as the ledger's sums are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.backend.timekeeping.test_time_keeper import START, Stage
from tests.support.dynamo import faults
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.readers import log_lines

from run_ledger import logs, teller
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.instants import Instant
from run_ledger.store.incidents.month_costs import month_of

USD = 1_000_000
CLIENT = AlertRule("budget", grace_seconds=0, month_microusd=100 * USD)
PIPELINE = AlertRule("budget", pipeline="nightly", grace_seconds=0, month_microusd=10 * USD)
PROJECT = AlertRule("budget", project="p", grace_seconds=0, month_microusd=20 * USD)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Give a stage whose keeper the handler finds."""
    made = Stage()
    monkeypatch.setattr(teller, "_time_keeper", lambda: made.keeper)
    monkeypatch.setattr(teller, "_teller", lambda: made.teller)
    with log_lines.restored():
        logs.configure("INFO", stage="test", function="teller")
        yield made


def spend(stage: Stage, microusd: int, pipeline: str = "nightly", **fields: Any) -> None:
    """Let a job report a cost."""
    stage.report(f"job-{microusd}", pipeline, delta={"cost_microusd": microusd}, **fields)


def told(stage: Stage) -> list[tuple[str, str]]:
    """Return what was told, and of which level."""
    return [(kind, one["fingerprint"].partition(" ")[2]) for kind, one in stage.told]


def test_a_budget_is_crossed_by_a_correction_and_uncrossed(stage: Stage) -> None:
    """Each level once; below it, it is withdrawn, and told again when it is reached again."""
    stage.declare(alerts=(CLIENT,))
    spend(stage, 49 * USD)
    stage.pass_minutes(12)
    assert told(stage) == []
    spend(stage, 40 * USD, "hourly")
    stage.pass_minutes(6)
    assert told(stage) == [("opened", "50% of 100 USD"), ("opened", "80% of 100 USD")]
    assert stage.told[0][1]["pipeline"] is None
    assert stage.told[0][1]["error"]["message"] == "2026-11 50% of 100 USD: 89 USD were spent"
    spend(stage, -10 * USD)
    stage.pass_minutes(6)
    assert told(stage)[2:] == [("closed", "80% of 100 USD")]
    assert stage.told[2][1]["closed_because"] == "withdrawn"
    spend(stage, 30 * USD)
    stage.pass_minutes(20)
    assert told(stage)[3:] == [("opened", "100% of 100 USD"), ("opened", "80% of 100 USD")]
    assert stage.probes == 0, "a budget needs no watermark"


def test_pipelines_and_projects_have_budgets_of_their_own(stage: Stage) -> None:
    """What others spend is not theirs."""
    stage.declare(alerts=(PIPELINE, PROJECT))
    spend(stage, 9 * USD, "hourly", project_id="q")
    stage.pass_minutes(6)
    assert told(stage) == []
    spend(stage, 5 * USD, "nightly", project_id="q")
    spend(stage, 10 * USD, "hourly", project_id="p", client_id="client-2")
    stage.pass_minutes(6)
    assert told(stage) == [("opened", "50% of 10 USD")]
    assert stage.told[0][1]["pipeline"] == "nightly"
    spend(stage, 11 * USD, "hourly", project_id="p")
    stage.pass_minutes(6)
    assert told(stage)[1:] == [("opened", "50% of 20 USD")]
    assert stage.told[1][1]["project_id"] == "p"


def test_the_month_ends(stage: Stage) -> None:
    """At its last midnight in UTC, whether or not the rule is still there."""
    stage.declare(alerts=(CLIENT,))
    spend(stage, 60 * USD)
    stage.pass_minutes(6)
    stage.declare()
    stage.pass_minutes(10)
    assert told(stage) == [("opened", "50% of 100 USD")]
    stage.now = month_of(START).ends_at
    teller.handler({"source": "aws.events"}, Context())
    assert told(stage)[1:] == [("closed", "50% of 100 USD")]
    assert stage.told[1][1]["closed_because"] == "month_over"


def test_trouble_is_said_and_judged_at_the_next_call(stage: Stage) -> None:
    """And in peace, a look every five minutes is at most 31 reads of rows for a client."""
    stage.declare(alerts=(CLIENT, PIPELINE))
    spend(stage, 60 * USD)
    refused = faults.refused_with("ThrottlingException")
    stage.make(lambda call: refused if call.request["TableName"] == NAMES.rollups else None)
    assert len(stage.sweep()) == 1
    assert told(stage) == []
    calls: list[str] = []
    meter = Meter()

    def counting(call: Any) -> Any:
        calls.append(call.request["TableName"])
        return meter.script(call)

    stage.make(counting)
    assert stage.sweep() == []
    assert calls.count(NAMES.rollups) == 30
    assert len(told(stage)) == 4
    stage.now = Instant(stage.now + 1)
    assert stage.sweep() == []
    assert calls.count(NAMES.rollups) == 30
