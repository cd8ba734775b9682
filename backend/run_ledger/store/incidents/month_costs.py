"""What a client's jobs have cost in a month of UTC: the rows that ``/trends`` adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import DAY, EPOCH, Instant, day, every, from_datetime
from run_ledger.domain.state.rollups import client_row, project_row
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.rollup_items import OF_MERGES, as_counted, sort_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_COST = "c_cost_microusd"
_SORT = "sk"


class Month(NamedTuple):
    """A month of UTC, such as ``2026-12``, from its first instant to that of the next."""

    name: str
    begins_at: Instant
    ends_at: Instant


def month_of(now: Instant) -> Month:
    """Return the month that *now* lies in."""
    moment = EPOCH + timedelta(microseconds=now)
    first = datetime(moment.year, moment.month, 1, tzinfo=moment.tzinfo)
    following = (first + timedelta(days=31)).replace(day=1)
    return Month(day(now)[:7], from_datetime(first), from_datetime(following))


class MonthCosts:
    """Reads the sums of one month, day by day."""

    def __init__(
        self, client: DynamoDBClient, table: str, month: Month, remaining: Callable[[], float]
    ) -> None:
        """Read rows of *table* while *remaining* says that seconds are left."""
        self._client = client
        self._table = table
        self._month = month
        self._remaining = remaining

    def by_pipeline(self, client_id: str) -> Mapping[str, int]:
        """Return what each pipeline of a client has cost, in millionths of a US dollar.

        Raises StoreUnavailable where DynamoDB refuses, or no time is left.
        """
        return self._sums(lambda one: client_row(client_id, f"{one}T00", "").partition)

    def of_project(self, client_id: str, project_id: str) -> int:
        """Return what a client's jobs of a project have cost; raises as `by_pipeline` does."""
        sums = self._sums(lambda one: project_row(project_id, f"{one}T00", "").partition)
        return sums.get(client_id, 0)

    def _sums(self, partition: Callable[[str], str]) -> Mapping[str, int]:
        """Add up the rows of each day by what stands behind the hour in their sort keys."""
        sums: Counter[str] = Counter()
        for midnight in every(DAY, self._month.begins_at, self._month.ends_at):
            if self._remaining() <= 0:
                raise StoreUnavailable("no time is left to add up what was spent")
            query = QueryBuilder(self._table, "pk", partition(day(midnight)))
            request = query.request([_SORT, _COST, *OF_MERGES], consistent=True)
            try:
                for item in as_counted(every_item(self._client.query, request)):
                    if _COST in item:
                        name = sort_of(item).partition("#")[2]
                        sums[name] += int(item[_COST]["N"])
            except (ClientError, BotoCoreError) as error:
                raise StoreUnavailable(str(error)) from error
        return sums
