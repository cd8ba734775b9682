"""Writers whose clocks are an hour slow or fast: what stays right, and what shows.

Jobs, counters and totals follow from the events alone. By a writer's clock are when an entry came
in, when it expires, when a job was last seen, and where a rejected event lies in its list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers.reading import NOW, House, Serial, house
from tests.support.recounts.audits import HORIZON, rows
from tests.support.recounts.recount import recount_rollups
from tests.support.stacks import templates

from run_ledger.domain import instants
from run_ledger.domain.instants import text
from run_ledger.store.audit.auditor import Audit, Manner
from run_ledger.store.audit.reach import Reach
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.lists.sweep import sweep

MINUTE = 60 * instants.MICROSECONDS
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SLOW, RIGHT, FAST = -HOUR, 0, HOUR
CLOCKS = (SLOW, RIGHT, FAST)


@pytest.fixture
def here() -> Iterator[House]:
    """Give empty tables with writers and a reader, whose clock is right."""
    with house() as made:
        yield made


def life(job_id: str = "job-1") -> list[Envelope]:
    """Return a job's events, from an hour ago until now, a project's, and one of a second try."""

    def said(minute: int, **fields: Any) -> Envelope:
        at = text(NOW - HOUR + minute * MINUTE)
        return job_update(job_id=job_id, event_id=f"{job_id}@{minute}", occurred_at=at, **fields)

    return [
        said(0, status="queued", name="first"),
        said(1, status="running", delta={"records_ok": 3}),
        said(20, delta={"records_ok": 4}, stage="load"),
        said(30, status="completed", result="failed", error={"type": "E", "message": "no"}),
        said(40, attempt=2, status="running"),
        said(55, attempt=2, status="completed", result="succeeded", delta={"llm_calls": 2}),
        project_update(event_id="p", occurred_at=text(NOW - HOUR), name="One"),
    ]


def post_by_turns(here: House, envelopes: list[Envelope], clocks: tuple[int, ...]) -> None:
    """Let writers with *clocks* post one event each, in turns."""
    for place, envelope in enumerate(envelopes):
        here.post(envelope, at=NOW + clocks[place % len(clocks)])


def shown_jobs(clocks: tuple[int, ...]) -> list[dict[str, Any]]:
    """Return two jobs as writers with *clocks* leave them, but for when they were last seen."""
    with house() as here:
        post_by_turns(here, [*life(), *life("job-2")], clocks)
        post_by_turns(here, life(), clocks[::-1])
        assert rows(here.client) == recount_rollups([*life(), *life("job-2")])
        shown = [
            here.get("/jobs/{job_id}", path={"job_id": job}).json for job in ("job-1", "job-2")
        ]
        return [job | {"last_seen_at": None} for job in shown]


@pytest.mark.parametrize("clocks", [(SLOW,), (FAST,), (SLOW, FAST), CLOCKS])
def test_jobs_counters_and_totals_know_no_writers_clock(clocks: tuple[int, ...]) -> None:
    """They are those of a writer whose clock is right, also when events come twice."""
    assert shown_jobs(clocks) == shown_jobs((RIGHT,))


@pytest.mark.parametrize("clocks", [(SLOW,), (FAST,), CLOCKS])
def test_an_audit_finds_nothing(here: House, clocks: tuple[int, ...]) -> None:
    """What it judges is not by a clock, and its reach has a day to spare."""
    post_by_turns(here, life(), clocks)
    reading = Reading(here.client, NAMES, Serial(), 60.0)
    scope, manner = AuditScope(now=NOW), Manner(repair=True)
    findings = Audit(reading, scope, lambda: Reach(HORIZON), manner).run()
    assert (findings.drifts, findings.undecided, findings.beyond_reach) == ([], [], [])


def test_an_entry_outlives_every_copy_of_its_event(here: House) -> None:
    """An hour less does no harm: the shortest TTL has a day more than the longest way of a copy."""
    here.post(*life(), at=NOW + SLOW)
    parameters = templates.source()["Parameters"]
    rule, queue, redrive = 1, 14, 14
    longest = parameters["ArchiveDays"]["MaxValue"] + rule + queue + redrive
    for item in here.client.scan(TableName=NAMES.entries)["Items"]:
        left = int(str(item["expires_at"]["N"])) * instants.MICROSECONDS - NOW
        assert left == parameters["EntryTtlDays"]["MinValue"] * DAY - HOUR
        assert left > longest * DAY


def test_a_slow_writer_lets_a_job_look_stalled_and_nothing_else(here: House) -> None:
    """Until its next event by another writer: nothing is changed, as that is judged when read."""
    here.post(job_update(event_id="1", status="running"), at=NOW + SLOW)
    shown = here.get("/jobs/{job_id}", path={"job_id": "job-1"}).json
    assert (shown["stalled"], shown["status"]) == (True, "running")
    here.post(job_update(event_id="2", delta={"records_ok": 1}), at=NOW)
    assert here.get("/jobs/{job_id}", path={"job_id": "job-1"}).json["stalled"] is False


def test_a_fast_writer_hides_that_a_job_has_stalled_for_an_hour(here: House) -> None:
    """And no longer: fifteen minutes of silence are noticed after an hour and a quarter."""
    here.post(job_update(event_id="1", status="running"), at=NOW + FAST)

    def is_stalled(after: int) -> bool:
        here.now = NOW + after
        return bool(here.get("/jobs/{job_id}", path={"job_id": "job-1"}).json["stalled"])

    assert not is_stalled(HOUR + 15 * MINUTE)
    assert is_stalled(HOUR + 15 * MINUTE + 1)
    listed = here.get("/jobs", stalled="true").json["items"]
    assert [job["job_id"] for job in listed] == ["job-1"]


@pytest.mark.parametrize("clock", [SLOW, FAST])
def test_the_sweeper_counts_all_and_no_time_before_now(here: House, clock: int) -> None:
    """The age of the newest event is never less than nothing."""
    here.post(job_update(event_id="1", status="running"), at=NOW + clock)
    found = sweep(Reading(here.client, NAMES, Serial(), 60.0), NOW)
    assert sum(found.running.values()) == 1
    assert found.newest_event_age_seconds == max(0, -clock // instants.MICROSECONDS)


def test_a_history_has_each_entry_once_in_the_order_of_events(here: House) -> None:
    """Pages go by when events occurred; when they came in is only shown."""
    events = life()[:-1]
    post_by_turns(here, events[::-1], (FAST, SLOW))
    path = "/jobs/{job_id}/entries"
    pages = list(here.walk(path, path={"job_id": "job-1"}, limit=2))
    found = [item["event_id"] for page in pages for item in page.json["items"]]
    assert found == [event["detail"]["event_id"] for event in events]


def test_a_list_of_jobs_has_each_once_while_writers_disagree(here: House) -> None:
    """Its cursor is a place among times of creation, which are the producers'."""
    for place in range(9):
        event = life(f"job-{place}")[1]
        event["detail"]["occurred_at"] = text(NOW - place * MINUTE)
        here.post(event, at=NOW + CLOCKS[place % 3])
    pages = list(here.walk("/jobs", limit=2))
    found = [item["job_id"] for page in pages for item in page.json["items"]]
    assert found == [f"job-{place}" for place in range(9)]


def test_what_a_fast_writer_rejects_before_midnight_is_listed_at_once(here: House) -> None:
    """It lies in tomorrow's partition; and what others reject meanwhile is there, too."""
    here.now = instants.parse("2026-11-22T23:30:00Z")
    for place, clock in enumerate((FAST, RIGHT, SLOW)):
        here.post(f"bad {place}", at=here.now + clock)
    for limit in (1, 2, 50):
        pages = list(here.walk("/rejections", limit=limit))
        found = [item["raw"] for page in pages for item in page.json["items"]]
        assert found == ["bad 0", "bad 1", "bad 2"]


@pytest.mark.parametrize("clock", [SLOW, FAST])
def test_producers_clocks_move_jobs_in_lists_and_lose_none(here: House, clock: int) -> None:
    """A job that began in an hour, or tomorrow, is in every list that has no end of time."""
    here.now = instants.parse("2026-11-22T23:30:00Z")
    at = text(here.now + clock)
    here.post(job_update(event_id="1", status="running", occurred_at=at, delta={"records_ok": 1}))
    for query in ({}, {"status": "running"}, {"client_id": "client-1"}):
        (job,) = here.get("/jobs", **query).json["items"]
        assert job["created_at"] == at
    assert here.get("/overview").json["totals"]["running"] == 1


def test_a_cursor_of_a_fast_writers_list_is_no_error(here: House) -> None:
    """It names an instant that is still to come, and goes on below it."""
    here.post("first", at=NOW + FAST)
    here.post("second", at=NOW)
    first = here.get("/rejections", limit=1).json
    assert json.loads(json.dumps(first["covers"]))["from"] > text(NOW)
    second = here.get("/rejections", limit=1, cursor=first["next_cursor"]).json
    assert [item["raw"] for item in second["items"]] == ["second"]
