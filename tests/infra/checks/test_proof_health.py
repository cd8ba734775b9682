"""What the status says of the proof, by what the API answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from run_ledger_ops.checks import system_health
from run_ledger_ops.checks.findings import Level

NOW = datetime(2026, 11, 22, 15, 10, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "proved_to": "2026-11-22T14:00:00.000000Z",
    "rows_proved_to": "2026-11-22T00:00:00.000000Z",
    "judged": 18204,
    "rows_judged": 300,
    "differences": 0,
    "differing": [],
}


@pytest.mark.parametrize(
    ("members", "level", "said"),
    [
        ({}, Level.WELL, "0 differences in 18,204 jobs"),
        ({"rows_proved_to": None}, Level.WELL, "0 differences"),
        ({"differences": 1}, Level.WRONG, "1 difference in"),
        ({"differences": 999}, Level.WRONG, ": 999 differences in"),
        ({"differences": 1_000}, Level.WRONG, ": at least 1,000 differences in"),
        ({"proved_to": "2026-11-22T08:00:00.000000Z"}, Level.WRONG, "hours behind"),
        (
            {"rows_proved_to": "2026-11-20T00:00:00.000000Z"},
            Level.WRONG,
            "totals only to 2026-11-20T00:00",
        ),
        ({"judged": 0}, Level.WELL, "nothing is proved yet: a job is proved an hour after"),
        ({"judged": 0, "proved_to": "2026-11-22T08:00:00Z"}, Level.WRONG, "hours behind"),
        ({"judged": 0, "differences": 1}, Level.WRONG, "1 difference in 0 jobs"),
        ({"proved_to": None}, Level.LOOK, "nothing is proved yet"),
    ],
)
def test_what_the_status_says(
    monkeypatch: pytest.MonkeyPatch, members: dict[str, Any], level: Level, said: str
) -> None:
    """It is well only where jobs and totals are proved as far as they should be."""
    monkeypatch.setattr(system_health, "_ask", lambda *_: (200, {**GOOD, **members}))
    found = system_health._proof(None, NOW)  # type: ignore[arg-type]
    assert found.level is level
    assert said in found.words
