"""Every kind of caller at ``/mcp``: each is told what is theirs, as if there were nothing else."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from tests.support.readers.assistant_posts import call, message, post
from tests.support.readers.callers import CALLERS, CLIENTS, EVERYTHING, world
from tests.support.readers.reading import House, Reply, api_event

from run_ledger.questions.tools import TOOLS
from run_ledger.read.reader import ASSISTANTS

full = cache(lambda: world(EVERYTHING))
world_of = cache(world)
SEEING = [kind for kind, caller in CALLERS.items() if caller.refused is None]
REFUSED = [kind for kind, caller in CALLERS.items() if caller.refused is not None]
OF_JOBS = ("explain_job", "why_did_it_fail")
OF_CLIENTS = [name for name in TOOLS if name not in {*OF_JOBS, "find_clients"}]
MESSAGES: dict[str, Any] = {
    "initialize": message("initialize", protocolVersion="2025-11-25"),
    "ping": message("ping"),
    "tools/list": message("tools/list"),
    "a notification": {"jsonrpc": "2.0", "method": "notifications/initialized"},
    "another method": message("resources/list"),
    "no tool": call("delete_everything"),
    "no JSON": "{",
    "a batch": [message("ping"), call("find_clients")],
}
QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in TOOLS if name not in OF_JOBS),
    *((name, {"client_id": one}) for name in OF_CLIENTS for one in (*CLIENTS, "hooli")),
    *((name, {"job_id": f"{one}-2"}) for name in OF_JOBS for one in (*CLIENTS, "hooli")),
    *(("compare_periods", {"group_by": by}) for by in ("client", "project", "pipeline")),
    *(("find_jobs", {"q": "GLOBEX-", "limit": 1}), ("find_jobs", {"sort": "cost"})),
    *(("find_jobs", {"project_id": f"{one}-project"}) for one in CLIENTS),
]


def seen(reply: Reply) -> tuple[int, str, str]:
    """Return all that a caller can tell answers apart by."""
    return reply.status, json.dumps(reply.headers), reply.body


def calls(here: House) -> list[tuple[Any, ...]]:
    """Return the calls of DynamoDB that the last answer took."""
    shapes = []
    for name, request in here.counting.requests:
        keys = {table: len(one["Keys"]) for table, one in request.get("RequestItems", {}).items()}
        shapes.append((name, request.get("TableName"), request.get("IndexName"), keys))
    return sorted(shapes, key=repr)


@pytest.mark.parametrize("kind", REFUSED)
def test_who_may_read_nothing_is_told_nothing(kind: str) -> None:
    """Whatever is sent, the answer is the one of the reads, to the byte."""
    caller = CALLERS[kind]
    expected = seen(full().get("/jobs", caller.claims))
    assert expected[0] == caller.refused
    for body in (*MESSAGES.values(), *(call(*one) for one in QUESTIONS)):
        assert seen(post(full(), body, caller.claims)) == expected


@pytest.mark.parametrize("kind", SEEING)
def test_each_caller_is_told_what_is_theirs(kind: str) -> None:
    """Answers are those of a ledger that holds the caller's things alone, after the same calls."""
    caller = CALLERS[kind]
    alone = world_of(caller.sees)
    for name, given in QUESTIONS:
        told = post(full(), call(name, given), caller.claims)
        assert told.status == 200, (name, given)
        assert told.json["result"]["content"]
        took = calls(full())
        assert seen(told) == seen(post(alone, call(name, given), caller.claims)), (name, given)
        if not caller.is_staff:
            assert took == calls(alone), (name, given)
        hidden = [one for one in EVERYTHING - caller.sees if one not in json.dumps(given)]
        assert not [one for one in hidden if one in told.body], (name, given)


@pytest.mark.parametrize("kind", SEEING)
def test_what_is_anothers_is_as_what_is_not_there(kind: str) -> None:
    """By each tool that names a job or a client: the same words, after the same calls."""
    caller = CALLERS[kind]
    for other in EVERYTHING - caller.sees:
        for name, argument in (
            *((name, "client_id") for name in OF_CLIENTS),
            *((name, "job_id") for name in OF_JOBS),
        ):
            told = []
            for client in (other, "nemo".ljust(len(other), "x")):
                wanted = f"{client}-2" if argument == "job_id" else client
                reply = post(full(), call(name, {argument: wanted}), caller.claims)
                told.append((reply.body.replace(wanted, "IT"), reply.rounds, calls(full())))
            assert told[0] == told[1], (name, other)


@pytest.mark.parametrize("body", MESSAGES.values(), ids=MESSAGES)
def test_what_names_nobody_is_answered_alike_to_all(body: Any) -> None:
    """The tools and the protocol are no secret, and say nothing of anybody."""
    body = body[:1] if isinstance(body, list) else body
    told = {seen(post(full(), body, CALLERS[kind].claims)) for kind in SEEING}
    assert len(told) == 1


@pytest.mark.parametrize("authorizer", [None, {}, {"claims": None}, {"claims": {}}])
def test_without_claims_nobody_gets_in(authorizer: Any) -> None:
    """A method that was left without its authorizer gives nothing away."""
    context = {**api_event(ASSISTANTS)["requestContext"], "authorizer": authorizer}
    reply = post(full(), call("find_clients"), requestContext=context)
    assert (reply.status, reply.headers["WWW-Authenticate"], reply.calls) == (401, "Bearer", 0)


def test_all_kinds_of_callers_are_tried() -> None:
    """As many as at the reads."""
    assert len(CALLERS) == 27
    assert {CALLERS[kind].refused for kind in REFUSED} == {401, 403}
    assert {name for name, _ in QUESTIONS} == set(TOOLS)


def test_an_emptied_grant_is_gone_at_once() -> None:
    """Nothing of it is kept in the process."""
    here = world(frozenset({"acme"}))
    here.grant("m-brief", clients=["acme"])
    asking = {"client_id": "m-brief"}
    assert '"acme"' in post(here, call("find_clients"), asking).json["result"]["content"][0]["text"]
    here.grant("m-brief", clients=[])
    assert post(here, call("find_clients"), asking).status == 403


def test_a_cursor_is_of_no_use_to_another_caller() -> None:
    """It is bound to whoever got it."""
    asked = call("find_jobs", {"limit": 1})
    first = post(full(), asked, CALLERS["staff"].claims).json["result"]["structuredContent"]
    given = {"limit": 1, "cursor": first["next_cursor"]}
    again = post(full(), call("find_jobs", given), CALLERS["one client"].claims)
    assert again.json["result"]["isError"] is True
    assert "globex" not in again.body
