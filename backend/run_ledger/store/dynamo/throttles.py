"""Counts the calls that DynamoDB throttled, whether botocore or a later round got them through.

DynamoDB has metrics of each table and each index by itself, and each that an alarm reads has its
price. Whoever writes is told of them all: of a table that is out of capacity, of one hot key, and
of an index that can't follow, which holds up the writes of its table ("Global secondary indexes",
on write throughput, in the developer guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WRITES = ("TransactWriteItems", "PutItem", "UpdateItem")
_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "ThrottlingException",
    }
)


class ThrottleCount:
    """How many calls were throttled since somebody took the count."""

    def __init__(self) -> None:
        """Begin with none."""
        self._calls = 0

    def watch(self, client: DynamoDBClient) -> DynamoDBClient:
        """Count the throttled writes of *client*, each attempt by itself, and return it."""
        for operation in _WRITES:
            client.meta.events.register(f"response-received.dynamodb.{operation}", self._note)
        return client

    def take(self) -> int:
        """Return the count, and begin again with none."""
        calls, self._calls = self._calls, 0
        return calls

    def _note(self, parsed_response: dict[str, Any] | None = None, **_: object) -> None:
        response = parsed_response or {}
        codes = {response.get("Error", {}).get("Code")}
        codes |= {reason.get("Code") for reason in response.get("CancellationReasons") or ()}
        self._calls += not codes.isdisjoint(_THROTTLED)


writes = ThrottleCount()
"""Of the client that the handlers share."""
