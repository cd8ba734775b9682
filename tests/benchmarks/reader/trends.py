"""Measure trends: read units by DynamoDB's documented rules, and the handler's CPU time.

The rows are those that `generated_rows` makes. Notes say what rows need that are not compacted, and
of days to which something came late. The stand-in answers at once from memory, so the time is the
reader's alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from tests.benchmarks.figures import Figure
from tests.support.readers.reading import NOW, STAFF, House, client_user

from run_ledger.domain.instants import text

from .generated_rows import DAY, Rows, Wear, rows_of_hours

ROUNDS = 5
FEW, MANY = 10_000, 1_000_000
MOST_GROWTH = 1.2
MOST_UNITS_400D, MOST_UNITS_400D_OF_ZONE = 100, 400
NEW_YORK = "America/New_York"
COMPACTED, LATE, UNWORN = Wear(), Wear(is_late=True), Wear(is_compacted=False)

_BOUND = (
    "30 days by hour, one client, 2 pipelines: rows fill up with jobs, to as many attributes as "
    "durations spread over buckets, and no further"
)


class Asked(NamedTuple):
    """A request: what it is about, over how many days, its parameters, of which clients' rows."""

    about: str
    days: int
    parameters: Mapping[str, str]
    clients: Sequence[str] = ("acme",)
    caller: Mapping[str, str] = STAFF


@dataclass(frozen=True)
class Cost:
    """What one answer costs."""

    read_units: float
    calls: int
    rounds: int
    milliseconds: float
    bytes: int


def read_units_30d() -> Figure:
    """Compare the read units of 30 days by hour, at a million jobs, with those at ten thousand."""
    few, many = cost("hours", FEW), cost("hours", MANY)
    return Figure(
        "trends_read_units_30d",
        many.read_units,
        "read units",
        few.read_units,
        goal=MOST_GROWTH,
        more_is_better=False,
        goal_is_ratio=True,
        notes=(
            _BOUND,
            *(_told(f"{jobs:,} jobs", cost("hours", jobs)) for jobs in (FEW, 100_000, MANY)),
            *(
                _told(f"{about}, {jobs:,} jobs", cost("hours", jobs, wear))
                for about, wear in (("one event late on each day", LATE), ("not compacted", UNWORN))
                for jobs in (FEW, MANY)
            ),
            *_all_told("hours of ", (FEW, MANY)),
        ),
    )


def read_units_400d() -> Figure:
    """Return the read units of 400 days by day of UTC, at a million jobs, by the worst filter."""
    return _worst_of("trends_read_units_400d", "days of ", MOST_UNITS_400D)


def read_units_400d_of_zone() -> Figure:
    """Return the same by days of another zone."""
    return _worst_of("trends_read_units_400d_of_zone", "zone of ", MOST_UNITS_400D_OF_ZONE)


def _worst_of(name: str, group: str, goal: float) -> Figure:
    """Return the worst of a *group* of queries; what has a series for each client is said alone."""
    one = f"{group}a client"
    judged = [kind for kind in QUERIES if kind.startswith(group) and _ALL_CLIENTS not in kind]
    return Figure(
        name,
        max(cost(kind, MANY).read_units for kind in judged),
        "read units",
        goal=goal,
        more_is_better=False,
        notes=(
            *_all_told(group, (FEW, MANY)),
            _told("one event late on each day, one client, 1,000,000 jobs", cost(one, MANY, LATE)),
            _told("neither compacted nor packed, 1,000,000 jobs", cost(one, MANY, UNWORN)),
        ),
    )


def time_1m_over_10k() -> Figure:
    """Compare the time of the handler at a million jobs with that at ten thousand."""
    timed = ("hours", "days", "days of a client", "zone of a client")
    ratios = {kind: cost(kind, MANY).milliseconds / cost(kind, FEW).milliseconds for kind in timed}
    return Figure(
        "trends_time_1m_over_10k",
        max(ratios["hours"], ratios["days"]),
        "x",
        goal=MOST_GROWTH,
        more_is_better=False,
        notes=tuple(
            f"{QUERIES[kind].about}: {ratios[kind]:.2f}; {_told('then', cost(kind, FEW))}; "
            f"{_told('now', cost(kind, MANY))}"
            for kind in timed
        ),
    )


def _all_told(group: str, sizes: Sequence[int]) -> Iterator[str]:
    for kind, asked in QUERIES.items():
        if kind.startswith(group):
            yield from (_told(f"{asked.about}, {jobs:,} jobs", cost(kind, jobs)) for jobs in sizes)


def _told(what: str, one: Cost) -> str:
    return (
        f"{what}: {one.read_units:,.1f} read units, {one.calls} calls in {one.rounds} rounds, "
        f"{one.milliseconds:,.0f} ms, {one.bytes:,} bytes"
    )


@cache
def cost(kind: str, jobs: int, wear: Wear = COMPACTED) -> Cost:
    """Return the cost of the answer to one kind of request in a ledger of so many jobs."""
    asked = QUERIES[kind]
    rows = Rows(_rows(jobs, asked.days, wear, tuple(asked.clients)))
    here = House(rows)  # type: ignore[arg-type]
    span = {"from": text(NOW // DAY * DAY - (asked.days - 1) * DAY), "to": text(NOW)}
    milliseconds = []
    for _ in range(ROUNDS):
        rows.read_units, rows.calls = 0.0, 0
        started = time.process_time()
        reply = here.get("/trends", asked.caller, **span, **asked.parameters)
        milliseconds.append((time.process_time() - started) * 1_000)
        assert reply.status == 200, reply.body
        assert any(
            point["created"] or point["counters"]
            for one in reply.json["series"]
            for point in one["points"]
        )
    return Cost(
        rows.read_units, rows.calls, reply.rounds, statistics.median(milliseconds), len(reply.body)
    )


_rows = cache(rows_of_hours)

_ALL_CLIENTS = "all of three clients"
_MANY_CLIENTS = ("acme", "globex", "north")
_OF = {"client_id": "acme"}
_FILTERS: Mapping[str, tuple[Mapping[str, str], Sequence[str], Mapping[str, str]]] = {
    "a client": (_OF, ("acme",), STAFF),
    "a client by pipeline": (_OF | {"group_by": "pipeline"}, ("acme",), STAFF),
    "a pipeline of a client": (_OF | {"pipeline": "crawl"}, ("acme",), STAFF),
    "a client by project": (_OF | {"group_by": "project"}, ("acme",), STAFF),
    "a project": ({"project_id": "acme-web"}, ("acme",), STAFF),
    "a client by model": (_OF | {"group_by": "model"}, ("acme",), STAFF),
    "everything by model": ({"group_by": "model"}, ("acme",), STAFF),
    "a person's two clients": ({}, _MANY_CLIENTS[:2], client_user(*_MANY_CLIENTS[:2])),
    f"{_ALL_CLIENTS} by client": ({"group_by": "client"}, _MANY_CLIENTS, STAFF),
    "a pipeline of three clients": ({"pipeline": "crawl"}, _MANY_CLIENTS, STAFF),
    f"{_ALL_CLIENTS} by project": ({"group_by": "project"}, _MANY_CLIENTS, STAFF),
    f"{_ALL_CLIENTS} by model": ({"group_by": "model"}, _MANY_CLIENTS, STAFF),
}
_SPANS: Mapping[str, tuple[str, int, Mapping[str, str]]] = {
    "hours": ("30 days by hour", 30, {"interval": "hour"}),
    "days": ("400 days by day", 400, {"interval": "day"}),
    "zone": ("400 days by day of New York", 400, {"interval": "day", "tz": NEW_YORK}),
}
QUERIES: Mapping[str, Asked] = {
    "hours": Asked(
        "30 days by hour, one client by pipeline",
        30,
        _OF | {"interval": "hour", "group_by": "pipeline"},
    ),
    "days": Asked("400 days by day, over everything", 400, {"interval": "day"}),
    **{
        f"{span} of {name}": Asked(f"{about}, {name}", days, interval | filters, clients, caller)
        for span, (about, days, interval) in _SPANS.items()
        for name, (filters, clients, caller) in _FILTERS.items()
    },
}
