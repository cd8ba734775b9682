"""Lines of cron: which are understood, and which ask for a run at all.

It reads them as the library does by which schedules are judged (see `run_ledger.schedules`), which
producers' machines don't have: a test compares the two.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

_WORD = r"[0-9A-Za-z*/,#-]{1,80}"
CRON_PATTERN = rf"{_WORD}(?: +{_WORD}){{4}}"
CRON_ALLOWED = (
    "the five fields of cron (minute, hour, day, month, weekday), such as 0 2 * * 1-5, that agree, "
    "each with numbers in its range"
)
NEVER_ALLOWED = "a line that asks for a run at some time; this one never does"
_FORM = re.compile(CRON_PATTERN)
_LAST, _LAST_WEEKDAY = -1, -2
_DAYS = {"SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6}
_MONTHS = {
    "JAN": 1,
    "FEB": 2,
    "MAR": 3,
    "APR": 4,
    "MAY": 5,
    "JUN": 6,
    "JUL": 7,
    "AUG": 8,
    "SEP": 9,
    "OCT": 10,
    "NOV": 11,
    "DEC": 12,
}
# Years of all kinds: each begins with each day of the week, with and without a February 29.
_YEARS = range(2000, 2028)


class CronError(ValueError):
    """A text that is no line of cron, or never asks for a run; the message says what is allowed."""


class _Numbers(NamedTuple):
    """The numbers that a field may have, and names for some."""

    low: int
    high: int
    names: dict[str, int]

    def number(self, text: str) -> int:
        if text in self.names:
            return self.names[text]
        if not text.isdigit() or not self.low <= int(text) <= self.high:
            raise CronError(CRON_ALLOWED)
        return int(text)

    def read(self, text: str) -> set[int]:
        """Return the numbers that *text* names: of steps, ranges, or one."""
        if text == "*":
            return set(range(self.low, self.high + 1))
        if "," in text:
            return {number for part in text.split(",") for number in self.read(part)}
        if "/" in text:
            begin, step = text.split("/", maxsplit=1)
            found = sorted(self.read(begin))
            if not step.isdigit() or int(step) == 0:
                raise CronError(CRON_ALLOWED)
            if len(found) == 1:
                found = list(range(found[0], self.high + 1))
            return set(found[:: int(step)])
        if "-" in text:
            first, last = (self.number(part) for part in text.split("-", maxsplit=1))
            if last < first:
                raise CronError(CRON_ALLOWED)
            return set(range(first, last + 1))
        return {self.number(text)}


_MINUTE, _HOUR = _Numbers(0, 59, {}), _Numbers(0, 23, {})
_DAY, _MONTH, _WEEKDAY = _Numbers(1, 31, {}), _Numbers(1, 12, _MONTHS), _Numbers(0, 7, _DAYS)


class _Line(NamedTuple):
    """The days that a line asks for; a weekday with a number is that one of a month."""

    days: set[int]
    months: set[int]
    weekdays: set[tuple[int, int]]
    needs_both: bool

    def asks_for(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        length = calendar.monthrange(day.year, day.month)[1]
        is_day = day.day in self.days or (_LAST in self.days and day.day == length)
        if _LAST_WEEKDAY in self.days and not is_day:
            is_day = day == _last_weekday(day.replace(day=length))
        kinds = (0, (day.day + 6) // 7, *([_LAST] if day.day + 7 > length else []))
        is_weekday = any((day.isoweekday() % 7, kind) in self.weekdays for kind in kinds)
        return is_day and is_weekday if self.needs_both else is_day or is_weekday


@lru_cache(maxsize=1_024)
def check_line(line: str) -> None:
    """Raise CronError where *line* is none of cron's, or never asks for a run."""
    if not _FORM.fullmatch(line):
        raise CronError(CRON_ALLOWED)
    minute, hour, day, month, weekday = line.upper().split()
    _MINUTE.read(minute)
    _HOUR.read(hour)
    asked = _Line(
        set(_days(day)),
        _MONTH.read(month),
        set(_weekdays(weekday)),
        day.startswith("*") or weekday.startswith("*"),
    )
    if not any(asked.asks_for(one) for one in _calendar()):
        raise CronError(NEVER_ALLOWED)


def _days(text: str) -> Iterator[int]:
    named = {"L": _LAST, "LW": _LAST_WEEKDAY}
    for part in text.split(","):
        begin, slash, step = part.partition("/")
        if begin not in named:
            yield from _DAY.read(part)
        elif slash and (not step.isdigit() or int(step) == 0):
            raise CronError(CRON_ALLOWED)
        else:
            yield named[begin]


def _weekdays(text: str) -> Iterator[tuple[int, int]]:
    """Yield weekdays from 0 for Sunday, and which of a month: 0 for each, `_LAST` for the last."""
    for part in text.split(","):
        if part.endswith("L") and part[:-1].isdigit():
            yield _WEEKDAY.number(part[:-1]) % 7, _LAST
        elif "#" in part:
            day, number = part.split("#", maxsplit=1)
            if not number.isdigit() or not 1 <= int(number) <= 5:  # noqa: PLR2004 - weeks
                raise CronError(CRON_ALLOWED)
            yield _WEEKDAY.number(day) % 7, int(number)
        else:
            yield from ((number % 7, 0) for number in _WEEKDAY.read(part))


def _last_weekday(last: date) -> date:
    return last - timedelta(days=max(0, last.isoweekday() - 5))


def _calendar() -> Iterator[date]:
    day = date(_YEARS.start, 1, 1)
    while day.year < _YEARS.stop:
        yield day
        day += timedelta(days=1)
