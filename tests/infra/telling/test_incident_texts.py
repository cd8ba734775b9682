"""What a terminal says of incidents: the site's words, and a number only of what counts."""

from __future__ import annotations

from typing import Any

import pytest

from run_ledger.domain.incidents.alert_rules import ALERT_WHATS
from run_ledger.domain.incidents.drift import DIFFERS
from run_ledger_ops.telling.incident_texts import line_of, lines_of


def incident(what: str, **more: Any) -> dict[str, Any]:
    """Return an incident of *what*."""
    turns = [{"at": "2026-11-22T02:15:31.000000Z", "kind": "closed", "because": "withdrawn"}]
    return {"what": what, "state": "closed", "jobs": 1, "history": turns, **more}


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("failed", "1 job failed"),
        ("error_rate", "1 job failed, which is too often"),
        ("too_long", "1 job running too long"),
        ("missed", "1 run missed"),
        ("budget", "budget reached"),
        ("overdue", "overdue"),
        ("differs", "differs from its entries"),
    ],
)
def test_what_is_wrong_is_said_in_words(what: str, words: str) -> None:
    """A budget counts no job."""
    assert f"  {words}  " in line_of(incident(what))


@pytest.mark.parametrize("what", [*ALERT_WHATS, DIFFERS])
def test_no_name_of_a_field_comes_to_people(what: str) -> None:
    """Whatever is wrong, and why it is over."""
    said = "\n".join(lines_of(incident(what, closed_because="withdrawn")))
    assert "_" not in said
    assert "withdrawn" not in said
    assert said.count("no longer wrong, by what is known now") == 2
