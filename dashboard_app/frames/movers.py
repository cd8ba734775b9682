"""How groups changed since the previous period, and intervals with unusually many failures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import MOMENT, NUMBER, TEXT, WHOLE, typed
from dashboard_app.frames.trends import ends_of, shifted, totals, within
from dashboard_app.periods import Period

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
    series: pd.DataFrame, before: pd.DataFrame, period: Period, part: Period | None, now: datetime
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the points of a part and those of the previous period at the same places.

    Leave out intervals that are not over: the running one can't be compared with a whole one.
    """
    return (
        _over(within(series, part), period, now),
        _over(within(shifted(before, period), part), period, now),
    )


def _over(frame: pd.DataFrame, period: Period, now: datetime) -> pd.DataFrame:
    return frame[ends_of(frame["at"], period) <= pd.Timestamp(now)]


def group_movers(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Compare each group's sums in two periods; the greatest change is first.

    `more_failures` is the change of the error rate, times the jobs that it judges: failures
    beyond those that the rate before would give. So one failure of a single job counts less than
    a small change over thousands. A column NAME has NAME_before and NAME_change (a share).
    """
    columns = ["group", "error_rate", *_COUNTED, "cost_is_lower_bound"]
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
    for name in ("cost_is_lower_bound", "cost_is_lower_bound_before"):
        both[name] = both[name].fillna(value=False)
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
    """Return the `most` intervals with unusually many failures of a group, in order of time.

    A group's other intervals give the failures to expect. An interval is unusual if it has three
    failures or more, and exceeds what is expected by three times the spread of such a count.
    Columns: `group`, `at`, `bad` of `judged` jobs, `rate` (0 to 1), `surprise`.
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
