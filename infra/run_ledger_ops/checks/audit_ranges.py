"""An audit of everything, page by page: its memory does not grow with the ledger, and it can go on.

A pass reads all rollup rows, then all jobs and projects with their entries, then all rows again.
Items are judged, and mended, a page at a time. What each counts for is added up in a file.

Every posting that touches a row changes it. So a row that reads the same before and after was
touched by none in between, and must be the sum of what was counted. One event that comes and
another that goes can look the same; so a row that seems wrong is judged in a second pass, and only
what is found twice alike, of the same jobs with the same counts, is drift. A row that changed is
judged in the next pass, too; one that changes in each of them is not decided.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import structs, to_builtins

from run_ledger.domain.instants import Instant
from run_ledger.domain.state.packed_rows import hour_row, is_counted_by_hours
from run_ledger.domain.state.recount import Contribution, Drift
from run_ledger.domain.state.rollups import Row, subject
from run_ledger.store.audit.auditor import Audit, Manner
from run_ledger.store.audit.calls import (
    read_items,
    read_page_of_entries,
    read_page_of_names,
    read_page_of_shards,
)
from run_ledger.store.audit.expected_items import Name, whole_number
from run_ledger.store.audit.judgement import Judgement
from run_ledger.store.audit.packed_verdicts import judge_packed, mend_packed
from run_ledger.store.audit.reach import LostDays, Reach
from run_ledger.store.audit.repairs import AUDIT_SHARD, mend_row
from run_ledger.store.audit.row_sums import RowChange, drifts_of_row, label_of, row_changes
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.reading import Reading

from .audit_file import MARKS, AuditFile, Counts, Phase, RowFigures

PASSES = 3
_NAMES_A_PAGE = 200
_ENTRIES_AT_ONCE = 20_000
_KEYS_A_PAGE = 2_000
_SHARDS_A_PAGE = 1_000
_ANYBODY = "*"
"""Stands for the client of what can't be read and does not tell whose it is."""

Step = Literal["before", "jobs", "projects", "entries", "after", "judge"]
_ORDER: Sequence[Step] = ("before", "jobs", "projects", "entries", "after", "judge")


class RangedAudit:
    """An audit of everything, or of everything with the rows of some days, that can go on."""

    def __init__(
        self,
        reading: Reading,
        file: AuditFile,
        scope: AuditScope,
        reach: Callable[[], Reach],
        manner: Manner,
    ) -> None:
        """Go on with the audit in *file*; *reach* tells what entries prove now."""
        self._reading = reading
        self._file = file
        self._scope = scope
        self._reach = reach
        self._manner = manner
        self._pages: dict[Step, Callable[[Any], tuple[int, Any]]] = {
            "before": lambda after: self._read_rows("before", after),
            "jobs": lambda after: self._judge_listed("job", after),
            "projects": lambda after: self._judge_listed("project", after),
            "entries": self._judge_orphans,
            "after": lambda after: self._read_rows("after", after),
            "judge": lambda _: (self._judge_rows(), None),
        }

    def run(self) -> Iterator[int]:
        """Do what is left, page by page; yield how many jobs and projects each page had."""
        while not self._file.get("is_done", default=False):
            step: Step = self._file.get("step", "before")
            number, after = self._pages[step](self._file.get("after"))
            self._file.note("after", after)
            if after is None:
                self._next_step(step)
            self._file.commit()
            yield number

    @property
    def _pass(self) -> int:
        return int(self._file.get("pass", 1))

    def _next_step(self, step: Step) -> None:
        place = _ORDER.index(step) + 1
        if place < len(_ORDER):
            self._file.note("step", _ORDER[place])
            return
        self._file.note("step", _ORDER[0])
        number = self._pass
        is_open = self._file.begin_pass() > 0
        self._file.note("is_done", not is_open or number == PASSES)
        self._file.note("pass", number + 1)

    # ---------------------------------------------------------------- jobs and projects

    def _judge_listed(self, kind: Literal["job", "project"], after: Any) -> tuple[int, Any]:
        found, last = read_page_of_names(self._reading, kind, after, _NAMES_A_PAGE)
        return sum(self._judge_items(portion) for portion in _portions(found)), last

    def _judge_orphans(self, after: Any) -> tuple[int, Any]:
        """Judge what has entries and no item: no list names it."""
        names, last = read_page_of_entries(self._reading, after, _KEYS_A_PAGE)
        items = read_items(self._reading, names)
        lost = [name for name in names if name not in items]
        fresh = [name for name in lost if self._file.add_orphan(name.label)]
        return self._judge_items(fresh), last

    def _judge_items(self, names: Sequence[Name]) -> int:
        if not names:
            return 0
        scope = AuditScope(now=self._scope.now, names=frozenset(names))
        manner = Manner(repair=self._manner.repair, pause=self._manner.pause)
        audit = Audit(self._reading, scope, self._reach, manner)
        findings = audit.run()
        lost = LostDays(self._file.get("lost"))
        for name, judgement in audit.judgements.items():
            self._add(name, judgement.contribution)
            if judgement.is_uncertain:
                self._note_uncertain(judgement)
        lost.note(judgement.lost for judgement in audit.judgements.values())
        self._file.note("lost", lost.stretches)
        is_first = self._pass == 1
        for found in findings.drifts:
            # A later pass finds again what was not mended.
            if is_first or found.mended:
                self._find_drift(found.drift, mended=found.mended)
        if is_first:
            self._file.note("entities", self._file.get("entities", 0) + findings.entities)
            for label in findings.unreadable:
                self._file.find("unreadable", label)
            for label in findings.beyond_reach:
                self._file.find("beyond", label)
            for label in findings.undecided:
                self._file.find("undecided", label)
        return len(names)

    def _add(self, name: Name, contribution: Contribution) -> None:
        counted: dict[Row, Counter[str]] = {}
        contribution.add_to(counted, 1)
        for row, counts in counted.items():
            if self._is_wanted(row):
                told = json.dumps([*name, *row, sorted(counts.items())]).encode()
                digest = hashlib.blake2b(told, digest_size=8).digest()
                self._file.add(row, counts, int.from_bytes(digest) % MARKS)

    def _note_uncertain(self, judgement: Judgement) -> None:
        """Remember whose rows can't be judged, as what may count there can't be read."""
        items = [item for item in (judgement.item, judgement.expected) if item is not None]
        owners = {str(item.get("client_id", {}).get("S", _ANYBODY)) for item in items}
        known = {*self._file.get("uncertain_clients", []), *(owners or {_ANYBODY})}
        self._file.note("uncertain_clients", sorted(known))

    def _find_drift(self, drift: Drift, *, mended: bool) -> None:
        self._file.find("mended" if mended else "drift", to_builtins(drift))

    # ---------------------------------------------------------------------------- rows

    def _is_wanted(self, row: Row) -> bool:
        if not self._scope.includes(row, self._reach().since):
            return False
        return self._pass == 1 or self._file.suspicion(row) is not None

    def _read_rows(self, phase: Phase, after: Any) -> tuple[int, Any]:
        shards, last = read_page_of_shards(self._reading, after, _SHARDS_A_PAGE)
        if phase == "after" and self._pass == 1:
            self._judge_packed_rows(hour_row(row).partition for row, _, _ in shards)
        for row, shard, item in shards:
            if self._is_wanted(row):
                counts = {
                    name: whole_number(attribute) or 0
                    for name, attribute in sorted(item.items())
                    if name not in ("pk", "sk")
                }
                self._file.keep_shard(phase, row, shard, counts)
        return 0, last

    def _judge_packed_rows(self, partitions: Iterable[str]) -> None:
        """Judge what is packed of some of *partitions* of hours, each once."""
        verdicts = judge_packed(
            self._reading,
            [
                one
                for one in sorted({*partitions})
                if is_counted_by_hours(one)
                and self._scope.has_day_of(one)
                and self._file.add_orphan(f"packed {one}")
            ],
        )
        if self._manner.repair:
            mend_packed(self._reading, verdicts.wrong)
        for row, wrong in verdicts.wrong.items():
            for drift in drifts_of_row(row, wrong):
                self._find_drift(drift, mended=self._manner.repair)
        judged = self._file.get("rows", 0) + len(verdicts.right) + len(verdicts.wrong)
        self._file.note("rows", judged)

    def _judge_rows(self) -> int:
        """Judge all rows of this pass; those that need another are opened for the next."""
        uncertain = frozenset(self._file.get("uncertain_clients", []))
        lost = LostDays(self._file.get("lost"))
        judged = self._file.get("rows", 0)
        for figures in self._file.rows():
            if not self._is_wanted(figures.row):
                continue
            if self._may_hide(uncertain, figures.row):
                self._file.find("undecided", label_of(figures.row))
            elif figures.before != figures.after:
                self._leave_open(figures.row, "")
            else:
                judged += self._judge_row(figures, lost)
        self._file.note("rows", judged)
        return 0

    def _judge_row(self, figures: RowFigures, lost: LostDays) -> int:
        """Judge a row that nothing has touched; return 1, or 0 where it is not decided yet."""
        different = row_changes(figures.recounted, _sums(figures.after.values()))
        wrong = lost.certain(figures.row, different)
        changes = {name: one.change for name, one in wrong.items()}
        if changes and not self._is_told(figures, changes, wrong):
            return 0
        if len(wrong) < len(different):
            self._file.find("beyond", label_of(figures.row))
        return 1

    def _is_told(
        self, figures: RowFigures, changes: Mapping[str, int], wrong: Mapping[str, RowChange]
    ) -> bool:
        """Tell what is wrong with a row and mend it; return False where it is not certain yet."""
        told = json.dumps([figures.mark, figures.after, sorted(changes.items())], sort_keys=True)
        if self._file.suspicion(figures.row) != told:
            self._leave_open(figures.row, told)
            return False
        mended = self._manner.repair and self._mend(figures, changes)
        if self._manner.repair and not mended:
            self._leave_open(figures.row, told)
            return False
        for drift in drifts_of_row(figures.row, wrong):
            self._find_drift(drift, mended=mended)
        return True

    def _mend(self, figures: RowFigures, changes: Mapping[str, int]) -> bool:
        known = figures.after.get(AUDIT_SHARD)
        shard = None if known is None else {name: {"N": str(n)} for name, n in known.items()}
        return mend_row(self._reading, figures.row, shard, changes)

    def _leave_open(self, row: Row, suspicion: str) -> None:
        if self._pass == PASSES:
            self._file.find("undecided", label_of(row))
        self._file.open_next(row, suspicion)

    @staticmethod
    def _may_hide(clients: frozenset[str], row: Row) -> bool:
        """Return whether what can't be read may count in *row*."""
        client_id, _, _ = subject(row)
        return bool(clients) and (client_id is None or bool(clients & {client_id, _ANYBODY}))


def same_question(
    file: AuditFile, scope: AuditScope, circumstances: Sequence[Any]
) -> AuditScope | None:
    """Return the scope with which the audit in *file* began, None where it asked something else.

    *circumstances*, which JSON can hold, must be the same, too. A new file takes the question that
    is asked now.
    """
    asked = [*circumstances, scope.first_day, scope.last_day]
    if file.get("asked") is None:
        file.note("asked", asked)
        file.note("now", scope.now)
        file.commit()
    if file.get("asked") != asked:
        return None
    return structs.replace(scope, now=Instant(file.get("now")))


def _portions(found: Iterable[tuple[Name, int]]) -> Iterator[list[Name]]:
    """Yield names in portions whose entries are so many at most, or one name."""
    portion: list[Name] = []
    entries = 0
    for name, number in found:
        if portion and entries + number > _ENTRIES_AT_ONCE:
            yield portion
            portion, entries = [], 0
        portion.append(name)
        entries += number
    yield portion


def _sums(shards: Iterable[Counts]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for counts in shards:
        sums.update(counts)
    return sums
