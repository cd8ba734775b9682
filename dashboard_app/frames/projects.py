"""Projects as a table: progress, pace and standing against the due date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import JOB_TOTALS, MOMENT, NUMBER, TEXT, WHOLE, typed
from dashboard_app.periods import DAY

_PROJECT = {
    "project_id": TEXT,
    "name": TEXT,
    "client_id": TEXT,
    "owner": TEXT,
    "status": TEXT,
    "due_at": MOMENT,
    "jobs_expected": WHOLE,
    "done": WHOLE,
    "progress": NUMBER,
    "standing": TEXT,
    "done_a_day": NUMBER,
    "needed_a_day": NUMBER,
    **JOB_TOTALS,
    "created_at": MOMENT,
    "last_seen_at": MOMENT,
}


def projects(items: Iterable[Mapping[str, Any]], now: datetime) -> pd.DataFrame:
    """Return a row for each project; `progress` is a share (0 to 1), paces are jobs per day."""
    return typed((_project(item, now) for item in items), _PROJECT)


def _project(item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    totals = item["jobs"]
    # A job that failed or was cancelled has not done what the project expects of it.
    done = totals["succeeded"] + totals["partial"]
    expected = item["jobs_expected"]
    progress = min(1.0, done / expected) if expected else None
    return {
        **item,
        **totals,
        "done": done,
        "progress": progress,
        "standing": standing(item, progress, now),
        **_pace(item, done, now),
    }


def _pace(project: Mapping[str, Any], done: int, now: datetime) -> dict[str, float | None]:
    """Return the jobs done per day so far, and those to do per day until the due date."""
    began, due = (
        None if project[name] is None else datetime.fromisoformat(project[name])
        for name in ("created_at", "due_at")
    )
    left = None if project["jobs_expected"] is None else max(0, project["jobs_expected"] - done)
    return {
        "done_a_day": done / ((now - began) / DAY) if began and began < now else None,
        "needed_a_day": left / ((due - now) / DAY) if due and left and due > now else None,
    }


def standing(project: Mapping[str, Any], progress: float | None, now: datetime) -> str:
    """Return a project's standing: its closed status, `done`, `overdue` or its pace.

    The pace is even from its creation to its due date; `progress` is a share (0 to 1).
    """
    if project["status"] in {"completed", "archived", "paused"}:
        return str(project["status"])
    if progress is not None and progress >= 1:
        return "done"
    if project["due_at"] is None:
        return "no due date"
    due = datetime.fromisoformat(project["due_at"])
    if due <= now:
        return "overdue"
    if progress is None or project["created_at"] is None:
        return "on its way"
    began = datetime.fromisoformat(project["created_at"])
    share = (now - began) / (due - began) if due > began else 1.0
    return "on pace" if progress >= share else "behind an even pace"
