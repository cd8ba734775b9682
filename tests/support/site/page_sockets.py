"""The sockets of open pages, as the fake origin holds them: real ones, which a test can cut."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol


class PageSockets:
    """What pages send, and what they are told. It takes every token that a page joins by."""

    def __init__(self) -> None:
        """Hold none yet."""
        self.tokens: list[str] = []
        """The tokens by which pages have joined, in their order."""
        self.opened = 0
        self.is_down = False
        """Let the handshake fail."""
        self.is_silent = False
        """Answer no page that joins."""
        self._open: dict[socket.socket, ServerProtocol] = {}
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Return how many sockets are open."""
        return len(self._open)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Hold the socket that a request opens, until it closes."""
        request.close_connection = True
        if self.is_down:
            request.send_error(503)
            return
        self.opened += 1
        protocol, connection = ServerProtocol(), request.connection
        lines = [request.requestline, *(f"{k}: {v}" for k, v in request.headers.items())]
        self._take(protocol, connection, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        with self._lock:
            self._open[connection] = protocol
        try:
            with suppress(OSError):
                while piece := connection.recv(65_536):
                    self._take(protocol, connection, piece)
        finally:
            with self._lock:
                self._open.pop(connection, None)

    def tell(self, version: int = 1) -> None:
        """Tell all pages that there is something new."""
        for connection, protocol in [*self._open.items()]:
            self._send(protocol, connection, {"version": version})

    def cut(self) -> None:
        """Cut all sockets, without a word."""
        for connection in [*self._open]:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _take(self, protocol: ServerProtocol, connection: socket.socket, data: bytes) -> None:
        with self._lock:
            protocol.receive_data(data)
            events = protocol.events_received()
        for event in events:
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self.tokens.append(json.loads(event.data)["token"])
                if not self.is_silent:
                    self._send(protocol, connection, {"joined": len(self.tokens)})
        self._flush(protocol, connection)

    def _send(
        self, protocol: ServerProtocol, connection: socket.socket, said: dict[str, int]
    ) -> None:
        with self._lock:
            protocol.send_text(json.dumps(said).encode())
        self._flush(protocol, connection)

    def _flush(self, protocol: ServerProtocol, connection: socket.socket) -> None:
        with self._lock, suppress(OSError):
            for piece in protocol.data_to_send():
                connection.sendall(piece)
