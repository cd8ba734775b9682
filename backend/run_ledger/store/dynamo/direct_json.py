"""JSON of large calls encoded, and of items decoded, in one pass instead of member by member.

botocore's serialiser walks the service model for every member of a request; for a transaction of
100 actions that costs more than all the rest of the call. Its parser does the same to every
attribute of every item. The store's attribute values have the form of the wire already, so one pass
of a JSON encoder or decoder is enough. Only bytes differ, which are base64 on the wire:
`attributes.from_attribute` takes both. Decision 18 has the measurements.

Everything else stays botocore's: endpoint, signature, retries with one idempotency token, errors.
It uses botocore's events: ``provide-client-params`` sets the members aside, ``before-call`` puts
the encoded body in, and ``before-parse`` takes the answer's body.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WRITE = "dynamodb.TransactWriteItems"
_READS = ("dynamodb.BatchGetItem", "dynamodb.GetItem", "dynamodb.Query")
_SET_ASIDE = "run_ledger_transact_items"
_decoder = msgspec.json.Decoder(dict[str, Any])


def speak_directly(client: DynamoDBClient) -> DynamoDBClient:
    """Let *client* encode its transactions and decode items in one pass; return it."""
    hooks: dict[str, Callable[..., Any]] = {
        f"provide-client-params.{_WRITE}": _set_aside,
        f"before-call.{_WRITE}": _put_in,
        **{f"before-parse.{read}": _take_out for read in _READS},
    }
    for event, hook in hooks.items():
        client.meta.events.register(event, hook)
    return client


def _set_aside(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    """Keep the parameters for `_put_in`, and let botocore serialise an empty action."""
    token = params.get("ClientRequestToken") or str(uuid.uuid4())
    context[_SET_ASIDE] = {**params, "ClientRequestToken": token}
    return {"TransactItems": [{}], "ClientRequestToken": token}


def _put_in(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    """Replace the request's body by all parameters as JSON, with bytes in base64."""
    params["body"] = msgspec.json.encode(context.pop(_SET_ASIDE))


def _take_out(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Decode the body of an answer, and leave an empty object to botocore's parser.

    The parser gets the body of an error, and one that is no JSON object, as it came.
    """
    if response_dict["status_code"] != HTTPStatus.OK:
        return
    try:
        customized_response_dict.update(_decoder.decode(response_dict["body"]))
    except msgspec.DecodeError:
        return
    response_dict["body"] = b"{}"
