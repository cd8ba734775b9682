"""The intake's own code behind HTTP on this machine, for programs that only speak HTTP."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.support.readers.reporting import ReportingHouse


@contextmanager
def served_intake(house: ReportingHouse) -> Iterator[str]:
    """Give the address at which *house* answers, one request after the other."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Hand the request on as API Gateway does."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answered = house.ask(
                {
                    "httpMethod": "POST",
                    "resource": self.path,
                    "multiValueHeaders": {
                        name: self.headers.get_all(name) for name in self.headers
                    },
                    "body": base64.b64encode(body).decode(),
                    "isBase64Encoded": True,
                }
            )
            raw = answered.body.encode()
            self.send_response(answered.status)
            for name, value in {**answered.headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing: a test looks at answers."""

    with HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
