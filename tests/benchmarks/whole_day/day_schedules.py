"""Runs that are asked for each hour, and projects that are due: what comes of them on a day.

A run begins at its time, or late, or never, and some go on for too long. What people must be told
of that follows from these fates alone, in their order.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from run_ledger.domain.incidents.expectations import Expectation

from .day_incidents import Cause

HOURLY = "hourly"
"""The pipeline whose runs are asked for."""
GRACE_SECONDS, LONGEST_SECONDS = 300, 1_800
STOPPED = (13 * 3_600, 14 * 3_600)
"""From when to when all writers stand still, in seconds of the day."""
DAY_HOURS = 24
Fate = Literal["punctual", "late", "long", "missed"]
_FATES: tuple[Fate, ...] = ("punctual",) * 9 + ("late", "long", "missed")
_LONG_SECONDS = 3_300


class Run(NamedTuple):
    """A run that is asked for at ``slot``; all times are seconds of the day."""

    slot: int
    fate: Fate
    begins: float
    ends: float


class DueProject(NamedTuple):
    """A project that is due at a second of the day; ``completed`` is None where it never is."""

    due: int
    completed: int | None


def minute_of(client: int) -> int:
    """Return the minute of the hour at which runs of a client are asked for."""
    return 5 + client * 7 % 50


def expectation(client: int) -> Expectation:
    """Return what a client declares of its runs."""
    return Expectation(
        HOURLY,
        cron=f"{minute_of(client)} * * * *",
        grace_seconds=GRACE_SECONDS,
        max_duration_seconds=LONGEST_SECONDS,
    )


def runs(client: int, dice: random.Random) -> list[Run]:
    """Return what becomes of the runs of a client, hour by hour."""
    found = []
    for hour in range(DAY_HOURS):
        slot = hour * 3_600 + minute_of(client) * 60
        fate = dice.choice(_FATES)
        begins, took = slot + dice.uniform(2, 200), dice.uniform(60, 600)
        if fate == "long" and _meets_stop(slot):
            fate = "punctual"  # Nobody could know that it went on while writers stood still.
        if fate == "late":
            begins = slot + dice.uniform(600, 1_500)
        found.append(Run(slot, fate, begins, begins + (_LONG_SECONDS if fate == "long" else took)))
    return found


def _meets_stop(slot: int) -> bool:
    return STOPPED[0] - 3_600 - LONGEST_SECONDS < slot < STOPPED[1]


def details_of(run: Run) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """Yield what a run reports: at which second, with which event id, and what."""
    if run.fate == "missed":
        return
    yield run.begins, "begin", {"status": "running"}
    yield (run.begins + run.ends) / 2, "middle", {"delta": {"records_ok": run.slot % 97}}
    yield run.ends, "end", {"status": "completed", "result": "succeeded"}


def due_project(dice: random.Random) -> DueProject:
    """Return what becomes of a client's project that is due."""
    due = dice.randrange(8 * 3_600, 11 * 3_600)
    return DueProject(due, due + dice.randrange(5_000, 10_000) if dice.random() < 0.5 else None)


class Told(NamedTuple):
    """How often each cause is an incident that opens, and one that closes."""

    opened: Counter[Cause]
    closed: Counter[Cause]


def told_of_runs(client_id: str, all_runs: Sequence[Run], *, of_staff: bool = False) -> Told:
    """Return what is told of runs that are asked for, where after the last of them none begins.

    Staff ask for missed runs alone.
    """
    told = Told(Counter(), Counter())
    missed, late, long = (
        Cause(client_id, HOURLY, what, of_staff=of_staff) for what in ("missed", "late", "too_long")
    )
    is_open = dict.fromkeys((missed, late), False)

    def move(cause: Cause, *, wrong: bool) -> None:
        (told.opened if wrong else told.closed)[cause] += is_open[cause] != wrong
        is_open[cause] = wrong

    for run in all_runs:
        if run.fate in ("missed", "late"):
            move(missed, wrong=True)
        if run.fate != "missed":
            move(missed, wrong=False)
            move(late, wrong=run.fate == "late")
        if run.fate == "long":
            told.opened[long] += 1
            told.closed[long] += 1
    move(missed, wrong=True)
    if of_staff:
        return Told(*(Counter({missed: some[missed]}) for some in told))
    return told


def told_of_project(client_id: str, project_id: str, one: DueProject) -> Told:
    """Return what is told of a project that is due."""
    cause = Cause(client_id, "", "overdue", project_id=project_id)
    return Told(Counter([cause]), Counter([cause] if one.completed is not None else []))
