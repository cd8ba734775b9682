"""A ledger as an earlier version would have left it: without what only this version keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.dynamo.tables import NAMES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LATER_IN_ATTEMPTS = ("q", "l", "f")
_LATER_IN_ROWS = ("retried_", "hr_")


def make_earlier(client: DynamoDBClient) -> None:
    """Take out of all items what the earlier version did not write.

    It counted no retries in rollups, and kept of an attempt no event but its start and end.
    """
    for item in _all(client, NAMES.jobs):
        attempts = {
            number: {"M": _without(attempt["M"], _LATER_IN_ATTEMPTS)}
            for number, attempt in item["at"]["M"].items()
        }
        earlier = {**_without(item, ("m",)), "at": {"M": attempts}}
        client.put_item(TableName=NAMES.jobs, Item=earlier)
    for item in _all(client, NAMES.rollups):
        later = [name for name in item if name.startswith(_LATER_IN_ROWS)]
        client.put_item(TableName=NAMES.rollups, Item=_without(item, later))


def _all(client: DynamoDBClient, table: str) -> list[Any]:
    items: list[Any] = client.scan(TableName=table)["Items"]
    return items


def _without(values: Mapping[str, Any], names: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
