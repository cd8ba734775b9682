"""The attack itself: one client invents 52,176 counters in an hour, and nobody else notices.

A likely mistake does it: ``delta: {"sku_12345": 1}``. Events go through the writer's handler as the
queue delivers them, among those of another client, and answers come from the reader.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
from tests.backend.test_writer_handler import Context
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.stand_in import Dynamo, item_bytes
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers
from tests.support.readers.reading import STAFF, House, client_user

from run_ledger import writer
from run_ledger.domain.instants import parse
from run_ledger.store.posting.ledger import Keeping

EVENTS, NAMES_AN_EVENT, JOBS = 2_174, 24, 40
HOUR = {"from": "2026-11-22T14:00:00Z", "to": "2026-11-22T15:00:00Z", "interval": "hour"}
DAYS = {"from": "2026-11-22", "to": "2026-11-23"}
# In this order names come that sort before all that came until then.
NUMBERS = range(EVENTS * NAMES_AN_EVENT, 0, -1)


def _inventions() -> Iterator[Envelope]:
    for event in range(EVENTS):
        numbers = NUMBERS[event * NAMES_AN_EVENT : (event + 1) * NAMES_AN_EVENT]
        yield job_update(
            job_id=f"noisy-{event % JOBS}",
            client_id="noisy",
            project_id="shop",
            event_id=f"e{event}",
            occurred_at=f"2026-11-22T14:{event % 60:02d}:00Z",
            delta={f"sku_{number:05d}": 1 for number in numbers},
        )


def _work() -> Iterator[Envelope]:
    for event in range(200):
        yield job_update(
            job_id=f"acme-{event % 10}",
            client_id="acme",
            project_id="catalogue",
            event_id=f"e{event}",
            occurred_at=f"2026-11-22T14:{event % 60:02d}:00Z",
            delta={"records_ok": 3, "pages": 1},
        )


@cache
def attacked() -> tuple[Dynamo, int]:
    """Return the tables after the attack, and how many messages have failed."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store, keeping=Keeping(ledgers.TTL_DAYS, 8))
    sent = [*_inventions(), *_work()]
    # Nearly in order: the worst for names, as each sorts before those that are kept.
    dice = random.Random(3)
    sent.sort(key=lambda one: int(one["detail"]["event_id"][1:]) + dice.randrange(200))
    failed = 0
    for start in range(0, len(sent), 100):
        records = [
            {"messageId": str(number), "body": json.dumps(one)}
            for number, one in enumerate(sent[start : start + 100])
        ]
        with patch.object(writer, "_ledger", lambda: ledger):
            answer = writer.handler({"Records": records}, Context())
        failed += len((answer or {})["batchItemFailures"])
    return store, failed


@pytest.fixture
def here() -> House:
    """Give the reader's side, at the end of that hour."""
    house = House(Querying(attacked()[0]))  # type: ignore[arg-type]
    house.now = parse("2026-11-22T14:59:00Z")
    return house


def _counters(series: Mapping[str, Any]) -> Counter[str]:
    (point,) = series["points"]
    return Counter(point["counters"])


def test_no_posting_is_turned_back() -> None:
    """Neither those of the client that invents, nor those beside them; rows stay below 64 KB."""
    store, failed = attacked()
    assert failed == 0
    assert len(ledgers.entries(store)) == EVENTS + 200
    assert max(item_bytes(item) for item in store.items(NAMES.rollups)) < 64 * 1024


def test_the_overview_is_everybody_s(here: House) -> None:
    """Staff see both clients, with exact figures, and nobody is left out."""
    reply = here.get("/overview", STAFF)
    assert reply.status == 200
    assert reply.json["left_out"] is None
    clients = {one["client_id"]: one for one in reply.json["clients"]}
    assert clients["acme"]["counters"] == {"records_ok": 600}
    assert (clients["acme"]["created"], clients["noisy"]["created"]) == (10, JOBS)


@pytest.mark.parametrize("span", [HOUR, DAYS])
@pytest.mark.parametrize("group_by", ["client", "project", "pipeline"])
def test_trends_are_everybody_s(here: House, group_by: str, span: dict[str, str]) -> None:
    """All that was added is in the series, whoever invented how much of it."""
    reply = here.get("/trends", STAFF, group_by=group_by, **span)
    assert reply.status == 200
    assert (reply.json["left_out"], reply.json["other"]) == (None, None)
    sums = sum(map(_counters, reply.json["series"]), Counter[str]())
    assert sums.total() == EVENTS * NAMES_AN_EVENT + 200 * 4
    assert sums["records_ok"] == 600
    if group_by != "pipeline":
        kept = {f"sku_{number:05d}": 1 for number in range(1, 65)}
        noisy = _counters(reply.json["series"][-1])
        assert noisy == {**kept, "other_counters": EVENTS * NAMES_AN_EVENT - 64}
        assert _counters(reply.json["series"][0]) == {"records_ok": 600, "pages": 200}


def test_other_answers_are_everybody_s(here: House) -> None:
    """Lists, error groups and one's own series are as ever."""
    for path in ("/jobs", "/errors", "/projects", "/clients"):
        assert here.get(path, STAFF).status == 200
    own = here.get("/trends", client_user("acme"), client_id="acme", **DAYS)
    assert _counters(own.json["series"][0]) == {"records_ok": 600, "pages": 200}
    noisy = here.get("/jobs/{job_id}", STAFF, path={"job_id": "noisy-1"}).json
    assert sum(noisy["counters"].values()) == len(range(1, EVENTS, JOBS)) * NAMES_AN_EVENT
