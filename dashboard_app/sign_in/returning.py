"""Return to the page from which somebody signed in.

Streamlit ends a sign-in at its first page. So this middleware reads from the Referer of a request
for `/auth/login` on which page it was made, keeps path and query in a short-lived cookie, and sends
the redirect at the end of `/oauth2callback` there. It keeps a path without a host, so that nobody
can be sent to another site.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "run_ledger_return_to"
_LOGIN, _CALLBACK = "/auth/login", "/oauth2callback"
_MOST_CHARACTERS = 2_000
_SECONDS = 900
_REDIRECTS = range(300, 400)


class ReturnToPage:
    """The middleware (ASGI)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request: keep the page to return to, or redirect to it."""
        path = scope.get("path", "")
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if scope["type"] == "http" and path.endswith(_LOGIN):
            send = _keeping(send, page_of(headers.get("referer", ""), headers.get("host", "")))
        elif scope["type"] == "http" and path.endswith(_CALLBACK):
            send = _returning(send, remembered(headers.get("cookie", "")))
        await self._app(scope, receive, send)


def page_of(referer: str, host: str) -> str | None:
    """Return path and query of a page on this host; None for any other page."""
    parts = urlsplit(referer)
    if not host or parts.netloc != host:
        return None
    page = parts.path + (f"?{parts.query}" if parts.query else "")
    return page if is_page(page) else None


def is_page(page: str) -> bool:
    """Return whether a text is a path that no browser takes for another host."""
    return (
        page.startswith("/")
        and not page.startswith(("//", "/\\"))
        and not page.startswith((_LOGIN, _CALLBACK))
        and len(page) <= _MOST_CHARACTERS
        and page.isascii()
        and page.isprintable()
    )


def remembered(cookies: str) -> str | None:
    """Return the page that a Cookie header names; None where it names none."""
    try:
        kept = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return None
    page = unquote(kept.value) if kept else ""
    return page if is_page(page) else None


def _keeping(send: Send, page: str | None) -> Send:
    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start" and page is not None:
            cookie = _cookie(quote(page, safe=""), _SECONDS)
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return keep


def _returning(send: Send, page: str | None) -> Send:
    async def redirect(message: Message) -> None:
        redirects = message["type"] == "http.response.start" and message["status"] in _REDIRECTS
        if redirects and page is not None:
            headers = MutableHeaders(scope=message)
            headers["Location"] = page
            headers.append("Set-Cookie", _cookie("", 0))
        await send(message)

    return redirect


def _cookie(value: str, seconds: int) -> str:
    return f"{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
