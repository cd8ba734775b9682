"""Whether IAM refuses what the reader must not read: where the secrets of clients lie.

The reader makes these calls itself, as its role is what is tried. They ask for a partition that no
client has, so even a call that is answered gives nothing away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct

from run_ledger.store.clients.reads import read_declared
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.expressions import QueryBuilder, projection
from run_ledger.store.items.client_items import REFERENCE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NOBODY = "#nobody"
_REFUSED = "AccessDeniedException"


class ReadRights(Struct, frozen=True):
    """What IAM let the reader do: ``is_let_in`` is the read that the API needs.

    ``answered`` names the forbidden calls that were answered; where all is well, it is empty.
    """

    is_let_in: bool
    forbidden: list[str]
    answered: list[str]


def read_rights(client: DynamoDBClient, table: str) -> ReadRights:
    """Try the read of clients that the API makes, and each that is forbidden.

    Raises ClientError where DynamoDB refuses a call for another reason than missing rights.
    """
    calls = _forbidden_calls(client, table)
    return ReadRights(
        is_let_in=not _is_refused(lambda: read_declared(client, table, None, 1)),
        forbidden=list(calls),
        answered=[name for name, call in calls.items() if not _is_refused(call)],
    )


def _forbidden_calls(client: DynamoDBClient, table: str) -> Mapping[str, Callable[[], Any]]:
    query = QueryBuilder(table, "pk", _NOBODY).request(limit=1)
    named = QueryBuilder(table, "pk", _NOBODY).request(["pk", REFERENCE], limit=1)
    key = {"TableName": table, "Key": to_item({"pk": _NOBODY, "sk": _NOBODY})}
    make: Any = client
    return {
        "a query for references to secrets": lambda: make.query(**named),
        "a query that names no attributes": lambda: make.query(**query),
        "a query for all attributes": lambda: make.query(**query, Select="ALL_ATTRIBUTES"),
        "a whole item": lambda: make.get_item(**key),
        "an item's reference to a secret": lambda: make.get_item(**key, **projection([REFERENCE])),
        "a scan": lambda: make.scan(TableName=table, Limit=1),
    }


def _is_refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] == _REFUSED:
            return True
        raise
    return False
