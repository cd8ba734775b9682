"""Every path × every kind of caller: each sees what is theirs, as if there were nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from tests.support.events.builders import job_update
from tests.support.readers.callers import (
    ASKED,
    CALLERS,
    EVERYTHING,
    NOT_THERE,
    OF_NOBODY,
    STAFF_ONLY,
    Ask,
    Caller,
    replies,
    world,
)
from tests.support.readers.reading import House, Reply, api_event, house

from run_ledger.read.gateway.description import DESCRIPTION
from run_ledger.read.reader import ROUTES

full = cache(lambda: world(EVERYTHING))
world_of = cache(world)
CASES = [pytest.param(path, kind, id=f"{path} by {kind}") for path in ROUTES for kind in CALLERS]


def answered(here: House, path: str, kind: str) -> Iterator[tuple[Ask, list[Reply]]]:
    """Yield all that a caller is answered under *path*."""
    for ask in ASKED[path]:
        yield ask, replies(here, path, ask, CALLERS[kind].claims)


def texts(found: list[Reply]) -> list[tuple[int, dict[str, str], str]]:
    """Return all that a caller can tell answers apart by."""
    return [(one.status, one.headers, one.body) for one in found]


def expected_status(caller: Caller, owner: str | None) -> int:
    """Return what the first answer's status is to be."""
    if caller.refused is not None:
        return caller.refused
    if owner == STAFF_ONLY:
        return 200 if caller.is_staff else 403
    return 200 if owner is None or owner in caller.sees else 404


def test_the_table_is_whole() -> None:
    """No path of the API is left out, and each names somebody's things or is a list."""
    assert ASKED.keys() == ROUTES.keys()
    for path, asked in ASKED.items():
        owners = {ask.owner for ask in asked}
        if "{" in path and path not in OF_NOBODY:
            assert owners >= {*EVERYTHING, NOT_THERE}


@pytest.mark.parametrize(("path", "kind"), CASES)
def test_each_caller_gets_what_is_theirs(path: str, kind: str) -> None:
    """Found, not there, or refused; a refusal says nothing of what there is."""
    caller = CALLERS[kind]
    for ask, found in answered(full(), path, kind):
        assert found[0].status == expected_status(caller, ask.owner), ask
        for reply in found:
            assert reply.headers["Cache-Control"] == "private, no-cache"
            assert ("ETag" in reply.headers) == (reply.status in {200, 304})
            # Its examples are of a published ledger, whose clients have the same names.
            is_public = path == DESCRIPTION and reply.status == 200
            for hidden in () if is_public else EVERYTHING - caller.sees:
                assert hidden not in reply.body


@pytest.mark.parametrize(("path", "kind"), CASES)
def test_what_is_not_yours_is_as_if_it_were_not_there(path: str, kind: str) -> None:
    """Answers are those of a ledger that holds the caller's things alone: each byte and header."""
    alone = answered(world_of(CALLERS[kind].sees), path, kind)
    for (ask, found), (_, wanted) in zip(answered(full(), path, kind), alone, strict=True):
        assert texts(found) == texts(wanted), ask


@pytest.mark.parametrize(("path", "kind"), CASES)
def test_nothing_tells_hidden_things_from_none(path: str, kind: str) -> None:
    """All that is not to be seen is answered alike, whatever it is asked for by."""
    refused = [found for _, found in answered(full(), path, kind) if found[0].status >= 400]
    assert all(texts(found) == texts(refused[0]) for found in refused)


def test_the_tables_tell_callers_apart() -> None:
    """Some are answered, some refused in each way, and lists have several pages."""
    assert {caller.refused for caller in CALLERS.values()} == {None, 401, 403}
    pages = replies(full(), "/jobs", Ask({}, {"limit": "1"}), CALLERS["staff"].claims)
    assert sum(len(page.json["items"]) for page in pages if page.body) == 9


def test_a_tag_of_what_is_hidden_is_of_no_use() -> None:
    """Who knows the ETag of somebody else's job learns nothing by it."""
    path, hidden, absent = "/jobs/{job_id}", {"job_id": "globex-1"}, {"job_id": "hooli-1"}
    tag = full().get(path, CALLERS["staff"].claims, path=hidden).headers["ETag"]
    asking = {"asking": CALLERS["one client"].claims, "headers": {"If-None-Match": tag}}
    known, unknown = (full().get(path, path=one, **asking) for one in (hidden, absent))
    assert texts([known]) == texts([unknown])
    assert known.status == 404


@pytest.mark.parametrize("authorizer", [None, {}, {"claims": None}, {"claims": {}}])
def test_without_claims_nobody_gets_in(authorizer: Any) -> None:
    """A method that was left without its authorizer gives nothing away."""
    for path in ROUTES:
        event = api_event(path, path=ASKED[path][0].path)
        event["requestContext"]["authorizer"] = authorizer
        reply = full().ask(event)
        assert (reply.status, reply.headers["WWW-Authenticate"], reply.calls) == (401, "Bearer", 0)


def test_without_the_names_of_peoples_apps_no_person_gets_in() -> None:
    """A stage that lost its variable is no way around; machines have their grants."""
    for variables in (None, {}, {"people_clients": ""}, {"other": "site-app"}):
        event = api_event("/jobs", CALLERS["staff"].claims) | {"stageVariables": variables}
        assert full().ask(event).status == 401
        event = api_event("/jobs", CALLERS["machine for all"].claims) | {
            "stageVariables": variables
        }
        assert full().ask(event).status == 200


@pytest.fixture(scope="module")
def here() -> Iterator[House]:
    """Give a house with one job of client-1."""
    with house() as made:
        made.post(job_update(status="running"))
        yield made


def test_a_withdrawn_grant_is_gone_at_once(here: House) -> None:
    """Nothing of it is kept in the process."""
    asking = {"client_id": "m-brief"}
    here.grant("m-brief", clients=["client-1"])
    assert here.get("/jobs", asking).status == 200

    here.client.delete_item(
        TableName="clients", Key={"pk": {"S": "app#m-brief"}, "sk": {"S": "grant"}}
    )
    assert here.get("/jobs", asking).status == 403


def test_a_grant_may_hold_its_clients_as_a_set(here: House) -> None:
    """That is what a console offers to whoever writes one by hand."""
    item: Any = {"pk": {"S": "app#m-set"}, "sk": {"S": "grant"}, "clients": {"SS": ["client-1"]}}
    here.client.put_item(TableName="clients", Item=item)
    reply = here.get("/jobs", {"client_id": "m-set"})
    assert (reply.status, "job-1" in reply.body) == (200, True)


def test_the_reader_names_the_attributes_of_clients_that_it_wants(here: House) -> None:
    """A request that names none asks for all, where secrets lie too, and IAM refuses it."""
    here.get("/jobs", CALLERS["machine for all"].claims)
    asked = [
        arguments
        for _, arguments in here.counting.requests
        if arguments.get("TableName") == "clients"
    ]

    assert [set(one["ExpressionAttributeNames"].values()) for one in asked] == [
        {"pk", "sk", "clients", "staff"}
    ]
    assert [one["Select"] for one in asked] == ["SPECIFIC_ATTRIBUTES"]
    assert [one["ConsistentRead"] for one in asked] == [True]


@pytest.mark.parametrize("path", ROUTES)
def test_a_grant_costs_no_round_of_its_own(path: str) -> None:
    """It is read beside whatever else comes first."""
    for kind in ("machine for all", "machine of one client", "machine of several"):
        for _, found in answered(full(), path, kind):
            assert max(reply.rounds for reply in found) <= 3
