"""From a sighting to entries on the bus, by the same way for events and for the look at jobs."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec
from msgspec import structs

from run_ledger.domain.api.access import ClientScope
from run_ledger.domain.aws_jobs.job_rules import Owned
from run_ledger.domain.aws_jobs.sighting_updates import Detail
from run_ledger.domain.contract.events import JOB_UPDATE
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.bus_entries import BusEntry, bus_entry
from run_ledger.domain.state.job import Job

_log = logging.getLogger(__name__)


def as_known(owned: Owned, job: Job | None) -> Owned | None:
    """Return by which rule to report a job that the ledger may have: its project never changes.

    None stands for a job of another client, which the rule was for when the job began.
    """
    if job is None:
        return owned
    if job.client_id != owned.client_id:
        _log.warning("declared for another client", extra={"job_id": job.job_id})
        return None
    rule = structs.replace(owned.rule, project=job.project_id, pipeline=job.pipeline)
    return Owned(owned.client_id, rule)


def entries_of(details: Sequence[Detail], owned: Owned, now: Instant) -> list[BusEntry]:
    """Return the entries of updates, whose source binds them to the rule's client.

    Raises InvalidEvent where one of them breaks the contract, as the writer would say.
    """
    scope = ClientScope(frozenset({owned.client_id}))
    return [
        bus_entry(
            msgspec.json.encode({"detail_type": JOB_UPDATE, "detail": detail}),
            detail["event_id"],
            scope,
            now,
        )
        for detail in details
    ]
