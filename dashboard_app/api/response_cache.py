"""The API's responses in one session: fresh for half a minute, and for one person alone.

The cache lies in the session's own state. No two people share a session, and a new sign-in gets a
new session. If the owner differs all the same, the whole cache is replaced.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from dashboard_app.api.http_client import ApiClient, ApiRequest, ApiResponse

FRESH_SECONDS = 30.0
AT_ONCE = 8
_MOST = 300
_MOST_DRAWN = 60

T = TypeVar("T")


@dataclass
class _Kept:
    response: ApiResponse
    at: float
    made: dict[Callable[[Mapping[str, Any]], object], object] = field(default_factory=dict)


class ResponseCache:
    """Responses by request, for one owner; and what was made of them."""

    def __init__(
        self, client: ApiClient, owner: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.owner = owner
        self._client = client
        self._clock = clock
        self._kept: OrderedDict[ApiRequest, _Kept] = OrderedDict()
        self._drawn: OrderedDict[Hashable, tuple[tuple[ApiResponse, ...], object]] = OrderedDict()

    def load(self, requests: Iterable[ApiRequest]) -> None:
        """Send all requests without a fresh response, in parallel. Raise the first ApiProblem."""
        missing = [one for one in dict.fromkeys(requests) if not self._is_fresh(one)]
        if not missing:
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(missing))) as pool:
            for request, response in zip(missing, pool.map(self._send, missing), strict=True):
                self._keep(request, response)

    def is_fresh(self, requests: Iterable[ApiRequest]) -> bool:
        """Return whether all requests have a fresh response."""
        return all(self._is_fresh(one) for one in requests)

    def get(self, request: ApiRequest) -> Mapping[str, Any]:
        """Return the document for a request; send it unless a fresh response is kept."""
        self.load([request])
        return self._kept[request].response.document

    def known(self, request: ApiRequest) -> Mapping[str, Any] | None:
        """Return the last document for a request, however old; None where there is none."""
        kept = self._kept.get(request)
        return None if kept is None else kept.response.document

    def make(self, request: ApiRequest, maker: Callable[[Mapping[str, Any]], T]) -> T:
        """Return what `maker` makes of the document; call it once for the same response."""
        document = self.get(request)
        made = self._kept[request].made
        if maker not in made:
            made[maker] = maker(document)
        return cast("T", made[maker])

    def items(
        self,
        request: ApiRequest,
        most: int | None = None,
        heard: Callable[[int], object] | None = None,
    ) -> tuple[list[Mapping[str, Any]], bool]:
        """Return the items of a list, at most `most`, and whether the API has more of them.

        Call `heard` after each page with the number of items so far.
        """
        found: list[Mapping[str, Any]] = []
        page = self.get(request)
        while True:
            found += page["items"]
            if heard is not None:
                heard(len(found))
            cursor = page["next_cursor"]
            if cursor is None or (most is not None and len(found) >= most):
                # A page may be shorter than asked for, so the last one may hold more than is left.
                return found[:most], cursor is not None or len(found[:most]) < len(found)
            page = self.get(request.also(cursor=cursor))

    def drawn(self, requests: Iterable[ApiRequest], key: Hashable, draw: Callable[[], T]) -> T:
        """Return what `draw` returns; call it once for the same responses and key."""
        responses = tuple(self._kept[request].response for request in requests)
        kept = self._drawn.get(key)
        if (
            kept is None
            or len(kept[0]) != len(responses)
            or any(one is not other for one, other in zip(kept[0], responses, strict=True))
        ):
            kept = self._drawn[key] = (responses, draw())
        self._drawn.move_to_end(key)
        while len(self._drawn) > _MOST_DRAWN:
            self._drawn.popitem(last=False)
        return cast("T", kept[1])

    def forget(self) -> None:
        """Forget all responses, so that the next run asks the API again."""
        self._kept.clear()
        self._drawn.clear()

    def _is_fresh(self, request: ApiRequest) -> bool:
        kept = self._kept.get(request)
        return kept is not None and self._clock() - kept.at < FRESH_SECONDS

    def _send(self, request: ApiRequest) -> ApiResponse:
        kept = self._kept.get(request)
        return self._client.send(request, kept.response if kept else None)

    def _keep(self, request: ApiRequest, response: ApiResponse) -> None:
        kept = self._kept.get(request)
        if kept is not None and kept.response is response:
            kept.at = self._clock()
        else:
            self._kept[request] = _Kept(response, self._clock())
        self._kept.move_to_end(request)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
