"""``/clients``, one client, its configuration: what is there, and that no secret ever is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.tables import NAMES
from tests.support.events import strategies
from tests.support.events.builders import job_update
from tests.support.readers import declared
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts.views import reading_house

MACHINE = {"username": "", "client_id": "m-1", "sub": "m-1"}
OUTCOMES = ("queued", "running", "succeeded", "partial", "failed", "cancelled", "timed_out")
NO_JOBS = dict.fromkeys(("total", *OUTCOMES), 0)
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/token"


@pytest.fixture
def here() -> House:
    """Give three clients: acme declared and reporting, globex reporting, initech declared."""
    made = reading_house(
        [
            job_update(job_id="job-1", client_id="acme", event_id="1", status="running"),
            job_update(job_id="job-2", client_id="acme", event_id="1", status="queued"),
            job_update(
                job_id="job-3",
                client_id="globex",
                event_id="1",
                status="completed",
                result="failed",
            ),
        ]
    )
    declared.declare(
        made.client,
        "acme",
        name="Acme",
        description="Tools",
        contact="a@b.test",
        tags={"tier": "1"},
    )
    declared.declare(made.client, "initech", name="Initech")
    return made


def _get(here: House, path: str, client_id: str, asking: Mapping[str, Any] = STAFF) -> Any:
    return here.get(path, asking, path={"client_id": client_id})


def test_a_client_is_shown_whole(here: House) -> None:
    """Its profile, and its jobs as they are now."""
    acme = {
        "client_id": "acme",
        "name": "Acme",
        "description": "Tools",
        "contact": "a@b.test",
        "tags": {"tier": "1"},
        "jobs": {**NO_JOBS, "total": 2, "running": 1, "queued": 1},
        "declared": True,
    }
    assert _get(here, "/clients/{client_id}", "acme").json == acme
    assert here.get("/clients", STAFF).json["items"][0] == acme


def test_a_client_need_not_be_declared_nor_report(here: House) -> None:
    """One that only reports has no name; one that was only declared has no jobs."""
    listed = here.get("/clients", STAFF).json
    assert (listed["next_cursor"], listed["covers"]) == (None, None)
    _, globex, initech = listed["items"]
    assert globex == {
        "client_id": "globex",
        "name": None,
        "description": None,
        "contact": None,
        "tags": {},
        "jobs": {**NO_JOBS, "total": 1, "failed": 1},
        "declared": False,
    }
    assert (initech["client_id"], initech["declared"], initech["jobs"]) == (
        "initech",
        True,
        NO_JOBS,
    )


def test_callers_see_their_clients_alone(here: House) -> None:
    """In the list and one by one; what isn't theirs is what isn't there, to the letter."""
    here.grant("m-1", clients=["globex", "nobody"])
    for asking, seen in (
        (client_user("acme"), ["acme"]),
        (client_user("initech", "acme", "nobody"), ["acme", "initech"]),
        (client_user("nobody"), []),
        (MACHINE, ["globex"]),
    ):
        listed = here.get("/clients", asking)
        assert [one["client_id"] for one in listed.json["items"]] == seen
        for path in ("/clients/{client_id}", "/clients/{client_id}/config"):
            nothing = _get(here, path, "nobody", asking)
            assert nothing.status == 404
            for client_id in ("acme", "globex", "initech", "app#m-1", "clients", "a/b", ""):
                reply = _get(here, path, client_id, asking)
                if client_id in seen:
                    assert reply.json["client_id"] == client_id
                else:
                    assert (reply.status, reply.body) == (404, nothing.body)


@given(data=st.data())
def test_pages_are_a_partition(data: st.DataObject) -> None:
    """Following cursors gives every client once, by id, however few or many a page holds."""
    ids = st.lists(strategies.identifiers, max_size=9, unique=True)
    reporting, declaring = data.draw(ids), data.draw(ids)
    here = reading_house(
        [
            job_update(job_id=f"job-{number}", client_id=name, event_id=str(again), stage="x")
            for number, name in enumerate(reporting)
            for again in range(3)
        ],
        page_bytes=data.draw(st.sampled_from((300, 1_000_000))),
    )
    for name in declaring:
        declared.declare(here.client, name)
    here.grant("m-1", staff=True)
    asking = data.draw(st.sampled_from((STAFF, MACHINE, client_user(*reporting, "nobody"))))
    limit = data.draw(st.sampled_from((1, 2, 3, 100)))
    pages = list(here.walk("/clients", asking, limit=limit))
    assert all(page.rounds <= 3 for page in pages)
    assert all(len(page.json["items"]) <= limit for page in pages)
    found = [one for page in pages for one in page.json["items"]]
    there = {*reporting, *declaring} if asking.get("username") != "u-2" else {*reporting}
    assert [one["client_id"] for one in found] == sorted(there)
    assert {one["client_id"] for one in found if one["declared"]} == there & {*declaring}
    assert {one["client_id"] for one in found if one["jobs"]["total"]} == there & {*reporting}


def test_configuration(here: House) -> None:
    """Plain parameters by name; secrets counted."""
    declared.configure(here.client, "acme", "region", value="eu", not_secret="it is a region")
    declared.configure(here.client, "acme", "model", value="small")
    declared.configure(here.client, "acme", "token", secret_ref=ARN)
    assert _get(here, "/clients/{client_id}/config", "acme").json == {
        "client_id": "acme",
        "parameters": [
            {
                "name": name,
                "value": value,
                "description": f"About {name}.",
                "updated_at": declared.UPDATED_AT,
            }
            for name, value in (("model", "small"), ("region", "eu"))
        ],
        "secrets_omitted": 1,
    }
    for client_id in ("globex", "initech"):
        assert _get(here, "/clients/{client_id}/config", client_id).json == {
            "client_id": client_id,
            "parameters": [],
            "secrets_omitted": 0,
        }


def test_long_configurations_take_more_rounds(here: House) -> None:
    """Three answers of DynamoDB are put together; that is far more than can be declared."""
    for number in range(12):
        declared.configure(here.client, "acme", f"p{number:02d}", value="x" * 300)
    here.client.page_bytes = 1_500  # type: ignore[attr-defined]
    reply = _get(here, "/clients/{client_id}/config", "acme")
    assert [one["name"] for one in reply.json["parameters"]] == [f"p{n:02d}" for n in range(12)]
    assert reply.rounds == 3


@given(
    secrets=st.lists(
        st.fixed_dictionaries(
            {"secret_ref": st.uuids().map(lambda one: f"{ARN}-{one}")},
            # What a person may have written by hand: a value beside the reference, another kind.
            optional={
                "value": st.uuids().map(lambda one: f"SECRET-{one}"),
                "kind": st.sampled_from(("secret", "SECRET", "", "Plain")),
            },
        ),
        max_size=4,
    )
)
def test_no_secret_gets_out(secrets: list[dict[str, str]]) -> None:
    """Neither in an answer, nor in what is logged of it; and no call so much as asks for one."""
    here = reading_house([job_update(client_id="acme", event_id="1")])
    declared.declare(here.client, "acme")
    declared.configure(here.client, "acme", "open", value="shown")
    for number, secret in enumerate(secrets):
        declared.configure(here.client, "acme", f"s{number}", **{"kind": "secret", **secret})
    hidden = [text for secret in secrets for name, text in secret.items() if name != "kind"]
    for path in ("/clients", "/clients/{client_id}", "/clients/{client_id}/config"):
        for client_id in ("acme", "param#s0", "clients"):
            reply = _get(here, path, client_id)
            told = json.dumps([reply.body, reply.headers, reply.log])
            assert not any(text in told for text in [*hidden, ARN, "secret_ref"])
            assert_attributes_are_named(here)
    config = _get(here, "/clients/{client_id}/config", "acme").json
    assert [one["value"] for one in config["parameters"]] == ["shown"]
    assert config["secrets_omitted"] == len(secrets)


def assert_attributes_are_named(here: House) -> None:
    """Each call on the table Clients names attributes, no reference: what the policy asks."""
    for name, request in here.counting.requests:
        if request["TableName"] == NAMES.clients:
            assert name == "query"
            assert request["Select"] == "SPECIFIC_ATTRIBUTES"
            assert request["ProjectionExpression"]
            assert "secret_ref" not in json.dumps(request)


@pytest.mark.parametrize("path", ["/clients/{client_id}", "/clients/{client_id}/config"])
def test_one_client_takes_no_parameter(here: House, path: str) -> None:
    """And says so."""
    reply = here.get(path, STAFF, path={"client_id": "acme"}, limit=5)
    assert (reply.status, reply.json["parameter"]) == (400, "limit")


def test_cursors_belong_to_their_caller(here: House) -> None:
    """One of staff's is no good for a client's user, and the other way round."""
    cursor = here.get("/clients", STAFF, limit=1).json["next_cursor"]
    assert here.get("/clients", STAFF, cursor=cursor).json["items"][0]["client_id"] == "globex"
    reply = here.get("/clients", client_user("acme", "globex"), cursor=cursor)
    assert (reply.status, reply.json["parameter"]) == (400, "cursor")
