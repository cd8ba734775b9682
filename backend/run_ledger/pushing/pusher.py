"""The pusher: tells open pages that there is something new, and knows which pages are open.

API Gateway calls it for what pages send over their sockets, the streams of tables for what has
changed in them, and a schedule once a minute, so that sockets end with the tokens they came by.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from run_ledger import logs, metrics, settings, starting
from run_ledger.domain.api.access import Trust
from run_ledger.domain.contract.vocabulary import STAFF_AS_OWNER
from run_ledger.domain.exceptions import (
    DoorUnavailable,
    Forbidden,
    StoreUnavailable,
    Unauthorized,
)
from run_ledger.domain.instants import Instant
from run_ledger.doors.token_keys import TokenKeys
from run_ledger.store.clients.reads import shown_client
from run_ledger.store.clients.sign_outs import read_sign_outs
from run_ledger.store.deliveries.delivery_records import is_of_notices
from run_ledger.store.dynamo.connection import dynamodb
from run_ledger.store.listeners.listener_records import ListenerRecords

from .announcer import Announcer, PushCounts
from .sockets import MOST_AT_ONCE, Sockets, gateway

_log = logging.getLogger(__name__)

UNITS: Mapping[str, metrics.Unit] = {"NotPushed": "Count"}
_TAKEN, _REFUSED, _UNAVAILABLE = ({"statusCode": status} for status in (200, 403, 503))


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000)


@cache
def _announcer() -> Announcer:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="pusher")
    for name, value in (
        ("LISTENERS_TABLE", configuration.listeners_table),
        ("PUSH_ENDPOINT", configuration.push_endpoint),
        ("ISSUER", configuration.issuer),
        ("PEOPLE_CLIENT", configuration.people_client),
    ):
        if not value:
            raise ValueError(f"{name} is not set; allowed: the stack's own")
    client = dynamodb()
    announcer = Announcer(
        ListenerRecords(client, configuration.listeners_table),
        Sockets(gateway(configuration.push_endpoint)),
        trust=Trust(configuration.issuer, frozenset({configuration.people_client})),
        token_keys=TokenKeys(configuration.token_keys_url, _now),
        read_sign_outs=partial(read_sign_outs, client, configuration.tables.clients),
        executor=ThreadPoolExecutor(MOST_AT_ONCE, "pusher"),
    )
    starting.finished()
    return announcer


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take what a page sends, a batch of a stream, or a schedule's event.

    A batch fails as a whole, and comes again, only where nobody could be told: a page that missed
    a message asks by itself a few minutes later.
    """
    started = time.perf_counter()
    announcer = _announcer()
    logs.begin(context)
    request = event.get("requestContext")
    if request is not None:
        return _over_a_socket(announcer, request, event.get("body") or "")
    records = event.get("Records")
    counts = PushCounts(failed=1)
    try:
        counts = (
            announcer.end_what_is_over(_now())
            if records is None
            else announcer.tell(_changed(records), _now())
        )
    finally:
        _log_counts(counts, len(records or ()), started)
    return {"batchItemFailures": []}


def _over_a_socket(announcer: Announcer, request: Mapping[str, Any], body: str) -> dict[str, Any]:
    """Take what a page sends; the socket of one that is not taken in is closed."""
    connection_id = request["connectionId"]
    if request["eventType"] == "DISCONNECT":
        announcer.leave(connection_id)
        return _TAKEN
    try:
        announcer.join(connection_id, body, _now())
    except (Unauthorized, Forbidden) as error:
        _log.info("not joined", extra={"problem": type(error).__name__})
        announcer.refuse(connection_id)
        return _REFUSED
    except (DoorUnavailable, StoreUnavailable) as error:
        # The page hears nothing, and so goes on asking.
        _log.error("failed", extra={"failure": str(error)})
        return _UNAVAILABLE
    return _TAKEN


def _changed(records: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the clients of which something has changed, by a batch of a stream.

    What staff alone see, such as how notices come through, is of `STAFF_AS_OWNER`. The stream of
    the table Clients gives keys alone.
    """
    found = (_owner_of(record["dynamodb"]) for record in records)
    return frozenset(owner for owner in found if owner)


def _owner_of(change: Mapping[str, Any]) -> str | None:
    keys = change.get("Keys", {})
    if is_of_notices(keys):
        return STAFF_AS_OWNER
    named: str | None = change.get("NewImage", {}).get("client_id", {}).get("S")
    return named or shown_client(keys)


def _log_counts(counts: PushCounts, changes: int, started: float) -> None:
    metrics.emit(
        "pushed",
        UNITS,
        {
            "Changes": changes,
            "Told": counts.told,
            "Closed": counts.closed,
            "NotPushed": [counts.failed] if counts.failed else [],
            "PushMs": round((time.perf_counter() - started) * 1_000, 1),
        },
        now=_now(),
    )
