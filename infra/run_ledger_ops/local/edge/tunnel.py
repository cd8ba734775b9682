"""WebSockets through the proxy: bytes go both ways, as they are, until one end closes."""

import selectors
import socket
from collections.abc import Iterable

from run_ledger_ops.local.machine.ports import LOOPBACK

_PIECE = 64 * 1024
_CONNECT_SECONDS = 5.0


def is_upgrade(headers: Iterable[tuple[str, str]]) -> bool:
    """Return whether a request with these headers asks for a WebSocket."""
    return any(
        name.lower() == "upgrade" and value.strip().lower() == "websocket"
        for name, value in headers
    )


def is_of_own_page(origin: str | None, hosts: Iterable[str]) -> bool:
    """Return whether a page of one of these hosts asks, or a program, which names no origin."""
    return origin is None or origin.lower() in {f"http://{host}" for host in hosts}


def opened(port: int, path: str, headers: Iterable[tuple[str, str]]) -> socket.socket:
    """Ask a port of this machine for a WebSocket, and return the connection before its answer.

    Of the viewer's headers, those of the handshake alone go on. Raises OSError.
    """
    kept = [f"{name}: {value}" for name, value in headers if _is_of_handshake(name)]
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {LOOPBACK}:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        *kept,
    ]
    upstream = socket.create_connection((LOOPBACK, port), timeout=_CONNECT_SECONDS)
    upstream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    return upstream


def carry(viewer: socket.socket, upstream: socket.socket) -> None:
    """Carry bytes both ways until one end closes, or breaks off."""
    for one in (viewer, upstream):
        one.settimeout(None)
    with selectors.DefaultSelector() as ends:
        ends.register(viewer, selectors.EVENT_READ, upstream)
        ends.register(upstream, selectors.EVENT_READ, viewer)
        while True:
            for key, _ in ends.select():
                try:
                    piece = key.fileobj.recv(_PIECE)  # type: ignore[union-attr]
                    key.data.sendall(piece)
                except OSError:
                    return
                if not piece:
                    return


def _is_of_handshake(name: str) -> bool:
    return name.lower().startswith("sec-websocket-")
