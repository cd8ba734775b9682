"""Samples beside the counts of failures: what the writer leaves, and that counts stay exact."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers
from tests.support.recounts import audits

from run_ledger.domain.instants import parse
from run_ledger.store.items.rollup_items import from_rollup_item, seen_at
from run_ledger.store.items.sample_items import samples_of


def _failure(number: int, at: str, **fields: Any) -> Envelope:
    return job_update(
        job_id=f"job-{number}",
        event_id="1",
        status="completed",
        occurred_at=f"2026-11-22T{at}:00Z",
        **{
            "result": "failed",
            "error": {"type": "Late", "message": f"no. {number}", "fingerprint": "f"},
            **fields,
        },
    )


def _samples(store: Any) -> list[Any]:
    items = store.items(NAMES.rollups)
    return [samples_of(item) for item in items if item["pk"]["S"].startswith("failures#")]


def test_a_failure_leaves_a_sample() -> None:
    """When the first one was, what the last one said, and the last of the jobs."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store)
    for number, at in enumerate(("10:00", "11:00", "12:00", "13:00", "14:00", "15:00")):
        ledgers.post(ledger, [_failure(number, at)])
    (sample,) = _samples(store)
    assert sample.first_at == parse("2026-11-22T10:00:00Z")
    assert (sample.type, sample.message) == ("Late", "no. 5")
    assert max(sample.jobs) == (parse("2026-11-22T15:00:00Z"), "job-5")
    assert len(sample.jobs) > 1


def test_of_one_batch_the_newest_is_the_sample() -> None:
    """Whatever order its events come in."""
    store = ledgers.empty_store()
    ledgers.post(ledgers.make_ledger(store), [_failure(1, "12:00"), _failure(2, "11:00")])
    (sample,) = _samples(store)
    assert sample.message == "no. 1"


def test_long_texts_are_cut() -> None:
    """An item of one kind of failure stays below a KB, which is what a write unit holds."""
    store = ledgers.empty_store()
    error = {"type": "T" * 1_024, "message": "m" * 1_024, "fingerprint": "f"}
    ledger = ledgers.make_ledger(store)
    for number in range(9):
        ledgers.post(ledger, [_failure(number, "12:00", error=error)])
    (sample,) = _samples(store)
    assert (len(sample.type), len(sample.message)) == (80, 240)
    assert sample.message.endswith("m…")


def test_a_failure_that_says_nothing_has_a_sample_too() -> None:
    """Its job, and when it was."""
    store = ledgers.empty_store()
    silent = job_update(event_id="1", status="completed", result="timed_out")
    ledgers.post(ledgers.make_ledger(store), [silent])
    (sample,) = _samples(store)
    assert (sample.type, sample.message) == (None, None)
    assert sample.jobs == ((parse("2026-11-22T14:15:00Z"), "job-1"),)


def test_rows_of_clients_say_when_they_counted_last() -> None:
    """By the writer's clock, in rows of hours, in the total and over all; no other row does."""
    store = ledgers.empty_store()
    ledgers.post(ledgers.make_ledger(store), [_failure(1, "12:00")])
    said = {item["pk"]["S"]: seen_at(item) for item in store.items(NAMES.rollups)}
    named = {partition for partition, at in said.items() if at == ledgers.NOW}
    assert named == {"all", "clients", "client#client-1#2026-11-22"}
    assert {at for partition, at in said.items() if partition not in named} == {None}


@given(envelopes=strategies.ledgers())
def test_what_stands_beside_is_no_count(envelopes: list[Envelope]) -> None:
    """Rows are what a recount gives; every sample is of a job that there is."""
    store = ledgers.empty_store()
    ledgers.post(ledgers.make_ledger(store), envelopes)
    ledgers.assert_balanced(store)
    there = set(ledgers.stored_jobs(store))
    assert {job_id for sample in _samples(store) for _, job_id in sample.jobs} <= there
    for item in store.items(NAMES.rollups):
        row, counts = from_rollup_item(item)
        assert all(isinstance(count, int) for count in counts.values())
        if row.partition.startswith("failures#"):
            assert samples_of(item).jobs


def test_an_audit_is_content_with_samples() -> None:
    """They are no drift, and neither is their absence."""
    with empty_tables() as client:
        audits.post(client, [_failure(1, "12:00"), _failure(2, "11:00")])
        findings = audits.audit(client)
        assert not findings.drifts
        assert findings.rows > 0
