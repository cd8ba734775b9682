"""A small DynamoDB in memory, with the interface of boto3's client.

It does what the ledger needs of DynamoDB (single and transactional writes with conditions, reads by
key), keeps DynamoDB's limits, and raises botocore's own errors. Every call goes through a *script*,
which chooses a *fault* for it (see `faults`) or stops the calling thread (see `writers`).
`tests/backend/store/dynamo/test_dynamo_stand_in.py` compares it with other implementations.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError
from tests.support.dynamo.expressions import (
    Expressions,
    InvalidExpression,
    InvalidUpdate,
    Item,
    copied,
    key_range_of,
)
from tests.support.dynamo.item_sizes import item_bytes

if TYPE_CHECKING:
    from tests.support.dynamo.throttles import Throttled

MAX_ACTIONS = 100
MAX_KEYS = 100
MAX_PUTS = 25
MAX_ROWS = 50
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_ITEM_BYTES = 400 * 1024
_MAX_KEY_BYTES = {0: 2048, 1: 1024}

Answer = dict[str, Any]
Key = tuple[str, ...]
Place = tuple[str, Key]


class TableSchema(NamedTuple):
    """A table's key attributes (one or two) and those of its indexes; all are strings."""

    key: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]] = {}


@dataclass(slots=True)
class Call:
    """One call of a client, before it takes effect."""

    store: Dynamo
    operation: str
    request: dict[str, Any]

    def perform(self, **changes: Any) -> Answer:
        """Let the call take effect, with some parameters of the request replaced."""
        return self.store.perform(self.operation, self.request | changes)


Fault = Callable[[Call], Answer]
Script = Callable[[Call], Fault | None]


class Client:
    """The part of boto3's client that the ledger uses."""

    def __init__(self, store: Dynamo, script: Script | None = None) -> None:
        """Make a client of *store*; *script* chooses the fault of each call, if there is one."""
        self._store = store
        self._script = script

    def transact_write_items(self, **request: Any) -> Answer:
        """Write up to 100 items, all or none."""
        return self._call("TransactWriteItems", request)

    def put_item(self, **request: Any) -> Answer:
        """Write one item."""
        return self._call("PutItem", request)

    def update_item(self, **request: Any) -> Answer:
        """Change one item."""
        return self._call("UpdateItem", request)

    def get_item(self, **request: Any) -> Answer:
        """Read one item."""
        return self._call("GetItem", request)

    def batch_get_item(self, **request: Any) -> Answer:
        """Read up to 100 items."""
        return self._call("BatchGetItem", request)

    def query(self, **request: Any) -> Answer:
        """Read a range of a partition's sort keys."""
        return self._call("Query", request)

    def batch_write_item(self, **request: Any) -> Answer:
        """Write up to 25 items, each for itself."""
        return self._call("BatchWriteItem", request)

    def _call(self, operation: str, request: dict[str, Any]) -> Answer:
        call = Call(self._store, operation, request)
        fault = self._script(call) if self._script else None
        return fault(call) if fault else call.perform()


@dataclass(slots=True)
class Write:
    """One write, alone or in a transaction: its condition and the item that it makes."""

    table: str
    key: Key
    old: Item | None
    new: Item | None = None
    """None where the action only checks a condition."""
    code: str = "None"
    message: str = ""
    shows_old: bool = False


@dataclass(slots=True)
class Dynamo:
    """The tables. Every call is atomic, and any thread may make one.

    Items are never changed but replaced, so that those given out need no copying.
    """

    schemas: Mapping[str, TableSchema]
    lag: int = 0
    """How many writes of an item a read sees late, unless it asks for consistency."""
    commits: int = 0
    """How many calls have changed anything so far."""
    throttles: Throttled | None = None
    """What is throttled now, if anything (see `tests.support.dynamo.throttles`)."""
    _versions: dict[Place, list[Item | None]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def client(self, script: Script | None = None) -> Client:
        """Return a client whose calls go through *script*."""
        return Client(self, script)

    def items(self, table: str) -> list[Item]:
        """Return all items of *table*, in the order of their keys."""
        with self._lock:
            kept = {
                key: items[-1] for (name, key), items in self._versions.items() if name == table
            }
            return [item for key in sorted(kept) if (item := kept[key]) is not None]

    def perform(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """Do what *request* asks for, or raise ClientError as DynamoDB would."""
        with self._lock, _refusals(operation):
            return _OPERATIONS[operation](self, request)

    def transact_write_items(self, request: Mapping[str, Any]) -> Answer:
        """Write all or nothing; ``Fail`` (index to code) makes actions fail for no reason."""
        actions = request["TransactItems"]
        if not 1 <= len(actions) <= MAX_ACTIONS:
            raise _Refused(f"a transaction has 1 to {MAX_ACTIONS} actions, not {len(actions)}")
        writes = [self._action(action) for action in actions]
        if len({(write.table, write.key) for write in writes}) < len(writes):
            raise _Refused("Transaction request cannot include multiple operations on one item")
        for index, code in request.get("Fail", {}).items():
            writes[index].code, writes[index].message = code, "injected"
        if self.throttles is not None:
            self.throttles.judge(writes)
        if any(write.code != "None" for write in writes):
            raise cancelled([_reason(write) for write in writes])
        if sum(item_bytes(write.new or {}) for write in writes) > MAX_TRANSACTION_BYTES:
            raise _Refused("Transaction request exceeds 4 MB")
        self._commit(writes)
        return {}

    def put_item(self, request: Mapping[str, Any]) -> Answer:
        """Write one item."""
        return self._write_one(self._put(request))

    def update_item(self, request: Mapping[str, Any]) -> Answer:
        """Change one item, and return all of it where what was updated is asked for."""
        write = self._update(request)
        shown = {"Attributes": write.new} if request.get("ReturnValues") == "UPDATED_NEW" else {}
        return self._write_one(write) | shown

    def get_item(self, request: Mapping[str, Any]) -> Answer:
        """Read one item."""
        key = self._key(request["TableName"], request["Key"])
        item = self._read(request["TableName"], key, request)
        return {} if item is None else {"Item": item}

    def batch_get_item(self, request: Mapping[str, Any]) -> Answer:
        """Read many items; they come in no order, here the opposite of the one asked for."""
        wanted = request["RequestItems"]
        asked = sum(len(one["Keys"]) for one in wanted.values())
        if not 1 <= asked <= MAX_KEYS:
            raise _Refused(f"a batch has 1 to {MAX_KEYS} keys")
        responses: dict[str, list[Item]] = {}
        unread: dict[str, Any] = {}
        for table, one in wanted.items():
            keys = [self._key(table, key) for key in one["Keys"]]
            if len(set(keys)) < len(keys):
                raise _Refused("Provided list of item keys contains duplicates")
            left = self._left_out(table, keys)
            if left:
                unread[table] = {**one, "Keys": [one["Keys"][keys.index(key)] for key in left]}
            found = [self._read(table, key, one) for key in reversed(keys) if key not in left]
            responses[table] = [item for item in found if item is not None]
        if sum(len(one["Keys"]) for one in unread.values()) == asked:
            # What BatchGetItem's reference says of a call of which no item can be processed.
            raise client_error("ProvisionedThroughputExceededException", "", "BatchGetItem")
        return {"Responses": responses, "UnprocessedKeys": unread}

    def query(self, request: Mapping[str, Any]) -> Answer:
        """Read a range of sort keys as writers do; `Querying` does what readers ask."""
        table, names = request["TableName"], self.schemas[request["TableName"]].key
        is_asked_for = key_range_of(request, names)
        start = request.get("ExclusiveStartKey")
        after = self._key(table, start) if start else ("", "")
        keys = (key for name, key in list(self._versions) if name == table)
        wanted = sorted(key for key in keys if is_asked_for(key) and key > after)
        if self._left_out(table, wanted):
            raise client_error("ProvisionedThroughputExceededException", "", "Query")
        found = [item for key in wanted if (item := self._read(table, key, request)) is not None]
        most = min(MAX_ROWS, request.get("Limit", MAX_ROWS))
        answer: Answer = {"Items": found[:most], "Count": len(found[:most])}
        if len(found) > most:
            answer["LastEvaluatedKey"] = {name: found[most - 1][name] for name in names}
        return answer

    def _left_out(self, table: str, keys: Sequence[Key]) -> list[Key]:
        return [key for key in keys if self.throttles and self.throttles.of_read(table, key)]

    def batch_write_item(self, request: Mapping[str, Any]) -> Answer:
        """Put many items, each for itself and without a condition."""
        puts = [
            {"TableName": table, "Item": one["PutRequest"]["Item"]}
            for table, some in request["RequestItems"].items()
            for one in some
        ]
        if not 1 <= len(puts) <= MAX_PUTS:
            raise _Refused(f"a batch has 1 to {MAX_PUTS} items")
        writes = [self._put(put) for put in puts]
        if len({(write.table, write.key) for write in writes}) < len(writes):
            raise _Refused("Provided list of item keys contains duplicates")
        self._commit(writes)
        return {"UnprocessedItems": {}}

    def _action(self, action: Mapping[str, Any]) -> Write:
        if len(action) != 1:
            raise _Refused("TransactItems can only contain one of Check, Put, Update or Delete")
        ((kind, request),) = action.items()
        try:
            return {"Put": self._put, "Update": self._update, "ConditionCheck": self._check}[kind](
                request
            )
        except InvalidUpdate as error:
            write = Write(request["TableName"], (), None, code="ValidationError")
            write.message = str(error)
            # The key tells actions apart; one whose item was never built needs one, too.
            write.key = self._key(request["TableName"], request.get("Key") or request["Item"])
            return write

    def _put(self, request: Mapping[str, Any]) -> Write:
        expressions = Expressions(request)
        new = self._stored(request["TableName"], request["Item"])
        write = self._begin(request, request["Item"], expressions)
        write.new = new
        return write

    def _update(self, request: Mapping[str, Any]) -> Write:
        expressions = Expressions(request)
        table = request["TableName"]
        write = self._begin(request, request["Key"], expressions)
        if {path[0] for path in expressions.update.paths} & set(self._schema(table).key):
            raise _Refused("Cannot update attribute. This attribute is part of the key")
        if write.code == "None":
            new = copied(write.old if write.old is not None else request["Key"])
            expressions.update.apply(new)
            write.new = self._stored(table, new)
        return write

    def _check(self, request: Mapping[str, Any]) -> Write:
        if "ConditionExpression" not in request:
            raise _Refused("ConditionExpression is missing")
        return self._begin(request, request["Key"], Expressions(request))

    def _begin(
        self, request: Mapping[str, Any], names_key: Item, expressions: Expressions
    ) -> Write:
        """Find the item that *request* is about, and judge its condition."""
        table = request["TableName"]
        is_key_alone = "Key" in request
        key = self._key(table, names_key, alone=is_key_alone)
        old = self._latest(table, key)
        write = Write(table, key, old)
        if not expressions.condition(old or {}):
            write.code, write.message = "ConditionalCheckFailed", "The conditional request failed"
            write.shows_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        return write

    def _write_one(self, write: Write) -> Answer:
        if write.code == "ConditionalCheckFailed":
            shown = {"Item": write.old} if write.shows_old and write.old is not None else {}
            raise client_error("ConditionalCheckFailedException", write.message, **shown)
        self._commit([write])
        return {}

    def _commit(self, writes: Sequence[Write]) -> None:
        for write in writes:
            if write.new is not None:
                versions = self._versions.setdefault((write.table, write.key), [None])
                versions.append(write.new)
        self.commits += 1

    def _latest(self, table: str, key: Key) -> Item | None:
        return self._versions.get((table, key), [None])[-1]

    def _read(self, table: str, key: Key, request: Mapping[str, Any]) -> Item | None:
        versions = self._versions.get((table, key), [None])
        lag = 0 if request.get("ConsistentRead") else self.lag
        return versions[max(0, len(versions) - 1 - lag)]

    def _schema(self, table: str) -> TableSchema:
        if table not in self.schemas:
            raise client_error("ResourceNotFoundException", "Requested resource not found")
        return self.schemas[table]

    def _key(self, table: str, item: Item, *, alone: bool = True) -> Key:
        """Return the key in *item*, which must be nothing else where it stands *alone*."""
        names = self._schema(table).key
        if (alone and set(item) != set(names)) or any("S" not in item.get(n, {}) for n in names):
            raise _Refused("The provided key element does not match the schema")
        key = tuple(item[name]["S"] for name in names)
        for position, part in enumerate(key):
            if not 1 <= len(part.encode()) <= _MAX_KEY_BYTES[position]:
                raise _Refused("a key attribute is empty or too long")
        return key

    def _stored(self, table: str, item: Item) -> Item:
        """Return *item* as it would be kept; InvalidUpdate where it can't be."""
        schema = self._schema(table)
        for names in schema.indexes.values():
            for name in names:
                value = item.get(name, {"S": "absent is fine"})
                if not value.get("S"):
                    raise _Refused(f"{name} is the key of an index: a string that is not empty")
        kept = copied(item)
        if item_bytes(kept) > MAX_ITEM_BYTES:
            raise InvalidUpdate("Item size to update has exceeded the maximum allowed size")
        return kept


class _Refused(Exception):
    """A request that is malformed, whatever the tables hold."""


@contextmanager
def _refusals(operation: str) -> Iterator[None]:
    try:
        yield
    except (_Refused, InvalidExpression, InvalidUpdate) as error:
        raise client_error("ValidationException", str(error), operation) from error


def client_error(code: str, message: str = "", operation: str = "", **more: Any) -> ClientError:
    """Return the error that botocore raises for *code*."""
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, operation)  # type: ignore[arg-type]


def cancelled(reasons: Sequence[Mapping[str, Any]]) -> ClientError:
    """Return the error of a transaction that was cancelled for *reasons*, one for each action."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    return client_error(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        "TransactWriteItems",
        CancellationReasons=list(reasons),
    )


def _reason(write: Write) -> dict[str, Any]:
    if write.code == "None":
        return {"Code": "None"}
    reason: dict[str, Any] = {"Code": write.code, "Message": write.message}
    if write.shows_old and write.old is not None and write.code == "ConditionalCheckFailed":
        reason["Item"] = write.old
    return reason


_OPERATIONS: dict[str, Callable[[Dynamo, Mapping[str, Any]], Answer]] = {
    "TransactWriteItems": Dynamo.transact_write_items,
    "PutItem": Dynamo.put_item,
    "UpdateItem": Dynamo.update_item,
    "GetItem": Dynamo.get_item,
    "BatchGetItem": Dynamo.batch_get_item,
    "Query": Dynamo.query,
    "BatchWriteItem": Dynamo.batch_write_item,
}
