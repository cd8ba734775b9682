"""Overdue projects among what the overview says needs attention: counted from the events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers.ledgers import empty_store, make_ledger, post
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts import audits, recount
from tests.support.recounts.views import reading_house

from run_ledger.domain.instants import MICROSECONDS
from run_ledger.store.overview.kept_pages import KeptPages

NOW = "2026-11-22T15:00:00.000000Z"
LATE = "2026-11-20T00:00:00.000000Z"
MACHINE = {"username": "", "client_id": "m-1", "sub": "m-1"}


def _project(project_id: str, client_id: str = "acme", number: int = 1, **fields: Any) -> Envelope:
    said = {name: value for name, value in fields.items() if value is not None}
    return project_update(
        project_id=project_id,
        client_id=client_id,
        event_id=str(number),
        occurred_at=f"2026-11-22T14:00:{number:02d}Z",
        **said,
    )


def _done(job_id: str, project_id: str, client_id: str = "acme", **fields: Any) -> Envelope:
    said = {"status": "completed", "result": "succeeded", **fields}
    return job_update(
        job_id=job_id, project_id=project_id, client_id=client_id, event_id="1", **said
    )


def _overdue(here: House, asking: Any = STAFF, **parameters: Any) -> list[str]:
    reply = here.get("/overview", asking, **parameters)
    assert (reply.status, reply.rounds <= 3) == (200, True), reply.body
    found = [one for one in reply.json["attention"] if one["why"] == "overdue"]
    assert all(one["job"] is None and one["project"]["overdue"] for one in found)
    others = [one for one in reply.json["attention"] if one["why"] != "overdue"]
    assert all(one["project"] is None for one in others)
    return [f"{one['project']['client_id']}/{one['project']['project_id']}" for one in found]


@pytest.fixture
def here() -> House:
    """Give projects of two clients: late, done, put off, closed, due later and never due."""
    store = empty_store()
    events = [
        _project("late", due_at=LATE, jobs_expected=2, name="<b>Late</b>"),
        _project("whole", due_at=LATE, jobs_expected=1),
        _project("paused", due_at=LATE, jobs_expected=9, status="paused"),
        _project("reopened", due_at="2026-11-21T00:00:00Z", status="completed"),
        _project("reopened", number=2, status="active"),
        _project("closed", due_at=LATE, status="active"),
        _project("closed", number=2, status="archived"),
        _project("later", due_at="2026-12-01T00:00:00Z"),
        _project("never", jobs_expected=9),
        _project("theirs", "globex", due_at="2026-11-22T15:00:00Z"),
        _done("job-1", "late"),
        _done("job-2", "whole"),
    ]
    return reading_house(events, store=store)


def test_overdue_projects_need_attention(here: House) -> None:
    """Those that were due last come first, with when they were due and how far they are."""
    assert _overdue(here) == ["globex/theirs", "acme/reopened", "acme/late"]
    shown = here.get("/overview", STAFF).json["attention"][-1]["project"]
    whole = here.get("/projects/{project_id}", STAFF, path={"project_id": "late"}).json
    assert shown == whole
    assert (shown["due_at"], shown["jobs_done"], shown["jobs_expected"]) == (LATE, 1, 2)


def test_callers_see_those_of_their_clients_alone(here: House) -> None:
    """And what their overview takes is the same, however many projects others have."""
    here.grant("m-1", clients=["globex"])
    for asking in (client_user("globex", "nobody"), MACHINE):
        assert _overdue(here, asking) == ["globex/theirs"]
    here.grant("m-2", staff=True)
    all_of_them = ["globex/theirs", "acme/reopened", "acme/late"]
    assert _overdue(here, {**MACHINE, "client_id": "m-2", "sub": "m-2"}) == all_of_them
    assert _overdue(here, client_id="acme") == ["acme/reopened", "acme/late"]
    assert _overdue(here, client_user("acme"), client_id="globex") == []
    assert _overdue(here, client_user("nobody")) == []
    own = client_user("globex")
    before = here.get("/overview", own).calls
    for number in range(5):
        here.post(_project(f"more-{number}", due_at=LATE))
    assert here.get("/overview", own).calls == before


def test_a_project_leaves_when_it_is_done_or_closed(here: House) -> None:
    """Also for a reader that keeps what has not changed, at once."""
    here.kept = KeptPages()
    for step, expected in (
        (None, ["globex/theirs", "acme/reopened", "acme/late"]),
        (_done("job-3", "late"), ["globex/theirs", "acme/reopened"]),
        (_project("reopened", number=3, status="completed"), ["globex/theirs"]),
        (_project("theirs", "globex", number=2, due_at="2026-11-23T00:00:00Z"), []),
    ):
        if step is not None:
            here.post(step, at=here.now)
        for _ in range(3):
            here.now += 30 * MICROSECONDS
            assert _overdue(here) == expected
    here.now += 60 * MICROSECONDS
    first = here.get("/overview", STAFF).calls
    assert here.get("/overview", STAFF).calls <= min(first, 10)


def test_a_job_that_ends_on_a_day_long_ago_counts_at_once(here: House) -> None:
    """It changes the totals of its project, although no day of the period."""
    here.kept = KeptPages()
    for _ in range(2):
        here.now += 60 * MICROSECONDS
        assert "acme/late" in _overdue(here)
    here.post(_done("old", "late", occurred_at="2026-11-02T10:00:00Z"), at=here.now)
    assert "acme/late" not in _overdue(here)


def test_a_clients_own_overview_is_of_the_minute_that_it_names(here: House) -> None:
    """What it keeps of projects it keeps within that minute, and for nobody without that client."""
    here.kept = KeptPages()
    own = client_user("acme")
    here.now += 30 * MICROSECONDS
    assert _overdue(here, own) == ["acme/reopened", "acme/late"]
    here.post(_project("reopened", number=3, status="completed"), at=here.now)
    assert _overdue(here, client_user("globex")) == ["globex/theirs"]
    here.now += 30 * MICROSECONDS
    assert _overdue(here, own) == ["acme/late"]


def test_what_an_earlier_version_wrote_is_brought_up() -> None:
    """An audit finds the project that is in no index, and mends it."""
    with empty_tables() as client:
        audits.post(client, [_project("late", due_at=LATE)])
        key = {"project_id": {"S": "late"}}
        whole = client.get_item(TableName=NAMES.projects, Key=key)["Item"]
        client.update_item(
            TableName=NAMES.projects, Key=key, UpdateExpression="REMOVE due_list, due"
        )
        assert {one[1] for one in audits.drifts(audits.audit(client, repair=True))} == {"late"}
        mended = client.get_item(TableName=NAMES.projects, Key=key)["Item"]
        assert (mended["due_list"], mended["due"]) == (whole["due_list"], whole["due"])


def test_five_are_shown_and_those_that_are_done_hide_none() -> None:
    """Of the ten that were due last."""
    events = [
        _project(f"p-{n}", due_at=f"2026-11-2{n // 5}T0{n % 5}:00:00Z", jobs_expected=1)
        for n in range(10)
    ]
    here = reading_house([*events, *(_done(f"job-{n}", f"p-{n}") for n in range(6, 10))])
    assert _overdue(here) == [f"acme/p-{n}" for n in (5, 4, 3, 2, 1)]
    assert _overdue(here, client_user("acme")) == [f"acme/p-{n}" for n in (5, 4, 3, 2, 1)]


def test_counting_in_a_project_costs_no_index_write() -> None:
    """Only a change of its due date, or of whether somebody waits for it, writes to the index."""
    store, meter = empty_store(), Meter()
    ledger = make_ledger(store, meter.script)
    index = f"{NAMES.projects}/by_due"
    post(ledger, [_project("p", due_at=LATE)])
    written = meter.write_units[index]
    assert written == 1
    post(ledger, [_project("p", number=2, delta={"records_ok": 5}), _done("job", "p")])
    post(ledger, [_project("p", number=3, name="A name")])
    assert meter.write_units[index] == written
    post(ledger, [_project("p", number=4, status="completed")])
    assert meter.write_units[index] == written + 1


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=4))
def test_what_is_overdue_is_a_recount(data: st.DataObject, envelopes: list[Envelope]) -> None:
    """Whatever was reported of projects and jobs, and whoever asks."""
    told = {
        name: {
            "client_id": data.draw(st.sampled_from(("client-1", "client-2"))),
            "due_at": data.draw(st.sampled_from((LATE, NOW, "2026-11-22T15:00:00.000001Z", None))),
            "status": data.draw(st.sampled_from(("active", "paused", "completed", None))),
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
    done: dict[tuple[str, str], int] = {}
    for job in recount.recount_jobs(envelopes).values():
        place = (job["client_id"], job["project_id"])
        done[place] = done.get(place, 0) + (job["result"] in ("succeeded", "partial"))
    expected = set()
    for name, one in told.items():
        client_id, due_at, wanted = one["client_id"], one["due_at"], one["jobs_expected"]
        is_left = wanted is None or done.get((client_id, name), 0) < wanted
        is_due = due_at is not None and due_at <= NOW and one["status"] in ("active", None)
        if client_id in seen and is_due and is_left:
            expected.add(f"{client_id}/{name}")
    found = _overdue(here, asking)
    assert (len(found), {*found}) == (len(expected), expected)
    listed = here.walk("/projects", asking, overdue="true")
    assert {
        f"{one['client_id']}/{one['project_id']}" for page in listed for one in page.json["items"]
    } == expected
