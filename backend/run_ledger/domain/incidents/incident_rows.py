"""What is shown of an incident: a row that each of its notices carries on, with its history."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, structs

from run_ledger.domain.instants import Instant

from .alert_rules import IncidentScope
from .causes import Cause, CauseKey, ClosedBecause, IncidentNotice
from .incident_acts import Answers

MOST_TURNS = 200
MOST_TEXTS = 40
"""Of so many turns the words of whoever acts are kept: an item holds 400 KB."""
_MOST_NAME = 128
"""So much is kept of the name of whoever acts, for the same reason."""


class IncidentTurn(NamedTuple):
    """One thing that became of an incident; ``kind`` is its notice's, ``number`` too, from 1.

    ``because`` is why it closed or changed. ``event_id``, ``by``, ``text`` and ``until`` are those
    of an act: of its event, who acts, what that person says, and when a mute ends.
    """

    number: int
    kind: str
    at: Instant
    jobs: int
    because: str | None
    event_id: str | None = None
    by: str | None = None
    text: str | None = None
    until: Instant | None = None


class IncidentRow(Struct, frozen=True):
    """An incident as its notices up to ``number`` tell it.

    ``history`` has the first turn and the latest ones, `MOST_TURNS` at most. ``answers`` are
    people's.
    """

    incident_id: str
    scope: IncidentScope
    key: CauseKey
    number: int
    opened_at: Instant
    began_at: Instant
    closed_at: Instant | None
    closed_because: ClosedBecause | None
    jobs: int
    last_job_id: str
    error: tuple[str, str] | None
    history: tuple[IncidentTurn, ...]
    answers: Answers = Answers()


def row_after(
    row: IncidentRow | None, scope: IncidentScope, key: CauseKey, notice: IncidentNotice
) -> IncidentRow:
    """Return *row* as *notice* leaves it, None for a new one.

    A notice that the row has, or that is older than its last, changes nothing.
    """
    if row is not None and row.number >= notice.number:
        return row
    incident = notice.incident
    turn = _turn(notice)
    history = (*(() if row is None else row.history), turn)
    if len(history) > MOST_TURNS:
        history = (history[0], *history[2:])
    worded = [number for number, one in enumerate(history) if one.text is not None]
    if len(worded) > MOST_TEXTS:
        first = worded[0]
        wordless = history[first]._replace(text=None)
        history = (*history[:first], wordless, *history[first + 1 :])
    return IncidentRow(
        incident_id=incident.incident_id,
        scope=scope,
        key=key,
        number=notice.number,
        opened_at=incident.opened_at,
        began_at=incident.began_at,
        closed_at=incident.closed_at,
        closed_because=incident.closed_because,
        jobs=incident.jobs,
        last_job_id=notice.last_job_id,
        error=notice.error,
        history=history,
        answers=notice.answers or Answers(),
    )


def row_now(row: IncidentRow, cause: Cause | None) -> IncidentRow:
    """Return *row* with what *cause*, which it is about, knows since the last notice."""
    if cause is None or cause.incident is None or cause.incident.incident_id != row.incident_id:
        return row
    jobs = cause.jobs or cause.incident.jobs
    return structs.replace(row, jobs=jobs, last_job_id=cause.last_job_id, error=cause.error)


def _turn(notice: IncidentNotice) -> IncidentTurn:
    incident, act = notice.incident, notice.act
    because = incident.closed_because or notice.reason
    turn = IncidentTurn(notice.number, notice.kind, notice.at, incident.jobs, because)
    if act is None:
        return turn
    return turn._replace(
        event_id=act.event_id, by=act.by_name[:_MOST_NAME], text=act.text, until=act.until
    )
