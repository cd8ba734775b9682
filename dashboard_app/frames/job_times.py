"""One job as tables: its stages, its parts, its pace, and what there is to compare of two jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from dashboard_app import words
from dashboard_app.frames.columns import FLAG, MOMENT, NUMBER, TEXT, WHOLE, typed
from dashboard_app.frames.jobs import delta, outcome, seconds_so_far

_RECORDS = ("records_ok", "records_failed", "records_skipped")
_STAGE = {
    "attempt": WHOLE,
    "stage": TEXT,
    "started_at": MOMENT,
    "until": MOMENT,
    "duration_seconds": NUMBER,
}
_PART = {
    "job_id": TEXT,
    "name": TEXT,
    "outcome": TEXT,
    "started_at": MOMENT,
    "until": MOMENT,
    "duration_seconds": NUMBER,
    "error_type": TEXT,
    "lane": WHOLE,
}
_COUNTER = {"counter": TEXT, "value": WHOLE, "per_record": NUMBER}
_PARAMETER = {"name": TEXT, "value": TEXT, "updated_at": MOMENT, "changed_since": FLAG}
_COMPARED = {"group": TEXT, "what": TEXT, "one": TEXT, "other": TEXT, "differs": FLAG}


@dataclass(frozen=True)
class Pace:
    """How fast a running job is, in records a second, and when it ends at this rate, if known."""

    per_second: float
    ends_at: datetime | None


def pace(
    job: Mapping[str, Any], entries: Iterable[Mapping[str, Any]], now: datetime
) -> Pace | None:
    """Return the pace of the present attempt; None where these entries don't tell it.

    It is that of the entries: what came after the first of them, over the time since then.
    """
    if job["status"] != "running" or job["stalled"]:
        return None
    mine = sorted(
        (datetime.fromisoformat(one["occurred_at"]), _records(delta(one["detail"])))
        for one in entries
        if one["attempt"] == job["attempt"]
    )
    seconds = (mine[-1][0] - mine[0][0]).total_seconds() if mine else 0
    records = sum(count for _, count in mine[1:])
    if seconds < 1 or records <= 0:
        return None
    left = (job["records_total"] or 0) - _records(job["counters"])
    ends_at = mine[-1][0] + timedelta(seconds=left * seconds / records)
    return Pace(records / seconds, ends_at if left > 0 and ends_at > now else None)


def _records(counters: Mapping[str, int]) -> int:
    return sum(counters.get(name, 0) for name in _RECORDS)


def stages(
    attempts: pd.DataFrame, entries: Iterable[Mapping[str, Any]], now: datetime
) -> pd.DataFrame:
    """Return a row for each stage that these entries tell of, by attempt, in the order of time.

    A stage lasts until the next one, or until its attempt's end (`until` in a frame of
    `jobs.attempts`), and never beyond now.
    """
    ends = dict(zip(attempts["attempt"], attempts["until"], strict=True))
    told: dict[int, list[tuple[datetime, str]]] = {}
    for one in sorted(entries, key=lambda one: str(one["occurred_at"])):
        name = one["detail"].get("stage")
        known = told.setdefault(one["attempt"], [])
        if name and (not known or known[-1][1] != name):
            known.append((datetime.fromisoformat(one["occurred_at"]), str(name)))
    rows = []
    for attempt, known in sorted(told.items()):
        end = ends.get(attempt)
        following: list[Any] = [begin for begin, _ in known[1:]]
        following.append(known[-1][0] if known and (end is None or pd.isna(end)) else end)
        for (begin, name), until in zip(known, following, strict=False):
            stop = max(begin, min(until, now))
            rows.append(
                {
                    "attempt": attempt,
                    "stage": name,
                    "started_at": begin.isoformat(),
                    "until": stop.isoformat(),
                    "duration_seconds": round((stop - begin).total_seconds(), 1),
                }
            )
    return typed(rows, _STAGE)


def parts(items: Iterable[Mapping[str, Any]], now: datetime) -> pd.DataFrame:
    """Return a row for each part of a job, by start; parts of one `lane` are never at once.

    What has not started yet has no lane; what runs lasts until now.
    """
    free: list[datetime] = []
    rows = []
    for item in sorted(items, key=lambda one: (one["started_at"] is None, one["started_at"])):
        row = {
            **item,
            "outcome": outcome(item),
            "duration_seconds": seconds_so_far(item, now),
            "error_type": (item["error"] or {}).get("type"),
        }
        if item["started_at"]:
            begin = datetime.fromisoformat(item["started_at"])
            running = now if item["status"] == "running" else begin
            end = datetime.fromisoformat(item["ended_at"]) if item["ended_at"] else running
            until = max(begin, min(end, now))
            lane = next((at for at, since in enumerate(free) if since <= begin), len(free))
            free[lane : lane + 1] = [max(until, begin + timedelta(milliseconds=1))]
            row |= {"until": until.isoformat(), "lane": lane}
        rows.append(row)
    return typed(rows, _PART)


def counters(job: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row for each counter of a job: `value`, and `per_record` where records are known."""
    records = _records(job["counters"])
    rows = (
        {
            "counter": name,
            "value": value,
            "per_record": value / records if records > 0 and name not in _RECORDS else None,
        }
        for name, value in sorted(job["counters"].items())
    )
    return typed(rows, _COUNTER)


def parameters(job: Mapping[str, Any], config: Mapping[str, Any]) -> pd.DataFrame:
    """Return the configuration of a job's client: what a parameter is now.

    `changed_since` says that it was changed after the job had begun: earlier values are not kept.
    """
    began = datetime.fromisoformat(job["started_at"] or job["created_at"])
    rows = (
        {**one, "changed_since": datetime.fromisoformat(one["updated_at"]) > began}
        for one in config["parameters"]
    )
    return typed(rows, _PARAMETER)


def compared(
    sides: Sequence[Mapping[str, Mapping[str, str]]], missing: Mapping[str, str]
) -> pd.DataFrame:
    """Return a row for each thing to compare of two jobs: `one`, `other` and whether it `differs`.

    A side holds, by the name of a group, what is known by the name of a thing. What one side lacks
    is the group's word in `missing`, or else a dash.
    """
    one, other = sides
    rows = []
    for group in dict.fromkeys((*one, *other)):
        mine, theirs = one.get(group, {}), other.get(group, {})
        for what in dict.fromkeys((*mine, *theirs)):
            word = missing.get(group, words.NOTHING)
            rows.append(
                {
                    "group": group,
                    "what": what,
                    "one": mine.get(what, word),
                    "other": theirs.get(what, word),
                    "differs": mine.get(what) != theirs.get(what),
                }
            )
    return typed(rows, _COMPARED)
