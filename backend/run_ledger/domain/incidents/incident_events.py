"""Notices as events of the bus, which any of AWS's targets can follow."""

from __future__ import annotations

from typing import Any

from run_ledger.domain import instants

from .alert_rules import IncidentScope
from .causes import CauseKey, IncidentNotice
from .incident_acts import IncidentAct

SOURCE = "run-ledger"
"""No producer's: the rule for the writer goes by detail-type, and takes none of these."""


def incident_detail(scope: IncidentScope, key: CauseKey, notice: IncidentNotice) -> dict[str, Any]:
    """Return the detail of the event that tells *notice*; what it quotes are producers' words."""
    incident = notice.incident
    error = notice.error
    return {
        "notice_id": notice.notice_id,
        "reason": notice.reason,
        "at": instants.text(notice.at),
        "incident_id": incident.incident_id,
        "client_id": scope.client_id,
        "pipeline": scope.pipeline or None,
        "project_id": scope.project_id,
        "tag": scope.tag,
        "what": key.what,
        "fingerprint": key.fingerprint or None,
        "error": None if error is None else {"type": error[0], "message": error[1]},
        "jobs": notice.jobs,
        "last_job_id": notice.last_job_id or None,
        "began_at": instants.text(incident.began_at),
        "opened_at": instants.text(incident.opened_at),
        "closed_at": instants.text_or_none(incident.closed_at),
        "closed_because": incident.closed_because,
        "act": None if notice.act is None else _act(notice.act),
        "silent": notice.silent,
        "of_staff": scope.is_of_staff,
    }


def _act(act: IncidentAct) -> dict[str, Any]:
    return {
        "event_id": act.event_id,
        "act": act.act,
        "at": instants.text(act.at),
        "by": act.by_name,
        "text": act.text,
        "until": instants.text_or_none(act.until),
    }
