"""People's acts on incidents, as their queue brings them to the teller."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from run_ledger.domain.contract.act_events import ActEvent, decode_act
from run_ledger.domain.exceptions import InvalidEvent, StoreUnavailable
from run_ledger.domain.incidents.alert_rules import IncidentScope
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.instants import Instant
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.posting.rejections import Allowance, Rejected, RejectionStore
from run_ledger.store.posting.reports import Report

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.05


class ActTaker:
    """Takes acts; what can't be taken for good is kept as a rejected event."""

    def __init__(
        self,
        incidents: IncidentLedger,
        rows: RowKeeper,
        rejections: RejectionStore,
        now: Callable[[], Instant],
    ) -> None:
        """Take acts on *incidents*, which are found by their *rows*."""
        self._incidents = incidents
        self._rows = rows
        self._rejections = rejections
        self._now = now

    def take(
        self, records: Sequence[Mapping[str, Any]], seconds_left: Callable[[], float]
    ) -> tuple[list[IncidentScope], list[str]]:
        """Take the acts of the queue's *records*.

        Returns the scopes of which there is something to tell, and the ids of the messages that are
        to come again.
        """
        scopes: dict[IncidentScope, None] = {}
        again: list[str] = []
        rejected: list[Rejected] = []
        for record in records:
            message_id, raw = record["messageId"], record["body"]
            try:
                scopes[self._take(decode_act(raw), seconds_left)] = None
            except InvalidEvent as error:
                rejected.append(Rejected(raw, (message_id,), error))
            except StoreUnavailable as error:
                _log.error("failed", extra={"failure": str(error)})
                again.append(message_id)
        return list(scopes), again + self._keep(rejected, seconds_left)

    def _take(self, event: ActEvent, seconds_left: Callable[[], float]) -> IncidentScope:
        """Take one act; raises InvalidEvent where that can never be, else StoreUnavailable."""
        if seconds_left() <= 0:
            raise StoreUnavailable("no time is left for this act")
        update = event.update
        row = self._rows.find(update.incident_id)
        if row is None or row.scope.listener != update.client_id:
            raise _refused(event, "unknown_incident", "an incident of the client, or of staff (*)")
        act = IncidentAct(
            event_id=event.event_id,
            act=update.act,
            at=event.occurred_at,
            by_id=event.by.id,
            by_name=event.by.name,
            text=None if update.text is UNSET else update.text,
            until=event.until,
        )
        outcome = self._incidents.act(row, act, event.digest)
        if outcome == "reused":
            raise _refused(event, "event_id_reused", "an id that no other act on it has")
        if outcome == "closed":
            raise _refused(event, "incident_closed", "an incident that is open")
        extra = {
            "client_id": update.client_id,
            "incident_id": update.incident_id,
            "act": update.act,
            "outcome": outcome,
        }
        _log.info("acted", extra=extra)
        return row.scope

    def _keep(self, rejected: Sequence[Rejected], seconds_left: Callable[[], float]) -> list[str]:
        """Keep rejected acts; return the ids of the messages of those that could not be kept."""
        report = Report()
        allowance = Allowance(lambda: seconds_left() > 0, _wait)
        self._rejections.keep(report, rejected, self._now(), allowance)
        for rejection in report.rejections:
            _log.warning("rejected", extra=rejection)
        return sorted(report.failed_message_ids)


def _refused(event: ActEvent, reason: Any, allowed: str) -> InvalidEvent:
    about = f"incident {event.update.incident_id}"
    field = "event_id" if reason == "event_id_reused" else "incident_id"
    got = event.event_id if field == "event_id" else event.update.incident_id
    error = InvalidEvent(reason, field=f"detail.{field}", got=repr(got), allowed=allowed)
    error.about = about
    return error


def _wait(before: int) -> None:
    time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**before))  # noqa: S311 - no secret
