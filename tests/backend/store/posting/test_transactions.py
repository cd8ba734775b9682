"""What the reasons of a cancelled transaction say of each of its postings."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.support.events.builders import Envelope, decoded, job_update
from tests.support.readers.ledgers import NAMES, NOW, TTL_DAYS

from run_ledger.domain.state.rollups import Row
from run_ledger.store.posting.entities import JobEntity, Layout
from run_ledger.store.posting.postings import Pending, PendingGroup, Posting, next_posting
from run_ledger.store.posting.shards import RowShards
from run_ledger.store.posting.transactions import FullRow, Retention, Transaction, Verdict

FINE = {"Code": "None"}
# The transaction of the fixture: a row of the log and its job, twice; then rows of totals.
LOG_ROW, JOB, OTHER_LOG_ROW, OTHER_JOB, ROW = 0, 1, 2, 3, 4


def posting(*envelopes: Envelope) -> Posting:
    """Return the posting of a new job's first events."""
    pending = [Pending(decoded(one), "", [f"m{n}"]) for n, one in enumerate(envelopes)]
    entity_id = pending[0].event.entity_id
    group = PendingGroup(JobEntity(NAMES.jobs), entity_id, pending, is_loaded=True)
    return next_posting(group, NOW, Layout.LOG)


@pytest.fixture
def transaction() -> Transaction:
    """Give a transaction of two postings: of two events, and of one."""
    postings = [
        posting(job_update(event_id="1"), job_update(event_id="2")),
        posting(job_update(event_id="1", job_id="other")),
    ]
    shards = RowShards(1, random.Random(0))
    return Transaction(postings, NAMES, shards, Retention(NOW, TTL_DAYS))


def verdict(transaction: Transaction, reasons: dict[int, Any]) -> Verdict:
    """Return the verdict where the actions of these places failed for these *reasons*."""
    return transaction.verdict(
        [reasons.get(place, FINE) for place in range(len(transaction.actions))]
    )


def test_the_actions_stand_in_the_order_of_their_owners(transaction: Transaction) -> None:
    """A row of the log, then its job, posting by posting; then the rows that all share."""
    tables = [next(iter(action.values()))["TableName"] for action in transaction.actions]
    assert tables == [
        *(NAMES.entries, NAMES.jobs),
        *(NAMES.entries, NAMES.jobs),
        *(NAMES.rollups,) * 6,
    ]


def test_no_reason_is_no_verdict(transaction: Transaction) -> None:
    """Actions that are fine say nothing."""
    assert verdict(transaction, {}) == Verdict()


@pytest.mark.parametrize("places", [(JOB,), (LOG_ROW, JOB)])
def test_a_number_that_is_taken_makes_its_posting_outdated(
    transaction: Transaction, places: tuple[int, ...]
) -> None:
    """It alone, and once: the other posting is as good as it was."""
    reasons = {place: {"Code": "ConditionalCheckFailed"} for place in places}
    assert verdict(transaction, reasons) == Verdict(outdated=[transaction.postings[0]])


def test_a_row_that_its_job_does_not_know_is_told(transaction: Transaction) -> None:
    """To read again would not help: the job is as it was read."""
    found = verdict(transaction, {OTHER_LOG_ROW: {"Code": "ConditionalCheckFailed"}})
    assert found == Verdict(taken=[transaction.postings[1]])


@pytest.mark.parametrize("place", [LOG_ROW, JOB])
def test_a_conflict_is_its_posting_s(transaction: Transaction, place: int) -> None:
    """Whether on the row or on the job."""
    found = verdict(transaction, {place: {"Code": "TransactionConflict"}})
    assert found == Verdict(waiting={("job", "job-1"): False})


@pytest.mark.parametrize(
    ("code", "is_throttled"),
    [
        ("TransactionConflict", False),
        ("ThrottlingError", True),
        ("ProvisionedThroughputExceeded", True),
    ],
)
def test_a_row_waits_by_itself(transaction: Transaction, code: str, is_throttled: bool) -> None:
    """So that all that count in it wait, and no others."""
    row = Row("client#client-1#2026-11-22", "14#default")
    assert verdict(transaction, {ROW: {"Code": code}}) == Verdict(waiting={row: is_throttled})
    assert transaction.with_row(row) == [*transaction.postings]


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
@pytest.mark.parametrize("place", [LOG_ROW, JOB])
def test_a_throttled_action_is_its_posting_s(
    transaction: Transaction, place: int, code: str
) -> None:
    """Its job waits, whether for its log's partition, its item or an index of it."""
    assert verdict(transaction, {place: {"Code": code}}) == Verdict(
        waiting={("job", "job-1"): True}
    )


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_refused_action_is_its_posting_s(transaction: Transaction, code: str) -> None:
    """A refused row is nobody's: room is made in it, and all try again."""
    reason = {"Code": code}
    assert verdict(transaction, {OTHER_LOG_ROW: reason}) == Verdict(
        refused=[transaction.postings[1]]
    )
    (full,) = verdict(transaction, {ROW: reason}).full_rows
    row = Row("client#client-1#2026-11-22", "14#default")
    assert full == (row, transaction.actions[ROW]["Update"]["Key"], True)
    assert verdict(transaction, {ROW: reason}).refused == []


@pytest.mark.parametrize("place", [LOG_ROW, JOB, ROW])
def test_an_unknown_reason_is_fatal(transaction: Transaction, place: int) -> None:
    """What nobody has heard of is given back to the queue and said aloud."""
    assert verdict(transaction, {place: {"Code": "AccessDenied"}}) == Verdict(
        fatal=["AccessDenied"]
    )


def test_all_reasons_count(transaction: Transaction) -> None:
    """Several actions may fail, each for a reason of its own."""
    first, second = transaction.postings
    found = verdict(
        transaction,
        {
            JOB: {"Code": "ConditionalCheckFailed"},
            OTHER_JOB: {"Code": "TransactionConflict"},
            ROW: {"Code": "ThrottlingError"},
        },
    )
    assert found == Verdict(
        outdated=[first],
        waiting={
            second.group.name: False,
            Row("client#client-1#2026-11-22", "14#default"): True,
        },
    )


def test_a_row_without_room_fails_nobody(transaction: Transaction) -> None:
    """Its only condition is that there is room for own counters: the row is named, to make some."""
    found = verdict(transaction, {ROW: {"Code": "ConditionalCheckFailed"}})
    row = Row("client#client-1#2026-11-22", "14#default")
    key = transaction.actions[ROW]["Update"]["Key"]
    assert found == Verdict(full_rows=[FullRow(row, key, is_refused=False)])
