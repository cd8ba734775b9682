"""Lists of jobs by any filters, over any ledger, whatever changes between pages.

All promises follow from one statement, which is what is held here against a plain recount: a page
gives exactly the jobs that match now and whose places lie between its start and its end, in order;
and the next page starts where it ended.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.support.dynamo.tables import NAMES
from tests.support.readers.reading import NOW, Reply, client_user
from tests.support.recounts.job_lists import (
    CALLERS,
    CHANGES,
    DAY,
    Books,
    Jobs,
    filters,
    matches,
    place,
    position,
    sorted_by,
    wait,
    whose,
)

from run_ledger.domain.instants import text

TOP = "~"
MOST_PAGES = 400
SORTS = ("duration", "cost")


@contextmanager
def little_patience() -> Iterator[None]:
    """Let a page look through a few rows, and few partitions, so that it is often short."""
    with ExitStack() as stack:
        for name, value in (("_MOST_ROWS_A_CALL", 3), ("_FEWEST_ROWS_A_CALL", 2)):
            stack.enter_context(mock.patch(f"run_ledger.store.lists.job_plans.{name}", value))
        stack.enter_context(mock.patch("run_ledger.store.lists.job_plans.MOST_PARTITIONS", 6))
        stack.enter_context(mock.patch("run_ledger.store.lists.job_plans.MOST_ITEMS", 5))
        yield


def between(jobs: Jobs, above: str, below: str) -> list[dict[str, Any]]:
    """Return those of *jobs* between two positions, in order."""
    found = [job for job in jobs.values() if below <= place(job) < above]
    return sorted(found, key=place, reverse=True)


def visible(jobs: Jobs, clients: tuple[str, ...], parameters: Mapping[str, str]) -> Jobs:
    """Return those that match and that a caller may see."""
    return {
        job_id: job
        for job_id, job in jobs.items()
        if job["client_id"] in clients and matches(job, parameters)
    }


def in_form(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a recount tells of a job's document."""
    return {name: job[name] for name in ("job_id", "status", "result", "stalled", "last_seen_at")}


def new_books(seed: int, jobs: int) -> Books:
    """Return books with so many events in them."""
    books = Books(random.Random(seed))
    for _ in range(jobs):
        books.dice.choice(CHANGES)(books)
    return books


@settings(max_examples=120)
@given(seed=st.integers(0, 2**32), events=st.integers(0, 60), changing=st.booleans())
def test_pages_are_what_a_recount_gives(seed: int, events: int, *, changing: bool) -> None:
    """Each page: all that matches in its span and nothing else, in three rounds at most."""
    books = new_books(seed, events)
    dice = books.dice
    parameters = filters(dice)
    asking, clients = dice.choice(CALLERS)
    limit = dice.choice((1, 2, 3, 5, 200))
    if dice.random() < 0.3:
        # The map ends early, but never within a day: of its eight shards a page of one reads nine.
        books.here.settings = replace(books.here.settings, rollup_shards=3)
    start, cursor = TOP, None
    with little_patience():
        for _ in range(MOST_PAGES):
            reply = books.here.get("/jobs", asking, limit=limit, cursor=cursor, **parameters)
            assert reply.status == 200, reply.body
            end, cursor = position(reply), reply.json["next_cursor"]
            expected = between(visible(books.jobs(), clients, parameters), start, end)
            assert [in_form(job) for job in reply.json["items"]] == [*map(in_form, expected)]
            assert len(expected) <= limit
            assert reply.rounds <= 3
            assert end < start
            if cursor is None:
                return
            start = end
            for _ in range(dice.randrange(4) if changing else 0):
                dice.choice(CHANGES)(books)
    pytest.fail(f"no end after {MOST_PAGES} pages")


@settings(max_examples=120)
@given(seed=st.integers(0, 2**32), events=st.integers(0, 90), sort=st.sampled_from(SORTS))
def test_a_sorted_list_is_the_first_of_the_whole_time_range(
    seed: int, events: int, sort: str
) -> None:
    """Each page has the first of what it covers, and all pages together the first of all."""
    books = new_books(seed, events)
    parameters = filters(books.dice)
    asking, clients = books.dice.choice(CALLERS)
    limit = books.dice.choice((1, 2, 3, 5, 200))
    every = visible(books.jobs(), clients, parameters)
    start, found = TOP, []
    with little_patience():
        for reply in books.here.walk("/jobs", asking, limit=limit, sort=sort, **parameters):
            end = position(reply)
            given_ids = [job["job_id"] for job in reply.json["items"]]
            expected = sorted_by(sort, between(every, start, end))[:limit]
            assert given_ids == [job["job_id"] for job in expected]
            assert reply.rounds <= 3
            found += given_ids
            start = end
    best = sorted_by(sort, [every[job_id] for job_id in found])[:limit]
    assert best == sorted_by(sort, every.values())[:limit]


def test_a_page_never_reads_more_items_than_it_may() -> None:
    """A list that items alone decide costs so many read units at most, and goes on from there."""
    books = Books(random.Random(0))
    for number in range(130):
        books.tell(
            job_id=f"load-{number}", occurred_at=text(NOW - number), tags={"no": str(number)}
        )
    with mock.patch("run_ledger.store.lists.job_plans.MOST_ITEMS", 100):
        for wanted in ({"q": "OAD-129"}, {"tag": "no:129"}, {"sort": "cost"}):
            pages = [*books.here.walk("/jobs", **wanted, limit=1)]
            read = [len(page.json["items"]) for page in pages]
            assert (len(pages), read[-1]) == (2, 1), wanted
            asked = [call for name, call in books.here.counting.requests if name != "query"]
            assert sum(len(call["RequestItems"][NAMES.jobs]["Keys"]) for call in asked) <= 100


def test_a_job_is_found_by_any_part_of_its_name_or_id() -> None:
    """In any case, with letters composed or not; and by a tag with colons, whichever divides it."""
    books = Books(random.Random(0))
    books.tell(job_id="Load-1", occurred_at=text(NOW), name="Café STRASSE", tags={"a": "b:c"})
    books.tell(job_id="load-2", occurred_at=text(NOW - 1), tags={"a:b": "c", "a": "B:c"})

    def found(**parameters: str) -> list[str]:
        reply = books.here.get("/jobs", **parameters)
        return [job["job_id"] for job in reply.json["items"]]

    assert found(q="OAD-") == ["Load-1", "load-2"]
    assert [found(q=part) for part in ("CAFÉ str", "straße", "oad-1")] == [["Load-1"]] * 3
    # An accent belongs to its letter.
    assert [found(q=part) for part in ("cafe", "load-3", "a:b")] == [[]] * 3
    assert found(tag="a:b:c") == ["Load-1", "load-2"]
    assert [found(tag=tag) for tag in ("A:b:c", "a:b", "a:", "b:c")] == [[]] * 4


INDEXED: tuple[dict[str, str], ...] = (
    {},
    {"client_id": "a"},
    {"project_id": "p"},
    {"parent_job_id": "load-1"},
    {"result": "succeeded"},
    {"status": "completed"},
    {"client_id": "a", "status": "running"},
    {"client_id": "b", "project_id": "q"},
    {"client_id": "c", "parent_job_id": "nobody"},
)


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), events=st.integers(30, 90))
def test_pages_are_full_where_an_index_serves(seed: int, events: int) -> None:
    """Only the last page is short, however jobs lie over days, shards and outcomes."""
    books = new_books(seed, events)
    for parameters in INDEXED:
        for limit in (2, 7):
            pages = list(books.here.walk("/jobs", limit=limit, **parameters))
            assert all(len(page.json["items"]) == limit for page in pages[:-1]), parameters


def test_a_small_page_of_a_rare_result_is_full() -> None:
    """Many days without a match, each a row of the map, do not cut a page of two short."""
    books = Books(random.Random(0))
    for days in range(45):
        result = "failed" if days in (0, 40, 44) else "succeeded"
        books.tell(
            job_id=f"load-{days}",
            occurred_at=text(NOW - days * DAY),
            status="completed",
            result=result,
        )
    pages = [
        [job["job_id"] for job in page.json["items"]]
        for page in books.here.walk("/jobs", result="failed", limit=2)
    ]
    assert pages == [["load-0", "load-40"], ["load-44"]]


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), events=st.integers(5, 60))
def test_late_indexes_lose_nothing_that_stays(seed: int, events: int) -> None:
    """Where indexes have stopped, all that is not touched since comes once, and nothing falsely."""
    books = new_books(seed, events)
    dice = books.dice
    parameters = filters(dice)
    asking, clients = dice.choice(CALLERS)
    books.querying.indexed = books.store.items(NAMES.jobs)
    known = len(books.told)
    given_ids: list[str] = []
    for reply in books.here.walk("/jobs", asking, limit=3, **parameters):
        ids = [job["job_id"] for job in reply.json["items"]]
        assert set(ids) <= set(visible(books.jobs(), clients, parameters))
        given_ids += ids
        dice.choice([change for change in CHANGES if change is not wait])(books)

    touched = {event["detail"]["job_id"] for event, _ in books.told[known:]}
    steady = visible(books.jobs(), clients, parameters).keys() - touched
    assert sorted(steady) == sorted(set(given_ids) - touched)
    assert {job_id for job_id in given_ids if given_ids.count(job_id) > 1} <= touched


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), events=st.integers(1, 60))
def test_what_others_have_changes_nothing_for_a_client(seed: int, events: int) -> None:
    """Every byte of every page is the same whether other clients have anything or not."""
    books = new_books(seed, events)
    dice = books.dice
    alone = Books(random.Random(0))
    alone.here.now = books.here.now
    for event, at in books.told:
        if whose(event["detail"]["job_id"])["client_id"] == "a":
            alone.here.post(event, at=at)
    parameters = filters(dice)
    limit = dice.choice((1, 2, 5, 50))
    with little_patience():
        among_others, by_itself = (
            [
                told(page)
                for page in one.here.walk("/jobs", client_user("a"), limit=limit, **parameters)
            ]
            for one in (books, alone)
        )
        assert among_others == by_itself


def told(reply: Reply) -> tuple[Any, ...]:
    """Return all that a caller is told, and what it may take its time from."""
    return reply.status, reply.headers, reply.body, reply.rounds, reply.calls
