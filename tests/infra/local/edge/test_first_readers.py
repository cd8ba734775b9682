"""Readers' processes start before anybody waits for one."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from tests.support.stacks.local_stack import LOOPBACK

from run_ledger_ops.local.edge.first_readers import are_well, warm_readers
from run_ledger_ops.local.edge.proxy import READERS_AT_ONCE


class Origin(ThreadingHTTPServer):
    """A proxy's port whose API answers once as many ask as are let in at once."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), OneAnswer)
        self.together = threading.Barrier(READERS_AT_ONCE)
        self.asked: list[tuple[str, str, str]] = []


class OneAnswer(BaseHTTPRequestHandler):
    """An answer of it."""

    server: Origin

    def do_GET(self) -> None:
        """Answer when all are there."""
        self.server.together.wait(20)
        self.answer({"items": []})

    def do_POST(self) -> None:
        """Grant a token."""
        self.answer({"access_token": "t"})

    def answer(self, document: dict[str, Any]) -> None:
        """Note what was asked, and answer."""
        form = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.server.asked.append((self.path, self.headers["Authorization"], form))
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


def test_as_many_ask_at_the_same_time_as_are_let_in() -> None:
    """With a token of the stack's machine, as every program asks."""
    origin = Origin()
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    try:
        statuses = warm_readers(origin.server_port, "id", "secret", "run-ledger/read")
    finally:
        origin.shutdown()
        origin.server_close()
    assert statuses == [200] * READERS_AT_ONCE
    assert are_well(statuses)
    (path, authorization, form), *others = origin.asked
    assert (path, parse_qs(form)["scope"]) == ("/oauth2/token", ["run-ledger/read"])
    assert authorization == f"Basic {base64.b64encode(b'id:secret').decode()}"
    assert {(path, authorization) for path, authorization, _ in others} == {
        ("/api/jobs?limit=1", "Bearer t")
    }


def test_answer_other_than_of_success_is_seen() -> None:
    """The stack says it then."""
    assert not are_well([200, 503])
