"""The pages behind the link of a digest: one with a button, and what came of pressing it.

They hold no word of a request, and no name of a client or an address. The form goes back to the
page's own address, which has the link's secret.
"""

from __future__ import annotations

import base64
import hashlib

from run_ledger.read.answers import COMMON_HEADERS, Answer

_STYLE = (
    ":root{color-scheme:light dark;--page:#fff;--text:#1b1f23;--button:#1b4f9c;--on-button:#fff}"
    "@media(prefers-color-scheme:dark)"
    "{:root{--page:#14171a;--text:#e6e9ec;--button:#8ab4f8;--on-button:#10141a}}"
    "body{font:1.0625rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;"
    "padding:0 1.25rem;background:var(--page);color:var(--text)}"
    "h1{font-size:1.375rem;line-height:1.3}"
    "button{font:inherit;font-weight:600;min-height:3rem;padding:0 1.5rem;border:0;"
    "border-radius:.5rem;background:var(--button);color:var(--on-button);cursor:pointer}"
    "button:focus-visible{outline:3px solid currentColor;outline-offset:3px}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    **COMMON_HEADERS,
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Robots-Tag": "noindex",
}
# The field that mail programs send (RFC 8058).
_BUTTON = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    '<button type="submit">Stop these digests</button></form>'
)


def _page(status: int, headline: str, body: str, **headers: str) -> Answer:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{headline}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{headline}</h1>{body}</main></body></html>"
    )
    return Answer(status, {**_HEADERS, **headers}, text.encode())


ASKING = _page(
    200,
    "Stop these digests?",
    "<p>They come from Run Ledger. If you stop them, the mail address that got this link gets no "
    "more of them. Other addresses still get theirs.</p>" + _BUTTON,
)
STOPPED = _page(
    200,
    "These digests are stopped",
    "<p>Your address gets no more of them. Whoever runs this ledger can switch them on again.</p>",
)
UNKNOWN = _page(
    404,
    "This link is not known",
    "<p>It may be cut off, or more than a year old. Take the link of a newer digest, or ask "
    "whoever runs this ledger.</p>",
)
UNAVAILABLE = _page(
    503,
    "This did not work",
    "<p>The digests are not stopped: something failed on our side. Try again in a minute.</p>"
    + _BUTTON,
    **{"Retry-After": "60"},
)
