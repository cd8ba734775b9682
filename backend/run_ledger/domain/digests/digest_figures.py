"""The figures of a digest, made of the read API's answers alone: so they are the API's.

What is worst stands first: pipelines or clients by failed and timed out jobs, then by partial ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from run_ledger.domain.incidents.alert_rules import STAFF

from .told_once import told_once

Json = Mapping[str, Any]
_COUNTED = ("created", "ended", "succeeded", "partial", "failed", "cancelled", "timed_out")
_MOST_LISTED = 10
_MOST_CLIENTS = 100


class DigestAnswers(Struct, frozen=True):
    """What the API answers about a client, or to staff about all, each of a path of its own.

    ``trends`` and ``groups`` are of the digest's days, the others of as many days before. Groups
    are pipelines of a client, and clients for staff.
    ``errors`` are the new error groups, None where there are too many different errors for one
    answer; ``overdue`` are projects, ``incidents`` those that are open.
    ``tardy`` has pages of the incidents that opened in these days about runs that were missed or
    late.
    """

    client: Json
    trends: Json
    trends_before: Json
    groups: Json
    groups_before: Json
    errors: Json | None
    overdue: Json
    incidents: Json
    tardy: Sequence[Json] = ()


class WorkFigures(Struct, frozen=True):
    """What was done in some days: jobs by result, records and cost in millionths of a US dollar.

    ``error_rate`` is None where nothing ended but cancelled jobs. The cost is a lower bound where
    ``unpriced_calls`` is not 0.
    """

    created: int = 0
    ended: int = 0
    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    cancelled: int = 0
    timed_out: int = 0
    error_rate: float | None = None
    records_ok: int = 0
    records_failed: int = 0
    records_skipped: int = 0
    cost_microusd: int = 0
    unpriced_calls: int = 0

    @property
    def failures(self) -> int:
        """Return how many jobs failed or timed out."""
        return self.failed + self.timed_out


class GroupFigures(Struct, frozen=True):
    """What one pipeline or client did; ``name`` is None for all that the API does not tell apart.

    A client's name is its id.
    """

    name: str | None
    work: WorkFigures
    work_before: WorkFigures


class DigestList(Struct, frozen=True):
    """The first members of a list, and how many it has; ``at_least`` where there are still more."""

    items: Sequence[Json]
    count: int
    at_least: bool = False


class DigestFigures(Struct, frozen=True):
    """All that a digest tells. Times are texts; ``until`` is exclusive.

    ``groups`` are the pipelines, or for staff the clients, that did something in the days or in the
    ones before, the worst first. ``tardy`` are the incidents of these days about runs that were
    missed or late, open or over, the latest first. ``new_errors`` is None where nobody can say.
    ``client_id`` is ``*`` where it is for staff.
    """

    client_id: str
    client_name: str | None
    since: str
    until: str
    work: WorkFigures
    work_before: WorkFigures
    groups: Sequence[GroupFigures]
    groups_in_all: int
    incidents: DigestList
    overdue: DigestList
    new_errors: DigestList | None
    tardy: DigestList = DigestList((), 0)
    left_out: bool = False

    @property
    def is_of_staff(self) -> bool:
        """Return whether it is about all clients, for staff."""
        return self.client_id == STAFF

    @property
    def is_empty(self) -> bool:
        """Return whether nothing happened, and nothing is wrong."""
        nothing_done = self.work == WorkFigures()
        lists = (self.incidents, self.overdue, self.new_errors, self.tardy)
        return (
            nothing_done
            and not self.left_out
            and not any(one is None or one.count for one in lists)
        )


def digest_figures(answers: DigestAnswers) -> DigestFigures:
    """Return the figures that *answers* hold."""
    since, until = answers.trends["from"], answers.trends["to"]
    of_staff = answers.client["client_id"] == STAFF
    key = "client_id" if of_staff else "pipeline"
    now, before = (_by_name(one, key) for one in (answers.groups, answers.groups_before))
    nothing = WorkFigures()
    groups = [
        GroupFigures(name, now.get(name, nothing), before.get(name, nothing))
        for name in {**now, **before}
    ]
    groups.sort(key=_rank)
    new = None if answers.errors is None else _new(answers.errors, since, until)
    return DigestFigures(
        answers.client["client_id"],
        answers.client["name"],
        since,
        until,
        _sums(answers.trends),
        _sums(answers.trends_before),
        groups[: _MOST_CLIENTS if of_staff else _MOST_LISTED],
        len(groups),
        _listed(told_once(answers.incidents["items"]), answers.incidents),
        _listed(answers.overdue["items"], answers.overdue),
        new,
        _latest(answers.tardy),
        any(one and one["left_out"] is not None for one in (answers.trends, answers.errors)),
    )


def _rank(one: GroupFigures) -> tuple[bool, int, int, int, str]:
    """Return what puts the worst first; where nothing failed, what had failed before."""
    return (
        one.name is None,
        -one.work.failures,
        -one.work.partial,
        -one.work_before.failures,
        one.name or "",
    )


def _listed(items: Sequence[Json], page: Json) -> DigestList:
    return DigestList(items[:_MOST_LISTED], len(items), page["next_cursor"] is not None)


def _new(page: Json, since: str, until: str) -> DigestList:
    """Return the errors that were seen first in these days; the API's own are days of UTC."""
    return _listed([one for one in page["items"] if since <= one["first_seen_at"] < until], page)


def _latest(pages: Sequence[Json]) -> DigestList:
    """Return the incidents of several pages, the one that opened last first."""
    items = told_once([one for page in pages for one in page["items"]])
    items.sort(key=lambda one: (one["opened_at"], one["incident_id"]), reverse=True)
    at_least = any(page["next_cursor"] is not None for page in pages)
    return DigestList(items[:_MOST_LISTED], len(items), at_least)


def _by_name(trends: Json, key: str) -> dict[str | None, WorkFigures]:
    found: dict[str | None, WorkFigures] = {
        one["key"][key]: _added(one["points"]) for one in trends["series"]
    }
    if trends["other"] is not None:
        found[None] = _added(trends["other"]["points"])
    return {name: figures for name, figures in found.items() if figures != WorkFigures()}


def _sums(trends: Json) -> WorkFigures:
    return _added([point for one in trends["series"] for point in one["points"]])


def _added(points: Sequence[Json]) -> WorkFigures:
    """Return the sums of points; a rate is made of the sums, as the API makes that of a point."""
    counts = {name: sum(point[name] for point in points) for name in _COUNTED}

    def counter(name: str) -> int:
        return sum(point["counters"].get(name, 0) for point in points)

    judged = counts["ended"] - counts["cancelled"]
    failures = counts["failed"] + counts["timed_out"]
    return WorkFigures(
        **counts,
        error_rate=failures / judged if judged > 0 else None,
        records_ok=counter("records_ok"),
        records_failed=counter("records_failed"),
        records_skipped=counter("records_skipped"),
        cost_microusd=counter("cost_microusd"),
        unpriced_calls=counter("llm_calls_unpriced"),
    )
