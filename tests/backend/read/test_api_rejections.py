"""Rejected events, newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.support.events.builders import job_update, without
from tests.support.readers.reading import NOW, House, house

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
