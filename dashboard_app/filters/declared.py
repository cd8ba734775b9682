"""The filters of all pages. Who adds a filter declares it here, and names it in its page's tuple.

Links that people have kept must go on working. So a filter's name, which stands in the address,
never changes, and a word that changes stays in `renamed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import available_timezones

from dashboard_app import words
from dashboard_app.filters.kinds import (
    AddressPart,
    ButtonChoice,
    Choice,
    DayChoice,
    DayRange,
    Filter,
    Flag,
    IdChoice,
    PeriodPart,
)
from dashboard_app.periods import MOST_DAYS, PRESETS, RECENT, USUAL_PRESET, IntervalLength

CUSTOM = "Days"
"""The word of the period filter that lets an analyst choose days."""

_COMMON_ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "Asia/Tokyo")
_PLACES = (one for one in sorted(available_timezones()) if "/" in one and one[:4] != "Etc/")

# Of all pages, in the sidebar.
PERIOD = ButtonChoice(
    name="span", label="Period", options={**PRESETS, CUSTOM: None}, usual=USUAL_PRESET
)
DAYS = DayRange(name="days", label="From and to, both included")
INTERVAL = ButtonChoice(
    name="interval",
    label="Interval",
    options={
        "Auto": None,
        "Hour": IntervalLength.HOUR,
        "3h": IntervalLength.THREE_HOURS,
        "6h": IntervalLength.SIX_HOURS,
        "Day": IntervalLength.DAY,
    },
    usual="Auto",
    help=f"By hour a period may have up to {MOST_DAYS['hour']} days, by 3h {MOST_DAYS['3h']}, by "
    f"6h {MOST_DAYS['6h']}, by day {MOST_DAYS['day']}. 3h and 6h begin at midnight UTC. With Auto, "
    "error rates are of as many hours as ten jobs take, up to six.",
)
ZONE = Choice(
    name="tz",
    label="Time zone",
    options={name: name for name in (*_COMMON_ZONES, *_PLACES)},
    width="stretch",
    allowed="a time zone such as Europe/Berlin",
    help="Times and days are in this zone: at first that of your browser. It stands in the "
    "address, so a link shows everybody the same days. Failures are counted by days of UTC.",
)
DAYS_OF_UTC = Flag(name="utcdays", label="Days of UTC")
CLIENT = IdChoice(name="client", parameter="client_id", label="Client", placeholder="All clients")
SHARED = (PERIOD, DAYS, INTERVAL, ZONE, DAYS_OF_UTC, CLIENT)

# Of series and lists.
GROUP = ButtonChoice(
    name="by",
    parameter="group_by",
    label="Group by",
    options={"Nothing": None, "Client": "client", "Project": "project", "Pipeline": "pipeline"},
    usual="Nothing",
)
COST_GROUP = ButtonChoice(
    name="by",
    parameter="group_by",
    label="Group by",
    options={**{word: name for word, name in GROUP.options.items() if name}, "Model": "model"},
    usual="Client",
)
PREVIOUS = Flag(name="previous", label="Compare with previous period", usual=True)
PROJECT = IdChoice(
    name="project", parameter="project_id", label="Project", placeholder="All projects"
)
PIPELINE = IdChoice(
    name="pipeline", parameter="pipeline", label="Pipeline", placeholder="All pipelines"
)
STATUS = Choice(
    name="status",
    parameter="status",
    label="Status",
    options={word: name for name, word in words.STATUSES.items()},
    placeholder="Any status",
)
RESULT = Choice(
    name="result",
    parameter="result",
    label="Result",
    options={
        **{word: name for name, word in words.RESULTS.items()},
        words.ANY_FAILURE: ",".join(words.FAILURES),
        words.ANY_DONE: ",".join(words.DONE),
    },
    placeholder="Any result",
    renamed={"Partly done": words.RESULTS["partial"]},
)
SEARCH = Filter(name="q", parameter="q", label="In id or name")
TAG = Filter(name="tag", parameter="tag", label="Tag, as name:value")
WHEN = Choice(
    name="when",
    label="Time",
    options={word: word for word in RECENT},
    renamed={"Last 2 h": RECENT[0]},
    placeholder="The period",
    help="To the minute, in the time zone of the sidebar. Else it is the period of the sidebar.",
)
TIME_OF = Choice(
    name="timeof", label="By", options={"Created": None, "Ended": "ended"}, usual="Created"
)
ORDER = Choice(
    name="sort",
    parameter="sort",
    label="Order",
    options={"Longest first": "duration", "Dearest first": "cost"},
    placeholder="Newest first",
    help="The longest and dearest of all jobs that match, not only of those loaded.",
)
WHAT = Choice(
    name="what",
    parameter="what",
    label="What is wrong",
    options={word: name for name, word in words.WHATS.items()},
    placeholder="Anything",
)
STATE = Choice(
    name="state",
    parameter="state",
    label="State",
    options={"Open": "open", "Closed": "closed"},
    placeholder="Open and closed",
)
RULES = Choice(
    name="rules",
    parameter="of_staff",
    label="Rules",
    options={"Clients’ own": "false", "Staff’s": "true"},
    placeholder="All rules",
    help="Staff’s are their rules about all clients, and what concerns the ledger itself.",
)
STALLED = Flag(name="stalled", parameter="stalled", label="Stalled only")
TREND_FILTERS = (PROJECT, PIPELINE)
JOB_FILTERS = (SEARCH, TAG, STATUS, RESULT, PROJECT, PIPELINE, STALLED, ORDER)
INCIDENT_FILTERS = (STATE, WHAT, PROJECT, PIPELINE)
STAFF_INCIDENT_FILTERS = (*INCIDENT_FILTERS, RULES)

# Of one page.
STANDING = ButtonChoice(
    name="standing",
    label="Show",
    options={"Open": "open", "Overdue or behind": "late", "All": "all"},
    usual="Open",
)
NEW_SINCE = DayChoice(
    name="new_since",
    label="New since",
    help="A day of UTC. Error groups are new that had no failure in the 30 days before it. Unless "
    "a day is chosen, it is that of a week ago.",
)
OPENED = AddressPart(name="opened")
INCIDENT = AddressPart(name="incident")
ONE = AddressPart(name="one")
OTHER = AddressPart(name="other")
DIFFERENCES = Flag(name="differences", label="Only what differs", usual=True)

# Chosen in a chart or a table.
FOCUS = PeriodPart(name="focus")
ENDED = PeriodPart(name="ended")
JOB = AddressPart(name="job")
WITH = IdChoice(name="with", label="Compare with", placeholder="No other job")
ERROR = AddressPart(name="error", parameter="fingerprint")

ALL_PARTS = {part.name: part for part in vars().values() if isinstance(part, AddressPart)}
ALL_PARTS[GROUP.name] = GROUP
_OF_PAGES: Mapping[str, Mapping[str, AddressPart]] = {"cost": {COST_GROUP.name: COST_GROUP}}


def parts_of(page: str) -> Mapping[str, AddressPart]:
    """Return the parts that an address may have, by name; of some pages one has other words."""
    return {**ALL_PARTS, **_OF_PAGES.get(page, {})}
