"""What clients and staff are told of on a day, by which rules."""

from __future__ import annotations

from run_ledger.domain.incidents.alert_rules import AlertRule

from .day_traffic import Day

_SILENT_EVERY = 5
"""Of so many clients, one asks to hear of jobs that are silent: each asks for many reads."""
STAFF_RULES = [
    AlertRule("failed", grace_seconds=0, after=2),
    AlertRule("missed", grace_seconds=0),
]


def rules_of(day: Day) -> dict[str, list[AlertRule]]:
    """Return when clients of *day* are told of failures: at once, after a grace, after three.

    Those whose runs are asked for are told of what time decides, some of silent jobs, too.
    """
    kinds = (
        [AlertRule("failed", grace_seconds=0), AlertRule("timed_out", grace_seconds=0)],
        [AlertRule("failed", grace_seconds=600), AlertRule("timed_out", grace_seconds=900)],
        [AlertRule("failed", grace_seconds=0, after=3)],
    )
    timed = [AlertRule(what, grace_seconds=0) for what in ("missed", "late", "too_long", "overdue")]
    silent = [AlertRule("stalled", grace_seconds=0)]
    return {
        one: kinds[number % len(kinds)]
        + (timed if day.is_timed(number) else [])
        + (silent if number % _SILENT_EVERY == 0 else [])
        for number, one in enumerate(day.client_ids)
    }
