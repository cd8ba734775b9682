"""Transactions encoded in one pass say what botocore would have said."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from run_ledger.store.direct_json import encode_directly

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


def test_the_body_is_that_of_the_ordinary_client() -> None:
    """Members, bytes, text and numbers are on the wire as botocore puts them there."""
    token = "token-1"
    ordinary = _sent(_client(), TransactItems=ACTIONS, ClientRequestToken=token)
    direct = _sent(encode_directly(_client()), TransactItems=ACTIONS, ClientRequestToken=token)
    assert direct == ordinary


def test_every_call_has_an_idempotency_token_of_its_own() -> None:
    """Retries inside a call share the token, two calls never do."""
    client = encode_directly(_client())
    first = _sent(client, TransactItems=ACTIONS)["ClientRequestToken"]
    client = encode_directly(_client())
    second = _sent(client, TransactItems=ACTIONS)["ClientRequestToken"]
    assert first != second
    assert len(first) == len(second) == 36


def test_a_transaction_takes_effect_through_it() -> None:
    """The signed request is accepted and does what it says."""
    with mock_aws():
        client = encode_directly(boto3.client("dynamodb", region_name="eu-central-1"))
        client.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        item = {"pk": {"S": "a"}, "digest": {"B": b"\xff"}}
        client.transact_write_items(TransactItems=[{"Put": {"TableName": "t", "Item": item}}])
        assert client.get_item(TableName="t", Key={"pk": {"S": "a"}})["Item"] == item
