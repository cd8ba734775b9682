"""Mistakes and attacks: each gets a problem document that says what is wrong, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.events.builders import job_update
from tests.support.readers.reading import NOW, House, api_event, client_user, house

from run_ledger.domain.instants import text

JOB = {"job_id": "job-1"}


@pytest.fixture(scope="module")
def here() -> Iterator[House]:
    """Give a house with a few jobs of two clients."""
    with house() as made:
        for number in range(6):
            client_id = ("a", "b")[number % 2]
            moment = text(NOW - number)
            made.post(
                job_update(job_id=f"job-{number}", client_id=client_id, occurred_at=moment),
                job_update(
                    job_id=f"job-{number}", client_id=client_id, occurred_at=moment, event_id="2"
                ),
            )
        yield made


def test_a_problem_document_has_its_members(here: House) -> None:
    """RFC 9457, with the parameter's name beside."""
    reply = here.get("/jobs", limit=0)

    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json == {
        "type": "urn:run-ledger:problem:invalid-parameter",
        "title": "A parameter is wrong",
        "status": 400,
        "detail": "limit: got '0'; allowed: an integer from 1 to 200",
        "parameter": "limit",
    }


@pytest.mark.parametrize(
    ("resource", "parameters", "name"),
    [
        ("/jobs", {"page": 1}, "page"),
        ("/jobs", {"limit": [1, 1]}, "limit"),
        ("/jobs", {"status": "running", "result": "failed"}, "result"),
        ("/jobs", {"client_id": "' OR 1=1"}, "client_id"),
        ("/jobs/{job_id}", {"limit": 1}, "limit"),
        ("/jobs/{job_id}/entries", {"limit": 1001}, "limit"),
        ("/jobs/{job_id}/entries", {"status": "running"}, "status"),
        ("/rejections", {"client_id": "a"}, "client_id"),
    ],
)
def test_a_wrong_parameter_is_named(
    here: House, resource: str, parameters: dict[str, Any], name: str
) -> None:
    """Before any call is made."""
    reply = here.get(resource, path=JOB, **parameters)

    assert (reply.status, reply.json["parameter"], reply.calls) == (400, name, 0)


def test_a_gateway_without_multiple_values_is_understood(here: House) -> None:
    """Parameters and headers come in one form or in both."""
    event = api_event("/jobs", parameters={"limit": ["1"]})
    event["multiValueQueryStringParameters"] = None
    first = here.ask(event)
    assert len(first.json["items"]) == 1

    event["headers"] = {"if-none-match": first.headers["ETag"]}
    assert here.ask(event).status == 304


def test_cursors_do_for_their_own_query_only(here: House) -> None:
    """Another path, filter, caller, job or stack: 400, and the limit may change."""
    staff = here.get("/jobs", limit=1).json["next_cursor"]
    client = here.get("/jobs", client_user("a"), limit=1).json["next_cursor"]
    narrowed = here.get("/jobs", client_id="a", limit=1).json["next_cursor"]
    entries = here.get("/jobs/{job_id}/entries", path=JOB, limit=1).json["next_cursor"]

    assert here.get("/jobs", cursor=staff, limit=3).status == 200
    for reply in (
        here.get("/jobs", client_user("a"), cursor=staff),
        here.get("/jobs", cursor=client),
        here.get("/jobs", client_user("b"), cursor=client),
        here.get("/jobs", client_user("a", "b"), cursor=client),
        here.get("/jobs", {"client_id": "machine"}, cursor=staff),
        here.get("/jobs", cursor=narrowed),
        here.get("/jobs", client_id="b", cursor=narrowed),
        here.get("/jobs", client_id="a", cursor=staff),
        here.get("/jobs", status="running", cursor=staff),
        here.get("/jobs", cursor=entries),
        here.get("/rejections", cursor=staff),
        here.get("/jobs/{job_id}/entries", path={"job_id": "job-2"}, cursor=entries),
        here.get("/jobs", cursor=staff[:-1]),
        here.get("/jobs", cursor="A" + staff),
        here.get("/jobs", cursor=""),
        here.get("/jobs", cursor="eyJwIjoiMjAyNiJ9"),
    ):
        assert (reply.status, reply.json["parameter"], reply.calls) == (400, "cursor", 0)


@pytest.mark.parametrize(
    "job_id", ["", "a#b", "../jobs", "x" * 129, "x" * 5000, "%00", "job-1%20", "é", "job-1\n"]
)
@pytest.mark.parametrize("resource", ["/jobs/{job_id}", "/jobs/{job_id}/entries"])
def test_an_id_that_none_can_have_is_not_there(here: House, resource: str, job_id: str) -> None:
    """As any other that isn't there, and no key is made of it."""
    missing = here.get(resource, path={"job_id": "no-such"})
    reply = here.get(resource, path={"job_id": job_id})

    assert (reply.status, reply.body, reply.calls) == (404, missing.body, 0)


def test_an_id_may_come_encoded(here: House) -> None:
    """A colon may travel as %3A."""
    here.post(job_update(job_id="a:b"))

    assert here.get("/jobs/{job_id}", path={"job_id": "a%3Ab"}).json["job_id"] == "a:b"


def test_unknown_paths_and_methods_are_refused(here: House) -> None:
    """404 and 405 for those whom API Gateway lets through all the same."""
    assert here.get("/secrets").status == 404
    assert here.get("/jobs/").status == 404
    for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get "):
        reply = here.get("/jobs", method=method)
        assert (reply.status, reply.headers["Allow"]) == (405, "GET")


def test_only_one_who_asks_properly_learns_which_paths_there_are(here: House) -> None:
    """Without a token every path and method looks the same."""
    assert here.get("/secrets", {"token_use": "id"}).status == 401
    assert here.get("/jobs", {"token_use": "id"}, method="POST").status == 401
