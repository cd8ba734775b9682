"""The loopback server that stands in for DynamoDB where CPU time is measured."""

from __future__ import annotations

import os
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.benchmarks.writer import mixes
from tests.support.dynamo.answering_server import Server, answering_server
from tests.support.dynamo.writer_process import Context

from run_ledger import writer
from run_ledger.store.dynamo import connection as clients
from run_ledger.store.items.log_items import entries_of


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Start a server with empty tables, and point the handler's clients at it."""
    with answering_server() as started:
        for name, value in started.environment.items():
            monkeypatch.setitem(os.environ, name, value)
        clients.dynamodb.cache_clear()
        writer._ledger.cache_clear()
        yield started
        clients.dynamodb.cache_clear()
        writer._ledger.cache_clear()


def test_the_handler_posts_to_it(server: Server) -> None:
    """A whole usual life of twenty jobs arrives, each event once, deliveries twice."""
    batches = list(mixes.usual("test"))
    for batch in [*batches, batches[-1]]:
        assert writer.handler({"Records": batch}, Context()) == {"batchItemFailures": []}

    jobs = server.items("jobs")
    assert {job["outcome"]["S"] for job in jobs} == {"succeeded"}
    assert sum(int(job["n"]["N"]) for job in jobs) == sum(map(len, batches))
    entries = [entry for item in server.items("entries") for entry in entries_of(item)]
    assert len(entries) == sum(map(len, batches))


def test_a_cancelled_transaction_tells_its_reasons(server: Server) -> None:
    """A client reads from its answer which action was in the way, and the old item."""
    put = {
        "TableName": "entries",
        "Item": {"pk": {"S": "job#1"}, "sk": {"S": "event"}, "digest": {"B": b"\x00\xff"}},
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    client = boto3.client("dynamodb")
    client.transact_write_items(TransactItems=[{"Put": put}])

    with pytest.raises(ClientError) as caught:
        client.transact_write_items(TransactItems=[{"Put": put}])

    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    (reason,) = caught.value.response["CancellationReasons"]
    assert reason["Code"] == "ConditionalCheckFailed"
    assert reason["Item"]["digest"]["B"] == b"\x00\xff"
