"""The questions as tools of the Model Context Protocol: name, description, arguments, answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from .about_incidents import FindIncidents, find_incidents
from .about_jobs import FindJobs, OneJob, explain_job, find_jobs, why_did_it_fail
from .about_now import WhatIsWrong, what_is_wrong_now
from .about_periods import (
    AskedPeriod,
    ErrorGroups,
    FindClients,
    Projects,
    compare_periods,
    cost_by,
    error_groups,
    find_clients,
    projects,
)
from .about_proof import IsItProved, is_it_proved
from .asking import Asking, Json, Refused, repeated
from .shaping import NOTE, bounded

_MOST_WORDS = 120
_ARGUMENT = re.compile(r"\$\.([a-z_]+)")
INSTRUCTIONS = (
    "Run Ledger knows the jobs of data enrichment pipelines, which are run for clients, in "
    "projects: what ran, what failed and why, what it cost. A job may have several attempts; its "
    "result is that of the latest. For a question about how things are, begin with "
    "what_is_wrong_now. Where next_cursor is not null, there is more, even if the list is empty: "
    "ask again with the same arguments and cursor. Where shortened or left_out is there, say that "
    "the answer is not whole. People know clients by name, the tools by client_id: "
    "find_clients tells both. Times are in UTC, durations in seconds, costs in US dollars as exact "
    "decimal text; where cost_is_at_least is true, say “at least”. Give people the link that an "
    "answer has. " + NOTE
)


class Tool(Struct, frozen=True):
    """A question: *about* says when to ask it, *arguments* is the shape of what is given."""

    name: str
    title: str
    about: str
    arguments: type[Struct]
    answer: Callable[[Asking, Any], Json]

    def schema(self) -> Json:
        """Return the JSON schema of the arguments."""
        schema = msgspec.json.schema(self.arguments)
        found: Json = dict(schema["$defs"][self.arguments.__name__])
        # What the class says of itself is for readers of this code.
        found.pop("title", None)
        found.pop("description", None)
        return found


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "what_is_wrong_now",
            "What is wrong now",
            "What needs attention now, for questions such as “is anything wrong?”: the newest "
            "stalled, failed and partial jobs and overdue projects, how many incidents are open "
            "and the newest of them, the error groups and which are new, and each client's error "
            "rate; of the last 24 hours, 7 or 30 days, with the figures of the previous period.",
            WhatIsWrong,
            what_is_wrong_now,
        ),
        Tool(
            "find_incidents",
            "Find incidents",
            "Incidents: each is one thing wrong that people were told of by their rules, such as "
            "failures of one pipeline with one error, runs that did not begin (missed), or a "
            "budget. For questions such as “what is open, since when, how often, and who looks "
            "after it?”: open ones unless state says otherwise, the one that opened last first. "
            "jobs is how many jobs or runs it counts. of_staff: by a rule of staff. Where telling "
            "is false, the ledger makes no incidents, and that there are none says nothing.",
            FindIncidents,
            find_incidents,
        ),
        Tool(
            "find_jobs",
            "Find jobs",
            "A list of jobs, for questions such as “which jobs of Acme failed yesterday?”: by part "
            "of their name or id, client, project, pipeline, result, tag and time; newest, longest "
            "or dearest first. It also finds the job_id that other tools need.",
            FindJobs,
            find_jobs,
        ),
        Tool(
            "explain_job",
            "Explain a job",
            "How one job stands, whether it runs or has ended: its attempts, counters, cost and "
            "newest events, and how many of its parts (jobs that name it as their parent) ended "
            "how. For the reason of a failure ask why_did_it_fail.",
            OneJob,
            explain_job,
        ),
        Tool(
            "why_did_it_fail",
            "Why a job failed, and since when",
            "The error of one job, and of its error group (failures with the same fingerprint) in "
            "the last 30 days of the job's client: when it came first and last, in how many jobs, "
            "and in which.",
            OneJob,
            why_did_it_fail,
        ),
        Tool(
            "error_groups",
            "Error groups",
            "Failures of some days in groups of the same fingerprint, the most frequent first, "
            "each with how many jobs, of which clients, and its newest message. only_new: those "
            "that had not come in the 30 days before.",
            ErrorGroups,
            error_groups,
        ),
        Tool(
            "compare_periods",
            "Compare two periods",
            "Jobs, results, records, tokens and cost of a period and of the one before it, which "
            "is as long; in all, or by client, project, pipeline or model (the language model "
            "that was called). Null figures of a group are not known: they are part of the group "
            "with is_rest, or left out.",
            AskedPeriod,
            compare_periods,
        ),
        Tool(
            "cost_by",
            "Cost and tokens",
            "Cost, tokens and records of a period; in all, or by client, project, pipeline or "
            "model (the language model that was called), the dearest first. For the cost of one "
            "job ask explain_job; for the dearest jobs find_jobs with sort=cost.",
            AskedPeriod,
            cost_by,
        ),
        Tool(
            "projects",
            "Projects",
            "Projects by their due date: how many of the expected jobs are done, their cost, and "
            "which are overdue.",
            Projects,
            projects,
        ),
        Tool(
            "find_clients",
            "Clients",
            "The clients that you may see, with their ids and names.",
            FindClients,
            find_clients,
        ),
        Tool(
            "is_it_proved",
            "Is it proved",
            "Whether the figures can be relied on: until when (proved_to) each job was recounted "
            "from its events, how many recounts that was, and which jobs differ. What came late to "
            "an older job, or to one that runs, is recounted once a day, until older_proved_to. "
            "Where times are null, nothing was recounted yet.",
            IsItProved,
            is_it_proved,
        ),
    )
}


def answer(asking: Asking, name: str, arguments: Mapping[str, Any]) -> Json:
    """Return the answer of the tool *name*, of `MOST_BYTES` at most.

    Raise `Refused` where there is no such tool, where an argument is not allowed, or where the API
    refuses.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise Refused(f"There is no tool {repeated(name)}; allowed is one of {', '.join(TOOLS)}.")
    try:
        given = msgspec.convert(arguments, tool.arguments)
    except msgspec.ValidationError as error:
        raise Refused(f"{_cut(str(error))}; {_allowed(tool, str(error))}") from error
    try:
        return bounded(tool.answer(asking, given))
    except (LookupError, TypeError, AttributeError) as error:
        raise Refused(
            f"The API's answer has not the shape that this version knows ({error!r}): the ledger "
            "and this command should be of the same version."
        ) from error


def _cut(mistake: str) -> str:
    """Return a mistake's words, which may repeat a name that was given, in any length."""
    return mistake if len(mistake) <= _MOST_WORDS else f"{mistake[:_MOST_WORDS]}…"


def _allowed(tool: Tool, mistake: str) -> str:
    """Return what is allowed where msgspec has found a mistake, by the schema."""
    schema = tool.schema()
    found = _ARGUMENT.search(mistake)
    argument = schema["properties"].get(found[1]) if found else None
    if argument is None:
        required = ", ".join(schema.get("required", ())) or "none"
        names = ", ".join(schema["properties"]) or "none"
        return f"allowed arguments: {names} (required: {required})."
    return f"allowed: {msgspec.json.encode(argument).decode()}."
