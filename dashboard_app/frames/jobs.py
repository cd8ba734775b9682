"""Jobs, their attempts, entries and counters as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import (
    COUNTERS,
    FLAG,
    MICROUSD,
    MOMENT,
    NUMBER,
    TEXT,
    WHOLE,
    typed,
)

_JOB = {
    "job_id": TEXT,
    "name": TEXT,
    "client_id": TEXT,
    "project_id": TEXT,
    "pipeline": TEXT,
    "status": TEXT,
    "result": TEXT,
    "stalled": FLAG,
    "outcome": TEXT,
    "attempt": WHOLE,
    "stage": TEXT,
    "created_at": MOMENT,
    "started_at": MOMENT,
    "ended_at": MOMENT,
    "last_seen_at": MOMENT,
    "duration_seconds": NUMBER,
    "records_total": WHOLE,
    "progress": NUMBER,
    **dict.fromkeys(COUNTERS, WHOLE),
    "cost_usd": NUMBER,
    "cost_is_lower_bound": FLAG,
    "error_type": TEXT,
    "error_message": TEXT,
    "fingerprint": TEXT,
    "parent_job_id": TEXT,
    "log_url": TEXT,
}
_ATTEMPT = {
    "attempt": WHOLE,
    "outcome": TEXT,
    "started_at": MOMENT,
    "ended_at": MOMENT,
    "until": MOMENT,
    "duration_seconds": NUMBER,
    "error_type": TEXT,
    "error_message": TEXT,
}
_ENTRY = {
    "occurred_at": MOMENT,
    "received_at": MOMENT,
    "attempt": WHOLE,
    "what": TEXT,
    "delta": TEXT,
    "models": TEXT,
    "event_id": TEXT,
    "source": TEXT,
}

_MODEL = {
    "model": TEXT,
    **dict.fromkeys(COUNTERS, WHOLE),
    "tokens": WHOLE,
    "cost_usd": NUMBER,
    "cost_is_lower_bound": FLAG,
}


def jobs(items: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each job."""
    return typed((_job(item) for item in items), _JOB)


def first_by(measure: str, items: Iterable[Mapping[str, Any]], most: int) -> list[Any]:
    """Return the longest (`duration`) or dearest (`cost`) jobs, the first of these first.

    Of equal ones the newest comes first. Those without a duration or a cost come last.
    """

    def place(job: Mapping[str, Any]) -> tuple[Any, ...]:
        value = job["duration_seconds"]
        if measure == "cost":
            value = job["counters"].get("cost_microusd")
        return value is not None, value or 0, job["created_at"], job["job_id"]

    return sorted(items, key=place, reverse=True)[:most]


def outcome(job: Mapping[str, Any]) -> str:
    """Return a job's or an attempt's outcome: `stalled`, else its result, else its status."""
    if job.get("stalled"):
        return "stalled"
    return str(job["result"] or job["status"])


def _job(item: Mapping[str, Any]) -> dict[str, Any]:
    counters = item["counters"]
    return {
        **item,
        **{name: counters.get(name, 0) for name in COUNTERS},
        "outcome": outcome(item),
        "progress": _progress(item),
        "cost_usd": counters.get("cost_microusd", 0) / MICROUSD,
        "cost_is_lower_bound": counters.get("llm_calls_unpriced", 0) > 0,
        **_error(item),
    }


def _error(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of a job's or an attempt's error."""
    error = item["error"] or {}
    return {
        "error_type": error.get("type"),
        "error_message": error.get("message"),
        "fingerprint": error.get("fingerprint"),
    }


def _progress(item: Mapping[str, Any]) -> float | None:
    """Return the share of records that are handled (0 to 1); None without a `records_total`."""
    if not item["records_total"]:
        return None
    counters = item["counters"]
    done = sum(
        counters.get(name, 0) for name in ("records_ok", "records_failed", "records_skipped")
    )
    return float(min(1.0, max(0.0, done / item["records_total"])))


def attempts(job: Mapping[str, Any], now: datetime) -> pd.DataFrame:
    """Return a row for each attempt; while it runs, `until` is `now` and its duration that so far.

    An attempt that was superseded at a time that nobody knows lasts no time at all.
    """
    rows = (
        {
            **one,
            **_error(one),
            "outcome": outcome(one),
            "duration_seconds": seconds_so_far(one, now),
            "until": one["ended_at"]
            or (now.isoformat() if one["status"] == "running" else one["started_at"]),
        }
        for one in job["attempts"]
    )
    return typed(rows, _ATTEMPT)


def seconds_so_far(one: Mapping[str, Any], now: datetime) -> float | None:
    """Return the duration of a job or an attempt; while it runs, the whole seconds until `now`."""
    if one["status"] != "running" or not one["started_at"]:
        seconds: float | None = one.get("duration_seconds")
        return seconds
    return max(0, round((now - datetime.fromisoformat(one["started_at"])).total_seconds()))


def entries(items: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each entry of a job: `what` happened, and `delta` as text."""
    return typed((_entry(item) for item in items), _ENTRY)


def _entry(item: Mapping[str, Any]) -> dict[str, Any]:
    detail = item["detail"]
    happened = [str(detail[name]) for name in ("status", "result", "stage") if detail.get(name)]
    return {
        **item,
        "what": " · ".join(happened) or "progress",
        "delta": ", ".join([*_added(detail), *_so_far(detail)]),
        "models": ", ".join(sorted(detail.get("delta_by_model") or {})),
    }


def _added(detail: Mapping[str, Any]) -> Iterator[str]:
    return (f"{name} {count:+,}" for name, count in sorted(delta(detail).items()))


def _so_far(detail: Mapping[str, Any]) -> Iterator[str]:
    """Give what the running totals of an event come to, over all parts that it tells of."""
    sums: dict[str, int] = {}
    for totals in (detail.get("running_totals") or {}).values():
        for name, count in (totals or {}).items():
            if count is not None:
                sums[name] = sums.get(name, 0) + count
    return (f"{name} {count:,} so far" for name, count in sorted(sums.items()))


def delta(detail: Mapping[str, Any]) -> dict[str, int]:
    """Return what an event adds to its job's counters, by model or not."""
    sums: dict[str, int] = {}
    for one in (detail.get("delta"), *(detail.get("delta_by_model") or {}).values()):
        for name, change in (one or {}).items():
            if change is not None:
                sums[name] = sums.get(name, 0) + change
    return sums


def models(job: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row for each language model that a job's events told of, the dearest first.

    Columns: `model`, the known counters, `tokens`, `cost_usd`, `cost_is_lower_bound`.
    """
    rows = [
        {
            "model": model,
            **{name: counters.get(name, 0) for name in COUNTERS},
            "tokens": counters.get("input_tokens", 0) + counters.get("output_tokens", 0),
            "cost_usd": counters.get("cost_microusd", 0) / MICROUSD,
            "cost_is_lower_bound": counters.get("llm_calls_unpriced", 0) > 0,
        }
        for model, counters in job["counters_by_model"].items()
    ]
    rows.sort(key=lambda row: (-row["cost_usd"], -row["tokens"], row["model"]))
    return typed(rows, _MODEL)
