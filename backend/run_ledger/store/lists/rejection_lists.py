"""The list of rejected events, newest first, day by day.

No map says which days have any, so the latest are read in one round of calls, and where they don't
fill a page the others in a second; together they reach as far back as rejections are kept by
default.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from run_ledger.domain.api.pages import PageRows, Stretch, day_of, days_down, is_day, merged
from run_ledger.store.dynamo.attributes import Attribute
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.posting.rejections import BY_DAY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Row = dict[str, Attribute]
_DAYS_A_ROUND = (8, 88)


def read_rejections(
    reading: Reading, *, start: str | None, newest: str, oldest: str, limit: int
) -> PageRows[Row]:
    """Return the newest *limit* rejected events below *start*, from the days given."""
    days = days_down(newest if start is None else day_of(start), oldest)
    if start is not None and is_day(start):
        days = days[1:]
    stretches: list[Stretch[Row]] = []
    span: PageRows[Row] = PageRows([], None)
    for width in _DAYS_A_ROUND:
        portion, days = days[:width], days[width:]
        if not portion:
            break
        stretches += reading.together(
            [
                partial(_query, reading.client, reading.tables.rejections, day, start, limit + 1)
                for day in portion
            ]
        )
        span = merged(stretches, limit, portion[-1] if days else None)
        if len(span.rows) >= limit or any(stretch.goes_on for stretch in stretches):
            break
    return span


def _query(
    client: DynamoDBClient, table: str, day: str, start: str | None, rows: int
) -> Stretch[Row]:
    query = QueryBuilder(table, "day", day, index=BY_DAY)
    query.sort_between("rk", below=start)
    answer = client.query(**query.request(limit=rows, descending=True))
    found: Sequence[Any] = [(item["rk"]["S"], item) for item in answer["Items"]]
    return Stretch(found, bool(found) and "LastEvaluatedKey" in answer)
