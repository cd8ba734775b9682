"""Pages of jobs divide what matches, in order, in three rounds of calls at most."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import NOW, STAFF, House, client_user, house

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.domain.instants import text

DAY = 86_400 * 1_000_000
# Days before now and how many jobs each: dense ones, empty stretches, midnights, the distant past.
DAYS = {0: 17, 1: 9, 2: 1, 9: 4, 10: 1, 40: 3, 41: 1, 400: 2}
CLIENTS = ("a", "b", "c")
Jobs = dict[str, dict[str, Any]]


def history(number: int, created_at: int, dice: random.Random) -> list[Envelope]:
    """Return the events of one job."""
    outcome = dice.choice(("queued", "running", *RESULTS, "succeeded"))
    who = {"job_id": f"job-{number}", "client_id": dice.choice(CLIENTS)}
    status = outcome if outcome in ("queued", "running") else "running"
    envelopes = [
        job_update(event_id="1", occurred_at=text(created_at), status=status, **who),
    ]
    if outcome in RESULTS:
        end = text(created_at + dice.choice((1, 3 * DAY)))
        envelopes.append(
            job_update(event_id="2", occurred_at=end, status="completed", result=outcome, **who)
        )
    return envelopes


@pytest.fixture(scope="module")
def full() -> Iterator[House]:
    """Give a house with some forty jobs; several share an instant, some lie on a midnight."""
    dice = random.Random(2026)
    with house() as here:
        number = 0
        for days, count in DAYS.items():
            midnight = NOW - NOW % DAY - days * DAY
            for _ in range(count):
                number += 1
                offset = dice.choice((0, 0, 1, DAY - 1, dice.randrange(DAY)))
                here.post(*history(number, midnight + offset, dice))
        here.grant("everything", staff=True)
        here.grant("only-b", clients=["b"])
        yield here


def in_order(jobs: Jobs) -> list[str]:
    """Return the ids of *jobs*, newest first."""
    return sorted(jobs, key=lambda job_id: (jobs[job_id]["created_at"], job_id), reverse=True)


@pytest.fixture(scope="module")
def jobs(full: House) -> Jobs:
    """Give each job as its own path shows it."""
    ids = [f"job-{number}" for number in range(1, sum(DAYS.values()) + 1)]
    return {job_id: full.get("/jobs/{job_id}", path={"job_id": job_id}).json for job_id in ids}


def matches(job: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    """Return whether a job's document is one that the parameters ask for."""
    return all(job[name] == value for name, value in parameters.items())


FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"status": "queued"},
    {"status": "running"},
    {"status": "completed"},
    {"result": "failed"},
    {"result": "succeeded"},
    {"status": "completed", "result": "cancelled"},
    {"client_id": "a"},
    {"client_id": "nobody"},
    {"client_id": "b", "status": "completed"},
    {"client_id": "b", "result": "succeeded"},
    {"client_id": "c", "status": "running"},
)
CALLERS: tuple[tuple[Mapping[str, str], tuple[str, ...]], ...] = (
    (STAFF, CLIENTS),
    (client_user("a"), ("a",)),
    (client_user("a", "c"), ("a", "c")),
    (client_user("elsewhere"), ()),
    ({"client_id": "everything"}, CLIENTS),
    ({"client_id": "only-b"}, ("b",)),
)


@pytest.mark.parametrize("parameters", FILTERS, ids=str)
def test_pages_divide_what_matches(full: House, jobs: Jobs, parameters: dict[str, str]) -> None:
    """For each caller and page size: every match that may be seen once, in order, no other."""
    for asking, visible in CALLERS:
        expected = in_order(
            {
                job_id: job
                for job_id, job in jobs.items()
                if job["client_id"] in visible and matches(job, parameters)
            }
        )
        for limit in (3, 200):
            pages = list(full.walk("/jobs", asking, limit=limit, **parameters))
            items = [item for page in pages for item in page.json["items"]]
            assert [item["job_id"] for item in items] == expected
            assert all(item == jobs[item["job_id"]] for item in items)
            assert all(len(page.json["items"]) <= limit for page in pages)
            assert max(page.rounds for page in pages) <= 3


def test_pages_tell_which_span_they_cover(full: House) -> None:
    """Spans adjoin, hold their items, and are open at both ends of the list."""
    spans = []
    for page in full.walk("/jobs", limit=5):
        span = page.json["covers"]
        times = [item["created_at"] for item in page.json["items"]]
        assert all((span["to"] or "9") >= time >= (span["from"] or "") for time in times)
        spans.append(span)

    assert spans[0]["to"] is None
    assert spans[-1]["from"] is None
    assert [span["from"] for span in spans[:-1]] == [span["to"] for span in spans[1:]]


def test_full_pages_where_an_index_serves(full: House) -> None:
    """A page comes short only at the end of the list, empty days or not."""
    for parameters in FILTERS:
        pages = list(full.walk("/jobs", limit=6, **parameters))
        assert all(len(page.json["items"]) == 6 for page in pages[:-1]), parameters


def test_a_page_needs_no_call_for_days_without_a_match(full: House) -> None:
    """The map costs one call; each further call reads a partition that holds a match, or items."""
    reply = full.get("/jobs", result="timed_out", limit=200)
    days = {item["created_at"][:10] for item in reply.json["items"]}

    assert days
    assert (reply.rounds, reply.calls) == (3, 1 + len(days) + 1)
