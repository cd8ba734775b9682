"""Running totals in items and rollups: bounded, and the same whatever came in which order."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dynamo.stand_in import Dynamo, item_bytes
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers

from run_ledger.domain.contract.vocabulary import (
    COUNTERS_OF_PARTS,
    MAX_PARTS_PER_EVENT,
    MOST_PARTS,
)


def told(number: int, hour: int, totals: dict[str, Any], **fields: Any) -> Envelope:
    """Return an event of an hour of the day that tells *totals*."""
    at = f"2026-11-22T{hour:02}:{number % 60:02}:00Z"
    return job_update(event_id=f"e{number}", occurred_at=at, running_totals=totals, **fields)


def bytes_of_jobs(store: Dynamo) -> list[int]:
    """Return the sizes of the items of jobs."""
    return [item_bytes(item) for item in store.items(NAMES.jobs)]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([3, 60]), st.sampled_from([1, 7, 50]))
def test_any_order_and_grouping_shows_the_same(seed: int, parts: int, batch: int) -> None:
    """Shuffled, repeated, in batches of any size, by three writers: items are what a recount gives.

    So are the rows: all of a job's running totals count in the hour of the last word.
    """
    dice = random.Random(seed)
    names = [f"part {number:03}" for number in range(parts)]
    sent = [
        told(
            number,
            dice.randrange(9, 15),
            {
                part: {dice.choice(COUNTERS_OF_PARTS): dice.randint(0, 9)}
                for part in dice.sample(names, dice.randint(0, 3))
            },
            job_id=f"job-{number % 2}",
            attempt=dice.choice((1, 1, 2)),
        )
        for number in range(50)
    ]
    store = ledgers.empty_store()
    deliveries = [*sent, *dice.sample(sent, 10)]
    dice.shuffle(deliveries)
    writers = [ledgers.make_ledger(store, seed=number) for number in range(3)]
    for start in range(0, len(deliveries), batch):
        report = ledgers.post(dice.choice(writers), deliveries[start : start + batch])
        assert not report.failures
    ledgers.assert_balanced(store)


def test_as_much_as_events_can_tell_finds_room() -> None:
    """As many parts and counters as there may be, each event pushing out those of the one before.

    Names of other counters are there, too, as many as a job and its rows keep.
    """
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store)
    everything = dict.fromkeys(COUNTERS_OF_PARTS, 7)
    for number in range(12):
        own = {f"own_{number * 24 + n:03}": 1 for n in range(24)}
        assert not ledgers.post(ledger, [told(number, 9, {}, delta=own)]).failures
    for number in range(6):
        first = (6 - number) * MAX_PARTS_PER_EVENT
        names = [f"{first + n:04}" for n in range(MAX_PARTS_PER_EVENT)]
        event = told(20 + number, 10 + number, {name: dict(everything) for name in names})
        assert not ledgers.post(ledger, [event]).failures
    ledgers.assert_balanced(store)
    (job,) = ledgers.stored_jobs(store).values()
    assert len(job.job.running_totals.parts) == MOST_PARTS
    assert job.job.counters["records_ok"] == MOST_PARTS * 7
    assert max(bytes_of_jobs(store)) < 100_000


def test_a_usual_run_s_item_stays_small() -> None:
    """Five datasets of two counters each make the item larger by half a kilobyte or so."""
    sizes = []
    for totals in ({}, {f"{n:016x}": {"records_ok": 9, "output_bytes": 99} for n in range(5)}):
        store = ledgers.empty_store()
        assert not ledgers.post(ledgers.make_ledger(store), [told(1, 10, totals)]).failures
        sizes += bytes_of_jobs(store)
    assert sizes[1] - sizes[0] < 600
