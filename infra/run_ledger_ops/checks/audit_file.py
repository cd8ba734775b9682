"""The file in which a long audit keeps how far it is, and all that it has to remember.

It is a database of SQLite, so what is remembered may be larger than memory. Every page of the audit
is one transaction in it: after an interruption the audit goes on behind the last whole page.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from run_ledger.domain.state.rollups import Row
from run_ledger_ops.console.exceptions import OpsError

_VERSION = 4
_SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE totals (pk TEXT, sort TEXT, name TEXT, count TEXT NOT NULL,
    PRIMARY KEY (pk, sort, name)) WITHOUT ROWID;
CREATE TABLE marks (pk TEXT, sort TEXT, mark INTEGER NOT NULL,
    PRIMARY KEY (pk, sort)) WITHOUT ROWID;
CREATE TABLE shards (pk TEXT, sort TEXT, phase TEXT, shard TEXT, counts TEXT NOT NULL,
    PRIMARY KEY (pk, sort, phase, shard)) WITHOUT ROWID;
CREATE TABLE open_rows (pk TEXT, sort TEXT, suspicion TEXT NOT NULL,
    PRIMARY KEY (pk, sort)) WITHOUT ROWID;
CREATE TABLE next_rows (pk TEXT, sort TEXT, suspicion TEXT NOT NULL,
    PRIMARY KEY (pk, sort)) WITHOUT ROWID;
CREATE TABLE orphans (pk TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE findings (kind TEXT NOT NULL, value TEXT NOT NULL);
"""
# Two marks add up to less than the largest integer of SQLite.
MARKS = 1 << 62
_ADD_COUNT = """
INSERT INTO totals VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET count = plus(count, excluded.count)
"""
_ADD_MARK = """
INSERT INTO marks VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET mark = (mark + excluded.mark) % ?
"""
_ROWS = "SELECT pk, sort FROM shards UNION SELECT pk, sort FROM totals ORDER BY pk, sort"

Phase = Literal["before", "after"]
Finding = Literal["drift", "mended", "unreadable", "beyond", "undecided"]
Counts = dict[str, int]


def _plus(count: str, more: str) -> str:
    """Add as texts: a row's sums may be larger than SQLite's integers."""
    return str(int(count) + int(more))


class RowFigures(NamedTuple):
    """A row as it was read before and after the jobs, by shard, and as it was counted again."""

    row: Row
    before: Mapping[str, Counts]
    after: Mapping[str, Counts]
    recounted: Counts
    mark: int


class AuditFile:
    """One audit's file. Changes are kept at `commit`."""

    def __init__(self, path: Path) -> None:
        """Open the file of an audit, or make one; raises OpsError where it is something else."""
        try:
            self._db = sqlite3.connect(path, isolation_level="IMMEDIATE")
            self._db.create_function("plus", 2, _plus, deterministic=True)
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            (tables,) = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if version == 0 and tables == 0:
                self._db.executescript(f"{_SCHEMA} PRAGMA user_version = {_VERSION};")
            elif version != _VERSION:
                raise OpsError(f"{path} is no progress file of this version: name another file.")
        except sqlite3.Error as error:
            message = f"{path} can't be used as a progress file: {error}."
            raise OpsError(message) from error

    def __enter__(self) -> Self:
        """Give the file itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; what was not committed is forgotten."""
        self._db.close()

    def commit(self) -> None:
        """Keep all changes since the last time, or none of them where this is cut off."""
        self._db.commit()

    def get(self, name: str, default: Any = None) -> Any:
        """Return what was noted under *name*."""
        found = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return default if found is None else json.loads(found[0])

    def note(self, name: str, value: Any) -> None:
        """Note *value*, which JSON can hold, under *name*."""
        self._db.execute("REPLACE INTO state VALUES (?, ?)", (name, json.dumps(value)))

    def add(self, row: Row, counts: Mapping[str, int], mark: int) -> None:
        """Add what one job or project counts in *row*; *mark* stands for it."""
        pairs = [(*row, name, str(count)) for name, count in counts.items()]
        self._db.executemany(_ADD_COUNT, pairs)
        self._db.execute(_ADD_MARK, (*row, mark, MARKS))

    def keep_shard(self, phase: Phase, row: Row, shard: str, counts: Counts) -> None:
        """Keep one shard of *row* as it was read."""
        values = (*row, phase, shard, json.dumps(counts))
        self._db.execute("REPLACE INTO shards VALUES (?, ?, ?, ?, ?)", values)

    def rows(self) -> Iterator[RowFigures]:
        """Yield all rows that were read or counted."""
        for pk, sort in self._db.execute(_ROWS):
            yield self._figures(Row(pk, sort))

    def _figures(self, row: Row) -> RowFigures:
        phases: dict[str, dict[str, Counts]] = {"before": {}, "after": {}}
        for phase, shard, counts in self._db.execute(
            "SELECT phase, shard, counts FROM shards WHERE pk = ? AND sort = ?", row
        ):
            phases[phase][shard] = json.loads(counts)
        totals = self._db.execute("SELECT name, count FROM totals WHERE pk = ? AND sort = ?", row)
        recounted = {name: int(count) for name, count in totals}
        mark = self._db.execute("SELECT mark FROM marks WHERE pk = ? AND sort = ?", row).fetchone()
        return RowFigures(row, phases["before"], phases["after"], recounted, mark[0] if mark else 0)

    def suspicion(self, row: Row) -> str | None:
        """Return what the pass before found wrong with *row*, None for a row that is not open."""
        select = "SELECT suspicion FROM open_rows WHERE pk = ? AND sort = ?"
        found = self._db.execute(select, row).fetchone()
        return None if found is None else str(found[0])

    def open_next(self, row: Row, suspicion: str) -> None:
        """Let the next pass judge *row*, which *suspicion* is about; empty where it only moved."""
        self._db.execute("REPLACE INTO next_rows VALUES (?, ?, ?)", (*row, suspicion))

    def begin_pass(self) -> int:
        """Make the rows for the next pass the open ones, and return how many these are."""
        for table in ("open_rows", "totals", "marks", "shards", "orphans"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        self._db.execute("INSERT INTO open_rows SELECT * FROM next_rows")
        self._db.execute("DELETE FROM next_rows")
        (number,) = self._db.execute("SELECT count(*) FROM open_rows").fetchone()
        return int(number)

    def add_orphan(self, key: str) -> bool:
        """Note that entries without an item were counted; return False where they were before."""
        return self._db.execute("INSERT OR IGNORE INTO orphans VALUES (?)", (key,)).rowcount > 0

    def find(self, kind: Finding, value: Any) -> None:
        """Add a finding that JSON can hold."""
        self._db.execute("INSERT INTO findings VALUES (?, ?)", (kind, json.dumps(value)))

    def findings(self, kind: Finding) -> Iterator[Any]:
        """Yield the findings of one kind, in the order in which they were found."""
        for (value,) in self._db.execute("SELECT value FROM findings WHERE kind = ?", (kind,)):
            yield json.loads(value)

    def number_of(self, kind: Finding) -> int:
        """Return how many findings of one kind there are."""
        select = "SELECT count(*) FROM findings WHERE kind = ?"
        return int(self._db.execute(select, (kind,)).fetchone()[0])
