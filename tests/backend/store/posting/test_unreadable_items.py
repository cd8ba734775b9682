"""What can't be read of a job, damaged or written by a later release, harms no other job."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.dynamo.stand_in import Dynamo
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import make_ledger, post

FIRST = job_update(event_id="1", status="running", delta={"records_ok": 1})
AGAIN = [FIRST, job_update(event_id="2", delta={"records_ok": 1})]
OTHER = job_update(event_id="1", job_id="other", delta={"records_ok": 1})


def _put(store: Dynamo, table: str, item: dict[str, Any]) -> None:
    store.perform("PutItem", {"TableName": table, "Item": item})


def _is_of_job(item: dict[str, Any]) -> bool:
    return "job-1" in str(item.get("pk", item.get("job_id")))


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        (NAMES.entries, {"events": {"B": b"\x07of a later release"}}),
        (NAMES.entries, {"events": {"B": b"\x01no compressed text"}}),
        (NAMES.entries, {"events": {"S": "no bytes"}}),
        (NAMES.entries, {"received_at": {"S": "yesterday"}}),
        (NAMES.jobs, {"at": {"M": {"first": {"M": {}}}}}),
        (NAMES.jobs, {"said": {"L": [{"S": "?"}]}}),
        (NAMES.jobs, {"ck": {"S": "no time"}}),
        (NAMES.jobs, {"log": {"S": "no number"}}),
    ],
)
def test_only_the_jobs_own_events_come_back(table: str, damage: dict[str, Any]) -> None:
    """Those of a job with a damaged item or row fail, and are told of; all others are posted."""
    store = ledgers.empty_store()
    post(make_ledger(store), [FIRST])
    (item,) = filter(_is_of_job, store.items(table))
    _put(store, table, {**item, **damage})
    ledger = make_ledger(store)

    report = post(ledger, [*AGAIN, OTHER])

    assert report.failed_message_ids == {"m0", "m1"}
    assert all("can't be read" in one and "job job-1" in one for one in report.failures)
    assert len(report.failures) == 2
    jobs = {item["job_id"]["S"]: item for item in store.items(NAMES.jobs)}
    assert jobs["other"]["n"] == {"N": "1"}

    _put(store, table, item)
    assert not post(ledger, AGAIN).failed_message_ids
    ledgers.assert_balanced(store)


@pytest.mark.parametrize(
    "damage",
    [{"records": {"N": "3"}}, {"records": {"B": b"short"}}, {"expires_at": {"S": "never"}}],
)
def test_a_damaged_index_is_made_anew(damage: dict[str, Any]) -> None:
    """What an index holds follows from rows: an event that only it leads to is found again."""
    store = ledgers.empty_store()
    writer = make_ledger(store)
    for number in range(70):
        post(writer, [job_update(event_id=f"{number}", delta={"records_ok": 1})])
    (item,) = (one for one in store.items(NAMES.entries) if one["pk"]["S"].startswith("index#"))
    _put(store, NAMES.entries, {**item, **damage})
    newcomer = make_ledger(store)

    report = post(newcomer, [job_update(event_id="5", delta={"records_ok": 1}), OTHER])

    assert not report.failed_message_ids
    assert report.duplicates == 1
    assert item in store.items(NAMES.entries)
