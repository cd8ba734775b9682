"""An intake behind a real HTTP server, for clients that we did not make."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .reporting import ReportingHouse

STAGE = "/intake"


@contextmanager
def served_door(house: ReportingHouse) -> Iterator[str]:
    """Give the address below which the intake of *house* answers, as API Gateway would ask it."""
    one_at_a_time = threading.Lock()  # the table's stand-in takes no threads

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = self._chunks()
            event = {
                "httpMethod": "POST",
                "resource": self.path.removeprefix(STAGE),
                "headers": dict(self.headers),
                "multiValueHeaders": {name: [value] for name, value in self.headers.items()},
                "body": base64.b64encode(body).decode(),
                "isBase64Encoded": True,
            }
            with one_at_a_time:
                answered = house.ask(event)
            content = answered.body.encode()
            self.send_response(answered.status)
            for name, value in answered.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _chunks(self) -> bytes:
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found

        def log_message(self, *_: object) -> None:
            """Say nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{STAGE}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
