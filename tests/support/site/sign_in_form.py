"""The form that stands in for Cognito's sign-in pages, and how codes and tokens are written."""

import base64
import html
from urllib.parse import urlencode


def sign_in_page(query: dict[str, str]) -> bytes:
    """Return a form that posts back to the address that it came from."""
    action = html.escape(f"/login?{urlencode(query)}", quote=True)
    return (
        f'<!doctype html><title>Sign-in pages</title><link rel="icon" href="data:,">'
        f'<form method="post" action="{action}">'
        '<input name="username"><input name="password" type="password"><button>Go</button></form>'
    ).encode()


def base64_url(data: bytes) -> str:
    """Encode as JOSE does."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
