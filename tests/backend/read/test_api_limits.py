"""Limits: of what is sent to each path, and of what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.querying import Querying
from tests.support.events.builders import job_update
from tests.support.readers.callers import ASKED, CALLERS, EVERYTHING, Ask, world
from tests.support.readers.ledgers import empty_store, make_ledger, post
from tests.support.readers.reading import STAFF, House, Reply, api_event

from run_ledger.openapi.endpoints import ENDPOINTS
from run_ledger.read.reader import ROUTES

LAMBDA_BYTES = 6 * 1024 * 1024
PAGED = [path for path in ROUTES if "cursor" in {one.name for one in ENDPOINTS[path].parameters}]
full = cache(lambda: world(EVERYTHING))


def get(path: str, kind: str, ask: Ask, **more: str) -> Reply:
    """Ask, with *more* parameters in place of others."""
    return full().get(path, CALLERS[kind].claims, path=ask.path, **{**ask.query, **more})


def cursors(path: str, kind: str) -> Iterator[tuple[Ask, str]]:
    """Yield the cursors that pages of one item give."""
    for ask in ASKED[path]:
        reply = get(path, kind, ask, limit="1")
        if reply.status == 200 and reply.json["next_cursor"]:
            yield ask, reply.json["next_cursor"]


def refused(reply: Reply) -> bool:
    """Return whether the cursor was refused before any call."""
    return (reply.status, reply.json.get("parameter"), reply.calls) == (400, "cursor", 0)


@pytest.mark.parametrize("path", PAGED)
def test_a_cursor_does_for_its_own_caller_and_query_alone(path: str) -> None:
    """Of another path, filter, caller or stack, or changed in any place: 400."""
    tried = 0
    for ask, cursor in cursors(path, "staff"):
        assert get(path, "staff", ask, limit="3", cursor=cursor).status == 200
        for other in PAGED:
            for strange in ASKED[other]:
                query = {**strange.query, "limit": "1"}
                if (other, strange.path, query) != (path, ask.path, {**ask.query, "limit": "1"}):
                    assert refused(get(other, "staff", strange, limit="1", cursor=cursor))
        for kind in ("one client", "two clients", "machine for all"):
            reply = get(path, kind, ask, cursor=cursor)
            assert refused(reply) or reply.status in {403, 404}
        for at in (0, len(cursor) // 2, len(cursor) - 1):
            changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
            assert refused(get(path, "staff", ask, cursor=changed))
        tried += 1
    assert tried or path in {"/rejections", "/errors"}


@pytest.mark.parametrize("path", ROUTES)
@given(
    name=st.sampled_from(["limit", "cursor", "client_id", "status", "q", "from", "no_such"])
    | st.text(max_size=20),
    value=st.text(max_size=40) | st.sampled_from(["9" * 9_000, "x" * 9_000, "\x00", "%", "🦔"]),
    times=st.integers(1, 3),
)
def test_whatever_is_sent_the_answer_is_in_proportion(
    path: str, name: str, value: str, times: int
) -> None:
    """A refusal names the parameter and is short, however long that is which was sent."""
    ask = ASKED[path][0]
    event = api_event(path, STAFF, path=ask.path, parameters={name: [value] * times})
    reply = full().ask(event)
    assert reply.status in {200, 400, 404}
    if reply.status == 400:
        assert "parameter" in reply.json
        assert len(reply.body) < 2_000
        assert reply.calls == 0 or path == "/trends"


@pytest.mark.parametrize("path", [path for path in ROUTES if "{" in path])
@pytest.mark.parametrize("wrong", ["", "a b", "x" * 129, "x" * 9_000, "é", "../jobs", "a\n", "%25"])
def test_an_id_that_nothing_can_have_is_not_there(path: str, wrong: str) -> None:
    """No call is made for it, and it is answered as any that isn't there."""
    (name,) = ASKED[path][0].path
    absent = full().get(path, STAFF, path={name: "no-such"})
    reply = full().get(path, STAFF, path={name: wrong})
    assert (reply.status, reply.body, reply.calls) == (404, absent.body, 0)


def carried(reply: Reply) -> int:
    """Return how many bytes Lambda has to carry, where it writes what isn't ASCII in full."""
    answer = {"statusCode": reply.status, "headers": reply.headers, "body": reply.body}
    return len(json.dumps(answer, ensure_ascii=True))


@pytest.mark.parametrize("character", ["\x00", "é", "€", "🦔", '"'])
def test_the_largest_jobs_fit_into_answers(character: str) -> None:
    """Jobs as large as an item may be, of whatever grows most: pages hold fewer, and all come."""
    message = character * min(1_024, 1_200 // len(character.encode()))
    ledger = make_ledger(store := empty_store())
    for number in range(3):
        said = [
            job_update(
                job_id=f"job-{number}",
                event_id=f"e{attempt}",
                attempt=attempt,
                status="completed",
                result="failed",
                error={"type": "t", "message": message, "fingerprint": "f"},
            )
            for attempt in range(1, 240)
        ]
        for start in range(0, len(said), 60):
            assert not post(ledger, said[start : start + 60]).failures
    here = House(Querying(store))  # type: ignore[arg-type]
    pages = list(here.walk("/jobs", STAFF, limit=200))
    assert sum(len(page.json["items"]) for page in pages) == 3
    alone = here.get("/jobs/{job_id}", STAFF, path={"job_id": "job-1"})
    assert alone.status == 200
    assert max(carried(page) for page in [*pages, alone]) < LAMBDA_BYTES


def test_what_no_answer_can_carry_is_no_half_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is our failure: 500, and a line in the log."""
    monkeypatch.setattr("run_ledger.read.answers._LAMBDA_BYTES", 100)
    reply = full().get("/jobs", STAFF)
    assert reply.status == 500
    assert len(reply.body) < 200
