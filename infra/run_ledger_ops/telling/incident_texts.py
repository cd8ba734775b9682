"""Incidents as a terminal shows them."""

from collections.abc import Iterator, Mapping
from typing import Any

_MOST_ERROR = 100
_MOST_TEXT = 300
# As on the site: after a number of jobs or runs, and where nothing is counted.
_COUNTED = {
    "failed": "failed",
    "timed_out": "timed out",
    "partial": "ended partial",
    "new_error": "failed by a new error",
    "error_rate": "failed, which is too often",
    "too_long": "running too long",
}
_UNCOUNTED = {
    "overdue": "overdue",
    "budget": "budget reached",
    "differs": "differs from its entries",
}
_ENDS = {
    "healed": "well again",
    "withdrawn": "no longer wrong, by what is known now",
    "month_over": "the month is over",
}
_RUNS = ("missed", "late")
_STAFF = "*"


def line_of(incident: Mapping[str, Any]) -> str:
    """Return an incident in one line: its id, how it is, what is wrong, where, and since when."""
    parts = (
        plain(incident.get("incident_id")),
        _how(incident),
        _what(incident),
        _where(incident),
        "staff's rule" if incident.get("of_staff") else "",
        f"since {_time(incident.get('began_at'))}",
        _error(incident, _MOST_ERROR),
    )
    return "  ".join(part for part in parts if part)


def lines_of(incident: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines about an incident and its history, oldest first."""
    yield f"incident: {plain(incident.get('incident_id'))}"
    yield f"state: {_how(incident)}"
    yield f"what: {_what(incident)}"
    yield f"where: {_where(incident)}"
    if incident.get("of_staff"):
        yield "whose: staff's, who alone see it"
    if error := _error(incident, _MOST_TEXT):
        yield f"error: {error}"
    for name in ("last_job_id", "began_at", "opened_at", "closed_at", "closed_because"):
        value = incident.get(name)
        if value is not None:
            shown = _time(value) if name.endswith("_at") else plain(_ENDS.get(value, value))
            yield f"{name.replace('_', ' ')}: {shown}"
    yield "history:"
    for turn in incident.get("history") or ():
        yield f"  {_turn(turn)}"


def _turn(turn: Mapping[str, Any]) -> str:
    because = turn.get("because") or turn.get("kind")
    said = plain(_ENDS.get(str(because), because)).replace("_", " ")
    by = f" by {plain(turn['by'])}" if turn.get("by") else ""
    until = f" until {_time(turn['until'])}" if turn.get("until") else ""
    text = f": {plain(turn['text'], _MOST_TEXT)}" if turn.get("text") else ""
    return f"{_time(turn.get('at'))}  {said}{by}{until}{text}"


def _how(incident: Mapping[str, Any]) -> str:
    how = plain(incident.get("state"))
    if incident.get("muted"):
        until = incident.get("muted_until")
        how += f", muted until {_time(until)}" if until else ", muted until it grows"
    if incident.get("acknowledged_by"):
        how += f", acknowledged by {plain(incident['acknowledged_by'])}"
    return how


def _what(incident: Mapping[str, Any]) -> str:
    what, jobs = str(incident.get("what")), incident.get("jobs")
    if what in _UNCOUNTED:
        return _UNCOUNTED[what]
    word = _COUNTED.get(what, plain(what).replace("_", " "))
    if not isinstance(jobs, int) or not jobs:
        return word
    counted = "run" if what in _RUNS else "job"
    return f"{jobs:,} {counted if jobs == 1 else f'{counted}s'} {word}"


def _where(incident: Mapping[str, Any]) -> str:
    names = [incident.get(name) for name in ("client_id", "project_id", "pipeline")]
    if names[0] == _STAFF:
        # Nobody's pipeline: what it is about is the ledger.
        names = ["all clients", incident.get("last_job_id")]
    return " / ".join(plain(name) for name in names if name)


def _error(incident: Mapping[str, Any], most: int) -> str:
    error = incident.get("error") or {}
    words = (plain(error.get(name), most) for name in ("type", "message"))
    return ": ".join(word for word in words if word)


def _time(value: object) -> str:
    text = plain(value)
    return f"{text[:19]}Z" if len(text) > len("2026-11-22T14:15:00") else text


def plain(value: object, most: int = 128) -> str:
    """Return a text without what a terminal would obey, at most so long; None is no text."""
    text = "" if value is None else str(value)
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
