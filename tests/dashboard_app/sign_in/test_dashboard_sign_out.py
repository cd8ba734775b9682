"""Signing out revokes the refresh token, which Streamlit itself never gets to see.

The stand-in for Cognito answers as "The token endpoint" and "The token revocation endpoint" of
Amazon Cognito's Developer Guide say: forms in, JSON or nothing out, the client by HTTP Basic.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from dashboard_app.sign_in import refresh_tokens, signing_in
from starlette.requests import Request
from tests.support.stacks.local_stack import LOOPBACK, free_port

CLIENT = base64.b64encode(b"app:s3cret").decode()
FORM = b"grant_type=authorization_code&code=c"


class Provider:
    """Cognito's two endpoints, on this machine."""

    def __init__(self) -> None:
        """Answer until `close`."""
        self.revoked: list[str] = []
        self.status = 200
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, answer = provider.answer(self.path, form, self.headers["Authorization"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.server = HTTPServer((LOOPBACK, 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=[0.02])
        self.thread.start()
        self.origin = f"http://{LOOPBACK}:{self.server.server_port}"

    def answer(self, path: str, form: dict[str, list[str]], client: str) -> tuple[int, bytes]:
        """Return status and body."""
        if self.status != 200 or client != f"Basic {CLIENT}":
            return self.status if self.status != 200 else 401, b'{"error": "invalid_client"}'
        if path == "/oauth2/revoke":
            self.revoked += form["token"]
            return 200, b""
        tokens = {"access_token": "access", "refresh_token": "refresh", "id_token": "i"}
        return 200, json.dumps(tokens).encode()

    def close(self) -> None:
        """Stop."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Secrets(dict[str, Any]):
    """What the app's secrets file says."""

    def load_if_toml_exists(self) -> None:
        """Do nothing: it is there."""


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Give the provider that the app's secrets name."""
    made = Provider()
    secrets = Secrets(
        provider={"token_endpoint": f"{made.origin}/oauth2/token"},
        auth={"client_id": "app", "client_secret": "s3cret"},
    )
    monkeypatch.setattr(refresh_tokens, "secrets_singleton", secrets)
    monkeypatch.setattr(refresh_tokens, "_kept", {})
    yield made
    made.close()


def exchanged(client: str = CLIENT) -> tuple[int, dict[str, Any]]:
    """Return what Streamlit gets for the code of a sign-in."""

    async def receive() -> Any:
        return {"type": "http.request", "body": FORM, "more_body": False}

    headers = [
        (b"authorization", f"Basic {client}".encode()),
        (b"content-type", b"application/x-www-form-urlencoded"),
    ]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    # A browser that other tests have open keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as another_thread:
        answer = another_thread.submit(asyncio.run, refresh_tokens.exchange(request)).result()
    return answer.status_code, json.loads(bytes(answer.body))


def test_streamlit_gets_all_tokens_but_one(provider: Provider) -> None:
    """The refresh token stays here, and is in no cookie."""
    assert exchanged() == (200, {"access_token": "access", "id_token": "i"})


def test_signing_out_revokes_the_refresh_token_once(provider: Provider) -> None:
    """That of the access token which the person has; a second time there is nothing to revoke."""
    exchanged()
    refresh_tokens.revoke("another")
    assert provider.revoked == []
    refresh_tokens.revoke("access")
    refresh_tokens.revoke("access")
    assert provider.revoked == ["refresh"]


def test_a_refusal_of_the_provider_is_passed_on(provider: Provider) -> None:
    """Streamlit then says that signing in did not work, and nothing is kept."""
    assert exchanged("other") == (401, {"error": "invalid_client"})
    refresh_tokens.revoke("access")
    assert provider.revoked == []


def test_a_provider_that_fails_ends_no_sign_out(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says that a token could not be revoked, and not which."""
    exchanged()
    provider.status = 503
    refresh_tokens.revoke("access")
    assert "could not be revoked" in caplog.text
    assert "access" not in caplog.text
    assert not any(text in caplog.text for text in ("s3cret", "'refresh'"))


def test_no_answer_of_the_provider_is_said(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an error that OAuth 2 has for it."""
    nobody = Secrets(provider={"token_endpoint": f"http://{LOOPBACK}:{free_port()}/oauth2/token"})
    monkeypatch.setattr(refresh_tokens, "secrets_singleton", nobody)
    assert exchanged() == (502, {"error": "temporarily_unavailable"})


def test_leaving_revokes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The button "Sign out" hands over the access token of who is signed in."""
    left: list[str] = []
    analyst = signing_in.Analyst("access-of-ann", "ann", "ann@x.example", (), 0.0, 1.0)
    monkeypatch.setattr(signing_in, "signed_in", lambda: analyst)
    monkeypatch.setattr(signing_in.st, "logout", lambda: None)
    monkeypatch.setattr(refresh_tokens, "revoke", left.append)
    signing_in.leave()
    assert left == ["access-of-ann"]


def test_the_app_asks_itself_for_tokens() -> None:
    """Where it also asks itself for the discovery document."""
    address = refresh_tokens.own_token_endpoint("http://127.0.0.1:8501/openid-configuration")
    assert address == "http://127.0.0.1:8501/oauth2/token"
