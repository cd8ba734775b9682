"""What a month has cost, to the digit as ``/trends`` has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from tests.support.dynamo.tables import NAMES
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import House
from tests.support.recounts.views import reading_house

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import DAY, Instant, parse, text
from run_ledger.store.incidents.month_costs import MonthCosts, month_of

NOVEMBER = month_of(parse("2026-11-18T10:00:00Z"))


def costs_in(here: House, seconds: float = 60.0) -> MonthCosts:
    """Return what reads November."""
    return MonthCosts(here.client, NAMES.rollups, NOVEMBER, lambda: seconds)


def shown(here: House, **asked: Any) -> int:
    """Return what ``/trends`` says November has cost, in millionths of a US dollar."""
    span = {"from": text(NOVEMBER.begins_at), "to": text(NOVEMBER.ends_at), "interval": "day"}
    answer = here.get("/trends", **span, **asked)
    assert answer.status == 200, answer.body
    points = [point for series in answer.json["series"] for point in series["points"]]
    return sum(point["counters"].get("cost_microusd", 0) for point in points)


@given(strategies.ledgers(max_jobs=5))
def test_it_is_what_the_api_says(envelopes: list[Envelope]) -> None:
    """Of clients, pipelines and projects, in whichever shards it lies."""
    here = reading_house(envelopes)
    details = [one["detail"] for one in envelopes]
    costs = costs_in(here)
    for client_id in {one["client_id"] for one in details}:
        by_pipeline = costs.by_pipeline(client_id)
        assert sum(by_pipeline.values()) == shown(here, client_id=client_id)
        for pipeline, microusd in by_pipeline.items():
            assert microusd == shown(here, client_id=client_id, pipeline=pipeline)
        for project_id in {one["project_id"] for one in details}:
            mine = costs.of_project(client_id, project_id)
            assert mine == shown(here, client_id=client_id, project_id=project_id)


def test_large_sums_and_corrections_are_exact() -> None:
    """From the first to the last instant of the month, and no other."""
    amounts = {
        "2026-10-31T23:59:59.999999Z": 5,
        "2026-11-01T00:00:00Z": 10**14,
        "2026-11-02T00:00:00Z": 10**14 + 1,
        "2026-11-17T00:00:00Z": -3,
    }
    here = reading_house(
        [
            job_update(
                job_id=f"job-{number}",
                event_id="1",
                client_id="acme",
                project_id="p",
                pipeline="nightly",
                occurred_at=at,
                delta={"cost_microusd": amount},
            )
            for number, (at, amount) in enumerate(amounts.items())
        ]
    )
    assert costs_in(here).by_pipeline("acme") == {"nightly": 2 * 10**14 - 2}
    assert costs_in(here).of_project("acme", "p") == 2 * 10**14 - 2
    assert costs_in(here).of_project("globex", "p") == 0
    assert Decimal(shown(here, client_id="acme")) == Decimal(2 * 10**14 - 2)


@pytest.mark.parametrize(
    ("now", "begins", "days"),
    [
        ("2026-11-30T23:59:59.999999Z", "2026-11-01", 30),
        ("2026-12-01T00:00:00Z", "2026-12-01", 31),
        ("2026-12-31T23:59:59Z", "2026-12-01", 31),
        ("2028-02-29T12:00:00Z", "2028-02-01", 29),
    ],
)
def test_months_of_utc(now: str, begins: str, days: int) -> None:
    """Begin at their first midnight, and end where the next begins."""
    month = month_of(parse(now))
    assert (month.name, text(month.begins_at)[:10]) == (begins[:7], begins)
    assert month.ends_at == Instant(month.begins_at + days * DAY)


def test_without_time_nothing_is_judged() -> None:
    """A sum of some days is none."""
    with pytest.raises(StoreUnavailable, match="no time is left"):
        costs_in(reading_house([]), seconds=0).by_pipeline("acme")
