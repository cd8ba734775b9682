"""The page of the mails that the local stack would have sent: the newest first, all as text.

Addresses of http and https in a mail's text are links, as mail programs make them. Beside it, each
mail's HTML is a page of its own, shut off from all others of the stack.
"""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, quote

MOST_MAILS = 50
HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# Of another origin than the page, so that nothing in a mail gets at it or at the site.
MAIL_HEADERS: Mapping[str, str] = {
    **HEADERS,
    "Content-Security-Policy": f"{HEADERS['Content-Security-Policy']}; sandbox",
}
_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}"
    "article{border-top:1px solid #ccc;padding:1rem 0}h2{font-size:1.1rem;margin:0}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere}"
)
# Up to what no address has; a mark at its end belongs to the sentence.
_ADDRESS = re.compile(r"""https?://[^\s<>"'`\\^{|}]*[^\s<>"'`\\^{|}.,:;!?)\]]""")


class OutboxPage:
    """The folder in which the courier lays mails down, and the path of its page."""

    def __init__(self, folder: Path, key: str) -> None:
        """Show *folder* to those who know *key*, which is a part of the path."""
        self._folder = folder
        self.path = f"/outbox/{key}"

    def answer(self, target: str) -> tuple[bytes, Mapping[str, str]]:
        """Return what a request for the page gets: the mail that its query names, or all."""
        for name in parse_qs(target.partition("?")[2]).get("mail", []):
            for path in _newest(self._folder):
                mail = _read(path) if path.stem == name else None
                body = None if mail is None else mail.get_body(("html",))
                if body is not None:
                    return str(body.get_content()).encode(), MAIL_HEADERS
        return self.page(), HEADERS

    def page(self) -> bytes:
        """Return the page as it is now."""
        parts = list(self._articles()) or ["<p>No mail yet. What is told lies here.</p>"]
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Outbox</title>'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<style>{_STYLE}</style></head><body><main><h1>Outbox</h1>"
            "<p>Mails that a stage on AWS would have sent. They lie in "
            f"<code>{html.escape(str(self._folder))}</code>; this page shows the newest "
            f"{MOST_MAILS}. Reload it to see newer ones.</p>{''.join(parts)}</main></body></html>"
        ).encode()

    def _articles(self) -> Iterator[str]:
        for path in _newest(self._folder):
            mail = _read(path)
            if mail is None:
                continue
            body, page = mail.get_body(("plain",)), mail.get_body(("html",))
            text = "" if body is None else str(body.get_content())
            # Kept to the letter of a query, as the stem may have any character.
            link = f"{self.path}?mail={quote(path.stem, safe='')}"
            shown = "" if page is None else f' · <a class="html" href="{link}">As HTML</a>'
            yield (
                f"<article><h2>{html.escape(str(mail['Subject']))}</h2>"
                f"<p>To {html.escape(str(mail['To']))} · {_time(path)}{shown}</p>"
                f"<pre>{_linked(text)}</pre></article>"
            )


def _read(path: Path) -> EmailMessage | None:
    """Return a mail; None if it was deleted meanwhile."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return message_from_bytes(content, policy=policy.default)


def _time(path: Path) -> str:
    """Return when a mail was laid down; nothing if it was deleted meanwhile."""
    try:
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return ""
    return f"{at.day} {at:%b %H:%M:%S} UTC"


def _linked(text: str) -> str:
    """Return a text as HTML, with links where it has addresses."""
    parts, done = [], 0
    for found in _ADDRESS.finditer(text):
        address = html.escape(found[0])
        link = f'<a href="{address}" rel="noopener noreferrer" target="_blank">{address}</a>'
        parts += [html.escape(text[done : found.start()]), link]
        done = found.end()
    return "".join([*parts, html.escape(text[done:])])


def _newest(folder: Path) -> list[Path]:
    """Return the newest mails of a folder, which may not be there yet."""
    found = []
    for path in folder.glob("*.eml"):
        try:
            found.append((path.stat().st_mtime_ns, path))
        except OSError:  # it was deleted meanwhile
            continue
    return [path for _, path in sorted(found, reverse=True)[:MOST_MAILS]]
