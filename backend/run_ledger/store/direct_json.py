"""Large calls encoded at once, instead of member by member.

botocore's serialiser walks the service model for every member of a request, which for a
transaction of 100 actions costs more than all the rest of the call. What the store passes is the
wire format already (attribute values as typed dictionaries), so one pass of a JSON encoder does.
Everything else stays botocore's: endpoint, signature, retries with one idempotency token, errors.
It uses botocore's documented events: ``provide-client-params`` sets the members aside, and
``before-call`` puts the encoded body in.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OPERATION = "dynamodb.TransactWriteItems"
_SET_ASIDE = "run_ledger_transact_items"


def encode_directly(client: DynamoDBClient) -> DynamoDBClient:
    """Let *client* encode its transactions in one pass; return it."""
    set_aside: Callable[..., Any] = _set_aside
    client.meta.events.register(f"provide-client-params.{_OPERATION}", set_aside)
    client.meta.events.register(f"before-call.{_OPERATION}", _put_in)
    return client


def _set_aside(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    """Keep all but a sample of the parameters from the serialiser."""
    token = params.get("ClientRequestToken") or str(uuid.uuid4())
    context[_SET_ASIDE] = {**params, "ClientRequestToken": token}
    return {"TransactItems": params["TransactItems"][:1], "ClientRequestToken": token}


def _put_in(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Put the parameters that were set aside into the request, as JSON with bytes in base64."""
    params["body"] = msgspec.json.encode(context.pop(_SET_ASIDE))
