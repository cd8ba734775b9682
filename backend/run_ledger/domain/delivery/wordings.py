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
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.domain.incidents.causes import INCIDENT_CLOSED, INCIDENT_OPENED
from run_ledger.domain.incidents.drift import DIFFERS

from .deliveries import TRIAL, Delivery
from .incident_phrases import LEVEL, Phrase, phrase_of

_MOST_NAME = 80
_MOST_QUOTE = 300
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ENDS = {"resolved": "was resolved", "month_over": "begins a new month"}


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
                f"Notices about {_of_whom(delivery.client_id)} come here.",
                f"Somebody asked for this trial at {_time(delivery.made_at)}. Nothing is wrong.",
            ),
            link=site_url,
        )
    return _of_incident(delivery.kind, delivery.detail, site_url)


def _of_whom(client_id: str) -> str:
    return "all clients, for staff," if client_id == STAFF else f"client {client_id}"


def _of_incident(kind: str, detail: Mapping[str, Any], site_url: str) -> Wording:
    what = str(detail.get("what", ""))
    whose, phrase = _whose(what, detail), phrase_of(what)
    began = _time(detail.get("began_at"))
    # Of what is over, it would be taken for the job that ended it.
    has_last_job = what != DIFFERS and kind != INCIDENT_CLOSED
    if kind == INCIDENT_CLOSED:
        headline = f"Over: {whose} {_end(phrase, detail)}"
        lines = [f"It began {began}, and was over {_time(detail.get('closed_at'))}."]
    else:
        headline = f"{whose} {_with_level(phrase.is_so, detail)}"
        if kind != INCIDENT_OPENED:
            reason = shortened(str(detail.get("reason") or "changed").replace("_", " "))
            headline = f"{reason.capitalize()}: {headline}"
        often = _times(detail.get("jobs"), phrase.counted) if phrase.counted else ""
        lines = [f"Since {began}{often}."]
    known = {
        "Project": detail.get("project_id") if detail.get("pipeline") else None,
        "Tag": detail.get("tag"),
        "Last job": detail.get("last_job_id") if has_last_job else None,
    }
    lines += [f"{name}: {shortened(value)}" for name, value in known.items() if value]
    quoted = _quoted(detail.get("error"), what)
    return Wording(headline, tuple(lines), quoted, _link(detail, site_url))


def _whose(what: str, detail: Mapping[str, Any]) -> str:
    """Return whom or what an incident is about: a pipeline, a project, or a client as a whole."""
    if what == DIFFERS:
        return f"Ledger / {shortened(detail.get('last_job_id'))}"
    parts = [detail.get("client_id"), detail.get("pipeline") or detail.get("project_id")]
    return " / ".join(shortened(part) for part in parts if part) or "?"


def _with_level(words: str, detail: Mapping[str, Any]) -> str:
    """Return *words* with the level of a budget, as its fingerprint has month and level."""
    month, _, level = str(detail.get("fingerprint") or "").partition(" ")
    return shortened(words.replace(LEVEL, f"{level} in {month}" if level else "its budget"), 160)


def _end(phrase: Phrase, detail: Mapping[str, Any]) -> str:
    """Return why it is over."""
    because = str(detail.get("closed_because") or "")
    ends = _ENDS | {"healed": phrase.healed, "withdrawn": phrase.withdrawn}
    return _with_level(ends.get(because, because or "is well again"), detail)


def shortened(value: object, most: int = _MOST_NAME) -> str:
    """Return a text on one line, cut to *most* characters, without what can't be seen."""
    visible = "".join(
        " " if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else one
        for one in str(value)[: 4 * most]
    )
    text = " ".join(visible.split())
    text = text if len(text) <= most else text[: most - 1].rstrip() + "…"
    return text or "?"


def _quoted(error: object, what: str) -> str:
    """Return what is said of an error; its type says nothing where it only repeats *what*."""
    if not isinstance(error, Mapping):
        return ""
    parts = [str(error.get(name) or "") for name in ("type", "message")]
    if parts[0].lower() == what:
        parts[0] = ""
    text = ": ".join(filter(None, parts))
    return shortened(text, _MOST_QUOTE) if text else ""


def _times(jobs: object, counted: str) -> str:
    return f", 1 {counted}" if jobs == 1 else f", {shortened(jobs)} {counted}s"


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
