"""The ledger's terms, numbers, money and durations, as the site shows them, too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

RESULTS = {
    "succeeded": "Succeeded",
    "partial": "Partial",
    "failed": "Failed",
    "timed_out": "Timed out",
    "cancelled": "Cancelled",
}
DONE = ("succeeded", "partial")
"""The results that a project's progress counts as done, as the API does."""

OUTCOMES = {
    "queued": "Queued",
    "running": "Running",
    "stalled": "Stalled",
    **RESULTS,
    "superseded": "Superseded",
}
FAILURES = ("failed", "timed_out")
"""The results that an error rate counts."""
WHATS = {
    "failed": "Failed",
    "timed_out": "Timed out",
    "partial": "Ended partial",
    "new_error": "New error",
    "error_rate": "Error rate too high",
    "missed": "Missed run",
    "late": "Late run",
    "too_long": "Runs too long",
    "stalled": "Stalled",
    "overdue": "Project overdue",
    "budget": "Budget reached",
    "differs": "Figures differ from their events",
}
"""What an incident says is wrong, as the API names it."""
ANY_FAILURE, ANY_DONE = "Failed or timed out", "Done: succeeded or partial"
STATUSES = {"queued": "Queued", "running": "Running", "completed": "Completed"}
SORTED = {"duration": "longest", "cost": "dearest"}
COUNTERS = {
    "records_ok": "Records done",
    "records_failed": "Records failed",
    "records_skipped": "Records skipped",
    "llm_calls": "Model calls",
    "llm_errors": "Model errors",
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "cache_read_input_tokens": "Input tokens from cache",
    "cost_microusd": "Cost",
    "llm_calls_unpriced": "Model calls without a known cost",
}
ALL_COUNTERS = {
    **COUNTERS,
    "llm_answers_unread": "Model answers not understood",  # by our library, of one job
    "other_counters": "All other counters",  # by the ledger, where names are too many
}
NOTHING = "–"
EMPTY, NOT_SET = "(empty)", "(not set)"
UNCHANGED = "unchanged"
_SHORT_FROM, _CENT, _TENTH = 100_000, 0.001, 0.1
_SIZES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_SMALL_SECONDS = 10
_MONEY, _MICRO = "cost_microusd", 1_000_000
_MOST_BEHIND_THE_POINT = 12
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def outcome(name: str) -> str:
    """Return the word for a result or a status."""
    return OUTCOMES.get(name, name)


def what_is_wrong(what: str) -> str:
    """Return the words for what an incident says is wrong; one without words keeps its name."""
    return WHATS.get(what, what.replace("_", " ").capitalize())


def counter(name: str) -> str:
    """Return the word for a counter; one that has no word keeps its name."""
    return ALL_COUNTERS.get(name, name)


def amount(name: str, value: float) -> str:
    """Return a counter's value: dollars for a cost in micro-USD, else a count in full."""
    return money(value / _MICRO) if name == _MONEY else whole(value)


def per_record(name: str, value: float | None) -> str:
    """Return what a counter is for each record: $0.0021, or 12.5 with three digits."""
    if value is None:
        return NOTHING
    return money(value / _MICRO) if name == _MONEY else three_digits(value)


def three_digits(value: float) -> str:
    """Return a number with three digits, or all those before its point: 0.0123, 12.5, 12,346."""
    if value == 0:
        return "0"
    behind = min(max(0, 2 - math.floor(math.log10(abs(value)))), _MOST_BEHIND_THE_POINT)
    text = f"{value:,.{behind}f}"
    return text.rstrip("0").rstrip(".") if behind else text


def deltas(delta: Mapping[str, float]) -> str:
    """Return what an event adds to counters: Records done +40, Cost +$0.22."""
    return ", ".join(
        f"{counter(name)} {'−' if value < 0 else '+'}{amount(name, abs(value))}"
        for name, value in sorted(delta.items())
    )


def happened(detail: Mapping[str, Any]) -> str:
    """Return an event's status, result and stage: Completed · Partial · fetch.

    Return Progress where it has none of them.
    """
    status, result, stage = (detail.get(name) for name in ("status", "result", "stage"))
    parts = (STATUSES.get(str(status), status), outcome(str(result)) if result else None, stage)
    return " · ".join(str(part) for part in parts if part) or "Progress"


def restarted(job: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Say of a job with a `restarted_at` that its id was used for more than one job."""
    ends = (attempt["first_ended_at"] for attempt in job["attempts"])
    first = next((at for at in ends if at), None)
    ended = f"had ended at {_time(first, zone)}" if first else "had ended"
    return (
        f"This job id was used again: a job of it {ended}, and another reported at "
        f"{_time(job['restarted_at'], zone)} that it was running. Counters and times are of both "
        "together."
    )


def _time(at: str, zone: ZoneInfo) -> str:
    return moment(datetime.fromisoformat(at), zone)


def parameter(value: str | None) -> str:
    """Return a parameter's value; one that is empty and one that is not set are told apart."""
    return NOT_SET if value is None else value or EMPTY


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 row, 2,000 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def whole(value: float | None) -> str:
    """Return a count in full: 12,345,678."""
    return NOTHING if value is None else f"{value:,.0f}"


def compact(value: float | None) -> str:
    """Return a count with all its digits up to 99,999, then with three: 12,345 and 12.3M."""
    if value is None:
        return NOTHING
    if abs(value) < _SHORT_FROM:
        return f"{value:,.0f}"
    rounded = float(f"{value:.3g}")
    size, unit = next((size, unit) for size, unit in _SIZES if abs(rounded) >= size)
    return f"{rounded / size:.12g}{unit}"


def percent(share: float | None) -> str:
    """Return a share (0 to 1) in percent: 3.4%. It is 0% only where it is none, 100% where all."""
    if share is None:
        return NOTHING
    if 0 < share < _CENT:
        return "< 0.1%"
    # half a tenth upwards, as browsers do it: so site and app say the same
    rounded = Decimal(share * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    tenths = str(rounded).removesuffix(".0")
    return "99.9%" if share < 1 and tenths == "100" else f"{tenths}%"


def money(usd: float | None) -> str:
    """Return an amount of dollars; a small amount has more digits: $0.0021."""
    if usd is None:
        return NOTHING
    size = abs(usd)
    digits = 2 if size == 0 or size >= _TENTH else 4 if size >= _CENT else 6
    sign = "−" if usd < 0 else ""
    return f"{sign}${size:,.{digits}f}"


def cost(usd: float | None, unpriced: float | None) -> str:
    """Return a cost; with calls in it whose cost nobody knows it is a lower bound."""
    return f"at least {money(usd)}" if unpriced and usd is not None else money(usd)


def duration(seconds: float | None) -> str:
    """Return a duration, given in seconds, in its two greatest units: 2 h 5 min, or 2 h."""
    if seconds is None:
        return NOTHING
    sign, size = ("−", -seconds) if seconds < 0 else ("", seconds)
    if size < _SMALL_SECONDS:
        return f"{sign}{size:.1f} s".replace(".0 s", " s")
    rounded = round(size)
    parts = (
        (rounded // _DAY, "d"),
        (rounded % _DAY // _HOUR, "h"),
        (rounded % _HOUR // _MINUTE, "min"),
        (rounded % _MINUTE, "s"),
    )
    first = next(at for at, (count, _) in enumerate(parts) if count)
    shown = (f"{count:,} {unit}" for count, unit in parts[first : first + 2] if count)
    return sign + " ".join(shown)


def change(now: float | None, before: float | None) -> str | None:
    """Return by how much a number grew: +12.5% or +20×; None where it can't be compared."""
    if now is None or not before:
        return None
    share = (now - before) / abs(before)
    if abs(share) >= 10:  # noqa: PLR2004 - nobody reads 4,200%
        return f"{'+' if share > 0 else '-'}{now / before:,.0f}×"
    return _signed(share * 100, "%")


def points_of_percent(now: float | None, before: float | None) -> str | None:
    """Return by how many points a rate (0 to 1) moved: +2.0 points; None without two rates."""
    if now is None or before is None:
        return None
    return _signed((now - before) * 100, " points")


def _signed(moved: float, unit: str) -> str:
    # With an ASCII hyphen: Streamlit's metric would draw "−2.0" with an arrow upwards.
    text = f"{moved:+.1f}"
    return UNCHANGED if float(text) == 0 else f"{text}{unit}"


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """Return a time to the minute, with its zone: 22 Nov 2026, 15:04 UTC."""
    if at is None:
        return NOTHING
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M %Z}"
