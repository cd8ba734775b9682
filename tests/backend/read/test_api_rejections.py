"""Rejected events, newest first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update, without
from tests.support.readers.reading import NOW, House, house

from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.store.items.rejection_items import DIRECTORY, directory_item, rejection_item
from run_ledger.store.lists.rejection_lists import read_rejection

DAY = 86_400 * 1_000_000


@pytest.fixture
def here() -> Iterator[House]:
    """Give empty tables with a writer and a reader."""
    with house() as made:
        yield made


def test_a_rejected_event_is_shown_with_its_reason(here: House) -> None:
    """What was there, what is allowed, and the event as it came."""
    event = job_update(envelope_id="bus-1")
    event["detail"] = without(event["detail"], "client_id")
    here.post(json.dumps(event), at=NOW)

    (item,) = here.get("/rejections").json["items"]

    assert len(item.pop("rejection_id")) == 32
    assert json.loads(item.pop("raw")) == event
    assert item.pop("message").startswith("detail.client_id: it is missing; allowed: ")
    assert item == {
        "received_at": "2026-11-22T15:00:00.000000Z",
        "reason": "invalid_field",
        "field": "detail.client_id",
        "about": "job job-1",
        "source": "pipelines.test",
        "detail_type": "job_update",
        "truncated": False,
        "status": "open",
    }


@pytest.mark.parametrize(
    "raw",
    ["not json", "", '{"source": 7}', '{"detail-type": {}}', "[1]", "null", "[" * 5000],
)
def test_what_is_no_event_at_all_is_shown_too(here: House, raw: str) -> None:
    """Its source and type are unknown, its text is there."""
    here.post(raw)

    (item,) = here.get("/rejections").json["items"]

    assert (item["raw"], item["source"], item["detail_type"]) == (raw, None, None)


def test_pages_reach_all_that_are_kept(here: House) -> None:
    """Newest first over empty stretches, each once, in three rounds of calls a page at most."""
    expected = []
    for days in (0, 0, 0, 1, 7, 8, 31, 32, 33, 89, 90):
        raw = f"bad {len(expected)}"
        here.post(raw, at=NOW - days * DAY - len(expected))
        expected.append(raw)

    for limit in (1, 2, 4, 200):
        pages = list(here.walk("/rejections", limit=limit))
        assert [item["raw"] for page in pages for item in page.json["items"]] == expected
        assert max(page.rounds for page in pages) <= 3
    assert pages[0].json["covers"] == {"from": None, "to": None}


def test_rejections_that_are_kept_for_long_come_in_several_pages(here: House) -> None:
    """A page looks through so many days at most, says so, and goes on from there."""
    here.settings = replace(here.settings, entry_ttl_days=400)
    here.post("new", at=NOW)
    here.post("old", at=NOW - 300 * DAY)

    pages = [page.json for page in here.walk("/rejections")]

    assert [item["raw"] for page in pages for item in page["items"]] == ["new", "old"]
    assert pages[0]["covers"]["from"] == "2026-08-19T00:00:00.000000Z"
    assert [page["covers"]["from"] for page in pages[:-1]] == [
        page["covers"]["to"] for page in pages[1:]
    ]


def keep_as_before(here: House, raw: str, at: int) -> None:
    """Keep a rejected event as earlier versions did: by day, and nothing in the directory."""
    error = InvalidEvent("bad_json", field="", got="", allowed="JSON")
    item = rejection_item(raw, error, received_at=at, ttl_days=90, shard=0)
    day = item.pop("day_shard")["S"].partition("#")[0]
    del item["raw_bytes"]
    here.client.put_item(TableName=NAMES.rejections, Item=item | {"day": {"S": day}})


def test_what_earlier_versions_have_kept_stays_readable(here: House) -> None:
    """Between new ones, each once, whatever the size of a page."""
    expected = []
    for days in (0, 0, 1, 1, 2, 9, 9, 60, 89):
        raw, at = f"bad {len(expected)}", NOW - days * DAY - len(expected)
        if len(expected) % 2:
            keep_as_before(here, raw, at)
        else:
            here.post(raw, at=at)
        expected.append(raw)

    for limit in (1, 2, 200):
        pages = list(here.walk("/rejections", limit=limit))
        assert [item["raw"] for page in pages for item in page.json["items"]] == expected
        assert max(page.rounds for page in pages) <= 3


def test_many_partitions_come_in_several_pages(here: House) -> None:
    """A page reads so many partitions at most, ends at a whole day, and a cursor goes on."""
    expected = []
    for days in range(16):
        for shard in range(8):
            raw, at = f"bad {days} {shard}", NOW - days * DAY - shard
            error = InvalidEvent("bad_json", field="", got="", allowed="JSON")
            item = rejection_item(raw, error, received_at=at, ttl_days=90, shard=shard)
            here.client.put_item(TableName=NAMES.rejections, Item=item)
            entry = directory_item(item["day_shard"]["S"], received_at=at, ttl_days=90)
            here.client.put_item(TableName=NAMES.rejections, Item=entry)
            expected.append(raw)

    pages = list(here.walk("/rejections", limit=200))

    assert [item["raw"] for page in pages for item in page.json["items"]] == expected
    assert [len(page.json["items"]) for page in pages] == [96, 32]
    assert pages[0].json["covers"]["from"] == "2026-11-11T00:00:00.000000Z"
    assert max(page.rounds for page in pages) <= 3


def test_texts_that_fill_an_answer_end_the_page(here: House) -> None:
    """No text is read that the answer has no room for; the cursor goes on with it."""
    texts = [f"{number}" + "é" * 89_000 for number in range(40)]
    for number, raw in enumerate(texts):
        here.post(raw, at=NOW - number)

    pages = list(here.walk("/rejections", limit=200))

    assert [item["raw"] for page in pages for item in page.json["items"]] == texts
    assert len(pages) > 1
    assert max(page.rounds for page in pages) <= 3


def test_a_row_whose_item_is_gone_is_left_out(here: House) -> None:
    """The index follows the table a moment later; what has expired is not shown."""
    here.post("old", at=NOW - 1)
    here.post("new", at=NOW)

    def answer(_number: int, name: str, call: Callable[[], Any]) -> Any:
        found = call()
        if name == "batch_get_item":
            found["Responses"][NAMES.rejections] = [
                item for item in found["Responses"][NAMES.rejections] if item["raw"]["S"] == "old"
            ]
        return found

    here.counting.interfere = answer
    assert [one["raw"] for one in here.get("/rejections").json["items"]] == ["old"]


def test_the_directory_is_no_rejected_event(here: House) -> None:
    """Its entries lie in the same table, and neither a list nor a look-up shows them."""
    here.post("bad", at=NOW)
    (entry,) = [
        item
        for item in here.client.scan(TableName=NAMES.rejections)["Items"]
        if item["day_shard"]["S"] == DIRECTORY
    ]
    assert read_rejection(here.client, NAMES.rejections, str(entry["rejection_id"]["S"])) is None
    assert [one["raw"] for one in here.get("/rejections").json["items"]] == ["bad"]
