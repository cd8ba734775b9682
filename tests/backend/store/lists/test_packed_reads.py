"""Trends read from packed rows are those of the rows of hours, and cost few calls."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from tests.support.dynamo.deleting import Deleting
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts.audits import FAILED, Interleaved, audit, drifts, post
from tests.support.recounts.proofs import proof_reading

from run_ledger.domain.instants import DAY, HOUR, Instant, later, parse, text
from run_ledger.store.compacting.compaction_walk import compact_rows
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.packed_items import PackedDay, packed_days

FIRST = parse("2026-11-01T00:00:00Z")
DAYS, JOBS = 8, 40
END = later(FIRST, DAYS * DAY)
WALKS = 9

QUERIES: Mapping[str, Mapping[str, str]] = {
    "a client's days": {"interval": "day", "client_id": "acme"},
    "by pipeline": {"interval": "day", "client_id": "acme", "group_by": "pipeline"},
    "of a pipeline": {"interval": "day", "pipeline": "crawl"},
    "by client": {"interval": "day", "group_by": "client"},
    "by project": {"interval": "day", "group_by": "project"},
    "of a project": {"interval": "day", "project_id": "web"},
    "of a project by client": {"interval": "day", "project_id": "web", "group_by": "client"},
    "by model": {"interval": "day", "group_by": "model"},
    "of a project by model": {"interval": "day", "project_id": "web", "group_by": "model"},
    "by hour": {"interval": "hour", "client_id": "acme", "group_by": "pipeline"},
    "by six hours": {"interval": "6h", "group_by": "model"},
    "days of New York": {"interval": "day", "client_id": "acme", "tz": "America/New_York"},
    "days of Kolkata by project": {"interval": "day", "group_by": "project", "tz": "Asia/Kolkata"},
}


def events() -> list[Envelope]:
    """Return the events of some jobs of two clients: retries, own counters, models, failures."""
    dice = random.Random(5)
    found = []
    for number in range(JOBS):
        owner = ("acme", "north")[number % 2]
        names: dict[str, Any] = {
            "job_id": f"job-{number}",
            "client_id": owner,
            "project_id": ("web", "feed")[number % 3 % 2],
            "pipeline": ("crawl", "match")[number % 5 % 2],
        }
        at = later(FIRST, number % DAYS * DAY + dice.randrange(22 * HOUR))
        own = {f"own_{dice.randrange(90):02d}": dice.choice((1, 2, -1)) for _ in range(6)}
        by_model = {f"model-{dice.randrange(60):02d}": {"input_tokens": 7} for _ in range(4)}
        found += [
            job_update(event_id=f"{number}-a", occurred_at=text(at), status="running", **names),
            job_update(
                event_id=f"{number}-b",
                occurred_at=text(later(at, 60_000_000)),
                delta={"records_ok": number, **own},
                delta_by_model=by_model,
                **names,
            ),
            job_update(
                event_id=f"{number}-c",
                occurred_at=text(later(at, dice.randrange(HOUR))),
                status="completed",
                **({"result": "failed", "error": FAILED} if number % 4 else {"result": "partial"}),
                **names,
            ),
        ]
        if number % 4 == 1:
            found.append(
                job_update(
                    event_id=f"{number}-d",
                    occurred_at=text(later(at, 3 * HOUR // 2)),
                    status="completed",
                    result="succeeded",
                    attempt=2,
                    **names,
                )
            )
    return found


@pytest.fixture(scope="module")
def packed() -> tuple[Any, Any]:
    """Give a ledger as it was posted, and the same with all its days packed."""
    stores = [empty_store(), empty_store()]
    for store in stores:
        for number in range(0, len(told := events()), 20):
            post(Deleting(store), told[number : number + 20], at=END, seed=number)
    pack(Deleting(stores[1]), later(END, 2 * HOUR))
    assert all(one.is_current for one in days_over_all(Deleting(stores[1])).values())
    return stores[0], stores[1]


def pack(client: Any, now: Instant) -> Instant:
    """Let the compactor walk every hour until all is packed; return the time."""
    for _ in range(WALKS):
        compact_rows(proof_reading(client), now, lambda: False)
        now = later(now, HOUR)
    return now


def days_over_all(client: Any) -> Mapping[str, PackedDay]:
    """Return what rows over all say about the packed rows of each day."""
    query = QueryBuilder(NAMES.rollups, "pk", "all")
    return packed_days(every_item(client.query, query.request()))


def trends(client: Any, query: Mapping[str, str], user: Mapping[str, str] = STAFF) -> Any:
    """Return the answer to a query about all days."""
    reply = House(client).get("/trends", user, **{"from": text(FIRST), "to": text(END)}, **query)
    assert reply.status == 200, reply.body
    return reply.json


class Counted:
    """A client that counts queries, by the kind of their partition."""

    def __init__(self, client: Any) -> None:
        """Count nothing yet."""
        self.kinds: list[str] = []
        self._client = client

    def query(self, **request: Any) -> Any:
        """Count a query and make it."""
        values = request["ExpressionAttributeValues"]
        self.kinds.append(str(values[":0"]["S"]).partition("#")[0])
        return self._client.query(**request)

    def __getattr__(self, name: str) -> Any:
        """Return another call."""
        return getattr(self._client, name)


@pytest.mark.parametrize("name", QUERIES)
def test_trends_from_packed_rows_are_those_of_hours(packed: tuple[Any, Any], name: str) -> None:
    """For each filter and group, with more own counters and models than a row keeps apart."""
    hours, days = (Counted(Deleting(store)) for store in packed)

    assert trends(days, QUERIES[name]) == trends(hours, QUERIES[name])

    kinds = {*days.kinds} & {"client", "project", "models", "daily", "hours"}
    # A day of another zone begins and ends in the middle of one of UTC.
    rest = {"client", "project"} if "tz" in QUERIES[name] else set()
    is_of_days = QUERIES[name]["interval"] == "day" and "tz" not in QUERIES[name]
    assert kinds - rest == {"daily" if is_of_days else "hours"}
    assert len(days.kinds) < len(hours.kinds) or not is_of_days


def test_of_others_nothing_is_shown(packed: tuple[Any, Any]) -> None:
    """A client sees its own part of a project, from packed rows as well."""
    user = client_user("north")
    for query in QUERIES.values():
        if "client_id" not in query:
            hours, days = (trends(Deleting(store), query, user) for store in packed)
            assert days == hours


def test_a_late_event_shows_at_once_and_is_packed_later() -> None:
    """Its day is read by hours until then; the others stay packed, and an audit agrees."""
    with empty_tables() as client:
        post(client, events(), at=END)
        now = pack(client, later(END, 2 * HOUR))
        late = job_update(
            event_id="late",
            occurred_at=text(later(FIRST, 3 * DAY)),
            job_id="job-0",
            client_id="acme",
            project_id="web",
            pipeline="crawl",
            delta={"records_ok": 1_000},
        )
        query = QUERIES["a client's days"]
        before = trends(client, query)
        post(client, [late], at=now, seed=7)
        counted = Counted(client)

        after = trends(counted, query)

        assert counted.kinds.count("client") == 1
        assert records(after) == records(before) + 1_000
        assert not days_over_all(client)["2026-11-04"].is_current
        pack(client, later(now, HOUR))
        assert days_over_all(client)["2026-11-04"].is_current
        assert trends(client, query) == after
        assert drifts(audit(client)) == set()


@pytest.mark.parametrize("minutes", [1, 30, 59])
def test_a_late_event_lets_its_day_be_read_by_hours_for_two_hours_at_most(minutes: int) -> None:
    """Whenever it comes between two walks: they make packed rows anew before they merge shards."""
    store = empty_store()
    client: Any = Deleting(store)
    for number, event in enumerate(events()):
        post(client, [event], at=END, seed=number)
    now = pack(client, later(END, 2 * HOUR))
    at = later(now, minutes * HOUR // 60 - HOUR)
    late = job_update(
        event_id="late",
        occurred_at=text(later(FIRST, 3 * DAY)),
        job_id="job-0",
        client_id="acme",
        project_id="web",
        pipeline="crawl",
        delta={"records_ok": 1_000},
    )
    post(client, [late], at=at, seed=7)
    wanted = records(trends(client, QUERIES["a client's days"]))

    while not days_over_all(client)["2026-11-04"].is_current:
        assert now <= later(at, 2 * HOUR)
        compact_rows(proof_reading(client), now, lambda: False)
        now = later(now, HOUR)

    assert records(trends(client, QUERIES["a client's days"])) == wanted
    pack(client, now)
    kept = [one for one in store.items(NAMES.rollups) if "gen" in one]
    assert {one["sk"]["S"].rpartition("#")[2] for one in kept} == {"merged"}


def test_what_cancels_out_over_all_is_packed_anew() -> None:
    """Tokens that move from one model to another change no other row."""
    store = empty_store()
    client: Any = Deleting(store)
    post(client, events(), at=END)
    now = pack(client, later(END, 2 * HOUR))
    moved = job_update(
        event_id="moved",
        occurred_at=text(later(FIRST, 3 * DAY)),
        job_id="job-0",
        client_id="acme",
        project_id="web",
        pipeline="crawl",
        delta_by_model={"model-00": {"input_tokens": 9}, "model-01": {"input_tokens": -9}},
    )
    before = trends(client, QUERIES["by model"])

    post(client, [moved], at=now, seed=7)

    assert not days_over_all(client)["2026-11-04"].is_current
    assert trends(client, QUERIES["by model"]) != before


def test_a_repair_shows_at_once() -> None:
    """What an audit adds to a row of an hour is in no packed row until that is made anew."""
    with empty_tables() as client:
        post(client, events(), at=END)
        right = trends(client, QUERIES["a client's days"])
        row: Any = next(
            one
            for one in client.scan(TableName=NAMES.rollups)["Items"]
            if one["pk"]["S"].startswith("client#acme#") and "created" in one
        )
        wrong = {**row, "created": {"N": str(int(row["created"]["N"]) + 5)}}
        client.put_item(TableName=NAMES.rollups, Item=wrong)
        now = pack(client, later(END, 2 * HOUR))
        assert trends(client, QUERIES["a client's days"]) != right

        found = drifts(audit(client, repair=True))

        assert len(found) == 1
        assert trends(client, QUERIES["a client's days"]) == right
        pack(client, now)
        assert trends(client, QUERIES["a client's days"]) == right
        assert all(one.is_current for one in days_over_all(client).values())


def test_readers_get_the_same_while_rows_are_packed() -> None:
    """A walk of the compactor is made between any two calls of a reader."""
    store = empty_store()
    client: Any = Deleting(store, page_bytes=1_500)
    for number in range(0, len(told := events()), 10):
        post(client, told[number : number + 10], at=END, seed=number)
    queries = ["by pipeline", "by hour", "by project"]
    right = {name: trends(client, QUERIES[name]) for name in queries}
    now = later(END, 2 * HOUR)
    for number in range(12):
        for name in queries:
            step = partial(compact_rows, proof_reading(client), now, lambda: False)
            among = Interleaved(client, [step], every=1 + number, operation="query")
            assert trends(among, QUERIES[name]) == right[name]
            now = later(now, HOUR // 2)


def records(answer: Any) -> int:
    """Return how many records all points of an answer count."""
    return sum(
        point["counters"].get("records_ok", 0)
        for one in answer["series"]
        for point in one["points"]
    )
