"""Headers by which browsers protect the people who use the app, on every answer of the server.

Streamlit sets none of them, and leaves `Secure` out of its cookies. Where the app's address is an
HTTPS address (its `redirect_uri` says so), cookies are kept to HTTPS, and browsers are told to stay
there.
"""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.secrets import secrets_singleton

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Returning after signing in needs the page's address, on this host alone.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NO_PAGE = "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_YEAR = 365 * 86_400
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def page_policy(html: bytes) -> str:
    """Return the content policy of a page: of its own scripts it allows those that stand in it."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _SCRIPT.findall(html)
    )
    rules = (
        "default-src 'none'",
        f"script-src 'self' {hashes}".strip(),
        "style-src 'self' 'unsafe-inline'",  # Streamlit writes its styles while it runs
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "media-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
    return "; ".join(rules)


class ResponseHeaders:
    """The middleware (ASGI)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; add the headers to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def protect(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _protected(MutableHeaders(raw=[*message["headers"]]))
            await send(message)

        await self._app(scope, receive, protect)


def _protected(headers: MutableHeaders) -> list[tuple[bytes, bytes]]:
    for name, value in _ALWAYS.items():
        headers[name] = value
    headers.setdefault("Content-Security-Policy", _NO_PAGE)
    if not _is_https():
        return headers.raw
    headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    return [
        (name, value + b"; Secure" if name.lower() == b"set-cookie" and _is_open(value) else value)
        for name, value in headers.raw
    ]


def _is_open(cookie: bytes) -> bool:
    """Return whether a browser would send a cookie over HTTP, too."""
    return b"secure" not in (part.strip().lower() for part in cookie.split(b";")[1:])


def _is_https() -> bool:
    """Return whether browsers reach the app over HTTPS, as its redirect URI tells."""
    secrets_singleton.load_if_toml_exists()
    auth = secrets_singleton.get("auth") or {}
    return str(auth.get("redirect_uri", "")).startswith("https://")
