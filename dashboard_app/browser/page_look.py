"""What the page of the app has from its first moment: its look, and how it uses Back.

Streamlit puts a stylesheet that a script names into the page when the script has run, and all that
is there by then moves. So this middleware writes it into the one HTML page: at the end of its body,
as Streamlit adds styles of its own to the head, and of equal rules the last one counts.
"""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard_app.browser.response_headers import page_policy

_HERE = Path(__file__).parent
_END = b"</body>"
# The page is small, and has to come whole and readable to be written into.
_LEFT_OUT = frozenset({b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"})


class PageLook:
    """The middleware (ASGI)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        style = (_HERE / "style.css").read_text("utf-8")
        script = (_HERE / "history.js").read_text("utf-8")
        self._added = f"<style>\n{style}</style>\n<script>\n{script}</script>\n".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; write into the answer if it is an HTML page."""
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        kept = [(name, value) for name, value in scope["headers"] if name not in _LEFT_OUT]
        await self._app({**scope, "headers": kept}, receive, _Writing(send, self._added))


class _Writing:
    """Sends a response on, with a text at the end of its body if it is an HTML page."""

    def __init__(self, send: Send, added: bytes) -> None:
        self._send = send
        self._added = added
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            content_type = Headers(raw=message["headers"]).get("content-type", "")
            if content_type.startswith("text/html"):
                self._start = message
                return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        before, end, after = self._body.rpartition(_END)
        body = before + (self._added + end if end else end) + after
        headers = MutableHeaders(raw=self._start["headers"])
        headers["content-length"] = str(len(body))
        headers["content-security-policy"] = page_policy(body)
        del headers["etag"]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})
