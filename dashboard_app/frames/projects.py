"""Clients, their configurations, and projects as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import FLAG, MOMENT, NUMBER, RESULTS, TEXT, WHOLE, typed
from dashboard_app.periods import DAY

_TOTALS = dict.fromkeys(("total", "queued", "running", *RESULTS), WHOLE)
_CLIENT = {
    "client_id": TEXT,
    "name": TEXT,
    "description": TEXT,
    "contact": TEXT,
    "declared": FLAG,
    **_TOTALS,
}
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
    **_TOTALS,
    "created_at": MOMENT,
    "last_seen_at": MOMENT,
}
_PARAMETER = {"name": TEXT, "value": TEXT, "description": TEXT, "updated_at": MOMENT}
_DIFFERENCE = {"name": TEXT, "one": TEXT, "other": TEXT, "differs": FLAG}


def clients(items: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each client."""
    return typed(({**item, **item["jobs"]} for item in items), _CLIENT)


def projects(items: Iterable[Mapping[str, Any]], now: datetime) -> pd.DataFrame:
    """Return a row for each project: how far it is, and how that stands against its due date."""
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
    """Return how many jobs a day are done, and how many a day are left to do until it is due."""
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
    """Say how a project stands: done, late, behind or ahead of an even pace to its due date."""
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


def parameters(document: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row for each plain parameter of a client's configuration."""
    return typed(document["parameters"], _PARAMETER)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row for each parameter of either client, and whether the two differ in it."""
    mine = {parameter["name"]: parameter["value"] for parameter in one["parameters"]}
    theirs = {parameter["name"]: parameter["value"] for parameter in other["parameters"]}
    rows = [
        {
            "name": name,
            "one": mine.get(name),
            "other": theirs.get(name),
            "differs": mine.get(name) != theirs.get(name),
        }
        for name in sorted({*mine, *theirs})
    ]
    return typed(rows, _DIFFERENCE)
