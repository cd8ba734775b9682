"""The ledger's terms, numbers, money and durations as people read them; the same as on the site."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

OUTCOMES = {
    "queued": "Queued",
    "running": "Running",
    "stalled": "Stalled",
    "succeeded": "Succeeded",
    "partial": "Partly done",
    "failed": "Failed",
    "timed_out": "Timed out",
    "cancelled": "Cancelled",
}
STATUSES = {"queued": "Queued", "running": "Running", "completed": "Completed"}
COUNTERS = {
    "records_ok": "Records done",
    "records_failed": "Records failed",
    "records_skipped": "Records skipped",
    "llm_calls": "Model calls",
    "llm_errors": "Model errors",
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "cache_read_input_tokens": "Input tokens read from cache",
    "cost_microusd": "Cost (USD)",
}
STANDINGS = ("Open", "Overdue or behind", "All")
NOTHING = "–"
UNCHANGED = "unchanged"
_SHORT_FROM, _CENT, _TENTH = 100_000, 0.001, 0.1
_SMALL_SECONDS = 10
_MONEY, _MICRO = "cost_microusd", 1_000_000
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def outcome(name: str) -> str:
    """Return the word for a result or status."""
    return OUTCOMES.get(name, name)


def counter(name: str) -> str:
    """Return what a counter is called."""
    return COUNTERS.get(name, name)


def amount(name: str, value: float) -> str:
    """Return what a counter came to: dollars of money, else a count in full."""
    return money(value / _MICRO) if name == _MONEY else whole(value)


def added(delta: Mapping[str, float]) -> str:
    """Return what an event adds: Records done +40, Cost (USD) +$0.22."""
    return ", ".join(
        f"{counter(name)} {'−' if value < 0 else '+'}{amount(name, abs(value))}"
        for name, value in sorted(delta.items())
    )


def said(detail: Mapping[str, Any]) -> str:
    """Return what an event says of its job: Completed · Partly done · its stage."""
    status, result, stage = (detail.get(name) for name in ("status", "result", "stage"))
    parts = (STATUSES.get(str(status), status), outcome(str(result)) if result else None, stage)
    return " · ".join(str(part) for part in parts if part) or "Progress"


def whole(value: float | None) -> str:
    """Return a count in full: an analyst compares the last digit, too."""
    return NOTHING if value is None else f"{value:,.0f}"


def compact(value: float | None) -> str:
    """Return a count in full up to five digits, above that in three: 12,345 and 12.3M."""
    if value is None:
        return NOTHING
    if abs(value) < _SHORT_FROM:
        return f"{value:,.0f}"
    size, unit = next(
        (size, unit)
        for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
        if abs(value) >= size
    )
    scaled = value / size
    return f"{scaled:.3g}{unit}" if abs(scaled) < 999.5 else f"{scaled:,.0f}{unit}"  # noqa: PLR2004


def percent(share: float | None) -> str:
    """Return a share: 3.4 %, and never 0 % for what is not nothing."""
    if share is None:
        return NOTHING
    if 0 < share < _CENT:
        return "< 0.1 %"
    return f"{share * 100:.1f} %"


def money(usd: float | None) -> str:
    """Return dollars, with more digits the smaller they are."""
    if usd is None:
        return NOTHING
    size = abs(usd)
    digits = 2 if size == 0 or size >= _TENTH else 4 if size >= _CENT else 6
    sign = "−" if usd < 0 else ""
    return f"{sign}${size:,.{digits}f}"


def duration(seconds: float | None) -> str:
    """Return a duration in its two greatest units."""
    if seconds is None:
        return NOTHING
    sign, size = ("−", -seconds) if seconds < 0 else ("", seconds)
    if size < _SMALL_SECONDS:
        return f"{sign}{size:.1f} s"
    rounded = round(size)
    if rounded >= _DAY:
        return f"{sign}{rounded // _DAY:,} d {rounded % _DAY // _HOUR} h"
    if rounded >= _HOUR:
        return f"{sign}{rounded // _HOUR} h {rounded % _HOUR // _MINUTE} min"
    if rounded >= _MINUTE:
        return f"{sign}{rounded // _MINUTE} min {rounded % _MINUTE} s"
    return f"{sign}{rounded} s"


def change(now: float | None, before: float | None) -> str | None:
    """Return by how much something grew; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    share = (now - before) / abs(before)
    if abs(share) >= 10:  # noqa: PLR2004 - nobody reads 4,200 %
        return f"{'+' if share > 0 else '-'}{now / before:,.0f}×"
    return _signed(share * 100, "%")


def points_of_percent(now: float | None, before: float | None) -> str | None:
    """Return by how many points of percent a rate moved."""
    if now is None or before is None:
        return None
    return _signed((now - before) * 100, "points")


def _signed(moved: float, unit: str) -> str:
    # With an ASCII hyphen: Streamlit's metric knows a fall by nothing else, and would draw
    # "−2.0" with an arrow upwards.
    told = f"{moved:+.1f}"
    return UNCHANGED if float(told) == 0 else f"{told} {unit}"


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """Return a moment to the minute, with its zone: 22 Nov 2026, 15:04 UTC."""
    if at is None:
        return NOTHING
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M %Z}"
