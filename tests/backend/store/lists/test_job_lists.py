"""Lists when the store is late, wide, throttled or gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from msgspec.structs import replace
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers.reading import NOW, CountingClient, House, Serial, house

from run_ledger.domain.api.jobs import JobsQuery
from run_ledger.domain.api.pages import DayMap, PageStart
from run_ledger.domain.instants import text
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.lists.day_map import read_day_map
from run_ledger.store.lists.job_plans import MOST_PARTITIONS, plan_by_day

DAY = 86_400 * 1_000_000


@pytest.fixture
def here() -> Iterator[House]:
    """Give empty tables with a writer and a reader."""
    with house() as made:
        yield made


class LateIndexes(CountingClient):
    """A client whose indexes of Jobs have stopped at the moment that it was made."""

    def __init__(self, client: Any) -> None:
        """Copy the table as it is now."""
        super().__init__(client)
        definition = client.describe_table(TableName=NAMES.jobs)["Table"]
        client.create_table(
            TableName="jobs-before",
            AttributeDefinitions=definition["AttributeDefinitions"],
            KeySchema=definition["KeySchema"],
            GlobalSecondaryIndexes=[
                {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
                for index in definition["GlobalSecondaryIndexes"]
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for item in client.scan(TableName=NAMES.jobs)["Items"]:
            client.put_item(TableName="jobs-before", Item=item)

    def __getattr__(self, name: str) -> Any:
        """Send queries of the indexes to the copy."""
        method = super().__getattr__(name)

        def call(**arguments: Any) -> Any:
            if "IndexName" in arguments:
                arguments["TableName"] = "jobs-before"
            return method(**arguments)

        return call


class Failing(CountingClient):
    """A client one of whose methods fails."""

    def __init__(self, client: Any, name: str, error: Exception) -> None:
        """Raise *error* whenever *name* is called."""
        super().__init__(client)
        self._failing, self._error = name, error

    def __getattr__(self, name: str) -> Any:
        """Return the method, or one that fails."""
        method = super().__getattr__(name)

        def fail(**arguments: Any) -> Any:
            self.requests.append((name, arguments))
            raise self._error

        return fail if name == self._failing else method


def ids(reply: Any) -> list[str]:
    """Return the ids on a page."""
    return [item["job_id"] for item in reply.json["items"]]


def test_the_item_is_right_where_the_index_is_late(here: House) -> None:
    """A job that has moved on is not listed as what it was."""
    for number in range(3):
        here.post(job_update(job_id=f"j{number}", occurred_at=text(NOW - number), status="running"))
    here.counting = LateIndexes(here.client)
    late = text(NOW + 1)
    here.post(job_update(job_id="j1", occurred_at=late, status="completed", result="failed"))

    first = here.get("/jobs", client_id="client-1", status="running", limit=2)
    second = here.get(
        "/jobs",
        client_id="client-1",
        status="running",
        limit=2,
        cursor=first.json["next_cursor"],
    )

    assert (ids(first), ids(second)) == (["j0"], ["j2"])


def test_a_job_that_moved_is_placed_where_it_is_now(here: House) -> None:
    """The late index still has it at its old place: the page shows it in order, or leaves it."""
    for number in range(4):
        here.post(job_update(job_id=f"j{number}", occurred_at=text(NOW - number)))
    here.counting = LateIndexes(here.client)
    here.post(job_update(job_id="j0", event_id="early", occurred_at=text(NOW - 10)))

    whole = here.get("/jobs")
    first = here.get("/jobs", limit=2)

    assert ids(whole) == ["j1", "j2", "j3", "j0"]
    assert ids(first) == ["j1"]


def test_a_day_map_of_many_days_gives_short_pages_that_go_on() -> None:
    """A round has so many calls at most, and the plan's floor is the last day that it reads."""
    days = [
        (f"2026-{month:02d}-{day:02d}", {"0": 1, "1": 0, "3": 1})
        for month in (12, 11, 10)
        for day in range(28, 0, -1)
    ]
    query = JobsQuery(limit=200)
    plan = plan_by_day(query, DayMap(days, None), PageStart(None))

    assert len(plan.partitions) == MOST_PARTITIONS
    assert plan.floor == days[MOST_PARTITIONS // 2 - 1][0]
    left = [day for day in days if day[0] < plan.floor]
    rest = plan_by_day(query, DayMap(left, None), PageStart(plan.floor))
    assert rest.partitions[0].value == f"{days[MOST_PARTITIONS // 2][0]}#0"
    assert rest.floor is None


def test_days_are_read_until_they_hold_enough() -> None:
    """Of the day that the last page ended in, what is left counts, or nothing if that's unknown."""
    days = [
        ("2026-11-22", {"0": 3, "1": 2}),
        ("2026-11-21", {"0": 4, "3": 5}),
        ("2026-11-20", {"2": 1}),
    ]
    start = "2026-11-22T10:00:00.000000Z#j"

    def days_of(place: PageStart) -> list[str]:
        plan = plan_by_day(JobsQuery(limit=4), DayMap(days, None), place)
        return sorted({partition.value[:10] for partition in plan.partitions})

    assert days_of(PageStart(None)) == ["2026-11-22"]
    assert days_of(PageStart(start, given=1)) == ["2026-11-22"]
    assert days_of(PageStart(start, given=2)) == ["2026-11-21", "2026-11-22"]
    assert days_of(PageStart(start)) == ["2026-11-21", "2026-11-22"]
    later = plan_by_day(JobsQuery(limit=4), DayMap(days, None), PageStart(start))
    assert later.floor == "2026-11-21"


def test_only_what_holds_jobs_is_read() -> None:
    """Shards of a row may say one more and one fewer; what is left of them is read."""

    def partitions(query: JobsQuery, *days: dict[str, int]) -> list[str]:
        named = zip(("2026-11-22", "2026-11-21"), days, strict=False)
        return [
            p.value for p in plan_by_day(query, DayMap(named, None), PageStart(None)).partitions
        ]

    assert partitions(JobsQuery(status="running"), {"running": 0}, {"running": -1}) == []
    assert partitions(JobsQuery(results=("failed",)), {"failed": 2}, {}) == ["failed#2026-11-22"]
    assert partitions(JobsQuery(), {"0": 1, "1": 0, "3": 7}) == ["2026-11-22#0", "2026-11-22#3"]


def test_the_map_goes_on_where_one_answer_of_dynamodb_ends(here: House) -> None:
    """A page ends at the last day that the map has whole; following pages have the rest."""
    for number in range(12):
        here.post(job_update(job_id=f"j{number:02d}", occurred_at=text(NOW - number * DAY)))
    here.settings = replace(here.settings, rollup_shards=1)

    pages = list(here.walk("/jobs", limit=3))

    assert [job for page in pages for job in ids(page)] == [
        f"j{number:02d}" for number in range(12)
    ]
    assert max(page.rounds for page in pages) <= 3


def test_a_list_is_put_together_from_so_many_partitions_at_most(here: House) -> None:
    """A machine that may see very many clients asks for one of them."""
    here.grant("m-1", clients=[f"c{number}" for number in range(101)])

    refused = here.get("/jobs", {"client_id": "m-1"}, status="completed")

    assert (refused.status, refused.json["parameter"]) == (400, "client_id")
    assert here.get("/jobs", {"client_id": "m-1"}, result="failed").status == 200
    alone = here.get("/jobs", {"client_id": "m-1"}, status="completed", client_id="c7")
    assert alone.status == 200


def test_a_day_that_the_map_has_in_part_is_left_to_the_next_page(here: House) -> None:
    """Its rows lie in several shards, and those that were read may cancel each other out."""
    for number in range(12):
        here.post(job_update(job_id=f"j{number}", occurred_at=text(NOW - number % 2 * DAY)))
    days = ["2026-11-22", "2026-11-21"]
    items = here.client.query(
        TableName=NAMES.rollups,
        KeyConditionExpression="pk = :days",
        ExpressionAttributeValues={":days": {"S": "days"}},
    )["Items"]
    first, second = (sum(item["sk"]["S"].startswith(day) for item in items) for day in days)
    assert second > 1

    reading = Reading(here.client, NAMES, Serial(), 60.0)
    part = read_day_map(reading, ["running"], start=None, rows=first + second - 1)
    rest = read_day_map(reading, ["running"], start=part.floor)
    shards = read_day_map(reading, None, start=None)

    assert (list(part.days), part.floor) == ([(days[0], {"running": 6})], days[0])
    assert (list(rest.days), rest.floor) == ([(days[1], {"running": 6})], None)
    assert [(day, sum(counts.values())) for day, counts in shards.days] == [
        (days[0], 6),
        (days[1], 6),
    ]


def test_items_are_read_as_they_are_now(here: House) -> None:
    """An item older than its index row would drop a job that matches."""
    here.post(job_update())

    here.get("/jobs")
    (listed,) = [asked for name, asked in here.counting.requests if name == "batch_get_item"]
    here.get("/jobs/{job_id}", path={"job_id": "job-1"})
    ((_, alone),) = here.counting.requests

    assert listed["RequestItems"][NAMES.jobs]["ConsistentRead"] is True
    assert alone["ConsistentRead"] is True


@pytest.mark.parametrize("name", ["query", "batch_get_item"])
@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "Query"),
        ClientError({"Error": {"Code": "InternalServerError"}}, "Query"),
        ReadTimeoutError(endpoint_url="https://dynamodb.test"),
    ],
)
def test_a_store_that_does_not_answer_is_said_to_be_unavailable(
    here: House, name: str, error: Exception
) -> None:
    """503 with Retry-After, and nothing of the cause."""
    here.post(job_update())
    here.counting = Failing(here.client, name, error)

    reply = here.get("/jobs")

    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    assert reply.json["type"] == "urn:run-ledger:problem:unavailable"
    assert "dynamodb" not in reply.body.lower()


def test_any_other_error_is_ours(here: House, caplog: pytest.LogCaptureFixture) -> None:
    """500 without a word of what failed; the log has it."""
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "secret"}}, "Query")
    here.counting = Failing(here.client, "query", error)

    reply = here.get("/jobs")

    assert (reply.status, reply.json["type"]) == (500, "urn:run-ledger:problem:internal")
    assert "secret" not in reply.body
    assert "AccessDeniedException" in caplog.text


class Sparing(CountingClient):
    """A client that gives one item of a batch at a time, and after some answers none."""

    def __init__(self, client: Any, answers: int) -> None:
        """Answer so many times."""
        super().__init__(client)
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        """Return the method, sparing with items."""
        if name != "batch_get_item":
            return super().__getattr__(name)
        method: Callable[..., Any] = self._client.batch_get_item

        def call(RequestItems: Any) -> Any:  # noqa: N803 - DynamoDB's name for it
            if ("batch_get_item", {}) not in self.requests:
                self.requests.append(("batch_get_item", {}))
            keys = RequestItems[NAMES.jobs]["Keys"]
            given = 1 if self._answers > 0 else 0
            self._answers -= 1
            answer: dict[str, Any] = {"Responses": {}, "UnprocessedKeys": {}}
            if given:
                answer = method(RequestItems={NAMES.jobs: {"Keys": keys[:given]}})
            if keys[given:]:
                answer["UnprocessedKeys"] = {NAMES.jobs: {"Keys": keys[given:]}}
            return answer

        return call


def test_what_dynamodb_leaves_out_is_asked_for_again(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is whole or not there: never half an answer that looks like one."""
    monkeypatch.setattr("run_ledger.store.dynamo.batches.time.sleep", lambda _: None)
    for number in range(3):
        here.post(job_update(job_id=f"j{number}", occurred_at=text(NOW - number)))

    here.counting = Sparing(here.client, answers=3)
    assert ids(here.get("/jobs")) == ["j0", "j1", "j2"]
    here.counting = Sparing(here.client, answers=2)
    assert here.get("/jobs").status == 503
