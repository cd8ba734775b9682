"""Items of the local AWS share what is equal in them, and no item changes by another's change."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from tests.support.stacks.local_stack import ROOT

from run_ledger_ops.local.aws.shared_values import SharedValues

PYTHON = ROOT / ".venvs" / "local-cloud" / "bin" / "python"
TRIAL = """
import json, sys
sys.path.insert(0, "infra")
from ministack.services import dynamodb as d
from run_ledger_ops.local.aws import corrections
corrections.apply("ministack")
d._create_table({
    "TableName": "tbl", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]})
same = {"n": {"N": "1"}, "s": {"S": "x"}, "set": {"SS": ["a"]}, "m": {"M": {"n": {"N": "1"}}},
        "l": {"L": [{"N": "1"}]}}
for name in "abc":
    d._put_item({"TableName": "tbl", "Item": {"id": {"S": name}, **json.loads(json.dumps(same))}})
d._update_item({
    "TableName": "tbl", "Key": {"id": {"S": "a"}},
    "UpdateExpression": "SET s = :s, m.n = :n, l[0] = :n ADD n :n, #set :set",
    "ExpressionAttributeNames": {"#set": "set"},
    "ExpressionAttributeValues": {":s": {"S": "y"}, ":n": {"N": "5"}, ":set": {"SS": ["b"]}}})
items = [json.loads(d._get_item({"TableName": "tbl", "Key": {"id": {"S": name}}})[2])["Item"]
         for name in "abc"]
[table] = [table for table in d._tables.all_values() if table["TableName"] == "tbl"]
stored = [table["items"][name] for name in "bc"]
stored = [next(iter(one.values())) for one in stored]
print(json.dumps([items, stored[0]["s"] is stored[1]["s"]]))
"""


def test_equal_values_are_the_same_and_others_stay_as_they_are() -> None:
    """Texts and numbers that are short; a set, a map or a long text is left alone."""
    stored: list[dict[str, Any]] = []
    put = SharedValues().set_item(lambda _table, _pk, _sk, item: stored.append(item))
    for _ in range(2):
        text = {"a": {"S": "x"}, "b": {"N": "1"}, "c": {"S": "1"}, "d": {"S": "l" * 65}}
        put({}, "pk", None, json.loads(json.dumps({**text, "e": {"SS": ["x"]}})))
    first, second = stored
    assert first == second
    assert [name for name in first if first[name] is second[name]] == ["a", "b", "c"]
    assert first["b"] is not first["c"]


def test_number_of_remembered_values_is_bounded() -> None:
    """Most texts never come again."""
    values = SharedValues(most=2)
    first = values.shared({"S": "1"})
    assert values.shared({"S": "1"}) is first
    for text in "234":
        values.shared({"S": text})
    assert values.shared({"S": "1"}) is not first


def test_change_of_an_item_leaves_others_as_they_are() -> None:
    """In the local AWS itself, by every form of update that our writer uses."""
    if not PYTHON.exists():
        pytest.skip("the local AWS is not installed: run infra/tools/bootstrap.py local-cloud")
    done = subprocess.run(
        [PYTHON, "-c", TRIAL], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    (changed, *others), is_shared = json.loads(done.stdout)
    assert is_shared
    assert changed == {
        "id": {"S": "a"},
        "n": {"N": "6"},
        "s": {"S": "y"},
        "set": {"SS": ["a", "b"]},
        "m": {"M": {"n": {"N": "5"}}},
        "l": {"L": [{"N": "5"}]},
    }
    assert others == [
        {
            "id": {"S": name},
            "n": {"N": "1"},
            "s": {"S": "x"},
            "set": {"SS": ["a"]},
            "m": {"M": {"n": {"N": "1"}}},
            "l": {"L": [{"N": "1"}]},
        }
        for name in "bc"
    ]
