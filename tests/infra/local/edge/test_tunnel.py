"""WebSockets through the proxy: who gets one, what the other end hears, and that bytes pass."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from run_ledger_ops.local.edge.tunnel import carry, is_of_own_page, is_upgrade, opened

SECONDS = 10.0
"""So long a test waits at most for a byte, or for the end of the tunnel."""


@pytest.mark.parametrize(
    ("headers", "asks"),
    [
        ([("Upgrade", "websocket")], True),
        ([("Host", "a"), ("upgrade", " WebSocket ")], True),
        ([("Upgrade", "h2c")], False),
        ([("X-Upgrade", "websocket")], False),
        ([], False),
    ],
)
def test_only_the_header_upgrade_asks_for_a_websocket(
    headers: list[tuple[str, str]], asks: bool
) -> None:
    """Its name and value are the same in any case."""
    assert is_upgrade(headers) is asks


@pytest.mark.parametrize(
    ("origin", "is_own"),
    [
        (None, True),
        ("http://127.0.0.1:8000", True),
        ("HTTP://LocalHost:8000", True),
        ("https://127.0.0.1:8000", False),
        ("http://127.0.0.1:8001", False),
        ("http://localhost:8000.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_pages_of_other_origins_get_none(origin: str | None, is_own: bool) -> None:
    """A program names no origin; a page of another scheme, host or port is another's."""
    assert is_of_own_page(origin, ["127.0.0.1:8000", "localhost:8000"]) is is_own


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """Give a socket on which the program behind the proxy listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(SECONDS)
        yield server


def test_of_the_viewers_headers_those_of_the_handshake_go_on(listening: socket.socket) -> None:
    """Neither cookies nor tokens do, and the host is the one that is asked."""
    port = listening.getsockname()[1]
    headers = [
        ("Host", "ledger.example"),
        ("Cookie", "a=b"),
        ("Authorization", "Bearer t"),
        ("Sec-WebSocket-Key", "a2V5"),
        ("sec-websocket-protocol", "ledger, token"),
    ]

    with closing(opened(port, "/push?v=1", headers)):
        server, _ = listening.accept()
        with closing(server):
            server.settimeout(SECONDS)
            heard = server.recv(4_096).decode("latin-1")

    assert heard.split("\r\n") == [
        "GET /push?v=1 HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: a2V5",
        "sec-websocket-protocol: ledger, token",
        "",
        "",
    ]


def test_where_nobody_listens_that_is_said(listening: socket.socket) -> None:
    """It raises OSError."""
    port = listening.getsockname()[1]
    listening.close()

    with pytest.raises(OSError, match="refused"):
        opened(port, "/push", [])


class Tunnel:
    """Two ends that are carried together, as the two programs have them."""

    def __init__(self) -> None:
        """Begin to carry."""
        self.viewer, inner = socket.socketpair()
        self.upstream, outer = socket.socketpair()
        self.inner = (inner, outer)
        for one in (self.viewer, self.upstream):
            one.settimeout(SECONDS)
        self.work = threading.Thread(target=carry, args=self.inner, daemon=True)
        self.work.start()

    def has_ended(self) -> bool:
        """Return whether nothing is carried any more."""
        self.work.join(SECONDS)
        return not self.work.is_alive()

    def close(self) -> None:
        """Close all that is open."""
        for one in (self.viewer, self.upstream, *self.inner):
            one.close()


@pytest.fixture
def tunnel() -> Iterator[Tunnel]:
    """Give a tunnel that is open."""
    with closing(Tunnel()) as one:
        yield one


def received(end: socket.socket, size: int) -> bytes:
    """Return so many bytes that come to an end."""
    found = bytearray()
    while len(found) < size and (piece := end.recv(size - len(found))):
        found += piece
    return bytes(found)


def test_bytes_go_both_ways_as_they_are(tunnel: Tunnel) -> None:
    """Also more of them than one piece, and both ways one after the other."""
    much = bytes(range(256)) * 1_000
    sending = threading.Thread(target=tunnel.viewer.sendall, args=(much,), daemon=True)
    sending.start()

    assert received(tunnel.upstream, len(much)) == much
    tunnel.upstream.sendall(b"\x81\x02ok")
    assert received(tunnel.viewer, 4) == b"\x81\x02ok"


@pytest.mark.parametrize("who", ["viewer", "upstream"])
def test_it_ends_with_either_end(tunnel: Tunnel, who: str) -> None:
    """What was sent before the end has come."""
    leaving: socket.socket = getattr(tunnel, who)
    staying = tunnel.upstream if who == "viewer" else tunnel.viewer
    leaving.sendall(b"last")
    leaving.close()

    assert received(staying, 4) == b"last"
    assert tunnel.has_ended()


def test_an_end_that_breaks_off_ends_it(tunnel: Tunnel) -> None:
    """Bytes for an end that is gone are no error of the proxy."""
    tunnel.upstream.close()
    tunnel.viewer.sendall(b"to nobody")

    assert tunnel.has_ended()
