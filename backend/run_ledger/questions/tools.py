"""The questions as tools of the Model Context Protocol: name, description, arguments, answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from .about_jobs import FindJobs, OneJob, explain_job, find_jobs, why_did_it_fail
from .about_periods import (
    AskedPeriod,
    ErrorGroups,
    FindClients,
    Projects,
    WhatIsWrong,
    compare_periods,
    cost_by,
    error_groups,
    find_clients,
    projects,
    what_is_wrong_now,
)
from .asking import Asking, Json, Refused
from .shaping import NOTE, bounded

INSTRUCTIONS = (
    "Run Ledger knows the jobs of enrichment pipelines: who ran what, what failed, what it cost. "
    "Begin with what_is_wrong_now. People know clients by name, the tools by client_id: "
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
            "What needs attention now: stalled, failed and partial jobs, overdue projects, error "
            "groups and which are new, each client's error rate, with the previous period.",
            WhatIsWrong,
            what_is_wrong_now,
        ),
        Tool(
            "find_jobs",
            "Find jobs",
            "Jobs by part of their name or id, client, project, pipeline, result, tag and time; "
            "newest, longest or dearest first.",
            FindJobs,
            find_jobs,
        ),
        Tool(
            "explain_job",
            "Explain a job",
            "How one job stands: attempts, counters, cost, parts by outcome, newest events.",
            OneJob,
            explain_job,
        ),
        Tool(
            "why_did_it_fail",
            "Why a job failed, and since when",
            "A job's error, when its error group was first and last seen in the last 30 days, how "
            "many jobs it hit, and which.",
            OneJob,
            why_did_it_fail,
        ),
        Tool(
            "error_groups",
            "Error groups",
            "Failures of some days by kind, with how many jobs each; only_new: those that began.",
            ErrorGroups,
            error_groups,
        ),
        Tool(
            "compare_periods",
            "Compare two periods",
            "Jobs, results, records, tokens and cost of a period and of the one before it, which "
            "is as long; in all, or by client, project, pipeline or model.",
            AskedPeriod,
            compare_periods,
        ),
        Tool(
            "cost_by",
            "Cost and tokens",
            "What a period cost, by client, project, pipeline or model, the dearest first.",
            AskedPeriod,
            cost_by,
        ),
        Tool(
            "projects",
            "Projects",
            "How far projects are, by their due date, and which are overdue.",
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
    )
}


def answer(asking: Asking, name: str, arguments: Mapping[str, Any]) -> Json:
    """Return the answer of the tool *name*, of `MOST_BYTES` at most.

    Raise `Refused` where there is no such tool, where an argument is not allowed, or where the API
    refuses.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise Refused(f"There is no tool {name!r}; allowed is one of {', '.join(TOOLS)}.")
    try:
        given = msgspec.convert(arguments, tool.arguments)
    except msgspec.ValidationError as error:
        raise Refused(f"{error}.") from error
    return bounded(tool.answer(asking, given))
