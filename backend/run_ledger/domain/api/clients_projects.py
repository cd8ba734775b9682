"""Clients, their configuration, and projects: queries, and the shapes of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import OUTCOMES, ProjectStatus
from run_ledger.domain.instants import Instant, text_or_none
from run_ledger.domain.state.project import Project

from .base_query import ListQuery, filtered, page_limit
from .parameters import choice, identifier


@dataclass(frozen=True, kw_only=True)
class ClientsQuery(ListQuery):
    """The query of the list of clients."""

    limit: int = page_limit(50, 100)


@dataclass(frozen=True, kw_only=True)
class ProjectsQuery(ListQuery):
    """The query of the list of projects."""

    limit: int = page_limit(50, 100)
    client_id: str | None = filtered(
        identifier("client_id", "Only projects of this client."),
        lambda project, client_id: project.client_id == client_id,
    )
    status: str | None = filtered(
        choice("status", "Only projects in this state.", get_args(ProjectStatus)),
        lambda project, status: project.status == status,
    )


class JobTotalsDocument(Struct, frozen=True):
    """How many jobs there are, by what they are now. A job counts once, whatever its attempts."""

    total: int
    queued: int
    running: int
    succeeded: int
    partial: int
    failed: int
    cancelled: int
    timed_out: int


class ClientDocument(Struct, frozen=True):
    """A client: declared, or known by its events alone, and then without a name."""

    client_id: str
    name: str | None
    description: str | None
    contact: str | None
    tags: Mapping[str, str]
    jobs: JobTotalsDocument
    declared: bool


class ParameterDocument(Struct, frozen=True):
    """One plain parameter of a client's configuration."""

    name: str
    value: str
    description: str
    updated_at: str | None


class ConfigDocument(Struct, frozen=True):
    """A client's configuration, by name. Secret parameters are counted and not shown."""

    client_id: str
    parameters: Sequence[ParameterDocument]
    secrets_omitted: int


class ProjectDocument(Struct, frozen=True):
    """A project's state by all its events, and its job totals."""

    project_id: str
    client_id: str
    name: str | None
    owner: str | None
    status: ProjectStatus | None
    due_at: str | None
    jobs_expected: int | None
    tags: Mapping[str, str]
    counters: Mapping[str, int]
    created_at: str | None
    last_seen_at: str | None
    jobs: JobTotalsDocument


def job_totals(now: Mapping[str, int]) -> JobTotalsDocument:
    """Return the job totals; *now* counts the jobs in each outcome: ``{"running": 2}``."""
    # Rows of several shards are read one after the other: while a job moves, a sum may be negative.
    counts = {name: max(0, now.get(name, 0)) for name in OUTCOMES}
    return JobTotalsDocument(total=sum(counts.values()), **counts)


def project_document(
    client_id: str,
    project_id: str,
    now: Mapping[str, int],
    project: Project | None,
    last_seen_at: Instant | None,
) -> ProjectDocument:
    """Return a project as the API shows it; *project* is None where no event has reported it.

    *now* counts the client's jobs in each outcome.
    """
    latest: Callable[[str], Any] = project.latest if project else lambda _: None
    return ProjectDocument(
        project_id=project_id,
        client_id=client_id,
        name=latest("name"),
        owner=latest("owner"),
        status=latest("status"),
        due_at=text_or_none(latest("due_at")),
        jobs_expected=latest("jobs_expected"),
        tags=dict(sorted((latest("tags") or {}).items())),
        counters=dict(sorted(project.counters.items())) if project else {},
        created_at=text_or_none(project.created_at if project else None),
        last_seen_at=text_or_none(last_seen_at),
        jobs=job_totals(now),
    )
