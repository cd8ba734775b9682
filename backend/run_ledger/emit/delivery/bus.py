"""The event bus: the one module that calls EventBridge, by PutEvents with up to ten events."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from msgspec import Struct

from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery.health import words_of
from run_ledger.emit.identity.destinations import Destination, destination_of
from run_ledger.emit.identity.environment import BusTarget

EVENTS_PER_CALL = 10
BYTES_PER_CALL = 250_000  # AWS takes 1 MB today and took 256 KB before: this suits both
_CONNECT_SECONDS = 3
_READ_SECONDS = 8
_CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give it a role"
_FILES = "mend the files ~/.aws/config and ~/.aws/credentials, or name others by AWS_CONFIG_FILE"
_ADVICE = {
    "NoRegionError": "set RUN_LEDGER_REGION or AWS_REGION",
    "InvalidRegionError": "set RUN_LEDGER_REGION or AWS_REGION",
    "NoCredentialsError": _CREDENTIALS,
    "PartialCredentialsError": _CREDENTIALS,
    "ProfileNotFound": "set AWS_PROFILE to a profile that is there",
    "ConfigParseError": _FILES,
    "UnicodeDecodeError": _FILES,
    "ModuleNotFoundError": "install run-ledger again, with what it needs",
    "AccessDeniedException": "the credentials need events:PutEvents on the bus",
    "UnrecognizedClientException": _CREDENTIALS,
    "ExpiredTokenException": "renew the credentials",
    "ResourceNotFoundException": "there is no such bus in this account and region",
}
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


class BusUnavailable(Exception):
    """A call failed as a whole, and may succeed later; the message says why in a few words."""


class EventBridgeClient(Protocol):
    """The part of botocore's client for EventBridge that is used here."""

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Send up to ten entries, as botocore does."""


class PutOutcome(Struct, frozen=True):
    """What became of the events of one call."""

    accepted: list[OutgoingEvent]
    retry: list[OutgoingEvent]
    """Events that the bus may take another time."""
    refused: list[tuple[OutgoingEvent, str]]
    """Events that the bus will never take, each with the reason."""
    trouble: str | None
    """The error codes of the call, such as ``ThrottlingException``; None for none."""


class EventBus:
    """An event bus; its client is made at the first call, in the thread that calls."""

    def __init__(self, target: BusTarget, client: EventBridgeClient | None = None) -> None:
        self.target = target
        self._client = client
        self._given = client is not None
        self._credentials: object = None
        self.was_prepared = threading.Event()
        """Set once the client is there, or can't be made."""

    def forget_connection(self) -> None:
        """Drop the client: after a fork its connections are the parent's."""
        self.was_prepared = threading.Event()
        if not self._given:
            self._client = None

    def put(self, events: Sequence[OutgoingEvent]) -> PutOutcome:
        """Send *events* in one call, once; raise BusUnavailable where the call fails."""
        try:
            answer = self._prepare().put_events(Entries=[self._entry(event) for event in events])
            results = list(answer["Entries"])
        except Exception as error:  # whatever a network, a proxy or credentials may raise
            raise BusUnavailable(_words(error)) from error
        if len(results) != len(events):
            raise BusUnavailable("the bus answered about other entries than were sent")
        outcome = PutOutcome([], [], [], _trouble_of(results))
        for event, result in zip(events, results, strict=True):
            code = result.get("ErrorCode")
            if not code:
                outcome.accepted.append(event)
            elif code in _NEVER_RIGHT:
                message = str(result.get("ErrorMessage", "no reason given"))
                outcome.refused.append((event, f"{code}: {message}"))
            else:
                outcome.retry.append(event)
        return outcome

    def destination(self) -> Destination:
        """Return where events go; raise BusUnavailable where that can't be found out now."""
        try:
            client = self._prepare()
            return destination_of(self.target, client, self._credentials or _of_client(client))
        except Exception as error:  # whatever files or credentials may raise
            raise BusUnavailable(_words(error)) from error

    def _prepare(self) -> EventBridgeClient:
        try:
            if self._client is None:
                self._client, self._credentials = _client(self.target)
            return self._client
        finally:
            self.was_prepared.set()

    def _entry(self, event: OutgoingEvent) -> dict[str, str]:
        return {
            "EventBusName": self.target.bus,
            "Source": self.target.source,
            "DetailType": event.detail_type,
            "Detail": event.detail,
        }


def first_call(events: Sequence[OutgoingEvent]) -> list[OutgoingEvent]:
    """Return as many of the first *events* as one call takes, at least one."""
    batch: list[OutgoingEvent] = []
    size = 0
    for event in events[:EVENTS_PER_CALL]:
        size += event.size
        if batch and size > BYTES_PER_CALL:
            break
        batch.append(event)
    return batch


def _of_client(client: object) -> object:
    """Return the credentials of a client that was given; None where it hides them."""
    return getattr(getattr(client, "_request_signer", None), "_credentials", None)


def _client(target: BusTarget) -> tuple[EventBridgeClient, object]:
    """Return a client and its credentials.

    It has short timeouts, in seconds, and never retries: the sender does.
    """
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
    credentials = session.get_credentials()  # which may ask the network, so no fork waits for it
    with _loading:
        client = session.create_client(
            "events", region_name=target.region, endpoint_url=target.endpoint_url, config=config
        )
    return cast("EventBridgeClient", client), credentials


def _trouble_of(results: Sequence[Mapping[str, Any]]) -> str | None:
    codes = {str(result["ErrorCode"]) for result in results if result.get("ErrorCode")}
    return ", ".join(sorted(codes)) or None


def _words(error: Exception) -> str:
    """Return *error* in a few words, the code of AWS where there is one; and what to do, if known.

    For example ``"NoRegionError: You must specify a region. (set RUN_LEDGER_REGION …)"``.
    """
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    advice = _ADVICE.get(str(code) if code else type(error).__name__)
    words = str(code) if code else words_of(error)
    return f"{words} ({advice})" if advice else words
