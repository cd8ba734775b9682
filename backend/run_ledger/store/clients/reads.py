"""What the API reads of the table Clients: profiles, plain parameters, grants of machines.

Each read is a query that names the attributes that it wants, also where it wants one item.

The attribute that says where a secret lies is on no list here. The reader's policy refuses every
call that asks for it, or that names no attributes and so asks for all of them. It can tell by
`dynamodb:Select`, which only queries and scans can say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.store.dynamo.attributes import from_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.keys import CLIENT_DIRECTORY, GRANT, PARAMETER_PREFIX, PROFILE, app_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PROFILE_ATTRIBUTES = ("name", "description", "contact", "tags")
_PARAMETER_ATTRIBUTES = ("sk", "kind", "value", "description", "updated_at")


class ParameterPage(NamedTuple):
    """One answer's parameters of a client: plain ones by name, and the number of secrets.

    ``after`` is the key to read on from, None at the end.
    """

    plain: Mapping[str, Mapping[str, Any]]
    secrets: int
    after: Mapping[str, Any] | None


def shown_client(keys: Mapping[str, Any]) -> str | None:
    """Return the client of which an item with these *keys* shows something; None for any other.

    *keys* are DynamoDB's, ``{"pk": {"S": "acme"}, "sk": {"S": "profile"}}``. What staff declare for
    all clients is shown to nobody.
    """
    client_id, kind = (keys.get(name, {}).get("S", "") for name in ("pk", "sk"))
    is_shown = kind == PROFILE or kind.startswith(PARAMETER_PREFIX)
    return client_id if is_shown and client_id != STAFF else None


def read_profile(client: DynamoDBClient, table: str, client_id: str) -> Mapping[str, Any] | None:
    """Return the profile of a client, ``{"name": …, "tags": {…}}``; None where none is declared."""
    items = _one(client, table, (client_id, PROFILE), _PROFILE_ATTRIBUTES)
    return from_item(items[0]) if items else None


def read_declared(
    client: DynamoDBClient, table: str, start: str | None, limit: int
) -> tuple[list[str], bool]:
    """Return the first *limit* declared clients beyond *start*, and whether there are more."""
    query = QueryBuilder(table, "pk", CLIENT_DIRECTORY)
    query.sort_after("sk", start)
    answer = client.query(**query.request(["sk"], limit=limit))
    items: list[Any] = answer["Items"]
    return [item["sk"]["S"] for item in items], "LastEvaluatedKey" in answer


def read_names(client: DynamoDBClient, table: str) -> dict[str, str]:
    """Return the names of all declared clients by id; operators declare them, so all are read."""
    query = QueryBuilder(table, "pk", CLIENT_DIRECTORY)
    items = every_item(client.query, query.request(["sk", "name"]))
    return {item["sk"]["S"]: item.get("name", {}).get("S", "") for item in items}


def read_parameters(
    client: DynamoDBClient, table: str, client_id: str, after: Mapping[str, Any] | None = None
) -> ParameterPage:
    """Return a client's plain parameters; all that are not marked as plain count as secrets."""
    query = QueryBuilder(table, "pk", client_id)
    query.sort_prefix("sk", PARAMETER_PREFIX)
    answer = client.query(**query.request(_PARAMETER_ATTRIBUTES, after=after))
    items = [from_item(item) for item in answer["Items"]]
    plain = {
        item["sk"].removeprefix(PARAMETER_PREFIX): item
        for item in items
        if item.get("kind") == "plain"
    }
    return ParameterPage(plain, len(items) - len(plain), answer.get("LastEvaluatedKey"))


def read_grant(client: DynamoDBClient, table: str, app_client_id: str) -> Mapping[str, Any] | None:
    """Return the grant of a machine's app client, as ``{"clients": ["acme"]}``; None without one.

    The read is strongly consistent: a grant that was withdrawn is gone at once.
    """
    key = (app_key(app_client_id), GRANT)
    items = _one(client, table, key, ("clients", "staff"), consistent=True)
    if not items:
        return None
    # A person may have written the names as a set; our own code never does.
    return from_item({name: _list_of(attribute) for name, attribute in items[0].items()})


def _one(
    client: DynamoDBClient,
    table: str,
    key: tuple[str, str],
    names: Sequence[str],
    *,
    consistent: bool = False,
) -> list[Any]:
    """Return the item of a *key* in a list, with the attributes *names*; else an empty list."""
    query = QueryBuilder(table, "pk", key[0])
    query.sort_equals("sk", key[1])
    items: list[Any] = client.query(**query.request(names, consistent=consistent))["Items"]
    return items


def _list_of(attribute: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an attribute that is a set of strings as a list of them, and any other as it is."""
    return {"L": [{"S": one} for one in attribute["SS"]]} if "SS" in attribute else attribute
