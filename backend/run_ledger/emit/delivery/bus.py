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
from run_ledger.emit.identity.local_stack import StackDocument

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
    "AccessDeniedException": (
        "the credentials need events:PutEvents on the bus, perhaps with a source of their client"
    ),
    "NotAuthorizedForSourceException": "the bus's policy refuses this source",
    "NotAuthorizedForDetailTypeException": "the bus's policy refuses events of this detail type",
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": "the secret key is wrong, or this machine's clock",
    "SignatureDoesNotMatch": "the secret key is wrong, or this machine's clock",
    "ExpiredTokenException": "renew the credentials",
    "ExpiredToken": "renew the credentials",
    "LoginRefreshRequired": "sign in again, by aws login",
    "LoginTokenLoadError": "sign in, by aws login",
    "LoginAuthorizationCodeError": "sign in again, by aws login",
    "MissingDependencyException": 'pip install "botocore[crt]", which aws login needs',
    "UnauthorizedSSOTokenError": "sign in again, by aws sso login",
    "SSOTokenLoadError": "sign in, by aws sso login",
    "TokenRetrievalError": "sign in again, by aws sso login",
    "EndpointConnectionError": "is the region right, and may this machine reach it?",
    "ConnectTimeoutError": "is the region right, and may this machine reach it?",
    "ResourceNotFoundException": "there is no such bus in this account and region",
}
_NO_USER_FILES = {  # for a local stack, whatever the user's AWS files are like
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
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


class NoSuchBus(BusUnavailable):
    """There is no bus of that name. AWS takes events for it all the same, and drops them."""


class EventBridgeClient(Protocol):
    """The part of botocore's client for EventBridge that is used here.

    If it has ``describe_event_bus``, that is called once before the first events are sent.
    """

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

    def __init__(
        self,
        target: BusTarget,
        client: EventBridgeClient | None = None,
        stack: StackDocument | None = None,
    ) -> None:
        """Send to *target*, through *client* if given; with the credentials of *stack*, if any."""
        self.target = target
        self._client = client
        self._stack = stack
        self._was_found = False
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
            client = self._prepare()
            self._find(client)
            answer = client.put_events(Entries=[self._entry(event) for event in events])
            results = list(answer["Entries"])
        except NoSuchBus:
            raise
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
                self._client, self._credentials = _client(self.target, self._stack)
            return self._client
        finally:
            self.was_prepared.set()

    def find(self) -> str | None:
        """Look the bus up and return its ARN; None where it can't be looked up.

        Raises NoSuchBus where it isn't there, and BusUnavailable where no client can be made.
        """
        try:
            return self._look_up(self._prepare())
        except NoSuchBus:
            raise
        except Exception as error:
            raise BusUnavailable(_words(error)) from error

    def _find(self, client: EventBridgeClient) -> None:
        """Look the bus up before the first events go to it: for a bus that isn't there they wait.

        Raises NoSuchBus. Whatever else happens, the events are sent: who may send may often do
        nothing else.
        """
        if not self._was_found:
            self._look_up(client)
            self._was_found = True

    def _look_up(self, client: EventBridgeClient) -> str | None:
        describe = getattr(client, "describe_event_bus", None)
        if describe is None:
            return None
        name = self.target.bus
        try:
            return str(describe(Name=name)["Arn"])
        except Exception as error:
            code = _code_of(error)
            # A local AWS may not know a bus by its ARN, nor one account that of another.
            if code == "ResourceNotFoundException" and not name.startswith("arn:"):
                region = getattr(getattr(client, "meta", None), "region_name", self.target.region)
                raise NoSuchBus(
                    f"there is no event bus {name} in {region} in the account of these credentials"
                ) from error
        return None

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


def _client(target: BusTarget, stack: StackDocument | None) -> tuple[EventBridgeClient, object]:
    """Return a client and its credentials.

    It has short timeouts, in seconds, and never retries: the sender does.
    """
    # Here, as importing botocore takes longer than all the rest of a short program's reporting.
    with _loading:
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import Session, get_session  # noqa: PLC0415

        "a-bus".encode("idna")  # imports what the first look-up of a name would
        session = get_session() if stack is None else Session(session_vars=_NO_USER_FILES)
        if stack is not None:
            session.set_credentials(stack.access_key_id, stack.secret_access_key)
        session.get_component("credential_provider")  # sets up TLS, under a lock of OpenSSL's

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=1,
        tcp_keepalive=True,
        proxies=None if stack is None else {},
    )
    credentials = session.get_credentials()  # which may ask the network, so no fork waits for it
    with _loading:
        client = session.create_client(
            "events", region_name=target.region, endpoint_url=target.endpoint_url, config=config
        )
    return cast("EventBridgeClient", client), credentials


def _code_of(error: Exception) -> str | None:
    """Return AWS's code of an error that AWS answered with; None for others."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code) if code else None


def with_advice(code: str) -> str:
    """Return *code*, AWS's or the name of an exception, and what to do, if that is known."""
    return f"{code} ({_ADVICE[code]})" if code in _ADVICE else code


def _trouble_of(results: Sequence[Mapping[str, Any]]) -> str | None:
    codes = {str(result["ErrorCode"]) for result in results if result.get("ErrorCode")}
    return ", ".join(sorted(codes)) or None


def _words(error: Exception) -> str:
    """Return *error* in a few words, the code of AWS where there is one; and what to do, if known.

    For example ``"NoRegionError: You must specify a region. (set RUN_LEDGER_REGION …)"``.
    """
    code = _code_of(error)
    advice = _ADVICE.get(code or type(error).__name__)
    words = code or words_of(error)
    return f"{words} ({advice})" if advice else words
