"""What is said of each thing that may go wrong: that it does, and why it is over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from run_ledger.domain.incidents.drift import DIFFERS

# Not every withdrawal is a correction of what was reported, and a corrected job may fail otherwise.
_CORRECTED = "was corrected: no job fails so any more"
_GONE = "is not looked at any more: what asked for it was taken away"


LEVEL = "{level}"
"""Stands for the level of a budget that was reached."""


class Phrase(NamedTuple):
    """What is said of one thing, after the name of a pipeline or a project.

    ``counted`` is what its number counts; "" where that says nothing.
    """

    is_so: str
    healed: str = "runs well again"
    withdrawn: str = "was corrected"
    counted: str = "job"


PHRASES: Mapping[str, Phrase] = {
    "failed": Phrase("fails", withdrawn=_CORRECTED),
    "timed_out": Phrase("times out", withdrawn="was corrected: no job has timed out any more"),
    "partial": Phrase("ends partial", withdrawn="was corrected: no job is partial any more"),
    "new_error": Phrase("has a new error", withdrawn=_CORRECTED),
    "error_rate": Phrase("fails too often", "fails less often"),
    "missed": Phrase("did not run", "runs again", _GONE, "run"),
    "late": Phrase("is late", "is in time again", _GONE, "run"),
    "too_long": Phrase("runs too long", "has no job any more that runs too long", _GONE),
    "stalled": Phrase("has stalled", "has no stalled job any more", _GONE),
    "overdue": Phrase("is overdue", "is not overdue any more", _GONE, ""),
    "budget": Phrase(
        f"reached {LEVEL}",
        withdrawn=f"is below {LEVEL} again: costs were corrected, or the budget was changed",
        counted="",
    ),
    DIFFERS: Phrase("differs from its entries", "is right again", "is right again", ""),
}


def phrase_of(what: str) -> Phrase:
    """Return what is said of *what*; of one that is not known here, its own words."""
    return PHRASES.get(what) or Phrase(what.replace("_", " "), "is well again")
