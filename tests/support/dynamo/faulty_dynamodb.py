"""A proxy in front of the local DynamoDB that fails as it is told, for the real functions.

Seeded dice decide for each call: it is passed on, throttled, fails without effect, loses its
connection after it took effect, or gets no answer until the caller gives up.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SEED = 20_261_122
_BEHIND_SECONDS = 60
# Longer than the functions wait for an answer.
_HANG_SECONDS = 5.5
_TYPE = "com.amazonaws.dynamodb.v20120810#"


class FaultyDynamoDB:
    """The proxy: `fail(throttled=0.4, …)` sets which part of the calls fails and how.

    `met` counts the calls of each kind.
    """

    def __init__(self, endpoint_url: str) -> None:
        """Stand in front of *endpoint_url*, on a port of its own."""
        behind = urlsplit(endpoint_url).netloc
        faults = self

        class Handler(BaseHTTPRequestHandler):
            """One connection of a function."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Take a call and answer it as told."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                faults.answer(self, behind, body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._dice = random.Random(SEED)
        self._parts: Mapping[str, float] = {}
        self._lock = threading.Lock()
        self.met: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def fail(self, **parts: float) -> None:
        """Let these parts of the calls fail: throttled, down, cut (after), hung (after)."""
        with self._lock:
            self._parts = parts
            self.met.clear()

    def _fault(self) -> str:
        with self._lock:
            thrown = self._dice.random()
            for name, part in self._parts.items():
                if thrown < part:
                    self.met[name] += 1
                    return name
                thrown -= part
            return ""

    def answer(self, caller: BaseHTTPRequestHandler, behind: str, body: bytes) -> None:
        """Answer one call."""
        fault = self._fault()
        if fault == "throttled":
            _reply(caller, 400, f'{{"__type":"{_TYPE}ThrottlingException"}}'.encode())
            return
        if fault == "down":
            _reply(caller, 500, f'{{"__type":"{_TYPE}InternalServerError"}}'.encode())
            return
        connection = http.client.HTTPConnection(behind, timeout=_BEHIND_SECONDS)
        headers = {name: caller.headers[name] for name in caller.headers}
        try:
            connection.request("POST", caller.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if fault == "hung":
            time.sleep(_HANG_SECONDS)
        if fault in {"hung", "cut"}:
            caller.close_connection = True
            return
        kept = {name: answer.headers[name] for name in answer.headers}
        _reply(caller, answer.status, content, kept)

    def start(self) -> None:
        """Take calls from now on."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()


def _reply(
    caller: BaseHTTPRequestHandler,
    status: int,
    content: bytes,
    headers: Mapping[str, str] | None = None,
) -> None:
    caller.send_response_only(status)
    for name, value in (headers or {"Content-Type": "application/x-amz-json-1.0"}).items():
        if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
            caller.send_header(name, value)
    caller.send_header("Content-Length", str(len(content)))
    caller.end_headers()
    caller.wfile.write(content)


@contextmanager
def faulty_dynamodb(endpoint_url: str) -> Iterator[FaultyDynamoDB]:
    """Start the proxy, and stop it afterwards."""
    proxy = FaultyDynamoDB(endpoint_url)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
