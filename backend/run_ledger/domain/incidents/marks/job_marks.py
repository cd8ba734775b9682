"""Marks of jobs: which version of a job said when it ended, and how."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from run_ledger.domain.instants import Instant

DIGEST_BYTES = 8
MOST_GOOD_BEYOND = 4
"""So many good jobs stay in a window however many have failed since."""


class Mark(NamedTuple):
    """What a job is to a cause, or among the good ones; not ``counts`` once it was changed."""

    version: int
    at: Instant
    counts: bool


Marks = Mapping[str, Mark]


class EndedMark(NamedTuple):
    """How a job has ended, to an error rate; not ``counts`` while it is a cancelled one."""

    version: int
    at: Instant
    counts: bool
    has_failed: bool

    @property
    def is_good(self) -> bool:
        """Return whether the job has delivered, all or a part."""
        return self.counts and not self.has_failed


def job_digest(job_id: str) -> bytes:
    """Return what a window knows a job by: ids are long, and a window is written at every end."""
    named = job_id.encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).digest()[:DIGEST_BYTES]
