"""Items read by their keys, many at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .attributes import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5
_FIRST_PAUSE_SECONDS = 0.05


def read_items(client: DynamoDBClient, table: str, name: str, values: Sequence[str]) -> list[Any]:
    """Return those items of *table*, at most 100, whose key *name* is one of *values*.

    What DynamoDB leaves out is asked for again; raises ClientError where that does not help.
    """
    keys = [to_item({name: value}) for value in values]
    wanted: Any = {table: {"Keys": keys, "ConsistentRead": True}}
    found: list[Any] = []
    for tries in range(_TRIES):
        if tries:
            time.sleep(_FIRST_PAUSE_SECONDS * 2**tries)
        answer = client.batch_get_item(RequestItems=wanted)
        found += answer["Responses"].get(table, [])
        wanted = answer.get("UnprocessedKeys")
        if not wanted:
            return found
    raise ClientError(
        {"Error": {"Code": "ThrottlingException", "Message": "keys stayed unprocessed"}},
        "BatchGetItem",
    )
