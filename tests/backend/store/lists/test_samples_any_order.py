"""The first and the last failure of an error group are right, however the failures came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.stand_in import Call, Dynamo
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.ledgers import assert_balanced, empty_store, make_ledger, post
from tests.support.readers.reading import STAFF
from tests.support.recounts.views import reading_house


class Failure(NamedTuple):
    """A job that failed, and the minute of the day at which it did."""

    job: int
    minute: int
    day: int = 22
    fingerprint: str = "f"

    @property
    def at(self) -> str:
        """Return when it failed, as the API writes it."""
        return f"2026-11-{self.day}T{self.minute // 60:02d}:{self.minute % 60:02d}:00.000000Z"

    @property
    def event(self) -> Envelope:
        """Return the event that reports it."""
        return job_update(
            job_id=f"job-{self.job}",
            event_id="1",
            status="completed",
            result="failed",
            occurred_at=self.at,
            error={"type": "E", "message": f"m {self.job}", "fingerprint": self.fingerprint},
        )


def _groups(store: Dynamo) -> dict[str, Any]:
    listed = reading_house([], store=store).get(
        "/errors", STAFF, **{"from": "2026-11-20", "to": "2026-11-24"}
    )
    assert listed.status == 200
    return {one["fingerprint"]: one for one in listed.json["items"]}


def _assert_ends_are_those_of(store: Dynamo, failures: Sequence[Failure]) -> None:
    """Compare with what a look at all failures gives."""
    by_group: dict[str, list[Failure]] = {}
    for one in failures:
        by_group.setdefault(one.fingerprint, []).append(one)
    groups = _groups(store)
    assert groups.keys() == by_group.keys()
    for fingerprint, members in by_group.items():
        group = groups[fingerprint]
        last = max(members, key=lambda one: (one.at, f"job-{one.job}"))
        assert group["count"] == len(members)
        assert group["first_seen_at"] == min(one.at for one in members)
        assert group["last_seen_at"] == last.at
        assert group["message"] == f"m {last.job}"
        assert group["job_ids"][0] == f"job-{last.job}"
        assert {*group["job_ids"]} <= {f"job-{one.job}" for one in members}


EARLY, MIDDLE, LATE = Failure(1, 60), Failure(2, 120), Failure(3, 180)


@pytest.mark.parametrize(
    "batches",
    [
        [[EARLY, LATE]],
        [[LATE, EARLY]],
        [[EARLY], [LATE]],
        [[LATE], [EARLY]],
        [[MIDDLE], [EARLY], [LATE]],
        [[MIDDLE], [LATE, EARLY]],
        [[LATE, MIDDLE, EARLY], [MIDDLE, EARLY]],
    ],
)
def test_two_ends_of_a_group(batches: list[list[Failure]]) -> None:
    """At once or one by one, in any order: the first and the last job are both named."""
    store = empty_store()
    ledger = make_ledger(store)
    for batch in batches:
        assert not post(ledger, [one.event for one in batch]).failures
    _assert_ends_are_those_of(store, [*{one for batch in batches for one in batch}])
    assert {"job-1", "job-3"} <= {*_groups(store)["f"]["job_ids"]}


@st.composite
def _arrivals(draw: st.DrawFn) -> tuple[list[Failure], list[tuple[int, list[Failure]]]]:
    """Draw failures, and batches of them, some twice, each with the writer that posts it."""
    failures = [
        Failure(job, *fields)
        for job, fields in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        st.integers(0, 1439), st.sampled_from((21, 22)), st.sampled_from(("f", "g"))
                    ),
                    min_size=1,
                    max_size=12,
                )
            )
        )
    ]
    again = draw(st.lists(st.sampled_from(failures), max_size=4))
    queue = draw(st.permutations([*failures, *again]))
    batches: list[tuple[int, list[Failure]]] = []
    while queue:
        size = draw(st.integers(1, 5))
        batches.append((draw(st.integers(0, 2)), queue[:size]))
        queue = queue[size:]
    return failures, batches


@given(arrivals=_arrivals())
def test_any_arrival_gives_the_same_ends(
    arrivals: tuple[list[Failure], list[tuple[int, list[Failure]]]],
) -> None:
    """In any order, some of it twice, by several writers, of which two share a shard."""
    failures, batches = arrivals
    store = empty_store()
    writers = [make_ledger(store, seed=seed) for seed in (0, 0, 1)]
    for writer, batch in batches:
        assert not post(writers[writer], [one.event for one in batch]).failures
    _assert_ends_are_those_of(store, failures)
    assert_balanced(store)


def test_what_comes_in_order_costs_no_more_than_its_count() -> None:
    """Each failure is one transaction with one action for its group, and none is tried twice."""
    store, calls = empty_store(), []

    def note(call: Call) -> None:
        calls.append(call)

    ledger = make_ledger(store, note)
    for number in range(5):
        post(ledger, [Failure(number, 10 + number).event])
    # A writer that knows nothing of the group yet goes on as cheaply.
    successor = make_ledger(store, note)
    for number in range(5, 10):
        post(successor, [Failure(number, 10 + number).event])
    # And so does what comes late, but after what the writer has seen first.
    post(successor, [Failure(10, 16).event])
    writes = [call for call in calls if call.operation == "TransactWriteItems"]
    assert len(writes) == 11
    for call in writes:
        keys = [
            action["Update"]["Key"]["pk"]["S"]
            for action in call.request["TransactItems"]
            if "Update" in action and action["Update"]["TableName"] == NAMES.rollups
        ]
        assert [key for key in keys if key.startswith("failures#")] == [
            "failures#client-1#2026-11-22"
        ]


def test_a_shard_that_only_takes_back_tells_nothing_of_times() -> None:
    """A retry that another writer counts does not move the first failure to midnight."""
    store = empty_store()
    post(make_ledger(store, seed=0), [EARLY.event])
    retry = job_update(job_id="job-1", event_id="2", attempt=2, occurred_at="2026-11-22T05:00:00Z")
    post(make_ledger(store, seed=1), [retry])
    shards = [one for one in store.items(NAMES.rollups) if one["pk"]["S"].startswith("failures#")]
    assert len(shards) == 2
    assert _groups(store)["f"]["first_seen_at"] == EARLY.at


def test_a_failure_that_stands_in_for_one_taken_back_is_the_sample() -> None:
    """Their counts add up to nothing in the transaction, and yet the group tells of the newer."""
    store = empty_store()
    ledger = make_ledger(store)
    post(ledger, [EARLY.event])
    mended = job_update(
        job_id="job-1",
        event_id="2",
        status="completed",
        result="succeeded",
        occurred_at="2026-11-22T02:00:00Z",
    )
    post(ledger, [mended, LATE.event])
    group = _groups(store)["f"]
    assert (group["count"], group["job_ids"][0], group["last_seen_at"]) == (1, "job-3", LATE.at)
    assert_balanced(store)


def _without_texts(store: Dynamo) -> None:
    """Let the rows of failures be as they were before there were samples."""
    for item in store.items(NAMES.rollups):
        if item["pk"]["S"].startswith("failures#"):
            names = [name for name in item if "S" in item[name] and name not in ("pk", "sk")]
            store.client().update_item(
                TableName=NAMES.rollups,
                Key={"pk": item["pk"], "sk": item["sk"]},
                UpdateExpression="REMOVE " + ", ".join(f"#{n}" for n in range(len(names))),
                ExpressionAttributeNames={f"#{n}": name for n, name in enumerate(names)},
            )


def test_rows_without_samples_tell_the_day_and_take_new_ones() -> None:
    """Those of an earlier version: what they count was at some time of the day."""
    store = empty_store()
    post(make_ledger(store, seed=0), [MIDDLE.event])
    _without_texts(store)
    group = _groups(store)["f"]
    assert (group["first_seen_at"], group["job_ids"]) == ("2026-11-22T00:00:00.000000Z", [])
    post(make_ledger(store, seed=1), [LATE.event])
    group = _groups(store)["f"]
    assert group["first_seen_at"] == "2026-11-22T00:00:00.000000Z"
    assert (group["last_seen_at"], group["job_ids"]) == (LATE.at, ["job-3"])
    newcomer = make_ledger(store, seed=0)
    assert not post(newcomer, [EARLY.event], seconds=[9.0] * 50 + [0.0]).failures
    group = _groups(store)["f"]
    assert (group["first_seen_at"], group["last_seen_at"]) == (EARLY.at, LATE.at)
    assert (group["count"], {*group["job_ids"]}) == (3, {"job-1", "job-3"})


def test_an_item_that_knows_more_teaches_in_one_try() -> None:
    """A writer that comes late to a row is refused once, and posts with the next transaction."""
    store = empty_store()
    post(make_ledger(store), [EARLY.event])
    post(make_ledger(store), [LATE.event])
    transactions = []

    def note(call: Call) -> None:
        if call.operation == "TransactWriteItems":
            transactions.append(call)

    newcomer = make_ledger(store, note)
    post(newcomer, [MIDDLE.event])
    assert len(transactions) == 2
    # What it has learnt serves for all that comes between.
    post(newcomer, [Failure(4, 121).event, Failure(5, 119).event])
    assert len(transactions) == 3
    between = [MIDDLE, Failure(4, 121), Failure(5, 119)]
    _assert_ends_are_those_of(store, [EARLY, LATE, *between])
