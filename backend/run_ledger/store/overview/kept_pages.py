"""What a reader keeps of rollup rows between two requests, and how it knows that it still holds.

Each posting that changes what was counted on a day marks that day's row over all clients (see
`run_ledger.store.items.rollup_items`). So one Query tells of many days whether anything of any
client has changed since. What was read is kept under the mark that was read before it: as soon as
the mark is another one, the rows are read again.

An answer of DynamoDB that need not be consistent may lack what was written a moment before. So
nothing is kept of a day whose mark is younger than `_SETTLING`. Repairs of audits set no marks:
therefore nothing is kept for longer than `_LONGEST`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from run_ledger.domain.contract.vocabulary import FAILURES
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant, later
from run_ledger.domain.state.rollups import ALL, ENDED
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.rollup_items import LATE, OF_MERGES, SEEN, as_counted, sort_of
from run_ledger.store.lists.rollup_reads import beyond

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SETTLING = Duration(20 * MICROSECONDS)
_LONGEST = Duration(600 * MICROSECONDS)
_MOST_COUNTS = 200_000
_FAILURES = tuple(f"{ENDED}{result}" for result in FAILURES)


class DayMarks(NamedTuple):
    """The marks of a day's rows over all clients.

    ``changes`` is another text as soon as anything of the day has changed, ``late`` as soon as
    anything of an hour has changed that was over by then. Both begin with the newest time at which
    a writer set one, in microseconds, or are empty. ``has_failures`` is False where no shard counts
    a failure of any client, not even one that another shard takes back.
    """

    changes: str = ""
    late: str = ""
    has_failures: bool = False


Marks = Mapping[str, DayMarks]


class Page(Protocol):
    """What one answer holds of a range of rows."""

    @property
    def rest(self) -> Sequence[Any]:
        """Return what is left of the range; only whole ranges are kept."""

    @property
    def size(self) -> int:
        """Return how many counts the page holds."""


class WantedPage(NamedTuple):
    """A page of rows: the call that reads it, and under which key and mark it may be kept.

    It is not kept where the mark is None.
    """

    call: Callable[[], Page]
    key: tuple[Hashable, ...]
    mark: str | None


class Look:
    """The pages of one request: those that are kept, and the calls that read the others."""

    def __init__(self, kept: KeptPages | None, pages: Sequence[WantedPage], now: Instant) -> None:
        """Look for *pages* among what is *kept*, if anything is."""
        self._kept, self._now = kept, now
        self._found = [kept.find(page, now) if kept else None for page in pages]
        self._missing = [
            page for page, found in zip(pages, self._found, strict=True) if found is None
        ]

    @property
    def calls(self) -> list[Callable[[], Any]]:
        """Return the calls that read what is not kept."""
        return [page.call for page in self._missing]

    def filled(self, answers: Sequence[Any]) -> list[Any]:
        """Return all pages, with the *answers* to the calls; keep these."""
        if self._kept is not None:
            for page, answer in zip(self._missing, answers, strict=True):
                self._kept.keep(page, answer, self._now)
        new = iter(answers)
        return [next(new) if found is None else found for found in self._found]


def mark_of_all(marks: Marks) -> str:
    """Return a mark that is another one as soon as anything of any day has changed."""
    texts = " ".join(one.changes for one in marks.values()).split()
    return " ".join(sorted(texts, key=int, reverse=True))


def read_marks(
    client: DynamoDBClient, table: str, first_day: str, last_day: str
) -> dict[str, DayMarks]:
    """Return the marks of each day from *first_day* to *last_day*.

    Days are absent on which nothing was counted of any client.
    """
    query = QueryBuilder(table, "pk", ALL)
    query.sort_between("sk", low=first_day, below=beyond(last_day))
    shards: dict[str, list[Any]] = {}
    request = query.request(["sk", SEEN, LATE, *_FAILURES, *OF_MERGES])
    for item in as_counted(every_item(client.query, request)):
        shards.setdefault(sort_of(item), []).append(item)
    return {
        name: DayMarks(
            _mark(items, SEEN),
            _mark(items, LATE),
            any(
                int(item[failure]["N"])
                for item in items
                for failure in _FAILURES
                if failure in item
            ),
        )
        for name, items in shards.items()
    }


def _mark(items: list[Any], name: str) -> str:
    texts = sorted((item[name]["S"] for item in items if name in item), key=int, reverse=True)
    return " ".join(texts)


class _Kept(NamedTuple):
    mark: str
    at: Instant
    page: Page


class KeptPages:
    """Pages of rows as they were read: those used last, up to a number of counts in all."""

    def __init__(self, most_counts: int = _MOST_COUNTS) -> None:
        """Keep nothing yet, and never more than *most_counts* counts."""
        self._most = most_counts
        self._size = 0
        self._pages: OrderedDict[Hashable, _Kept] = OrderedDict()

    def find(self, wanted: WantedPage, now: Instant) -> Any | None:
        """Return the page as it was kept, None where it was not or holds no longer."""
        kept = self._pages.get(wanted.key) if wanted.mark is not None else None
        if kept is None or kept.mark != wanted.mark or not 0 <= now - kept.at < _LONGEST:
            return None
        self._pages.move_to_end(wanted.key)
        return kept.page

    def keep(self, wanted: WantedPage, page: Page, now: Instant) -> None:
        """Keep a *page* that was read at *now*, unless its mark is too young for that."""
        if wanted.mark is None:
            return
        self._drop(wanted.key)
        newest = wanted.mark.partition(" ")[0]
        is_settled = not newest or int(newest) <= later(now, -_SETTLING)
        if page.rest or page.size > self._most or not is_settled:
            return
        self._pages[wanted.key] = _Kept(wanted.mark, now, page)
        self._size += page.size
        while self._size > self._most:
            self._drop(next(iter(self._pages)))

    def _drop(self, key: Hashable) -> None:
        known = self._pages.pop(key, None)
        if known is not None:
            self._size -= known.page.size
