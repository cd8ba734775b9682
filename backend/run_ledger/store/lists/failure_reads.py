"""Rollup rows that count failures, read with the samples beside the counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.api.failures import CountedFailures
from run_ledger.domain.instants import midnight
from run_ledger.domain.state.rollups import ENDED, RETRIED, failures_row
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.rollup_items import counts_of, sort_of
from run_ledger.store.items.sample_items import samples_of

from .rollup_reads import Range, read_range, read_ranges

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Derived fingerprints are hexadecimal, so these cuts divide them evenly. A producer's own may begin
# with any character: the first cut lies before, the last one after all of them.
_CUTS = ("\x00", *"123456789abcdefg", "\U0010ffff" * 129)


class FailuresPage(NamedTuple):
    """The failures of a client on a day that one answer holds, and what is left."""

    client_id: str
    counted: Sequence[CountedFailures]
    rest: Sequence[Range]

    @property
    def size(self) -> int:
        """Return how many counts the page holds; a sample is as large as some of them."""
        return 1 + 8 * len(self.counted)


def failure_range(client_id: str, day: str) -> Range:
    """Return the range of all error groups of a client on a day."""
    return Range(failures_row(client_id, day, "").partition, _CUTS)


def read_failures(
    reading: Reading, ranges: Sequence[Range]
) -> tuple[list[CountedFailures], frozenset[str]]:
    """Return the counts and samples of each shard of the rows in *ranges*.

    The second value are the clients that have more than can be read; none of theirs is in the
    first.
    """
    pages, unread = read_ranges(reading, ranges, _counted)
    too_large = frozenset(partition.split("#")[1] for partition in unread)
    counted = [one for page in pages for one in page if one.client_id not in too_large]
    return counted, too_large


def read_failures_page(client: DynamoDBClient, table: str, wanted: Range) -> FailuresPage:
    """Return the counts and samples of a range, as far as one answer holds them."""
    counted, rest = read_range(client, table, wanted, _counted)
    return FailuresPage(wanted.partition.split("#")[1], counted, rest)


def _counted(wanted: Range, items: Sequence[Any]) -> list[CountedFailures]:
    _, client_id, day = wanted.partition.split("#")
    first = midnight(day)
    found = []
    for item in items:
        kept, counts = samples_of(item), counts_of(item)
        found.append(
            CountedFailures(
                fingerprint=sort_of(item),
                client_id=client_id,
                midnight=first,
                count=_sum(counts, ENDED),
                retried=_sum(counts, RETRIED),
                first_at=kept.first_at,
                type=kept.type,
                message=kept.message,
                jobs=kept.jobs,
            )
        )
    return found


def _sum(counts: Mapping[str, int], kind: str) -> int:
    return sum(count for name, count in counts.items() if name.startswith(kind))
