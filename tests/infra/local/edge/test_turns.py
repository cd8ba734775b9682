"""Turns at the API of a local stack: a few callers at a time, the others wait, nobody for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.stacks.local_stack import HTTP, LOOPBACK, free_port

from run_ledger_ops.local.edge.proxy import Proxy
from run_ledger_ops.local.edge.routes import Routes
from run_ledger_ops.local.edge.turns import Turns


class Readers(ThreadingHTTPServer):
    """A local AWS whose API answers once the gate is open, and counts how many ask at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), OneReader)
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.pair = threading.Barrier(1)


class OneReader(BaseHTTPRequestHandler):
    """An answer of it."""

    server: Readers

    def do_GET(self) -> None:
        """Answer, after a moment in which others could enter, too."""
        with self.server.lock:
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        self.server.entered.set()
        if self.path.startswith("/restapis"):
            self.server.gate.wait(10)
            self.server.pair.wait(10)
        with self.server.lock:
            self.server.at_once -= 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@contextmanager
def crowded(turns: Turns) -> Iterator[tuple[str, Readers]]:
    """Start a proxy that lets callers in by these turns."""
    upstream, port = Readers(), free_port()
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    routes = Routes(upstream.server_port, "abc", "api", "d1.cloudfront.net")
    proxy = Proxy(port, routes, turns)
    proxy.start()
    try:
        yield f"http://{LOOPBACK}:{port}", upstream
    finally:
        upstream.gate.set()
        proxy.stop()
        upstream.shutdown()
        upstream.server_close()


def test_few_ask_the_api_at_once_and_the_others_wait() -> None:
    """Fifty callers at once get their answers, two by two, with two readers at work at most."""
    with crowded(Turns(2, 100, 30)) as (origin, upstream), ThreadPoolExecutor(50) as callers:
        upstream.pair = threading.Barrier(2)
        statuses = list(
            callers.map(lambda _: HTTP.request("GET", f"{origin}/api/x").status, range(50))
        )
    assert statuses == [200] * 50
    assert upstream.most_at_once == 2


def test_those_beyond_are_sent_away_with_a_time_to_come_again() -> None:
    """As many as wait are bounded; site and sign-in have no reader to wait for."""
    with crowded(Turns(1, 0, 30)) as (origin, upstream), ThreadPoolExecutor(1) as callers:
        upstream.gate.clear()
        first = callers.submit(HTTP.request, "GET", f"{origin}/api/x")
        assert upstream.entered.wait(10)
        refused = HTTP.request("GET", f"{origin}/api/x")
        upstream.gate.set()
        assert first.result().status == 200
        # whose answer is there may hold its turn for an instant yet
        while (last := HTTP.request("GET", f"{origin}/api/x").status) == 503:
            time.sleep(0.01)
        assert last == 200
    assert refused.status == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["type"] == "urn:run-ledger:problem:unavailable"


def test_nobody_waits_for_ever() -> None:
    """Who has no turn within the patience is sent away, too."""
    with crowded(Turns(1, 5, 0.05)) as (origin, upstream), ThreadPoolExecutor(1) as callers:
        upstream.gate.clear()
        first = callers.submit(HTTP.request, "GET", f"{origin}/api/x")
        assert upstream.entered.wait(10)
        assert HTTP.request("GET", f"{origin}/api/x").status == 503
        assert HTTP.request("POST", f"{origin}/login").status == 200
        upstream.gate.set()
        assert first.result().status == 200
