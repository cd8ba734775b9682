"""What the table Clients says of machines. Only named attributes are asked for.

The reader may not read the attribute that says where secrets lie, and a request that names no
attributes asks for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from run_ledger.store.dynamo.attributes import from_item, to_item
from run_ledger.store.dynamo.expressions import projection
from run_ledger.store.items.keys import GRANT, app_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def read_grant(client: DynamoDBClient, table: str, app_client_id: str) -> Mapping[str, Any] | None:
    """Return what the grant of a machine's app client says, None where it has none.

    The read is strongly consistent: a grant that was withdrawn is gone at once.
    """
    answer = client.get_item(
        TableName=table,
        Key=to_item({"pk": app_key(app_client_id), "sk": GRANT}),
        ConsistentRead=True,
        **projection(["clients", "staff"]),
    )
    item = answer.get("Item")
    if item is None:
        return None
    # A person may have written the names as a set, which nothing of ours makes.
    return from_item({name: _list_of(attribute) for name, attribute in item.items()})


def _list_of(attribute: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a set of strings as a list of them, anything else as it is."""
    return {"L": [{"S": one} for one in attribute["SS"]]} if "SS" in attribute else attribute
