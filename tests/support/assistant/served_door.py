"""``/mcp`` of a house behind a real HTTP server; tokens are not signed, and say who asks."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.readers.assistant_posts import post
from tests.support.readers.reading import House


class _Server(ThreadingHTTPServer):
    house: House
    turn: threading.Lock


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer any method, as API Gateway's proxy integration would."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        payload = self.headers["Authorization"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        asking = {
            "username": claims["username"],
            "sub": claims["sub"],
            "cognito:groups": ",".join(claims["cognito:groups"]),
        }
        with self.server.turn:
            headers = {name.title(): value for name, value in self.headers.items()}
            del headers["Authorization"]
            reply = post(self.server.house, body, asking, headers=headers, method=self.command)
        self.send_response(reply.status)
        content = reply.body.encode()
        for name, value in {**reply.headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_DELETE = do_GET  # noqa: N815 - as the server calls them

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served_door(house: House) -> Iterator[str]:
    """Give the address of ``/mcp``."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.house, server.turn = house, threading.Lock()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/mcp"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
