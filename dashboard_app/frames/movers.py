"""What moved against the span before, group by group, and intervals in which failures stand out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import MOMENT, NUMBER, TEXT, WHOLE, typed
from dashboard_app.frames.trends import ends_of, shifted, totals, within
from dashboard_app.periods import Span

_COUNTED = ("ended", "records", "tokens", "cost_usd")
_FEWEST_FAILURES, _SURPRISE = 3, 3.0
_SPIKE = {
    "group": TEXT,
    "at": MOMENT,
    "bad": WHOLE,
    "judged": WHOLE,
    "rate": NUMBER,
    "surprise": NUMBER,
}


def comparable(
    series: pd.DataFrame, before: pd.DataFrame, span: Span, part: Span | None, now: datetime
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the points of a part whose intervals are over, and their counterparts before.

    The interval that runs has no counterpart yet, whether anything was counted in it or not.
    """
    return (
        _over(within(series, part), span, now),
        _over(within(shifted(before, span), part), span, now),
    )


def _over(frame: pd.DataFrame, span: Span, now: datetime) -> pd.DataFrame:
    return frame[ends_of(frame["at"], span) <= pd.Timestamp(now)]


def group_movers(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return each group's sums in both spans and how they moved, greatest mover first.

    `more_failures` is what a change of the error rate comes to: by how many attempts more failed
    than would have at the rate before. So one failure of one attempt moves less than a point of
    percent of thousands, and groups are in the order of it.
    """
    columns = ["group", "error_rate", *_COUNTED]
    judged = totals(now).assign(judged=lambda sums: sums["ended"] - sums["cancelled"])
    both = judged[[*columns, "judged"]].merge(
        totals(before)[columns], on="group", how="outer", suffixes=("", "_before")
    )
    for name in _COUNTED:
        for column in (name, f"{name}_before"):
            both[column] = both[column].fillna(0)
        was = both[f"{name}_before"].astype(NUMBER)
        change = (both[name].astype(NUMBER) - was) / was.where(was > 0)
        both[f"{name}_change"] = change.astype(NUMBER)
    both["error_rate_change"] = (both["error_rate"] - both["error_rate_before"]).astype(NUMBER)
    both["more_failures"] = (both["error_rate_change"] * both["judged"].astype(NUMBER)).astype(
        NUMBER
    )
    order = both.assign(
        weight=both["more_failures"].abs().fillna(0),
        moved=(both["ended"] - both["ended_before"]).abs(),
    ).sort_values(["weight", "moved", "group"], ascending=[False, False, True])
    return order.drop(columns=["weight", "moved", "judged"]).reset_index(drop=True)


def spikes(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the intervals in which a group failed far more than in its others, by time.

    Expected are as many failures as the group's other intervals would give; what lies three times
    the spread of such a count above that stands out, if it is three failures or more.
    """
    rows: list[Mapping[str, Any]] = []
    for group, points in frame.groupby("group", sort=False):
        judged = (points["ended"] - points["cancelled"]).astype("int64")
        bad = (points["failed"] + points["timed_out"]).astype("int64")
        rows += _surprising(str(group), zip(points["at"], bad, judged, strict=True))
    ranked = sorted(rows, key=lambda row: -float(row["surprise"]))[:most]
    return typed(sorted(ranked, key=lambda row: (row["at"], row["group"])), _SPIKE)


def _surprising(group: str, points: Iterable[tuple[datetime, int, int]]) -> list[Mapping[str, Any]]:
    listed = list(points)
    all_bad, all_judged = sum(one[1] for one in listed), sum(one[2] for one in listed)
    found: list[Mapping[str, Any]] = []
    for at, bad, judged in listed:
        others = all_judged - judged
        if bad < _FEWEST_FAILURES or others <= 0:
            continue
        expected = (all_bad - bad) / others * judged
        surprise = (bad - expected) / math.sqrt(expected + 1)
        if surprise >= _SURPRISE:
            found.append(
                {
                    "group": group,
                    "at": at.isoformat(),
                    "bad": bad,
                    "judged": judged,
                    "rate": bad / judged,
                    "surprise": surprise,
                }
            )
    return found
