"""The recount of a million events finds what is stored wrongly."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.benchmarks.writer import long_traffic, recounted
from tests.support.dynamo.stand_in import Dynamo
from tests.support.dynamo.tables import NAMES
from tests.support.readers import ledgers

SEEDS = (1, 2)


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_traffic, "GENERATION", 700)
    monkeypatch.setattr(long_traffic, "LONG", 400)
    monkeypatch.setattr(recounted, "CALLS_A_FAULT", 5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ledger_in_trouble_differs_in_nothing(seed: int) -> None:
    """Some hundred events, delivered late and twice by calls that fail, are all there, once."""
    outcome = recounted.recounted(1_000, seed)

    assert outcome.differences == []
    assert outcome.events >= 1_000
    assert outcome.deliveries > outcome.events
    assert outcome.faults > 5


@pytest.fixture(scope="module")
def posted() -> tuple[recounted.Recount, Dynamo]:
    """Return what a ledger must hold of some events, and the store in which it is."""
    dice, store, wanted = random.Random(4), ledgers.empty_store(), recounted.Recount()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_traffic, "GENERATION", 300)
        patch.setattr(long_traffic, "LONG", 200)
        events = long_traffic.generation(0, dice)
    wanted.take(events)
    assert not ledgers.post(ledgers.make_ledger(store), events).failures
    assert wanted.differences(store) == []
    return wanted, store


def _first(store: Dynamo, table: str, sign: str) -> dict[str, Any]:
    return next(item for item in store.items(table) if sign in str(item))


@pytest.mark.parametrize(
    ("table", "attribute", "told"),
    [
        (NAMES.jobs, "c_records_ok", "job long-0"),
        (NAMES.rollups, "c_input_tokens", "row "),
        (NAMES.projects, "c_records_ok", "project "),
        (NAMES.entries, "events", "events of ('job', 'long-0')"),
    ],
)
def test_what_is_wrong_is_named(
    posted: tuple[recounted.Recount, Dynamo], table: str, attribute: str, told: str
) -> None:
    """A count that is one too high, or a row of a log with other events, is a difference."""
    wanted, store = posted
    sign = "long-0" if table in (NAMES.jobs, NAMES.entries) else attribute
    item = _first(store, table, sign)
    client = store.client()
    if attribute == "events":
        wrong = _first(store, table, "log#job#job-0")[attribute]
    else:
        wrong = {"N": str(int(item[attribute]["N"]) + 1)}

    def put(one: dict[str, Any]) -> None:
        client.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": one}}])

    put({**item, attribute: wrong})
    assert any(one.startswith(told) for one in wanted.differences(store))
    put(item)
    assert wanted.differences(store) == []
