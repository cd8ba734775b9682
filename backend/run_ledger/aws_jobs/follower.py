"""Events of AWS's services, from a queue, as job updates on the bus."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import structs

from run_ledger.domain.aws_jobs.job_rules import Owned, owner_of
from run_ledger.domain.aws_jobs.sighting_updates import job_id_of, updates_of
from run_ledger.domain.aws_jobs.sightings import Sighting, StateChange
from run_ledger.domain.aws_jobs.state_changes import read_state_change, sighting_of
from run_ledger.domain.aws_jobs.step_functions import item_counts
from run_ledger.domain.exceptions import InvalidEvent, UnknownStateChange
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.bus_entries import BusEntry
from run_ledger.doors.event_bus import Bus
from run_ledger.emit.counting.redaction import redacted
from run_ledger.store.lists.known_jobs import read_known_jobs

from .aws_account import AccountServices
from .updates_out import as_known, entries_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

Remaining = Callable[[], float]
_LEAST_SECONDS = 20.0


class Message(NamedTuple):
    """A message of the queue: its id, and its body, which is an event of EventBridge."""

    message_id: str
    body: str


class FollowReport:
    """What became of a batch of messages, by counts; ``failed`` are ids of those to come again."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.failed: set[str] = set()
        self.sent = self.ignored = self.not_understood = self.counters_left_out = 0


class Means(NamedTuple):
    """What following and looking need: rules, whom to ask, whom to tell, and the time.

    ``jobs`` is the client and the name of the table Jobs; ``place`` is ``REGION:ACCOUNT``, in which
    the function runs.
    """

    rules: Callable[[], Sequence[Owned]]
    account: AccountServices
    bus: Bus
    jobs: tuple[DynamoDBClient, str]
    place: str
    now: Callable[[], Instant]


class Follower:
    """Makes updates of events."""

    def __init__(self, means: Means) -> None:
        """Follow by the rules of *means*."""
        self._means = means

    def follow(self, messages: Sequence[Message], remaining_seconds: Remaining) -> FollowReport:
        """Send what *messages* come to, and say of each whether it has to come again."""
        report, rules = FollowReport(), self._means.rules()
        entries: list[tuple[str, BusEntry]] = []
        for message in messages:
            if remaining_seconds() < _LEAST_SECONDS:
                report.failed.add(message.message_id)
                continue
            try:
                found = self._entries(message, rules, report)
                entries += [(message.message_id, entry) for entry in found]
            except Exception:  # noqa: BLE001 - one message must not keep the others
                _log.exception("failed")
                report.failed.add(message.message_id)
        results = self._means.bus.put([entry for _, entry in entries], remaining_seconds)
        for (message_id, _), result in zip(entries, results, strict=True):
            if result.status == "accepted":
                report.sent += 1
            else:
                report.failed.add(message_id)
        return report

    def _entries(
        self, message: Message, rules: Sequence[Owned], report: FollowReport
    ) -> list[BusEntry]:
        change: StateChange | None = None
        try:
            change = read_state_change(_decoded(message.body))
            if change is None:
                report.ignored += 1
                return []
            owner = owner_of(rules, change.names)
            if owner.rivals:
                said = {"service": change.service, "clients": list(owner.rivals)}
                _log.error("rules of several clients", extra=said)
                report.not_understood += 1
            if owner.found is None:
                report.ignored += not owner.rivals
                return []
            return list(self._of(change, owner.found, report))
        except (UnknownStateChange, InvalidEvent) as error:
            # What stands in the field is a producer's text, which no log holds.
            service = None if change is None else change.service
            _log.error("not understood", extra={"service": service, "field": error.field})
            report.not_understood += 1
            return []

    def _of(self, change: StateChange, owned: Owned, report: FollowReport) -> Iterator[BusEntry]:
        facts: Any = change.facts
        if not change.is_whole:
            # Where the service has forgotten it, what the event tells has to do.
            facts = self._means.account.look(change.service, change.reference) or facts
        if facts is None:
            raise UnknownStateChange("detail", "the service does not know the job any more")
        sighting = sighting_of(change.service, facts, owned.rule, self._means.place)
        job_id = job_id_of(sighting.key, sighting.name)
        known = as_known(owned, read_known_jobs(*self._means.jobs, [job_id]).get(job_id))
        if known is None:
            report.ignored += 1
            return
        updates = updates_of(with_items(sighting, known, self._means.account), known, redacted)
        if updates.left_out:
            said = {"client_id": owned.client_id, "counters": updates.left_out}
            _log.warning("counters left out", extra=said)
            report.counters_left_out += len(updates.left_out)
        yield from entries_of(updates.details, known, self._means.now())


def with_items(sighting: Sighting, owned: Owned, account: AccountServices) -> Sighting:
    """Return an ended execution with the counts of its Map runs, if its rule wants them."""
    if not owned.rule.map_runs or not sighting.has_ended:
        return sighting
    return structs.replace(sighting, items=item_counts(account.map_runs(sighting.key)))


def _decoded(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnknownStateChange("event", "allowed: JSON") from error
