"""An access token for the person at the terminal, by the sign-in pages in their browser.

It is the authorization code flow with PKCE (RFC 7636) of the site's own app client, which has no
secret. The pages lead back to a port of this machine (RFC 8252), where one request is waited for.
"""

import base64
import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.http import LOOPBACK, opener

PORT = 8976
REDIRECT_URI = f"http://localhost:{PORT}/"
"""Where the sign-in pages lead back to: the template names it for the site's app client."""


_DEADLINE_SECONDS = 20
_SETTINGS = ("authorize_url", "token_url", "client_id", "scope")
_PASTE = "`run-ledger token --paste` needs no port."
_DONE = "You are signed in. Close this tab and go back to the terminal."
_NOT_DONE = "The sign-in did not succeed. The terminal says why."


@dataclass(frozen=True)
class SignInPages:
    """Where people of a site sign in, and as whose app client."""

    authorize_url: str
    token_url: str
    client_id: str
    scope: str
    act_scope: str | None = None
    """What a token needs in addition to act on incidents; None where nobody acts."""

    def to_act(self) -> "SignInPages":
        """Return the same for a token by which people also act, where they do."""
        if self.act_scope is None:
            return self
        return replace(self, scope=f"{self.scope} {self.act_scope}")


@dataclass(frozen=True)
class Site:
    """A site: its address, with a slash at its end, its API's, and where its people sign in.

    ``intake_url`` is where people's acts on incidents go; None where none are taken.
    """

    url: str
    api_url: str
    pages: SignInPages
    intake_url: str | None = None


@dataclass(frozen=True)
class SignInAttempt:
    """One attempt to sign in; `verifier` is known to this process alone."""

    pages: SignInPages
    state: str
    verifier: str

    @property
    def address(self) -> str:
        """The address to open in a browser."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.pages.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": self.pages.scope,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.pages.authorize_url}?{urlencode(query)}"

    def token(self, landed: str) -> str:
        """Return the access token for the address that the sign-in pages have led to.

        Raise OpsError where that is no answer to this attempt, or where the pages refuse it.
        """
        answer = dict(parse_qsl(landed.partition("#")[0].partition("?")[2]))
        if not secrets.compare_digest(answer.get("state", "").encode(), self.state.encode()):
            raise OpsError("that address does not belong to this sign-in: begin again.")
        if "code" not in answer:
            why = answer.get("error_description") or answer.get("error") or "it has no code"
            raise OpsError(f"the sign-in was refused: {why}.")
        form = {
            "grant_type": "authorization_code",
            "client_id": self.pages.client_id,
            "redirect_uri": REDIRECT_URI,
            "code": answer["code"],
            "code_verifier": self.verifier,
        }
        token = _document(self.pages.token_url, urlencode(form).encode()).get("access_token")
        if not isinstance(token, str):
            raise OpsError(f"{self.pages.token_url} gave no access token.")
        return token


def new_attempt(pages: SignInPages) -> SignInAttempt:
    """Return an attempt with a state and a verifier that nobody can guess."""
    return SignInAttempt(pages, secrets.token_urlsafe(32), secrets.token_urlsafe(48))


def sign_in_pages(site_url: str) -> SignInPages:
    """Return how people sign in to a site, as its `config.json` says. Raise OpsError."""
    return site_of(site_url).pages


def site_address(site_url: str) -> str:
    """Return a site's address with a slash at its end, from one that a browser shows.

    Raise OpsError where it can be no site's.
    """
    # What a browser shows after # or ? names a view of the site.
    return f"{_checked(site_url).partition('#')[0].partition('?')[0].rstrip('/')}/"


def site_of(site_url: str) -> Site:
    """Return where a site's people sign in and its API is, as its `config.json` says.

    Raise OpsError where there is no such site.
    """
    site = site_address(site_url)
    settings = _document(urljoin(site, "config.json"))
    missing = [name for name in _SETTINGS if not isinstance(settings.get(name), str)]
    if missing:
        raise OpsError(f"{site}config.json has no {missing[0]}: is {site} the site of a ledger?")
    api_url = _checked(_absolute(site, settings.get("api_base", "/api")))
    intake = settings.get("intake_base")
    intake_url = _checked(_absolute(site, intake)) if isinstance(intake, str) else None
    return Site(site, api_url, pages_of(settings, site), intake_url)


def pages_of(settings: Mapping[str, Any], site: str = "") -> SignInPages:
    """Return how people sign in, from the settings in a `config.json`. Raise OpsError.

    Addresses that begin with a slash are those of *site*.
    """
    return SignInPages(
        authorize_url=_checked(_absolute(site, settings["authorize_url"])),
        token_url=_checked(_absolute(site, settings["token_url"])),
        client_id=settings["client_id"],
        scope=settings["scope"],
        act_scope=settings.get("act_scope") or None,
    )


def _absolute(site: str, address: str) -> str:
    try:
        return urljoin(site, address)
    except ValueError:
        return address  # which `_checked` refuses


def landed_address(attempt: SignInAttempt, seconds: float, begin: Callable[[str], object]) -> str:
    """Wait for the browser to come back, and return the address that it asked this machine for.

    `begin` is called with the address to open once the port is open. Requests that do not answer
    this attempt are refused, and the wait goes on. Raise OpsError where the port is taken, or where
    nobody comes within `seconds`.
    """
    landed: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            answer = dict(parse_qsl(parts.query))
            if parts.path != "/" or answer.get("state") != attempt.state:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            landed.append(self.path)
            body = (_DONE if "code" in answer else _NOT_DONE).encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: the address has the code in it."""

    try:
        server = HTTPServer(("127.0.0.1", PORT), Handler)
    except OSError as error:
        message = f"port {PORT} of this machine is in use ({error.strerror}): {_PASTE}"
        raise OpsError(message) from error
    with server:
        begin(attempt.address)
        deadline = time.monotonic() + seconds
        while not landed and (left := deadline - time.monotonic()) > 0:
            server.timeout = left
            server.handle_request()
    if not landed:
        raise OpsError(f"nobody has signed in within {seconds:.0f} s: begin again; {_PASTE}")
    return landed[0]


def _checked(address: str) -> str:
    """Return an address that a token may be asked from: https, or http on this machine."""
    try:
        parts = urlsplit(address)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        is_safe &= parts.port != 0  # a port beyond the last one raises, too
    except ValueError:
        is_safe = False
    if not is_safe or not parts.hostname:
        raise OpsError(f"{address!r} is no address of a site: allowed is https://….")
    return address


def _document(address: str, form: bytes | None = None) -> Mapping[str, Any]:
    """Return the JSON object at an address; with a form, what the address answers to it."""
    request = urllib.request.Request(address, data=form, headers={"Accept": "application/json"})  # noqa: S310 - `_checked`
    try:
        with opener(address).open(request, timeout=_DEADLINE_SECONDS) as answer:
            document = json.load(answer)
    except urllib.error.HTTPError as error:
        raise OpsError(f"{address} answered {error.code}.") from error
    except (HTTPException, OSError, ValueError) as error:
        raise OpsError(f"{address} gave no answer that can be read ({error}).") from error
    if not isinstance(document, dict):
        raise OpsError(f"{address} gave no JSON object.")
    return document
