"""Samples: examples of an error group's failures, kept beside its count.

Counts are exact; samples are not. The writer sets them when it counts an attempt's failure, so they
are from the latest failures that came in. As events may come late, these need not be the latest
that occurred. A failure that a later event undoes may stay the sample while its error group counts
others.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from run_ledger.domain.instants import Instant

from .job import Job
from .rollups import Row, row_of_failure


class Sample(Struct, frozen=True):
    """One failure; ``type`` and ``message`` are None where it had no error."""

    at: Instant
    job_id: str
    type: str | None
    message: str | None


Samples = Mapping[Row, Sample]


def failure_samples(before: Job | None, after: Job) -> dict[Row, Sample]:
    """Return a sample for each row that counts a failure of *after* that *before* did not have."""
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
    """Return the later of two failures, by time and then by job id."""
    return other if one is None or (one.at, one.job_id) < (other.at, other.job_id) else one
