"""Own counters beyond those that are kept: an audit finds them right, an upgrade makes room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import job_update
from tests.support.readers.reading import Serial
from tests.support.recounts import audits

from run_ledger.domain.state.own_counters import OTHER, own_attributes
from run_ledger.store.audit.crowded_items import make_room
from run_ledger.store.audit.row_sums import row_changes
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.own_names import OF_ENTITIES, OF_ROWS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_EVENTS = [
    job_update(
        event_id=f"e{number}",
        status="running",
        delta={f"n{(number * 24 + one) * 7 % 288:03d}": 1 for one in range(24)},
    )
    for number in range(12)
]


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    """Give tables with a job that has 288 counters of its own."""
    with empty_tables() as client:
        for one in _EVENTS:
            audits.post(client, [one])
        yield client


def _counters(client: Any, table: str) -> list[dict[str, int]]:
    items = client.scan(TableName=table)["Items"]
    counted = [
        {name: int(item[name]["N"]) for name in [*own_attributes(item), OTHER] if name in item}
        for item in items
    ]
    return [counters for counters in counted if counters]


def test_an_audit_finds_folded_counters_right(client: DynamoDBClient) -> None:
    """It folds what it recounts by the same rule, however far the items have come."""
    findings = audits.audit(client)
    assert audits.drifts(findings) == set()
    assert not findings.undecided


def test_a_wrong_sum_is_repaired(client: DynamoDBClient) -> None:
    """A counter that is kept, and the sum of those that are not, are mended in rows and items."""
    items: list[Any] = client.scan(TableName=NAMES.rollups)["Items"]
    for item in items:
        if "c_n000" in item and item["pk"]["S"].startswith("client#"):
            wrong = {**item, "c_n000": {"N": "7"}, OTHER: {"N": "999"}}
            client.put_item(TableName=NAMES.rollups, Item=wrong)
            break
    found = audits.drifts(audits.audit(client, repair=True))
    assert {attribute for _, _, attribute, *_ in found} == {"c_n000", OTHER}
    assert audits.drifts(audits.audit(client)) == set()


def test_a_counter_that_nobody_reported_is_found_in_a_full_row() -> None:
    """It comes before those that are kept, so readers would show it: its sum is made zero."""
    recounted = {f"c_n{number:03d}": 1 for number in range(OF_ROWS.kept)} | {"c_z": 4, OTHER: 2}
    stored = {**recounted, "c_aaa": 5, "c_zz": 3}
    assert row_changes(recounted, stored) == {OTHER: (9, -3), "c_aaa": (5, -5)}
    assert row_changes(recounted, {**recounted, "c_z": 0, OTHER: 6}) == {}


def test_an_upgrade_makes_room(client: DynamoDBClient) -> None:
    """Earlier items keep the first names, and all sums; a second run does nothing."""
    (job,) = cast("list[Any]", client.scan(TableName=NAMES.jobs)["Items"])
    earlier = {name: value for name, value in job.items() if name != "own"}
    earlier |= {f"c_z{number:04d}": {"N": "2"} for number in range(500)}
    client.put_item(TableName=NAMES.jobs, Item=earlier)
    before = sum(_counters(client, NAMES.jobs)[0].values())
    reading = Reading(client, NAMES, Serial(), 3_600.0)
    assert sum(make_room(reading)) > 0
    assert sum(make_room(reading)) == 0
    (counters,) = _counters(client, NAMES.jobs)
    assert sum(counters.values()) == before
    assert own_attributes(counters) == [f"c_n{number:03d}" for number in range(OF_ENTITIES.kept)]
    assert all(len(own_attributes(one)) <= OF_ROWS.kept for one in _counters(client, NAMES.rollups))
