"""Whatever call fails, in whatever way: an answer is whole, or it is a 503, to come back to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import cycle
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from tests.support.dynamo.stand_in import client_error
from tests.support.readers.callers import ASKED, CALLERS, EVERYTHING, STAFF_ONLY, Ask, world
from tests.support.readers.reading import House, Interference, Reply, api_event

from run_ledger.read.gateway.description import DESCRIPTION
from run_ledger.read.reader import ROUTES, Reader, read_request

URL = "https://dynamodb.test"
PASSING: Mapping[str, Exception] = {
    "throttled": client_error("ThrottlingException"),
    "table throttled": client_error("ProvisionedThroughputExceededException"),
    "failing": client_error("InternalServerError"),
    "unavailable": client_error("ServiceUnavailable"),
    "no answer": ReadTimeoutError(endpoint_url=URL),
    "no connection": ConnectTimeoutError(endpoint_url=URL),
    "no host": EndpointConnectionError(endpoint_url=URL),
}
READING = [path for path in ROUTES if path != DESCRIPTION]
"""The paths that read the store, whoever asks: the description reads a machine's grant alone."""
LASTING = (client_error("AccessDeniedException"), client_error("ResourceNotFoundException"))
KINDS = ("staff", "two clients", "machine for all")
MOST_POSITIONS = 6

full = cache(lambda: world(EVERYTHING))


def asked(path: str) -> Iterator[tuple[str, Ask]]:
    """Yield what is asked by whom, where that is answered."""
    for kind in KINDS:
        for ask in ASKED[path]:
            sees = CALLERS[kind].sees if ask.owner != STAFF_ONLY else frozenset[str]()
            if ask.owner is None or ask.owner in sees or CALLERS[kind].is_staff:
                yield kind, ask


def get(path: str, kind: str, ask: Ask, interfere: Interference | None = None) -> Reply:
    """Ask while *interfere* has its way with every call."""
    here = full()
    here.counting.interfere = interfere
    try:
        return here.get(path, CALLERS[kind].claims, path=ask.path, **ask.query)
    finally:
        here.counting.interfere = None


def failing(position: int, error: Exception) -> Interference:
    """Let the call at *position* fail."""

    def interfere(number: int, _: str, call: Callable[[], Any]) -> Any:
        if number == position:
            raise error
        return call()

    return interfere


def positions(reply: Reply) -> list[int]:
    """Return the places of the calls that *reply* took: each, or of many like ones a few."""
    last = reply.calls
    few = {1 + (last - 1) * step // (MOST_POSITIONS - 1) for step in range(MOST_POSITIONS)}
    return sorted(few) if last else []


@pytest.mark.parametrize("path", ROUTES)
def test_any_call_that_fails_for_now_makes_it_unavailable(path: str) -> None:
    """Calls of each round alike; the answer is no document and is not to be kept."""
    errors = cycle(PASSING.values())
    for kind, ask in asked(path):
        for position in positions(get(path, kind, ask)):
            reply = get(path, kind, ask, failing(position, next(errors)))
            assert reply.status == 503, (kind, ask, position)
            assert reply.headers["Retry-After"] == "2"
            assert reply.json["type"] == "urn:run-ledger:problem:unavailable"
            assert "ETag" not in reply.headers


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("path", READING)
def test_each_way_to_fail_makes_it_unavailable(path: str, error: Exception) -> None:
    """What will pass is told by how the call failed."""
    assert get(path, "staff", ASKED[path][0], failing(1, error)).status == 503


@pytest.mark.parametrize("error", LASTING, ids=str)
@pytest.mark.parametrize("path", READING)
def test_a_call_that_can_never_succeed_is_our_failure(
    path: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A lost permission or table: 500, and nothing that looks like an answer."""
    for ask in (ASKED[path][0], ASKED[path][-1]):
        for position in positions(get(path, "staff", ask)):
            assert get(path, "staff", ask, failing(position, error)).status == 500
    assert "failed" in caplog.messages


@pytest.mark.parametrize("path", ROUTES)
def test_keys_that_are_left_out(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that DynamoDB left out are asked for again; while they stay so, there is no answer."""
    monkeypatch.setattr("time.sleep", lambda _: None)

    def left_out(_: int, name: str, call: Callable[[], Any]) -> Any:
        if name != "batch_get_item":
            return call()
        wanted = call.keywords["RequestItems"]  # type: ignore[attr-defined]
        return {"Responses": {}, "UnprocessedKeys": wanted}

    def left_out_once(number: int, name: str, call: Callable[[], Any]) -> Any:
        if name != "batch_get_item" or number in seen:
            return call()
        seen.update(range(number + 1, number + 1_000))
        return left_out(number, name, call)

    for kind, ask in asked(path):
        whole = get(path, kind, ask)
        seen: set[int] = set()
        assert get(path, kind, ask, left_out_once).body == whole.body
        reply = get(path, kind, ask, left_out)
        if seen:
            assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
        else:
            assert reply.body == whole.body


@pytest.mark.parametrize("path", ROUTES)
def test_a_call_without_an_answer_is_not_waited_for(path: str) -> None:
    """When the request's time is over, what was found by then is not shown as all there is."""
    here = full()
    for kind, ask in [("staff", ASKED[path][0]), ("machine for all", ASKED[path][0])]:
        for position in positions(get(path, kind, ask)):
            with hanging(here, position) as reader:
                query = {name: [value] for name, value in ask.query.items()}
                event = api_event(path, CALLERS[kind].claims, path=ask.path, parameters=query)
                answer, _ = reader.answer(read_request(event), 0.05)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")


class hanging:  # noqa: N801 - it reads as a word
    """A reader with threads, one of whose calls gives no answer until the end."""

    def __init__(self, here: House, position: int) -> None:
        """Let the call at *position* hang."""
        self._here = here
        self._position = position
        self._over = threading.Event()
        self._threads = ThreadPoolExecutor(8)

    def __enter__(self) -> Reader:
        """Return the reader."""
        counting = self._here.counting
        counting.requests.clear()
        counting.interfere = self._hang
        return Reader(counting, self._here.settings, self._threads, lambda: self._here.now)  # type: ignore[arg-type]

    def _hang(self, number: int, _: str, call: Callable[[], Any]) -> Any:
        if number == self._position:
            self._over.wait(60)
        return call()

    def __exit__(self, *_: object) -> None:
        """Let the call end, and the threads."""
        self._over.set()
        self._threads.shutdown()
        self._here.counting.interfere = None
