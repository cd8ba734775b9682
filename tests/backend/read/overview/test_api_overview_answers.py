"""What an answer of the overview may be kept for, and by whom; hours and midnights as edges."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts.views import reading_house

from run_ledger.domain.instants import DAY, HOUR, Instant, parse, text
from run_ledger.store.overview.kept_pages import KeptPages

HEADER = "If-None-Match"
NOW = parse("2026-11-22T15:00:00Z")


def _ended(job_id: str, client_id: str, at: int, result: str = "failed") -> Envelope:
    return job_update(
        job_id=job_id,
        client_id=client_id,
        event_id="1",
        status="completed",
        result=result,
        occurred_at=text(Instant(at)),
        error={"type": "E", "message": f"of {client_id}", "fingerprint": "f"},
    )


@pytest.fixture
def here() -> House:
    """Give a ledger of two clients whose figures are the same, and a reader that keeps pages."""
    house = reading_house(
        [_ended("job-a", "acme", NOW - HOUR), _ended("job-g", "globex", NOW - HOUR)]
    )
    house.now = NOW
    house.kept = KeptPages()
    return house


def _headers(reply: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in reply.headers.items()}


def test_an_answer_is_for_its_caller_alone(here: House) -> None:
    """Caches may keep it for one person, and must ask each time; a 304 has no body."""
    own = client_user("acme")
    reply = here.get("/overview", own)
    headers = _headers(reply)
    assert headers["cache-control"] == "private, no-cache"
    again = here.get("/overview", own, headers={HEADER: headers["etag"]})
    assert (again.status, again.body) == (304, "")
    assert "content-type" not in _headers(again)
    assert _headers(again)["etag"] == headers["etag"]
    assert _headers(again)["cache-control"] == "private, no-cache"


def test_the_tag_of_anothers_answer_gives_the_callers_own(here: House) -> None:
    """Also where a browser keeps it from one who was signed in before, on the same address."""
    callers = (STAFF, client_user("acme"), client_user("globex"), client_user("nobody"))
    replies = [here.get("/overview", asking) for asking in callers]
    tags = [_headers(reply)["etag"] for reply in replies]
    assert len({*tags}) == len(callers)
    for asking, whole in zip(callers, replies, strict=True):
        for tag in tags:
            reply = here.get("/overview", asking, headers={HEADER: tag})
            expected = (304, "") if tag == _headers(whole)["etag"] else (200, whole.body)
            assert (reply.status, reply.body) == expected
    assert "globex" not in replies[1].body
    assert "acme" not in replies[2].body


@pytest.mark.parametrize("now", ["2026-11-22T00:00:00Z", "2026-11-22T15:00:00Z"])
@pytest.mark.parametrize("after", [-1, 0, 1])
def test_edges_of_hours(now: str, after: int) -> None:
    """A microsecond decides in which hour, day and period a job counts, and it counts once."""
    instant = parse(now)
    at = instant - DAY + after
    here = reading_house([_ended("job-1", "acme", at)])
    here.now = instant
    shown = here.get("/overview", STAFF).json
    figures = shown["totals"]
    assert (figures["failed"], figures["previous"]["failed"]) == ((0, 1) if after < 0 else (1, 0))
    hours = [one["at"] for one in figures["hours"] if one["failed"]]
    assert hours == ([] if after < 0 else [text(Instant(instant - DAY))])
    # Error groups are counted by whole days of UTC, from the one in which the period begins.
    is_counted = text(Instant(at))[:10] >= text(Instant(instant - DAY))[:10]
    assert [one["jobs"] for one in shown["errors"]["groups"]] == ([1] if is_counted else [])


def test_an_empty_ledger_has_an_overview_of_zeros() -> None:
    """For everybody, of each period."""
    for asking in (STAFF, client_user("acme")):
        for period in ("24h", "7d", "30d"):
            reply = reading_house([]).get("/overview", asking, period=period)
            assert reply.status == 200
            shown = reply.json
            assert (shown["clients"], shown["attention"], shown["running_jobs"]) == ([], [], [])
            assert (shown["totals"]["ended"], shown["totals"]["last_event_at"]) == (0, None)
            assert shown["errors"]["groups"] == []
