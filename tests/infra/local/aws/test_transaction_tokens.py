"""Tokens of transactions: the local AWS knows them again without the transactions."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from tests.support.stacks.local_stack import ROOT

from run_ledger_ops.local.aws.transaction_tokens import Digest, without_requests

PYTHON = ROOT / ".venvs" / "local-cloud" / "bin" / "python"
TRIAL = """
import json, sys
sys.path.insert(0, "infra")
from ministack.services import dynamodb
from run_ledger_ops.local.aws import corrections
corrections.apply("ministack")
dynamodb._create_table({
    "TableName": "counts", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
})
def add(number, token):
    data = {"ClientRequestToken": token, "TransactItems": [{"Update": {
        "TableName": "counts", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "ADD n :n",
        "ExpressionAttributeValues": {":n": {"N": str(number)}},
    }}]}
    status, _, body = dynamodb._transact_write_items(data)
    return [status, json.loads(body).get("__type", "")]
answers = [add(1, "one"), add(1, "one"), add(2, "one"), add(1, "two")]
_, _, body = dynamodb._get_item({"TableName": "counts", "Key": {"pk": {"S": "a"}}})
print(json.dumps([answers, json.loads(body)["Item"]["n"], "TransactItems" in repr(
    [known for _, known in dynamodb._txn_idempotency.all_items()]
)]))
"""


def test_transactions_count_once_by_their_tokens() -> None:
    """In the local AWS itself: the same again is answered, another with that token refused."""
    if not PYTHON.exists():
        pytest.skip("the local AWS is not installed: run infra/tools/bootstrap.py local-cloud")
    done = subprocess.run([PYTHON, "-c", TRIAL], cwd=ROOT, capture_output=True, check=True)
    answers, counted, holds_requests = json.loads(done.stdout)
    assert [status for status, _ in answers] == [200, 200, 400, 200]
    assert answers[2][1].endswith("IdempotentParameterMismatchException")
    assert counted == {"N": "2"}
    assert holds_requests is False


def test_a_digest_equals_what_says_the_same() -> None:
    """In whatever order its members come."""
    digest = Digest({"a": [1, {"b": "2"}], "c": None})
    assert digest == {"c": None, "a": [1, {"b": "2"}]}
    assert digest == Digest({"c": None, "a": [1, {"b": "2"}]})
    assert digest != {"a": [1, {"b": "3"}], "c": None}


def test_everything_else_of_a_token_stays() -> None:
    """The answer is given again; what is stored is not the caller's own."""
    stored: dict[str, Any] = {}
    known = {"signature": {"a": 1}, "response": {"b": 2}}
    without_requests(stored.__setitem__)("token", known)
    assert known["signature"] == {"a": 1}
    assert isinstance(stored["token"]["signature"], Digest)
    assert stored["token"]["response"] == {"b": 2}
