"""Throttled calls are counted, whether a table or an index held them up."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import ClientError

from run_ledger.store.dynamo.direct_json import speak_directly
from run_ledger.store.dynamo.throttles import ThrottleCount

PUT: dict[str, Any] = {"TableName": "t", "Item": {"id": {"S": "1"}}}
INDEX_THROTTLED = "…one or more global secondary indexes of the table was exceeded…"


class _Body:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, *_: object, **__: object) -> Any:
        """Give the whole."""
        yield self.content


def throttled(code: str, *, calls: int = 1, attempts: int = 1, **more: Any) -> int:
    """Return what is counted of *calls* that DynamoDB answers with an error, as on the wire."""
    client = boto3.client(
        "dynamodb",
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "…", **more}
    body = json.dumps(document).encode()
    headers = HeadersDict({"Content-Type": "application/x-amz-json-1.0"})

    def answer(request: Any, **_: object) -> AWSResponse:
        return AWSResponse(request.url, 400, headers, _Body(body))

    client.meta.events.register("before-send.dynamodb", answer)
    count = ThrottleCount()
    count.watch(speak_directly(client))
    is_transaction = "CancellationReasons" in more
    call: Any = client.transact_write_items if is_transaction else client.put_item
    request = {"TransactItems": [{"Put": PUT}]} if is_transaction else PUT
    for _ in range(calls):
        with pytest.raises(ClientError, match=code):
            call(**request)
    found = count.take()
    assert count.take() == 0, "a count that was taken begins anew"
    return found


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"],
)
def test_a_throttled_call_is_counted(code: str) -> None:
    """By each name of "Error handling with DynamoDB" in its guide."""
    assert throttled(code) == 1


def test_an_index_that_holds_up_its_table_is_counted() -> None:
    """The write of the table is refused, while the table's own metric stays at nothing.

    The reasons of a cancelled transaction are those of "TransactWriteItems" in the API's reference.
    """
    name = "TransactionCanceledException"
    reasons = [{"Code": "None"}, {"Code": "ProvisionedThroughputExceeded", "Message": "index"}]
    assert throttled(name, CancellationReasons=reasons) == 1
    assert throttled(name, CancellationReasons=[{"Code": "ThrottlingError"}] * 2) == 1
    code = "ProvisionedThroughputExceededException"
    assert throttled(code, message=INDEX_THROTTLED) == 1


def test_what_botocore_tries_again_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else hears of it, and it is slow all the same."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert throttled("ThrottlingException", calls=2, attempts=3) == 6


def test_what_fails_for_another_reason_is_not() -> None:
    """Neither a condition nor a conflict is a throttle."""
    assert throttled("ConditionalCheckFailedException") == 0
    reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "TransactionConflict"}]
    assert throttled("TransactionCanceledException", CancellationReasons=reasons) == 0
