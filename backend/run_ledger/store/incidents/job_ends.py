"""The end of a job, from its item as the table's stream shows it."""

from __future__ import annotations

from collections.abc import Mapping

from run_ledger.domain.incidents.alert_rules import JobEnd
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Attribute
from run_ledger.store.items.job_items import TURNED, StoredJob, from_job_item

# A log begins at 1, whatever the revision that its job had in the layout of old. So does one that
# begins anew as the item was lost, but in a later era.
_IN_LOG = 1_000_000_000_000


def job_end(item: Mapping[str, Attribute]) -> JobEnd | None:
    """Return the end that the last change of *item* brought; None where it brought none.

    What it raises for an item that holds no job, `UNREADABLE` names.
    """
    stored = from_job_item(item)
    ended = stored.job.current.ended
    if ended is None or TURNED not in item or int(item[TURNED]["N"]) != stored.revision:
        return None
    job, error = stored.job, ended.error
    return JobEnd(
        job_id=job.job_id,
        version=_version(stored),
        client_id=job.client_id,
        project_id=job.project_id,
        pipeline=job.pipeline,
        result=ended.result,
        at=Instant(min(ended.at, stored.last_seen_at)),
        fingerprint=ended.failure_fingerprint,
        error=None if error is None else (error.type, error.message),
        records_ok=job.counters.get("records_ok", 0),
        records_failed=job.counters.get("records_failed", 0),
        tags=job.latest("tags") or {},
    )


def _version(stored: StoredJob) -> int:
    """Return a number that every posting and repair of the job's item raises.

    It fits six bytes, and no item takes a posting each millisecond.
    """
    return stored.era // 1_000 + stored.revision + (_IN_LOG if stored.in_log else 0)
