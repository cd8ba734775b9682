"""Queries of the local AWS's indexes answer as before, and look at no more than they return."""

from __future__ import annotations

import json
import subprocess

import pytest
from tests.support.stacks.local_stack import ROOT

PYTHON = ROOT / ".venvs" / "local-cloud" / "bin" / "python"
TRIAL = """
import json, random, sys
sys.path.insert(0, "infra")
from ministack.services import dynamodb as d
from run_ledger_ops.local.aws.ordered_indexes import OrderedIndexes
dice = random.Random(int(sys.argv[1]))
def index(name, hash_key, *range_key):
    kinds = ("HASH", "RANGE")
    schema = [{"AttributeName": n, "KeyType": k} for n, k in zip((hash_key, *range_key), kinds)]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}
types = {"id": "S", "part": "S", "at": "S", "size": "N"}
done = d._create_table({
    "TableName": "tbl", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": n, "AttributeType": t} for n, t in types.items()],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [
        index("by_at", "part", "at"), index("by_size", "part", "size"), index("plain", "part")]})
assert done[0] == 200, done
query, plain_members, plain_change = d._query, d._index_members, d._index_item
indexes = OrderedIndexes(d)
corrected = indexes.query(query)
d._index_members = indexes.members(plain_members)
d._index_item = indexes.changed(plain_change)
def value(name):
    if name == "size":
        return {"N": str(dice.choice([-3, 0, 2, 10, 10.5, 200]))}
    return {"S": dice.choice("abc") * dice.choice([1, 2])}
def change():
    key = {"id": {"S": str(dice.randrange(60))}}
    if dice.random() < 0.25:
        return d._delete_item({"TableName": "tbl", "Key": key})
    more = {n: value(n) for n in ("part", "at", "size") if dice.random() < 0.9}
    return d._put_item({"TableName": "tbl", "Item": {**key, **more}})
FORMS = ["", " AND #s = :a", " AND #s < :a", " AND #s <= :a", " AND #s > :a", " AND #s >= :a",
         " AND #s BETWEEN :a AND :b", " AND begins_with(#s, :a)", " AND (#s = :a)"]
def request():
    name, sort = dice.choice([("by_at", "at"), ("by_size", "size"), ("plain", None)])
    form = dice.choice(FORMS if sort == "at" else FORMS[:7] if sort else FORMS[:1])
    low, high = sorted([value(sort or "at"), value(sort or "at")],
                       key=lambda v: float(v["N"]) if "N" in v else v["S"])
    values = {":p": value("part")}
    values |= {n: v for n, v in ((":a", low), (":b", high)) if n in form}
    text = ("#p = :p" + form) if dice.random() < 0.7 or not form else form[5:] + " AND #p = :p"
    return {"TableName": "tbl", "IndexName": name, "KeyConditionExpression": text,
            "ExpressionAttributeNames": {"#p": "part"} | ({"#s": sort} if "#s" in form else {}),
            "ExpressionAttributeValues": values, "ScanIndexForward": dice.random() < 0.5,
            **({"Limit": dice.randrange(1, 6)} if dice.random() < 0.7 else {})}
pages = items = 0
for step in range(400):
    assert change()[0] == 200
    asked = request()
    while True:
        expected, found = query(asked), corrected(asked)
        assert (expected[0], expected[2]) == (found[0], found[2]), (asked, expected, found)
        answer = json.loads(found[2])
        pages, items = pages + 1, items + len(answer.get("Items", ()))
        if "LastEvaluatedKey" not in answer:
            break
        asked |= {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
tried = []
evaluate = d._evaluate_condition
d._evaluate_condition = lambda *a, **k: tried.append(1) or evaluate(*a, **k)
for number in range(500):
    d._put_item({"TableName": "tbl", "Item": {"id": {"S": f"n{number}"}, "part": {"S": "many"},
                                            "at": {"S": f"{number:05}"}}})
tried.clear()
corrected({"TableName": "tbl", "IndexName": "by_at", "Limit": 5, "ScanIndexForward": False,
           "KeyConditionExpression": "part = :p AND at BETWEEN :a AND :b",
           "ExpressionAttributeValues": {":p": {"S": "many"}, ":a": {"S": "0"}, ":b": {"S": "9"}}})
print(json.dumps([pages, items, len(tried)]))
"""


@pytest.mark.parametrize("seed", range(3))
def test_index_answers_as_before_and_looks_at_a_page(seed: int) -> None:
    """Pages, cursors and orders are ministack's own, with items that come, change and go.

    DynamoDB's guide, "Query": a page reads up to Limit items of the partition, in order.
    """
    if not PYTHON.exists():
        pytest.skip("the local AWS is not installed: run infra/tools/bootstrap.py local-cloud")
    done = subprocess.run(
        [PYTHON, "-c", TRIAL, str(seed)], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    pages, items, tried = json.loads(done.stdout)
    assert pages > 400
    assert items > 400
    assert tried <= 6
