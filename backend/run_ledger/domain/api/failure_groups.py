"""Failures of one kind, put together from the rows that count them by client and day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from run_ledger.domain.instants import text

from .documents_errors import ErrorDocument

_JOBS_SHOWN = 5


class Counted(Struct, frozen=True):
    """What one shard of a row says of failures: how many, and samples of the last."""

    fingerprint: str
    client_id: str
    midnight: int
    count: int
    first_at: int | None
    type: str | None
    message: str | None
    jobs: Sequence[tuple[int, str]]


def grouped(counted: Iterable[Counted]) -> list[ErrorDocument]:
    """Return the groups of what was *counted*, most failures first, then by fingerprint."""
    rows: dict[tuple[str, str, int], list[Counted]] = {}
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
