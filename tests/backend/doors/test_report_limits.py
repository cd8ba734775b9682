"""Each caller has its share: who sends too much is told when to go on, and nobody else waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.dynamo.stand_in import client_error
from tests.support.dynamo.tables import NAMES
from tests.support.readers.reading import NOW
from tests.support.readers.reporting import ReportingHouse, detail, reporting_house, sent

from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.clients.report_use import count_events, read_last_use, window_of

FIFTY = sent(*(detail(event_id=str(number)) for number in range(50)))


@pytest.fixture
def here() -> Iterator[ReportingHouse]:
    """Give a house in which a caller may send ten events a second."""
    with reporting_house() as house:
        house.events_per_second = 10
        yield house


def test_who_sends_too_much_waits_until_the_window_ends(here: ReportingHouse) -> None:
    """A hundred in ten seconds; then 429, and again a hundred."""
    key, other = here.key("acme"), here.key("acme", name="another")
    here.now = window_of(Instant(NOW)) * MICROSECONDS + 3 * MICROSECONDS
    assert [here.send(key, FIFTY).status for _ in range(3)] == [202, 202, 429]
    reply = here.send(key, FIFTY)
    assert (reply.json["type"], reply.headers["Retry-After"]) == (
        "urn:run-ledger:problem:limit-reached",
        "7",
    )
    assert here.send(other, FIFTY).status == 202
    assert len(here.bus.entries) == 150
    here.now += 7 * MICROSECONDS
    assert here.send(key, FIFTY).status == 202


def test_instances_count_together_whichever_clock_is_ahead(here: ReportingHouse) -> None:
    """A window that another instance has begun goes on; an older one ends."""
    now = Instant(NOW)
    later = Instant(NOW + 10 * MICROSECONDS)

    def count(at: Instant) -> int:
        return count_events(here.client, NAMES.clients, "key#1", 5, at)

    assert [count(now), count(now), count(later), count(now), count(later)] == [5, 10, 5, 10, 15]
    last_use = read_last_use(here.client, NAMES.clients, "key#1")
    assert last_use == window_of(later) * MICROSECONDS
    assert read_last_use(here.client, NAMES.clients, "key#2") is None


def test_refused_callers_cost_no_count(here: ReportingHouse) -> None:
    """What nobody may send is not counted for anybody."""
    key = here.key("acme")
    here.send(key[:-4] + "AAAA", FIFTY)
    here.send(key, "{")
    assert read_last_use(here.client, NAMES.clients, f"key#{key[4:20]}") is None


def test_a_store_that_throttles_is_503(
    here: ReportingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is given to the bus that was not counted."""
    key = here.key("acme")

    def refuse(**_: object) -> None:
        raise client_error("ThrottlingException", "slow down", "UpdateItem")

    monkeypatch.setattr(here.client, "update_item", refuse)
    reply = here.send(key, FIFTY)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    assert not here.bus.entries
