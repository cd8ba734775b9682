"""Making room while others add: nothing is lost, and nothing counts twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.dynamo.stand_in import Answer, Call, Dynamo, Fault, client_error
from tests.support.dynamo.tables import NAMES
from tests.support.readers import ledgers

from run_ledger.domain.state.own_counters import OTHER, own_attributes
from run_ledger.store.items.own_names import Room
from run_ledger.store.posting.compaction import compact

KEY = {"pk": {"S": "client#acme#2026-11-22"}, "sk": {"S": "14#default#0"}}
ROOM = Room(kept=2, held=4)
COUNTS = {"c_a": 1, "c_b": 2, "c_c": 3, "c_d": 4, "c_records_ok": 5}


@pytest.fixture
def store() -> Dynamo:
    """Give a table with a row that has four own counters, two of them beyond the kept ones."""
    made = ledgers.empty_store()
    counts = {name: {"N": str(count)} for name, count in COUNTS.items()}
    item = {**KEY, **counts, "own": {"SS": ["a", "b", "c", "d"]}}
    made.perform("PutItem", {"TableName": NAMES.rollups, "Item": item})
    return made


def _add(store: Dynamo, name: str, change: int) -> None:
    request = {
        "TableName": NAMES.rollups,
        "Key": KEY,
        "UpdateExpression": "ADD #c :n",
        "ExpressionAttributeNames": {"#c": name},
        "ExpressionAttributeValues": {":n": {"N": str(change)}},
    }
    store.perform("UpdateItem", request)


def _counts(store: Dynamo) -> dict[str, int]:
    (item,) = store.items(NAMES.rollups)
    return {name: int(item[name]["N"]) for name in item if name.startswith("c_")}


def _compact(store: Dynamo, script: Any) -> Any:
    client: Any = store.client(script)
    return compact(client, NAMES.rollups, KEY, ROOM, lambda: True)


def test_counters_beyond_the_kept_are_moved(store: Dynamo) -> None:
    """Known counters stay, and the set names what is left; the last kept name is told."""
    compacted = _compact(store, None)
    assert (compacted.moved, compacted.held.last) == (2, "c_b")
    assert _counts(store) == {"c_a": 1, "c_b": 2, OTHER: 7, "c_records_ok": 5}
    (item,) = store.items(NAMES.rollups)
    assert item["own"] == {"SS": ["a", "b"]}


@pytest.mark.parametrize("name", ["c_d", "c_a", "c_0", OTHER, "c_records_ok"])
def test_an_addition_in_between_is_kept(store: Dynamo, name: str) -> None:
    """Of a counter that is moved, one that stays, a new one, and the sum of the others."""
    added = []

    def script(call: Call) -> Fault | None:
        if call.operation == "UpdateItem" and not added:
            added.append(name)
            _add(store, name, 10)
        return None

    _compact(store, script)
    counts = _counts(store)
    assert sum(counts.values()) == sum(COUNTS.values()) + 10
    # A new name may be there beside those that are kept, until room is made again.
    assert {*own_attributes(counts)} - {"c_0"} <= {"c_a", "c_b"}
    if name in counts and name != OTHER:
        assert counts[name] == COUNTS.get(name, 0) + 10


def test_an_answer_that_got_lost_moves_nothing_twice(store: Dynamo) -> None:
    """The call took effect and is sent again, as botocore does after a time-out."""

    def twice(call: Call) -> Answer:
        call.perform()
        return call.perform()

    tried = []

    def script(call: Call) -> Fault | None:
        if call.operation == "UpdateItem" and not tried:
            tried.append(True)
            return twice
        return None

    _compact(store, script)
    assert _counts(store) == {"c_a": 1, "c_b": 2, OTHER: 7, "c_records_ok": 5}


def test_a_refusal_is_raised(store: Dynamo) -> None:
    """Whoever makes room decides what an error means."""

    def refuse(_: Call) -> Answer:
        raise client_error("AccessDeniedException")

    with pytest.raises(Exception, match="AccessDenied"):
        _compact(store, lambda call: refuse if call.operation == "UpdateItem" else None)
