"""What the reasons of a cancelled transaction say of each of its postings."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.support.events.builders import Envelope, decoded, job_update
from tests.support.readers.ledgers import NAMES, NOW, TTL_DAYS

from run_ledger.domain.state.rollups import Row
from run_ledger.store.posting.entities import JobEntity
from run_ledger.store.posting.postings import Pending, PendingGroup, Posting, next_posting
from run_ledger.store.posting.shards import RowShards
from run_ledger.store.posting.transactions import FullRow, Retention, Transaction, Verdict

FINE = {"Code": "None"}
# The transaction of the fixture: two entries and their job, one entry and its job, three rows.
ENTRY, JOB, OTHER_ENTRY, OTHER_JOB, ROW = 1, 2, 3, 4, 5


def posting(*envelopes: Envelope) -> Posting:
    """Return the posting of a new job's first events."""
    pending = [Pending(decoded(one), "", [f"m{n}"]) for n, one in enumerate(envelopes)]
    entity_id = pending[0].event.entity_id
    return next_posting(PendingGroup(JobEntity(NAMES), entity_id, pending, is_loaded=True), NOW)


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
    """Entries, then their job, posting by posting; then the rows that all share."""
    tables = [next(iter(action.values()))["TableName"] for action in transaction.actions]
    assert tables == [
        *(NAMES.entries, NAMES.entries, NAMES.jobs),
        *(NAMES.entries, NAMES.jobs),
        *(NAMES.rollups,) * 6,
    ]


def test_no_reason_is_no_verdict(transaction: Transaction) -> None:
    """Actions that are fine say nothing."""
    assert verdict(transaction, {}) == Verdict()


def test_an_entry_with_the_same_digest_is_a_repeat(transaction: Transaction) -> None:
    """The entry that is there tells the event that is meant, and when it came in."""
    first = transaction.postings[0]
    there = {"digest": {"B": first.pending[1].event.digest}, "received_at": {"N": "17"}}
    reason = {"Code": "ConditionalCheckFailed", "Item": there}
    repeat = (first, first.pending[1], 17)
    assert verdict(transaction, {ENTRY: reason}) == Verdict(repeats=[repeat])


def test_an_entry_with_another_digest_is_a_reused_id(transaction: Transaction) -> None:
    """Two events can't share an id."""
    first = transaction.postings[0]
    reason = {"Code": "ConditionalCheckFailed", "Item": {"digest": {"B": b"another"}}}
    assert verdict(transaction, {ENTRY: reason}) == Verdict(reused=[(first, first.pending[1])])


def test_a_job_whose_condition_failed_is_outdated(transaction: Transaction) -> None:
    """It alone: the other posting is as good as it was."""
    found = verdict(transaction, {OTHER_JOB: {"Code": "ConditionalCheckFailed"}})
    assert found == Verdict(outdated=[transaction.postings[1]])


@pytest.mark.parametrize("place", [ENTRY, JOB])
def test_a_conflict_is_its_posting_s(transaction: Transaction, place: int) -> None:
    """Whether on the entry or on the job."""
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
@pytest.mark.parametrize("place", [ENTRY, JOB])
def test_a_throttled_action_is_its_posting_s(
    transaction: Transaction, place: int, code: str
) -> None:
    """Its job waits, whether for its entries' partition, its item or an index of it."""
    assert verdict(transaction, {place: {"Code": code}}) == Verdict(
        waiting={("job", "job-1"): True}
    )


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_refused_action_is_its_posting_s(transaction: Transaction, code: str) -> None:
    """A refused row is nobody's: room is made in it, and all try again."""
    reason = {"Code": code}
    assert verdict(transaction, {OTHER_ENTRY: reason}) == Verdict(refused=[transaction.postings[1]])
    (full,) = verdict(transaction, {ROW: reason}).full_rows
    row = Row("client#client-1#2026-11-22", "14#default")
    assert full == (row, transaction.actions[ROW]["Update"]["Key"], True)
    assert verdict(transaction, {ROW: reason}).refused == []


@pytest.mark.parametrize("place", [ENTRY, JOB, ROW])
def test_an_unknown_reason_is_fatal(transaction: Transaction, place: int) -> None:
    """What nobody has heard of is given back to the queue and said aloud."""
    assert verdict(transaction, {place: {"Code": "AccessDenied"}}) == Verdict(
        fatal=["AccessDenied"]
    )


def test_all_reasons_count(transaction: Transaction) -> None:
    """Several actions may fail, each for a reason of its own."""
    first, second = transaction.postings
    there = {"digest": {"B": first.pending[1].event.digest}, "received_at": {"N": "17"}}
    found = verdict(
        transaction,
        {
            ENTRY: {"Code": "ConditionalCheckFailed", "Item": there},
            JOB: {"Code": "ConditionalCheckFailed"},
            OTHER_JOB: {"Code": "TransactionConflict"},
            ROW: {"Code": "ThrottlingError"},
        },
    )
    assert found == Verdict(
        repeats=[(first, first.pending[1], 17)],
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
