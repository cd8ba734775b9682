"""From postings to transactions: which fit into one, its actions, and why it was cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from run_ledger.domain.instants import Instant
from run_ledger.domain.state.rollups import Differences, Row, bounded, merge, rows_of_samples
from run_ledger.domain.state.samples import Sample, Samples
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.faults import Fault, fault_of_code, is_throttle
from run_ledger.store.dynamo.table_names import Tables
from run_ledger.store.items.entry_items import entry_item
from run_ledger.store.items.log_items import log_item
from run_ledger.store.items.receipt_items import put_receipt
from run_ledger.store.items.rollup_items import additions
from run_ledger.store.items.sample_items import SampleEnds, samples_of

from .postings import MAX_ACTIONS, MAX_ATTRIBUTES, MAX_DETAIL_BYTES, Posting
from .shards import RowShards
from .waits import Key


@dataclass(frozen=True, slots=True)
class Retention:
    """When entries came in, and for how many days they are kept."""

    received_at: Instant
    ttl_days: int


class FullRow(NamedTuple):
    """A shard of a row that took no more own counters, by its item's key.

    ``is_refused`` says that DynamoDB refused it whatever our condition says, as it does an item
    that would grow beyond its limit.
    """

    row: Row
    key: Item
    is_refused: bool


_Owner = Posting | Row
"""Whose an action is: a posting's or a rollup row's."""
BoundRow = Callable[[Row, str, Mapping[str, int]], Mapping[str, int]]
"""Takes a row, its shard and counts; returns these with as many own counters as are kept there."""


def _as_it_is(_row: Row, _shard: str, counts: Mapping[str, int]) -> Mapping[str, int]:
    return counts


@dataclass(slots=True)
class Verdict:
    """What a cancelled transaction says of its postings."""

    outdated: list[Posting] = field(default_factory=list)
    """Those whose entity is not as it was read."""
    taken: list[Posting] = field(default_factory=list)
    """Those whose row is there already, although their entity is as it was read."""
    refused: list[Posting] = field(default_factory=list)
    waiting: dict[Key, bool] = field(default_factory=dict)
    """The jobs, projects and rows that must wait: whether they are throttled, or held by another
    transaction."""
    full_rows: list[FullRow] = field(default_factory=list)
    learnt: set[Row] = field(default_factory=set)
    """Those whose samples lay elsewhere than was thought: now it is known where."""
    fatal: list[str] = field(default_factory=list)


def packed(
    postings: Iterable[Posting], company: Callable[[Posting], frozenset[Key]]
) -> Iterator[list[Posting]]:
    """Yield lists of postings that fit into one transaction each, those without trouble first.

    *company* returns what a posting is in trouble for: only postings of which it returns the same
    share a transaction. Rollup rows that several postings share take one action between them.
    """
    packs: dict[frozenset[Key], _Pack] = {}
    for posting in postings:
        trouble = company(posting)
        pack = packs.get(trouble)
        if pack is None or not pack.has_room_for(posting):
            if pack is not None:
                yield pack.postings
            pack = packs[trouble] = _Pack()
        pack.take(posting)
    for trouble in sorted(packs, key=len):
        yield packs[trouble].postings


class Transaction:
    """Postings that commit together or not at all."""

    def __init__(
        self,
        postings: Sequence[Posting],
        tables: Tables,
        shards: RowShards,
        retention: Retention,
        bound_row: BoundRow = _as_it_is,
    ) -> None:
        """Make the actions: the row and the entity for each posting, then the rollups."""
        self.postings = postings
        self._received_at = retention.received_at
        self.actions: list[dict[str, Any]] = []
        self._owners: list[_Owner] = []
        for posting in postings:
            for action in _puts(posting, tables.entries, retention):
                self._append(action, posting)
            self._append(posting.write.action, posting)
        self._shards = shards
        self._ends: dict[Row, SampleEnds] = {}
        samples = _shared_samples(postings)
        differences = _shared_differences(postings, samples)
        for row, action, ends in additions(
            tables.rollups,
            shards,
            {row: bound_row(row, shards.of(row), counts) for row, counts in differences.items()},
            samples,
            retention.received_at,
        ):
            self._append(action, row)
            if ends is not None:
                self._ends[row] = ends

    def _append(self, action: dict[str, Any], owner: _Owner) -> None:
        self.actions.append(action)
        self._owners.append(owner)

    def note_commit(self) -> None:
        """Note what is known of the rows' samples now that the transaction has committed."""
        for row, ends in self._ends.items():
            self._shards.note_ends(row, ends)

    def note_no_answer(self) -> None:
        """Note with every event that this transaction had no answer, and may have committed."""
        for posting in self.postings:
            for pending in posting.pending:
                pending.unanswered += (self._received_at,)

    def verdict(self, reasons: Sequence[Mapping[str, Any]]) -> Verdict:
        """Return what the *reasons* of a cancellation say: one for each action, in order."""
        verdict = Verdict()
        for reason, owner, action in zip(reasons, self._owners, self.actions, strict=True):
            code = reason.get("Code", "None")
            if code == "None":
                continue
            kind = fault_of_code(code)
            if kind is Fault.PASSING:
                key = owner if isinstance(owner, Row) else owner.group.name
                verdict.waiting[key] = verdict.waiting.get(key, False) or is_throttle(code)
            elif isinstance(owner, Row):
                self._judge_row(verdict, kind, reason, owner, action["Update"]["Key"])
            else:
                _judge_action(verdict, kind, code, owner, is_row="Put" in action)
        outdated = {id(posting) for posting in verdict.outdated}
        taken = [one for one in verdict.taken if id(one) not in outdated]
        # What holds up the entity's own action keeps it from saying whether it is as it was read.
        verdict.outdated += [one for one in taken if one.group.name in verdict.waiting]
        verdict.taken = [one for one in taken if one.group.name not in verdict.waiting]
        return verdict

    def _judge_row(
        self, verdict: Verdict, kind: Fault, reason: Mapping[str, Any], row: Row, key: Item
    ) -> None:
        """Judge the reason of the item of *row* with *key*, which belongs to all postings."""
        code = reason["Code"]
        ends = samples_of(reason.get("Item", {})).ends if row in self._ends else None
        if kind is Fault.CONDITION and ends is not None:
            self._shards.note_ends(row, ends)
            verdict.learnt.add(row)
        elif kind in (Fault.CONDITION, Fault.REFUSED):
            verdict.full_rows.append(FullRow(row, key, kind is Fault.REFUSED))
        else:
            verdict.fatal.append(code)

    def with_row(self, row: Row) -> list[Posting]:
        """Return the postings that add to *row*."""
        return [posting for posting in self.postings if row in posting.write.differences]


def _judge_action(
    verdict: Verdict, kind: Fault, code: str, posting: Posting, *, is_row: bool
) -> None:
    """Judge the reason of an action of *posting*, which may have several."""
    if kind is Fault.CONDITION:
        # In the layout of old, another writer may have put an event that was not there before.
        is_kept_apart = posting.write.number is None and posting.group.stored is not None
        found = verdict.taken if is_row and not is_kept_apart else verdict.outdated
        if not any(known is posting for known in found):
            found.append(posting)
    elif kind is Fault.REFUSED:
        verdict.refused.append(posting)
    else:
        verdict.fatal.append(code)


def _puts(posting: Posting, table: str, retention: Retention) -> Iterator[dict[str, Any]]:
    """Yield the actions that put the events: as a row of the log, or each by itself."""
    received_at, ttl_days = retention.received_at, retention.ttl_days
    events = [pending.event for pending in posting.pending]
    number = posting.write.number
    if number is not None:
        yield _put(table, log_item(events, number, received_at=received_at, ttl_days=ttl_days))
        return
    for event in events:
        yield _put(table, entry_item(event, received_at=received_at, ttl_days=ttl_days))
    for equal in posting.receipts:
        yield put_receipt(table, equal[0].event, received_at=received_at, ttl_days=ttl_days)


def _put(table: str, item: Item) -> dict[str, Any]:
    absent = "attribute_not_exists(pk)"
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": absent}}


def _shared_differences(postings: Iterable[Posting], samples: Samples) -> Differences:
    """Return what several postings add to the rollups, without counts and rows that add zero.

    A row that takes in *samples* stays: one failure may be counted where another is taken back.
    """
    together: Differences = {}
    for posting in postings:
        merge(together, posting.write.differences)
    kept = bounded(together)
    for failures in samples:
        for row in rows_of_samples(failures):
            kept.setdefault(row, {})
    return kept


def _shared_samples(postings: Iterable[Posting]) -> Samples:
    """Return for each row the samples that several postings have."""
    together: dict[Row, list[Sample]] = {}
    for posting in postings:
        for row, samples in posting.write.samples.items():
            together.setdefault(row, []).extend(samples)
    return together


class _Pack:
    """Postings to share a transaction, and how much room they take in it."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self._actions = 0
        self._bytes = 0
        self._rows: dict[Row, set[str]] = {}

    def has_room_for(self, posting: Posting) -> bool:
        if not self.postings:
            return True
        differences = posting.write.differences
        new_rows = sum(row not in self._rows for row in differences)
        return (
            self._actions + posting.own_actions + new_rows <= MAX_ACTIONS
            and self._bytes + posting.detail_bytes <= MAX_DETAIL_BYTES
            and all(
                len(self._rows.get(row, ())) + len(counts) <= MAX_ATTRIBUTES
                or len(self._rows.get(row, set()) | counts.keys()) <= MAX_ATTRIBUTES
                for row, counts in differences.items()
            )
        )

    def take(self, posting: Posting) -> None:
        self.postings.append(posting)
        for row, counts in posting.write.differences.items():
            if row not in self._rows:
                self._rows[row] = set()
                self._actions += 1
            self._rows[row].update(counts)
        self._actions += posting.own_actions
        self._bytes += posting.detail_bytes
