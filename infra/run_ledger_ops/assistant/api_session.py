"""The read API as one caller sees it, over HTTP."""

import base64
import json
import re
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from threading import Lock
from urllib.error import HTTPError
from urllib.parse import urlencode

from run_ledger.questions.asking import Json, Query, Refused
from run_ledger_ops.console.http import opener

NewToken = Callable[[], str]
_SECONDS = 40
_MOST_BYTES = 16_000_000
_MOST_WORDS = 1_000
_NOT_SIGNED_IN, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class ApiSession:
    """Asks the API with a token, and gets a new one when that is refused.

    It is an `Ask` of `run_ledger.questions`. Threads may share it.
    """

    def __init__(self, api_url: str, new_token: NewToken) -> None:
        """Ask the API at *api_url*; *new_token* returns a token, or raises `Refused`."""
        self._api_url = api_url.rstrip("/")
        self._new_token = new_token
        self._token: str | None = None
        self._failures = 0
        self._failure = ""
        self._lock = Lock()
        self._open = opener(api_url).open

    def __call__(self, path: str, query: Query) -> Json:
        """Return the document at *path*; members of *query* that are None are left out.

        Raise `Refused` where the API has no such document for this caller, or gives no answer.
        """
        given = {name: value for name, value in query.items() if value is not None}
        try:
            url = f"{self._api_url}{path}" + (f"?{urlencode(given)}" if given else "")
        except UnicodeError as error:
            raise Refused("An argument has half a character: allowed is Unicode text.") from error
        token = self._known_token(None)
        try:
            return self._document(url, token)
        except HTTPError as refusal:
            if refusal.code != _NOT_SIGNED_IN:
                raise Refused(_words(refusal)) from refusal
        try:
            return self._document(url, self._known_token(token))
        except HTTPError as refusal:
            raise Refused(_words(refusal)) from refusal

    def _known_token(self, refused: str | None) -> str:
        """Return the token, a new one where it is the one that was *refused*."""
        failures = self._failures
        with self._lock:  # several questions at once lead to one sign-in
            if self._failures != failures:
                raise Refused(self._failure)  # it failed while this question waited for it
            if self._token is None or self._token == refused:
                try:
                    self._token = _checked(self._new_token())
                except Refused as refusal:
                    self._failures, self._failure = self._failures + 1, str(refusal)
                    raise
            return self._token

    def _document(self, url: str, token: str) -> Json:
        request = urllib.request.Request(  # noqa: S310 - `sign_ins` has checked the address
            url, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"}
        )
        try:
            with self._open(request, timeout=_SECONDS) as answer:
                body = answer.read(_MOST_BYTES + 1)
        except HTTPError:
            raise
        except (HTTPException, OSError) as error:
            raise Refused(f"The API can't be reached ({error}): try again.") from error
        document = _object(body)
        if document is None:
            raise Refused("The API's answer can't be read, or is too long.")
        return document


def machine_token(token_url: str, client_id: str, client_secret: str, scope: str) -> NewToken:
    """Return what gets tokens for a machine's app client, by its client credentials."""
    pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    form = urlencode({"grant_type": "client_credentials", "scope": scope}).encode()

    def new_token() -> str:
        request = urllib.request.Request(  # noqa: S310 - `sign_ins` has checked the address
            token_url, form, {"Authorization": f"Basic {pair}"}
        )
        try:
            with opener(token_url).open(request, timeout=_SECONDS) as answer:
                document = _object(answer.read(_MOST_BYTES))
        except HTTPError as error:
            raise Refused(
                f"The sign-in refuses the app client ({error.code}): check "
                "RUN_LEDGER_APP_CLIENT_ID and RUN_LEDGER_APP_CLIENT_SECRET. An app that was added "
                "with --report can't ask."
            ) from error
        except (HTTPException, OSError) as error:
            raise Refused(f"The sign-in can't be reached ({error}): try again.") from error
        token = (document or {}).get("access_token")
        if not isinstance(token, str):
            raise Refused("The sign-in gave no access token.")
        return token

    return new_token


def fixed_token(token: str) -> NewToken:
    """Return what gives *token* once; it can't be renewed."""
    left = [token.strip()]

    def new_token() -> str:
        if not left:
            raise Refused(
                "The API refuses RUN_LEDGER_TOKEN; tokens are good for an hour. Set a new one and "
                "start again, or leave it out and sign in in the browser."
            )
        return left.pop()

    return new_token


def _checked(token: str) -> str:
    """Return *token* where a header can carry it: HTTP's own complaint would show the token."""
    if not _TOKEN.fullmatch(token):
        raise Refused(
            "The access token has characters that no token has: allowed are letters, digits and "
            "any of ._~+/=- (look for blanks, quotes and line ends around it)."
        )
    return token


def _words(refusal: HTTPError) -> str:
    """Return what a refusal says, by the API's own `detail` where it has one."""
    try:
        with refusal:
            document = _object(refusal.read(_MOST_BYTES)) or {}
    except (HTTPException, OSError):  # the connection broke in the middle: its status is known
        document = {}
    detail = document.get("detail")
    if isinstance(detail, str) and refusal.code != _NOT_SIGNED_IN:
        return detail[:_MOST_WORDS]
    known = {
        _NOT_SIGNED_IN: "The API refuses the token: sign in again.",
        _FORBIDDEN: "You may not see this.",
        _NOT_FOUND: "There is no such thing, or you may not see it.",
    }
    return known.get(refusal.code, f"The API answers {refusal.code}: try again.")


def _object(body: bytes) -> Json | None:
    try:
        document = json.loads(body) if len(body) <= _MOST_BYTES else None
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
