"""Whether an alarm can fire and clear."""

import time
from datetime import UTC, datetime
from typing import Any

from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.console.target import Target

_PART = "alarm"
_REASON = "A trial by `run-ledger status --probe`: nothing is wrong."
_SECONDS, _PAUSE_SECONDS = 10.0, 0.5


def alarm_fires(system: Target) -> Finding:
    """Let an alarm that tells somebody fire, see that it did and whom it told, and clear it.

    An alarm that rings for a reason of its own is left alone.
    """
    cloudwatch = system.client("cloudwatch")
    alarms = [
        one
        for page in cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=f"{system.name}-"
        )
        for one in page["MetricAlarms"]
    ]
    silent = sorted(
        (one for one in alarms if one["StateValue"] != "ALARM" and one.get("AlarmActions")),
        key=lambda one: str(one["AlarmName"]),
    )
    if not silent:
        words = "there is none that tells somebody and is silent now, so none was tried"
        return Finding(_PART, Level.LOOK, words, {"alarms": len(alarms)})
    name = silent[0]["AlarmName"]
    started = datetime.now(UTC)
    try:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=_REASON)
        fired = _state(cloudwatch, name) == "ALARM"
        told = fired and not system.is_local and _has_told(cloudwatch, name, started)
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason=_REASON)
    cleared = _state(cloudwatch, name) == "OK"
    figures = {"alarm": name, "fired": fired, "cleared": cleared, "told": told}
    if not fired or not cleared:
        words = f"{name} did not {'clear' if fired else 'fire'}"
        return Finding(_PART, Level.WRONG, words, figures)
    if told:
        return Finding(_PART, Level.WELL, f"{name} fired, told its topic, and cleared", figures)
    if system.is_local:
        return Finding(_PART, Level.WELL, f"{name} fired and cleared", figures)
    words = f"{name} fired and cleared, but within {_SECONDS:.0f} s it told nobody"
    return Finding(_PART, Level.WRONG, words, figures)


def _state(cloudwatch: Any, name: str) -> str:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def _has_told(cloudwatch: Any, name: str, since: datetime) -> bool:
    """Return whether the alarm's history says that an action was carried out since then."""
    deadline = time.monotonic() + _SECONDS
    while True:
        items = cloudwatch.describe_alarm_history(
            AlarmName=name, HistoryItemType="Action", StartDate=since
        )["AlarmHistoryItems"]
        if any(one["HistorySummary"].startswith("Successfully") for one in items):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
