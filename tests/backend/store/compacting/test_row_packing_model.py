"""Whoever reads a day gets what its hours count, from packed rows as well, whatever goes on.

A machine of hypothesis lets writers add to the hours of a day that is over, with the time at which
they took their batch in, audits repair, and compactors walk. Before any call of a walk something
else may happen: a writer or an audit, time that passes, a walk of another compactor, or a kill.
After each write, a reader may see each item as it was at any moment of the last minute, whatever it
sees of the others: all these views are looked at, as far as they matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import product
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from tests.backend.store.compacting.test_shard_merging_model import Chosen
from tests.support.dynamo.deleting import Deleting
from tests.support.dynamo.tables import NAMES
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import Serial

from run_ledger.domain.instants import MICROSECONDS, Instant, later, parse
from run_ledger.domain.state.packed_rows import daily_row, hourly_row
from run_ledger.domain.state.rollups import ALL, CLIENTS, Row
from run_ledger.store.audit.repairs import AUDIT_SHARD, mend_row
from run_ledger.store.compacting.compaction_walk import compact_rows
from run_ledger.store.compacting.shard_merging import BETWEEN_STEPS, QUIET
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.packed_items import PACKED, packed_days, rows_in
from run_ledger.store.items.rollup_items import (
    additions,
    as_counted,
    counts_of,
    shard_of_item,
    sort_of,
)

DAY = "2026-11-01"
START = parse("2026-11-02T03:00:00Z")
SECOND = MICROSECONDS
READ_SECONDS = 60
"""More than any read takes, with what it may lag behind."""
BATCH_SECONDS = 900
"""So long ago a writer may have taken in what it adds."""
RUN_SECONDS = 600
"""No walk takes longer."""
MOST_VIEWS = 200
PARTITION = f"client#acme#{DAY}"
OVER_ALL = Row(ALL, DAY)
_hours = st.sampled_from(("07", "09"))
_counts = st.dictionaries(
    st.sampled_from(("created", "h_7", "c_records_ok")), st.integers(1, 9), min_size=1
)
_shards = st.sampled_from("01")
_ago = st.integers(0, BATCH_SECONDS)
_events = st.one_of(
    st.tuples(st.just("add"), _shards, _hours, _counts, _ago),
    st.tuples(st.just("mend"), _hours, _counts),
    st.tuples(st.just("wait"), st.sampled_from((1, 90, 250))),
    st.tuples(st.just("walk")),
    st.tuples(st.just("kill")),
)
_script = st.dictionaries(st.integers(1, 14), _events, max_size=3)
_waits = st.sampled_from((1, 90, 700, BETWEEN_STEPS // SECOND, QUIET // SECOND + 1))

Told = dict[str, Counter[str]]
"""What each hour counts; ``""`` stands for the day."""


class KilledError(Exception):
    """The walk ends here."""


class Packing(RuleBasedStateMachine):
    """Writers, audits, compactors and readers of one client's day."""

    def __init__(self) -> None:
        """Start with a client of which nothing was counted on the day."""
        super().__init__()
        self.store = empty_store()
        self.client: Any = Deleting(self.store)
        self.now = START
        self.wanted: Told = {"": Counter(), "07": Counter(), "09": Counter()}
        self.added: list[tuple[Instant, str, Counter[str]]] = []
        self.history: list[tuple[Instant, dict[tuple[str, str], Any]]] = [(self.now, {})]
        self._write("0", {Row(CLIENTS, "acme"): {"now_running": 1}}, self.now)

    @rule(shard=_shards, hour=_hours, counts=_counts, ago=_ago)
    def add(self, shard: str, hour: str, counts: dict[str, int], ago: int) -> None:
        """Let a writer add what it took in so many seconds ago."""
        received_at = later(self.now, -ago * SECOND)
        changes = {Row(PARTITION, f"{hour}#crawl"): counts, OVER_ALL: counts}
        self._write(shard, changes, received_at)
        self.take(hour, counts)

    @rule(hour=_hours, counts=_counts)
    def mend(self, hour: str, counts: dict[str, int]) -> None:
        """Let an audit add to the shard of audits."""
        row = Row(PARTITION, f"{hour}#crawl")
        known = self.items().get((row.partition, f"{row.sort}#{AUDIT_SHARD}"))
        assert mend_row(Reading(self.client, NAMES, Serial(), 60.0), row, known, counts)
        self.take(hour, counts)

    @rule(script=_script)
    def walk(self, script: dict[int, Sequence[Any]]) -> None:
        """Let a compactor walk; before its calls of these numbers something else happens."""
        until = later(self.now, RUN_SECONDS * SECOND)
        reading = Reading(Among(self, script, until), NAMES, Serial(), 3_600.0)  # type: ignore[arg-type]
        with suppress(KilledError):
            compact_rows(reading, self.now, lambda: False)

    @rule(waits=st.lists(_waits, min_size=1, max_size=6))
    def walks(self, waits: list[int]) -> None:
        """Let a compactor walk again and again, with nothing in between."""
        for seconds in waits:
            self.wait(seconds)
            self.walk({})

    @rule(number=st.integers(0, 4), script=_script, event=_events)
    def settle(self, number: int, script: dict[int, Sequence[Any]], event: Sequence[Any]) -> None:
        """Let all be packed; something happens during one of the walks, and right after them."""
        for walk in range(10):
            self.wait(QUIET // SECOND + 1)
            self.walk(script if walk == number else {})
            if self.is_current(self.items().values()):
                break
        with suppress(KilledError):
            self.happen(event, later(self.now, RUN_SECONDS * SECOND))
            self.see()

    @rule(seconds=_waits)
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now = later(self.now, seconds * SECOND)

    def teardown(self) -> None:
        """Let one compactor go on until there is nothing to do: all is merged and packed."""
        for _ in range(14):
            self.now = later(self.now, QUIET + SECOND)
            self.walk({})
            if not self.is_counted or self.is_settled:
                break
        else:
            raise AssertionError("compaction comes to no end")
        if self.is_counted:
            assert self.packed(self.items().values()) == self.wanted
            parts = Counter(
                (pk, sort_of(item))
                for (pk, _), item in self.items().items()
                if shard_of_item(item) not in (AUDIT_SHARD, PACKED)
            )
            assert set(parts.values()) == {1}

    # ------------------------------------------------------------------------------------------

    @property
    def is_counted(self) -> bool:
        """Return whether a writer has counted anything."""
        return any(pk == ALL for pk, _ in self.items())

    @property
    def is_settled(self) -> bool:
        """Return whether the day is walked through no more."""
        over_all = [item for (pk, _), item in self.items().items() if pk == ALL]
        day = packed_days(over_all)[DAY]
        return day.is_current and not day.is_open

    def happen(self, event: Sequence[Any], until: Instant) -> None:
        """Let *event* happen amid a walk, which is over by *until*."""
        kind, *given = event
        if kind == "wait":
            self.now = min(later(self.now, given[0] * SECOND), until)
        elif kind == "walk":
            self.walk({})
        elif kind == "kill":
            raise KilledError
        else:
            happens: Callable[..., None] = getattr(self, kind)
            happens(*given)

    def _write(self, shard: str, changes: Any, at: Instant) -> None:
        made = additions(NAMES.rollups, Chosen(shard), changes, {}, at)  # type: ignore[arg-type]
        self.client.transact_write_items(TransactItems=[one.action for one in made])

    def items(self) -> dict[tuple[str, str], Any]:
        """Return all items as they are, by key."""
        return {(one["pk"]["S"], one["sk"]["S"]): one for one in self.store.items(NAMES.rollups)}

    def take(self, hour: str, counts: dict[str, int]) -> None:
        """Note what was added, and look."""
        for one in ("", hour):
            self.wanted[one].update(counts)
            self.added.append((self.now, one, Counter(counts)))
        self.see()

    def see(self) -> None:
        """Look at the day in all ways in which a reader may see it."""
        self.history.append((self.now, self.items()))
        edge = later(self.now, -READ_SECONDS * SECOND)
        while len(self.history) > 1 and self.history[1][0] <= edge:
            self.history.pop(0)
        self.added = [one for one in self.added if one[0] > edge]
        over_all = {self.is_current(view) for view in self.views([ALL])}
        if True in over_all:
            packed = [daily_row(PARTITION, "").partition, hourly_row(PARTITION, "").partition]
            for view in self.views(packed):
                self.check(self.packed(view), view)
        if False in over_all:
            for view in self.views([PARTITION]):
                self.check(self.by_hours(view), view)

    def check(self, found: Told, view: object) -> None:
        """Assert that a reader finds no more than there is, and all but what came just now."""
        for hour, wanted in self.wanted.items():
            recent = Counter[str]()
            for _, one, counts in self.added:
                if one == hour:
                    recent.update(counts)
            least = wanted - recent
            assert not found[hour] - wanted, (view, found, self.wanted)
            assert not least - found[hour], (view, found, self.wanted)

    @staticmethod
    def is_current(view: Iterable[Any]) -> bool:
        """Return whether a reader reads packed rows."""
        over_all = [item for item in view if item["pk"]["S"] == ALL]
        return DAY in (days := packed_days(over_all)) and days[DAY].is_current

    @staticmethod
    def packed(view: Iterable[Any]) -> Told:
        """Return what a reader of packed rows gets."""
        told: Told = {"": Counter(), "07": Counter(), "09": Counter()}
        for item in view:
            kind = item["pk"]["S"].partition("#")[0]
            for row, counts in rows_in(item) if kind in ("daily", "hours") else ():
                told["" if kind == "daily" else row.sort[:2]].update(counts)
        return told

    @staticmethod
    def by_hours(view: Iterable[Any]) -> Told:
        """Return what a reader of the rows of hours gets."""
        told: Told = {"": Counter(), "07": Counter(), "09": Counter()}
        for item in as_counted([*view]):
            for one in ("", sort_of(item)[:2]):
                told[one].update(counts_of(item))
        return told

    def views(self, partitions: Sequence[str]) -> Iterator[list[Any]]:
        """Yield what a reader of *partitions* may get who sees each item as it was of late."""
        keys = {key for _, items in self.history for key in items if key[0] in partitions}
        versions: list[list[Any]] = []
        for key in sorted(keys):
            seen: list[Any] = []
            for _, items in self.history:
                if items.get(key) not in seen:
                    seen.append(items.get(key))
            versions.append(seen)
        for number, view in enumerate(product(*versions)):
            if number > MOST_VIEWS:
                return
            yield [item for item in view if item is not None]


class Among:
    """A compactor's client; before some of its calls something else happens."""

    def __init__(self, machine: Packing, script: dict[int, Sequence[Any]], until: Instant) -> None:
        """Let happen what *script* says; the walk is over by *until*."""
        self._machine = machine
        self._script = script
        self._until = until
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        """Return a call."""

        def call(**request: Any) -> Any:
            self._calls += 1
            if self._calls in self._script:
                self._machine.happen(self._script[self._calls], self._until)
            try:
                return getattr(self._machine.client, name)(**request)
            finally:
                if name != "query":
                    self._machine.see()

        return call


TestPacking = Packing.TestCase
TestPacking.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
