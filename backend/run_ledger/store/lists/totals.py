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
from run_ledger.domain.instants import Instant
from run_ledger.domain.state.rollups import NOW
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.rollup_items import SEEN, from_rollup_item, seen_at

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Each has about a MB: some six hundred clients with eight shards.
_MOST_ANSWERS = 8
# Sorts right after all shards of a name.
_BEYOND = "$"
_ATTRIBUTES = ("pk", "sk", SEEN, *(NOW + outcome for outcome in OUTCOMES))


class Total(NamedTuple):
    """The number of jobs now in each outcome, and when writers last counted, if rows say so."""

    states: Mapping[str, int]
    seen_at: Sequence[Instant] = ()

    @property
    def jobs(self) -> int:
        """Return how many jobs there are."""
        return sum(self.states.get(outcome, 0) for outcome in OUTCOMES)


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


def read_all_totals(client: DynamoDBClient, table: str, partition: str) -> TotalsPage:
    """Return all totals of a partition, as far as `_MOST_ANSWERS` answers of DynamoDB hold them."""
    totals: dict[str, Total] = {}
    start: str | None = None
    for _ in range(_MOST_ANSWERS):
        page = read_totals(client, table, partition, start=start, rows=None)
        totals |= page.totals
        if not page.goes_on:
            return TotalsPage(totals, goes_on=False)
        start = max(page.totals)
    return TotalsPage(totals, goes_on=True)


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
