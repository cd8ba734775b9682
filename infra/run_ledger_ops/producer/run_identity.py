"""Which job a `run-ledger run` is: a new one each time, unless a scheduler tries again."""

import os
import time
import uuid
from typing import NamedTuple

from run_ledger.emit.identity.identifiers import named, to_identifier
from run_ledger.emit.identity.schedulers import job_of_environment


class NamedRun(NamedTuple):
    """The job's id and attempt, None for what `RunLedger.job` finds, and words about them."""

    job_id: str | None
    attempt: int | None
    words: str | None = None


def run_identity(job: str | None, attempt: int | None) -> NamedRun:
    """Return which job ``--job`` and ``--attempt`` name; each may be None.

    A name with an attempt is the job's id. A name alone is what the work is called: its job is new
    each time, but under a scheduler, where the scheduler's id after the name makes one job of all
    attempts. A scheduler that counts attempts and names no job leaves the name as the id.
    """
    name = named(job)
    if name is None or attempt is not None:
        return NamedRun(name, attempt)
    scheduled = job_of_environment(os.environ)
    if scheduled is None:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        job_id = to_identifier(name, f"{stamp}-{uuid.uuid4().hex[:6]}")
        words = f"job {job_id}, a new one (--attempt N makes it attempt N of job {name})"
        return NamedRun(job_id, 1, words)
    job_id = to_identifier(name, scheduled.job_id) if scheduled.job_id else name
    words = f"job {job_id}, attempt {scheduled.attempt} as the scheduler says"
    return NamedRun(job_id, scheduled.attempt, words)
