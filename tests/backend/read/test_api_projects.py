"""``/projects`` and one project: what updates said, what jobs come to, and whose it is."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers import declared
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts import recount
from tests.support.recounts.views import reading_house

MACHINE = {"username": "", "client_id": "m-1", "sub": "m-1"}
OUTCOMES = ("queued", "running", "succeeded", "partial", "failed", "cancelled", "timed_out")
NO_JOBS = dict.fromkeys(("total", *OUTCOMES), 0)


def _project(project_id: str, client_id: str, **fields: Any) -> Envelope:
    return project_update(project_id=project_id, client_id=client_id, **fields)


def _job(job_id: str, project_id: str, client_id: str, **fields: Any) -> Envelope:
    return job_update(
        job_id=job_id, project_id=project_id, client_id=client_id, event_id="1", **fields
    )


@pytest.fixture(scope="module")
def here() -> House:
    """Give a project with updates and jobs, one with jobs alone, one with updates alone."""
    return reading_house(
        [
            _project(
                "crm",
                "acme",
                event_id="1",
                occurred_at="2026-11-20T10:00:00Z",
                name="CRM",
                owner="ana@acme.test",
                status="active",
                due_at="2026-12-01T00:00:00+01:00",
                jobs_expected=9,
                tags={"b": "2", "a": "1"},
                delta={"records_ok": 4},
            ),
            _job("job-1", "crm", "acme", status="running"),
            _job("job-2", "crm", "acme", status="completed", result="partial"),
            _job("job-3", "crm", "globex", status="queued"),
            _job("job-4", "crawl", "acme", status="queued"),
            _project("plan", "globex", event_id="1", status="paused"),
            _project("hooli-1", "hooli", event_id="1"),
        ]
    )


def _get(here: House, project_id: str, asking: Any = STAFF) -> Any:
    return here.get("/projects/{project_id}", asking, path={"project_id": project_id})


def test_a_project_is_shown_whole(here: House) -> None:
    """What was said, what was reported, and what its client's jobs come to."""
    crm = {
        "project_id": "crm",
        "client_id": "acme",
        "name": "CRM",
        "owner": "ana@acme.test",
        "status": "active",
        "due_at": "2026-11-30T23:00:00.000000Z",
        "jobs_expected": 9,
        "tags": {"a": "1", "b": "2"},
        "counters": {"records_ok": 4},
        "created_at": "2026-11-20T10:00:00.000000Z",
        "last_seen_at": _get(here, "crm").json["last_seen_at"],
        "jobs": {**NO_JOBS, "total": 2, "running": 1, "partial": 1},
        "jobs_done": 1,
        "overdue": False,
    }
    assert _get(here, "crm").json == crm
    assert crm in here.get("/projects", STAFF).json["items"]
    assert crm["last_seen_at"].endswith("Z")


def test_the_list_is_by_client_and_project(here: House) -> None:
    """With projects that only have jobs, and those that only have updates, also of a new client."""
    listed = here.get("/projects", STAFF)
    assert listed.rounds <= 3
    shown = [
        (one["client_id"], one["project_id"], one["name"], one["jobs"]["total"])
        for one in listed.json["items"]
    ]
    # Globex has a job in a project of Acme's: it sees that, and nothing that Acme said of it.
    assert shown == [
        ("acme", "crawl", None, 1),
        ("acme", "crm", "CRM", 2),
        ("globex", "crm", None, 1),
        ("globex", "plan", None, 0),
        ("hooli", "hooli-1", None, 0),
    ]


def test_callers_see_their_clients_projects_alone(here: House) -> None:
    """In the list and one by one; what isn't theirs is what isn't there, to the letter."""
    here.grant("m-1", clients=["globex"])
    for asking in (client_user("globex"), MACHINE):
        listed = here.get("/projects", asking).json["items"]
        assert [one["project_id"] for one in listed] == ["crm", "plan"]
        nothing = _get(here, "nothing", asking)
        assert nothing.status == 404
        assert (_get(here, "crawl", asking).status, _get(here, "crawl", asking).body) == (
            404,
            nothing.body,
        )
        assert [_get(here, one["project_id"], asking).json for one in listed] == listed
    assert here.get("/projects", client_user("nobody")).json["items"] == []
    assert here.get("/projects", client_user("globex"), client_id="acme").json["items"] == []


def test_filters(here: House) -> None:
    """By client, by status; a project whose updates said no status has none."""
    for parameters, expected in (
        ({"client_id": "globex"}, ["crm", "plan"]),
        ({"status": "paused"}, ["plan"]),
        ({"status": "active", "client_id": "globex"}, []),
        ({"client_id": "nobody"}, []),
        ({"client_id": "hooli"}, ["hooli-1"]),
    ):
        listed = here.get("/projects", STAFF, **parameters)
        assert [one["project_id"] for one in listed.json["items"]] == expected


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"status": "running"}, "status"),
        ({"limit": 101}, "limit"),
        ({"client_id": "a b"}, "client_id"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"project_id": "crm"}, "project_id"),
    ],
)
def test_a_wrong_parameter_is_named(here: House, parameters: Any, parameter: str) -> None:
    """And nothing is read for it."""
    reply = here.get("/projects", STAFF, **parameters)
    assert (reply.status, reply.json["parameter"]) == (400, parameter)


def test_staff_find_a_project_by_its_newest_job(here: House) -> None:
    """Where no update says whose a project is."""
    assert _get(here, "crawl").json["client_id"] == "acme"
    assert _get(here, "no project").status == 404
    assert _get(here, "nothing").status == 404
    here.grant("m-1", staff=True)
    assert _get(here, "crawl", MACHINE).rounds == 3


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=3))
def test_pages_are_a_partition_and_totals_a_recount(
    data: st.DataObject, envelopes: list[Envelope]
) -> None:
    """Whoever asks, however few or many a page holds, and however little DynamoDB gives at once."""
    names = st.sampled_from(("project-0", "project-1", "project-2", "p.1"))
    owners = data.draw(
        st.dictionaries(names, st.sampled_from(("client-1", "client-3")), max_size=4)
    )
    updates = [
        project_update(project_id=name, client_id=owner, event_id="1", status="active")
        for name, owner in owners.items()
    ]
    here = reading_house(
        [*envelopes, *updates], page_bytes=data.draw(st.sampled_from((500, 1_000_000)))
    )
    # A client that has neither jobs nor a declaration is found by name alone.
    for client_id in ("client-1", "client-3"):
        declared.declare(here.client, client_id)
    here.grant("m-1", staff=True)
    asking, seen = data.draw(
        st.sampled_from(
            (
                (STAFF, {"client-1", "client-2", "client-3"}),
                (MACHINE, {"client-1", "client-2", "client-3"}),
                (client_user("client-1", "client-9"), {"client-1"}),
                (client_user("client-2", "client-3"), {"client-2", "client-3"}),
            )
        )
    )
    limit = data.draw(st.sampled_from((1, 2, 100)))
    found = []
    for page in here.walk("/projects", asking, limit=limit):
        assert page.rounds <= 3
        assert len(page.json["items"]) <= limit
        found += page.json["items"]
    totals: dict[tuple[str, str], Counter[str]] = {
        (owner, name): Counter() for name, owner in owners.items()
    }
    for job in recount.recount_jobs(envelopes).values():
        place = (job["client_id"], job["project_id"])
        totals.setdefault(place, Counter())[job["result"] or job["status"]] += 1
    expected = {
        place: {**NO_JOBS, **counts, "total": counts.total()}
        for place, counts in sorted(totals.items())
        if place[0] in seen
    }
    assert [(one["client_id"], one["project_id"]) for one in found] == list(expected)
    assert [one["jobs"] for one in found] == list(expected.values())
    assert [one["status"] for one in found] == [
        "active" if owners.get(name) == owner else None for owner, name in expected
    ]


def test_many_clients_take_several_pages() -> None:
    """A page goes through so many clients, and the cursor goes on."""
    events = [_job(f"job-{n}", f"p-{n:03d}", f"client-{n:03d}") for n in range(60)]
    here = reading_house(events)
    everyone = client_user(*(f"client-{n:03d}" for n in range(60)))
    for asking in (STAFF, everyone):
        pages = list(here.walk("/projects", asking, limit=100))
        assert len(pages) == 3
        assert max(page.calls for page in pages) < 60
        assert [one["project_id"] for page in pages for one in page.json["items"]] == [
            f"p-{n:03d}" for n in range(60)
        ]
