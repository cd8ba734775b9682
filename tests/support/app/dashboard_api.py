"""The real reader behind a real HTTP server, over the stand-in of DynamoDB, for the app.

Tokens are not signed: their content says who asks, as if API Gateway had checked it.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.readers.reading import House

from run_ledger.read.reader import ROUTES

_PROBLEM = {"type": "about:blank", "title": "Made to fail", "detail": "The test wants it so."}


def token(subject: str = "u-1", *groups: str, issued_at: float = 0, **claims: Any) -> str:
    """Return an access token that says who asks."""
    said = {
        "sub": subject,
        "username": subject,
        "cognito:groups": list(groups),
        "iat": issued_at,
        "exp": 4_000_000_000,
        **claims,
    }
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({}, said)
    ]
    return b".".join([*parts, b"unsigned"]).decode()


@dataclass
class Api:
    """A running API: its address, the requests that it got, and switches that make it fail."""

    house: House
    url: str = ""
    asked: list[str] = field(default_factory=list)
    status: int | None = None
    """With this, every answer is a problem of this status."""
    may_answer: threading.Event = field(default_factory=threading.Event)
    """Every answer waits for it; it is set at first."""

    def __post_init__(self) -> None:
        """Let answers go."""
        self.may_answer.set()

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], str]:
        """Return status, headers and body for a request."""
        self.asked.append(target)
        self.may_answer.wait()
        if self.status is not None:
            return self.status, {"Content-Type": "application/problem+json"}, json.dumps(_PROBLEM)
        said = _claims(headers.get("Authorization", ""))
        if said is None:
            return 401, {}, json.dumps({"title": "Unauthorized", "detail": "No token."})
        parts = urlsplit(target)
        resource, path = _route(parts.path)
        asking = {
            "username": said["username"],
            "sub": said["sub"],
            "cognito:groups": ",".join(said["cognito:groups"]),
        }
        reply = self.house.get(
            resource,
            asking,
            path=path,
            headers={k: v for k, v in headers.items() if k == "If-None-Match"},
            **parse_qs(parts.query),
        )
        return reply.status, reply.headers, reply.body


def _claims(authorization: str) -> dict[str, Any] | None:
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return None
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    return said


def _route(path: str) -> tuple[str, dict[str, str]]:
    words = path.strip("/").split("/")
    for resource in ROUTES:
        names = resource.strip("/").split("/")
        if len(names) == len(words) and all(
            name == word or name.startswith("{") for name, word in zip(names, words, strict=True)
        ):
            pairs = zip(names, words, strict=True)
            return resource, {n.strip("{}"): unquote(w) for n, w in pairs if n.startswith("{")}
    return path, {}


@contextmanager
def serving(house: House) -> Iterator[Api]:
    """Serve a house's reader on a free port of this machine."""
    api = Api(house)
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with one_at_a_time:
                status, headers, body = api.answer(self.path, self.headers)  # type: ignore[arg-type]
            content = b"" if status == 304 else body.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
