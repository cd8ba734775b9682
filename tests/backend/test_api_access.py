"""Every path × every kind of caller: what each gets, and that nobody gets more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.support.events import job_update
from tests.support.reading import STAFF, House, api_event, client_user, house

JOB = {"job_id": "job-1"}
PATHS: dict[str, dict[str, str]] = {
    "/jobs": {},
    "/jobs/{job_id}": JOB,
    "/jobs/{job_id}/entries": JOB,
    "/rejections": {},
}
MACHINE: dict[str, Any] = {}
CALLERS: dict[str, Mapping[str, Any]] = {
    "staff": STAFF,
    "client": client_user("client-1"),
    "other client": client_user("other"),
    "two clients": client_user("other", "client-1"),
    "no group": {"username": "u-3"},
    "odd group": {"username": "u-3", "cognito:groups": "Staff"},
    "machine for all": {"client_id": "m-all"},
    "machine of the client": {"client_id": "m-client"},
    "machine of another": {"client_id": "m-other"},
    "machine without grant": {"client_id": "m-none"},
    "machine with empty grant": {"client_id": "m-empty"},
    "machine with a group": {"client_id": "m-none", "cognito:groups": "staff"},
    "id token": {**STAFF, "token_use": "id"},
    "no scope": {**STAFF, "scope": "openid email"},
    "another scope": {**STAFF, "scope": "run-ledger/write"},
}
# Of each path in PATHS: the status; for /jobs also whether the job is in the list.
EXPECTED: dict[str, tuple[int, bool, int, int, int]] = {
    "staff": (200, True, 200, 200, 200),
    "client": (200, True, 200, 200, 403),
    "other client": (200, False, 404, 404, 403),
    "two clients": (200, True, 200, 200, 403),
    "no group": (403, False, 403, 403, 403),
    "odd group": (403, False, 403, 403, 403),
    "machine for all": (200, True, 200, 200, 200),
    "machine of the client": (200, True, 200, 200, 403),
    "machine of another": (200, False, 404, 404, 403),
    "machine without grant": (403, False, 403, 403, 403),
    "machine with empty grant": (403, False, 403, 403, 403),
    "machine with a group": (403, False, 403, 403, 403),
    "id token": (401, False, 401, 401, 401),
    "no scope": (403, False, 403, 403, 403),
    "another scope": (403, False, 403, 403, 403),
}


@pytest.fixture(scope="module")
def here() -> Iterator[House]:
    """Give a house with one job of client-1, one rejected event, and the machines' grants."""
    with house() as made:
        made.post(job_update(status="running"), "not json")
        made.grant("m-all", staff=True)
        made.grant("m-client", clients=["client-1"])
        made.grant("m-other", clients=["other"])
        made.grant("m-empty", clients=[])
        yield made


def test_the_table_is_whole() -> None:
    """No kind of caller is left out, and no path of the API."""
    from run_ledger.read.reader import ROUTES  # noqa: PLC0415 - only this test needs it

    assert EXPECTED.keys() == CALLERS.keys()
    assert PATHS.keys() == ROUTES.keys()


@pytest.mark.parametrize("kind", CALLERS)
def test_each_caller_gets_what_is_theirs(here: House, kind: str) -> None:
    """Nothing of the job shows in any answer to one who may not see it."""
    listed, is_in_list, *others = EXPECTED[kind]
    replies = {name: here.get(name, CALLERS[kind], path=path) for name, path in PATHS.items()}

    assert [reply.status for reply in replies.values()] == [listed, *others]
    assert ("job-1" in replies["/jobs"].body) is is_in_list
    for reply in replies.values():
        if reply.status != 200:
            assert "client-1" not in reply.body
            assert reply.headers["Content-Type"] == "application/problem+json"
            assert "ETag" not in reply.headers
        assert reply.headers["Cache-Control"] == "private, no-cache"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("authorizer", [None, {}, {"claims": None}, {"claims": {}}])
def test_without_claims_nobody_gets_in(here: House, authorizer: Any) -> None:
    """A method that was left without its authorizer gives nothing away."""
    for name, path in PATHS.items():
        event = api_event(name, path=path)
        event["requestContext"]["authorizer"] = authorizer
        reply = here.ask(event)
        assert (reply.status, reply.headers["WWW-Authenticate"], reply.calls) == (401, "Bearer", 0)


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
    here.get("/jobs", CALLERS["machine for all"])
    asked = [
        arguments
        for _, arguments in here.counting.requests
        if arguments.get("TableName") == "clients"
    ]

    assert [set(one["ExpressionAttributeNames"].values()) for one in asked] == [
        {"clients", "staff"}
    ]
    assert [one["ConsistentRead"] for one in asked] == [True]


def test_a_grant_costs_no_round_of_its_own(here: House) -> None:
    """It is read beside whatever else comes first."""
    for kind in ("machine for all", "machine of the client"):
        for name, path in PATHS.items():
            assert here.get(name, CALLERS[kind], path=path).rounds <= 3
