"""What reading costs: tabs of the site that are left open."""

from __future__ import annotations

import re

from tests.benchmarks.figures import Figure
from tests.support.stacks.templates import ROOT

from . import prices
from .load import default_window, load
from .rates import month, total

TABS, RATE, MOST_SHARE = 20, 100, 0.10
# A tab is looked at in office hours and lies behind others for the rest of the month.
SEEN_HOURS = 22 * 8
# A request's time of the reader, its units (two views in three are lists), its lines in three logs,
# and bytes that go out: most answers say that nothing has changed.
READER_SECONDS, READ_UNITS, LOG_BYTES, ANSWER_BYTES = 0.03, 12, 1_600, 2_000
_POLLING = ROOT / "static_site" / "feeds" / "polling.js"


def pace(name: str) -> float:
    """Return one of the site's intervals in seconds, from its source."""
    (found,) = re.findall(rf"^const {name} = (\d+);$", _POLLING.read_text(), re.MULTILINE)
    return float(found)


def requests_a_month(tabs: int, seen_hours: float = SEEN_HOURS) -> float:
    """Return how often so many open tabs ask while jobs run."""
    seen = seen_hours * 3600 / pace("BUSY_SECONDS")
    hidden = (prices.HOURS_A_MONTH - seen_hours) * 3600 / pace("HIDDEN_SECONDS")
    return tabs * (seen + hidden)


def a_request() -> float:
    """Return what a request of the site costs in USD."""
    million = prices.API_REQUEST + prices.SITE_REQUEST + prices.INVOCATION
    million += READ_UNITS * prices.READ_UNIT
    gb = LOG_BYTES * prices.LOG_GB + ANSWER_BYTES * prices.TRANSFER_GB
    return million / prices.MILLION + READER_SECONDS * prices.GB_SECOND + gb / 1e9


def tabs_usd(tabs: int = TABS, seen_hours: float = SEEN_HOURS) -> float:
    """Return what so many open tabs cost in USD a month."""
    return requests_a_month(tabs, seen_hours) * a_request()


def share(seen_hours: float = SEEN_HOURS) -> float:
    """Return what the tabs cost as a share of writing, if looked at for so many hours a month."""
    return tabs_usd(seen_hours=seen_hours) / total(month(load(RATE, default_window())))


def reading_share() -> Figure:
    """Compare twenty open tabs with writing a hundred events a second."""
    writing = total(month(load(RATE, default_window())))
    return Figure(
        "reading_share_of_writing",
        share(),
        "of writing",
        goal=MOST_SHARE,
        more_is_better=False,
        notes=(
            f"{TABS} tabs {tabs_usd():.0f} USD a month, {RATE} events a second {writing:.0f} USD",
            f"looked at for {SEEN_HOURS} hours a month",
            f"looked at by day and night: {share(prices.HOURS_A_MONTH):.1%}",
        ),
    )
