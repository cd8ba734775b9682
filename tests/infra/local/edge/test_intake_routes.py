"""Intake and links of digests on the local origin: what is sent goes on as it is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import urllib3
from tests.support.stacks.local_stack import HTTP, LOOPBACK, free_port

from run_ledger_ops.local.edge.proxy import Proxy
from run_ledger_ops.local.edge.routes import Routes

ROUTES = Routes(1, "abc", "api", "d1.cloudfront.net", intake_id="def", digests_id="ghi")
INTAKE = "/restapis/def/intake/_user_request_"
SEEN: list[tuple[str, dict[str, str], bytes]] = []


class Upstream(BaseHTTPRequestHandler):
    """Stands for the local AWS: notes what it gets."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer that all was taken."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        SEEN.append((self.path, dict(self.headers.items()), body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@pytest.fixture
def origin() -> Iterator[str]:
    """Give the origin of a proxy in front of the stand-in, which has seen nothing yet."""
    SEEN.clear()
    upstream = HTTPServer((LOOPBACK, 0), Upstream)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    routes = replace(ROUTES, cloud_port=upstream.server_port)
    proxy = Proxy(port, routes)
    proxy.start()
    yield f"http://{LOOPBACK}:{port}"
    proxy.stop()
    upstream.shutdown()
    upstream.server_close()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/intake/events?x=1", f"{INTAKE}/events?x=1"),
        ("/intake", f"{INTAKE}/"),
        ("/intakes", "/intakes"),
        ("/digests/off?link=x", "/restapis/ghi/digests/_user_request_/off?link=x"),
        ("/digest", "/digest"),
        ("/api/jobs", "/restapis/abc/api/_user_request_/jobs"),
    ],
)
def test_the_path_decides_where_a_request_goes(target: str, path: str) -> None:
    """What begins alike is the site's."""
    assert ROUTES.upstream(target).path == path


def test_without_an_intake_its_path_is_none() -> None:
    """As for any other path that the site has no file for."""
    routes = Routes(1, "abc", "api", "d1.cloudfront.net")
    assert routes.refusal("POST", "/intake/events")
    assert routes.refusal("POST", "/digests/off?link=x")


def test_bodies_go_on_as_they_are_sent(origin: str) -> None:
    """Packed ones, too, and larger ones than the API takes."""
    packed = b"\x1f\x8b" + bytes(2_000_000)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = HTTP.request("POST", f"{origin}/intake/events", body=packed, headers=headers)
    ((path, seen, body),) = SEEN
    assert (answer.status, path, body) == (202, f"{INTAKE}/events", packed)
    assert seen["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("target", "size"), [("/intake/events", 10_000_001), ("/api/x", 1_000_001)]
)
def test_beyond_what_the_gateway_takes_a_body_is_refused(
    origin: str, target: str, size: int
) -> None:
    """Before it is read, by a problem document."""
    port = urllib3.util.parse_url(origin).port or 0
    with socket.create_connection((LOOPBACK, port), 60) as connection:
        head = f"POST {target} HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Length: {size}\r\n\r\n"
        connection.sendall(head.encode())
        refused = connection.recv(10_000).decode()
    assert " 413 " in refused.partition("\r\n")[0]
    assert "application/problem+json" in refused
    assert not SEEN


def test_a_form_in_parts_goes_on(origin: str) -> None:
    """As mail programs may send it to the link of a digest (RFC 8058)."""
    fields = {"List-Unsubscribe": "One-Click"}
    answer = HTTP.request("POST", f"{origin}/digests/off?link=x", fields=fields)
    ((path, _, body),) = SEEN
    assert (answer.status, path) == (202, "/restapis/ghi/digests/_user_request_/off?link=x")
    assert b"One-Click" in body
