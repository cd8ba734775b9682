"""Which projects are overdue, and which is due next: the answers are counted from the events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts import recount
from tests.support.recounts.views import reading_house

NOW = "2026-11-22T15:00:00.000000Z"
DUE = ("2026-11-21T00:00:00.000000Z", NOW, "2026-11-22T15:00:00.000001Z", None)
STATUSES = ("active", "paused", "completed", "archived", None)


def _project(project_id: str, client_id: str, **fields: Any) -> Envelope:
    said = {name: value for name, value in fields.items() if value is not None}
    return project_update(project_id=project_id, client_id=client_id, event_id="1", **said)


def _asked(here: House, asking: Any = STAFF, **parameters: Any) -> list[dict[str, Any]]:
    pages = here.walk("/projects", asking, **parameters)
    return [one for page in pages for one in page.json["items"]]


def _ids(found: list[dict[str, Any]]) -> list[str]:
    return [f"{one['client_id']}/{one['project_id']}" for one in found]


@pytest.fixture(scope="module")
def here() -> House:
    """Give projects of two clients: late, done in time, put off, due later, and never due."""
    past, future = "2026-11-20T00:00:00Z", "2026-12-01T00:00:00Z"
    jobs = [
        job_update(
            job_id=f"{project}-{number}",
            project_id=project,
            client_id="acme",
            event_id="1",
            status="completed",
            result=result,
        )
        for project in ("late", "whole")
        for number, result in enumerate(("succeeded", "partial", "failed", "cancelled"))
    ]
    return reading_house(
        [
            _project("late", "acme", due_at=past, jobs_expected=3, status="active"),
            _project("whole", "acme", due_at=past, jobs_expected=2, status="active"),
            _project("paused", "acme", due_at=past, jobs_expected=9, status="paused"),
            _project("later", "acme", due_at=future, jobs_expected=9),
            _project("never", "acme", jobs_expected=9),
            _project("endless", "globex", due_at="2026-11-19T00:00:00Z"),
            *jobs,
        ]
    )


def test_which_of_my_projects_are_overdue(here: House) -> None:
    """Those past their due date with work left; failed and cancelled jobs are not done."""
    assert _ids(_asked(here, overdue="true")) == ["acme/late", "globex/endless"]
    assert _ids(_asked(here, client_user("acme"), overdue="true")) == ["acme/late"]
    done = {one["project_id"]: one["jobs_done"] for one in _asked(here, client_id="acme")}
    assert done == {"late": 2, "whole": 2, "paused": 0, "later": 0, "never": 0}


def test_which_project_is_due_next(here: House) -> None:
    """By due date over all clients in view, and without one at the end; page by page."""
    everything = [
        "globex/endless",
        "acme/late",
        "acme/paused",
        "acme/whole",
        "acme/later",
        "acme/never",
    ]
    for limit in (1, 2, 100):
        assert _ids(_asked(here, sort="due", limit=limit)) == everything
    assert _ids(_asked(here, client_user("acme"), sort="due")) == everything[1:]
    assert _ids(_asked(here, sort="due", overdue="true")) == everything[:2]
    assert here.get("/projects", STAFF, sort="due").rounds <= 3


def test_a_project_of_one_client_is_asked_for_by_name() -> None:
    """Where two have jobs in projects of one id, each is shown; another client's never is."""
    here = reading_house(
        [
            _project("crm", "acme", name="CRM"),
            job_update(job_id="job-1", project_id="crm", client_id="globex", event_id="1"),
        ]
    )
    path = {"project_id": "crm"}
    for asking, client_id, name in (
        (STAFF, "acme", "CRM"),
        (STAFF, "globex", None),
        (client_user("globex", "acme"), "globex", None),
        (client_user("globex"), "globex", None),
    ):
        reply = here.get("/projects/{project_id}", asking, path=path, client_id=client_id)
        assert (reply.json["client_id"], reply.json["name"]) == (client_id, name)
    nothing = here.get("/projects/{project_id}", STAFF, path=path, client_id="nobody")
    hidden = here.get("/projects/{project_id}", client_user("globex"), path=path, client_id="acme")
    assert (nothing.status, nothing.body) == (hidden.status, hidden.body)


def test_of_too_many_clients_some_are_left_out_and_named() -> None:
    """Those with most jobs are put in order, and the answer says whose projects are missing."""
    events = [
        job_update(job_id=f"job-{n}", project_id="p", client_id=f"client-{n:03d}", event_id="1")
        for n in range(103)
    ]
    here = reading_house(events)
    reply = here.get("/projects", STAFF, sort="due", limit=100)
    assert reply.json["left_out"]["clients"] == ["client-100", "client-101", "client-102"]
    alone = here.get("/projects", STAFF, sort="due", client_id="client-102")
    assert (_ids(alone.json["items"]), alone.json["left_out"]) == (["client-102/p"], None)


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=4))
def test_what_is_overdue_is_a_recount(data: st.DataObject, envelopes: list[Envelope]) -> None:
    """Whatever was reported of projects and jobs, whoever asks, however few a page holds."""
    told = {
        name: {
            "client_id": data.draw(st.sampled_from(("client-1", "client-2"))),
            "due_at": data.draw(st.sampled_from(DUE)),
            "status": data.draw(st.sampled_from(STATUSES)),
            "jobs_expected": data.draw(st.sampled_from((None, 0, 1, 2))),
        }
        for name in ("project-1", "project-2", "project-3")
    }
    here = reading_house([*envelopes, *(_project(name, **one) for name, one in told.items())])
    asking, seen = data.draw(
        st.sampled_from(
            ((STAFF, {"client-1", "client-2"}), (client_user("client-2", "x"), {"client-2"}))
        )
    )
    done: dict[tuple[str, str], int] = {(one["client_id"], name): 0 for name, one in told.items()}
    for job in recount.recount_jobs(envelopes).values():
        place = (job["client_id"], job["project_id"])
        done[place] = done.get(place, 0) + (job["result"] in ("succeeded", "partial"))
    due: dict[tuple[str, str], str] = {}
    late = set()
    for name, one in told.items():
        place = (one["client_id"], name)
        due[place] = one["due_at"] or "~"
        expected = one["jobs_expected"]
        is_left = expected is None or done[place] < expected
        if due[place] <= NOW and is_left and one["status"] in ("active", None):
            late.add(place)
    ordered = sorted((due.get(place, "~"), *place) for place in done if place[0] in seen)
    limit = data.draw(st.sampled_from((1, 100)))
    found = _asked(here, asking, sort="due", limit=limit)
    assert [(one["client_id"], one["project_id"]) for one in found] == [
        (client, project) for _, client, project in ordered
    ]
    assert [one["jobs_done"] for one in found] == [
        done[client, project] for _, client, project in ordered
    ]
    for is_late in (True, False):
        asked = _asked(here, asking, overdue=str(is_late).lower(), limit=limit)
        assert {(one["client_id"], one["project_id"]) for one in asked} == {
            place for place in done if place[0] in seen and (place in late) is is_late
        }
