r"""The event contract, version 1: the fields of events, as types that the decoder enforces.

A pattern ends in ``(?![\s\S])``, which means "end of input" to Python and to JSON Schema alike,
where ``$`` would let Python accept a trailing line feed.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from run_ledger.domain.cron_lines import CRON_PATTERN
from run_ledger.domain.lengths import LENGTH_PATTERN

SCHEMA_VERSION = 1
MAX_DETAIL_BYTES = 64 * 1024
# Levels of nesting. Without it the interpreter's own limit would apply, which differs between
# Python versions.
MAX_LEVELS = 32
MAX_DELTAS_PER_EVENT = 24
# Of the names that are not among `KNOWN_COUNTERS`, so many keep a counter of their own: those that
# come first in byte order. What is added under the others is the counter `OTHER_COUNTERS`.
MOST_OWN_COUNTERS = 64
"""How many names a total keeps: each rollup, and each point of a series."""
MOST_OWN_COUNTERS_OF_A_JOB = 256
"""How many names a job keeps, and a project of its own events."""
OTHER_COUNTERS = "other_counters"
MAX_MODELS_PER_EVENT = 8
MOST_MODELS = 40
"""How many models a job keeps counters of, and each rollup: the first in byte order."""
OTHER_MODELS = "other"
"""The model that all further ones are summed as."""
MAX_PARTS_PER_EVENT = 100
MOST_PARTS = 200
"""How many parts a job keeps running totals of: the first in byte order."""
MAX_TAGS = 64
MAX_COUNT = 2**53
DEFAULT_PIPELINE = "default"

KNOWN_COUNTERS = (
    "records_ok",
    "records_failed",
    "records_skipped",
    "llm_calls",
    "llm_errors",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cost_microusd",
    "llm_calls_unpriced",
)

COUNTERS_OF_PARTS = (
    *KNOWN_COUNTERS,
    "input_records",
    "input_bytes",
    "input_files",
    "output_bytes",
    "output_files",
)
"""The counters that running totals may have: few, as an event may change those of every part."""

JobStatus = Literal["queued", "running", "completed"]
JobResult = Literal["succeeded", "partial", "failed", "cancelled", "timed_out"]
ProjectStatus = Literal["active", "paused", "completed", "archived"]
ActName = Literal["acknowledge", "mute", "unmute", "resolve", "note"]
ACTS: tuple[ActName, ...] = get_args(ActName)
RESULTS: tuple[JobResult, ...] = get_args(JobResult)
OUTCOMES: tuple[str, ...] = ("queued", "running", *RESULTS)
"""What a job is counted and looked up by: its status until it is completed, then its result."""

FAILURES: tuple[JobResult, ...] = ("failed", "timed_out")

DONE: tuple[JobResult, ...] = ("succeeded", "partial")
"""Results of jobs that are done, as a project's progress counts them: they delivered something."""

IDENTIFIER_PATTERN = r"[A-Za-z0-9._:-]{1,128}"
IDENTIFIER_ALLOWED = "1 to 128 of the characters A-Z a-z 0-9 . _ : -"
Identifier = Annotated[str, Meta(pattern=rf"^{IDENTIFIER_PATTERN}(?![\s\S])")]
STAFF_AS_OWNER = "*"
"""Stands for staff where the id of a client would say whose an incident is."""
Owner = Annotated[str, Meta(pattern=rf"^(?:\*|{IDENTIFIER_PATTERN})(?![\s\S])")]
EventId = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=1024)]
ShortText = Annotated[str, Meta(min_length=1, max_length=128)]
HttpsUrl = Annotated[str, Meta(max_length=1024, pattern=r"^https://[^\s\x00-\x1f\x7f]+(?![\s\S])")]
Time = Annotated[datetime, Meta(tz=True)]
Positive = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]
CounterName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}(?![\s\S])")]
CounterChange = Annotated[int, Meta(ge=-MAX_COUNT, le=MAX_COUNT)]
Delta = Annotated[dict[CounterName, CounterChange], Meta(max_length=MAX_DELTAS_PER_EVENT)]
# Any text: names of models have slashes, colons, blanks and letters of all alphabets.
MODEL_PATTERN = r"[^\x00-\x1f\x7f]{1,128}"
ModelName = Annotated[str, Meta(pattern=rf"^{MODEL_PATTERN}(?![\s\S])")]
DeltaByModel = Annotated[dict[ModelName, Delta], Meta(max_length=MAX_MODELS_PER_EVENT)]
PartName = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]{1,64}(?![\s\S])")]
CounterOfParts = Annotated[str, Meta(pattern=rf"^(?:{'|'.join(COUNTERS_OF_PARTS)})(?![\s\S])")]
Totals = dict[CounterOfParts, Count]
RunningTotals = Annotated[dict[PartName, Totals], Meta(max_length=MAX_PARTS_PER_EVENT)]
CronLine = Annotated[str, Meta(pattern=rf"^{CRON_PATTERN}(?![\s\S])")]
ZoneName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}(?![\s\S])")]
Length = Annotated[str, Meta(pattern=rf"^{LENGTH_PATTERN}(?![\s\S])")]
Tags = Annotated[dict[ShortText, Text], Meta(max_length=MAX_TAGS)]


class Error(Struct, frozen=True, omit_defaults=True):
    """Why an attempt failed. An absent ``fingerprint`` is made of type and message."""

    type: Text
    message: Text
    fingerprint: ShortText | UnsetType = UNSET


class Expect(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a pipeline should run from now on; nothing is expected of it if it is empty."""

    # A misspelt member is refused: what was left of it might say the opposite.

    project: Identifier | UnsetType = UNSET
    cron: CronLine | UnsetType = UNSET
    timezone: ZoneName | UnsetType = UNSET
    every: Length | UnsetType = UNSET
    grace: Length | UnsetType = UNSET
    max_duration: Length | UnsetType = UNSET


class JobUpdate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ``detail`` of a ``job_update`` event."""

    job_id: Identifier
    project_id: Identifier
    client_id: Identifier
    pipeline: Identifier = DEFAULT_PIPELINE
    event_id: EventId | UnsetType = UNSET
    schema_version: int = SCHEMA_VERSION
    occurred_at: Time | UnsetType = UNSET
    attempt: Positive = 1
    status: JobStatus | UnsetType = UNSET
    result: JobResult | UnsetType = UNSET
    name: Text | UnsetType = UNSET
    parent_job_id: Identifier | UnsetType = UNSET
    stage: Text | UnsetType = UNSET
    records_total: Count | UnsetType = UNSET
    log_url: HttpsUrl | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    heartbeat_seconds: Positive | UnsetType = UNSET
    error: Error | UnsetType = UNSET
    delta: Delta | UnsetType = UNSET
    delta_by_model: DeltaByModel | UnsetType = UNSET
    running_totals: RunningTotals | UnsetType = UNSET
    expect: Expect | UnsetType = UNSET


class ProjectUpdate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ``detail`` of a ``project_update`` event."""

    project_id: Identifier
    client_id: Identifier
    event_id: EventId | UnsetType = UNSET
    schema_version: int = SCHEMA_VERSION
    occurred_at: Time | UnsetType = UNSET
    name: Text | UnsetType = UNSET
    owner: Text | UnsetType = UNSET
    due_at: Time | UnsetType = UNSET
    jobs_expected: Count | UnsetType = UNSET
    status: ProjectStatus | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    delta: Delta | UnsetType = UNSET


class Actor(Struct, frozen=True):
    """Who acts: ``id`` is for programs, as ``person#SUB``; ``name`` is what people read."""

    id: ShortText
    name: Annotated[str, Meta(min_length=1, max_length=256)]


class IncidentUpdate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ``detail`` of an ``incident_update`` event."""

    incident_id: Identifier
    client_id: Owner
    act: ActName
    event_id: EventId | UnsetType = UNSET
    schema_version: int = SCHEMA_VERSION
    occurred_at: Time | UnsetType = UNSET
    text: Text | UnsetType = UNSET
    until: Time | UnsetType = UNSET
    until_grows: bool | UnsetType = UNSET
    by: Actor | UnsetType = UNSET


# Fields of which a job or a project keeps the latest value.
JOB_LATEST_FIELDS = (
    "name",
    "parent_job_id",
    "stage",
    "records_total",
    "log_url",
    "tags",
    "heartbeat_seconds",
)
PROJECT_LATEST_FIELDS = ("name", "owner", "due_at", "jobs_expected", "status", "tags")

_ID = f"a string of {IDENTIFIER_ALLOWED}"
_TEXT = "a string of at most 1024 characters"
_TIME = "an RFC 3339 time with a zone, as 2026-11-22T14:15:00Z, in the years 1 to 9999"

ALLOWED: dict[str, str] = {
    "job_id": _ID,
    "project_id": _ID,
    "client_id": _ID,
    "pipeline": _ID,
    "parent_job_id": _ID,
    "incident_id": _ID,
    "act": f"one of {', '.join(ACTS)}",
    "text": f"{_TEXT}; with act mute or note, at least one that is no blank",
    "until": f"{_TIME}, later than occurred_at; with act mute alone",
    "until_grows": "true with act mute that has no until; false with one; absent otherwise",
    "by": "an object with the strings id, 1 to 128 characters, and name, 1 to 256",
    "event_id": "a string of 1 to 128 characters",
    "schema_version": f"the integer {SCHEMA_VERSION}",
    "occurred_at": _TIME,
    "due_at": _TIME,
    "attempt": "an integer from 1 to 2^53",
    "result": f"one of {', '.join(RESULTS)} with status completed; absent otherwise",
    "name": _TEXT,
    "owner": _TEXT,
    "stage": _TEXT,
    "records_total": "an integer from 0 to 2^53",
    "jobs_expected": "an integer from 0 to 2^53",
    "log_url": "an https:// URL of at most 1024 characters, with no white space",
    "tags": (
        f"at most {MAX_TAGS} pairs of strings, names of 1 to 128 and values of at most 1024 "
        "characters"
    ),
    "heartbeat_seconds": "an integer from 1 to 2^53",
    "error": (
        "an object with the strings type and message, at most 1024 characters each, and perhaps "
        "fingerprint, 1 to 128 characters"
    ),
    "delta": (
        f"at most {MAX_DELTAS_PER_EVENT} pairs of a name [a-z][a-z0-9_]{{0,39}} and an integer "
        "from -2^53 to 2^53"
    ),
    "delta_by_model": (
        f"at most {MAX_MODELS_PER_EVENT} pairs of a model's name, 1 to 128 characters without "
        f"control characters, and an object as in delta: at most {MAX_DELTAS_PER_EVENT} pairs of a "
        "name [a-z][a-z0-9_]{0,39} and an integer from -2^53 to 2^53"
    ),
    "running_totals": (
        # A refusal is a line to read: the contract's page and the schema name the fifteen counters.
        f"at most {MAX_PARTS_PER_EVENT} pairs of a part's name, 1 to 64 characters, and integers "
        "from 0 to 2^53 by counters of docs/contract.md"
    ),
    "expect": (
        "an object with cron (perhaps with timezone) or every, grace beside either, max_duration, "
        "and perhaps project, the event's project_id; lengths as 90s, 10m, 2h or 7d; {} takes back"
    ),
}
OWNER_ALLOWED = f"{_ID}; or *, for an incident of staff"
"""Of the ``client_id`` of an act."""
JOB_STATUS_ALLOWED = f"one of {', '.join(get_args(JobStatus))}"
PROJECT_STATUS_ALLOWED = f"one of {', '.join(get_args(ProjectStatus))}"


def is_identifier(text: str) -> bool:
    """Return whether *text* has the form of an id."""
    return re.fullmatch(IDENTIFIER_PATTERN, text) is not None
