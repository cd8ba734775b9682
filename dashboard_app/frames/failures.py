"""Error groups as tables: what they are, failures by day, changes between periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import MOMENT, NUMBER, TEXT, WHOLE, typed

_GROUP = {
    "fingerprint": TEXT,
    "type": TEXT,
    "message": TEXT,
    "jobs": WHOLE,
    "count": WHOLE,
    "first_seen_at": MOMENT,
    "last_seen_at": MOMENT,
    "clients": TEXT,
    "newest_job_id": TEXT,
    "newest_job": TEXT,
}
_LATEST = ("type", "message", "last_seen_at", "job_ids", "job_names")
_DAILY = {"at": MOMENT, "fingerprint": TEXT, "label": TEXT, "count": WHOLE}
_LABEL = 48


def groups(items: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each error group, in the order of the API: most failures first.

    `jobs` failed so by their latest attempt; `count` are attempts, retried ones among them.
    """
    rows = (
        {
            **item,
            "clients": ", ".join(item["clients"]),
            "newest_job_id": newest,
            "newest_job": item["job_names"].get(newest, newest),
        }
        for item in items
        for newest in [next(iter(item["job_ids"]), None)]
    )
    return typed(rows, _GROUP)


def label(item: Mapping[Any, Any]) -> str:
    """Return a short name for an error group: its type and message, else its fingerprint."""
    reason = ": ".join(str(item[name]) for name in ("type", "message") if item[name])
    text = reason or str(item["fingerprint"])
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"


def most_frequent(jobs: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the error group of which most of some failed jobs are; None where there is no job.

    Of groups with as many, it is the first by fingerprint. Members: `fingerprint`, `count`, and
    `type` and `message` of its first job in the list.
    """
    found: dict[str, dict[str, Any]] = {}
    for job in jobs:
        error = job["error"] or {"type": None, "message": "no reason given", "fingerprint": "none"}
        known = found.setdefault(error["fingerprint"], {**error, "count": 0})
        known["count"] += 1
    return min(found.values(), key=lambda one: (-one["count"], one["fingerprint"]), default=None)


def daily(items: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each day and error group: `at`, `fingerprint`, `label`, `count` of jobs."""
    rows = [
        {
            "at": day["at"],
            "fingerprint": item["fingerprint"],
            "label": label(item),
            "count": day["jobs"],
        }
        for item in items
        for day in item["days"]
        if day["jobs"]
    ]
    return typed(rows, _DAILY).sort_values("at", kind="stable").reset_index(drop=True)


def merged(parts: Iterable[Iterable[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Return the API's error groups of several periods as one list.

    Counts and jobs are added up; type, message and jobs are those of the latest failure.
    """
    found: dict[str, dict[str, Any]] = {}
    for item in (one for part in parts for one in part):
        known = found.setdefault(
            item["fingerprint"], {**item, "count": 0, "jobs": 0, "clients": [], "days": []}
        )
        first = min(known["first_seen_at"], item["first_seen_at"])
        if item["last_seen_at"] > known["last_seen_at"]:
            known |= {name: item[name] for name in _LATEST}
        known |= {
            "count": known["count"] + item["count"],
            "jobs": known["jobs"] + item["jobs"],
            "days": [*known["days"], *item["days"]],
            "first_seen_at": first,
            "clients": sorted({*known["clients"], *item["clients"]}),
        }
    return sorted(found.values(), key=lambda item: (-item["count"], item["fingerprint"]))


def movers(now: pd.DataFrame, before: pd.DataFrame, busier: float = 1.0) -> pd.DataFrame:
    """Compare the failed jobs of error groups in two periods; the greatest change is first.

    `busier` is the ratio of jobs that ended now and before. At the same error rate, failures
    change by it alone, so `more` counts the failures beyond that. Groups without change are left
    out. Columns: the group's, `count`, `count_before`, `change`, `more`.
    """
    columns = ["fingerprint", "type", "message", "count", "last_seen_at"]
    jobs_now, jobs_before = (one.assign(count=one["jobs"]) for one in (now, before))
    both = jobs_now[columns].merge(
        jobs_before[columns], on="fingerprint", how="outer", suffixes=("", "_before")
    )
    both["count"] = both["count"].fillna(0)
    both["count_before"] = both["count_before"].fillna(0)
    for name in ("type", "message", "last_seen_at"):
        both[name] = both[name].fillna(both[f"{name}_before"])
    both["change"] = both["count"] - both["count_before"]
    both["more"] = (both["count"] - busier * both["count_before"]).astype(NUMBER)
    both["size"] = both["more"].abs()
    ordered = both.sort_values(["size", "fingerprint"], ascending=[False, True])
    kept = ["fingerprint", "type", "message", "count_before", "count", "change", "more"]
    kept.append("last_seen_at")
    return ordered.loc[ordered["size"] > 0, kept].reset_index(drop=True)


def new_since(frame: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Return the error groups of `frame` that are not in `earlier`."""
    return frame[~frame["fingerprint"].isin(earlier["fingerprint"])].reset_index(drop=True)
