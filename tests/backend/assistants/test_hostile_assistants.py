"""Whatever is sent to ``/mcp``, nothing fails on our side; what fails there is told as such."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.stand_in import client_error
from tests.support.readers import asked
from tests.support.readers.assistant_posts import call, message, post, stateless
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import House, Serial, api_event

from run_ledger.assistants.reader_asking import ReaderAsking
from run_ledger.domain.instants import Instant
from run_ledger.questions.asking import Refused
from run_ledger.questions.tools import TOOLS
from run_ledger.read.answers import Answer
from run_ledger.read.reader import Reader, read_request

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = sorted({name for tool in TOOLS.values() for name in tool.schema()["properties"]})
ODD = st.sampled_from(
    [
        "",
        "acme",
        "job-1",
        "..",
        "a:b",
        "%2e",
        "2026-11-22",
        "9999-12-31T23:00:00-05:00",
        "0",
        "x" * 128,
    ]
)
ARGUMENTS = st.dictionaries(st.sampled_from(NAMES), ANYTHING | ODD | ODD.map(lambda one: [one]))
METHODS = st.sampled_from(["initialize", "ping", "tools/list", "tools/call", "server/discover"])


@cache
def here() -> House:
    """Return a filled house."""
    made = House(Querying(empty_store()))  # type: ignore[arg-type]
    asked.fill(made)
    return made


def is_fit(body: str, status: int) -> bool:
    """Return whether an answer is one of the protocol's: no failure of ours, and JSON."""
    return status == 202 if not body else status < 500 and isinstance(json.loads(body), dict | list)


@given(body=st.text() | ANYTHING | st.binary().map(lambda one: one.decode("latin-1")))
def test_any_body_is_answered(body: Any) -> None:
    """Text or JSON, of any kind."""
    reply = post(here(), body)
    assert is_fit(reply.body, reply.status)


@given(
    method=METHODS | st.text(),
    message_id=ANYTHING,
    params=ANYTHING,
    version=st.text("0-5", max_size=3),
)
def test_any_message_is_answered(method: str, message_id: Any, params: Any, version: str) -> None:
    """Its members may hold anything."""
    body = {"jsonrpc": "2.0", "id": message_id, "method": method, "params": params}
    reply = post(here(), body, headers={"MCP-Protocol-Version": version})
    assert is_fit(reply.body, reply.status)


@settings(deadline=None)
@given(tool=st.sampled_from(sorted(TOOLS)), arguments=ARGUMENTS)
def test_any_arguments_are_answered(tool: str, arguments: dict[str, Any]) -> None:
    """By a result, that of a refusal included."""
    reply = post(here(), call(tool, arguments))
    assert reply.status == 200
    result = reply.json["result"]
    text = result["content"][0]["text"]
    assert result["isError"] == ("structuredContent" not in result)
    assert len(text) <= (400 if result["isError"] else 24_000)


@given(
    header=st.sampled_from(["Mcp-Name", "Mcp-Method", "Accept", "Content-Type", "Origin"]),
    value=st.text(),
)
def test_any_header_is_answered(header: str, value: str) -> None:
    """Whatever it says."""
    body, headers = stateless("tools/call", name="find_clients")
    reply = post(here(), body, headers={**headers, header: value})
    assert is_fit(reply.body, reply.status)


@pytest.mark.parametrize("size", [1, 1_000, 30_000])
def test_numbers_of_any_length_are_answered(size: int) -> None:
    """Where they are ids, arguments or versions."""
    digits = "9" * size
    for body in (
        f'{{"jsonrpc":"2.0","id":{digits},"method":"ping"}}',
        json.dumps(call("find_jobs", {"limit": 8})).replace("8", digits),
        f'{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":{digits}}}}}',
    ):
        reply = post(here(), body)
        assert is_fit(reply.body, reply.status)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], House]:
    """Give a house of one job, whose calls of DynamoDB fail as a test says after the first."""

    def made(error: Any) -> House:
        house = here()

        def interfere(number: int, name: str, go_on: Callable[[], Any]) -> Any:
            raise error(name)

        monkeypatch.setattr(house.counting, "interfere", interfere)
        return house

    return made


def test_a_throttled_store_is_told_in_words(failing: Callable[[Any], House]) -> None:
    """An assistant may ask again; its other messages are answered."""
    house = failing(lambda name: client_error("ThrottlingException", "slow down", name))
    result = post(house, call("find_jobs")).json["result"]
    assert result["isError"] is True
    assert "does not answer at the moment" in result["content"][0]["text"]
    assert post(house, message("ping")).json["result"] == {}
    machine = post(house, message("ping"), {"client_id": "m-all"})
    assert (machine.status, machine.headers["Retry-After"]) == (503, "2")


def test_a_failure_of_ours_is_no_answer(failing: Callable[[Any], House]) -> None:
    """It gets 500, which the alarm counts, and says nothing of its cause."""
    house = failing(lambda _: RuntimeError("the cause"))
    reply = post(house, call("find_jobs"))
    assert reply.status == 500
    assert reply.json["error"]["code"] == -32_603
    assert "cause" not in reply.body


def test_a_question_has_as_much_time_as_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes longer is refused in words, whatever it has read by then."""
    given: list[float] = []

    def answer(_: Reader, __: Any, seconds: float) -> tuple[Answer, dict[str, Any]]:
        given.append(seconds)
        return Answer(200, {}, b"{}"), {"rounds": 1, "calls": 2}

    monkeypatch.setattr(Reader, "answer", answer)
    house, moments = here(), iter([100.0, 101.0, 114.0, 114.95])
    reader = Reader(house.client, house.settings, Serial(), lambda: Instant(house.now))
    ask = ReaderAsking(reader, read_request(api_event("/mcp")), 15.0, lambda: next(moments))
    assert ask("/jobs", {"q": None}) == ask("/jobs/job-1/entries", {"limit": "1"}) == {}
    with pytest.raises(Refused, match="Ask about less"):
        ask("/jobs", {})
    assert (given, ask.rounds, ask.calls) == ([14.0, 1.0], 2, 4)
