"""A receiver of webhooks on this machine, which answers as the next mood says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Mood(NamedTuple):
    """How a request is answered; a ``drip`` of bytes comes one by one, for ever.

    Whoever asks waits for so many ``seconds``, by the receiver's own clock.
    """

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b"ok"
    drip: float = 0.0
    seconds: float = 0.0


class Got(NamedTuple):
    """A request that came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """Return its body as JSON."""
        return json.loads(self.body)


class Receiver:
    """The receiver: ``moods`` are taken one by one, and then all is well."""

    def __init__(self, port: int) -> None:
        """Know its port."""
        self.url = f"http://127.0.0.1:{port}/hook"
        self.moods: list[Mood] = []
        self.got: list[Got] = []
        self.seconds = 0.0
        self.ended = threading.Event()


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Give a receiver that runs."""

    class Handler(BaseHTTPRequestHandler):
        """Answers one request."""

        def do_POST(self) -> None:
            """Note the request, and answer it."""
            length = int(self.headers.get("Content-Length", 0))
            made.got.append(Got(self.path, dict(self.headers), self.rfile.read(length)))
            mood = made.moods.pop(0) if made.moods else Mood()
            made.seconds += mood.seconds
            if mood.drip:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
                while not made.ended.wait(mood.drip):
                    try:
                        self.wfile.write(b"x")
                        self.wfile.flush()
                    except OSError:
                        return
                return
            self.send_response(mood.status)
            for name, value in mood.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(mood.body)))
            self.end_headers()
            self.wfile.write(mood.body)

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
