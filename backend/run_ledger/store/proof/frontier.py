"""How far the proof is, as items of one partition of the table Entries: no entries of any job.

::

    pk = proof
    sk = frontier                how far jobs are proved, and how far the walk under way is
    sk = rows                    the same of rollup rows, see `row_frontier`
    sk = client#CLIENT           how often jobs, rows and projects of the client were recounted
    sk = differs#CLIENT#KIND#ID  what differs from its entries; KIND is job, project or row, and the
                                 client ``*`` where a row counts the jobs of all

A run may end anywhere, and two may be at work at once. So a step of a walk is one transaction: the
frontier moves on the condition that its version is as read, and what was counted goes with it. Who
loses stops. Jobs that differ are put before, under their own keys, where a second time changes
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

from botocore.exceptions import ClientError
from msgspec import Struct, convert, structs, to_builtins

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Item, from_item, to_item
from run_ledger.store.dynamo.expressions import QueryBuilder, UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault, fault_of_code
from run_ledger.store.dynamo.reading import Reading

PARTITION = "proof"
FRONTIER = "frontier"
CLIENT = "client#"
DIFFERS = "differs#"
OF_ALL = "*"
"""Stands for the client of a row that counts the jobs of all; no client is named so."""
MOST_DIFFERING = 1_000
"""So much of what differs is read: to be judged again, and to be counted."""


class Frontier(Struct, frozen=True):
    """How far the proof is.

    Jobs whose last event came in from ``since`` until ``proved_to`` have been recounted. The walk
    under way is to move the latter to ``target``; there is none where these are equal. It goes
    through the days of creation in ``visit``, and stands ``after`` an index row of ``place``, a
    day and an outcome. It ``is_whole`` where it visits all days, and the last such walk led to
    ``whole_to``. ``counts`` are digests of what each day counted when the last walk began, and
    ``next_counts`` when this one did. ``judged`` says how often jobs were recounted, and
    ``not_judged`` how many could not be.
    """

    since: Instant
    proved_to: Instant
    target: Instant
    whole_to: Instant
    version: int = 0
    is_whole: bool = False
    place: str = ""
    after: Mapping[str, Any] | None = None
    visit: Sequence[str] = ()
    counts: Mapping[str, int] = {}
    next_counts: Mapping[str, int] = {}
    judged: int = 0
    not_judged: int = 0
    judged_at: Instant = Instant(0)

    @property
    def is_walking(self) -> bool:
        """Return whether a walk has begun and not ended."""
        return self.target > self.proved_to


class Counts(NamedTuple):
    """How often jobs, rows and projects were recounted, and how many could not be."""

    judged: int = 0
    not_judged: int = 0
    rows: int = 0
    rows_not_judged: int = 0
    projects: int = 0


class WrongValue(Struct, frozen=True):
    """What differs: the path of an attribute, with both values where these are numbers."""

    attribute: str
    stored: int | None = None
    recounted: int | None = None


class Differing(Struct, frozen=True):
    """Something of a client that is not what its entries give, by its id.

    The id of a row is its partition, a space and its sort key, as an audit names it.
    """

    client_id: str
    kind: Literal["job", "project", "row"]
    id: str
    found_at: Instant
    differences: Sequence[WrongValue]


class Overtaken(Exception):
    """Another run has moved the frontier."""


def read_frontier(reading: Reading, *, consistent: bool = True) -> Frontier | None:
    """Return the frontier, None before the first run."""
    return reading.alone(partial(frontier_of, reading, consistent=consistent))


def frontier_of(reading: Reading, *, consistent: bool = False) -> Frontier | None:
    """Make the call that `read_frontier` makes."""
    answer: Any = reading.client.get_item(
        TableName=reading.tables.entries, Key=key_in_proof(FRONTIER), ConsistentRead=consistent
    )
    item = answer.get("Item")
    return None if item is None else convert(from_item(item), Frontier)


def all_differing(
    reading: Reading, client_id: str | None = None, most: int = MOST_DIFFERING
) -> list[Differing]:
    """Return up to *most* of what differs, of one client or of all."""
    query = QueryBuilder(reading.tables.entries, "pk", PARTITION)
    query.sort_prefix("sk", DIFFERS if client_id is None else f"{DIFFERS}{client_id}#")
    answer: Any = reading.client.query(**query.request(limit=most))
    return [convert(from_item(item), Differing) for item in answer["Items"]]


def counts_of(reading: Reading, client_id: str) -> Counts:
    """Return how often what a client has was recounted, and how much could not be."""
    answer: Any = reading.client.get_item(
        TableName=reading.tables.entries, Key=key_in_proof(f"{CLIENT}{client_id}")
    )
    item = answer.get("Item", {})
    return Counts(*(int(item.get(name, {"N": "0"})["N"]) for name in Counts._fields))


def note_difference(reading: Reading, one: Differing) -> None:
    """Keep that *one* differs."""
    item = to_item(to_builtins(one))
    reading.client.put_item(
        TableName=reading.tables.entries, Item=key_in_proof(_sort_of(one)) | item
    )


def forget_difference(reading: Reading, one: Differing) -> None:
    """Keep no longer that *one* differs."""
    reading.client.delete_item(TableName=reading.tables.entries, Key=key_in_proof(_sort_of(one)))


def move(
    reading: Reading, before: Frontier, after: Frontier, counts: Mapping[str, Counts]
) -> Frontier:
    """Put *after* in place of *before*, add the *counts* of each client, and return it.

    Raises Overtaken where the frontier is not *before* any more, and StoreUnavailable where
    DynamoDB could not tell.
    """
    moved = structs.replace(
        after,
        version=before.version + 1,
        judged=before.judged + sum(one.judged for one in counts.values()),
        not_judged=before.not_judged + sum(one.not_judged for one in counts.values()),
    )
    put_next(reading, FRONTIER, before.version, moved, counts)
    return moved


def put_next(
    reading: Reading, sort: str, version: int, moved: Struct, counts: Mapping[str, Counts]
) -> None:
    """Put *moved* under *sort*, where *version* is still there, and add the *counts* of clients.

    Version 0 stands for none. Raises Overtaken and StoreUnavailable as `move` does.
    """
    table = reading.tables.entries
    condition = UpdateBuilder()
    if version:
        condition.require(("version",), "=", version)
    else:
        condition.require_absent("pk")
    item = key_in_proof(sort) | to_item(to_builtins(moved))
    actions: list[Any] = [{"Put": {"TableName": table, "Item": item, **condition.condition()}}]
    for client_id, number in sorted(counts.items()):
        addition = UpdateBuilder()
        addition.add(number._asdict())
        actions.append(addition.action(table, key_in_proof(f"{CLIENT}{client_id}")))
    try:
        reading.client.transact_write_items(TransactItems=actions)
    except ClientError as error:
        if fault(error) is not Fault.CANCELLED:
            raise
        reasons: Any = error.response.get("CancellationReasons", [])
        if reasons and fault_of_code(reasons[0].get("Code", "")) is Fault.CONDITION:
            raise Overtaken from error
        raise StoreUnavailable(str(error)) from error


def _sort_of(one: Differing) -> str:
    return f"{DIFFERS}{one.client_id}#{one.kind}#{one.id}"


def key_in_proof(sort: str) -> Item:
    """Return the key of an item of the proof."""
    return to_item({"pk": PARTITION, "sk": sort})
