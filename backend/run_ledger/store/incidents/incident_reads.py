"""Reads of incidents: rows of their indexes, and the incidents as they are now.

Rows and causes of up to a hundred incidents are two calls. The cause knows how many jobs have
failed since the last notice; of what waits, and was never told, nothing is read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from run_ledger.domain.api.pages import Stretch
from run_ledger.domain.incidents.causes import Cause
from run_ledger.domain.incidents.incident_rows import IncidentRow, row_now
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.dynamo.batches import portions, read_items
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.keys import BY_CLIENT, BY_OPEN, BY_TIME

from .incident_items import cause_in, cause_sort_key, scope_key
from .row_items import (
    ALL_INCIDENTS,
    OPEN_INCIDENTS,
    ROW,
    SHOWN,
    ListedIncident,
    listed_in,
    open_prefix,
    row_in,
    row_key,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ANSWERS_OF_OPEN = 4
_INCIDENTS_A_CALL = 50


class WantedIncidents(Struct, frozen=True):
    """Which incidents to read: those at ``low`` or later and ``below``, by position; None: no end.

    ``keeps`` says which of their rows count, of ``most`` that are looked through.
    """

    low: str | None
    below: str | None
    keeps: Callable[[ListedIncident], bool]
    most: int


class OpenIncidents(Struct, frozen=True):
    """Open incidents; not ``is_whole`` where there are more than can be read."""

    rows: Sequence[ListedIncident]
    is_whole: bool


def read_listed(
    client: DynamoDBClient,
    table: str,
    owner: str | None,
    wanted: WantedIncidents,
    limit: int,
) -> Stretch[ListedIncident]:
    """Return the *wanted* incidents of an owner, as `listed_owners` names it, newest first.

    With None they are those of all. They are one more than *limit* at most.
    """
    query = (
        QueryBuilder(table, "listed", ALL_INCIDENTS, index=BY_TIME)
        if owner is None
        else QueryBuilder(table, "client_id", owner, index=BY_CLIENT)
    )
    below = wanted.below
    query.sort_between("ck", low=wanted.low, below=below)
    # Of a range with two ends, the row at the upper one comes, too.
    answer: Any = client.query(**query.request(SHOWN, limit=wanted.most + 2, descending=True))
    rows = [(one.position, one) for one in map(listed_in, answer["Items"])]
    found = [row for row in rows if below is None or row[0] < below]
    kept = [row for row in found if wanted.keeps(row[1])]
    chosen = kept[: limit + 1]
    is_cut = len(chosen) < len(kept)
    goes_on = bool(rows) and (is_cut or "LastEvaluatedKey" in answer)
    reached = chosen[-1][0] if is_cut else (rows[-1][0] if rows else None)
    return Stretch(chosen, goes_on, reached)


def read_open(client: DynamoDBClient, table: str, owner: str | None) -> OpenIncidents:
    """Return the open incidents of an owner, or with None of all, by owner and time."""
    query = QueryBuilder(table, "open_list", OPEN_INCIDENTS, index=BY_OPEN)
    if owner is not None:
        query.sort_prefix("open_key", open_prefix(owner))
    found: list[ListedIncident] = []
    after = None
    for _ in range(_ANSWERS_OF_OPEN):
        answer: Any = client.query(**query.request(SHOWN, after=after))
        found += map(listed_in, answer["Items"])
        after = answer.get("LastEvaluatedKey")
        if after is None:
            return OpenIncidents(found, is_whole=True)
    return OpenIncidents(found, is_whole=False)


def joined_open(
    parts: Sequence[OpenIncidents], clients: Collection[str], *, with_staffs: bool
) -> OpenIncidents:
    """Return the open incidents of *clients* in all *parts*, newest first.

    Those of staff are among them if it is *with_staffs*.
    """
    rows = [
        row
        for part in parts
        for row in part.rows
        if row.scope.client_id in clients and (with_staffs or not row.scope.is_of_staff)
    ]
    rows.sort(key=lambda row: row.position, reverse=True)
    return OpenIncidents(rows, all(part.is_whole for part in parts))


def incident_calls(
    reading: Reading, listed: Iterable[ListedIncident]
) -> list[Callable[[], Mapping[str, IncidentRow]]]:
    """Return the calls that read incidents as they are now, by id; what is gone is left out."""
    return [
        partial(_read_incidents, reading.client, reading.tables.incidents, portion)
        for portion in portions(list(listed), _INCIDENTS_A_CALL)
    ]


def read_row(client: DynamoDBClient, table: str, incident_id: str) -> IncidentRow | None:
    """Return an incident as its last notice left it; None where there is none of this id."""
    key = row_key(incident_id)
    answer: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    return row_in(answer["Item"]) if "Item" in answer else None


def read_now(client: DynamoDBClient, table: str, row: IncidentRow) -> IncidentRow:
    """Return *row* with what its cause knows since."""
    answer: Any = client.get_item(TableName=table, Key=_cause_of(row), ConsistentRead=True)
    return row_now(row, cause_in(answer["Item"]) if "Item" in answer else None)


def _read_incidents(
    client: DynamoDBClient, table: str, listed: Sequence[ListedIncident]
) -> Mapping[str, IncidentRow]:
    # Two incidents of one cause share its item, and no key may be asked for twice.
    causes = {(one.scope, one.key): _cause_of(one) for one in listed}
    keys = [*(row_key(one.incident_id) for one in listed), *causes.values()]
    items = read_items(client, {table: keys})[table]
    known = {(one["pk"]["S"], one["sk"]["S"]): cause_in(one) for one in items if not _is_row(one)}
    rows = [row_in(one) for one in items if _is_row(one)]
    return {row.incident_id: row_now(row, _known_cause(known, row)) for row in rows}


def _is_row(item: Item) -> bool:
    return bool(item["sk"]["S"] == ROW)


def _known_cause(known: Mapping[tuple[str, str], Cause], row: IncidentRow) -> Cause | None:
    return known.get((scope_key(row.scope), cause_sort_key(row.key)))


def _cause_of(one: ListedIncident | IncidentRow) -> Item:
    return to_item({"pk": scope_key(one.scope), "sk": cause_sort_key(one.key)})
