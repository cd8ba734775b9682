"""Events of OpenLineage, as its own clients send them, on their way to the bus.

Nothing is remembered from one event to the next, not even within a request: so what an event comes
to does not depend on which instance of the function takes it, with which others, or how often.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from run_ledger.domain.contract.events import JOB_UPDATE
from run_ledger.domain.contract.violations import UNREADABLE
from run_ledger.domain.exceptions import Forbidden, InvalidBody, InvalidEvent, LedgerError, shown
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.bodies import MOST_EVENTS, read_json, too_many_events
from run_ledger.domain.intake.bus_entries import BusEntry, bus_entry
from run_ledger.domain.intake.event_results import EventErrorDocument, EventResultDocument, rejected
from run_ledger.domain.intake.lineage_results import NotCounted
from run_ledger.domain.intake.reporters import ReportingCaller

from .door_requests import DoorRequest

LINEAGE = "/api/v1/lineage"
LINEAGE_BATCH = f"{LINEAGE}/batch"


def read_lineage(request: DoorRequest) -> list[Any]:
    """Return the events of a request: one, or those of a batch.

    Raises InvalidBody, BodyTooLarge or UnknownBodyType.
    """
    content = read_json(request.body, request.media_type, request.coding)
    if request.resource == LINEAGE:
        return [content]
    if not isinstance(content, list):
        raise InvalidBody("The body is no batch; allowed: a list of OpenLineage's events")
    if len(content) > MOST_EVENTS:
        raise too_many_events()
    return content


def lineage_entry(
    content: Any, reporter: ReportingCaller, now: Instant
) -> BusEntry | EventResultDocument | NotCounted:
    """Return what to give to the bus for the event *content*, or why there is nothing to give."""
    # All that makes job events is loaded with the first event, not with the function: whoever sends
    # events of the ledger's own does not wait for it.
    from run_ledger.emit.lineage import (  # noqa: PLC0415
        LineageAdapter,
        UnusableEvent,
        without_run,
    )

    if not isinstance(content, Mapping):
        return _rejected("event", f"the event is {shown(content)}; allowed: a JSON object")
    if without_run(content) is not None:
        return NotCounted()
    try:
        detail = LineageAdapter(_rules(content, reporter)).job_event(content) or {}
        text = msgspec.json.encode({"detail_type": JOB_UPDATE, "detail": detail})
        return bus_entry(text, str(detail.get("event_id")), reporter.scope, now)
    except UnusableEvent as unusable:
        return _rejected("event", str(unusable))
    except InvalidEvent as invalid:
        return rejected(None, invalid)
    except UNREADABLE as error:  # half a character in a name
        return _rejected("event", f"the event can't be written as UTF-8: {error}")


def refused(result: EventResultDocument) -> LedgerError:
    """Return the exception for a request whose only event is rejected."""
    error = result.error
    message = "" if error is None else f"{error.message}."
    is_of_another = error is not None and error.reason == "source_mismatch"
    return Forbidden(message) if is_of_another else InvalidBody(message)


def _rules(event: Mapping[str, Any], reporter: ReportingCaller) -> Any:
    """Return the rules by which the jobs in the event's namespace are a client's.

    That is the one client of the caller's grant, else the one that the grant names for the
    namespace. Raises InvalidEvent where it names none.
    """
    from run_ledger.emit.lineage import LineageRules, Owner  # noqa: PLC0415 - as above

    clients = reporter.scope.clients or frozenset()
    only = next(iter(clients)) if len(clients) == 1 else ""
    namespaces = {key: Owner(client) for key, client in reporter.namespaces.items()}
    rules = LineageRules(Owner(only), namespaces)
    job = event.get("job")
    namespace = job.get("namespace") if isinstance(job, Mapping) else None
    if isinstance(namespace, str) and not rules.owner_of(namespace).client_id:
        raise InvalidEvent(
            "source_mismatch",
            field="job.namespace",
            got=shown(namespace),
            allowed="a namespace for which this caller's grant names a client",
        )
    return rules


def _rejected(field: str, message: str) -> EventResultDocument:
    return EventResultDocument(
        None, "rejected", EventErrorDocument("invalid_field", field, message)
    )
