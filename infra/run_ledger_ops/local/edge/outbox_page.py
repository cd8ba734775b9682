"""The page of the mails that the local stack would have sent: the newest first, all as text.

Addresses of http and https in a mail's text are links, as mail programs make them.
"""

import html
import re
from collections.abc import Iterator, Mapping
from email import message_from_bytes, policy
from pathlib import Path

MOST_MAILS = 50
HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
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

    def page(self) -> bytes:
        """Return the page as it is now."""
        parts = list(self._articles()) or ["<p>No mail yet. What is told lies here.</p>"]
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Outbox</title>'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<style>{_STYLE}</style></head><body><main><h1>Outbox</h1>"
            "<p>Mails that a stage on AWS would have sent. They lie in "
            f"<code>{html.escape(str(self._folder))}</code>; this page shows the newest "
            f"{MOST_MAILS}.</p>{''.join(parts)}</main></body></html>"
        ).encode()

    def _articles(self) -> Iterator[str]:
        for path in _newest(self._folder):
            try:
                content = path.read_bytes()
            except OSError:  # it was deleted meanwhile
                continue
            mail = message_from_bytes(content, policy=policy.default)
            body = mail.get_body(("plain",))
            text = "" if body is None else str(body.get_content())
            yield (
                f"<article><h2>{html.escape(str(mail['Subject']))}</h2>"
                f"<p>To {html.escape(str(mail['To']))}</p><pre>{_linked(text)}</pre></article>"
            )


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
