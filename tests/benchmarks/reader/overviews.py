"""Measure an overview: calls of DynamoDB and read units, by its documented rules.

The ledger was written by the real writers, three in turns: 1,500 jobs over 31 hours,
each with a delta, one in ten failed. They are spread over as many clients as are asked for. Four
requests are measured: one of a cold reader; one in which nothing has changed since; one in which a
client has counted something since; and one in which every client has.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from tests.benchmarks.figures import Figure
from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.sizing import READ_BLOCK
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.ledgers import empty_store, make_ledger, post
from tests.support.readers.reading import House

from run_ledger.domain.instants import HOUR, MICROSECONDS, parse, text
from run_ledger.store.overview.kept_pages import KeptPages

JOBS, HOURS, WRITERS = 1_500, 31, 3
FEW, CLIENTS, MANY = 10, 30, 300
MOST_CALLS, MOST_UNITS = 10, 60
NOW = parse("2026-11-22T15:20:30Z")


class Metered(Querying):
    """Adds up the read units of queries and batches of keys that need not be consistent."""

    read_units = 0.0

    def _page(self, found: list[Any], limit: int | None) -> list[Any]:
        taken = super()._page(found, limit)
        self.read_units += _blocks(sum(item_bytes(item) for item in taken)) / 2
        return taken

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Count each item by itself, as DynamoDB does."""
        answer: dict[str, Any] = super().batch_get_item(**request)
        for items in answer["Responses"].values():
            self.read_units += sum(_blocks(item_bytes(item)) / 2 for item in items)
        return answer


class Cost(NamedTuple):
    """What one request takes."""

    calls: int
    read_units: float


class Costs(NamedTuple):
    """What the four requests take."""

    cold: Cost
    idle: Cost
    one: Cost
    busy: Cost


def calls_30_clients() -> Figure:
    """Count the calls of a warm reader's overview of 30 clients that have all counted something."""
    costs = measured(CLIENTS)
    return Figure(
        "overview_calls_30_clients",
        costs.busy.calls,
        "calls",
        goal=MOST_CALLS,
        more_is_better=False,
        notes=tuple(_told(clients) for clients in (FEW, CLIENTS, MANY)),
    )


def read_units_30_clients() -> Figure:
    """Count its read units."""
    costs = measured(CLIENTS)
    return Figure(
        "overview_read_units_30_clients",
        costs.busy.read_units,
        "read units",
        goal=MOST_UNITS,
        more_is_better=False,
        notes=tuple(_told(clients) for clients in (FEW, CLIENTS, MANY)),
    )


def _told(clients: int) -> str:
    costs = measured(clients)
    parts = (
        ("cold", costs.cold),
        ("nothing changed", costs.idle),
        ("one client counted", costs.one),
        ("all counted", costs.busy),
    )
    told = ", ".join(f"{name} {one.calls} calls {one.read_units:g} units" for name, one in parts)
    return f"{clients} clients: {told}"


@cache
def measured(clients: int) -> Costs:
    """Return what the four requests take of a ledger with so many clients."""
    store = empty_store()
    ledgers = [make_ledger(store, seed=seed) for seed in range(WRITERS)]
    jobs = list(_jobs(clients))
    for first in range(0, len(jobs), 50):
        post(ledgers[first // 50 % WRITERS], jobs[first : first + 50])
    meter = Metered(store)
    here = House(meter, now=NOW, kept=KeptPages())  # type: ignore[arg-type]
    costs = [_asked(here, meter), _asked(here, meter)]
    for number, count in enumerate((1, clients)):
        for client in range(count):
            here.post(_event(f"new-{number}-{client}", client, here.now, "succeeded"))
        here.now += 60 * MICROSECONDS
        costs.append(_asked(here, meter))
        _asked(here, meter)
    return Costs(*costs)


def _asked(here: House, meter: Metered) -> Cost:
    meter.read_units = 0.0
    reply = here.get("/overview")
    assert reply.status == 200, reply.body
    return Cost(reply.calls, meter.read_units)


def _jobs(clients: int) -> Iterator[Envelope]:
    for number in range(JOBS):
        at = NOW - HOURS * HOUR + number * HOURS * HOUR // JOBS
        yield _event(f"job-{number}", number % clients, at, "failed" if number % 10 == 3 else None)


def _event(job_id: str, client: int, at: int, result: str | None) -> Envelope:
    return job_update(
        job_id=job_id,
        client_id=f"client-{client:03d}",
        project_id=f"project-{client:03d}",
        pipeline=f"pipeline-{client % 15}",
        event_id="1",
        occurred_at=text(at),  # type: ignore[arg-type]
        status="completed",
        result=result or "succeeded",
        delta={"records_ok": 10, "input_tokens": 900, "output_tokens": 80, "cost_microusd": 700},
    )


def _blocks(size: int) -> int:
    return max(1, -(-size // READ_BLOCK))
