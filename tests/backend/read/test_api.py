"""The read API over moto: jobs, one job, its history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.events.builders import job_update
from tests.support.readers.reading import House, client_user, house


@pytest.fixture
def here() -> Iterator[House]:
    """Give empty tables with a writer and a reader."""
    with house() as made:
        yield made


def test_a_job_is_shown_whole(here: House) -> None:
    """One job, with two attempts, in exactly the shape that the design promises."""
    here.post(
        job_update(
            event_id="1", occurred_at="2026-11-22T14:00:00Z", status="queued", name="enrich"
        ),
        job_update(event_id="2", occurred_at="2026-11-22T14:00:10.5Z", status="running"),
        job_update(
            event_id="3",
            occurred_at="2026-11-22T14:01:00Z",
            status="completed",
            result="failed",
            error={"type": "RateLimit", "message": "slow down", "fingerprint": "f1"},
            delta={"records_ok": 5},
        ),
        job_update(
            event_id="4",
            occurred_at="2026-11-22T14:30:00Z",
            attempt=2,
            status="running",
            stage="load",
            records_total=9,
            log_url="https://logs.test/1",
            tags={"team": "a"},
            parent_job_id="parent",
            delta={"records_ok": 2, "pages": -1},
        ),
        at=here.now,
    )

    reply = here.get("/jobs/{job_id}", path={"job_id": "job-1"})

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json == {
        "job_id": "job-1",
        "client_id": "client-1",
        "project_id": "project-1",
        "name": "enrich",
        "pipeline": "default",
        "parent_job_id": "parent",
        "status": "running",
        "result": None,
        "stalled": False,
        "attempt": 2,
        "stage": "load",
        "created_at": "2026-11-22T14:00:00.000000Z",
        "started_at": "2026-11-22T14:30:00.000000Z",
        "ended_at": None,
        "last_seen_at": "2026-11-22T15:00:00.000000Z",
        "duration_seconds": None,
        "records_total": 9,
        "counters": {"records_ok": 7, "pages": -1},
        "counters_by_model": {},
        "error": None,
        "log_url": "https://logs.test/1",
        "tags": {"team": "a"},
        "attempts": [
            {
                "attempt": 1,
                "status": "completed",
                "result": "failed",
                "started_at": "2026-11-22T14:00:10.500000Z",
                "ended_at": "2026-11-22T14:01:00.000000Z",
                "first_ended_at": None,
                "duration_seconds": 49.5,
                "error": {"type": "RateLimit", "message": "slow down", "fingerprint": "f1"},
            },
            {
                "attempt": 2,
                "status": "running",
                "result": None,
                "started_at": "2026-11-22T14:30:00.000000Z",
                "ended_at": None,
                "first_ended_at": None,
                "duration_seconds": None,
                "error": None,
            },
        ],
        "restarted_at": None,
    }


def test_a_silent_job_is_shown_as_stalled(here: House) -> None:
    """Stalled is derived from the time of reading; the job itself does not change."""
    here.post(job_update(status="running", heartbeat_seconds=60))
    minute = 60 * 1_000_000

    assert here.get("/jobs/{job_id}", path={"job_id": "job-1"}).json["stalled"] is False
    here.now += minute + 1
    assert here.get("/jobs/{job_id}", path={"job_id": "job-1"}).json["stalled"] is True


def test_the_list_holds_the_same_documents(here: House) -> None:
    """A job in a list is the job itself."""
    here.post(job_update(status="running", delta={"records_ok": 1}))

    listed = here.get("/jobs").json
    alone = here.get("/jobs/{job_id}", path={"job_id": "job-1"}).json

    assert listed == {
        "items": [alone],
        "next_cursor": None,
        "covers": {"from": None, "to": None},
    }


def test_a_history_is_given_oldest_first(here: House) -> None:
    """Entries are ordered by when they occurred, then by event id, whatever order they came in."""
    times = {"c": "14:02", "a": "14:01", "b": "14:01", "z": "14:00"}
    for event_id, time in times.items():
        here.post(
            job_update(event_id=event_id, occurred_at=f"2026-11-22T{time}:00Z", stage=event_id)
        )

    pages = list(here.walk("/jobs/{job_id}/entries", path={"job_id": "job-1"}, limit=3))

    assert [[item["event_id"] for item in page.json["items"]] for page in pages] == [
        ["z", "a", "b"],
        ["c"],
    ]
    assert pages[0].json["covers"] == {"from": None, "to": "2026-11-22T14:01:00.000000Z"}
    assert pages[1].json["covers"] == {"from": "2026-11-22T14:01:00.000000Z", "to": None}
    assert pages[1].json["items"] == [
        {
            "event_id": "c",
            "occurred_at": "2026-11-22T14:02:00.000000Z",
            "received_at": "2026-11-22T15:00:00.000000Z",
            "attempt": 1,
            "detail_type": "job_update",
            "source": "pipelines.test",
            "detail": {
                "job_id": "job-1",
                "project_id": "project-1",
                "client_id": "client-1",
                "event_id": "c",
                "occurred_at": "2026-11-22T14:02:00Z",
                "stage": "c",
            },
        }
    ]
    assert {page.json["order"] for page in pages} == {"occurred_at"}


def test_an_answer_that_has_not_changed_is_not_sent_again(here: House) -> None:
    """The ETag stays while the document does, and If-None-Match gets 304 for it."""
    here.post(job_update(status="running"))
    first = here.get("/jobs")
    here.now += 1_000_000
    tag = first.headers["ETag"]

    assert tag.startswith('W/"')
    for sent in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = here.get("/jobs", headers={"IF-NONE-MATCH": sent})
        assert (again.status, again.body, again.headers["ETag"]) == (304, "", tag)
    assert here.get("/jobs", headers={"if-none-match": '"other"'}).status == 200

    here.post(job_update(status="completed", result="succeeded"))
    assert here.get("/jobs", headers={"If-None-Match": tag}).status == 200


def test_the_same_job_is_the_same_text(here: House) -> None:
    """Neither the order in which counters came nor that of the store's answer shows."""
    names = ["b_2", "records_ok", "a_1", "z"]
    for job_id, order in (("job-1", names), ("job-2", names[::-1])):
        for name in order:
            here.post(job_update(job_id=job_id, event_id=name, delta={name: 1}))
        here.post(job_update(job_id=job_id, event_id="t", tags=dict.fromkeys(order, "")))

    one, other = (here.get("/jobs/{job_id}", path={"job_id": f"job-{n}"}) for n in (1, 2))

    assert one.body == other.body.replace("job-2", "job-1")


def test_what_is_not_there_and_what_is_hidden_look_the_same(here: House) -> None:
    """A caller cannot tell another client's job from none."""
    here.post(job_update(client_id="other"))

    for resource in ("/jobs/{job_id}", "/jobs/{job_id}/entries"):
        hidden = here.get(resource, client_user("mine"), path={"job_id": "job-1"})
        missing = here.get(resource, client_user("mine"), path={"job_id": "job-2"})
        assert (hidden.status, hidden.headers, hidden.body) == (
            404,
            missing.headers,
            missing.body,
        )
    hidden = here.get("/jobs", client_user("mine"), client_id="other")
    missing = here.get("/jobs", client_user("mine"), client_id="nobody")
    assert (hidden.status, hidden.headers, hidden.body) == (200, missing.headers, missing.body)
