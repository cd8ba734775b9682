"""What becomes of a rejected event: reading one, and moving it from one status to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.expressions import UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.posting.rejections import Rejection, Status, from_rejection_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def read_rejection(client: DynamoDBClient, table: str, rejection_id: str) -> Rejection | None:
    """Return one rejection as it is now, None where there is none of that id."""
    key = to_item({"rejection_id": rejection_id})
    item: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return None if item is None else from_rejection_item(item)


def move(
    client: DynamoDBClient, table: str, rejection: Rejection, status: Status, *, at: Instant
) -> bool:
    """Give *rejection* another status; False where it is no longer as it was read.

    That is so when somebody else has moved it, when the writer has rejected the event once more,
    or when it has expired.
    """
    update = UpdateBuilder()
    update.set({"status": status, "moved_at": at})
    update.require(("status",), "=", rejection.status)
    update.require(("received_at",), "=", rejection.received_at)
    action = update.action(table, to_item({"rejection_id": rejection.rejection_id}))
    try:
        client.update_item(**action["Update"])
    except ClientError as error:
        if fault(error) is Fault.CONDITION:
            return False
        raise
    return True
