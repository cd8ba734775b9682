"""What is encoded and decoded in one pass is what botocore would have made of it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto import mock_aws

from run_ledger.store.dynamo.attributes import from_item
from run_ledger.store.dynamo.direct_json import speak_directly

ACTIONS: list[dict[str, Any]] = [
    {
        "Put": {
            "TableName": "entries",
            "Item": {
                "pk": {"S": 'job#1 "quoted" é 🙂 \u2028'},
                "digest": {"B": b"\x00\xff raw"},
                "n": {"N": "9007199254740993"},
                "none": {"NULL": True},
                "list": {"L": [{"N": "1"}, {"M": {"deep": {"BOOL": False}}}]},
                "empty": {"M": {}},
            },
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    },
    {
        "Update": {
            "TableName": "jobs",
            "Key": {"job_id": {"S": "1"}},
            "UpdateExpression": "ADD #0 :0",
            "ExpressionAttributeNames": {"#0": "n"},
            "ExpressionAttributeValues": {":0": {"N": "-1"}},
        }
    },
]


def _client() -> Any:
    return boto3.client(
        "dynamodb",
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        endpoint_url="http://127.0.0.1:9",
    )


def _sent(client: Any, **parameters: Any) -> dict[str, Any]:
    """Return the body that *client* would send."""
    bodies: list[bytes] = []

    def answer(request: Any, **_: object) -> AWSResponse:
        bodies.append(request.body)

        class Raw:
            def stream(self, **_: object) -> list[bytes]:
                return [b"{}"]

        return AWSResponse(request.url, 200, {}, Raw())

    client.meta.events.register("before-send.dynamodb.TransactWriteItems", answer)
    client.transact_write_items(**parameters)
    (body,) = bodies
    return dict(json.loads(body))


ITEM = {
    "pk": {"S": "job#1 \u2028 🙂"},
    "digest": {"B": "AP8gcmF3"},
    "n": {"N": "9007199254740993"},
    "list": {"L": [{"NULL": True}, {"M": {"deep": {"BOOL": False}, "raw": {"B": "/w=="}}}]},
}
CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "BatchGetItem": (
        {"RequestItems": {"t": {"Keys": [{"pk": {"S": "1"}}]}}},
        {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "2"}}]}}},
    ),
    "GetItem": ({"TableName": "t", "Key": {"pk": {"S": "1"}}}, {"Item": ITEM}),
    "Query": (
        {"TableName": "t", "KeyConditionExpression": "pk = :p"},
        {"Items": [ITEM], "Count": 1, "ScannedCount": 2, "LastEvaluatedKey": {"pk": {"S": "1"}}},
    ),
}


def _answered(client: Any, operation: str, status: int, body: bytes) -> Any:
    """Return what *client* makes of an answer to *operation*."""

    def answer(request: Any, **_: object) -> AWSResponse:
        class Raw:
            def stream(self, **_: object) -> list[bytes]:
                return [body]

        return AWSResponse(request.url, status, {"x-amzn-requestid": "r-1"}, Raw())

    client.meta.events.register(f"before-send.dynamodb.{operation}", answer)
    return client._make_api_call(operation, CALLS[operation][0])


def _plain(answer: Any) -> Any:
    """Return *answer* with its items as plain values."""
    if isinstance(answer, dict):
        if answer.keys() == ITEM.keys():
            return from_item(answer)
        return {name: _plain(value) for name, value in answer.items()}
    return [_plain(member) for member in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize("operation", CALLS)
def test_an_answer_is_that_of_the_ordinary_client(operation: str) -> None:
    """Items, what is left to ask for, and the answer's own data are the same."""
    body = json.dumps(CALLS[operation][1]).encode()
    ordinary = _answered(_client(), operation, 200, body)
    direct = _answered(speak_directly(_client()), operation, 200, body)
    assert _plain(direct) == _plain(ordinary)
    assert direct["ResponseMetadata"]["RequestId"] == "r-1"
    assert b"raw" in str(_plain(direct)).encode(), "the example holds bytes"


@pytest.mark.parametrize("operation", CALLS)
def test_an_error_is_that_of_the_ordinary_client(operation: str) -> None:
    """Its code and its message are botocore's to find."""
    body = b'{"__type": "x#ProvisionedThroughputExceededException", "message": "slow down"}'
    with pytest.raises(ClientError, match="slow down") as raised:
        _answered(speak_directly(_client()), operation, 400, body)
    assert raised.value.response["Error"]["Code"] == "ProvisionedThroughputExceededException"


@pytest.mark.parametrize("body", [b'{"Items": [', b"<html>"])
def test_an_answer_that_is_no_json_is_what_it_is_to_the_ordinary_client(body: bytes) -> None:
    """A torn answer is not taken for one without items."""
    ordinary = _answered(_client(), "Query", 200, body)
    direct = _answered(speak_directly(_client()), "Query", 200, body)
    assert direct == ordinary
    assert "Items" not in direct


def test_the_body_is_that_of_the_ordinary_client() -> None:
    """Members, bytes, text and numbers are on the wire as botocore puts them there."""
    token = "token-1"
    ordinary = _sent(_client(), TransactItems=ACTIONS, ClientRequestToken=token)
    direct = _sent(speak_directly(_client()), TransactItems=ACTIONS, ClientRequestToken=token)
    assert direct == ordinary


def test_every_call_has_an_idempotency_token_of_its_own() -> None:
    """Retries inside a call share the token, two calls never do."""
    client = speak_directly(_client())
    first = _sent(client, TransactItems=ACTIONS)["ClientRequestToken"]
    client = speak_directly(_client())
    second = _sent(client, TransactItems=ACTIONS)["ClientRequestToken"]
    assert first != second
    assert len(first) == len(second) == 36


def test_a_transaction_takes_effect_through_it() -> None:
    """The signed request is accepted and does what it says."""
    with mock_aws():
        client = speak_directly(boto3.client("dynamodb", region_name="eu-central-1"))
        client.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        item = {"pk": {"S": "a"}, "digest": {"B": b"\xff"}}
        client.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": item}}])
        found = client.get_item(TableName="t", Key={"pk": {"S": "a"}})["Item"]
        assert from_item(found) == {"pk": "a", "digest": b"\xff"}
