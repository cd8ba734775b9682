"""Reading what one answer does not hold: keys that DynamoDB leaves out, pages, portions."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.dynamo.faults import Recorder, held_back
from tests.support.dynamo.tables import NAMES
from tests.support.readers.ledgers import empty_store

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.batches import KeysLeftOut, every_item, portions, read_items

KEYS = [to_item({"job_id": f"j{number}"}) for number in range(3)]


def read(script: Recorder, pauses: list[float], seconds: float = 1.5) -> dict[str, list[Any]]:
    """Read three jobs and a project that there are, and one of each that there is not."""
    store = empty_store()
    client = store.client()
    for key in KEYS:
        client.put_item(TableName=NAMES.jobs, Item=key)
    client.put_item(TableName=NAMES.projects, Item=to_item({"project_id": "p"}))
    wanted = {
        NAMES.jobs: [*KEYS, to_item({"job_id": "none"})],
        NAMES.projects: [to_item({"project_id": "p"}), to_item({"project_id": "none"})],
    }
    return read_items(store.client(script), wanted, seconds=seconds, pause=pauses.append)  # type: ignore[arg-type]


def test_items_of_several_tables_come_in_one_call() -> None:
    """By table; what there is no item of is not there."""
    script, pauses = Recorder(), list[float]()
    found = read(script, pauses)
    assert sorted(item["job_id"]["S"] for item in found[NAMES.jobs]) == ["j0", "j1", "j2"]
    assert found[NAMES.projects] == [to_item({"project_id": "p"})]
    (call,) = script.calls
    assert all(one["ConsistentRead"] for one in call.request["RequestItems"].values())
    assert not pauses


def test_what_is_left_out_is_asked_for_again() -> None:
    """Only that, after pauses that grow and are random by half."""
    script, pauses = Recorder(held_back(3), held_back(2), held_back(1)), list[float]()
    found = read(script, pauses)
    asked = [
        sum(len(one["Keys"]) for one in call.request["RequestItems"].values())
        for call in script.calls
    ]
    assert asked == [6, 3, 2, 1]
    assert len(found[NAMES.jobs]) + len(found[NAMES.projects]) == 4
    assert all(
        longest / 2 <= pause <= longest
        for pause, longest in zip(pauses, (0.05, 0.1, 0.2), strict=True)
    )


def test_patience_has_an_end() -> None:
    """The last pause ends before the time does; what came and what did not is said."""
    script, pauses = Recorder(*[held_back(1)] * 50), list[float]()
    with pytest.raises(KeysLeftOut) as caught:
        read(script, pauses, seconds=1.0)
    assert isinstance(caught.value, StoreUnavailable)
    assert max(pauses) <= 1.0
    assert 4 <= len(script.calls) <= 7
    assert caught.value.keys == {NAMES.jobs: [KEYS[0]]}
    assert len(caught.value.found[NAMES.jobs]) == 2


def test_pages_follow_one_another() -> None:
    """Each begins where the one before has ended; the last one names no key."""
    asked: list[dict[str, Any]] = []
    answers = [
        {"Items": [1, 2], "LastEvaluatedKey": {"pk": "a"}},
        {"Items": [], "LastEvaluatedKey": {"pk": "b"}},
        {"Items": [3]},
    ]

    def call(**request: Any) -> Any:
        asked.append(request)
        return answers[len(asked) - 1]

    assert list(every_item(call, {"TableName": "t"})) == [1, 2, 3]
    assert [one.get("ExclusiveStartKey") for one in asked] == [None, {"pk": "a"}, {"pk": "b"}]


def test_portions_keep_the_order() -> None:
    """Each is full but for the last; of nothing there is none."""
    assert portions("abcde", 2) == [["a", "b"], ["c", "d"], ["e"]]
    assert portions([], 2) == []
