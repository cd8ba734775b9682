"""What the live check says of alarms: whether one fires, tells somebody and clears."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from run_ledger_ops.checks.findings import Level
from run_ledger_ops.checks.live import alarm_trial


def system(*, is_local: bool = True, services: dict[str, Any]) -> Any:
    """Return a system with these services."""
    return SimpleNamespace(name="run-ledger-test", is_local=is_local, client=services.get)


class CloudWatch:
    """Alarms with a history, as documented for SetAlarmState and DescribeAlarmHistory."""

    def __init__(
        self, *alarms: dict[str, Any], obeys: tuple[str, ...] = ("ALARM", "OK"), tells: bool = True
    ) -> None:
        self.alarms = {one["AlarmName"]: {"StateValue": "OK", **one} for one in alarms}
        self.set_to: list[str] = []
        self._obeys, self._tells = obeys, tells

    def get_paginator(self, name: str) -> Any:
        """Return the pages of all alarms."""
        assert name == "describe_alarms"
        pages = [{"MetricAlarms": list(self.alarms.values())}]
        return SimpleNamespace(paginate=lambda **_: pages)

    def describe_alarms(self, **asked: list[str]) -> dict[str, Any]:
        """Return these alarms."""
        return {"MetricAlarms": [self.alarms[name] for name in asked["AlarmNames"]]}

    def set_alarm_state(self, **asked: str) -> None:
        """Change a state, if that is to work."""
        assert "nothing is wrong" in asked["StateReason"]
        self.set_to.append(asked["StateValue"])
        if asked["StateValue"] in self._obeys:
            self.alarms[asked["AlarmName"]]["StateValue"] = asked["StateValue"]

    def describe_alarm_history(self, **_: Any) -> dict[str, Any]:
        """Return an action if one is carried out."""
        summary = "Successfully executed action arn:aws:sns:eu-central-1:1:topic"
        return {"AlarmHistoryItems": [{"HistorySummary": summary}] if self._tells else []}


TELLING = {"AlarmName": "run-ledger-test-b", "AlarmActions": ["arn:topic"]}
RINGING = {"AlarmName": "run-ledger-test-a", "AlarmActions": ["arn:topic"], "StateValue": "ALARM"}
SILENT = {"AlarmName": "run-ledger-test-0", "AlarmActions": []}


@pytest.mark.parametrize(
    ("cloudwatch", "is_local", "level", "words"),
    [
        (CloudWatch(SILENT, RINGING, TELLING), False, Level.WELL, "fired, told its topic"),
        (CloudWatch(TELLING, tells=False), False, Level.WRONG, "told nobody"),
        (CloudWatch(TELLING, tells=False), True, Level.WELL, "fired and cleared"),
        (CloudWatch(TELLING, obeys=("OK",)), False, Level.WRONG, "did not fire"),
        (CloudWatch(TELLING, obeys=("ALARM",)), False, Level.WRONG, "did not clear"),
        (CloudWatch(SILENT, RINGING), False, Level.LOOK, "none was tried"),
        (CloudWatch(), False, Level.LOOK, "none was tried"),
    ],
)
def test_an_alarm_fires_and_clears(
    monkeypatch: pytest.MonkeyPatch, cloudwatch: Any, is_local: bool, level: Level, words: str
) -> None:
    """One that rings for a reason is left alone, and what was let ring is told to stop."""
    monkeypatch.setattr(alarm_trial, "_SECONDS", 0.0)
    before = {name: one["StateValue"] for name, one in cloudwatch.alarms.items()}
    found = alarm_trial.alarm_fires(system(is_local=is_local, services={"cloudwatch": cloudwatch}))

    assert found.level is level
    assert words in found.words
    assert cloudwatch.set_to in ([], ["ALARM", "OK"])
    if "did not" not in words:
        assert {name: one["StateValue"] for name, one in cloudwatch.alarms.items()} == before


def test_an_alarm_is_cleared_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that fails between firing and clearing leaves no alarm ringing."""
    cloudwatch = CloudWatch(TELLING)
    monkeypatch.setattr(cloudwatch, "describe_alarms", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        alarm_trial.alarm_fires(system(services={"cloudwatch": cloudwatch}))

    assert cloudwatch.set_to == ["ALARM", "OK"]
