"""Queries are built with placeholders, and ask DynamoDB for what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.expressions import QueryBuilder

# All are words that DynamoDB reserves: without a placeholder it would refuse them.
TABLE, HASH, RANGE = "t", "date", "name"
ROWS = [
    {HASH: "monday", RANGE: name, "status": status, **more}
    for name, status, more in (
        ("a", "queued", {}),
        ("b", "running", {"size": 1}),
        ("ba", "failed", {"size": 2}),
        ("c", "running", {"size": 3}),
    )
]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Give a client of a table with some rows of one partition, and one of another."""
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="eu-central-1")
        client.create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": HASH, "KeyType": "HASH"},
                {"AttributeName": RANGE, "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in (HASH, RANGE)
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for row in [*ROWS, {HASH: "tuesday", RANGE: "b", "status": "running"}]:
            client.put_item(TableName=TABLE, Item=to_item(row))
        yield client


def between(low: str | None, below: str | None) -> Callable[[QueryBuilder], None]:
    """Return what asks for a range of the sort key."""
    return lambda query: query.sort_between(RANGE, low=low, below=below)


@pytest.mark.parametrize(
    ("ask", "names"),
    [
        (lambda _: None, ["a", "b", "ba", "c"]),
        (between(None, None), ["a", "b", "ba", "c"]),
        (between("b", None), ["b", "ba", "c"]),
        (between(None, "c"), ["a", "b", "ba"]),
        (between("b", "c"), ["b", "ba", "c"]),
        (lambda query: query.sort_equals(RANGE, "b"), ["b"]),
        (lambda query: query.sort_after(RANGE, "b"), ["ba", "c"]),
        (lambda query: query.sort_after(RANGE, None), ["a", "b", "ba", "c"]),
        (lambda query: query.sort_prefix(RANGE, "b"), ["b", "ba"]),
        (lambda query: query.require(("status",), "=", "running"), ["b", "c"]),
        (lambda query: query.require_one_of("status", ("queued", "failed")), ["a", "ba"]),
        (lambda query: query.require_if_present("size", ">=", 2), ["a", "ba", "c"]),
        (lambda query: query.require_absent("size"), ["a"]),
    ],
)
def test_a_query_finds_what_it_says(client: Any, ask: Any, names: list[str]) -> None:
    """Ranges of the sort key, and filters on what is no key."""
    query = QueryBuilder(TABLE, HASH, "monday")
    ask(query)
    found = client.query(**query.request())["Items"]
    assert [item[RANGE]["S"] for item in found] == names


def test_an_answer_holds_what_was_asked_for(client: Any) -> None:
    """Attributes, direction, number of rows, and the key to begin after."""
    query = QueryBuilder(TABLE, HASH, "monday")
    query.require(("status",), "=", "running")
    request = query.request([RANGE, "size"], descending=True, limit=3, consistent=True)
    answer = client.query(**request)
    assert answer["Items"] == [to_item({RANGE: "c", "size": 3}), to_item({RANGE: "b", "size": 1})]
    assert answer["ScannedCount"] == 3
    assert request["ConsistentRead"]
    rest = client.query(**query.request(after=answer["LastEvaluatedKey"], descending=True))
    assert rest["Items"] == []


def test_names_and_values_are_placeholders() -> None:
    """No text of a caller is ever part of an expression."""
    query = QueryBuilder("t", "hash", "a OR b", index="by")
    query.sort_between("range", low="x = y")
    query.require_if_present("end", "<", 5)
    assert query.request(["hash", "other"]) == {
        "TableName": "t",
        "IndexName": "by",
        "KeyConditionExpression": "#0 = :0 AND #1 >= :1",
        "FilterExpression": "(#2 < :2 OR attribute_not_exists(#2))",
        "ProjectionExpression": "#0, #4",
        "Select": "SPECIFIC_ATTRIBUTES",
        "ExpressionAttributeNames": {"#0": "hash", "#1": "range", "#2": "end", "#4": "other"},
        "ExpressionAttributeValues": {
            ":0": {"S": "a OR b"},
            ":1": {"S": "x = y"},
            ":2": {"N": "5"},
        },
    }
