"""How many jobs each client or project has, and which clients and projects have any.

The rows that total the jobs of clients lie in one partition, those of a client's projects in
another. A row's sort key is the name of what it counts, ``#`` and the writer's shard: its order is
that of the names, as no character of a name comes before ``#``. So the sort keys alone tell which
clients have reported, and which projects a client has jobs in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.contract.vocabulary import OUTCOMES
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import Instant
from run_ledger.domain.state.rollups import CLIENTS, NOW, projects_partition
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.rollup_items import SEEN, from_rollup_item, seen_at

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Sorts right after all shards of a name.
_BEYOND = "$"
_ATTRIBUTES = ("pk", "sk", SEEN, *(NOW + outcome for outcome in OUTCOMES))


class Total(NamedTuple):
    """The number of jobs now in each outcome, and when writers last counted, if rows say so."""

    states: Mapping[str, int]
    seen_at: Sequence[Instant] = ()


NOTHING = Total({})
TotalsByName = Mapping[str, Total]


class TotalsPage(NamedTuple):
    """Totals by name, ascending; ``goes_on`` says that there are names after the last one."""

    totals: TotalsByName
    goes_on: bool


def read_totals(
    client: DynamoDBClient, table: str, partition: str, *, start: str | None, rows: int | None
) -> TotalsPage:
    """Return the totals of a partition after the name *start*, from at most *rows* rows."""
    query = QueryBuilder(table, "pk", partition)
    query.sort_after("sk", None if start is None else f"{start}{_BEYOND}")
    answer = client.query(**query.request(_ATTRIBUTES, limit=rows))
    totals = _added(answer["Items"])
    if "LastEvaluatedKey" not in answer:
        return TotalsPage(totals, goes_on=False)
    # The last name may have more shards than were read, unless it fills the whole answer.
    names = list(totals)
    return TotalsPage({name: totals[name] for name in names[:-1] or names}, goes_on=True)


def read_all_totals(client: DynamoDBClient, table: str, partition: str) -> TotalsByName:
    """Return all totals of a partition; InvalidQuery where one answer doesn't hold them."""
    page = read_totals(client, table, partition, start=None, rows=None)
    if page.goes_on:
        raise InvalidQuery("client_id", "there are too many clients for one answer; name one")
    return page.totals


def read_total(client: DynamoDBClient, table: str, partition: str, name: str) -> Total | None:
    """Return the totals of one name, None where it has no row."""
    query = QueryBuilder(table, "pk", partition)
    query.sort_prefix("sk", f"{name}#")
    answer = client.query(**query.request(_ATTRIBUTES))
    return _added(answer["Items"]).get(name)


def _added(items: Any) -> dict[str, Total]:
    totals: dict[str, Counter[str]] = {}
    seen: dict[str, list[Instant]] = {}
    for item in items:
        row, counts = from_rollup_item(item)
        total = totals.setdefault(row.sort, Counter())
        for name, count in counts.items():
            total[name.removeprefix(NOW)] += count
        at = seen_at(item)
        seen.setdefault(row.sort, []).extend([] if at is None else [at])
    return {name: Total(total, seen[name]) for name, total in totals.items()}


def read_client_ids(client: DynamoDBClient, table: str) -> list[str]:
    """Return the clients that have reported; InvalidQuery where one answer can't hold them."""
    found, is_whole = _names(client, table, CLIENTS)
    if not is_whole:
        raise InvalidQuery(
            "client_id", "there are too many clients to go through at once; name one"
        )
    return found


def read_project_ids(client: DynamoDBClient, table: str, client_id: str) -> list[str]:
    """Return the projects that *client_id* has jobs in; InvalidQuery where they are too many."""
    found, is_whole = _names(client, table, projects_partition(client_id))
    if not is_whole:
        raise InvalidQuery(
            "project_id", f"client {client_id} has too many to go through at once; name one"
        )
    return found


def _names(client: DynamoDBClient, table: str, partition: str) -> tuple[list[str], bool]:
    """Return the distinct sort keys of a partition without shards, and whether these are all."""
    answer = client.query(**QueryBuilder(table, "pk", partition).request(["sk"]))
    items: list[Any] = answer["Items"]
    names = dict.fromkeys(item["sk"]["S"].rpartition("#")[0] for item in items)
    return list(names), "LastEvaluatedKey" not in answer
