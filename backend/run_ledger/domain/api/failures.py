"""Failures: the query of `/errors`, how error groups are made, and their shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import DAY, EARLIEST, Instant, ceiling, floor, later, text

from .base_query import ListQuery, declared, page_limit
from .intervals import check_end, check_order
from .parameters import flag, identifier, time_or_date

MOST_DAYS = 400
LOOKED_BACK_DAYS = 30
_DEFAULT_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class FailuresQuery(ListQuery):
    """The query of the list of error groups."""

    limit: int = page_limit(50, 100)
    client_id: str | None = declared(identifier("client_id", "Only failures of this client."))
    since: Instant | None = declared(
        time_or_date(
            "from",
            "Counting begins with the UTC day that contains this time. Unless given, the last "
            f"{_DEFAULT_DAYS} days before `to` are counted; {MOST_DAYS} days are the most.",
        )
    )
    until: Instant | None = declared(
        time_or_date(
            "to",
            "The end of the days to count, exclusive: the last day is that of the moment before "
            "this time. Today unless given.",
        )
    )

    is_new: bool | None = declared(
        flag(
            "new",
            "`true`: only error groups that are new since `from`: without a failure in the "
            f"{LOOKED_BACK_DAYS} days before. `false`: only those that are not.",
        )
    )

    def time_range(self, now: Instant) -> tuple[Instant, Instant]:
        """Return the midnights that the days begin and end at, the end exclusive.

        Raises InvalidQuery for a time range that is empty or too long.
        """
        last = later(now, 1) if self.until is None else self.until
        end = ceiling(last, DAY)
        week = later(end, -_DEFAULT_DAYS * DAY)
        start = max(EARLIEST, week) if self.since is None else floor(self.since, DAY)
        check_order(start < end and (self.since is None or self.since < last), self.since)
        if end - start > MOST_DAYS * DAY:
            raise InvalidQuery(
                "from", f"more than {MOST_DAYS} days before the end, the most allowed"
            )
        check_end(end)
        return start, end


class FailureDayDocument(Struct, frozen=True):
    """How many failures of an error group a day of UTC has: attempts, and jobs."""

    at: str
    count: int
    jobs: int


class CountedGroupDocument(Struct, frozen=True, kw_only=True):
    """Failures that share a fingerprint: their exact number, and samples of the latest ones."""

    fingerprint: str
    type: str | None
    message: str | None
    count: int
    jobs: int
    first_seen_at: str
    last_seen_at: str
    clients: Sequence[str]
    job_ids: Sequence[str]


class ErrorGroupDocument(CountedGroupDocument, frozen=True, kw_only=True):
    """An error group with its days, and the names of its jobs."""

    days: Sequence[FailureDayDocument]
    job_names: Mapping[str, str] = {}


_JOBS_SHOWN = 5


class CountedFailures(Struct, frozen=True):
    """How many failures one shard of a rollup row counts, with samples of the latest.

    ``count`` are attempts, ``retried`` those of them that a later attempt of their job follows.
    ``midnight`` is when the row's day begins. ``first_at``, ``type`` and ``message`` are None where
    the row holds no sample; ``jobs`` holds pairs of a time and a job id.
    """

    fingerprint: str
    client_id: str
    midnight: Instant
    count: int
    retried: int
    first_at: Instant | None
    type: str | None
    message: str | None
    jobs: Sequence[tuple[Instant, str]]


def error_groups(counted: Iterable[CountedFailures]) -> list[ErrorGroupDocument]:
    """Return the error groups of what was *counted*, most failures first, then by fingerprint."""
    rows: dict[tuple[str, str, Instant], list[CountedFailures]] = {}
    for one in counted:
        rows.setdefault((one.fingerprint, one.client_id, one.midnight), []).append(one)
    groups: dict[str, list[CountedFailures]] = {}
    for (fingerprint, _, _), shards in rows.items():
        # One shard may count a failure that another one takes back: together they are no failure.
        if sum(one.count for one in shards) > 0:
            groups.setdefault(fingerprint, []).extend(shards)
    documents = [_document(fingerprint, found) for fingerprint, found in groups.items()]
    return sorted(documents, key=rank)


def looked_back(start: Instant) -> Instant:
    """Return from which midnight on a failure makes an error group one that is not new."""
    return later(start, -min(start - EARLIEST, LOOKED_BACK_DAYS * DAY))


def chosen(
    counted: Sequence[CountedFailures], *, start: Instant, is_new: bool | None
) -> list[CountedFailures]:
    """Return what was *counted* from *start* on, of the error groups that are asked for.

    *counted* also holds what was counted before *start*, which tells what is new.
    """
    recent = [one for one in counted if one.midnight >= start]
    if is_new is None:
        return recent
    known = _fingerprints(one for one in counted if one.midnight < start)
    return [one for one in recent if (one.fingerprint in known) is not is_new]


def _fingerprints(counted: Iterable[CountedFailures]) -> Collection[str]:
    return {document.fingerprint for document in error_groups(counted)}


def rank(document: ErrorGroupDocument) -> tuple[int, str]:
    """Return what the list of error groups is ordered by, ascending."""
    return -document.count, document.fingerprint


def _document(fingerprint: str, found: Sequence[CountedFailures]) -> ErrorGroupDocument:
    # A shard that only takes back or retries what another counts has no samples, and tells nothing
    # of times. One that counts without samples is of an earlier version: it tells the day.
    known = [one for one in found if one.jobs or one.count > 0] or found
    jobs = sorted({job for one in known for job in one.jobs}, reverse=True)
    newest = max(known, key=lambda one: max(one.jobs, default=(one.midnight, "")))
    first = min(one.midnight if one.first_at is None else one.first_at for one in known)
    last = jobs[0][0] if jobs else max(one.midnight for one in known)
    days: dict[Instant, list[CountedFailures]] = {}
    for one in found:
        days.setdefault(one.midnight, []).append(one)
    return ErrorGroupDocument(
        fingerprint=fingerprint,
        type=newest.type,
        message=newest.message,
        count=sum(one.count for one in found),
        jobs=_jobs(found),
        first_seen_at=text(min(first, last)),
        last_seen_at=text(last),
        days=[
            FailureDayDocument(text(at), sum(one.count for one in counts), _jobs(counts))
            for at, counts in sorted(days.items())
        ],
        clients=sorted({one.client_id for one in found}),
        job_ids=list(dict.fromkeys(job_id for _, job_id in jobs))[:_JOBS_SHOWN],
    )


def _jobs(counted: Sequence[CountedFailures]) -> int:
    return max(0, sum(one.count - one.retried for one in counted))
