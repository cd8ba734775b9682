"""The audit: it compares jobs, projects and rollup rows with a recount of the entries.

Writers go on meanwhile. What looks wrong only because a writer was at work is not reported:

*Items.* An item is read, then its entries, then the item again. Every posting changes the item
(``n`` counts its events), so if both readings agree no event came between, and the item must be
what the fold of the entries gives. If they don't, it is judged in the next round.

*Rows.* Rows are read, then all that contributes to them, then the rows again. Every posting that
touches a row changes it. So a row that reads the same twice, and whose contributors have not moved
since their entries were read, must be the sum of what these say. A row that seems wrong is judged
once more, against all that the entries name, as an index or an item may hide a contributor;
only what is found twice alike is drift.

*Packed rows* are judged by the rows of hours, as these are by entries (see
`run_ledger.store.audit.packed_verdicts`).

Entries expire. So some things can't be judged: an item that has taken in more events than it has
entries left, rows of days for which no entry is kept any more, and sums in later rows to which an
entry may have added that is gone: see `reach`. All else in rows counts such an item by its own
attributes.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from run_ledger.domain.state.recount import Drift
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.dynamo.reading import Reading

from .calls import Shards, list_hour_partitions, read_entries, read_items, read_rows
from .expected_items import Name
from .judgement import Judgement, judge, stamp_of
from .packed_verdicts import judge_packed, mend_packed
from .reach import LostDays, Reach
from .repairs import AUDIT_SHARD, mend_item, mend_row
from .row_sums import drifts_of_row, label_of, row_changes, sums_of
from .scopes import AuditScope

ROUNDS = 12
_ITEMS_AT_ONCE = 1_000
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Found:
    """A drift, and whether it was mended."""

    drift: Drift
    mended: bool


@dataclass(slots=True)
class Findings:
    """What an audit has found."""

    entities: int = 0
    rows: int = 0
    drifts: list[Found] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    beyond_reach: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Manner:
    """Whether an audit repairs what it finds, how it pauses, and whom it tells of its progress."""

    repair: bool = False
    pause: Callable[[float], None] = time.sleep
    progress: Callable[[int], None] = lambda _: None


class Audit:
    """One audit of one scope."""

    def __init__(
        self,
        reading: Reading,
        scope: AuditScope,
        reach: Callable[[], Reach],
        manner: Manner,
    ) -> None:
        """Audit what *scope* says; *reach* tells what entries prove now, as they go on expiring."""
        self._reading = reading
        self._scope = scope
        self._reach = reach
        self._manner = manner
        self._judgements: dict[Name, Judgement] = {}
        self._totals: dict[Row, Counter[str]] = {}
        # To be judged in the next round; None stands for all rows.
        self._moving: set[Name] = set()
        self._open_rows: set[Row] | None = None
        # Found to be right once: postings keep it right, and only a fault could make it wrong.
        self._settled: set[Name] = set()
        self._mended: set[Name] = set()
        self._hopeless: set[Row] = set()
        self._suspected: dict[Row, dict[str, int]] = {}
        self._drifts: dict[Name | Row, list[Found]] = {}
        self._judged_rows: set[Row] = set()
        self._doubtful: set[Row] = set()

    def run(self) -> Findings:
        """Judge in rounds, `ROUNDS` at most, until nothing is open; return what was found."""
        for number in range(ROUNDS):
            if number:
                longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**number)
                self._manner.pause(random.uniform(longest / 2, longest))  # noqa: S311 - no secret
            self._round(is_first=number == 0)
            if not self._is_open():
                break
        if self._scope.has_rows:
            self._judge_packed_rows()
        return self._findings()

    @property
    def judgements(self) -> Mapping[Name, Judgement]:
        """Return the last judgement of each job and project."""
        return self._judgements

    def _is_open(self) -> bool:
        rows_are_open = self._scope.has_rows and self._open_rows != set()
        return bool(self._moving or self._mended) or rows_are_open

    # -------------------------------------------------------------------------- a round

    def _round(self, *, is_first: bool) -> None:
        if self._mended and self._mended <= self._settled:
            # Postings to wrong items may have changed any row wrongly, and made new rows.
            self._open_rows, self._mended = None, set()
        before = self._read_rows()
        whole = bool(self._suspected) or (is_first and self._scope.is_everything)
        listed = self._scope.list(self._reading, whole=whole)
        fresh = {name for name in listed if name not in self._judgements} | self._moving
        self._moving = set()
        for portion in portions(sorted(fresh), _ITEMS_AT_ONCE):
            fresh -= self._judge_items(portion)
            self._manner.progress(len(portion))
        after = self._read_rows()
        self._notice_movement(fresh)
        if self._manner.repair:
            self._mend_items(fresh - self._moving)
        if self._scope.has_rows:
            self._judge_rows(before, after)

    def _judge_items(self, names: Sequence[Name]) -> set[Name]:
        """Judge items by their entries, and return those that do not belong to the scope."""
        items = read_items(self._reading, names)
        entries = read_entries(self._reading, names, items)
        reach = self._reach()
        strangers: set[Name] = set()
        for name in names:
            judgement = judge(name, items.get(name), entries[name], reach)
            self._forget(name)
            if judgement.unreadable or self._scope.owns(judgement.item, judgement.expected):
                judgement.contribution.add_to(self._totals, 1)
                self._judgements[name] = judgement.slim
            else:
                strangers.add(name)
        self._settled |= strangers
        return strangers

    def _read_rows(self) -> dict[Row, Shards]:
        """Read the rows that are open, or at first those that the scope has."""
        if not self._scope.has_rows:
            return {}
        if self._open_rows is None:
            partitions = self._scope.partitions(self._reach().since)
            return read_rows(self._reading, partitions, self._is_in_reach)
        partitions = {row.partition for row in self._open_rows}
        return read_rows(self._reading, partitions, self._open_rows.__contains__)

    def _forget(self, name: Name) -> None:
        """Take the judgement of *name* back, so that a new one can be made."""
        known = self._judgements.pop(name, None)
        if known is not None:
            known.contribution.add_to(self._totals, -1)

    def _notice_movement(self, fresh: Iterable[Name]) -> None:
        """Read the items again, and let those that have changed be judged in the next round."""
        matter = {*fresh}
        if self._open_rows:
            rows = self._open_rows
            matter |= {
                name for name, one in self._judgements.items() if one.contribution.touches(rows)
            }
        for portion in portions(sorted(matter), _ITEMS_AT_ONCE):
            now = read_items(self._reading, portion)
            self._moving |= {
                name for name in portion if stamp_of(now.get(name)) != self._judgements[name].stamp
            }
        self._settled |= {
            name for name in matter - self._moving if not self._judgements[name].differences
        }

    def _mend_items(self, names: Iterable[Name]) -> None:
        for name in names:
            judgement = self._judgements[name]
            if not judgement.differences or judgement.is_beyond_reach or judgement.unreadable:
                continue
            mended = mend_item(
                self._reading,
                name,
                judgement.item,
                judgement.expected,
                judgement.entries,
            )
            if mended:
                self._mended.add(name)
                known = self._drifts.setdefault(name, [])
                known += [Found(drift, mended=True) for drift in judgement.drifts(name)]
            # Its rows are judged once the item was found to be right.
            self._moving.add(name)

    # ---------------------------------------------------------------------------- rows

    def _judge_rows(self, before: dict[Row, Shards], after: dict[Row, Shards]) -> None:
        if self._open_rows is None:
            rows = {*before, *after, *self._totals}
            self._open_rows = rows
        self._open_rows = {row for row in self._open_rows if self._is_in_reach(row)}
        uncertain = [one for one in self._judgements.values() if one.is_uncertain]
        # No later round can tell what an unreadable entry or item adds to its rows.
        self._hopeless |= {
            row for row in self._open_rows if any(one.may_count_in(row) for one in uncertain)
        }
        self._open_rows -= self._hopeless
        moving = [self._judgements[name] for name in self._moving]
        moved = {row for one in moving for row, _ in one.contribution.rows}
        unsettled = self._unsettled()
        lost = LostDays()
        lost.note(one.lost for one in self._judgements.values())
        for row in sorted(self._open_rows):
            shards = after.get(row, {})
            if (
                before.get(row, {}) != shards
                or row in moved
                or any(one.may_count_in(row) for one in unsettled)
            ):
                self._suspected.pop(row, None)
            else:
                self._judge_row(row, shards, lost)

    def _judge_row(self, row: Row, shards: Shards, lost: LostDays) -> None:
        """Judge a row that did not change while its contributors were read."""
        different = row_changes(self._totals.get(row, Counter()), sums_of(shards))
        wrong = lost.certain(row, different)
        if len(wrong) < len(different):
            self._doubtful.add(row)
        changes = {name: one.change for name, one in wrong.items()}
        if changes and self._suspected.get(row) != changes:
            self._suspected[row] = changes
            return
        self._suspected.pop(row, None)
        if changes:
            mended = self._manner.repair and mend_row(
                self._reading, row, shards.get(AUDIT_SHARD), changes
            )
            if self._manner.repair and not mended:
                return
            known = self._drifts.setdefault(row, [])
            known += [Found(drift, mended) for drift in drifts_of_row(row, wrong)]
        self._judged_rows.add(row)
        if self._open_rows is not None:
            self._open_rows.discard(row)

    def _judge_packed_rows(self) -> None:
        found = self._scope.partitions(self._reach().since)
        partitions = list_hour_partitions(self._reading) if found is None else found
        verdicts = judge_packed(self._reading, filter(self._scope.has_day_of, partitions))
        if self._manner.repair:
            mend_packed(self._reading, verdicts.wrong)
        self._judged_rows |= {*verdicts.right, *verdicts.wrong}
        for row, wrong in verdicts.wrong.items():
            self._drifts[row] = [
                Found(drift, self._manner.repair) for drift in drifts_of_row(row, wrong)
            ]

    def _unsettled(self) -> list[Judgement]:
        """Return the items to repair: until then a posting to one of them may falsify its rows."""
        if not self._manner.repair:
            return []
        open_ones = (self._judgements[name] for name in self._moving - self._settled)
        return [one for one in open_ones if one.differences]

    def _is_in_reach(self, row: Row) -> bool:
        return self._scope.includes(row, self._reach().since)

    # ------------------------------------------------------------------------- findings

    def _findings(self) -> Findings:
        findings = Findings(
            entities=len(self._judgements),
            rows=len(self._judged_rows),
        )
        for name, judgement in sorted(self._judgements.items()):
            label = f"{name.kind} {name.entity_id}"
            findings.unreadable += [f"{label}, entry {entry}" for entry in judgement.unreadable]
            if judgement.is_beyond_reach:
                findings.beyond_reach.append(label)
            elif name in self._moving:
                findings.undecided.append(label)
            elif judgement.differences and not judgement.unreadable:
                known = self._drifts.setdefault(name, [])
                known += [Found(drift, mended=False) for drift in judgement.drifts(name)]
        findings.beyond_reach += map(label_of, sorted(self._doubtful))
        if self._scope.has_rows and self._open_rows is None:
            findings.undecided.append("all totals")
        findings.undecided += [
            label_of(row) for row in sorted((self._open_rows or set()) | self._hopeless)
        ]
        for key in sorted(self._drifts, key=lambda key: (isinstance(key, Row), key)):
            findings.drifts += self._drifts[key]
        return findings
