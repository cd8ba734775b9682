"""What protects people in their browsers: cookies, frames, types, and a policy for contents."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from dashboard_app.browser import response_headers
from dashboard_app.browser.response_headers import ResponseHeaders, page_policy

COOKIE = b"_streamlit_user=signed; HttpOnly; Path=/; SameSite=lax"
SECURE = b"other=1; Path=/; SECURE"


def answered(*headers: tuple[bytes, bytes]) -> list[tuple[str, str]]:
    """Return the headers of an answer with these ones that went through the middleware."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [*headers]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    # A browser that other tests have open keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as another_thread:
        scope = {"type": "http", "path": "/", "headers": []}
        another_thread.submit(asyncio.run, ResponseHeaders(app)(scope, receive, send)).result()
    return [(name.decode().lower(), value.decode()) for name, value in sent[0]["headers"]]


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a way to say at which address the app is served."""

    class Secrets(dict[str, Any]):
        def load_if_toml_exists(self) -> None:
            """Load nothing: what is in it is in it."""

    def served(at: str | None) -> None:
        auth = {} if at is None else {"auth": {"redirect_uri": f"{at}/oauth2callback"}}
        monkeypatch.setattr(response_headers, "secrets_singleton", Secrets(auth))

    return served


def test_over_https_no_cookie_leaves_it(address: Any) -> None:
    """Each cookie is Secure once, the others' attributes stay, and the browser stays on HTTPS."""
    address("https://analysts.example.com")

    headers = answered((b"set-cookie", COOKIE), (b"Set-Cookie", SECURE))

    cookies = [value for name, value in headers if name == "set-cookie"]
    assert cookies == [f"{COOKIE.decode()}; Secure", SECURE.decode()]
    assert ("strict-transport-security", "max-age=31536000") in headers


@pytest.mark.parametrize("at", ["http://localhost:8501", None])
def test_on_a_laptop_cookies_work_over_http(address: Any, at: str | None) -> None:
    """There is no HTTPS there, so a Secure cookie would be lost."""
    address(at)

    headers = answered((b"set-cookie", COOKIE))

    assert ("set-cookie", COOKIE.decode()) in headers
    assert "strict-transport-security" not in dict(headers)


def test_every_answer_is_protected(address: Any) -> None:
    """Nobody frames it, guesses its type, or learns from it where somebody came from."""
    address(None)

    headers = dict(answered())

    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_page_runs_its_own_scripts_alone() -> None:
    """Those that stand in it, by their digests, and files of the server; nothing by evaluation."""
    page = b"<script>\nlet a = 1\n</script><script src='x.js'></script><script>b()</script>"

    policy = dict(rule.split(" ", 1) for rule in page_policy(page).split("; "))

    digests = [
        f"'sha256-{base64.b64encode(hashlib.sha256(one).digest()).decode()}'"
        for one in (b"\nlet a = 1\n", b"b()")
    ]
    assert policy["script-src"] == f"'self' {' '.join(digests)}"
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert page_policy(b"<p>").split("; ")[1] == "script-src 'self'"
