"""After signing in, the page that it was asked for on; and never a page of another site."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from dashboard_app.browser.page_look import PageLook
from dashboard_app.sign_in.discovery import discovery
from dashboard_app.sign_in.returning import COOKIE, ReturnToPage, is_page, page_of, remembered


def passed(path: str, status: int, headers: dict[str, str]) -> list[tuple[str, str]]:
    """Return the headers of an answer that went through the middleware."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        location = [(b"location", b"/")] if status == 302 else []
        await send({"type": "http.response.start", "status": status, "headers": location})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "headers": raw}
    # A browser that other tests have open keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as another_thread:
        another_thread.submit(asyncio.run, ReturnToPage(app)(scope, receive, send)).result()
    return [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]


def test_there_and_back() -> None:
    """The login notes the page that it comes from; the callback goes there and forgets it."""
    page = "/jobs?client=acme&q=a%20b"
    noted = dict(passed("/auth/login", 302, {"Referer": f"http://h:1{page}", "Host": "h:1"}))
    cookie = noted["set-cookie"].partition(";")[0]
    back = passed("/oauth2callback", 302, {"Cookie": f"other=1; {cookie}"})

    assert "HttpOnly" in noted["set-cookie"]
    assert ("location", page) in back
    assert any(name == "set-cookie" and "Max-Age=0" in value for name, value in back)


@pytest.mark.parametrize(
    ("referer", "host"),
    [
        ("http://evil.example/jobs", "h"),
        ("http://h/auth/login", "h"),
        ("", ""),
        ("http:///jobs", ""),
        ("http://h//evil.example", "h"),
    ],
)
def test_other_places_are_not_noted(referer: str, host: str) -> None:
    """Only a page of this very host counts."""
    assert page_of(referer, host) is None
    assert passed("/auth/login", 302, {"Referer": referer, "Host": host}) == [("location", "/")]


@pytest.mark.parametrize(
    "page", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/" + "x" * 2_001]
)
def test_a_forged_cookie_sends_nobody_elsewhere(page: str) -> None:
    """The redirect stays what it was."""
    assert not is_page(page)
    assert remembered(f"{COOKIE}={quote(page, safe='')}") is None
    cookie = {"Cookie": f"{COOKIE}={quote(page, safe='')}"}
    assert passed("/oauth2callback", 302, cookie) == [("location", "/")]


@pytest.mark.parametrize("page", ["/a\r\nSet-Cookie: x=1", "/\x00", "/ü"])
def test_no_header_is_smuggled(page: str) -> None:
    """Line ends and other bytes make no page."""
    assert remembered(f"{COOKIE}={quote(page, safe='')}") is None


def test_other_requests_pass() -> None:
    """Nothing is noted, nothing redirected."""
    assert passed("/", 200, {"Referer": "http://h/", "Host": "h"}) == []


def test_the_end_of_a_session_is_cognitos() -> None:
    """With `logout_uri`, and the app's own first page in it."""
    provider = {
        "issuer": "https://i",
        "authorization_endpoint": "https://d/oauth2/authorize",
        "token_endpoint": "https://d/oauth2/token",
        "jwks_uri": "https://i/jwks",
        "logout_endpoint": "https://d/logout",
    }

    own = "http://127.0.0.1:8501/oauth2/token"
    document = discovery(provider, "http://localhost:8501/oauth2callback", own)

    assert document["token_endpoint"] == own

    assert document["end_session_endpoint"] == (
        "https://d/logout?logout_uri=http%3A%2F%2Flocalhost%3A8501%2F"
    )
    assert document["code_challenge_methods_supported"] == ["S256"]


def started(kind: str, *parts: str, accept: str = "text/html,*/*") -> tuple[str, dict[str, str]]:
    """Return body and headers of an answer that has gone through the middleware."""
    sent: list[Any] = []
    asked: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.extend(scope["headers"])
        headers = [(b"content-type", kind.encode()), (b"etag", b"1"), (b"content-length", b"9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in parts:
            more = part is not parts[-1]
            await send({"type": "http.response.body", "body": part.encode(), "more_body": more})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    raw = [(b"accept", accept.encode()), (b"accept-encoding", b"gzip"), (b"if-none-match", b"1")]
    with ThreadPoolExecutor(1) as another_thread:
        scope = {"type": "http", "path": "/", "headers": raw}
        another_thread.submit(asyncio.run, PageLook(app)(scope, receive, send)).result()  # type: ignore[arg-type]
    if "html" in accept:
        assert [name for name, _ in asked] == [b"accept"]
    start, *bodies = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return "".join(one["body"].decode() for one in bodies), headers


def test_the_page_has_its_look_from_the_first_moment() -> None:
    """Style and script stand at the end of its body, in however many parts the page comes."""
    body, headers = started("text/html; charset=utf-8", "<body></body><p></bo", "dy></html>")

    assert body.startswith("<body></body><p><style>")
    assert body.endswith("</script>\n</body></html>")
    assert headers["content-length"] == str(len(body.encode()))
    assert "etag" not in headers
    assert started("text/html", "<p>")[0] == "<p>"
    assert started("application/json", "</body>", "")[0] == "</body>"
    assert started("text/html", "</body>", accept="*/*")[0] == "</body>"
