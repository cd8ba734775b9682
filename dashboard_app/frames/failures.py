"""Groups of failures as tables: what they are, how they come and go, which moved most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import MOMENT, NUMBER, TEXT, WHOLE, typed

_GROUP = {
    "fingerprint": TEXT,
    "type": TEXT,
    "message": TEXT,
    "count": WHOLE,
    "first_seen_at": MOMENT,
    "last_seen_at": MOMENT,
    "clients": TEXT,
    "newest_job_id": TEXT,
}
_DAILY = {"at": MOMENT, "fingerprint": TEXT, "label": TEXT, "count": WHOLE}
_LABEL = 48

Document = Mapping[str, Any]


def groups(items: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each group of failures, most frequent first."""
    rows = (
        {
            **item,
            "clients": ", ".join(item["clients"]),
            "newest_job_id": next(iter(item["job_ids"]), None),
        }
        for item in items
    )
    return typed(rows, _GROUP)


def label(item: Mapping[Any, Any]) -> str:
    """Return a short name for a group of failures."""
    said = ": ".join(str(item[name]) for name in ("type", "message") if item[name])
    text = said or str(item["fingerprint"])
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1]}…"


def daily(by_day: Iterable[tuple[datetime, Iterable[Mapping[str, Any]]]]) -> pd.DataFrame:
    """Return a row for each day and group that failed on it."""
    rows = [
        {
            "at": day.isoformat(),
            "fingerprint": item["fingerprint"],
            "label": label(item),
            "count": item["count"],
        }
        for day, items in by_day
        for item in items
    ]
    return typed(rows, _DAILY)


def merged(parts: Iterable[Iterable[Document]]) -> list[Document]:
    """Return the groups of several spans as one list: counts added, samples the latest."""
    found: dict[str, dict[str, Any]] = {}
    for item in (one for part in parts for one in part):
        known = found.setdefault(item["fingerprint"], {**item, "count": 0, "clients": []})
        first = min(known["first_seen_at"], item["first_seen_at"])
        if item["last_seen_at"] > known["last_seen_at"]:
            known |= {name: item[name] for name in ("type", "message", "last_seen_at", "job_ids")}
        known |= {
            "count": known["count"] + item["count"],
            "first_seen_at": first,
            "clients": sorted({*known["clients"], *item["clients"]}),
        }
    return sorted(found.values(), key=lambda item: (-item["count"], item["fingerprint"]))


def movers(now: pd.DataFrame, before: pd.DataFrame, busier: float = 1.0) -> pd.DataFrame:
    """Return the groups of two spans with what changed, the greatest change first.

    *busier* is how many times the attempts of the span before ended in this one: `more` is what
    lies above or below as many failures as that alone would have made, and gives the order.
    """
    columns = ["fingerprint", "type", "message", "count", "last_seen_at"]
    both = now[columns].merge(
        before[columns], on="fingerprint", how="outer", suffixes=("", "_before")
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
    """Return the groups that did not occur in what came earlier."""
    return frame[~frame["fingerprint"].isin(earlier["fingerprint"])].reset_index(drop=True)
