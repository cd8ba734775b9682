"""The last ended jobs of a pipeline, as one item of the table Incidents, written at every end.

It lies beside the causes of what fails there, which are judged by it, too. An earlier version kept
it beside the causes of error rates.

A mark is 22 bytes: 8 of the job's id, 7 of when it ended, 6 of the version, and one for what it is
to the error rate. So thirty-six marks, as a rule without a number of its own keeps them, take one
write unit.
"""

from __future__ import annotations

from collections.abc import Mapping

from run_ledger.domain.incidents.alert_rules import IncidentScope
from run_ledger.domain.incidents.marks.job_marks import (
    DIGEST_BYTES,
    EndedMark,
)
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Attribute, Item, bytes_of, to_item

from .incident_items import GOOD_KEPT, expiry, scope_key

WINDOW = "window"
_JOB, _AT, _VERSION = DIGEST_BYTES, 7, 6
_MARK = _JOB + _AT + _VERSION + 1
_COUNTS, _FAILED = 1, 2


def beside(scope: IncidentScope) -> IncidentScope:
    """Return the scope beside whose causes the window of a scope of error rates lies."""
    return scope._replace(family="ended")


def window_item(
    scope: IncidentScope, window: Mapping[bytes, EndedMark], revision: int, now: Instant
) -> Item:
    """Return the item of the window of a scope of error rates."""
    return to_item(
        {
            "pk": scope_key(beside(scope)),
            "sk": WINDOW,
            "rev": revision,
            "ended": b"".join(_packed(job, mark) for job, mark in window.items()),
            "expires_at": expiry(now, GOOD_KEPT),
        }
    )


def window_in(item: Mapping[str, Attribute]) -> dict[bytes, EndedMark]:
    """Return the window that an item holds; raises ValueError where it is cut."""
    packed = bytes_of(item["ended"])
    if len(packed) % _MARK:
        raise ValueError("a window holds whole marks")
    marks = (packed[start : start + _MARK] for start in range(0, len(packed), _MARK))
    return {mark[:_JOB]: _unpacked(mark[_JOB:]) for mark in marks}


def _packed(job: bytes, mark: EndedMark) -> bytes:
    kind = _COUNTS * mark.counts | _FAILED * mark.has_failed
    at, version = mark.at.to_bytes(_AT, "big"), mark.version.to_bytes(_VERSION, "big")
    return job + at + version + bytes([kind])


def _unpacked(mark: bytes) -> EndedMark:
    at, version = mark[:_AT], mark[_AT : _AT + _VERSION]
    kind = mark[-1]
    return EndedMark(
        int.from_bytes(version, "big"),
        Instant(int.from_bytes(at, "big")),
        bool(kind & _COUNTS),
        bool(kind & _FAILED),
    )
