"""What differs from its entries, as rulings: each thing is a cause of its own, for staff."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple, cast

from run_ledger.domain.instants import Instant

from .alert_rules import STAFF, AlertRule, AlertWhat, IncidentScope, JobEnd, Ruling

DIFFERS = "differs"
"""What goes wrong then: no client's rule may ask for it."""
DRIFT_SCOPE = IncidentScope(STAFF, "proof", None, "differs")
"""It concerns staff alone: no client is named so."""
MOST_TOLD_APART = 20
"""So many things that differ have an incident each; all others share one."""
DRIFT_RULE = AlertRule(cast("AlertWhat", DIFFERS), grace_seconds=0)
"""As if staff had declared it: it tells all of their channels."""
_MOST_CHARACTERS = 300


class Drifting(NamedTuple):
    """Something that differs: its ``name``, as a job's id or ``row all 2026-11-22``, and how."""

    name: str
    says: str


def drift_rulings(
    differing: Iterable[Drifting], known: Iterable[str], now: Instant
) -> list[Ruling]:
    """Return the rulings that open incidents of what differs, and close those of what is right.

    *known* are the names of what differed before: of these nothing is ruled while they differ.
    """
    before, here = frozenset(known), {one.name: one.says for one in _told_apart(differing)}
    opened = [
        Ruling("bad", _end(name, now, says), DRIFT_RULE)
        for name, says in sorted(here.items())
        if name not in before
    ]
    return opened + [Ruling("neither", _end(name, now, "")) for name in sorted(before - {*here})]


def _told_apart(differing: Iterable[Drifting]) -> list[Drifting]:
    every = sorted(differing)
    kept, others = every[:MOST_TOLD_APART], every[MOST_TOLD_APART:]
    if others:
        kept.append(Drifting("all others", f"More than {MOST_TOLD_APART} things differ."))
    return kept


def _end(name: str, now: Instant, says: str) -> JobEnd:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return JobEnd(
        job_id=name,
        version=now,
        client_id=STAFF,
        project_id="",
        pipeline=DRIFT_SCOPE.pipeline,
        result="failed",
        at=now,
        fingerprint=digest,
        error=(DIFFERS, says[:_MOST_CHARACTERS]),
    )
