"""Clients that have sent updates of projects and no job yet: who sees all sees them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update, project_update
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import House, client_user, house
from tests.support.recounts.audits import audit, drifts


@pytest.fixture
def here() -> House:
    """Give a house to which three clients reported, one of them nothing but projects."""
    made = House(Querying(empty_store()))  # type: ignore[arg-type]
    made.post(
        job_update(client_id="a", project_id="p1"),
        project_update(client_id="b", project_id="p2", event_id="1", name="First"),
        project_update(client_id="b", project_id="p3", event_id="1"),
        project_update(client_id="b", project_id="p2", event_id="2", delta={"pages": 3}),
        job_update(job_id="job-c", client_id="c", project_id="p4"),
        project_update(client_id="c", project_id="p4", event_id="1"),
    )
    return made


def walk(here: House, path: str, name: str, *asking: Any) -> list[str]:
    """Return the ids in a list, followed by pages of one."""
    pages = here.walk(path, *asking, limit=1)
    return [one[name] for page in pages for one in page.json["items"]]


def test_they_are_in_the_directories(here: House) -> None:
    """With no jobs, and each of their projects once; nobody else sees them."""
    assert walk(here, "/clients", "client_id") == ["a", "b", "c"]
    assert walk(here, "/projects", "project_id") == ["p1", "p2", "p3", "p4"]
    assert walk(here, "/clients", "client_id", client_user("a", "c")) == ["a", "c"]
    assert walk(here, "/projects", "project_id", client_user("a")) == ["p1"]

    alone = here.get("/clients/{client_id}", path={"client_id": "b"}).json
    assert (alone["jobs"]["total"], alone["declared"]) == (0, False)
    of_c = here.get("/clients/{client_id}", path={"client_id": "c"}).json
    assert of_c["jobs"]["total"] == of_c["jobs"]["running"] == 1
    assert here.get("/clients/{client_id}", client_user("a"), path={"client_id": "b"}).status == 404


def test_figures_have_nothing_of_them(here: House) -> None:
    """Totals are of jobs; errors and trends of such a client are empty."""
    overview = here.get("/overview").json
    assert overview["totals"]["running"] == 2
    (of_b,) = [one for one in overview["clients"] if one["client_id"] == "b"]
    assert (of_b["running"], of_b["created"], of_b["error_rate"]) == (0, 0, None)
    assert here.get("/errors").json["items"] == []


def test_only_the_first_update_of_a_project_costs_a_row() -> None:
    """Neither a delta nor a change of its state writes to the totals again."""
    meter = Meter()
    store = empty_store()
    here = House(store.client(meter.script))  # type: ignore[arg-type]
    here.post(project_update(event_id="1", status="active"))
    assert meter.write_units[NAMES.rollups] == 2
    here.post(project_update(event_id="2", delta={"pages": 3}))
    here.post(project_update(event_id="3", status="paused", occurred_at="2020-01-01T00:00:00Z"))
    assert meter.write_units[NAMES.rollups] == 2


def test_an_audit_counts_those_from_before() -> None:
    """A ledger of an earlier version has no such count; a repair makes it."""
    with house() as here:
        here.post(project_update(client_id="b", project_id="p", event_id="1"))
        (row,) = here.client.scan(TableName=NAMES.rollups)["Items"]
        key = {name: row[name] for name in ("pk", "sk")}
        here.client.delete_item(TableName=NAMES.rollups, Key=key)
        assert here.get("/clients").json["items"] == []

        assert drifts(audit(here.client, repair=True)) == {("row", "clients b", "projects", 0, 1)}
        assert [one["client_id"] for one in here.get("/clients").json["items"]] == ["b"]
        assert audit(here.client).drifts == []
