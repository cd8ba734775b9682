"""The last line of `run-ledger status`: what is wrong, what to look at, or that all is well."""

from __future__ import annotations

import pytest

from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.commands.status import verdict


def finding(part: str, level: Level) -> Finding:
    """Return what was found of a part."""
    return Finding(part, level, "", {})


QUEUE, JOBS = finding("queue", Level.WELL), finding("jobs", Level.LOOK)
REJECTED = finding("rejected", Level.LOOK)
PROOF, ALARMS = finding("proof", Level.WRONG), finding("alarms", Level.UNKNOWN)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([QUEUE], "all is well"),
        ([QUEUE, REJECTED], "nothing is wrong; have a look at: rejected"),
        ([JOBS, QUEUE, REJECTED], "nothing is wrong; have a look at: jobs, rejected"),
        ([JOBS, PROOF, ALARMS], "not all is well: proof, alarms"),
    ],
)
def test_what_to_look_at_is_named(found: list[Finding], words: str) -> None:
    """All is well only where nothing is left to look at, as rejected events are."""
    assert verdict(iter(found)) == words
