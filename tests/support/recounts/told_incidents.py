"""Incidents for readers: as a teller makes them of ends of jobs, and as notices leave them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.support.dynamo.tables import NAMES

from run_ledger.domain.incidents.alert_rules import (
    AlertRule,
    IncidentScope,
    JobEnd,
    Ruling,
    rulings_on,
)
from run_ledger.domain.incidents.causes import (
    INCIDENT_CLOSED,
    INCIDENT_OPENED,
    CauseKey,
    Incident,
    IncidentNotice,
)
from run_ledger.domain.instants import HOUR, MICROSECONDS, Instant, later
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_keeper import RowKeeper

AT_ONCE = AlertRule("failed", grace_seconds=0)
ERROR = ("KeyError", "no column price")


def ended(  # noqa: PLR0913 - what a test tells apart
    client_id: str,
    pipeline: str,
    job_id: str,
    at: Instant,
    *,
    result: str = "failed",
    fingerprint: str = "fp",
    version: int = 1,
    error: tuple[str, str] = ERROR,
) -> JobEnd:
    """Return the end of a job."""
    is_bad = result in ("failed", "timed_out")
    return JobEnd(
        job_id,
        version,
        client_id,
        "p",
        pipeline,
        result,
        at,
        fingerprint if is_bad else None,
        error if is_bad else None,
    )


def tell(
    client: Any, now: Instant, ends: Sequence[JobEnd], rule: AlertRule = AT_ONCE
) -> list[IncidentNotice]:
    """Let a teller take *ends* one by one at *now*, and return what it told."""
    return [
        notice
        for end in ends
        for scope, ruling in rulings_on([rule], end).items()
        for notice in tell_rulings(client, now, scope, [ruling])
    ]


def tell_rulings(
    client: Any, now: Instant, scope: IncidentScope, rulings: Sequence[Ruling]
) -> list[IncidentNotice]:
    """Let a teller take *rulings* in *scope* at *now*, and return what it told."""
    ledger = IncidentLedger(client, NAMES.incidents, lambda: now, lambda _: None)
    waiting = ledger.take(scope, rulings)
    RowKeeper(client, NAMES.incidents, 90).keep(scope, waiting, lambda: 1.0)
    ledger.note_given(scope, [notice.notice_id for _, notice in waiting])
    return [notice for _, notice in waiting]


def keep_incidents(
    client: Any,
    client_id: str,
    now: Instant,
    ids: tuple[str, str] | None = None,
    table: str = NAMES.incidents,
) -> None:
    """Keep two incidents of a client: ``ID-closed``, and ``ID-open``, which opened after it."""
    closed_id, open_id = ids or (f"{client_id}-closed", f"{client_id}-open")
    keeper = RowKeeper(client, table, 90)
    scope = IncidentScope(client_id, f"{client_id}-enrich", f"{client_id}-project", "ended")
    for hours, incident_id in ((2, closed_id), (1, open_id)):
        opened_at = later(now, -hours * HOUR)
        opened = Incident(incident_id, opened_at, opened_at, jobs=hours)
        notices = [_notice(opened, INCIDENT_OPENED, 1)]
        if incident_id == closed_id:
            closed_at = later(opened_at, 60 * MICROSECONDS)
            closed = Incident(opened.incident_id, opened_at, opened_at, closed_at, "healed", 2, 5)
            notices.append(_notice(closed, INCIDENT_CLOSED, 2))
        key = CauseKey("failed", f"fp-{client_id}")
        keeper.keep(scope, [(key, notice) for notice in notices], lambda: 1.0)


def keep_timed(
    client: Any,
    whose: tuple[str, str],
    what: str,
    opened_at: Instant,
    closed_at: Instant | None = None,
) -> None:
    """Keep an incident of a client's pipeline by which two runs were missed or late."""
    scope = IncidentScope(*whose, None, "ended")
    incident_id = f"{'-'.join(whose)}-{what}-{opened_at}"
    opened = Incident(incident_id, opened_at, opened_at, jobs=2)
    notices = [_notice(opened, INCIDENT_OPENED, 1)]
    if closed_at is not None:
        closed = Incident(incident_id, opened_at, opened_at, closed_at, "healed", 2, 2)
        notices.append(_notice(closed, INCIDENT_CLOSED, 2))
    key = CauseKey(what, "")
    keeper = RowKeeper(client, NAMES.incidents, 90)
    keeper.keep(scope, [(key, notice) for notice in notices], lambda: 1.0)


def _notice(incident: Incident, kind: str, number: int) -> IncidentNotice:
    return IncidentNotice(
        f"{incident.incident_id}.{number}",
        kind,
        incident,
        incident.jobs,
        f"job of {incident.incident_id}",
        ERROR,
        number,
        incident.closed_at or incident.opened_at,
    )
