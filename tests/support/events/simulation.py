"""Parts of the demo's simulated past, and ways to look at them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from run_ledger.domain.contract import events as contract
from run_ledger_ops.demo.past.made_up_projects import opened_projects
from run_ledger_ops.demo.past.timetable import jobs_done, past_families
from run_ledger_ops.demo.reporting.demo_events import DemoEvent

NOW = datetime(2026, 3, 5, 14, 30, 12, tzinfo=UTC)  # a Thursday
FIRST_DAY = date(2026, 2, 27)
HOUR = timedelta(hours=1)


def past(seed: int = 1, now: datetime = NOW, first_day: date = FIRST_DAY) -> list[DemoEvent]:
    """Return the events of the days before."""
    return [
        event
        for member in past_families(seed, first_day, now)
        for event in (*member.events, *member.afterwards)
        if event.at <= now
    ]


def projects(since: datetime, until: datetime, seed: int = 1) -> list[DemoEvent]:
    """Return the events of the projects of that time."""
    return opened_projects(seed, since, until, jobs_done(seed, since, until))


def only_jobs(events: Iterable[DemoEvent]) -> list[DemoEvent]:
    """Leave out the projects."""
    return [event for event in events if event.detail_type == "job_update"]


def by_job(events: Iterable[DemoEvent]) -> dict[str, list[DemoEvent]]:
    """Group the events of jobs."""
    grouped = defaultdict(list)
    for event in only_jobs(events):
        grouped[event.detail["job_id"]].append(event)
    return grouped


def ids(events: Iterable[DemoEvent]) -> list[str]:
    """Give the event ids."""
    return [event.detail["event_id"] for event in events]


def totals(events: Iterable[DemoEvent]) -> Counter[str]:
    """Add up all deltas, told by model or not."""
    sums: Counter[str] = Counter()
    for event in events:
        for delta in deltas(event):
            sums.update(delta)
    return sums


def deltas(event: DemoEvent) -> list[dict[str, int]]:
    """Return what an event adds: to its job alone, and by model."""
    by_model = event.detail.get("delta_by_model", {})
    return [event.detail.get("delta", {}), *by_model.values()]


def decoded(event: DemoEvent) -> contract.Event:
    """Take the event through its PutEvents entry to the ledger's own decoder."""
    entry = event.entry("bus")
    envelope = {
        "id": "made-by-the-bus",
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "time": "2026-03-05T14:30:12Z",
        "detail": json.loads(entry["Detail"]),
    }
    return contract.decode(json.dumps(envelope))
