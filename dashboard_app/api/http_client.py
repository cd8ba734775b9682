"""One client of the read API: timeouts, retries, pages, problems as exceptions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from dashboard_app.api.problems import ApiProblem, Unavailable, problem_of

Parameters = tuple[tuple[str, str], ...]

_CONNECT_SECONDS, _READ_SECONDS = 4.0, 30.0
_TRIES = 3
_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 3.0
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_OK, _NOT_MODIFIED = 200, 304


@dataclass(frozen=True)
class Question:
    """A path of the API and what to ask it; equal questions have equal answers."""

    path: str
    parameters: Parameters = ()

    def also(self, **more: object) -> Question:
        """Return the same question with *more* parameters; those that are None are left out."""
        return question(self.path, **{**dict(self.parameters), **more})


@dataclass(frozen=True)
class Answer:
    """A document and what the API calls this state of it."""

    document: Mapping[str, Any]
    etag: str | None


def question(path: str, **parameters: object) -> Question:
    """Return a question; parameters that are None or empty are left out.

    A trailing underscore keeps a name out of Python's way: `from_` asks for `from`.
    """
    named = {
        name.rstrip("_"): _written(value)
        for name, value in parameters.items()
        if value is not None and value != ""
    }
    return Question(path, tuple(sorted(named.items())))


class ApiClient:
    """Asks the API with one person's access token."""

    def __init__(
        self, base_url: str, token: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._pause = pause
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["Accept"] = "application/json"

    def ask(self, asked: Question, earlier: Answer | None = None) -> Answer:
        """Return the answer; *earlier* itself where the API says that nothing has changed.

        Raises ApiProblem for whatever is no answer.
        """
        headers = {"If-None-Match": earlier.etag} if earlier and earlier.etag else {}
        reply = self._reply(asked, headers)
        if reply.status_code == _NOT_MODIFIED and earlier is not None:
            return earlier
        document = _document(reply)
        if reply.status_code != _OK:
            raise problem_of(reply.status_code, document)
        return Answer(document, reply.headers.get("ETag"))

    def pages(self, asked: Question) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a list to its end."""
        cursor: str | None = None
        while True:
            page = self.ask(asked if cursor is None else asked.also(cursor=cursor)).document
            yield page
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _reply(self, asked: Question, headers: Mapping[str, str]) -> requests.Response:
        """Return what came back, after as many tries as it deserves: everything is a GET."""
        url = f"{self._base_url}{asked.path}"
        reason = "it could not be reached"
        for number in range(_TRIES):
            last = number == _TRIES - 1
            try:
                reply = self._session.get(
                    url,
                    params=dict(asked.parameters),
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
                if reply.status_code not in _TRY_AGAIN or last:
                    return reply
                self._pause(_wait(reply, number))
                continue
            if not last:
                self._pause(_PAUSE_SECONDS * 2**number)
        raise Unavailable(f"{self._base_url}: {reason}.")


def _document(reply: requests.Response) -> Mapping[str, Any]:
    try:
        document = reply.json()
    except ValueError as error:
        if reply.status_code == _OK:
            raise Unavailable("What it answered is no JSON.") from error
        return {}
    if not isinstance(document, dict):
        raise Unavailable("What it answered is no document.")
    return document


def _wait(reply: requests.Response, number: int) -> float:
    """Return how long to wait: what the API asks for, as far as a person would wait."""
    try:
        asked_for = float(reply.headers.get("Retry-After", ""))
    except ValueError:
        asked_for = _PAUSE_SECONDS * 2**number
    return min(max(asked_for, 0.0), _LONGEST_PAUSE_SECONDS)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


__all__ = ["Answer", "ApiClient", "ApiProblem", "Parameters", "Question", "question"]
