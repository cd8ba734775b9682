"""What each path of the read API is for, in words. Its parameters and documents come from the code.

A path that `read.reader.ROUTES` gains needs a line here, which a test asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.api import (
    checks,
    clients_projects,
    entries,
    failures,
    incidents,
    jobs,
    overview,
    trends,
)
from run_ledger.domain.api.base_query import PathQuery, parameters_of
from run_ledger.domain.api.pages import ListDocument, PartialListDocument
from run_ledger.domain.api.parameters import QueryParameter
from run_ledger.read.gateway.description import DESCRIPTION


class DescriptionDocument(Struct, frozen=True):
    """The description of the API itself, by the OpenAPI specification, version 3.1."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    security: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


class Endpoint(Struct, frozen=True, kw_only=True):
    """One path.

    ``query`` holds its parameters, ``document`` is the shape of its answer, and ``items`` the shape
    of an item where the answer is a list.
    """

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
    "Clients": "The clients that the work is for, and their projects.",
    "Incidents": "What went wrong, by the rules of clients' alerts, and what became of it.",
    "Totals": "Figures, series and error groups. They are read from totals, never job by job.",
    "Operations": "For the people who run the ledger.",
}

# Of ids in a path. An id that nothing can have gets the same answer as one that isn't there.
PATH_PARAMETERS: Mapping[str, str] = {
    "client_id": "The client's id.",
    "incident_id": "The incident's id, as notices of it and the list have it.",
    "job_id": "The job's id, as its pipeline chose it.",
    "probe_id": "The probe's id, as its producer chose it.",
    "project_id": "The project's id.",
}

ENDPOINTS: Mapping[str, Endpoint] = {
    "/jobs": Endpoint(
        summary="List jobs, newest, longest or dearest first",
        about=(
            "Ordered by `created_at`, then `job_id`, both descending. A job must match all filters "
            "that are given.\n\nFollow `next_cursor` until it is null. A job that matches all the "
            "while and keeps its outcome comes exactly once, whatever else is created or changes "
            "meanwhile. A job whose outcome changes meanwhile comes once or not at all. A job that "
            "moves back in time, because an earlier event of it arrives late, may come a second "
            "time at its new place. `covers` says which time range the page looked through.\n\n"
            "With `sort`, a page is in that order instead, and all pages together have the first "
            "of all jobs: see the parameter. `q`, `tag` and `sort` are looked for in the jobs "
            "themselves, up to 1,000 a page."
        ),
        tag="Jobs",
        query=jobs.JobsQuery,
        document=ListDocument,
        items=jobs.JobDocument,
    ),
    "/jobs/{job_id}": Endpoint(
        summary="Show one job",
        about="The job's state by all its events, with every attempt and all counters.",
        tag="Jobs",
        document=jobs.JobDocument,
    ),
    "/jobs/{job_id}/entries": Endpoint(
        summary="List a job's history",
        about=(
            "Every entry of the job that is still kept: an accepted event, as it was sent. Entries "
            "are kept for 90 days, unless the deployment says otherwise. They are ordered by "
            "`occurred_at`, the oldest first, or with `order=newest` the newest. A history that is "
            "too long to be sorted for every page is given in the order in which its events came "
            "in, and `order` of the answer says `received_at`; what an earlier version kept of it "
            "is ordered by `event_id`."
        ),
        tag="Jobs",
        query=entries.EntriesQuery,
        document=entries.HistoryDocument,
        items=entries.EntryDocument,
    ),
    "/rejections": Endpoint(
        summary="List rejected events, newest first",
        about=(
            "Events that broke the contract, each with the field, what the field held and what is "
            "allowed. Staff may see them, and machines that were granted all clients; others get "
            "403."
        ),
        tag="Operations",
        query=entries.RejectionsQuery,
        document=ListDocument,
        items=entries.RejectionDocument,
    ),
    "/probes/{probe_id}": Endpoint(
        summary="Show whether a probe has come",
        about=(
            "A probe is an event that a producer sends to see whether its events arrive, as "
            "`run-ledger emit --check` does. It goes the whole way from the bus to the writer, and "
            "counts nowhere. That it came is kept for a day; 404 until it comes."
        ),
        tag="Operations",
        document=checks.ProbeDocument,
    ),
    "/proof": Endpoint(
        summary="Show how far the ledger is proved",
        about=(
            "Once no event of a job has come in for an hour, the job is recounted from its "
            "entries. `proved_to` says until when all that came in and settled was recounted: of "
            "the jobs created on the last two days, and of any day on which jobs changed how they "
            "are. What came late to other jobs, and what still runs, is recounted once a day, "
            "until `older_proved_to`. Rollup rows and projects are recounted after that, until "
            "`rows_proved_to`: each day once it is over, and before that each hour or less often, "
            "the more jobs it has. `differing` names up to 100 jobs, projects and rows that "
            "differ, and `differences` says how many there are, up to 1,000."
        ),
        tag="Operations",
        query=checks.ProofQuery,
        document=checks.ProofDocument,
    ),
    "/projects": Endpoint(
        summary="List projects",
        about=(
            "Ordered by `client_id`, then `project_id`, or with `sort=due` by due date, the next "
            "one first; `left_out` then names clients that have too many projects to put in order. "
            "The list holds the projects that events "
            "have reported, and those that a client only has jobs in, which have neither name nor "
            "status. A project must match all filters that are given. Follow `next_cursor` until "
            "it is null; a page may be short. A project that is there all the while comes exactly "
            "once."
        ),
        tag="Clients",
        query=clients_projects.ProjectsQuery,
        document=PartialListDocument,
        items=clients_projects.ProjectDocument,
    ),
    "/projects/{project_id}": Endpoint(
        summary="Show one project",
        about=(
            "The project's state and counters by all its events, and how many jobs its client has "
            "in it, by what they are now. How many were done day by day: `/trends` with "
            "`interval=day`, this `client_id` and `project_id`; `succeeded` and `partial` of all "
            "days add up to `jobs_done`."
        ),
        tag="Clients",
        query=clients_projects.ProjectQuery,
        document=clients_projects.ProjectDocument,
    ),
    "/clients": Endpoint(
        summary="List clients",
        about=(
            "Ordered by `client_id`. The list holds the clients that were declared and those that "
            "have reported. Follow `next_cursor` until it is null; a page may be short. A client "
            "that is there all the while comes exactly once."
        ),
        tag="Clients",
        query=clients_projects.ClientsQuery,
        document=ListDocument,
        items=clients_projects.ClientDocument,
    ),
    "/clients/{client_id}": Endpoint(
        summary="Show one client",
        about="The client's profile, and how many jobs it has, by what they are now.",
        tag="Clients",
        document=clients_projects.ClientDocument,
    ),
    "/clients/{client_id}/config": Endpoint(
        summary="Show a client's configuration",
        about="The parameters by name. Secret ones are left out; `secrets_omitted` counts them.",
        tag="Clients",
        document=clients_projects.ConfigDocument,
    ),
    "/overview": Endpoint(
        summary="Show the overview",
        about=(
            "The most important figures, over all clients that the caller may see and by client: "
            "how many jobs are running, queued and stalled now, and how many were created and "
            "ended in the period, with records, tokens and cost among the `counters`. The period "
            "begins at `since`: the start of the hour 24 hours, 7 or 30 days ago. `previous` tells "
            "the same of the previous period, which is as long. Jobs count once, by the result of "
            "their latest attempt; `attempts` counts each attempt. "
            "`/jobs?status=completed&ended_from=…` with `since` lists the jobs that `ended` "
            "counts. `running` counts stalled jobs, too. `errors` groups the jobs that failed, by "
            "whole days in UTC: `/jobs?fingerprint=…&ended_from=…` with its `since` lists the jobs "
            "of a group. A longer period has figures of fewer clients: of 133 for 7 days, of 32 "
            "for 30. The answer and its ETag stay the same within a minute in which nothing "
            "happens."
        ),
        tag="Totals",
        query=overview.OverviewQuery,
        document=overview.OverviewDocument,
    ),
    "/errors": Endpoint(
        summary="List error groups, the most frequent first",
        about=(
            "Attempts that ended as failed or timed out, grouped by the fingerprint of their "
            "error; attempts without an error have the fingerprint `none`. Counts are exact, by "
            "whole days in UTC. Times are those of the first and the last failure of these days, "
            "in whatever order they were reported; the message is that of the last one, and jobs "
            "are some of the last ones. A failure that a later event takes back may still stand "
            "for its error group while that counts others. Ordered by `count`, descending, then by "
            "`fingerprint`. An error group whose count stays the same comes exactly once; one that "
            "grows while cursors are followed may be missed or come again. Cursors keep the time "
            "range that they began with.\n\n`/jobs?fingerprint=…` lists the jobs of an error "
            "group; add `ended_from` and `ended_to` for a time range. It shows each job by its "
            "latest attempt: `jobs` says how many these are, and `count` counts attempts whose job "
            "was tried again, too.\n\n`from=…&new=true` lists what is new since a day: error "
            f"groups without a failure in the {failures.LOOKED_BACK_DAYS} days before it, of the "
            "clients that the request is about."
        ),
        tag="Totals",
        query=failures.FailuresQuery,
        document=PartialListDocument,
        items=failures.ErrorGroupDocument,
    ),
    "/incidents": Endpoint(
        summary="List incidents, newest first or by their jobs",
        about=(
            "An incident is one thing wrong that people were told of: failures of one pipeline "
            "with one fingerprint, by a rule of its client's alerts. Staff's rules make others, "
            "which staff alone see (`of_staff`). It is here from the moment in "
            "which it opens; what heals within its grace never is. Closed ones are kept for as "
            "long as entries are. Ordered by `opened_at`, then `incident_id`, both descending. "
            "Follow `next_cursor` until it is null; a page may be short. An incident that matches "
            "all the while comes exactly once. With `sort=jobs`, one whose `jobs` change meanwhile "
            "may be missed or come again.\n\nWhere `telling` is false, the stage makes no "
            "incidents, so an empty list says nothing; what was open when that was turned off "
            "stays open."
        ),
        tag="Incidents",
        query=incidents.IncidentsQuery,
        document=incidents.IncidentsDocument,
        items=incidents.IncidentDocument,
    ),
    "/incidents/{incident_id}": Endpoint(
        summary="Show one incident",
        about="The incident with its history: each thing that became of it, and was told.",
        tag="Incidents",
        document=incidents.OneIncidentDocument,
    ),
    "/trends": Endpoint(
        summary="Show series over time",
        about=(
            "Series of points by hour or day, sorted by `key`. A series in which nothing was "
            "counted is left out. A job counts as created when its earliest event occurred, and "
            "once at most as ended: by its present result, when its latest attempt ended. In "
            "`attempts`, each attempt counts as started and as ended when it did, so a failure "
            "that a retry healed is counted there alone. Each delta counts when its event "
            "occurred. The error rate is (`failed` + `timed_out`) / (`ended` - `cancelled`), and "
            "null where only cancelled ones, or none, ended. Percentiles are those of the "
            "durations of what ended, within 5%, and null where nothing has a "
            "duration.\n\nThe pipelines of a project are not counted apart: `pipeline` combines "
            "neither with `project_id` nor with `group_by=project`. By day 400 days are the most, "
            "by hour 31. Of more groups than one answer can add up, those with most jobs have "
            "series, and `other` is the sum of the rest; what can't be added up is named in "
            "`left_out`. A request for one client or project that is too much for an answer by "
            "itself gets 400. Over everything, and where `other` is known from totals "
            "over all clients, `counters` are those that the contract names.\n\n"
            "Days are those of UTC, "
            "or with `tz` those of another zone. They are added up from hours, each of which "
            "belongs to the local day that it begins in. `at`, `from` and `to` are in UTC all the "
            "same. Series over everything by day of another zone are added up from all clients, so "
            "they may cover fewer days than by day of UTC."
        ),
        tag="Totals",
        query=trends.TrendsQuery,
        document=trends.TrendsDocument,
    ),
    DESCRIPTION: Endpoint(
        summary="Show this description",
        about=(
            "The description of this API, for programs: what you are reading, with the address of "
            "this stage as its server. It says nothing of any client. The site shows it as a page "
            "on which requests can be tried."
        ),
        tag="Operations",
        document=DescriptionDocument,
    ),
}
