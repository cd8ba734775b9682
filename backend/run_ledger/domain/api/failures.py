"""Failures by kind: what may be asked of `/errors`, how groups are made, and their shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from run_ledger.domain.api.parameters import (
    CURSOR,
    Given,
    Parameter,
    check_names,
    identifier,
    limit,
    moment,
)
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import DAY, EARLIEST, LATEST, Instant, ceiling, floor, later, text

MOST_ERRORS, DEFAULT_ERRORS = 100, 50
MOST_DAYS = 400
_DEFAULT_DAYS = 7
_CLIENT_ID = identifier("client_id", "Only failures of this client.")
_FROM = moment(
    "from",
    "Failures are counted by day, in UTC: the day that this lies in is the first. The seventh "
    f"up to `to` unless said; {MOST_DAYS} days at most.",
)


_TO = moment(
    "to",
    "Where the span ends, exclusive: the day that the moment before this lies in is the last. "
    "Today unless said.",
)


_LIMIT = limit(DEFAULT_ERRORS, MOST_ERRORS)
ERRORS_PARAMETERS: tuple[Parameter[Any], ...] = (_CLIENT_ID, _FROM, _TO, _LIMIT, CURSOR)


class ErrorsQuery(Struct, frozen=True):
    """Which failures, and which page of their groups: ``end`` is exclusive, both are midnights."""

    client_id: str | None
    start: Instant
    end: Instant
    binding: list[str | int | None]
    limit: int
    cursor: str | None


def errors_query(given: Given, now: Instant) -> ErrorsQuery:
    """Return the query that the parameters of the list of errors make at *now*."""
    check_names(given, ERRORS_PARAMETERS)
    since, until = _FROM.of(given), _TO.of(given)
    last = later(now, 1) if until is None else until
    end = ceiling(last, DAY)
    week = later(end, -_DEFAULT_DAYS * DAY)
    start = max(EARLIEST, week) if since is None else floor(since, DAY)
    if start >= end or (since is not None and since >= last):
        parameter = "to" if since is None else "from"
        raise InvalidQuery(parameter, "the span is empty: from must lie before to")
    if end - start > MOST_DAYS * DAY:
        raise InvalidQuery("from", f"more than {MOST_DAYS} days before the end, the most allowed")
    if end > LATEST:
        raise InvalidQuery("to", "allowed: a time before the last day of the year 9999")
    client_id = _CLIENT_ID.of(given)
    return ErrorsQuery(
        client_id=client_id,
        start=start,
        end=end,
        binding=[client_id, since, until],
        limit=_LIMIT.of(given) or DEFAULT_ERRORS,
        cursor=CURSOR.of(given),
    )


class ErrorDocument(Struct, frozen=True):
    """Failures that share a fingerprint: their exact number, and samples of the latest."""

    fingerprint: str
    type: str | None
    message: str | None
    count: int
    first_seen_at: str
    last_seen_at: str
    clients: Sequence[str]
    job_ids: Sequence[str]


_JOBS_SHOWN = 5


class Counted(Struct, frozen=True):
    """What one shard of a row says of failures: how many, and samples of the last."""

    fingerprint: str
    client_id: str
    midnight: Instant
    count: int
    first_at: Instant | None
    type: str | None
    message: str | None
    jobs: Sequence[tuple[Instant, str]]


def grouped(counted: Iterable[Counted]) -> list[ErrorDocument]:
    """Return the groups of what was *counted*, most failures first, then by fingerprint."""
    rows: dict[tuple[str, str, Instant], list[Counted]] = {}
    for one in counted:
        rows.setdefault((one.fingerprint, one.client_id, one.midnight), []).append(one)
    groups: dict[str, list[Counted]] = {}
    for (fingerprint, _, _), shards in rows.items():
        # What was counted and taken back is in two shards, perhaps, and in none of the totals.
        if sum(one.count for one in shards) > 0:
            groups.setdefault(fingerprint, []).extend(shards)
    documents = [_document(fingerprint, found) for fingerprint, found in groups.items()]
    return sorted(documents, key=place)


def place(document: ErrorDocument) -> tuple[int, str]:
    """Return what the list of groups is ordered by, ascending."""
    return -document.count, document.fingerprint


def _document(fingerprint: str, found: Sequence[Counted]) -> ErrorDocument:
    jobs = sorted({job for one in found for job in one.jobs}, reverse=True)
    newest = max(found, key=lambda one: max(one.jobs, default=(one.midnight, "")))
    first = min(one.midnight if one.first_at is None else one.first_at for one in found)
    last = jobs[0][0] if jobs else max(one.midnight for one in found)
    return ErrorDocument(
        fingerprint=fingerprint,
        type=newest.type,
        message=newest.message,
        count=sum(one.count for one in found),
        first_seen_at=text(min(first, last)),
        last_seen_at=text(last),
        clients=sorted({one.client_id for one in found}),
        job_ids=list(dict.fromkeys(job_id for _, job_id in jobs))[:_JOBS_SHOWN],
    )
