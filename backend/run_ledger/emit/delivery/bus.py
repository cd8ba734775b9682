"""The one caller of EventBridge: PutEvents, ten entries a call, with short timeouts."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

from run_ledger.emit.counting.updates import Update

ENTRIES_PER_CALL = 10
BYTES_PER_CALL = 250_000  # AWS takes 1 MB today and took 256 KB before: this suits both
_CONNECT_SECONDS = 3
_READ_SECONDS = 8
_NEVER_RIGHT = {"MalformedDetail", "InvalidArgument", "InvalidDetailType", "EntryTooLarge"}

# A child that is forked in the middle of an import keeps a half of the module for good, and what
# was locked at that moment stays locked in it. So a fork waits for the loading here, once a process
# and for a fraction of a second.
_loading = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_loading.acquire,
        after_in_parent=_loading.release,
        after_in_child=_loading.release,
    )


class Target(NamedTuple):
    """Where events go."""

    bus: str
    region: str | None
    endpoint_url: str | None
    source: str


class BusTrouble(Exception):
    """A call came to nothing; the same call may succeed later. Says why in a few words."""


class EventsClient(Protocol):
    """What is needed of botocore's client for EventBridge."""

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Post up to ten entries."""


class Outcome(NamedTuple):
    """What became of the entries of one call, by event id."""

    accepted: list[Update]
    again: list[Update]
    refused: list[tuple[Update, str]]
    trouble: str | None


class Bus:
    """An event bus; its client is made at the first call, in the thread that calls."""

    def __init__(self, target: Target, client: EventsClient | None = None) -> None:
        self.target = target
        self._client = client
        self._given = client is not None

    def forget_connection(self) -> None:
        """Drop the client: after a fork its connections are the parent's."""
        if not self._given:
            self._client = None

    def put(self, updates: Sequence[Update]) -> Outcome:
        """Send *updates* in one call, once; raises BusTrouble where none was taken."""
        try:
            if self._client is None:
                self._client = _client(self.target)
            answer = self._client.put_events(Entries=[self._entry(one) for one in updates])
            results = list(answer["Entries"])
        except Exception as error:  # whatever a network, a proxy or credentials may raise
            raise BusTrouble(_words(error)) from error
        if len(results) != len(updates):
            raise BusTrouble("the bus answered about other entries than were sent")
        outcome = Outcome([], [], [], _trouble_of(results))
        for update, result in zip(updates, results, strict=True):
            code = result.get("ErrorCode")
            if not code:
                outcome.accepted.append(update)
            elif code in _NEVER_RIGHT:
                message = str(result.get("ErrorMessage", "no reason given"))
                outcome.refused.append((update, f"{code}: {message}"))
            else:
                outcome.again.append(update)
        return outcome

    def _entry(self, update: Update) -> dict[str, str]:
        return {
            "EventBusName": self.target.bus,
            "Source": self.target.source,
            "DetailType": update.detail_type,
            "Detail": update.detail,
        }


def first_batch(updates: Sequence[Update]) -> list[Update]:
    """Return as many of the first *updates* as one call takes, at least one."""
    batch: list[Update] = []
    size = 0
    for update in updates[:ENTRIES_PER_CALL]:
        size += update.size
        if batch and size > BYTES_PER_CALL:
            break
        batch.append(update)
    return batch


def _client(target: Target) -> EventsClient:
    """Make a client that gives up soon and leaves trying again to us."""
    # Here, as importing botocore takes longer than all the rest of a short program's reporting.
    with _loading:
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415

        "a-bus".encode("idna")  # imports what the first look-up of a name would
        session = get_session()
        session.get_component("credential_provider")  # sets up TLS, under a lock of OpenSSL's

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=1,
        tcp_keepalive=True,
    )
    session.get_credentials()  # which may ask the network, so no fork waits for it
    with _loading:
        client = session.create_client(
            "events", region_name=target.region, endpoint_url=target.endpoint_url, config=config
        )
    return cast("EventsClient", client)


def _trouble_of(results: Sequence[Mapping[str, Any]]) -> str | None:
    codes = {str(result["ErrorCode"]) for result in results if result.get("ErrorCode")}
    return ", ".join(sorted(codes)) or None


def _words(error: Exception) -> str:
    """Return the trouble in a few words: AWS's code where there is one."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code) if code else f"{type(error).__name__}: {str(error)[:200]}"
