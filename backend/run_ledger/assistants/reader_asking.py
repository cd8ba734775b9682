"""How a question asks the read API in the function that answers it: by the reader itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec
from msgspec import structs

from run_ledger.domain.instants import MICROSECONDS
from run_ledger.questions.asking import InvalidQuestion, Json, Query, Refused
from run_ledger.read.reader import ROUTES, Reader, Request

_FOUND, _CRASHED = 200, 500
_LEAST_SECONDS = 0.1
_SLOW = (
    "This takes more time than a request has. Ask about less: one client, a shorter time, or a "
    "smaller limit."
)


class ReaderCrashed(Exception):
    """The reader failed; it has logged why."""


class ReaderAsking:
    """Asks the reader as one caller, with the rights of that caller's token and no others.

    It is an `Ask` of `run_ledger.questions`. All that it asks has to be answered within *seconds*
    of its making.
    """

    def __init__(
        self,
        reader: Reader,
        request: Request,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask *reader* as the caller of *request*; *clock* gives seconds since any moment."""
        self._reader = reader
        self._request = structs.replace(request, method="GET", if_none_match="")
        self._clock = clock
        self._ends_at = clock() + seconds
        self.rounds = 0
        """How many rounds of calls of DynamoDB all questions took."""
        self.calls = 0
        """How many calls these were."""

    @property
    def now(self) -> datetime:
        """The reader's time."""
        return datetime.fromtimestamp(self._reader.now() / MICROSECONDS, UTC)

    def __call__(self, path: str, query: Query) -> Json:
        """Return the document at *path*; members of *query* that are None are left out.

        Raise `Refused` where the reader has none for this caller or no time is left,
        `InvalidQuestion` where it is asked for too much or what is not allowed, and
        ReaderCrashed where it fails.
        """
        left = self._ends_at - self._clock()
        if left < _LEAST_SECONDS:
            raise Refused(_SLOW)
        resource, parts = _resource(path)
        given = {name: [value] for name, value in query.items() if value is not None}
        request = structs.replace(
            self._request, resource=resource, path_parameters=parts, parameters=given
        )
        answer, way = self._reader.answer(request, left)
        self.rounds += way["rounds"]
        self.calls += way["calls"]
        if answer.status == _CRASHED:
            raise ReaderCrashed
        document: dict[str, Any] = msgspec.json.decode(answer.body)
        if answer.status != _FOUND:
            kind = InvalidQuestion if answer.status == HTTPStatus.BAD_REQUEST else Refused
            raise kind(document["detail"])
        return document


def _resource(path: str) -> tuple[str, Mapping[str, str]]:
    """Return the path as the template writes it, and the ids in it."""
    words = path.split("/")
    for resource in ROUTES:
        names = resource.split("/")
        pairs = list(zip(names, words, strict=False))
        if len(names) == len(words) and all(n == w or n.startswith("{") for n, w in pairs):
            ids = {name[1:-1]: unquote(word) for name, word in pairs if name.startswith("{")}
            return resource, ids
    raise LookupError(f"the API has no {path}")
