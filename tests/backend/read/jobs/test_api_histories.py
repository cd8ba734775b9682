"""Histories that are long, large or growing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.events.builders import job_update
from tests.support.readers.reading import NOW, House, house

from run_ledger.domain.instants import text
from run_ledger.read.answers import MOST_BYTES

ENTRIES = "/jobs/{job_id}/entries"
JOB = {"job_id": "job-1"}


@pytest.fixture
def here() -> Iterator[House]:
    """Give empty tables with a writer and a reader."""
    with house() as made:
        yield made


def post_entries(here: House, count: int, **more: object) -> list[str]:
    """Post events whose ids run against their times, and return the ids in order of time."""
    here.post(
        *(
            job_update(event_id=f"e{count - number:03d}", occurred_at=text(NOW + number), **more)
            for number in range(count)
        )
    )
    return [f"e{count - number:03d}" for number in range(count)]


def test_a_history_too_long_to_sort_comes_by_event_id(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, each entry once, and the answer says which order it has."""
    expected = post_entries(here, 12)
    monkeypatch.setattr("run_ledger.read.entries.MOST_SORTED_ENTRIES", 11)

    pages = [page.json for page in here.walk(ENTRIES, path=JOB, limit=5)]

    assert [item["event_id"] for page in pages for item in page["items"]] == sorted(expected)
    assert {page["order"] for page in pages} == {"event_id"}
    assert all(page["covers"] is None for page in pages)


def test_a_history_of_large_entries_comes_by_event_id(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts in the end is how many answers of DynamoDB it takes to read it."""
    expected = post_entries(here, 40, tags={f"t{n}": "x" * 1000 for n in range(60)})
    monkeypatch.setattr("run_ledger.store.lists.entry_lists.MOST_ANSWERS", 2)

    first = here.get(ENTRIES, path=JOB, limit=30)

    assert first.json["order"] == "event_id"
    assert [item["event_id"] for item in first.json["items"]] == sorted(expected)[:30][
        : len(first.json["items"])
    ]
    pages = [page.json for page in here.walk(ENTRIES, path=JOB, limit=30)]
    assert [item["event_id"] for page in pages for item in page["items"]] == sorted(expected)


def test_a_walk_keeps_the_order_that_it_began_with(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A history that outgrows sorting by count goes on by time; by size it says so."""
    expected = post_entries(here, 6)
    first = here.get(ENTRIES, path=JOB, limit=4).json
    monkeypatch.setattr("run_ledger.read.entries.MOST_SORTED_ENTRIES", 5)

    second = here.get(ENTRIES, path=JOB, limit=4, cursor=first["next_cursor"]).json
    assert [item["event_id"] for item in second["items"]] == expected[4:]

    monkeypatch.setattr("run_ledger.store.lists.entry_lists.MOST_ANSWERS", 0)
    refused = here.get(ENTRIES, path=JOB, limit=4, cursor=first["next_cursor"])
    assert (refused.status, refused.json["parameter"]) == (400, "cursor")


@pytest.mark.parametrize("most_sorted", [12, 11])
def test_the_newest_entries_come_first_where_asked(
    here: House, monkeypatch: pytest.MonkeyPatch, most_sorted: int
) -> None:
    """Page by page, each entry once; a history too long to sort runs from the last event id."""
    by_time = post_entries(here, 12)
    monkeypatch.setattr("run_ledger.read.entries.MOST_SORTED_ENTRIES", most_sorted)

    pages = [page.json for page in here.walk(ENTRIES, path=JOB, limit=5, order="newest")]

    expected = by_time if most_sorted == 12 else sorted(by_time)
    assert [item["event_id"] for page in pages for item in page["items"]] == expected[::-1]
    assert len(pages) == 3
    if most_sorted == 12:
        edges = [(page["covers"]["from"], page["covers"]["to"]) for page in pages]
        ends = [page["items"][-1]["occurred_at"] for page in pages[:2]]
        assert edges == [(ends[0], None), (ends[1], ends[0]), (None, ends[1])]


def test_a_cursor_belongs_to_its_order(here: House) -> None:
    """The oldest first is the usual, said or not; a cursor of it is none of the other order."""
    expected = post_entries(here, 4)
    first = here.get(ENTRIES, path=JOB, limit=2).json
    rest = {"limit": 2, "cursor": first["next_cursor"]}

    said = here.get(ENTRIES, path=JOB, order="oldest", **rest).json
    assert [item["event_id"] for item in said["items"]] == expected[2:]
    refused = here.get(ENTRIES, path=JOB, order="newest", **rest)
    assert (refused.status, refused.json["parameter"]) == (400, "cursor")
    unknown = here.get(ENTRIES, path=JOB, order="latest")
    assert (unknown.status, unknown.json["parameter"]) == (400, "order")


def test_entries_that_arrive_meanwhile_disturb_no_page(here: House) -> None:
    """Those that were there are given once each, and later ones when their turn comes."""
    expected = post_entries(here, 6)
    given = []
    for step, page in enumerate(here.walk(ENTRIES, path=JOB, limit=2)):
        given += [item["event_id"] for item in page.json["items"]]
        here.post(
            job_update(event_id=f"before-{step}", occurred_at=text(NOW - 60)),
            job_update(event_id=f"after-{step}", occurred_at=text(NOW + 60)) if step == 0 else "",
        )

    assert given == [*expected, "after-0"]


def test_an_answer_stays_below_what_lambda_carries(here: House) -> None:
    """A page of large entries ends early, with a cursor; all come, none twice."""
    expected = post_entries(here, 95, tags={f"t{n}": '"\\' * 500 for n in range(28)})

    pages = list(here.walk(ENTRIES, path=JOB, limit=95))

    assert [item["event_id"] for page in pages for item in page.json["items"]] == expected
    assert len(pages) > 1
    for page in pages:
        escaped = len(page.body) + page.body.count('"') + page.body.count("\\")
        assert escaped < MOST_BYTES + 10_000
