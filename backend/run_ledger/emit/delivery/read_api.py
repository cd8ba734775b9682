"""Asking the ledger's read API whether a probe has come."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit

from run_ledger.emit.identity import environment
from run_ledger.emit.identity.local_stack import ReadAccess

_SECONDS = 8.0
_MOST_BYTES = 100_000
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_NOT_FOUND = 404
_REFUSED = {401, 403}


class CannotLook(Exception):
    """It can't be seen whether a probe has come; the message says why, and what it would need."""


def read_api(access: ReadAccess | None) -> Callable[[str], bool] | None:
    """Return how to ask whether a probe has come; None where the environment names no API."""
    if access is not None:
        return _Api(access.api_url, lambda: _machine_token(access)).has_come
    url, token = environment.value("API_URL"), environment.value("TOKEN")
    return _Api(url, lambda: token).has_come if url and token else None


class _Api:
    def __init__(self, url: str, get_token: Callable[[], str]) -> None:
        self._url = url.rstrip("/")
        self._get_token = get_token
        self._token: str | None = None

    def has_come(self, probe_id: str) -> bool:
        """Return whether the probe has come; raises CannotLook where nobody can say."""
        self._token = self._token or self._get_token()
        address = f"{self._url}/probes/{quote(probe_id)}"
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        try:
            found = json.loads(_answer(address, headers))
        except HTTPError as error:
            if error.code == _NOT_FOUND:
                return False
            raise CannotLook(_refusal(self._url, error)) from error
        except ValueError as error:
            raise CannotLook(f"{self._url} gave no answer of the read API") from error
        return isinstance(found, dict) and found.get("probe_id") == probe_id


def _machine_token(access: ReadAccess) -> str:
    pair = f"{access.machine_client_id}:{access.machine_client_secret}"
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    form = urlencode({"grant_type": "client_credentials", "scope": access.scope}).encode()
    try:
        return str(json.loads(_answer(access.token_url, headers, form))["access_token"])
    except HTTPError as error:
        raise CannotLook(_refusal(access.token_url, error)) from error
    except (LookupError, TypeError) as error:
        raise CannotLook(f"{access.token_url} gave no token") from error


def _answer(address: str, headers: dict[str, str], form: bytes | None = None) -> bytes:
    """Return the body of the answer; raises HTTPError for a refusal, CannotLook without one."""
    parts = urlsplit(address)
    is_local = parts.hostname in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise CannotLook(f"{address} is no https address, so no token is sent there")
    opener = urllib.request.build_opener(
        _NoRedirects, *([urllib.request.ProxyHandler({})] if is_local else [])
    )
    request = urllib.request.Request(address, form, headers)  # noqa: S310 - http(s), see above
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            content: bytes = answer.read(_MOST_BYTES)
            return content
    except HTTPError:
        raise
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise CannotLook(f"{parts.scheme}://{parts.netloc} does not answer: {reason}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token is for the address that it was given for."""

    def redirect_request(self, *_: object) -> None:
        return None


def _refusal(address: str, error: HTTPError) -> str:
    if error.code in _REFUSED:
        return (
            f"{address} refuses (HTTP {error.code}): the token has expired or may read nothing, or "
            "the ledger is older than probes"
        )
    return f"{address} answers HTTP {error.code}"
