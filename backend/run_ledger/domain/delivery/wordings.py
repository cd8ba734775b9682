"""What a person reads at a glance: what, since when, how often, and where to look.

A `Wording` has no markup: each channel adds its own, and shows all of this as text. What producers
say is cut, and loses what can't be seen or turns the direction of text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.incidents.causes import INCIDENT_CLOSED, INCIDENT_OPENED

from .deliveries import TRIAL, Delivery

_MOST_NAME = 80
_MOST_QUOTE = 300
_WHATS = {
    "failed": "fails",
    "timed_out": "times out",
    "partial": "ends partial",
    "missed": "did not run",
    "late": "is late",
    "too_long": "runs too long",
    "stalled": "has stalled",
    "overdue": "is overdue",
    "new_error": "has a new error",
    "error_rate": "fails too often",
    "budget": "reached its budget",
    "differs": "differs from its events",
}
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ENDS = {
    "healed": "runs well again",
    "withdrawn": "was corrected",
    "resolved": "was resolved",
    "month_over": "begins a new month",
}
_RUNS = ("missed", "late")
"""What is counted in runs that were asked for, and not in jobs."""
_UNCOUNTED = ("budget", "overdue", "differs")


# Not every withdrawal is a correction of what was reported, and a corrected job may fail otherwise.
_GONE = "is not looked at any more: what asked for it was taken away"
_WITHDRAWN = {
    "failed": "was corrected: no job fails so any more",
    "new_error": "was corrected: no job fails so any more",
    "timed_out": "was corrected: no job has timed out any more",
    "partial": "was corrected: no job is partial any more",
    **dict.fromkeys(("missed", "late", "too_long", "stalled", "overdue"), _GONE),
    "budget": "is not above it any more: costs were corrected, or the budget was changed",
    "differs": "is right again",
}


class Wording(Struct, frozen=True):
    """The words of one message: a headline, lines below it, a producer's words, and a link."""

    headline: str
    lines: tuple[str, ...]
    quoted: str = ""
    link: str = ""


def wording_of(delivery: Delivery, site_url: str) -> Wording:
    """Return the words that tell an incident, or a trial; *site_url* is empty without a site."""
    if delivery.kind == TRIAL:
        return Wording(
            f"Trial of channel {delivery.channel}",
            (
                f"Notices about client {delivery.client_id} come here.",
                f"Somebody asked for this trial at {_time(delivery.made_at)}. Nothing is wrong.",
            ),
            link=site_url,
        )
    return _of_incident(delivery.kind, delivery.detail, site_url)


def _of_incident(kind: str, detail: Mapping[str, Any], site_url: str) -> Wording:
    # A project that is overdue has no pipeline, and a client's budget has neither.
    names = (detail.get("client_id"), detail.get("pipeline") or detail.get("project_id"))
    whose = " / ".join(shortened(one) for one in names if one) or "?"
    what = str(detail.get("what", ""))
    words = _WHATS.get(what, shortened(what.replace("_", " ")))
    reason = shortened(str(detail.get("reason") or "changed").replace("_", " "))
    began = _time(detail.get("began_at"))
    if kind == INCIDENT_CLOSED:
        because = str(detail.get("closed_because") or "")
        headline = f"Over: {whose} {_end(what, because)}"
        lines = [f"It began {began}, and was over {_time(detail.get('closed_at'))}."]
    else:
        headline = f"{whose} {words}"
        if kind != INCIDENT_OPENED:
            headline = f"{reason.capitalize()}: {headline}"
        often = "" if what in _UNCOUNTED else f", {_times(what, detail.get('jobs'))}"
        lines = [f"Since {began}{often}."]
    if detail.get("project_id"):
        lines.append(f"Project: {shortened(detail['project_id'])}")
    if detail.get("last_job_id"):
        lines.append(f"Last job: {shortened(detail['last_job_id'])}")
    return Wording(headline, tuple(lines), _quoted(detail.get("error")), _link(detail, site_url))


def _end(what: str, because: str) -> str:
    """Return why it is over, in words that suit what it was."""
    if (what, because) == ("overdue", "healed"):
        return "is not overdue any more"
    ends = _ENDS | ({"withdrawn": _WITHDRAWN[what]} if what in _WITHDRAWN else {})
    return ends.get(because, because or "is well again")


def shortened(value: object, most: int = _MOST_NAME) -> str:
    """Return a text on one line, cut to *most* characters, without what can't be seen."""
    visible = "".join(
        " " if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else one
        for one in str(value)[: 4 * most]
    )
    text = " ".join(visible.split())
    text = text if len(text) <= most else text[: most - 1].rstrip() + "…"
    return text or "?"


def _quoted(error: object) -> str:
    if not isinstance(error, Mapping):
        return ""
    parts = [str(error.get(name) or "") for name in ("type", "message")]
    text = ": ".join(filter(None, parts))
    return shortened(text, _MOST_QUOTE) if text else ""


def _times(what: str, jobs: object) -> str:
    counted = "run" if what in _RUNS else "job"
    return f"1 {counted}" if jobs == 1 else f"{shortened(jobs)} {counted}s"


def _time(text: object) -> str:
    """Return a time as people read it, to the minute in UTC."""
    try:
        moment = instants.EPOCH + timedelta(microseconds=instants.parse(str(text)))
    except ValueError:
        return "at an unknown time"
    return f"{moment.day} {moment:%b %H:%M} UTC"


def _link(detail: Mapping[str, Any], site_url: str) -> str:
    """Return where to look and to act: the incident on the site."""
    incident_id = detail.get("incident_id")
    if not site_url or not incident_id:
        return site_url
    return f"{site_url}/#/incidents/{url_encoded(str(incident_id))}"


def url_encoded(text: str) -> str:
    """Return *text* as one part of an address's path or query."""
    octets = text.encode("utf-8", "surrogatepass")
    return "".join(chr(one) if chr(one) in _PLAIN else f"%{one:02X}" for one in octets)
