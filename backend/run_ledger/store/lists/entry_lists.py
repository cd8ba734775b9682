"""The history of a job: its entries, which lie in the rows of its log, or by event id as of old.

A row holds what one batch brought, and batches come in any order. So a history is read to its end
and sorted. One that is too long for that is given page by page as it lies there: the log in the
order of its rows, which is that of coming in, and the entries of old in that of their ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys
from run_ledger.store.items.entry_items import StoredEntry
from run_ledger.store.items.job_items import StoredJob
from run_ledger.store.items.log_items import entries_of
from run_ledger.store.logs.log_reads import lanes_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A history is read to its end up to so many entries, as the job counts them, and answers of 1 MB.
MOST_SORTED_ENTRIES = 5_000
MOST_ANSWERS = 10
# Rows of a log are looked for so often, where those of some numbers have expired.
_LOOKS = 3


class RowPlace(NamedTuple):
    """Where an entry lies in a log: the number of its row, from 1, and its place there, from 0."""

    number: int
    place: int


class LogPage(NamedTuple):
    """Entries of a log with their places, and where to go on after them; None at the end."""

    entries: Sequence[tuple[RowPlace, StoredEntry]]
    end: RowPlace | None


def read_by_time(
    reading: Reading,
    stored: StoredJob,
    after: tuple[Instant, str] | None,
    limit: int,
    *,
    newest: bool,
) -> Sequence[StoredEntry] | None:
    """Return the entries after (``occurred_at``, event id), one more than *limit*.

    They come in the order of time, the *newest* first if asked for. Returns None where the history
    is too long to be read to its end.
    """
    job_id = stored.job.job_id
    found: list[Any] = []
    starts: dict[str, Item | None] = {}
    if stored.has_old:
        starts[keys.entity_key("job", job_id)] = None
    if stored.in_log:
        lanes = lanes_of(1, stored.revision)
        starts |= dict.fromkeys(keys.log_partition("job", job_id, lane) for lane in lanes)
    full = 0
    while starts:
        calls = [
            partial(_query, reading, QueryBuilder(reading.tables.entries, "pk", pk), after=start)
            for pk, start in starts.items()
        ]
        answers = dict(zip(starts, reading.together(calls), strict=True))
        found += [item for answer in answers.values() for item in answer["Items"]]
        starts = {
            partition: answer["LastEvaluatedKey"]
            for partition, answer in answers.items()
            if "LastEvaluatedKey" in answer
        }
        full += len(starts)
        if full >= MOST_ANSWERS:
            return None
    return _sorted(found, after, limit + 1, newest=newest)


def read_by_event_id(
    reading: Reading, stored: StoredJob, after: str | None, limit: int, *, newest: bool
) -> tuple[Sequence[StoredEntry], bool]:
    """Return the first entries of old after an event id, at most *limit*, and whether more follow.

    The order is that of the ids, or, for the *newest* first, the reverse of it.
    """
    partition = keys.entity_key("job", stored.job.job_id)
    query = QueryBuilder(reading.tables.entries, "pk", partition)
    start = None if after is None else to_item({"pk": partition, "sk": after})
    call = partial(_query, reading, query, after=start, limit=limit, descending=newest)
    answer = reading.alone(call)
    entries = [entry for item in answer["Items"] for entry in entries_of(item)]
    return entries, "LastEvaluatedKey" in answer


def read_log(
    reading: Reading, stored: StoredJob, after: RowPlace | None, limit: int, *, newest: bool
) -> LogPage:
    """Return at most *limit* entries of the log after a place, in the order of its rows.

    With *newest* the order is the reverse. A page may be short, or empty, and not be the last.
    """
    rows_an_entry = stored.revision / max(1, stored.entries)
    rows = int(limit * min(1.0, rows_an_entry)) + 2
    number = after.number if after else stored.revision if newest else 1
    for _ in range(_LOOKS):
        found, reached = _read_rows(reading, stored, number, rows, newest=newest)
        places = _places(found, newest=newest)
        page = [one for one in places if after is None or _is_beyond(one[0], after, newest=newest)]
        if len(page) > limit:
            return LogPage(page[:limit], page[limit - 1][0])
        if reached is None or page:
            end = None if reached is None else page[-1][0]
            return LogPage(page, end)
        number = reached
    return LogPage([], RowPlace(number + newest, -1))


def _read_rows(
    reading: Reading, stored: StoredJob, number: int, rows: int, *, newest: bool
) -> tuple[list[Any], int | None]:
    """Return about so many rows from *number* on, and the number to go on from.

    That is None where no row follows.
    """
    first, last = (1, number) if newest else (number, stored.revision)
    is_first_lane = number <= keys.FIRST_LANE
    if is_first_lane:
        last = min(last, keys.FIRST_LANE)
        beyond = None if newest or stored.revision <= last else last + 1
    else:
        first = max(first, keys.FIRST_LANE + 1)
        beyond = keys.FIRST_LANE if newest else None
    lanes = lanes_of(first, last)
    limit = rows // len(lanes) + 1
    calls = []
    for lane in lanes:
        partition = keys.log_partition("job", stored.job.job_id, lane)
        query = QueryBuilder(reading.tables.entries, "pk", partition)
        query.sort_between("sk", low=keys.log_number(first), below=keys.log_number(last))
        calls.append(partial(_query, reading, query, limit=limit, descending=newest))
    answers = reading.together(calls)
    found = [item for answer in answers for item in answer["Items"]]
    # Beyond the last row of a lane that goes on, others' rows may have gaps that it fills.
    open_ends = [_number(one["Items"][-1]) for one in answers if "LastEvaluatedKey" in one]
    if not open_ends:
        return found, beyond
    end = max(open_ends) if newest else min(open_ends)
    kept = [one for one in found if (_number(one) >= end if newest else _number(one) <= end)]
    return kept, end - 1 if newest else end + 1


def _places(rows: Iterable[Any], *, newest: bool) -> list[tuple[RowPlace, StoredEntry]]:
    places = [
        (RowPlace(_number(row), place), entry)
        for row in sorted(rows, key=_number)
        for place, entry in enumerate(entries_of(row))
    ]
    return places[::-1] if newest else places


def _is_beyond(place: RowPlace, after: RowPlace, *, newest: bool) -> bool:
    return place < after if newest else place > after


def _sorted(
    items: Iterable[Any], after: tuple[Instant, str] | None, count: int, *, newest: bool
) -> list[StoredEntry]:
    entries = [((one.occurred_at, one.event_id), one) for item in items for one in entries_of(item)]
    entries.sort(key=lambda one: one[0], reverse=newest)
    if after is not None:
        entries = [one for one in entries if (one[0] < after if newest else one[0] > after)]
    return [entry for _, entry in entries[:count]]


def _number(row: Any) -> int:
    return int(row["sk"]["S"])


def _query(reading: Reading, query: QueryBuilder, **request: Any) -> Any:
    client: DynamoDBClient = reading.client
    return client.query(**query.request(consistent=True, **request))
