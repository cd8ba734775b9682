"""What stands in front of the local AWS, in its own process: every call passes through here.

The local AWS keeps its data in memory, and a kill takes it. So a call of PutEvents is answered only
after the events that the bus took are on the disk: whoever has an answer has not reported in vain.
And nobody signs up: Cognito refuses that where a pool is for invited people alone, as ours is, and
the local AWS ignores the setting. Nor does it answer the pages of a browser, or open sockets for
them: it checks no signature and lets every origin read, so any page on the web could read the
ledger and reset it. The front knows HTTP and WebSockets alone (ASGI), and nothing of the local
AWS's own parts.
"""

import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from run_ledger_ops.local.aws.envelopes import KeptEvent, taken_events
from run_ledger_ops.local.aws.event_file import EventFile

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

NOT_KEPT = "Events can't be kept"
_PUT_EVENTS = "PutEvents"
_SIGN_UP = "SignUp"
_OK = 200
_NOT_FOR_PAGES = 1008  # a violation of policy, as RFC 6455 calls it
# Names that nobody else can lead here: of this machine, of a container's host and of AWS.
_OWN_HOSTS = frozenset({b"", b"127.0.0.1", b"localhost"})
_OWN_DOMAINS = (b".localhost", b".internal", b".amazonaws.com", b".cloudfront.net")
_LOG = logging.getLogger("run_ledger.local_aws")


class Front:
    """The ASGI application that is served in place of the local AWS's own."""

    def __init__(self, application: Application, kept: EventFile, region: str) -> None:
        self._application = application
        self._kept = kept
        self._region = region

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass a call on, but for those of which the local AWS makes something else than AWS."""
        is_call = scope["type"] == "http"
        called = _called(scope) if is_call else ""
        if is_call and _is_of_a_page(scope):
            await _send_all(_PAGE_REFUSED, send)
        elif scope["type"] == "websocket" and _is_of_a_page(scope):
            await receive()
            await send({"type": "websocket.close", "code": _NOT_FOR_PAGES})
        elif called == _PUT_EVENTS:
            await self._put_events(scope, receive, send)
        elif called == _SIGN_UP:
            await _send_all(_SIGN_UP_REFUSED, send)
        else:
            await self._application(scope, receive, send)

    async def _put_events(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        """Keep the events of a call that the bus has taken, and only then let its answer go."""
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        request: list[Message] = []
        answer: list[Message] = []

        async def receive_and_note() -> Message:
            request.append(await receive())
            return request[-1]

        async def hold_back(message: Message) -> None:
            answer.append(message)

        await self._application(scope, receive_and_note, hold_back)
        try:
            await self._kept.keep(self._taken(request, answer, at))
        except OSError as error:
            _give_up(error)
            answer = _NOT_TAKEN
        await _send_all(answer, send)

    def _taken(self, request: list[Message], answer: list[Message], at: str) -> list[KeptEvent]:
        if not answer or answer[0]["status"] != _OK:
            return []
        return taken_events(_body(request), _body(answer), at=at, region=self._region)


def _body(messages: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


def _give_up(error: OSError) -> None:
    """End this process in order, as by a stop: it can't do what it promises."""
    _LOG.error("%s: %s", NOT_KEPT, error)
    os.kill(os.getpid(), signal.SIGTERM)


def _called(scope: MutableMapping[str, Any]) -> str:
    """Return the operation that a call names: what follows the last dot of its target."""
    targets = [value for name, value in scope["headers"] if name.lower() == b"x-amz-target"]
    return b", ".join(targets).decode("latin-1").rpartition(".")[2].strip()


def _is_of_a_page(scope: MutableMapping[str, Any]) -> bool:
    """Return whether a page in a browser asks, and not a program or a person who typed the address.

    A page can also come under a name that its owner has led to this machine.
    """
    headers = {name.lower(): value.lower() for name, value in scope["headers"]}
    host = headers.get(b"host", b"").partition(b":")[0]
    return (
        b"origin" in headers
        or headers.get(b"sec-fetch-site", b"none") != b"none"
        or not (host in _OWN_HOSTS or host.endswith(_OWN_DOMAINS))
    )


async def _send_all(messages: list[Message], send: Send) -> None:
    for message in messages:
        await send(message)


def _error(status: int, kind: str, words: str) -> list[Message]:
    """Return the answer with an error of AWS's JSON protocol."""
    body = json.dumps({"__type": kind, "message": words}).encode()
    headers = [
        (b"content-type", b"application/x-amz-json-1.1"),
        (b"content-length", str(len(body)).encode()),
    ]
    return [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    ]


_NOT_TAKEN = _error(500, "InternalFailure", NOT_KEPT)  # a caller knows that it must try again
_SIGN_UP_REFUSED = _error(
    400, "NotAuthorizedException", "SignUp is not permitted for this user pool"
)
_PAGE_REFUSED = _error(
    403, "AccessDeniedException", "The local AWS answers no web pages: ask it by a program"
)
