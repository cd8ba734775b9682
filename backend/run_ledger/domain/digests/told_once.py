"""One incident for one thing: what a rule of a client and one of staff both tell is told once.

Staff see both incidents, and may answer each. In a sum of what is wrong, two would be one too many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_Incident = Mapping[str, Any]
_FAILURES = ("failed", "timed_out", "new_error")


def told_once(incidents: Sequence[_Incident]) -> list[_Incident]:
    """Return *incidents*, as the API lists them, without those that another one tells, too.

    Of two about the same, by a client's rule and by staff's at the same time, the one stays that is
    about more: all projects rather than one. If neither is, that is the one that is open, and then
    the client's own.
    """
    return [one for one in incidents if not any(_tells(other, one) for other in incidents)]


def _tells(other: _Incident, one: _Incident) -> bool:
    """Return whether *other* stays in place of *one*."""
    if other["of_staff"] == one["of_staff"] or _thing(other) != _thing(one):
        return False
    if not _covers(other, one) or not _meet(other, one):
        return False
    return not _covers(one, other) or _rank(other) < _rank(one)


def _thing(one: _Incident) -> tuple[Any, ...]:
    """Return what is wrong: jobs that fail by one error, whatever the rule asks for, or else."""
    fails_so = one["what"] in _FAILURES and one["fingerprint"]
    what = "failures" if fails_so else one["what"]
    return one["client_id"], one["pipeline"], what, one["fingerprint"]


def _covers(other: _Incident, one: _Incident) -> bool:
    """Return whether *other* is about all that *one* is about."""
    return all(other[name] in (None, one[name]) for name in ("project_id", "tag"))


def _meet(other: _Incident, one: _Incident) -> bool:
    """Return whether both were open at some time; an end is None while there is none."""
    return _begins_before_end(other, one) and _begins_before_end(one, other)


def _begins_before_end(one: _Incident, other: _Incident) -> bool:
    ended: str | None = other["closed_at"]
    return ended is None or one["opened_at"] <= ended


def _rank(one: _Incident) -> tuple[bool, bool]:
    return one["closed_at"] is not None, one["of_staff"]
