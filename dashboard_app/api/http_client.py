"""The client of the read API: time-outs, retries, and problems as exceptions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from dashboard_app.api.problems import ApiUnavailable, problem_of

_CONNECT_SECONDS, _READ_SECONDS = 4.0, 30.0
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 3.0
_RETRIED = frozenset({429, 500, 502, 503, 504})
_OK, _NOT_MODIFIED = 200, 304


@dataclass(frozen=True)
class ApiRequest:
    """A GET request: a path of the API and its query parameters as (name, value) pairs."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()

    def also(self, **more: object) -> ApiRequest:
        """Return this request with more parameters, as `api_request` takes them."""
        return api_request(self.path, **{**dict(self.parameters), **more})


@dataclass(frozen=True)
class ApiResponse:
    """A JSON document and the ETag that the API gave it."""

    document: Mapping[str, Any]
    etag: str | None


def api_request(path: str, **parameters: object) -> ApiRequest:
    """Return a request. Parameters that are None or empty are left out.

    A trailing underscore is removed from a name: `from_` becomes `from`.
    """
    named = {
        name.rstrip("_"): _as_text(value)
        for name, value in parameters.items()
        if value is not None and value != ""
    }
    return ApiRequest(path, tuple(sorted(named.items())))


class ApiClient:
    """Sends requests to the API with one person's access token."""

    def __init__(
        self, base_url: str, token: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._pause = pause
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["Accept"] = "application/json"

    def send(self, request: ApiRequest, earlier: ApiResponse | None = None) -> ApiResponse:
        """Return the response; return `earlier` itself where the API says "not modified".

        Raise an ApiProblem for any other answer.
        """
        headers = {"If-None-Match": earlier.etag} if earlier and earlier.etag else {}
        reply = self._reply(request, headers)
        if reply.status_code == _NOT_MODIFIED and earlier is not None:
            return earlier
        document = _document(reply)
        if reply.status_code != _OK:
            raise problem_of(reply.status_code, document)
        return ApiResponse(document, reply.headers.get("ETag"))

    def _reply(self, request: ApiRequest, headers: Mapping[str, str]) -> requests.Response:
        """Return the HTTP response of the last attempt. Retrying is safe: everything is a GET."""
        url = f"{self._base_url}{request.path}"
        reason = "it could not be reached"
        for number in range(_ATTEMPTS):
            last = number == _ATTEMPTS - 1
            pause = _PAUSE_SECONDS * 2**number
            try:
                reply = self._session.get(
                    url,
                    params=dict(request.parameters),
                    headers=dict(headers),
                    timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                    allow_redirects=False,
                )
            except requests.ReadTimeout:
                reason = f"no answer within {_READ_SECONDS:.0f} s"
                break  # nobody waits that long again
            except requests.RequestException as error:
                reason = f"it could not be reached ({type(error).__name__})"
            else:
                if reply.status_code not in _RETRIED or last:
                    return reply
                pause = _wanted_pause(reply, pause)
            if not last:
                self._pause(pause)
        raise ApiUnavailable(f"{self._base_url}: {reason}.")


def _document(reply: requests.Response) -> Mapping[str, Any]:
    try:
        document = reply.json()
    except ValueError as error:
        if reply.status_code == _OK:
            raise ApiUnavailable("Its answer is not JSON.") from error
        return {}
    if not isinstance(document, dict):
        raise ApiUnavailable("Its answer is not a JSON object.")
    return document


def _wanted_pause(reply: requests.Response, usual: float) -> float:
    """Return the seconds that the API wants us to wait, but no more than a person would wait."""
    try:
        wanted = float(reply.headers.get("Retry-After", usual))
    except ValueError:
        wanted = usual
    return min(max(wanted, 0.0), _LONGEST_PAUSE_SECONDS)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
