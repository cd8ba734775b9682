"""Samples: what a failure looked like, kept beside the count of its kind.

Counts are exact; samples are not. The writer sets them when an attempt's failure is counted, and
what comes last stays: they are those of the latest failures to come in, which under events that
come late need not be the latest to have occurred, and a failure that a later event took back may
stay the sample of its kind for as long as others of that kind are counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from run_ledger.domain.instants import Instant

from .job import Job
from .rollups import Row, row_of_failure


class Sample(Struct, frozen=True):
    """One failure: when, of which job, and what it said; None where it said nothing."""

    at: Instant
    job_id: str
    type: str | None
    message: str | None


Samples = Mapping[Row, Sample]


def failure_samples(before: Job | None, after: Job) -> dict[Row, Sample]:
    """Return the failures that *after* counts and *before* did not, by the rows that do."""
    found: dict[Row, Sample] = {}
    for number, attempt in after.attempts.items():
        ended = attempt.ended
        known = before.attempts.get(number) if before else None
        if ended is None or (known is not None and known.ended == ended):
            continue
        row = row_of_failure(after.client_id, ended)
        if row is not None:
            error = ended.error
            sample = Sample(
                ended.at,
                after.job_id,
                error.type if error else None,
                error.message if error else None,
            )
            found[row] = newer(found.get(row), sample)
    return found


def newer(one: Sample | None, other: Sample) -> Sample:
    """Return the later of two failures."""
    return other if one is None or (one.at, one.job_id) < (other.at, other.job_id) else one
