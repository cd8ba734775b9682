"""Incidents: the queries of `/incidents` and of one of them, and their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.incidents.alert_rules import ALERT_WHATS
from run_ledger.domain.incidents.drift import DIFFERS
from run_ledger.domain.incidents.incident_rows import IncidentRow
from run_ledger.domain.instants import Instant, text, text_or_none

from .base_query import ListQuery, declared, filtered, page_limit
from .intervals import check_order
from .pages import ListDocument
from .parameters import choice, flag, identifier, order, time_or_date

IncidentState = Literal["open", "closed"]


@dataclass(frozen=True, kw_only=True)
class IncidentsQuery(ListQuery):
    """The query of the list of incidents."""

    limit: int = page_limit(50, 100)
    client_id: str | None = filtered(
        identifier("client_id", "Only incidents of this client."),
        lambda one, client_id: one.client_id == client_id,
    )
    project_id: str | None = filtered(
        identifier(
            "project_id", "Only incidents of alerts that name this project, or a rule of it."
        ),
        lambda one, project_id: one.project_id == project_id,
    )
    pipeline: str | None = filtered(
        identifier("pipeline", "Only incidents of this pipeline."),
        lambda one, pipeline: one.pipeline == pipeline,
    )
    what: str | None = filtered(
        choice("what", "Only incidents in which this went wrong.", (*ALERT_WHATS, DIFFERS)),
        lambda one, what: one.what == what,
    )
    state: str | None = filtered(
        choice("state", "Only incidents that are open now, or closed.", ("open", "closed")),
        lambda one, state: one.state == state,
        meaning="wanted_state",
    )
    of_staff: bool | None = filtered(
        flag(
            "of_staff",
            "`true`: only incidents of staff, who alone see them: those by rules of staff, and "
            "what concerns staff alone. `false`: only those by rules of the clients themselves.",
        ),
        lambda one, of_staff: one.of_staff is of_staff,
    )
    since: Instant | None = declared(
        time_or_date("from", "Only incidents that opened at this time or later.")
    )
    until: Instant | None = declared(
        time_or_date("to", "Only incidents that opened before this time.")
    )
    sort: str | None = declared(
        order(
            "sort",
            "`opened`, unless given: the incident that opened last comes first. `jobs`: the one by "
            "which most jobs have failed; this lists open incidents alone.",
            "opened",
            ("jobs",),
        )
    )

    @property
    def wanted_state(self) -> str | None:
        """Return the state that is asked for: an order by jobs is one of open incidents."""
        return "open" if self.sort == "jobs" else self.state

    def check(self) -> None:
        """Raise InvalidQuery for an empty time range, and for an order that closed ones lack."""
        if self.since is not None and self.until is not None:
            check_order(self.since < self.until, self.since)
        if self.sort == "jobs" and self.state == "closed":
            raise InvalidQuery("sort", "jobs is an order of open incidents alone")


class IncidentErrorDocument(Struct, frozen=True):
    """The error of the last job that failed so."""

    type: str
    message: str


class IncidentDocument(Struct, frozen=True, kw_only=True):
    """One thing wrong that people were told of."""

    incident_id: str
    client_id: str
    pipeline: str | None
    project_id: str | None
    tag: str | None
    of_staff: bool
    what: str
    fingerprint: str | None
    state: IncidentState
    error: IncidentErrorDocument | None
    jobs: int
    last_job_id: str | None
    began_at: str
    opened_at: str
    closed_at: str | None
    closed_because: str | None
    acknowledged_by: str | None
    muted: bool
    muted_until: str | None


class IncidentTurnDocument(Struct, frozen=True):
    """One thing that became of an incident, and was told."""

    at: str
    kind: str
    jobs: int
    because: str | None
    by: str | None
    text: str | None
    until: str | None
    event_id: str | None


class OneIncidentDocument(IncidentDocument, frozen=True, kw_only=True):
    """An incident with its history, oldest first."""

    history: Sequence[IncidentTurnDocument]


class OpenIncidentsDocument(Struct, frozen=True):
    """What is wrong now: how many incidents are open, by client, and the newest of them.

    ``of_staff`` of them are by staff's rules: one failure may be an incident by these and another
    by its client's.
    """

    telling: bool
    open: int | None
    of_staff: int | None
    by_client: Mapping[str, int] | None
    newest: Sequence[IncidentDocument]


class IncidentsDocument(ListDocument, frozen=True, kw_only=True):
    """A page of the list of incidents; ``telling`` is whether the stage makes any."""

    telling: bool


def incident_document(row: IncidentRow) -> IncidentDocument:
    """Return an incident as lists show it."""
    return IncidentDocument(**_members(row))


def one_incident_document(row: IncidentRow) -> OneIncidentDocument:
    """Return an incident with its history."""
    turns = [
        IncidentTurnDocument(
            text(turn.at),
            turn.kind.removeprefix("incident_"),
            turn.jobs,
            turn.because,
            turn.by,
            turn.text,
            text_or_none(turn.until),
            turn.event_id,
        )
        for turn in row.history
    ]
    return OneIncidentDocument(**_members(row), history=turns)


def _members(row: IncidentRow) -> dict[str, Any]:
    acknowledged, mute = row.answers.acknowledged, row.answers.mute
    is_muted = row.answers.is_muted and row.closed_at is None
    return {
        "incident_id": row.incident_id,
        "client_id": row.scope.client_id,
        "pipeline": row.scope.pipeline or None,
        "project_id": row.scope.project_id,
        "tag": row.scope.tag,
        "of_staff": row.scope.is_of_staff,
        "what": row.key.what,
        "fingerprint": row.key.fingerprint or None,
        "state": "open" if row.closed_at is None else "closed",
        "error": None if row.error is None else IncidentErrorDocument(*row.error),
        "jobs": row.jobs,
        "last_job_id": row.last_job_id or None,
        "began_at": text(row.began_at),
        "opened_at": text(row.opened_at),
        "closed_at": text_or_none(row.closed_at),
        "closed_because": row.closed_because,
        "acknowledged_by": None if acknowledged is None else acknowledged.by_name,
        "muted": is_muted,
        "muted_until": text_or_none(mute.until) if mute is not None and is_muted else None,
    }
