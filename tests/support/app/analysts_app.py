"""The analysts' app as its own server, with a sign-in provider and no local stack.

The app is the real one, with its sign-in; behind it are a reader over the stand-in of DynamoDB
(`dashboard_api`) and a provider that signs in everybody without asking.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.support.app.dashboard_api import token
from tests.support.stacks.local_stack import HTTP, LOOPBACK, free_port, wait_for

from run_ledger_ops import analysts_app
from run_ledger_ops.analysts_app import CALLBACK, SignIn

_CLIENT = "analysts"
_READY_SECONDS = 90.0
_OK, _FOUND = 200, 302


@dataclass
class Provider:
    """Signs in everybody who comes, as a person in *groups*."""

    groups: tuple[str, ...] = ("staff",)
    email: str = "ada@acme.example"
    signed_in_seconds_ago: int = 0
    """How long ago people have signed in, as the access tokens say."""
    url: str = ""
    _key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k"}))
    _nonces: dict[str, str] = field(default_factory=dict)

    def sign_in(self, port: int) -> SignIn:
        """Return how people sign in to an app on a port."""
        return SignIn(
            redirect_uri=f"http://{LOOPBACK}:{port}{CALLBACK}",
            client_id=_CLIENT,
            client_secret="no secret at all",
            scope="run-ledger/read",
            issuer=self.url,
            authorization_endpoint=f"{self.url}/authorize",
            token_endpoint=f"{self.url}/token",
            jwks_uri=f"{self.url}/keys",
            logout_endpoint=f"{self.url}/logout",
        )

    def authorized(self, query: dict[str, str]) -> str:
        """Return where somebody who asks to be let in goes next: back, with a code."""
        code = f"code-{len(self._nonces)}"
        self._nonces[code] = query.get("nonce", "")
        back = urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{back}"

    def tokens(self, form: dict[str, str]) -> dict[str, Any]:
        """Return the tokens for a code."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": _CLIENT,
            "sub": self.email,
            "email": self.email,
            "iat": now,
            "exp": now + 3_600,
            "nonce": self._nonces.pop(form["code"]),
        }
        return {
            "id_token": jwt.encode({"alg": "RS256", "kid": "k"}, claims, self._key),
            "access_token": token(
                self.email, *self.groups, issued_at=now - self.signed_in_seconds_ago
            ),
            "token_type": "Bearer",
            "expires_in": 3_600,
        }

    def keys(self) -> dict[str, Any]:
        """Return the key that ID tokens are signed with."""
        return {"keys": [self._key.as_dict(private=False, alg="RS256", use="sig")]}


@contextmanager
def providing() -> Iterator[Provider]:
    """Run a provider on a free port of this machine."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            if parts.path == "/authorize":
                self._go(provider.authorized(query))
            elif parts.path == "/logout":
                self._go(query["logout_uri"])
            else:
                self._say(provider.keys())

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._say(provider.tokens(dict(parse_qsl(self.rfile.read(length).decode()))))

        def _go(self, address: str) -> None:
            self.send_response(_FOUND)
            self.send_header("Location", address)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _say(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(_OK)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    provider.url = f"http://{LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def running_app(
    folder: Path, provider: Provider, api_url: str, **ledger: str | bool
) -> Iterator[str]:
    """Run the app against an API, and give its address."""
    port = free_port()
    told: dict[str, str | bool] = {"api_url": api_url, "event_bus": "run-ledger-bus", **ledger}
    secrets = folder / f"secrets-{port}.toml"
    cookie = analysts_app.new_cookie_secret()
    secrets.write_text(
        analysts_app.secrets_text(provider.sign_in(port), told, port, cookie), "utf-8"
    )
    with (folder / f"app-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            analysts_app.command(secrets, port),
            env=analysts_app.environment(os.environ),
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://{LOOPBACK}:{port}"
            wait_for("the analysts' app", lambda: _answers(process, url), _READY_SECONDS)
            yield url
        finally:
            process.terminate()
            process.wait()


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    assert process.poll() is None, "the analysts' app ended"
    try:
        return bool(HTTP.request("GET", f"{url}/_stcore/health", timeout=5).status == _OK)
    except Exception:  # noqa: BLE001 - it does not listen yet
        return False
