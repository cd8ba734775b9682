"""Postings and transactions stay within DynamoDB's limits, whatever a batch holds."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dynamo.expressions import MAX_EXPRESSION_BYTES
from tests.support.dynamo.faults import Recorder
from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.stand_in import MAX_ACTIONS, MAX_TRANSACTION_BYTES
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import make_ledger, post

_LARGE = {"tags": {f"tag {n}": "x" * 1000 for n in range(60)}}


Run = tuple[str, int, int, int]
_runs = st.tuples(
    st.sampled_from(("sums", "counters", "large", "failures", "attempts", "project")),
    st.integers(0, 130),  # how many
    st.sampled_from((1, 3, 50)),  # over how many jobs
    st.sampled_from((1, 7)),  # over how many hours
)


def _batch(runs: list[Run]) -> list[Envelope]:
    return [
        _event(shape, f"{number}-{n}", n % jobs, n % hours)
        for number, (shape, count, jobs, hours) in enumerate(runs)
        for n in range(count)
    ]


def _event(shape: str, event_id: str, job: int, hour: int) -> Envelope:
    if shape == "project":
        return project_update(event_id=event_id, project_id=f"p-{job}", **_LARGE)
    fields: dict[str, Any] = {
        "sums": {"delta": {"records_ok": 1}},
        "counters": {"delta": {f"{'n' * 30}_{event_id[-2:].strip('-')}_{m}": 1 for m in range(24)}},
        "large": _LARGE,
        "failures": {
            "status": "completed",
            "result": "failed",
            "attempt": hour + 1,
            "error": {"type": "E", "message": "m", "fingerprint": event_id},
        },
        "attempts": {"attempt": int(event_id.partition("-")[2]) + 1, "status": "running"},
    }[shape]
    return job_update(
        event_id=event_id,
        job_id=f"job-{job}",
        occurred_at=f"2026-11-22T{hour:02d}:30:00Z",
        **fields,
    )


@settings(max_examples=settings().max_examples * 3 // 10)
@given(st.lists(_runs, max_size=4))
def test_no_transaction_breaks_a_limit(runs: list[Run]) -> None:
    """At most 100 actions, each on another item, 4 MB, 4 KB an expression; nothing is refused.

    Only own counters may be many enough for room to be made for them first.
    """
    store, calls = ledgers.empty_store(), Recorder()
    report = post(make_ledger(store, calls), _batch(runs))
    assert not report.failed_message_ids
    if "counters" not in {shape for shape, *_ in runs}:
        assert not report.cancelled
        # Besides, each 64th row of a log puts an item of its index.
        assert store.commits == report.transactions + calls.operations.count("PutItem")
    for actions in calls.transactions:
        requests = [next(iter(action.values())) for action in actions]
        assert len(actions) <= MAX_ACTIONS
        assert len({_item(request) for request in requests}) == len(actions)
        assert sum(_bytes(request) for request in requests) <= MAX_TRANSACTION_BYTES
        assert all(
            len(request.get(name, "")) <= MAX_EXPRESSION_BYTES
            for request in requests
            for name in ("UpdateExpression", "ConditionExpression")
        )


def test_large_events_of_one_job_are_parted_by_size() -> None:
    """A hundred events of 60 KB: a row takes four, so that it fits even if nothing compresses."""
    store, calls = ledgers.empty_store(), Recorder()
    batch = [job_update(event_id=str(n), **_LARGE) for n in range(100)]
    report = post(make_ledger(store, calls), batch)
    assert not report.failed_message_ids
    assert store.commits == report.transactions
    assert report.transactions == 25


def _item(request: dict[str, Any]) -> tuple[str, ...]:
    key = request.get("Key") or {name: request["Item"][name] for name in ("pk", "sk")}
    return (request["TableName"], *(value["S"] for value in key.values()))


def _bytes(request: dict[str, Any]) -> int:
    return item_bytes(request.get("Item") or request["ExpressionAttributeValues"])
