"""Whoever reads a row while its shards are merged gets what it counts, and nothing is ever lost.

A machine of hypothesis lets writers add to shards of a row, with the time at which they took their
batch in, and two compactors look and act, with calls that are lost or cut. After each write, a
reader may see each item as it was at any moment of the last minute, whatever it sees of the others:
all these views are looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from tests.support.dynamo.deleting import Deleting
from tests.support.dynamo.stand_in import client_error
from tests.support.dynamo.tables import NAMES
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import Serial

from run_ledger.domain.instants import MICROSECONDS, Instant, later
from run_ledger.domain.state.own_counters import with_folded
from run_ledger.domain.state.rollups import Row
from run_ledger.store.audit.repairs import AUDIT_SHARD, mend_row
from run_ledger.store.compacting.shard_merging import BETWEEN_STEPS, QUIET, MergeStep, advance
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.own_names import Room
from run_ledger.store.items.rollup_items import (
    additions,
    as_counted,
    counts_of,
    key_of_shard,
    shard_of_item,
)
from run_ledger.store.posting.compaction import compact

START = Instant(1_795_000_000 * MICROSECONDS)
SECOND = MICROSECONDS
READ_SECONDS = 60
"""More than any read takes, with what it may lag behind."""
RUN_SECONDS = 600
"""So long ago a compactor may have looked when it acts."""
BATCH_SECONDS = 900
"""So long ago a writer may have taken in what it adds."""
MOST_VIEWS = 500
_counts = st.dictionaries(
    st.sampled_from(("created", "h_7", "c_records_ok", "c_own_a", "c_own_b")),
    st.integers(1, 9),
    min_size=1,
    max_size=3,
)
_waits = st.sampled_from((1, 90, 700, BETWEEN_STEPS // SECOND, QUIET // SECOND + 1))
_shards = st.sampled_from("012")


class Chosen:
    """A writer's shard, as the test says."""

    def __init__(self, shard: str) -> None:
        """Take this shard of every row."""
        self._shard = shard

    def of(self, _row: Row) -> str:
        """Return it."""
        return self._shard

    def ends_of(self, _row: Row) -> None:
        """Know nothing of samples."""


class Merging(RuleBasedStateMachine):
    """Writers, compactors and readers of one row."""

    row = Row("client#acme#2026-11-01", "07#crawl")

    def __init__(self) -> None:
        """Start with an empty row."""
        super().__init__()
        self.store = empty_store()
        self.client: Any = Deleting(self.store)
        self.now = START
        self.wanted: Counter[str] = Counter()
        self.added: list[tuple[Instant, Counter[str]]] = []
        self.history: list[tuple[Instant, dict[str, Any]]] = [(self.now, {})]
        self.looks: list[tuple[Instant, Sequence[Any]] | None] = [None, None]

    @rule(shard=_shards, counts=_counts, ago=st.integers(0, BATCH_SECONDS))
    def add(self, shard: str, counts: dict[str, int], ago: int) -> None:
        """Let a writer add what it took in so many seconds ago."""
        received_at = later(self.now, -ago * SECOND)
        (one,) = additions(NAMES.rollups, Chosen(shard), {self.row: counts}, {}, received_at)  # type: ignore[arg-type]
        self.client.transact_write_items(TransactItems=[one.action])
        self.take(counts)

    @rule(counts=_counts)
    def mend(self, counts: dict[str, int]) -> None:
        """Let an audit add to the shard of audits."""
        known = self.items().get(AUDIT_SHARD)
        reading = Reading(self.client, NAMES, Serial(), 60.0)
        assert mend_row(reading, self.row, known, counts)
        self.take(counts)

    @rule(number=st.integers(0, 1))
    def look(self, number: int) -> None:
        """Let a compactor read the row."""
        self.looks[number] = self.now, self.queried()

    @precondition(lambda self: any(self.looks))
    @rule(number=st.integers(0, 1), calls=st.sampled_from((0, 1, 2, 99, 99, 99)))
    def act(self, number: int, calls: int) -> None:
        """Let a compactor make the next step, of which so many calls reach DynamoDB."""
        look, self.looks[number] = self.looks[number], None
        if look is not None and self.now <= later(look[0], RUN_SECONDS * SECOND):
            advance(Cut(self, calls), NAMES.rollups, look[1], self.now)  # type: ignore[arg-type]

    @rule(waits=st.lists(_waits, min_size=1, max_size=4))
    def run(self, waits: list[int]) -> None:
        """Let a compactor look and act at once, again and again."""
        for seconds in waits:
            self.wait(seconds)
            self.look(0)
            self.act(0, 99)

    @rule(shard=_shards, counts=_counts, ago=st.integers(0, BATCH_SECONDS))
    def overtake(self, shard: str, counts: dict[str, int], ago: int) -> None:
        """Let a writer add something between a compactor's look and its act."""
        self.look(0)
        self.add(shard, counts, ago)
        self.act(0, 99)

    @rule(calls=st.integers(0, 3))
    def meet(self, calls: int) -> None:
        """Let two compactors look at the same, and act one after the other."""
        self.look(0)
        self.look(1)
        self.act(0, calls)
        self.act(1, 99)

    @rule(shard=_shards)
    def make_room(self, shard: str) -> None:
        """Let a writer add up own counters that are too many, between a look and an act.

        That sets no mark.
        """
        self.look(0)
        compact(
            self.client, NAMES.rollups, key_of_shard(self.row, shard), Room(1, 1), lambda: False
        )
        self.see()
        self.act(0, 99)

    @rule(seconds=_waits)
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now = later(self.now, seconds * SECOND)

    def teardown(self) -> None:
        """Let one compactor go on until there is nothing to do: one item is left."""
        for _ in range(12):
            self.now = later(self.now, QUIET + SECOND)
            if advance(self.client, NAMES.rollups, self.queried(), self.now) is MergeStep.DONE:
                break
            self.see()
        else:
            raise AssertionError("compaction comes to no end")
        assert len(set(self.items()) - {AUDIT_SHARD}) <= 1
        assert sums_of(self.items().values()) == self.wanted

    # ------------------------------------------------------------------------------------------

    def items(self) -> dict[str, Any]:
        """Return the items of the row as they are, by shard."""
        return {shard_of_item(item): item for item in self.store.items(NAMES.rollups)}

    def queried(self) -> Sequence[Any]:
        """Return what a strongly consistent Query gives."""
        query = QueryBuilder(NAMES.rollups, "pk", self.row.partition)
        found: Sequence[Any] = self.client.query(**query.request(consistent=True))["Items"]
        return found

    def take(self, counts: dict[str, int]) -> None:
        """Note what was added, and look."""
        counts = with_folded(counts, [name for name in counts if name == "c_own_b"])
        self.wanted.update(counts)
        self.added.append((self.now, Counter(counts)))
        self.see()

    def see(self) -> None:
        """Look at the row in all ways in which a reader may see it."""
        self.history.append((self.now, self.items()))
        edge = later(self.now, -READ_SECONDS * SECOND)
        while len(self.history) > 1 and self.history[1][0] <= edge:
            self.history.pop(0)
        self.added = [one for one in self.added if one[0] > edge]
        recent = sum((counts for _, counts in self.added), Counter[str]())
        least = self.wanted - recent
        for view in self.views():
            found = sums_of(view)
            assert not found - self.wanted, (view, found, self.wanted)
            assert not least - found, (view, found, least)

    def views(self) -> Iterator[list[Any]]:
        """Yield what a reader may get who sees each item as it was at some moment of late."""
        versions: dict[str, list[Any]] = {}
        for shard in sorted({shard for _, items in self.history for shard in items}):
            seen = versions[shard] = []
            for _, items in self.history:
                if items.get(shard) not in seen:
                    seen.append(items.get(shard))
        for number, view in enumerate(product(*versions.values())):
            if number > MOST_VIEWS:
                return
            yield [item for item in view if item is not None]


class MergingOfProjects(Merging):
    """The same for rows that have another mark."""

    row = Row("project#web#2026-11-01", "07#acme")


class Cut:
    """A compactor's client of which only so many writes reach DynamoDB."""

    def __init__(self, machine: Merging, calls: int) -> None:
        """Let *calls* through, and look after each."""
        self._machine = machine
        self._left = calls

    def __getattr__(self, name: str) -> Any:
        """Return a call."""

        def call(**request: Any) -> Any:
            if not self._left:
                raise client_error("RequestTimeout")
            self._left -= 1
            try:
                return getattr(self._machine.client, name)(**request)
            finally:
                self._machine.see()

        return call


def sums_of(items: Any) -> Counter[str]:
    """Return what *items* count, as readers see it."""
    sums: Counter[str] = Counter()
    for item in as_counted(list(items)):
        sums.update(counts_of(item))
    return +Counter(with_folded(sums, [name for name in sums if name == "c_own_b"]))


TestMerging = Merging.TestCase
TestMerging.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestMergingOfProjects = MergingOfProjects.TestCase
TestMergingOfProjects.settings = settings(max_examples=12, stateful_step_count=40, deadline=None)
