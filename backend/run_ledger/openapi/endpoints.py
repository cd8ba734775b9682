"""What each path of the read API is for, in words; its parameters and documents are the code's.

A path that `read.reader.ROUTES` gains needs a line here, which a test asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.api import (
    clients_projects,
    entries,
    failures,
    jobs,
    overview,
    trends,
)
from run_ledger.domain.api.base_query import PathQuery, parameters_of
from run_ledger.domain.api.pages import ListDocument
from run_ledger.domain.api.parameters import QueryParameter


class Endpoint(Struct, frozen=True, kw_only=True):
    """One path: ``document`` is the shape of its answer, ``items`` that of a list's items."""

    summary: str
    about: str
    tag: str
    query: type[PathQuery] = PathQuery
    document: type[Struct]
    items: type[Struct] | None = None

    @property
    def parameters(self) -> list[QueryParameter[Any]]:
        """Return the parameters that the path takes."""
        return parameters_of(self.query)


TAGS: Mapping[str, str] = {
    "Jobs": "What pipelines reported, job by job.",
    "Clients": "Whom the work is for, and what it is part of.",
    "Totals": "What all of it comes to: figures and series from totals, never job by job.",
    "Operations": "What those who run the ledger look after.",
}

# Of ids in a path. One that nothing can have is answered as any other that isn't there.
PATH_PARAMETERS: Mapping[str, str] = {
    "client_id": "The client's id.",
    "job_id": "The job's id, as its pipeline chose it.",
    "project_id": "The project's id.",
}

ENDPOINTS: Mapping[str, Endpoint] = {
    "/jobs": Endpoint(
        summary="List jobs, newest first",
        about=(
            "Ordered by `created_at`, then `job_id`, both descending. Filters combine: a job must "
            "match all of them.\n\nFollow `next_cursor` until it is null. A job that matches all "
            "the while, in one outcome, comes exactly once, whatever else is created or changes "
            "meanwhile; one whose outcome changes meanwhile comes once or not at all; one that an "
            "earlier event, arrived late, moves back in time may come a second time at its new "
            "place. `covers` says which span of time the page looked through."
        ),
        tag="Jobs",
        query=jobs.JobsQuery,
        document=ListDocument,
        items=jobs.JobDocument,
    ),
    "/jobs/{job_id}": Endpoint(
        summary="Show one job",
        about="The job as all its events make it, with every attempt and all counters.",
        tag="Jobs",
        document=jobs.JobDocument,
    ),
    "/jobs/{job_id}/entries": Endpoint(
        summary="List a job's history, oldest first",
        about=(
            "Every accepted event of the job that is still kept (90 days, unless the deployment "
            "says otherwise), as it was sent. Ordered by `occurred_at`; a history too long to be "
            "sorted for every page is ordered by `event_id` instead, and `order` says so."
        ),
        tag="Jobs",
        query=entries.EntriesQuery,
        document=entries.HistoryDocument,
        items=entries.EntryDocument,
    ),
    "/rejections": Endpoint(
        summary="List rejected events, newest first",
        about=(
            "Events that broke the contract, each with the field, what was there and what is "
            "allowed. For staff and for machines that were granted everything; 403 for others."
        ),
        tag="Operations",
        query=entries.RejectionsQuery,
        document=ListDocument,
        items=entries.RejectionDocument,
    ),
    "/projects": Endpoint(
        summary="List projects",
        about=(
            "Ordered by `client_id`, then `project_id`: those that updates speak of, and those "
            "that a client only has jobs in, which then have neither name nor status. Filters "
            "combine. Follow `next_cursor` until it is null; a page may be short. A project that "
            "is there all the while comes exactly once."
        ),
        tag="Clients",
        query=clients_projects.ProjectsQuery,
        document=ListDocument,
        items=clients_projects.ProjectDocument,
    ),
    "/projects/{project_id}": Endpoint(
        summary="Show one project",
        about=(
            "Its state and counters as its updates make them, and what its client's jobs in it "
            "are now."
        ),
        tag="Clients",
        document=clients_projects.ProjectDocument,
    ),
    "/clients": Endpoint(
        summary="List clients",
        about=(
            "Ordered by `client_id`: those that were declared, and those that only reported. "
            "Follow `next_cursor` until it is null; a page may be short. A client that is there "
            "all the while comes exactly once."
        ),
        tag="Clients",
        query=clients_projects.ClientsQuery,
        document=ListDocument,
        items=clients_projects.ClientDocument,
    ),
    "/clients/{client_id}": Endpoint(
        summary="Show one client",
        about="Its profile, and what its jobs are now.",
        tag="Clients",
        document=clients_projects.ClientDocument,
    ),
    "/clients/{client_id}/config": Endpoint(
        summary="Show a client's configuration",
        about="Parameters by name. Secret ones are left out: `secrets_omitted` says how many.",
        tag="Clients",
        document=clients_projects.ConfigDocument,
    ),
    "/overview": Endpoint(
        summary="Show what is going on",
        about=(
            "The figures that people want first, over all that the caller may see and by client: "
            "what runs, waits and has stalled now, and what was created, started and ended since "
            "`since`: in the hour that runs and the 24 before it. `running` counts stalled jobs, "
            "too. The answer stays the same, and so does its ETag, for as long as nothing happens "
            "in a minute."
        ),
        tag="Totals",
        query=overview.OverviewQuery,
        document=overview.OverviewDocument,
    ),
    "/errors": Endpoint(
        summary="List kinds of failures, the most frequent first",
        about=(
            "Attempts that ended as failed or timed out, grouped by the fingerprint of their error "
            "(`none` where they said none). Counts are exact, by whole days in UTC. Times, message "
            "and jobs are samples: those of the failures that the ledger took in first and last. "
            "Ordered by `count`, descending, then `fingerprint`; a group whose count stays as it "
            "is comes exactly once, one that grows while cursors are followed may be missed or "
            "come again. Cursors keep the span that they began with.\n\n`/jobs?fingerprint=…` "
            "lists the jobs of a group, with `ended_from` and `ended_to` those of a span of days; "
            "of jobs that were tried again since, attempts are counted here and not listed there."
        ),
        tag="Totals",
        query=failures.FailuresQuery,
        document=ListDocument,
        items=failures.ErrorGroupDocument,
    ),
    "/trends": Endpoint(
        summary="Show what was done over time",
        about=(
            "Series of points by hour or day, sorted by `key`. One in which nothing was counted "
            "is left out. A job counts as created when its earliest event occurred; each attempt "
            "as started and as ended when it did, and each delta when its event occurred. The "
            "error rate is (`failed` + `timed_out`) / (`ended` - `cancelled`), null where nothing "
            "else ended; percentiles are of the attempts that ended, within 5 %, null where none "
            "has a duration.\n\nThe pipelines of a project are not counted apart: `pipeline` "
            "combines neither with `project_id` nor with `group_by=project`. By day 400 days are "
            "the most, by hour 31; a caller who sees many clients is told if a question is about "
            "more than one answer can add up. Over everything, `counters` are those that the "
            "contract names.\n\nDays are those of UTC, or with `tz` those of another zone, added "
            "up from hours: what an hour counts goes to the local day that it begins in. `at`, "
            "`from` and `to` are moments in UTC all the same. Everything by day of another zone "
            "adds up all clients, so it may span fewer days than by day of UTC."
        ),
        tag="Totals",
        query=trends.TrendsQuery,
        document=trends.TrendsDocument,
    ),
}
