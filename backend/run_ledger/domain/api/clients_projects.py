"""Clients, their configuration, and projects: queries, and the shapes of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import DONE, OUTCOMES, ProjectStatus
from run_ledger.domain.instants import Instant, text_or_none
from run_ledger.domain.state.project import CLOSED, Project

from .base_query import ListQuery, PathQuery, declared, filtered, page_limit
from .parameters import choice, flag, identifier


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
    overdue: bool | None = filtered(
        flag("overdue", "`true`: only projects that are overdue. `false`: only other projects."),
        lambda project, overdue: project.overdue is overdue,
    )
    sort: str | None = declared(
        choice(
            "sort",
            "`client`, unless given: by client, then by project. `due`: the next due date first, "
            "and those without one last.",
            ("client", "due"),
        )
    )

    @property
    def is_by_due_date(self) -> bool:
        """Return whether the projects come by due date, and not by client."""
        return self.sort == "due"


@dataclass(frozen=True, kw_only=True)
class ProjectQuery(PathQuery):
    """The query of one project."""

    client_id: str | None = declared(
        identifier(
            "client_id",
            "The client whose project is meant: another one may have jobs in a project of the same "
            "id. Unless given, it is the client that reported the project.",
        )
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
    jobs_done: int
    overdue: bool


def is_overdue(
    *,
    status: ProjectStatus | None,
    due_at: Instant | None,
    jobs_expected: int | None,
    jobs_done: int,
    now: Instant,
) -> bool:
    """Return whether a project is overdue at *now*.

    It is from its due date on, until all expected jobs are done or its status says that nobody
    waits for it. Where no number of jobs is expected, only its status can end that.
    """
    if due_at is None or now < due_at or status in CLOSED:
        return False
    return jobs_expected is None or jobs_done < jobs_expected


def jobs_done(totals: JobTotalsDocument) -> int:
    """Return how many jobs are done."""
    return sum(getattr(totals, result) for result in DONE)


def job_totals(now: Mapping[str, int]) -> JobTotalsDocument:
    """Return the job totals; *now* counts the jobs in each outcome: ``{"running": 2}``."""
    # Rows of several shards are read one after the other: while a job moves, a sum may be negative.
    counts = {name: max(0, now.get(name, 0)) for name in OUTCOMES}
    return JobTotalsDocument(total=sum(counts.values()), **counts)


def project_document(
    key: tuple[str, str],
    now: Mapping[str, int],
    project: Project | None,
    last_seen_at: Instant | None,
    *,
    at: Instant,
) -> ProjectDocument:
    """Return a project as the API shows it; *project* is None where no event has reported it.

    *key* is the client and the project. *now* counts the client's jobs in each outcome. Whether
    the project is overdue goes by the time *at*.
    """
    latest: Callable[[str], Any] = project.latest if project else lambda _: None
    totals = job_totals(now)
    done = jobs_done(totals)
    client_id, project_id = key
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
        jobs=totals,
        jobs_done=done,
        overdue=is_overdue(
            status=latest("status"),
            due_at=latest("due_at"),
            jobs_expected=latest("jobs_expected"),
            jobs_done=done,
            now=at,
        ),
    )
