"""Items hold a bounded number of own counters, and show the same whatever came in which order.

The stand-in counts the members of a set as the guide says: "If the attribute is of type Set, `size`
returns the number of elements" (Amazon DynamoDB Developer Guide, "Condition and filter expressions,
operators, and functions"). Its sizes of items are those of "DynamoDB item sizes and formats".
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dynamo.faults import Recorder, refused_with
from tests.support.dynamo.stand_in import Call, Dynamo, Fault, item_bytes
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers import ledgers

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS, RESULTS
from run_ledger.domain.state.durations import BOUNDS
from run_ledger.domain.state.own_counters import OTHER, own_attributes
from run_ledger.store.items.own_names import OF_ENTITIES, OF_ROWS
from run_ledger.store.posting.ledger import Keeping

_KB = 1024
_NAMES = [f"sku_{number:04d}" for number in range(700)]


def _many(seed: int, events: int, names: list[str]) -> list[Envelope]:
    """Return events of two jobs and a project with 24 of *names* each, and a known counter."""
    dice = random.Random(seed)
    sent = []
    for number in range(events):
        delta = {name: dice.randint(-2, 3) for name in dice.sample(names, 23)}
        fields: dict[str, Any] = {"event_id": f"e{number}", "delta": {**delta, "records_ok": 1}}
        if number % 7 == 0:
            sent.append(project_update(**fields))
        else:
            sent.append(job_update(job_id=f"job-{number % 2}", **fields))
    return sent


def _assert_within_bounds(store: Dynamo) -> None:
    for table, room in (
        (NAMES.rollups, OF_ROWS),
        (NAMES.jobs, OF_ENTITIES),
        (NAMES.projects, OF_ENTITIES),
    ):
        for item in store.items(table):
            assert len(own_attributes(item)) <= room.held
            assert item_bytes(item) < 64 * _KB


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([70, 200, 700]), st.sampled_from([1, 9, 60]))
def test_any_order_and_grouping_shows_the_same(seed: int, names: int, batch: int) -> None:
    """Shuffled, repeated, in batches of any size, by three writers: items are what a recount gives.

    A recount adds up all events, and keeps the names that come first in byte order.
    """
    store = ledgers.empty_store()
    sent = _many(seed, 60, _NAMES[:names])
    dice = random.Random(seed)
    deliveries = [*sent, *dice.sample(sent, 10)]
    dice.shuffle(deliveries)
    writers = [ledgers.make_ledger(store, seed=number) for number in range(3)]
    for start in range(0, len(deliveries), batch):
        report = ledgers.post(dice.choice(writers), deliveries[start : start + batch])
        assert not report.failures
    ledgers.assert_balanced(store)
    _assert_within_bounds(store)


def test_a_producer_that_goes_on_inventing_costs_its_neighbours_nothing() -> None:
    """Once a writer knows the last name that is kept, no transaction is refused for later names."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store, keeping=Keeping(ledgers.TTL_DAYS, 1))
    refused = []
    for number in range(80):
        delta = {f"sku_{number:03d}_{one:02d}": 1 for one in range(24)}
        report = ledgers.post(ledger, [job_update(event_id=f"e{number}", delta=delta)])
        refused.append(report.cancelled)
    assert sum(refused[:40]) > 0
    assert sum(refused[40:]) == 0
    assert len(ledgers.post(ledger, [job_update(event_id="e0")]).failures) == 0
    ledgers.assert_balanced(store)


def test_the_log_names_whose_names_were_too_many() -> None:
    """A report says of which client, pipeline and hour counters were added up as one."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store, keeping=Keeping(ledgers.TTL_DAYS, 1))
    found = []
    for number in range(10):
        delta = {f"sku_{number}_{one:02d}": 1 for one in range(24)}
        report = ledgers.post(ledger, [job_update(event_id=f"e{number}", delta=delta)])
        found += report.foldings
    whose = {"client_id": "client-1", "pipeline": "default", "hour": "2026-11-22T14"}
    assert any(whose.items() <= folding.items() for folding in found)
    assert all(folding["counters"] > 0 for folding in found)


def test_a_row_of_an_earlier_version_at_its_limit_takes_more() -> None:
    """A shard that DynamoDB refuses to let grow is brought up, and its sums stay whole."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store, keeping=Keeping(ledgers.TTL_DAYS, 1))
    ledgers.post(ledger, [job_update(event_id="e1", delta={"records_ok": 1})])
    (row,) = [one for one in store.items(NAMES.rollups) if one["pk"]["S"].startswith("client#")]
    names = [f"c_{number:05d}{'x' * 34}" for number in range(9_523)]
    full = row | {f"c_n{name[3:]}": {"N": "12"} for name in names}
    assert 399 * _KB < item_bytes(full) <= 400 * _KB
    store.perform("PutItem", {"TableName": NAMES.rollups, "Item": full})
    report = ledgers.post(ledger, [job_update(event_id="e2", delta={"n_new": 5, "records_ok": 1})])
    assert not report.failures
    (row,) = [one for one in store.items(NAMES.rollups) if one["pk"]["S"].startswith("client#")]
    assert row["c_records_ok"] == {"N": "2"}
    assert len(own_attributes(row)) <= OF_ROWS.held
    assert item_bytes(row) < 64 * _KB
    assert sum(int(row[name]["N"]) for name in [*own_attributes(row), OTHER]) == 12 * 9_523 + 5


def test_no_row_reaches_64_kb() -> None:
    """With the longest names, the widest numbers and every attribute, a row's shard stays below."""
    own = [f"{number:03d}".rjust(40, "x") for number in range(OF_ROWS.held)]
    counters = [*KNOWN_COUNTERS, "other_counters", *own]
    attributes = [
        *("created", "started"),
        *(f"{kind}_{result}" for kind in ("ended", "retried") for result in RESULTS),
        *(f"{kind}_{bucket}" for kind in ("h", "hr") for bucket in range(len(BOUNDS))),
        *(f"c_{name}" for name in counters),
    ]
    longest = "x" * 128
    item: dict[str, Any] = {
        "pk": {"S": f"client#{longest}#2026-11-22"},
        "sk": {"S": f"14#{longest}#1000"},
        "seen": {"S": "9" * 18},
        "own": {"SS": own},
        **{name: {"N": "-" + "9" * 38} for name in attributes},
    }
    assert item_bytes(item) < 64 * _KB


@pytest.mark.parametrize("count", [OF_ENTITIES.kept - 1, OF_ENTITIES.kept, OF_ENTITIES.kept + 1])
def test_a_job_shows_so_many_names(count: int) -> None:
    """A job keeps its names up to the bound; one more, and the last in byte order is the rest."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store)
    names = _NAMES[:count]
    sent = [
        job_update(event_id=f"e{start}", delta=dict.fromkeys(names[start : start + 24], 2))
        for start in range(0, count, 24)
    ]
    random.Random(7).shuffle(sent)
    for one in sent:
        ledgers.post(ledger, [one])
    counters = ledgers.stored_jobs(store)["job-1"].job.counters
    kept = dict.fromkeys(names[: OF_ENTITIES.kept], 2)
    rest = {"other_counters": 2} if count > OF_ENTITIES.kept else {}
    assert counters == kept | rest


def test_a_full_job_whose_item_is_throttled_waits_alone() -> None:
    """While no room can be made in it, it is not tried again and again, and others are posted."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store)
    for start in range(0, OF_ENTITIES.held, 16):
        delta = dict.fromkeys(_NAMES[start : start + 16][: OF_ENTITIES.held - start], 1)
        ledgers.post(ledger, [job_update(event_id=f"e{start}", delta=delta)])
    (item,) = store.items(NAMES.jobs)
    names = [name for name in _NAMES if f"c_{name}" not in item]
    more = dict.fromkeys(names[: OF_ENTITIES.held - len(own_attributes(item))], 1)
    full = item | {f"c_{name}": {"N": "1"} for name in more}
    full["own"] = {"SS": [*item["own"]["SS"], *more]}
    store.perform("PutItem", {"TableName": NAMES.jobs, "Item": full})

    throttled = Recorder()
    is_throttled = refused_with("ThrottlingException")

    def script(call: Call) -> Fault | None:
        throttled(call)
        return is_throttled if call.operation == "UpdateItem" else None

    pauses: list[float] = []
    ledger = ledgers.make_ledger(store, script, pauses=pauses)
    sent = [
        job_update(event_id="new", delta={"a_first_name": 1}),
        job_update(job_id="job-2", event_id="other", status="running"),
    ]
    report = ledgers.post(ledger, sent, seconds=[30.0] * 400 + [0.0])
    assert report.failed_message_ids == {"m0"}
    assert "throttled for too long" in report.failures[0]
    assert sum(pauses) < 10
    assert throttled.operations.count("UpdateItem") < 40
    assert "job-2" in ledgers.stored_jobs(store)
