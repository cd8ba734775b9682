"""Samples: examples of an error group's failures, kept beside its count.

The writer sets them when it counts an attempt's failure. Of the failures that came in, the first
and the last to occur are kept, in whatever order they come, with the texts of the last one and some
of the jobs. A failure that a later event takes back may stay a sample while its error group counts
others: to find the one that stands in for it, all of them would have to be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

    @property
    def place(self) -> tuple[Instant, str]:
        """Return what samples are ordered by: the time, then the job id."""
        return self.at, self.job_id


Samples = Mapping[Row, Sequence[Sample]]


def failure_samples(before: Job | None, after: Job) -> dict[Row, list[Sample]]:
    """Return samples for each row that counts failures of *after* that *before* did not have."""
    found: dict[Row, list[Sample]] = {}
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
            found.setdefault(row, []).append(sample)
    return found
