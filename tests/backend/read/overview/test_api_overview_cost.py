"""What an overview asks of DynamoDB: calls and read units, counted by the stand-in."""

from __future__ import annotations

from typing import Any

import pytest
from tests.benchmarks.reader import overviews
from tests.support.dynamo.querying import Querying
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.ledgers import empty_store, make_ledger, post
from tests.support.readers.reading import STAFF, House, client_user

from run_ledger.domain.instants import DAY, HOUR, parse, text
from run_ledger.store.overview.kept_pages import KeptPages

NOW = parse("2026-11-22T15:20:30Z")
DAYS_WITH_ROWS = {"2026-11-21", "2026-11-22"}


def _ended(job_id: str, client_id: str, days_ago: float, result: str) -> Envelope:
    return job_update(
        job_id=job_id,
        client_id=client_id,
        event_id="1",
        status="completed",
        result=result,
        occurred_at=text(NOW - round(days_ago * DAY)),
    )


class _Noting(Querying):
    """Notes which partitions are read."""

    partitions: list[str]

    def query(self, **request: Any) -> Any:
        self.partitions.append(request["ExpressionAttributeValues"][":0"]["S"])
        return super().query(**request)


def _partitions() -> list[str]:
    """Ask for the overview of two clients, of which one failed yesterday; return what was read."""
    store = empty_store()
    ledger = make_ledger(store)
    post(ledger, [_ended("a", "acme", 1.0, "failed"), _ended("b", "globex", 0.0, "succeeded")])
    client = _Noting(store)
    client.partitions = []
    here = House(client, now=NOW, kept=KeptPages())  # type: ignore[arg-type]
    reply = here.get("/overview", STAFF)
    assert [one["jobs"] for one in reply.json["errors"]["groups"]] == [1]
    assert reply.json["totals"]["succeeded"] == 1
    return [one for one in client.partitions if one.startswith(("client#", "failures#"))]


def test_days_without_anything_are_not_read() -> None:
    """Of 31 days that could tell what is new, the one with a failure is; so are hours."""
    read = _partitions()
    assert {one for one in read if one.startswith("failures#")} == {"failures#acme#2026-11-21"}
    hours = {one for one in read if one.startswith("client#")}
    assert {one.rpartition("#")[2] for one in hours} == DAYS_WITH_ROWS
    assert len(hours) == 2 * len(DAYS_WITH_ROWS)


def test_marks_are_read_for_nobody_who_sees_some_clients_alone() -> None:
    """What a client's own overview takes does not tell on which days others were at work."""
    cost = {}
    for others in (0, 5):
        store = empty_store()
        post(make_ledger(store), [_ended("a", "acme", 0.1, "failed")])
        post(
            make_ledger(store),
            [_ended(f"b{n}", "globex", n, "failed") for n in range(others)],
        )
        here = House(Querying(store), now=NOW, kept=KeptPages())  # type: ignore[arg-type]
        cost[others] = here.get("/overview", client_user("acme")).calls
    assert cost[0] == cost[5]


@pytest.mark.parametrize("period", ["24h", "7d", "30d"])
def test_a_failure_that_one_shard_takes_back_is_read_all_the_same(period: str) -> None:
    """Days whose failures add up to none may still have one of another client."""
    store = empty_store()
    at = round(2 * HOUR)
    first, second = make_ledger(store, seed=0), make_ledger(store, seed=1)
    post(first, [_ended("a", "acme", at / DAY, "failed")])
    mended = _ended("a", "acme", (at - 1_000_000) / DAY, "succeeded")
    mended["detail"]["event_id"] = "2"
    post(second, [mended, _ended("b", "globex", at / DAY, "failed")])
    here = House(Querying(store), now=NOW, kept=KeptPages())  # type: ignore[arg-type]
    groups = here.get("/overview", STAFF, period=period).json["errors"]["groups"]
    assert [(one["clients"], one["jobs"]) for one in groups] == [(["globex"], 1)]


def test_the_overview_of_thirty_clients() -> None:
    """Idle it is within both goals for any number of clients; busy, within that of units.

    Where all clients have counted something, the hours of each are a partition of their own, and a
    Query reads one partition: a call for each, and for the failures of each that failed today.
    """
    few, costs, many = (overviews.measured(clients) for clients in (10, 30, 100))
    assert few.idle.calls == costs.idle.calls == many.idle.calls <= overviews.MOST_CALLS
    assert max(one.idle.read_units for one in (few, costs, many)) <= 2 * few.idle.read_units
    failing_clients = 3
    assert costs.busy.calls == costs.idle.calls + 30 + failing_clients
    for one in (costs.idle, costs.one, costs.busy, costs.cold):
        assert one.read_units <= overviews.MOST_UNITS
