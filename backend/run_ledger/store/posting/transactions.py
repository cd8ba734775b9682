"""One ``TransactWriteItems``: its actions, and what the reasons of a cancellation say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.faults import Fault, fault_of_code
from run_ledger.store.dynamo.table_names import Tables
from run_ledger.store.items.entry_items import entry_item
from run_ledger.store.items.rollup_items import add_action, beside_counts

from .postings import Pending, Posting, newest_samples, shared_differences


@dataclass(frozen=True, slots=True)
class Retention:
    """When an entry is said to have come in, and how long it is kept."""

    received_at: Instant
    ttl_days: int


@dataclass(slots=True)
class Verdict:
    """What a cancelled transaction has taught of its postings."""

    repeats: list[tuple[Posting, Pending, Instant]] = field(default_factory=list)
    """What has an entry already, and when that came in."""
    reused: list[tuple[Posting, Pending]] = field(default_factory=list)
    outdated: list[Posting] = field(default_factory=list)
    contended: list[Posting] = field(default_factory=list)
    refused: list[Posting] = field(default_factory=list)
    fatal: list[str] = field(default_factory=list)
    is_row_contended: bool = False


class Transaction:
    """Postings that commit together or not at all."""

    def __init__(
        self, postings: Sequence[Posting], tables: Tables, shard: int, retention: Retention
    ) -> None:
        """Lay out the actions: entries, then the entity, for each posting; then the rollups."""
        self.postings = postings
        self._received_at = retention.received_at
        self.actions: list[dict[str, Any]] = []
        self._owners: list[tuple[Posting, Pending | None] | None] = []
        for posting in postings:
            for pending in posting.pending:
                self._append(_put_entry(pending, tables, retention), (posting, pending))
            self._append(posting.write.action, (posting, None))
        samples = newest_samples(postings)
        for row, counts in shared_differences(postings).items():
            changes = {name: change for name, change in counts.items() if change}
            beside = beside_counts(row, samples.get(row), retention.received_at)
            self._append(add_action(tables.rollups, row, shard, changes, beside), None)

    def _append(self, action: dict[str, Any], owner: tuple[Posting, Pending | None] | None) -> None:
        self.actions.append(action)
        self._owners.append(owner)

    def note_no_answer(self) -> None:
        """Note with every event that this may have committed or not."""
        for posting in self.postings:
            for pending in posting.pending:
                pending.unanswered += (self._received_at,)

    def verdict(self, reasons: Sequence[Mapping[str, Any]]) -> Verdict:
        """Take the *reasons* of a cancellation apart, one for each action, in their order."""
        verdict = Verdict()
        for reason, owner in zip(reasons, self._owners, strict=True):
            code = reason.get("Code", "None")
            if code == "None":
                continue
            kind = fault_of_code(code)
            if owner is None:
                self._judge_row(verdict, kind, code)
            else:
                self._judge_action(verdict, kind, reason, *owner)
        return verdict

    def _judge_action(
        self,
        verdict: Verdict,
        kind: Fault,
        reason: Mapping[str, Any],
        posting: Posting,
        pending: Pending | None,
    ) -> None:
        """Judge the reason of an entry (that of *pending*) or of an entity."""
        if kind is Fault.CONDITION and pending is not None:
            entry = reason["Item"]
            if bytes(entry["digest"]["B"]) == pending.event.digest:
                verdict.repeats.append((posting, pending, Instant(int(entry["received_at"]["N"]))))
            else:
                verdict.reused.append((posting, pending))
        elif kind is Fault.CONDITION:
            verdict.outdated.append(posting)
        elif kind is Fault.REFUSED:
            verdict.refused.append(posting)
        elif reason["Code"] == "TransactionConflict":
            verdict.contended.append(posting)
        elif kind is not Fault.PASSING:
            verdict.fatal.append(reason["Code"])

    def _judge_row(self, verdict: Verdict, kind: Fault, code: str) -> None:
        """Judge the reason of a rollup row, which belongs to all postings together."""
        if kind is Fault.PASSING:
            verdict.is_row_contended = True
        elif kind is Fault.REFUSED:
            verdict.refused.extend(self.postings)
        else:
            verdict.fatal.append(code)


def _put_entry(pending: Pending, tables: Tables, retention: Retention) -> dict[str, Any]:
    return {
        "Put": {
            "TableName": tables.entries,
            "Item": entry_item(
                pending.event,
                received_at=retention.received_at,
                ttl_days=retention.ttl_days,
            ),
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }
