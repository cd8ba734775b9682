"""The stand-in does what other implementations of DynamoDB do: one suite for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES, create_tables, empty_tables
from tests.support.readers import ledgers
from tests.support.stacks.local_stack import ROOT, free_port

from run_ledger.store.items import log_items
from run_ledger.store.logs.log_reads import has_rows_before
from run_ledger_ops.local.machine.cloud import LocalCloud
from run_ledger_ops.local.machine.state import StateFolder

MINISTACK_PYTHON = ROOT / ".venvs" / "local-cloud" / "bin" / "python"
ENTRIES, JOBS = NAMES.entries, NAMES.jobs
KEY = {"pk": {"S": "job#1"}, "sk": {"S": "e"}}
ITEM = {
    **KEY,
    "text": {"S": "b"},
    "number": {"N": "10"},
    "bytes": {"B": b"\x01\xff"},
    "nothing": {"NULL": True},
    "list": {"L": [{"N": "1"}, {"S": ""}]},
    "at": {"M": {"1": {"M": {"s": {"N": "-5"}}}, "2": {"M": {}}}},
    "astral": {"S": "\U0001d4b3"},
}


# Where the others are not like DynamoDB: they crash, round, or let pass what DynamoDB refuses.
DIFFERS = {
    "stand-in": (),
    "moto": (
        "number-below-text",
        "undefined name",
        "key empty",
        "half a comparison",
        "half an AND",
    ),
    "ministack": ("38 digits", "path twice", "no equals sign", "clause twice"),
}


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    """Give a client of moto; making one takes longer than all else here."""
    with empty_tables() as client:
        yield client


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Give a client of the local AWS, started without the rest of the local stack."""
    if not MINISTACK_PYTHON.exists():
        pytest.skip("needs the environment of the local AWS, which make run and make test make")
    state = StateFolder(tmp_path_factory.mktemp("local-aws"))
    state.open()
    cloud = LocalCloud(MINISTACK_PYTHON, state, free_port())
    try:
        cloud.start()
        client = cloud.client("dynamodb")
        create_tables(client)
        yield client
        client.close()
    finally:
        cloud.abandon()
        state.close()


@pytest.fixture(
    params=["stand-in", "moto", pytest.param("ministack", marks=pytest.mark.local_stack)]
)
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give a client of each implementation in turn, with the ledger's tables, empty."""
    if request.node.callspec.id.endswith(DIFFERS[request.param]):
        reason = f"{request.param} is not like DynamoDB here"
        request.applymarker(pytest.mark.xfail(strict=True, reason=reason))
    if request.param == "stand-in":
        yield ledgers.empty_store().client()
        return
    real = request.getfixturevalue(request.param)
    yield real
    for table, key in ((ENTRIES, ("pk", "sk")), (JOBS, ("job_id",))):
        for found in real.scan(TableName=table)["Items"]:
            real.delete_item(TableName=table, Key={name: found[name] for name in key})


def outcome(call: Any, **request: Any) -> Any:
    """Return what *call* answers; where it fails, the error's code and the reasons' codes."""
    try:
        return call(**request)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        reasons = error.response.get("CancellationReasons")
        return (code, [reason["Code"] for reason in reasons]) if reasons else code


def item(client: Any, key: dict[str, Any] = KEY, table: str = ENTRIES) -> Any:
    """Return an item as stored."""
    return client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def update(expression: str, *, key: Any = KEY, table: str = ENTRIES, **more: Any) -> dict[str, Any]:
    """Return an update; *more* are placeholders: ``n0`` a name, ``v0`` a value, or parameters."""
    request: dict[str, Any] = {"TableName": table, "Key": key, "UpdateExpression": expression}
    names = {f"#{name}": value for name, value in more.items() if name[0] == "n"}
    values = {f":{name}": value for name, value in more.items() if name[0] == "v"}
    rest = {name: value for name, value in more.items() if name[0].isupper()}
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = values
    return request | rest


def put(**more: Any) -> dict[str, Any]:
    """Return a put of the entry."""
    return {"TableName": ENTRIES, "Item": ITEM, **more}


ONCE = {"ConditionExpression": "attribute_not_exists(pk)"}
SHOWN = {**ONCE, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def test_an_item_comes_back_as_it_was_put(client: Any) -> None:
    """All types that the ledger uses."""
    client.put_item(**put())
    assert item(client) == ITEM
    assert item(client, {**KEY, "sk": {"S": "other"}}) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (str(2**53 * 10**6), str(2**53 * 10**6)),
        pytest.param("-" + "9" * 38, "-" + "9" * 38, id="38 digits"),
        ("100", "100"),
        ("0", "0"),
        ("-7", "-7"),
    ],
)
def test_integers_are_exact(client: Any, given: str, kept: str) -> None:
    """Up to 38 digits."""
    client.update_item(**update("ADD #n0 :v0", n0="c", v0={"N": given}))
    assert item(client)["c"] == {"N": kept}


def test_a_put_happens_once(client: Any) -> None:
    """A condition that fails changes nothing and shows the old item where asked."""
    client.put_item(**put(**ONCE))
    other = {"TableName": ENTRIES, "Item": {**KEY, "text": {"S": "other"}}}
    with pytest.raises(ClientError) as caught:
        client.put_item(**other, **SHOWN)
    assert caught.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert caught.value.response["Item"] == ITEM
    assert outcome(client.put_item, **other, **ONCE) == "ConditionalCheckFailedException"
    assert item(client) == ITEM
    client.put_item(**other)
    assert item(client) == other["Item"]


def test_an_update_makes_what_is_missing(client: Any) -> None:
    """ADD starts at zero; SET, REMOVE and ADD go together."""
    client.update_item(**update("ADD #n0 :v0", n0="c", v0={"N": "-3"}))
    assert item(client) == {**KEY, "c": {"N": "-3"}}
    client.update_item(
        **update(
            "SET #n1 = :v1, d = :v2 REMOVE gone ADD #n0 :v0",
            n0="c",
            n1="said",
            v0={"N": "10"},
            v1={"L": [{"M": {"o": {"S": ""}}}]},
            v2={"S": "x"},
        )
    )
    client.update_item(**update("REMOVE d"))
    assert item(client) == {**KEY, "c": {"N": "7"}, "said": {"L": [{"M": {"o": {"S": ""}}}]}}


def test_a_set_grows_and_shrinks_and_is_counted(client: Any) -> None:
    """ADD and DELETE take members; `size` of a set is their number; a set is never empty."""
    room = "attribute_not_exists(#n0) OR size(#n0) <= :v1"
    more = {"n0": "own", "ConditionExpression": f"attribute_exists(pk) AND ({room})"}
    client.put_item(**put())
    for members, most in ((["b", "a"], "0"), (["b", "c"], "2")):
        client.update_item(**update("ADD #n0 :v0", v0={"SS": members}, v1={"N": most}, **more))
    assert sorted(item(client)["own"]["SS"]) == ["a", "b", "c"]
    refused = update("ADD #n0 :v0", v0={"SS": ["d"]}, v1={"N": "2"}, **more)
    assert outcome(client.update_item, **refused) == "ConditionalCheckFailedException"
    client.update_item(**update("DELETE #n0 :v0", n0="own", v0={"SS": ["a", "x"]}))
    assert sorted(item(client)["own"]["SS"]) == ["b", "c"]
    client.update_item(**update("DELETE #n0 :v0", n0="own", v0={"SS": ["b", "c"]}))
    assert "own" not in item(client)


def test_an_update_sets_a_default_once(client: Any) -> None:
    """What is there already stays, beside other clauses."""
    for value in ("first", "second"):
        client.update_item(
            **update(
                "SET #n0 = if_not_exists(#n0, :v0), said = :v0 ADD #n1 :v1",
                n0="first",
                n1="c",
                v0={"S": value},
                v1={"N": "1"},
            )
        )
    assert item(client) == {
        **KEY,
        "first": {"S": "first"},
        "said": {"S": "second"},
        "c": {"N": "2"},
    }


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ("attribute_exists(pk)", None, True),
        ("attribute_exists(nowhere)", None, False),
        ("attribute_not_exists(nowhere)", None, True),
        ("attribute_not_exists(pk)", None, False),
        ("attribute_not_exists(nothing)", None, False),
        ("#n0 = :v0", {"N": "10.0"}, True),
        ("#n0 = :v0", {"S": "10"}, False),
        ("#n0 <> :v0", {"S": "10"}, True),
        ("nowhere <> :v0", {"N": "1"}, True),
        ("nowhere = :v0", {"N": "1"}, False),
        ("nowhere <= :v0", {"N": "1"}, False),
        ("#n0 < :v0", {"N": "9"}, False),
        ("#n0 <= :v0", {"N": "10"}, True),
        ("#n0 > :v0", {"N": "-100"}, True),
        ("#n0 >= :v0", {"N": "10.5"}, False),
        pytest.param("#n0 < :v0", {"S": "9"}, False, id="number-below-text"),
        ("#n1 < :v0", {"S": "b$"}, True),
        ("#n1 < :v0", {"S": "b"}, False),
        ("astral > :v0", {"S": "\uffff"}, True),
        ("#n2.#n3.s <= :v0", {"N": "-5"}, True),
        ("#n2.#n3.s <= :v0", {"N": "-6"}, False),
        ("#n2.#n3.nowhere <= :v0", {"N": "0"}, False),
        ("#n2.nowhere.s <= :v0", {"N": "0"}, False),
        ("#n0 = :v0 AND #n1 = :v1", {"N": "10"}, True),
        ("#n0 = :v0 AND #n1 < :v1 AND attribute_exists(pk)", {"N": "10"}, False),
    ],
)
def test_conditions(client: Any, condition: str, value: Any, *, holds: bool) -> None:
    """Comparisons are by type; what is missing compares with nothing."""
    client.put_item(**put())
    names = {"n0": "number", "n1": "text", "n2": "at", "n3": "1"}
    used = {name: there for name, there in names.items() if f"#{name}" in condition}
    values = {"v0": value} if value else {}
    if ":v1" in condition:
        values["v1"] = {"S": "b"}
    request = update("SET mark = :v9", v9={"N": "1"}, **used, **values)
    done = outcome(client.update_item, **request, ConditionExpression=condition)
    assert (done != "ConditionalCheckFailedException") == holds
    assert ("mark" in item(client)) == holds


def test_a_transaction_writes_all(client: Any) -> None:
    """Puts, updates and checks, over several tables."""
    actions = [
        {"Put": put(**ONCE)},
        {"Update": update("ADD n :v0", key={"job_id": {"S": "1"}}, table=JOBS, v0={"N": "1"})},
        {
            "ConditionCheck": {
                "TableName": JOBS,
                "Key": {"job_id": {"S": "2"}},
                "ConditionExpression": "attribute_not_exists(job_id)",
            }
        },
    ]
    client.transact_write_items(TransactItems=actions)
    assert item(client) == ITEM
    assert item(client, {"job_id": {"S": "1"}}, JOBS)["n"] == {"N": "1"}
    assert item(client, {"job_id": {"S": "2"}}, JOBS) is None


def test_a_transaction_writes_nothing_where_one_action_fails(client: Any) -> None:
    """The reasons stand in the order of the actions, with old items where asked for."""
    client.put_item(**put())
    fresh = {**put(**ONCE), "Item": {**KEY, "sk": {"S": "fresh"}}}
    job = {"job_id": {"S": "1"}}
    nowhere = update("ADD n :v0", key=job, table=JOBS, v0={"N": "1"})
    actions = [
        {"Put": fresh},
        {"Put": put(**SHOWN)},
        {"Update": {**nowhere, "ConditionExpression": "attribute_exists(job_id)"}},
    ]
    with pytest.raises(ClientError) as caught:
        client.transact_write_items(TransactItems=actions)
    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == [
        "None",
        "ConditionalCheckFailed",
        "ConditionalCheckFailed",
    ]
    assert reasons[1]["Item"] == ITEM
    assert "Item" not in reasons[0]
    assert "Item" not in reasons[2]
    assert item(client, {**KEY, "sk": {"S": "fresh"}}) is None
    assert item(client, job, JOBS) is None


def test_a_transaction_is_refused_where_it_is_malformed(client: Any) -> None:
    """More than 100 actions; two on one item."""
    many = [{"Put": {**put(), "Item": {**KEY, "sk": {"S": str(n)}}}} for n in range(101)]
    assert outcome(client.transact_write_items, TransactItems=many) == "ValidationException"
    twice = [{"Put": put()}, {"Update": update("ADD n :v0", v0={"N": "1"})}]
    assert outcome(client.transact_write_items, TransactItems=twice) == "ValidationException"
    assert item(client) is None
    client.transact_write_items(TransactItems=many[:100])


MALFORMED = {
    "undefined value": update("SET a = :v0"),
    "unused value": update("SET a = :v0", v0={"S": "x"}, v1={"S": "unused"}),
    "undefined name": update("SET #n0 = :v0", v0={"S": "x"}),
    "unused name": update("REMOVE a", n0="unused"),
    "key attribute": update("SET pk = :v0", v0={"S": "x"}),
    "path twice": update("SET a = :v0, a = :v1", v0={"S": "x"}, v1={"S": "y"}),
    "path in two clauses": update("SET a = :v0 ADD a :v1", v0={"S": "x"}, v1={"N": "1"}),
    "path into nothing": update("SET a.b = :v0", v0={"S": "no map there"}),
    "no equals sign": update("SET a :v0", v0={"S": "x"}),
    "clause twice": update("SET a = :v0 SET b = :v0", v0={"S": "x"}),
    "sum with text": update("ADD #n0 :v0", n0="text", v0={"N": "1"}),
    "sum of text": update("ADD #n0 :v0", n0="number", v0={"S": "1"}),
    "item too large": update("SET a = :v0", v0={"S": "x" * 400 * 1024}),
    "key too short": update("REMOVE a", key={"pk": {"S": "1"}}),
    "key too long": update("REMOVE a", key={**KEY, "more": {"S": "x"}}),
    "key of numbers": update("REMOVE a", key={"pk": {"S": "1"}, "sk": {"N": "1"}}),
    "key empty": update("REMOVE a", key={"pk": {"S": "1"}, "sk": {"S": ""}}),
    "key beyond 1 KB": update("REMOVE a", key={"pk": {"S": "1"}, "sk": {"S": "x" * 1025}}),
    "half a comparison": update("REMOVE a", ConditionExpression="pk ="),
    "half an AND": update("REMOVE a", ConditionExpression="pk = :v0 AND", v0={"S": "x"}),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_an_update_is_refused_where_it_is_malformed(client: Any, name: str) -> None:
    """Placeholders, paths, keys and sizes are checked."""
    client.put_item(**put())
    assert outcome(client.update_item, **MALFORMED[name]) == "ValidationException"
    assert item(client) == ITEM


@pytest.mark.parametrize("value", [{"S": ""}, {"N": "1"}])
def test_the_key_of_an_index_is_a_string_with_something_in_it(client: Any, value: Any) -> None:
    """An item without the attribute is just not in the index."""
    key = {"job_id": {"S": "1"}}
    request = update("SET ck = :v0", key=key, table=JOBS, v0=value)
    assert outcome(client.update_item, **request) == "ValidationException"
    client.update_item(**update("SET a = :v0", key=key, table=JOBS, v0=value))


def test_a_table_must_be_there(client: Any) -> None:
    """A name that is none is told apart from other mistakes."""
    request = update("REMOVE a", table="none-such")
    assert outcome(client.update_item, **request) == "ResourceNotFoundException"


def test_many_items_are_read_at_once(client: Any) -> None:
    """Those that are there, of several tables; what is missing is just not among them."""
    job = {"job_id": {"S": "1"}}
    client.put_item(**put())
    client.put_item(TableName=JOBS, Item=job)
    answer = client.batch_get_item(
        RequestItems={
            ENTRIES: {"Keys": [{**KEY, "sk": {"S": "none"}}, KEY], "ConsistentRead": True},
            JOBS: {"Keys": [job]},
        }
    )
    assert answer["Responses"] == {ENTRIES: [ITEM], JOBS: [job]}
    assert answer["UnprocessedKeys"] == {}


def test_a_batch_of_reads_has_its_limits(client: Any) -> None:
    """At most 100 keys, each once."""
    keys = [{"job_id": {"S": str(n)}} for n in range(101)]
    for wanted in (keys, [keys[0], keys[0]]):
        request = {"RequestItems": {JOBS: {"Keys": wanted}}}
        assert outcome(client.batch_get_item, **request) == "ValidationException"


@pytest.mark.parametrize(("number", "is_there"), [(5, False), (6, True)])
def test_a_range_may_have_no_lower_end(number: int, *, is_there: bool) -> None:
    """Whether a log has rows before a number is asked with one key alone."""
    store = ledgers.empty_store()
    key = log_items.log_key("job", "job-1", 5)
    store.client().put_item(TableName=ledgers.NAMES.entries, Item=key)
    client: Any = store.client()
    assert has_rows_before(client, ledgers.NAMES.entries, ("job", "job-1"), number) is is_there
