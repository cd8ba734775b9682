"""Incidents as tables, and one incident in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from dashboard_app import words
from dashboard_app.frames.columns import FLAG, MOMENT, TEXT, WHOLE, typed

STAFF = "*"
"""The client of what concerns staff alone."""
_OTHER = "other"
_LISTED = ("failed", "timed_out", "partial")
_INCIDENT = {
    "incident_id": TEXT,
    "what": TEXT,
    "about": TEXT,
    "client_id": TEXT,
    "rule": TEXT,
    "project_id": TEXT,
    "tag": TEXT,
    "jobs": WHOLE,
    "error": TEXT,
    "began_at": MOMENT,
    "opened_at": MOMENT,
    "closed_at": MOMENT,
    "closed_because": TEXT,
    "last_job_id": TEXT,
    "acknowledged_by": TEXT,
    "muted": FLAG,
    "muted_until": MOMENT,
}
_TURN = {
    "at": MOMENT,
    "happened": TEXT,
    "by": TEXT,
    "text": TEXT,
    "until": MOMENT,
    "jobs": WHOLE,
}
_ENDS = {
    "healed": "well again",
    "withdrawn": "no longer wrong, by what is known now",
    "resolved": "resolved",
    "month_over": "the month is over",
}
_CHANGES = {"reminder": "Reminded", "noted": "Note", "mute_ended": "Mute ended"}


def incidents(items: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each incident; `jobs` is NA where it counts none."""
    return typed((_incident(item) for item in items), _INCIDENT)


def turns(incident: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row for each thing that became of an incident, the oldest first."""
    rows = ({**turn, "happened": _happened(turn)} for turn in incident["history"])
    return typed(rows, _TURN)


def about(incident: Mapping[str, Any]) -> str:
    """Return what an incident is about: its pipeline, else its project, else all of its client.

    Where figures differ, it is what differs.
    """
    if incident["what"] == "differs":
        return str(incident["last_job_id"])
    return str(incident["pipeline"] or incident["project_id"] or incident["client_id"])


def client_of(incident: Mapping[str, Any]) -> str:
    """Return whose it is, in words."""
    owner = str(incident["client_id"])
    return "All clients (staff)" if owner == STAFF else owner


def rule_of(incident: Mapping[str, Any]) -> str | None:
    """Return by whose rule it is where that is not the client's own; None where it is."""
    is_of_another = incident["of_staff"] and incident["client_id"] != STAFF
    return "Staff’s rule" if is_of_another else None


def error_of(incident: Mapping[str, Any]) -> str:
    """Return the type and message of the last error; empty where there is none.

    What time decides has no error, but words of ours, whose kind is told already.
    """
    error = incident["error"] or {}
    kind = str(error.get("type") or "")
    is_told = kind.lower() == incident["what"]
    return ": ".join(filter(None, ("" if is_told else kind, error.get("message"))))


def last_job_of(incident: Mapping[str, Any]) -> str | None:
    """Return the last job's id; None where it is about no job: other names have a space."""
    job_id = incident["last_job_id"]
    return None if not job_id or " " in job_id else str(job_id)


class CountedJobs(NamedTuple):
    """The filters of just the jobs that an incident counts; `since` is when they began to end."""

    client_id: str
    project_id: str | None
    pipeline: str | None
    tag: str | None
    result: str
    fingerprint: str | None
    since: str


def counted_jobs(incident: Mapping[str, Any]) -> CountedJobs | None:
    """Return where the jobs are that are counted; None where no list has just these.

    That is so of a closed incident, whose jobs may have been mended, of failures that are too many
    to be told apart, and of all that is not a result.
    """
    what, fingerprint = str(incident["what"]), incident["fingerprint"]
    if incident["state"] != "open" or what not in _LISTED or fingerprint == _OTHER:
        return None
    return CountedJobs(
        incident["client_id"],
        incident["project_id"],
        incident["pipeline"],
        incident["tag"],
        what,
        None if what == "partial" else fingerprint,
        incident["began_at"],
    )


def end_of(because: str | None) -> str:
    """Return why an incident closed, in words."""
    return _ENDS.get(because or "", (because or "closed").replace("_", " "))


def _happened(turn: Mapping[str, Any]) -> str:
    kind, because = str(turn["kind"]), turn["because"]
    if kind == "closed":
        return f"Closed: {end_of(because)}" if because else "Closed"
    if because is None:
        return kind.capitalize()
    return str(_CHANGES.get(because, because.replace("_", " ").capitalize()))


def _incident(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **item,
        "what": words.what_is_wrong(item["what"]),
        "about": about(item),
        "client_id": client_of(item),
        "rule": rule_of(item),
        "error": error_of(item) or None,
        "closed_because": None if item["closed_at"] is None else end_of(item["closed_because"]),
        "last_job_id": last_job_of(item),
    }
