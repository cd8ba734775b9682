"""What was counted of a client in each hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.instants import HOUR, Instant, later, midnight
from run_ledger.store.items.rollup_items import counts_of, seen_at, sort_of

from .rollup_reads import Range, read_range

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class HoursPage(NamedTuple):
    """The hours of a client that one answer holds, by their first instant, and what is left."""

    client_id: str
    hours: Mapping[Instant, Mapping[str, int]]
    seen_at: Sequence[Instant]
    rest: Sequence[Range]


def client_range(client_id: str, day: tuple[str, Sequence[str]]) -> Range:
    """Return the range of a client's hours on a *day*, as `day_cuts` gives it."""
    name, cuts = day
    return Range(f"client#{client_id}#{name}", cuts)


def read_hours(client: DynamoDBClient, table: str, wanted: Range) -> HoursPage:
    """Return the hours of a client in a range."""
    page, rest = read_range(client, table, wanted, _folded)
    return page._replace(rest=rest)


def _folded(wanted: Range, items: Sequence[Any]) -> HoursPage:
    _, client_id, day = wanted.partition.split("#")
    first = midnight(day)
    hours: dict[Instant, Counter[str]] = {}
    for item in items:
        moment = later(first, int(sort_of(item)[:2]) * HOUR)
        hours.setdefault(moment, Counter()).update(counts_of(item))
    heard = [at for item in items if (at := seen_at(item)) is not None]
    return HoursPage(client_id, hours, heard, ())
