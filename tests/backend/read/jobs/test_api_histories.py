"""Histories that are long, large or growing: of logs, and as an earlier version kept them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers import ledgers
from tests.support.readers.reading import NOW, House

from run_ledger.domain.instants import text
from run_ledger.read.answers import MOST_BYTES
from run_ledger.store.items import keys
from run_ledger.store.posting.entities import Layout

ENTRIES = "/jobs/{job_id}/entries"
JOB = {"job_id": "job-1"}
MOST_SORTED = "run_ledger.read.entries.MOST_SORTED_ENTRIES"
MOST_ANSWERS = "run_ledger.store.lists.entry_lists.MOST_ANSWERS"


@pytest.fixture
def here() -> House:
    """Give empty tables with a writer and a reader."""
    return House(Querying(ledgers.empty_store()))  # type: ignore[arg-type]


@pytest.fixture
def few_in_first_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let logs go on in three lanes after four rows."""
    monkeypatch.setattr(keys, "FIRST_LANE", 4)
    monkeypatch.setattr(keys, "LANES", 3)


def post_entries(here: House, count: int, **more: object) -> list[str]:
    """Post events whose ids run against their times, and return the ids in order of time."""
    here.post(
        *(
            job_update(event_id=f"e{count - number:03d}", occurred_at=text(NOW + number), **more)
            for number in range(count)
        )
    )
    return [f"e{count - number:03d}" for number in range(count)]


def post_batches(
    here: House, sizes: Sequence[int], dice: random.Random, layout: Layout = Layout.LOG
) -> list[str]:
    """Post batches of so many events at random times; return their ids in order of coming in."""
    known = len(ledgers.entries(here.client._store))  # type: ignore[attr-defined]
    given = []
    for size in sizes:
        ids = [f"e{known + len(given) + number:03d}" for number in range(size)]
        times = [text(NOW - dice.randrange(1_000)) for _ in ids]
        here.post(
            *(job_update(event_id=one, occurred_at=at) for one, at in zip(ids, times, strict=True)),
            layout=layout,
        )
        given += ids
    return given


def walk(here: House, **asked: object) -> tuple[list[Any], list[str]]:
    """Return the entries that a walk gives, and the order that each page tells."""
    pages = [page.json for page in here.walk(ENTRIES, path=JOB, **asked)]
    return [item for page in pages for item in page["items"]], [page["order"] for page in pages]


def ids(items: Sequence[Any]) -> list[str]:
    """Return the events' ids."""
    return [item["event_id"] for item in items]


@pytest.mark.parametrize("seed", range(4))
def test_a_history_comes_by_time_in_either_order(
    here: House, few_in_first_lane: None, seed: int
) -> None:
    """Whichever rows and lanes its entries lie in, and whichever an earlier version kept."""
    dice = random.Random(seed)
    sizes = [dice.choice((1, 1, 2, 7)) for _ in range(12)]
    if seed % 2:
        post_batches(here, sizes[:4], dice, Layout.ROWS)
    post_batches(here, sizes[4:], dice)
    stored = ledgers.entries(here.client._store)  # type: ignore[attr-defined]
    expected = [one.event_id for one in sorted(stored, key=lambda e: (e.occurred_at, e.event_id))]

    for limit in (1, 3, 1_000):
        oldest, orders = walk(here, limit=limit)
        newest, _ = walk(here, limit=limit, order="newest")
        assert (ids(oldest), ids(newest)) == (expected, expected[::-1])
        assert set(orders) == {"occurred_at"}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("limit", [1, 5, 40])
def test_a_history_too_long_to_sort_comes_as_it_came_in(
    here: House, few_in_first_lane: None, monkeypatch: pytest.MonkeyPatch, seed: int, limit: int
) -> None:
    """Whole, each entry once, in either order; what an earlier version kept comes by event id."""
    dice = random.Random(seed)
    sizes = [dice.choice((1, 1, 2, 7)) for _ in range(dice.choice((3, 4, 5, 16)))]
    old = post_batches(here, sizes[:2], dice, Layout.ROWS) if seed % 2 else []
    came_in = post_batches(here, sizes[2:] if old else sizes, dice)
    monkeypatch.setattr(MOST_SORTED, 1)

    oldest, orders = walk(here, limit=limit)
    newest, reversed_orders = walk(here, limit=limit, order="newest")

    # Within a batch the events lie in the order in which the writer took them in.
    assert sorted(ids(oldest)) == sorted([*old, *came_in])
    assert ids(oldest)[: len(old)] == sorted(old)
    assert ids(newest) == ids(oldest)[::-1]
    batch_of = {one: number for number, one in enumerate(came_in)}
    rows = [batch_of[one] for one in ids(oldest)[len(old) :]]
    assert rows == sorted(rows)
    assert orders == sorted(orders)
    assert set(orders) == ({"event_id", "received_at"} if old else {"received_at"})
    assert reversed_orders == sorted(reversed_orders, reverse=True)


def test_an_old_history_too_long_to_sort_comes_by_event_id(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose entries all lie as an earlier version kept them is whole, too."""
    came_in = post_batches(here, [12], random.Random(1), Layout.ROWS)
    monkeypatch.setattr(MOST_SORTED, 11)

    items, orders = walk(here, limit=5)

    assert ids(items) == sorted(came_in)
    assert set(orders) == {"event_id"}
    first = here.get(ENTRIES, path=JOB, limit=5).json
    assert first["covers"] is None


def test_rows_that_have_expired_leave_no_gap_in_a_walk(
    here: House, few_in_first_lane: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest comes, each once, although the numbers before it have no rows any more."""
    came_in = post_batches(here, [1] * 30, random.Random(2))
    for number in [*range(1, 20), 24]:
        partition = keys.log_partition("job", "job-1", keys.lane_of(number))
        key = {"pk": {"S": partition}, "sk": {"S": keys.log_number(number)}}
        versions = here.client._store._versions  # type: ignore[attr-defined]
        versions[NAMES.entries, (key["pk"]["S"], key["sk"]["S"])].append(None)
    left = [one for number, one in enumerate(came_in, 1) if number >= 20 and number != 24]
    monkeypatch.setattr(MOST_SORTED, 1)

    for limit in (1, 4, 100):
        assert ids(walk(here, limit=limit)[0]) == left
        assert ids(walk(here, limit=limit, order="newest")[0]) == left[::-1]


def test_a_history_of_large_entries_comes_as_it_came_in(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts in the end is how many answers of DynamoDB it takes to read it."""
    dice = random.Random(3)
    for number in range(12):
        noise = {f"t{n}": dice.randbytes(450).hex() for n in range(28)}
        here.post(job_update(event_id=f"e{number:02d}", occurred_at=text(NOW - number), tags=noise))
    here.client.page_bytes = 50_000  # type: ignore[attr-defined]
    monkeypatch.setattr(MOST_ANSWERS, 2)

    items, orders = walk(here, limit=5)

    assert ids(items) == [f"e{number:02d}" for number in range(12)]
    assert set(orders) == {"received_at"}


def test_a_walk_keeps_the_order_that_it_began_with(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A history that outgrows sorting by count goes on by time; by size it says so."""
    expected = post_entries(here, 6)
    first = here.get(ENTRIES, path=JOB, limit=4).json
    monkeypatch.setattr(MOST_SORTED, 5)

    second = here.get(ENTRIES, path=JOB, limit=4, cursor=first["next_cursor"]).json
    assert [item["event_id"] for item in second["items"]] == expected[4:]

    monkeypatch.setattr(MOST_ANSWERS, 0)
    refused = here.get(ENTRIES, path=JOB, limit=4, cursor=first["next_cursor"])
    assert (refused.status, refused.json["parameter"]) == (400, "cursor")


def test_pages_from_the_newest_on_say_what_they_cover(here: House) -> None:
    """Their time ranges join one another, from the latest entry back to the first."""
    post_entries(here, 12)

    pages = [page.json for page in here.walk(ENTRIES, path=JOB, limit=5, order="newest")]

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


@pytest.mark.parametrize("most_sorted", [5_000, 1])
def test_entries_that_arrive_meanwhile_disturb_no_page(
    here: House, monkeypatch: pytest.MonkeyPatch, most_sorted: int
) -> None:
    """Those that were there are given once each, and later ones when their turn comes."""
    monkeypatch.setattr(MOST_SORTED, most_sorted)
    expected = post_entries(here, 6)
    given = []
    for step, page in enumerate(here.walk(ENTRIES, path=JOB, limit=2)):
        given += [item["event_id"] for item in page.json["items"]]
        before = job_update(event_id=f"before-{step}", occurred_at=text(NOW - 60))
        after = job_update(event_id=f"after-{step}", occurred_at=text(NOW + 60))
        if step < 2:
            here.post(before, *([after] if step == 0 else []))

    late = ["after-0"] if most_sorted > 1 else ["before-0", "after-0", "before-1"]
    assert given[:6] == expected if most_sorted > 1 else sorted(given[:6]) == sorted(expected)
    assert sorted(given[6:]) == sorted(late)


def test_an_answer_stays_below_what_lambda_carries(here: House) -> None:
    """A page of large entries ends early, with a cursor; all come, none twice."""
    expected = post_entries(here, 95, tags={f"t{n}": '"\\' * 500 for n in range(28)})

    pages = list(here.walk(ENTRIES, path=JOB, limit=95))

    assert [item["event_id"] for page in pages for item in page.json["items"]] == expected
    assert len(pages) > 1
    for page in pages:
        escaped = len(page.body) + page.body.count('"') + page.body.count("\\")
        assert escaped < MOST_BYTES + 10_000
