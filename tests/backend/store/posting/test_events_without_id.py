"""Events without an ``event_id``: redelivered, sent twice on purpose, and replayed.

What is known of replays: EventBridge adds ``replay-name`` to each event that it replays; an archive
leaves replayed events out by a pattern that wants this field absent (EventBridge User Guide,
"Archiving and replaying events"). That the envelope's id stays the same is nowhere promised, so
each test of a replay runs with ids that stay and with ids that change.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.faults import Recorder, timed_out_after
from tests.support.dynamo.stand_in import Dynamo
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import assert_balanced, make_ledger, post

ONE = {"delta": {"records_ok": 1}}
keeping = pytest.mark.parametrize("keeps_ids", [True, False], ids=["ids stay", "ids change"])


def replayed(events: Sequence[Envelope], *, keeps_ids: bool, name: str = "again") -> list[Envelope]:
    """Return *events* as a replay of the archive brings them."""
    return [
        {**one, "replay-name": name, "id": one["id"] if keeps_ids else f"{name}-{place}"}
        for place, one in enumerate(events)
    ]


def count(store: Dynamo) -> int:
    """Return what the job has counted, and assert that all else agrees."""
    assert_balanced(store)
    return ledgers.stored_jobs(store)["job-1"].job.counters.get("records_ok", 0)


def test_a_redelivery_counts_once() -> None:
    """The queue's message is the same, and so is the envelope's id."""
    store, one = ledgers.empty_store(), job_update(**ONE)
    for _ in range(2):
        post(make_ledger(store), [one, one])
    assert count(store) == 1


def test_equal_events_sent_on_purpose_all_count() -> None:
    """Within one second, in one batch or in several: the bus gave each an id of its own."""
    store = ledgers.empty_store()
    post(make_ledger(store), [job_update(**ONE) for _ in range(60)])
    post(make_ledger(store), [job_update(**ONE) for _ in range(60)])
    assert count(store) == 120


@keeping
def test_a_replay_of_what_was_posted_counts_nothing(keeps_ids: bool) -> None:
    """Whether it comes in one batch, after another replay, or again from the queue."""
    store = ledgers.empty_store()
    events = [*[job_update(**ONE) for _ in range(5)], job_update(status="running")]
    post(make_ledger(store), events)
    for name in ("first", "second"):
        again = replayed(events, keeps_ids=keeps_ids, name=name)
        for _ in range(2):
            report = post(make_ledger(store), again)
            assert report.duplicates == len(events)
            assert not report.failed_message_ids
    assert count(store) == 5
    assert len(ledgers.entries(store)) == 6


@keeping
def test_a_replay_brings_what_was_never_posted_once(keeps_ids: bool) -> None:
    """However often it is replayed, and although the lost event comes late after all."""
    store = ledgers.empty_store()
    lost = [job_update(delta={"records_ok": 1}, stage=str(n)) for n in range(3)]
    for name in ("first", "second"):
        post(make_ledger(store), replayed(lost, keeps_ids=keeps_ids, name=name))
    report = post(make_ledger(store), lost)
    assert report.duplicates == 3
    assert count(store) == 3


@keeping
def test_of_equal_events_that_only_a_replay_brings_one_counts(keeps_ids: bool) -> None:
    """This is what the contract gives up: nobody can tell them from one that came twice."""
    store = ledgers.empty_store()
    lost = [job_update(**ONE) for _ in range(3)]
    post(make_ledger(store), replayed(lost, keeps_ids=keeps_ids))
    assert count(store) == 1


@keeping
def test_a_replay_and_its_original_in_one_batch_count_once(keeps_ids: bool) -> None:
    """In either order."""
    for turn in (1, -1):
        store, one = ledgers.empty_store(), job_update(**ONE)
        post(make_ledger(store), [one, *replayed([one], keeps_ids=keeps_ids)][::turn])
        assert count(store) == 1


def test_what_differs_is_another_event() -> None:
    """Another second, another source, another content, or another job."""
    store = ledgers.empty_store()
    events = [
        job_update(**ONE),
        job_update(**ONE, time="2026-11-22T14:15:01Z"),
        job_update(**ONE, source="another"),
        job_update(delta={"records_ok": 2}),
        job_update(job_id="job-2", **ONE),
        project_update(name="a"),
    ]
    post(make_ledger(store), replayed(events, keeps_ids=False))
    assert len(ledgers.entries(store)) == len(events)
    assert count(store) == 5


def test_an_id_of_its_own_is_all_that_counts() -> None:
    """Equal events with ids all count, replayed or not, and none of them twice."""
    store = ledgers.empty_store()
    events = [job_update(event_id=str(n), **ONE) for n in range(3)]
    post(make_ledger(store), events[:2])
    report = post(make_ledger(store), replayed(events, keeps_ids=False))
    assert report.duplicates == 2
    assert count(store) == 3


@keeping
def test_a_replay_whose_answer_was_lost_is_posted_once(keeps_ids: bool) -> None:
    """Its row is found, and is its own."""
    store, one = ledgers.empty_store(), job_update(**ONE)
    script = Recorder(None, timed_out_after)
    report = post(make_ledger(store, script), replayed([one], keeps_ids=keeps_ids))
    assert [posting["confirmed"] for posting in report.postings] == [1]
    assert not report.duplicates
    assert count(store) == 1


def test_their_producer_is_told() -> None:
    """The report names the job, its client and the source; with ids, it says nothing."""
    store = ledgers.empty_store()
    report = post(make_ledger(store), [job_update(**ONE), job_update(event_id="1", **ONE)])
    assert report.without_id == [
        {
            "kind": "job",
            "client_id": "client-1",
            "project_id": "project-1",
            "job_id": "job-1",
            "pipeline": "default",
            "source": "pipelines.test",
            "events": 1,
        }
    ]
    assert post(make_ledger(store), [job_update(event_id="2", **ONE)]).without_id == []


@given(st.lists(st.sampled_from("abc"), max_size=8), st.booleans(), st.integers(0, 9))
def test_any_order_of_originals_and_replays_counts_each_original_once(
    names: list[str], keeps_ids: bool, seed: int
) -> None:
    """As long as no replay brings an event before its equals: then these are what is given up."""
    store, dice = ledgers.empty_store(), random.Random(seed)
    events = [job_update(stage=name, **ONE) for name in names]
    post(make_ledger(store), [job_update(event_id="begin", status="running"), *events])
    batch = [*events, *replayed(events, keeps_ids=keeps_ids)]
    dice.shuffle(batch)
    for start in range(0, len(batch), 5):
        post(make_ledger(store), batch[start : start + 5])
    assert count(store) == len(events)
