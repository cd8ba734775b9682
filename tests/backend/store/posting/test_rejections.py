"""Rejected events are kept together, after everything else of a batch, and within a budget.

What DynamoDB does is as in the developer guide, "BatchWriteItem": up to 25 puts a call and no item
twice, puts that it leaves out come back as ``UnprocessedItems``, and one that is malformed has the
whole call refused.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.support.dynamo.faults import Recorder, left_out, refused_with
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.stand_in import Answer, Call
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import assert_balanced, make_ledger, post

from run_ledger.store.items.rejection_items import DIRECTORY, SHARDS
from run_ledger.store.posting.rejections import BUDGET_SECONDS

READ, WRITE, KEEP = "BatchGetItem", "TransactWriteItems", "BatchWriteItem"
RUNNING = job_update(event_id="1", status="running")


def nonsense(count: int) -> list[str]:
    """Return so many texts that are no events, each another."""
    return [f'{{"{number}"' for number in range(count)]


def places(store: Any) -> Counter[str]:
    """Return how many items each partition of the index holds."""
    return Counter(item["day_shard"]["S"] for item in store.items(NAMES.rejections))


def test_a_batch_of_nonsense_takes_five_calls() -> None:
    """A hundred rejected events, and the directory's entry, are kept 25 a call."""
    store, script = ledgers.empty_store(), Recorder()
    report = post(make_ledger(store, script), nonsense(100))
    assert script.operations == [KEEP] * 5
    assert (len(report.rejected), len(ledgers.rejections(store))) == (100, 100)
    assert report.calls == 5


def test_events_are_posted_before_anything_is_kept_as_rejected() -> None:
    """Nonsense of all kinds (no event, a stranger, a used id) waits for what keeps the contract."""
    store = ledgers.empty_store()
    post(make_ledger(store), [job_update(event_id="0", delta={"records_ok": 1})])
    script = Recorder()
    stranger = job_update(event_id="2", client_id="somebody-else")
    used = job_update(event_id="0", delta={"records_ok": 2})
    others = [job_update(job_id=f"job-{n}", event_id="1") for n in range(2, 5)]
    report = post(make_ledger(store, script), [*nonsense(30), stranger, used, RUNNING, *others])
    first_kept = script.operations.index(KEEP)
    assert WRITE in script.operations[:first_kept]
    assert set(script.operations[first_kept:]) == {KEEP}
    assert Counter(error.reason for error in report.rejected) == {
        "bad_json": 30,
        "identity_mismatch": 1,
        "event_id_reused": 1,
    }
    assert not report.failed_message_ids
    assert_balanced(store)


def test_a_flood_is_spread_over_the_shards_of_a_day_and_few_lie_in_one() -> None:
    """So no partition of the index takes it all, and a usual day is read with one call."""
    store = ledgers.empty_store()
    ledger = make_ledger(store)
    for number in range(5):
        post(ledger, [f"few {number}"])
    assert set(places(store)) == {DIRECTORY, "2026-11-18#0"}
    for number in range(60):
        post(ledger, [f"flood {number} {n}" for n in range(20)])
    assert len(places(store)) == SHARDS + 1
    assert max(places(store).values()) < 2.5 * 1200 / SHARDS
    assert places(store)[DIRECTORY] == SHARDS


def test_the_directory_is_told_once_by_each_writer() -> None:
    """A writer remembers the partitions that it has named."""
    store, script = ledgers.empty_store(), Recorder()
    ledger = make_ledger(store, script)
    for number in range(3):
        post(ledger, [f"bad {number}"])
    written = [len(call.request["RequestItems"][NAMES.rejections]) for call in script.calls]
    assert written == [2, 1, 1]


def test_the_index_holds_no_text() -> None:
    """A rejection of 50 KB costs the table fifty write units, and the index one."""
    store, meter = ledgers.empty_store(), Meter()
    ledger = make_ledger(store, meter.script)
    post(ledger, ["small"])
    meter.write_units.clear()
    post(ledger, ["x" * 50_000])
    assert meter.write_units[NAMES.rejections] >= 49
    assert meter.write_units[f"{NAMES.rejections}/by_day_shard"] == 1
    assert meter.write_units[f"{NAMES.rejections}/by_day"] == 0


def test_the_same_text_twice_in_a_batch_is_kept_once() -> None:
    """A call that names an item twice would be refused as a whole."""
    store = ledgers.empty_store()
    report = post(make_ledger(store), ["{", "{", "["])
    assert not report.failed_message_ids
    assert (len(report.rejected), len(ledgers.rejections(store))) == (3, 2)


def test_what_dynamodb_leaves_out_is_tried_again() -> None:
    """A throttled table leaves puts out; they are kept a moment later."""
    store, pauses = ledgers.empty_store(), list[float]()
    script = Recorder(left_out(20), left_out(3), refused_with("ThrottlingException"))
    report = post(make_ledger(store, script, pauses=pauses), nonsense(24))
    assert script.operations == [KEEP] * 4
    assert len(pauses) == 3
    assert (len(ledgers.rejections(store)), report.failed_message_ids) == (24, set())


@pytest.mark.parametrize("fault", [left_out(25), refused_with("ThrottlingException")])
def test_a_table_that_takes_nothing_costs_others_no_more_than_the_budget(fault: Any) -> None:
    """Events are posted; nonsense goes back to the queue when its few seconds are over."""
    store, pauses = ledgers.empty_store(), list[float]()

    def script(call: Call) -> Any:
        return fault if call.operation == KEEP else None

    report = post(
        make_ledger(store, script, pauses=pauses),
        [*nonsense(60), RUNNING],
        seconds=[25.0] * 8 + [25.1 - BUDGET_SECONDS] * 4 + [24.9 - BUDGET_SECONDS],
    )
    assert report.failed_message_ids == {f"m{n}" for n in range(60)}
    assert not report.rejected
    assert set(ledgers.stored_jobs(store)) == {"job-1"}
    assert_balanced(store)


def test_a_table_that_never_takes_anything_is_given_up() -> None:
    """Also where the time that is left does not get less: no loop is without an end."""
    store, script = ledgers.empty_store(), Recorder(*[left_out(25)] * 1_000)
    report = post(make_ledger(store, script), nonsense(3))
    assert report.failed_message_ids == {"m0", "m1", "m2"}
    assert len(script.calls) < 20


def test_no_time_left_keeps_nothing() -> None:
    """What came too late for a call goes back to the queue, and says why."""
    store, script = ledgers.empty_store(), Recorder()
    report = post(make_ledger(store, script), [*nonsense(2), RUNNING], seconds=[60, 60, 60, 1])
    assert KEEP not in script.operations
    assert report.failed_message_ids == {"m0", "m1"}
    assert report.failures == ["a rejected event could not be kept: no time left"] * 2


def test_one_that_is_refused_takes_no_other_with_it() -> None:
    """A call that is refused is made again by halves, until the one is found."""
    store = ledgers.empty_store()

    def refuse(call: Call) -> Answer:
        if '"bad"' in str(call.request):
            return refused_with("ValidationException")(call)
        return call.perform()

    report = post(
        make_ledger(store, lambda call: refuse if call.operation == KEEP else None),
        [*nonsense(20), '{"bad"', *[f"[{n}" for n in range(20)]],
    )
    assert report.failed_message_ids == {"m20"}
    assert len(ledgers.rejections(store)) == 40


def test_without_permission_nothing_is_tried_again() -> None:
    """Patience would not help; the messages come again, in the end in the dead-letter queue."""
    store, pauses = ledgers.empty_store(), list[float]()
    script = Recorder(*[refused_with("AccessDeniedException")] * 9)
    report = post(make_ledger(store, script, pauses=pauses), nonsense(3))
    assert (script.operations, pauses) == ([KEEP], [])
    assert report.failed_message_ids == {"m0", "m1", "m2"}


def test_without_its_entry_in_the_directory_none_counts_as_kept() -> None:
    """What no list would show is not reported as done; it comes again."""
    store = ledgers.empty_store()

    def leave_out_first(call: Call) -> Answer:
        ((table, puts),) = call.request["RequestItems"].items()
        first = [put for put in puts if "raw" not in put["PutRequest"]["Item"]]
        rest = [put for put in puts if put not in first]
        if rest:
            call.perform(RequestItems={table: rest})
        return {"UnprocessedItems": {table: first} if first else {}}

    report = post(make_ledger(store, lambda _: leave_out_first), nonsense(2))
    assert report.failed_message_ids == {"m0", "m1"}
    again = post(make_ledger(store), nonsense(2))
    assert not again.failed_message_ids
    assert places(store)[DIRECTORY] == 1
