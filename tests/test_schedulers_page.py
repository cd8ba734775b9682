"""The page about schedulers says of each what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from run_ledger.emit.identity import schedulers

PAGE = Path(__file__).parents[1] / "docs" / "schedulers.md"


def rows() -> dict[str, list[str]]:
    """Return the cells of the first table, by the scheduler's name, in order."""
    table = PAGE.read_text("utf-8").split("\n\n")[2]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {name: rest for name, *rest in cells[2:]}


def variables(cell: str) -> list[str]:
    """Return the variables that a cell names."""
    return re.findall(r"`([A-Z_]+)`", cell)


def test_the_page_has_every_scheduler_in_the_order_in_which_they_count() -> None:
    """A task queue says it inside the process, so it comes before what the environment says."""
    named = [name for name in rows() if name != "any, by name"]

    assert named == [*schedulers.TASK_QUEUES, *(one.name for one in schedulers.SCHEDULERS)]


def test_the_page_names_the_variables_that_are_read() -> None:
    """The job's, its parts', the attempt's, and from what number this counts."""
    for one in schedulers.SCHEDULERS:
        job, attempt, _ = rows()[one.name]
        assert variables(job) == [*one.job, *one.part], one.name
        assert ("shared" in job) == one.is_shared, one.name
        assert attempt == f"`{one.attempt}` (from {one.first_attempt})"


def test_the_page_names_the_variables_that_a_user_sets() -> None:
    """They are those that the code reads."""
    job, attempt, _ = rows()["any, by name"]

    assert variables(job) == [schedulers.STATED_JOB, schedulers.STATED_PART]
    assert variables(attempt) == [schedulers.STATED_ATTEMPT, schedulers.STATED_RETRIES]
