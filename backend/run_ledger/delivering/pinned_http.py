"""One POST to an address that somebody declared, and to no other.

The name is resolved once. The address that was judged is the one that is connected to, so a name
that means another host a moment later leads nowhere else. No redirect is followed, no proxy is
asked, nothing of an answer's body is read, and all of it together takes a limited time.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from .public_addresses import is_public

_LOOPBACK = "127.0.0.1"
_WEB_PORT = 443
# A look-up can't be stopped. More than a batch of slow ones keeps no other name waiting.
_RESOLVERS = 16


class RefusedAddressError(Exception):
    """The address is none that a delivery may be sent to; nothing was sent."""


class NoAnswerError(Exception):
    """The receiver could not be reached, or gave no answer in time; it may have got the request."""


class ReceiverAnswer(Struct, frozen=True):
    """What came back: the status, and the header ``Retry-After`` as it stands there."""

    status: int
    retry_after: str = ""


class PinnedPoster:
    """Sends requests; *is_local* lets http to 127.0.0.1 pass, on a laptop's stack alone."""

    def __init__(self, *, is_local: bool = False, seconds: float = 10.0) -> None:
        """Give each request *seconds* in all."""
        self._is_local = is_local
        self._seconds = seconds
        self._tls = ssl.create_default_context()
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, "resolver")

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> ReceiverAnswer:
        """Send *body*; raises RefusedAddressError or NoAnswerError where there is no answer."""
        until = time.monotonic() + self._seconds
        parts = _checked(url)
        host, port = str(parts.hostname), parts.port or _WEB_PORT
        is_here = self._is_local and parts.scheme == "http" and host == _LOOPBACK
        if parts.scheme != "https" and not is_here:
            raise RefusedAddressError("the address is not https")
        address = _LOOPBACK if is_here else self._resolved(host, port, until)
        connection = _Connection(host, parts.port or (80 if is_here else _WEB_PORT))
        connection.default_port = 80 if is_here else _WEB_PORT
        try:
            with _limit(connection, until) as is_cut_off:
                connection.sock = self._connected(address, connection.port, until)
                _go_on_unless(is_cut_off)
                if not is_here:
                    self._shake(connection, host, is_cut_off)
                path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", path, body, {**headers, "User-Agent": "run-ledger"})
                answer = connection.getresponse()
                _go_on_unless(is_cut_off)
                return ReceiverAnswer(answer.status, answer.headers.get("Retry-After", "")[:100])
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoAnswerError(f"no answer: {type(error).__name__}") from error
        finally:
            connection.close()

    def _resolved(self, host: str, port: int, until: float) -> str:
        """Return the address to connect to; refuse a name of which any address is not public."""
        asked = self._resolvers.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = asked.result(timeout=max(0.0, until - time.monotonic()))
        except (OSError, UnicodeError, TimeoutError) as error:
            raise NoAnswerError("its name could not be resolved") from error
        addresses = [str(one[4][0]) for one in found]
        if not addresses or not all(map(is_public, addresses)):
            raise RefusedAddressError("its name leads to an address that is not public")
        # Lambda has no way out by IPv6, unless it is in a VPC that has one.
        return next((one for one in addresses if ":" not in one), addresses[0])

    def _shake(self, connection: _Connection, host: str, is_cut_off: threading.Event) -> None:
        """Put TLS on the connection; whoever cuts it off can do so meanwhile."""
        wrapped = self._tls.wrap_socket(
            connection.sock, server_hostname=host, do_handshake_on_connect=False
        )
        connection.sock = wrapped
        _go_on_unless(is_cut_off)
        wrapped.do_handshake()

    @staticmethod
    def _connected(address: str, port: int, until: float) -> socket.socket:
        return socket.create_connection((address, port), max(0.1, until - time.monotonic()))


class _Connection(http.client.HTTPConnection):
    """A connection whose socket is made by us; it never makes another one."""

    auto_open = 0


@contextlib.contextmanager
def _limit(connection: _Connection, until: float) -> Iterator[threading.Event]:
    """Cut the connection off at *until*, however slowly something still comes; tell if it was."""
    is_cut_off = threading.Event()

    def cut_off() -> None:
        is_cut_off.set()
        sock: Any = connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, until - time.monotonic()), cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield is_cut_off
    finally:
        timer.cancel()


def _go_on_unless(is_cut_off: threading.Event) -> None:
    """Raise NoAnswerError once the time is over: a socket that is made then is not cut off."""
    if is_cut_off.is_set():
        raise NoAnswerError("no answer in time")


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_whole = parts.hostname is not None and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or not url.isascii() or any(one <= " " for one in url):
        raise RefusedAddressError("the address is no URL")
    if parts.username is not None or parts.password is not None:
        raise RefusedAddressError("the address has a login in it")
    return parts
