"""Projects as a table: progress, pace and standing against the due date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd

from dashboard_app import words
from dashboard_app.frames.columns import FLAG, JOB_TOTALS, MOMENT, NUMBER, TEXT, WHOLE, typed
from dashboard_app.periods import DAY

_PACE_DAYS = 7
_PROJECT = {
    "key": TEXT,
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
    "overdue": FLAG,
    "done_a_day": NUMBER,
    "needed_a_day": NUMBER,
    **JOB_TOTALS,
    "created_at": MOMENT,
    "last_seen_at": MOMENT,
}


def projects(items: Iterable[Mapping[str, Any]], now: datetime) -> pd.DataFrame:
    """Return a row for each project; `progress` is a share (0 to 1), paces are jobs per day."""
    return typed((_project(item, now) for item in items), _PROJECT)


def key_of(item: Mapping[str, Any]) -> str:
    """Return what a link calls a project: several clients may have jobs in one of the same id."""
    return f"{item['client_id']}/{item['project_id']}"


def _project(item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    totals = item["jobs"]
    done, expected = item["jobs_done"], item["jobs_expected"]
    progress = min(1.0, done / expected) if expected else None
    return {
        **item,
        **totals,
        "key": key_of(item),
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
    if project["overdue"]:
        return "overdue"
    due = datetime.fromisoformat(project["due_at"])
    if progress is None or project["created_at"] is None:
        return "on its way"
    began = datetime.fromisoformat(project["created_at"])
    share = (now - began) / (due - began) if due > began else 1.0
    return "on pace" if progress >= share else "behind an even pace"


class BurnUp(NamedTuple):
    """How the jobs of a project were done day by day.

    `line` says how many were done (`done`) by a time (`at`). `days` has the days on which something
    was done, and today: `at`, how much was `added`, and what was `done` by the day's end. `pace` is
    the jobs done per day, today and in the six days before; `end_at` is when the rest is done at
    it, None where nothing is left, nothing is expected, or nothing goes on.
    """

    line: pd.DataFrame
    days: pd.DataFrame
    pace: float
    end_at: datetime | None


def burn_up(
    project: Mapping[str, Any], trends: Mapping[str, Any], now: datetime, today: datetime
) -> BurnUp:
    """Return the burn-up of a project, by the API's trends of it by day; `today` is when it began.

    It is counted back from all jobs that are done, so that it ends at that number whenever the
    project began.
    """
    start = datetime.fromisoformat(trends["from"])
    told = [point for series in trends["series"] for point in series["points"]]
    points = [
        (datetime.fromisoformat(point["at"]), count)
        for point in told
        if (count := sum(point[result] for result in words.DONE))
    ]
    begin = max(start, _begin(project, points, now))
    # The days may know of a job that the project did not count yet.
    done = project["jobs_done"] - sum(count for _, count in points)
    line, days = [(begin, max(0, done))], []
    for at, count in points:
        if at > line[-1][0]:
            line.append((at, max(0, done)))
        done += count
        line.append((min(at + DAY, now), max(0, done)))
        days.append((at, count, max(0, done)))
    line.append((now, project["jobs_done"]))
    if not days or days[-1][0] < today:
        days.append((now, 0, project["jobs_done"]))
    pace = _recent_pace(points, begin, now, today)
    return BurnUp(
        typed(({"at": at.isoformat(), "done": count} for at, count in line), _LINE),
        typed(
            ({"at": at.isoformat(), "added": added, "done": all_} for at, added, all_ in days),
            _DAYS,
        ),
        pace,
        _end(project, pace, now),
    )


_LINE = {"at": MOMENT, "done": WHOLE}
_DAYS = {"at": MOMENT, "added": WHOLE, "done": WHOLE}


def _begin(
    project: Mapping[str, Any], points: list[tuple[datetime, int]], now: datetime
) -> datetime:
    first = points[0][0] if points else now
    created = project["created_at"]
    return first if created is None else min(first, datetime.fromisoformat(created))


def _recent_pace(
    points: list[tuple[datetime, int]], begin: datetime, now: datetime, today: datetime
) -> float:
    since = today - (_PACE_DAYS - 1) * DAY
    # Where clocks change, a day begins an hour earlier or later.
    recent = sum(count for at, count in points if at > since - timedelta(hours=12))
    return recent / max((now - max(since, begin)) / DAY, 1)


def _end(project: Mapping[str, Any], pace: float, now: datetime) -> datetime | None:
    expected = project["jobs_expected"]
    left = 0 if expected is None else expected - project["jobs_done"]
    return now + left / pace * DAY if left > 0 and pace > 0 else None
