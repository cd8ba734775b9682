"""The API client: what it asks, when it asks again, and what it makes of refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from dashboard_app.api.http_client import ApiClient, ApiRequest, ApiResponse, api_request
from dashboard_app.api.problems import (
    AccessRefused,
    ApiProblem,
    ApiUnavailable,
    NothingFound,
    RequestRefused,
    SignInEnded,
)
from dashboard_app.api.response_cache import FRESH_SECONDS, ResponseCache
from hypothesis import given
from hypothesis import strategies as st
from tests.dashboard_app.conftest import Open, words_of
from tests.support.app.dashboard_api import Api


class Transport(requests.adapters.BaseAdapter):
    """Answers in place of a network, in turn; the last answer stays."""

    def __init__(self, *replies: tuple[int, dict[str, str], str] | Exception) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        """Give the next answer."""
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        response = requests.Response()
        response.status_code, body = reply[0], reply[2]
        response.headers.update(reply[1])
        response._content = body.encode()
        response.url = str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""


def client(transport: Transport, pauses: list[float] | None = None) -> ApiClient:
    """Return a client on a transport, whose pauses take no time."""
    made = ApiClient("http://api/", "t", pause=(pauses if pauses is not None else []).append)
    made._session.mount("http://", transport)
    return made


def ok(document: object, **headers: str) -> tuple[int, dict[str, str], str]:
    """Return an answer with a document."""
    return 200, headers, json.dumps(document)


def test_a_question_leaves_out_what_is_not_said() -> None:
    """None and nothing are left out, flags are the API's words, order does not matter."""
    asked = api_request("/jobs", client_id=None, q="", stalled=True, from_="x", limit=0)

    assert asked == ApiRequest("/jobs", (("from", "x"), ("limit", "0"), ("stalled", "true")))
    assert asked.also(stalled=None) == api_request("/jobs", limit=0, from_="x")


def test_the_token_goes_with_every_question() -> None:
    """And the parameters do."""
    transport = Transport(ok({"a": 1}, ETag='"1"'))

    answer = client(transport).send(api_request("/jobs", client_id="a b"))

    assert answer == ApiResponse({"a": 1}, '"1"')
    assert transport.asked[0].url == "http://api/jobs?client_id=a+b"
    assert transport.asked[0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefused),
        (401, SignInEnded),
        (403, AccessRefused),
        (404, NothingFound),
        (422, RequestRefused),
        (302, RequestRefused),
    ],
)
def test_a_refusal_is_told_in_the_apis_words(status: int, kind: type[ApiProblem]) -> None:
    """Once: nothing else would come of asking again."""
    transport = Transport((status, {}, json.dumps({"title": "T", "detail": "Because."})))

    with pytest.raises(kind, match="Because"):
        client(transport).send(api_request("/jobs"))
    assert len(transport.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    """Three times in all, and an answer that comes then counts."""
    transport = Transport((status, {}, "{}"), (status, {}, "{}"), ok({"a": 1}))

    assert client(transport).send(api_request("/jobs")).document == {"a": 1}
    with pytest.raises(ApiUnavailable):
        client(Transport((status, {}, ""))).send(api_request("/jobs"))


def test_the_api_says_how_long_to_wait() -> None:
    """As far as a person would wait."""
    pauses: list[float] = []
    transport = Transport(
        (429, {"Retry-After": "1.5"}, ""), (503, {"Retry-After": "900"}, ""), ok({})
    )

    client(transport, pauses).send(api_request("/jobs"))

    assert pauses == [1.5, 3.0]


@pytest.mark.parametrize(
    ("failure", "times"), [(requests.ConnectionError(), 3), (requests.ReadTimeout(), 1)]
)
def test_no_answer_is_unavailable(failure: Exception, times: int) -> None:
    """Who can't be reached is tried again; who is slow is not waited for twice."""
    transport = Transport(failure)

    with pytest.raises(ApiUnavailable, match="http://api"):
        client(transport).send(api_request("/jobs"))
    assert len(transport.asked) == times


@pytest.mark.parametrize("body", ["<html>", "[1]", "", "null"])
def test_what_is_no_document_is_unavailable(body: str) -> None:
    """A proxy's page is no answer."""
    with pytest.raises(ApiUnavailable):
        client(Transport((200, {}, body))).send(api_request("/jobs"))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(1, 40) | st.none())
def test_what_a_limit_leaves_out_is_always_said(sizes: list[int], most: int | None) -> None:
    """However short the pages are, and also where the last page goes beyond the limit."""
    everything = list(range(sum(sizes)))
    replies, begin = [], 0
    for number, size in enumerate(sizes, 1):
        cursor = None if number == len(sizes) else f"c{number}"
        replies.append(ok({"items": everything[begin : begin + size], "next_cursor": cursor}))
        begin += size

    cache = ResponseCache(client(Transport(*replies)), "me")
    found, is_more = cache.items(api_request("/jobs"), most=most)

    assert found == everything[:most]
    assert is_more or found == everything


def test_pages_are_followed_to_the_end() -> None:
    """With the same filters, and each page's cursor."""
    transport = Transport(
        ok({"items": [1], "next_cursor": "c&1"}), ok({"items": [2], "next_cursor": None})
    )

    found = ResponseCache(client(transport), "me").items(api_request("/jobs", limit=1))

    assert found == ([1, 2], False)
    assert transport.asked[1].url == "http://api/jobs?cursor=c%261&limit=1"


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_answers_are_kept_for_a_while_and_asked_for_changes_then() -> None:
    """Unchanged ones stay the very same, so that what was made of them need not be made again."""
    transport = Transport(ok({"a": 1}, ETag='"1"'), (304, {}, ""), ok({"a": 2}, ETag='"2"'))
    clock, made = Clock(), []
    cache = ResponseCache(client(transport), "me", clock)
    asked = api_request("/jobs")

    def maker(document: Any) -> Any:
        made.append(document)
        return document["a"]

    assert [cache.make(asked, maker), cache.make(asked, maker)] == [1, 1]
    clock.now = FRESH_SECONDS
    assert cache.make(asked, maker) == 1
    assert transport.asked[1].headers["If-None-Match"] == '"1"'
    assert len(made) == 1
    clock.now *= 2
    assert cache.make(asked, maker) == 2


def test_lists_are_read_up_to_what_is_wanted() -> None:
    """And whether there are more is known."""
    pages = [ok({"items": [n], "next_cursor": str(n) if n < 3 else None}) for n in range(4)]
    cache = ResponseCache(client(Transport(*pages)), "me")
    heard: list[int] = []

    assert cache.items(api_request("/jobs"), most=2, heard=heard.append) == ([0, 1], True)
    assert cache.items(api_request("/jobs")) == ([0, 1, 2, 3], False)
    assert heard == [1, 2]


def test_side_by_side_questions_raise_their_problem() -> None:
    """A problem of one of several is not lost in a thread."""
    cache = ResponseCache(ApiClient("http://127.0.0.1:9", "t", pause=lambda _: None), "me")

    with pytest.raises(ApiUnavailable):
        cache.load([api_request("/a"), api_request("/b")])


def test_too_many_requests_are_no_silence(
    api: Api, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pauses did not help, waiting does; the page says that, and not that nobody answers."""
    monkeypatch.setattr("dashboard_app.api.http_client._PAUSE_SECONDS", 0.0)
    api.status = 429

    said = words_of(open_page(api))
    assert "The API has too many requests" in said
    assert "Wait a moment" in said
    assert "does not answer" not in said
