"""A look at recent jobs of AWS's services: what the ledger lacks of them is sent.

The services' events are best-effort, so some never come. What is found here has the ids that the
events would have had: both may run at the same time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import structs

from run_ledger.domain.aws_jobs.job_rules import Owned, owner_of
from run_ledger.domain.aws_jobs.sighting_updates import (
    ITEMS,
    Detail,
    job_id_of,
    progress_of,
    updates_of,
)
from run_ledger.domain.aws_jobs.sightings import Sighting
from run_ledger.domain.aws_jobs.state_changes import names_of, sighting_of
from run_ledger.domain.aws_jobs.step_functions import item_counts
from run_ledger.domain.exceptions import (
    DoorUnavailable,
    InvalidEvent,
    UnknownStateChange,
)
from run_ledger.domain.instants import HOUR, later
from run_ledger.domain.state.job import Job
from run_ledger.emit.counting.redaction import redacted
from run_ledger.store.lists.known_jobs import read_known_jobs

from .follower import Means, Remaining, with_items
from .recent_jobs import Listed, RecentJobs
from .updates_out import as_known, entries_of

_log = logging.getLogger(__name__)

LOOK_BACK = 25 * HOUR
"""How far back, in microseconds, jobs are looked at that have begun or ended."""
_MOST_SETTLED = 100_000
_AT_ONCE = 100
# Less time is left for another job; for another one of a list.
_LEAST_SECONDS, _LEAST_TO_FIND = 15.0, 20.0


class _Found(NamedTuple):
    """A job of a service, and whose it is."""

    listed: Listed
    sighting: Sighting
    owned: Owned

    @property
    def job_id(self) -> str:
        return job_id_of(self.sighting.key, self.sighting.name)


class ReconcileReport:
    """What a look came to; ``failed`` names the services of which not all could be seen.

    ``is_late`` says that the time was over before all were looked at.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seen = self.sent = self.not_understood = self.counters_left_out = 0
        self.failed: list[str] = []
        self.is_late = False

    def fail(self, name: str) -> None:
        """Note that not all could be seen of a service."""
        if name not in self.failed:
            self.failed.append(name)


class Reconciler:
    """Compares what services list with what the ledger has."""

    def __init__(self, means: Means) -> None:
        """Look by the rules of *means*."""
        self._means = means
        self._recent = RecentJobs(means.account, means.jobs)
        # Ended jobs of which the ledger knows all: they are not looked up again and again.
        self._settled: set[tuple[str, int]] = set()
        # Where to begin: behind what took all the time of the last look, so that each has its turn.
        self._first = 0

    def reconcile(self, remaining_seconds: Remaining) -> ReconcileReport:
        """Send what the ledger lacks; a service that can't be seen does not keep the others."""
        report, rules = ReconcileReport(), self._means.rules()
        if not rules:
            return report
        looks = list(self._recent.looks(rules, later(self._means.now(), -LOOK_BACK)))
        first = self._first % len(looks)
        for number, (name, listed) in enumerate([*looks[first:], *looks[:first]], first):
            try:
                found = self._found(listed, rules, report, remaining_seconds)
                for some in _portions(found):
                    self._fill(some, report, remaining_seconds)
            except Exception:  # noqa: BLE001 - one look must not keep the others
                _log.exception("a look failed", extra={"look": name})
                report.fail(name)
            if report.is_late:
                report.fail(name)
                _log.error("out of time", extra={"look": name, "seen": report.seen})
                self._first = number + 1
                break
        return report

    def _found(
        self,
        listed: Iterator[Listed],
        rules: Sequence[Owned],
        report: ReconcileReport,
        remaining_seconds: Remaining,
    ) -> Iterator[_Found]:
        """Give the listed jobs that are somebody's, as long as there is time for more."""
        for one in listed:
            if report.is_late or remaining_seconds() < _LEAST_TO_FIND:
                report.is_late = True
                return
            try:
                owner = owner_of(rules, names_of(one.service, one.facts))
                if owner.rivals:
                    said = {"service": one.service, "clients": list(owner.rivals)}
                    _log.error("rules of several clients", extra=said)
                    report.not_understood += 1
                if owner.found is None:
                    continue
                sighting = sighting_of(one.service, one.facts, owner.found.rule, self._means.place)
            except UnknownStateChange as error:
                _not_understood(one.service, error, report)
                continue
            report.seen += 1
            yield _Found(one, sighting, owner.found)

    def _fill(
        self, some: Sequence[_Found], report: ReconcileReport, remaining_seconds: Remaining
    ) -> None:
        """Send what the ledger lacks of some jobs; one that can't be seen keeps no other."""
        unsettled = [one for one in some if _signature(one.sighting) not in self._settled]
        known = read_known_jobs(*self._means.jobs, {one.job_id for one in unsettled})
        details: list[tuple[Owned, list[Detail]]] = []
        for one in unsettled:
            if remaining_seconds() < _LEAST_SECONDS:
                # What is there is sent: otherwise each look would end here.
                report.is_late = True
                break
            try:
                details += self._lacking(one, known.get(one.job_id), report)
            except UnknownStateChange as error:
                _not_understood(one.listed.service, error, report)
            except (ClientError, BotoCoreError):
                service = one.listed.service
                _log.exception("a job could not be looked at", extra={"service": service})
                report.fail(service)
        self._send(details, report, remaining_seconds)

    def _lacking(
        self, one: _Found, job: Job | None, report: ReconcileReport
    ) -> list[tuple[Owned, list[Detail]]]:
        """Return the updates that the ledger's *job* lacks of one that was found."""
        owned = as_known(one.owned, job)
        if owned is None:
            self._settle(one.sighting)
        elif lacks(job, one.sighting):
            return [(owned, self._whole(one, owned, report))]
        elif one.sighting.has_ended:
            self._settle(one.sighting)
        elif job is not None and owned.rule.map_runs:
            return [(owned, self._progress(one.sighting, owned, job))]
        return []

    def _whole(self, found: _Found, owned: Owned, report: ReconcileReport) -> list[Detail]:
        """Return all updates of a job, for which its service may have to be asked once more."""
        sighting, listed = found.sighting, found.listed
        if not listed.is_whole:
            facts = self._means.account.look(listed.service, (sighting.key,))
            if facts is not None:
                sighting = sighting_of(listed.service, facts, owned.rule, self._means.place)
        updates = updates_of(with_items(sighting, owned, self._means.account), owned, redacted)
        report.counters_left_out += len(updates.left_out)
        return updates.details

    def _progress(self, sighting: Sighting, owned: Owned, job: Job) -> list[Detail]:
        """Return how far the items of a running execution are, if that has changed."""
        now = self._means.now()
        items = item_counts(self._means.account.map_runs(sighting.key))
        if items is None:
            return []
        told = {name: one.value for name, one in job.running_totals.parts.get(ITEMS, {}).items()}
        total = job.latest("records_total")
        if told == {"records_ok": items.succeeded, "records_failed": items.failed} and (
            total == items.total
        ):
            return []
        detail = progress_of(structs.replace(sighting, items=items), owned, now)
        return [] if detail is None else [detail]

    def _send(
        self,
        details: Sequence[tuple[Owned, list[Detail]]],
        report: ReconcileReport,
        remaining_seconds: Remaining,
    ) -> None:
        entries = []
        for owned, some in details:
            try:
                entries += entries_of(some, owned, self._means.now())
            except InvalidEvent as error:
                _log.error("not understood", extra={"field": error.field})
                report.not_understood += 1
        results = self._means.bus.put(entries, remaining_seconds)
        accepted = sum(result.status == "accepted" for result in results)
        report.sent += accepted
        if accepted < len(entries):
            # Nothing is lost: the next look finds the same.
            raise DoorUnavailable("the bus did not take all updates")

    def _settle(self, sighting: Sighting) -> None:
        if len(self._settled) >= _MOST_SETTLED:
            self._settled.clear()
        self._settled.add(_signature(sighting))


def _not_understood(service: str, error: UnknownStateChange, report: ReconcileReport) -> None:
    _log.error("not understood", extra={"service": service, "field": error.field})
    report.not_understood += 1


def lacks(job: Job | None, sighting: Sighting) -> bool:
    """Return whether the ledger's job lacks a start or an end that a sighting has."""
    for seen in sighting.attempts:
        attempt = job.attempts.get(seen.number) if job is not None else None
        if attempt is None:
            return True
        if seen.ended_at is not None and attempt.ended is None:
            return True
        if seen.started_at is not None and attempt.started_at is None:
            return True
    return False


def _signature(sighting: Sighting) -> tuple[str, int]:
    """Return what stands for an ended attempt; a running one has none that could be settled."""
    number = sighting.attempts[-1].number if sighting.attempts else 0
    return (sighting.key, number if sighting.has_ended else -1)


def _portions(found: Iterator[_Found]) -> Iterator[list[_Found]]:
    """Give what is found in portions, so that a long list needs little memory."""
    while some := list(islice(found, _AT_ONCE)):
        yield some
