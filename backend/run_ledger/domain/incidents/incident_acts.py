"""What people do about an incident: who has acknowledged it, and how long it is muted.

Of two acts of a kind the later one counts, by when it happened and then by its id, whichever the
ledger heard of first.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import ActName
from run_ledger.domain.instants import Instant

GROWS_BY = 2
"""Muted until it grows: until so many times as many jobs have failed as when it was muted."""


class IncidentAct(Struct, frozen=True):
    """What somebody does about an incident.

    ``at`` is when, and never later than when the ledger heard of it. ``until`` is of a mute alone,
    None where it lasts until the incident grows.
    """

    event_id: str
    act: ActName
    at: Instant
    by_id: str
    by_name: str
    text: str | None = None
    until: Instant | None = None


class Acknowledgement(NamedTuple):
    """The last one, and whose."""

    at: Instant
    event_id: str
    by_name: str


class Mute(NamedTuple):
    """The last mute or unmute; ``jobs`` is how many had failed when the ledger heard of it."""

    at: Instant
    event_id: str
    is_on: bool
    until: Instant | None
    jobs: int

    def has_ended(self, jobs: int, now: Instant) -> bool:
        """Return whether it ends now, when so many jobs have failed."""
        if self.until is not None:
            return now >= self.until
        return jobs >= GROWS_BY * max(self.jobs, 1)


class Answers(Struct, frozen=True):
    """How people have answered the incident ``incident_id`` so far."""

    incident_id: str = ""
    acknowledged: Acknowledgement | None = None
    mute: Mute | None = None

    @property
    def is_muted(self) -> bool:
        """Return whether nobody wants to hear of it."""
        return self.mute is not None and self.mute.is_on


def answered(answers: Answers, act: IncidentAct, jobs: int, now: Instant) -> Answers:
    """Return *answers* after an act, of which the ledger hears *now*, when *jobs* have failed."""
    acknowledged, mute = answers.acknowledged, answers.mute
    order = (act.at, act.event_id)
    if act.act == "acknowledge" and (acknowledged is None or acknowledged[:2] < order):
        acknowledged = Acknowledgement(*order, act.by_name)
    if act.act in ("mute", "unmute") and (mute is None or mute[:2] < order):
        is_on = act.act == "mute" and (act.until is None or now < act.until)
        mute = Mute(*order, is_on, act.until, jobs)
    return Answers(answers.incident_id, acknowledged, mute)


def with_mute(answers: Answers, *, is_on: bool, until: Instant | None) -> Answers:
    """Return *answers* with the mute over, or going on until then."""
    mute = answers.mute
    changed = None if mute is None else mute._replace(is_on=is_on, until=until)
    return Answers(answers.incident_id, answers.acknowledged, changed)
