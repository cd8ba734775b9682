"""Lines of cron are taken just as the library takes them by which schedules are judged."""

from __future__ import annotations

from datetime import datetime

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.cron_lines import CronError, check_line

_ANY_TIME = datetime(2026, 1, 1)  # noqa: DTZ001 - times of a calendar have no zone here


def is_taken(line: str) -> bool:
    """Return whether a line is one, and asks for a run at some time."""
    try:
        check_line(line)
    except CronError:
        return False
    return True


def is_known(line: str) -> bool:
    """Return whether the library finds a time that the line asks for."""
    try:
        return next(CronSim(line, _ANY_TIME), None) is not None
    except (CronSimError, AssertionError, ValueError, TypeError, LookupError):
        return False


def _field(low: int, high: int, words: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Give what may stand in a field, and a little of what may not."""
    number = st.integers(max(0, low - 1), high + 1).map(str) | st.sampled_from(words)
    one = st.just("*") | number | st.tuples(number, number).map("-".join)
    step = st.integers(0, 12).map(lambda step: f"/{step}")
    part = st.tuples(one, st.just("") | step).map("".join)
    return st.lists(part, min_size=1, max_size=3).map(",".join)


_lines = st.tuples(
    _field(0, 59, ("L",)),
    _field(0, 23, ("1#1",)),
    _field(1, 31, ("L", "LW", "29", "30", "31", "L-1")),
    _field(1, 12, ("2", "FEB", "apr")),
    _field(0, 7, ("SUN", "mon", "5L", "1#5", "MON#2", "MON#6", "FRIL", "#1", "7#")),
).map(" ".join)


@given(_lines)
def test_it_takes_what_the_library_takes(line: str) -> None:
    """No line more and none less."""
    assert is_taken(line) == is_known(line)


@pytest.mark.parametrize(
    "line",
    ["0 2 * * *", "*/15 8-18 * * MON-FRI", "0 0 29 2 *", "0 0 L * *", "0 0 LW 6 *", "5 4 * * 1#5"],
)
def test_lines_that_are_taken(line: str) -> None:
    """With names, steps, last days and numbered weekdays."""
    assert is_taken(line)
    assert is_known(line)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "the five fields"),
        ("0 2 * *", "the five fields"),
        ("0 0 2 * * *", "the five fields"),
        ("@daily", "the five fields"),
        ("60 2 * * *", "each with numbers in its range"),
        ("0 2 * * *\n", "the five fields"),
        ("0\t2 * * *", "the five fields"),
        ("0 2 * * \u0661", "the five fields"),
        ("0 0 30 2 *", "this one never does"),
        ("0 0 31 4,6,9,11 *", "this one never does"),
        (f"{'0,' * 40}0 2 * * *", "the five fields"),
    ],
)
def test_lines_that_are_none(line: str, said: str) -> None:
    """The message says what is allowed."""
    with pytest.raises(CronError, match=said):
        check_line(line)
