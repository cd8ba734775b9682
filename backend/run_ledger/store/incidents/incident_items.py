"""What is kept of a scope's causes, as items of the table Incidents.

=========== ============================ =============================================
pk          sk                           holds
=========== ============================ =============================================
scope       ``good``                     marks of the last good jobs
scope       ``window``                   marks of the last ended jobs, where error rates are judged:
                                         beside the causes of what fails there
scope       ``cause#WHAT#FINGERPRINT``   one cause, with the notices that it has to tell
=========== ============================ =============================================

A scope is ``CLIENT#PIPELINE#FAMILY#PROJECT#TAG``, without tag if its rules name none, and without
project if they name neither; of staff's rules, the family begins with ``*``. A cause's
item holds its notices, so that what changes and the order to tell it commit together. It is in the
index ``by_due`` while it waits, or has something to tell. ``rev`` is its revision: every write
raises it. An item that has nothing to wait for expires, long after its stream has been read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from msgspec import structs

from run_ledger.domain import instants
from run_ledger.domain.incidents.alert_rules import STAFF, Family, IncidentScope, Wish
from run_ledger.domain.incidents.causes import (
    Cause,
    CauseKey,
    ClosedBecause,
    Incident,
    IncidentNotice,
    LastTold,
)
from run_ledger.domain.incidents.incident_acts import (
    Acknowledgement,
    Answers,
    IncidentAct,
    Mute,
)
from run_ledger.domain.incidents.marks.job_marks import (
    Mark,
    Marks,
)
from run_ledger.domain.instants import DAY, MICROSECONDS, Duration, Instant
from run_ledger.store.dynamo.attributes import Attribute, Item, from_item, to_item

GOOD = "good"
DUE_CAUSES = "due"
"""The one partition of the index ``by_due``: few causes wait at a time."""
_CAUSE = "cause#"
# A stream is kept for a day, and a day late is nothing that people need told as news.
_CAUSE_KEPT = Duration(2 * DAY)
GOOD_KEPT = Duration(90 * DAY)
_GIVING = 60 * MICROSECONDS
"""How long whoever wrote a notice has for giving it away, before a sweep does."""


def scope_key(scope: IncidentScope) -> str:
    """Return the partition key of a scope."""
    parts = [scope.client_id, scope.pipeline, f"{scope.owner or ''}{scope.family}"]
    if scope.project_id is not None or scope.tag is not None:
        parts.append(scope.project_id or "")
    if scope.tag is not None:
        parts.append(scope.tag)
    return "#".join(parts)


def scope_of(key: str) -> IncidentScope:
    """Return the scope that `scope_key` made *key* of; only a tag may have a ``#``."""
    client_id, pipeline, family, *rest = key.split("#", 4)
    project_id, tag = (*rest, "", "")[:2]
    owner = STAFF if family.startswith(STAFF) else None
    named = cast("Family", family.removeprefix(STAFF))
    return IncidentScope(client_id, pipeline, project_id or None, named, tag or None, owner)


def cause_sort_key(key: CauseKey) -> str:
    """Return the sort key of a cause's item."""
    return f"{_CAUSE}{key.what}#{key.fingerprint}"


def cause_key(sort: str) -> CauseKey:
    """Return the cause of a sort key; a fingerprint may have any characters."""
    what, _, fingerprint = sort.removeprefix(_CAUSE).partition("#")
    return CauseKey(what, fingerprint)


def good_item(scope: IncidentScope, marks: Marks, revision: int, now: Instant) -> Item:
    """Return the item of a scope's good jobs."""
    return to_item(
        {
            "pk": scope_key(scope),
            "sk": GOOD,
            "rev": revision,
            "marks": _from_marks(marks),
            "expires_at": expiry(now, GOOD_KEPT),
        }
    )


def cause_item(
    scope: IncidentScope, key: CauseKey, cause: Cause, revision: int, now: Instant
) -> Item:
    """Return the item of a cause."""
    values: dict[str, Any] = {
        "pk": scope_key(scope),
        "sk": cause_sort_key(key),
        "rev": revision,
        "marks": _from_marks(cause.marks),
        "beyond": cause.beyond,
        "jobs": cause.jobs,
        "after": cause.after,
        "grace": cause.grace_seconds,
        "job": cause.last_job_id,
        "incidents": cause.incidents,
        "due_at": cause.due_at,
        "error": cause.error,
        "to": cause.to,
        "incident": None if cause.incident is None else _from_incident(cause.incident),
        "notices": [_from_notice(notice) for notice in cause.notices],
    }
    if cause.answers != Answers():
        values["answers"] = from_answers(cause.answers)
    if cause.resolved_at is not None:
        values["resolved_at"] = cause.resolved_at
    if cause.last:
        values |= {"above": cause.above_percent, "last": cause.last}
    if cause.wish != Wish():
        values["wish"] = list(cause.wish)
    if cause.ends_at is not None:
        values["ends_at"] = cause.ends_at
    if cause.last_told is not None:
        values["told"] = list(cause.last_told)
    due_at = Instant(now + _GIVING) if cause.notices else cause.falls_due_at
    if due_at is not None:
        values |= {"due_list": DUE_CAUSES, "due": instants.text(due_at)}
    if cause.is_quiet and not cause.goes_on_resolved:
        kept = _CAUSE_KEPT if cause.resolved_at is None else GOOD_KEPT
        values["expires_at"] = expiry(now, kept)
    return to_item(values)


def marks_in(item: Mapping[str, Attribute]) -> Marks:
    """Return the marks that an item holds."""
    marks = from_item(item["marks"]["M"])
    return {job_id: Mark(*mark) for job_id, mark in marks.items()}


def cause_in(item: Mapping[str, Attribute]) -> Cause:
    """Return the cause that an item holds."""
    values = from_item(item)
    return Cause(
        marks={job_id: Mark(*mark) for job_id, mark in values["marks"].items()},
        beyond=values["beyond"],
        jobs=values["jobs"],
        after=values["after"],
        grace_seconds=values["grace"],
        error=_to_error(values["error"]),
        last_job_id=values["job"],
        incidents=values["incidents"],
        due_at=values["due_at"],
        incident=None if values["incident"] is None else _to_incident(values["incident"]),
        notices=tuple(map(_to_notice, values["notices"])),
        above_percent=values.get("above", 0),
        last=values.get("last", 0),
        wish=Wish(*values.get("wish", ())),
        ends_at=values.get("ends_at"),
        last_told=LastTold(*values["told"]) if "told" in values else None,
        to=tuple(values.get("to", ())),
        answers=to_answers(values.get("answers")) or Answers(),
        resolved_at=values.get("resolved_at"),
    )


def expiry(now: Instant, kept: Duration) -> int:
    """Return the second at which an item is to go that is kept for so long."""
    return (now + kept) // MICROSECONDS


def _from_marks(marks: Marks) -> dict[str, list[Any]]:
    return {job_id: list(mark) for job_id, mark in marks.items()}


def _from_incident(incident: Incident) -> list[Any]:
    return [
        incident.incident_id,
        incident.opened_at,
        incident.began_at,
        incident.closed_at,
        incident.closed_because,
        incident.told,
        incident.jobs,
        incident.to,
    ]


def _to_incident(values: list[Any]) -> Incident:
    incident_id, opened_at, began_at, closed_at, because, *later = values
    closed_because = cast("ClosedBecause", because)
    counts, to = later[:2], later[2:]
    incident = Incident(incident_id, opened_at, began_at, closed_at, closed_because, *counts)
    return structs.replace(incident, to=tuple(to[0])) if to else incident


def _from_notice(notice: IncidentNotice) -> dict[str, Any]:
    return {
        "id": notice.notice_id,
        "kind": notice.kind,
        "incident": _from_incident(notice.incident),
        "jobs": notice.jobs,
        "job": notice.last_job_id,
        "error": notice.error,
        "number": notice.number,
        "at": notice.at,
        "reason": notice.reason,
        **({"act": from_act(notice.act)} if notice.act else {}),
        **({"silent": True} if notice.silent else {}),
        **({"answers": from_answers(notice.answers)} if notice.answers else {}),
    }


def _to_notice(values: dict[str, Any]) -> IncidentNotice:
    incident = _to_incident(values["incident"])
    return IncidentNotice(
        values["id"],
        values["kind"],
        incident,
        values["jobs"],
        values["job"],
        _to_error(values["error"]),
        # Of an earlier version, which told of the opening and of the end alone.
        values.get("number", 1 if incident.closed_at is None else 2),
        values.get("at", incident.closed_at or incident.opened_at),
        reason=values.get("reason"),
        act=None if "act" not in values else IncidentAct(*values["act"]),
        silent=values.get("silent", False),
        answers=to_answers(values.get("answers")),
    )


def from_answers(answers: Answers) -> list[Any]:
    """Return what is stored of people's answers."""
    acknowledged, mute = answers.acknowledged, answers.mute
    return [answers.incident_id, acknowledged and list(acknowledged), mute and list(mute)]


def to_answers(values: list[Any] | None) -> Answers | None:
    """Return the answers that `from_answers` stored."""
    if values is None:
        return None
    incident_id, acknowledged, mute = values
    return Answers(
        incident_id,
        None if acknowledged is None else Acknowledgement(*acknowledged),
        None if mute is None else Mute(*mute),
    )


def from_act(act: IncidentAct) -> list[Any]:
    """Return what is stored of an act."""
    return [act.event_id, act.act, act.at, act.by_id, act.by_name, act.text, act.until]


def _to_error(values: list[str] | None) -> tuple[str, str] | None:
    return None if values is None else (values[0], values[1])
