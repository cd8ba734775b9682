"""A log whose first rows expire, and whose job's item is lost, made anew or put back.

A machine of hypothesis lets days go by, so that rows and items of the index expire in any order,
takes the job's item away or puts an earlier one in its place, lets an audit repair it, and has
events delivered, new ones and ones whose row lives, to writers that remember what they have seen.
Wherever the item is right, each delivery changes item and totals by its new events, and by nothing
else.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.dynamo.deleting import Deleting
from tests.support.dynamo.stand_in import Answer
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers
from tests.support.readers.reading import Serial

from run_ledger.domain.instants import DAY, MICROSECONDS, Instant
from run_ledger.store.audit.auditor import Audit, Findings, Manner
from run_ledger.store.audit.reach import Reach
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import index_items, keys
from run_ledger.store.logs import identity_index
from run_ledger.store.posting import known_events
from run_ledger.store.posting.entities import Layout
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing

_WRITERS = 3
_JOB = (NAMES.jobs, ("job-1",))
_numbers = st.integers(0, 40)


def event(name: str) -> Envelope:
    """Return one of the job's events by its id, which tells its order; every fourth ends it."""
    number = int(name)
    end: dict[str, Any] = {"status": "completed", "result": "failed", "attempt": 1 + number // 9}
    return job_update(
        event_id=name,
        occurred_at=f"2026-11-22T10:00:00.{number:06}Z",
        delta={"records_ok": 1},
        **(end if number % 4 == 3 else {"status": "running"}),
    )


class Audited(Deleting):
    """What an audit of everything calls."""

    def scan(self, **request: Any) -> Answer:
        """Return all items of a table, as the first of some segments."""
        items = self._store.items(request["TableName"]) if not request.get("Segment") else []
        return {"Items": items}


class WornLog(RuleBasedStateMachine):
    """A job, its writers, and what becomes of what is stored of it."""

    def __init__(self) -> None:
        """Start with nothing sent."""
        super().__init__()
        self.store = ledgers.empty_store()
        self.now = Instant(ledgers.NOW)
        self.sent = 0
        self.is_right = True
        self.patches = [
            # A log grows long after a few rows: it has lanes, and an index of some levels.
            patch.multiple(keys, FIRST_LANE=3, LANES=2),
            *(patch.object(one, "ROWS", 2) for one in (index_items, identity_index, known_events)),
        ]
        for one in self.patches:
            one.start()
        self.writers = [self.writer(number) for number in range(_WRITERS)]

    def writer(self, number: int, layout: Layout = Layout.LOG) -> Ledger:
        """Return a writer that remembers nothing yet."""
        timing = Timing(
            now=lambda: self.now,
            clock=lambda: 0.0,
            pause=lambda _: None,
            dice=random.Random(number),
        )
        keeping = Keeping(ledgers.TTL_DAYS, ledgers.SHARDS, layout)
        return Ledger(self.store.client(), NAMES, keeping, timing=timing)  # type: ignore[arg-type]

    # ------------------------------------------------------------------------- what happens

    @initialize(rows=st.integers(0, 12), days=st.integers(0, 9))
    def begin(self, rows: int, days: int) -> None:
        """Let there be a log, a row a day or so."""
        for _ in range(rows):
            self.deliver(0, 1, [])
            self.now = Instant(self.now + days * DAY)

    @rule(number=_numbers, new=st.integers(0, 2), again=st.lists(_numbers, max_size=6))
    def deliver(self, number: int, new: int, again: list[int]) -> None:
        """Deliver new events and such whose row lives, in one batch, to a writer."""
        before, living = self.sums(), self.living()
        known = [sorted(living)[place % len(living)] for place in again] if living else []
        fresh = [f"{self.sent + place:03}" for place in range(new)]
        self.sent += new
        batch = list(dict.fromkeys([*known, *fresh]))
        begins_anew = self.item is None
        report = ledgers.post(self.writers[number % _WRITERS], map(event, batch))
        after = self.living()
        if not self.is_right:
            return
        if begins_anew:
            before = dict.fromkeys(before, 0) | {"totals": before["totals"]}
        assert report.failures == []
        assert Counter(after) - Counter(living) == Counter(fresh)
        assert self.sums() == {name: one + new for name, one in before.items()}

    @rule(days=st.sampled_from((1, 9, 30, 80)), left=st.sampled_from((0, 0, 1, 3, 170)))
    def expire(self, days: int, left: int) -> None:
        """Let days go by; of what is over DynamoDB deletes some, and later the rest."""
        self.now = Instant(self.now + days * DAY)
        for number, (place, item) in enumerate(self.stored_entries()):
            is_over = int(item["expires_at"]["N"]) <= self.now // MICROSECONDS
            if is_over and not left >> number % 8 & 1:
                self.store._versions[place].append(None)
        if self.item is None and not self.living():
            self.is_right = True

    @precondition(lambda self: self.item is not None)
    @rule()
    def lose(self) -> None:
        """Lose the job's item."""
        self.store._versions[_JOB].append(None)
        self.is_right = not self.living()

    @precondition(lambda self: self.item is not None)
    @rule(back=st.integers(1, 5))
    def put_back(self, back: int) -> None:
        """Put the item back to what it was some postings ago."""
        versions = self.store._versions[_JOB]
        versions.append(versions[-1 - min(back, len(versions) - 1)])
        self.is_right = False

    @rule(number=_numbers, layout=st.sampled_from(Layout))
    def forget(self, number: int, layout: Layout) -> None:
        """Let a writer lose its memory; the next one may keep new jobs in another way."""
        self.writers[number % _WRITERS] = self.writer(number, layout)

    @rule()
    def repair(self) -> None:
        """Let an audit repair what it finds wrong."""
        self.audit(repair=True)
        found = self.audit(repair=True)
        assert found.drifts == []
        self.is_right = self.is_right or "job job-1" not in found.beyond_reach

    # ------------------------------------------------------------------------- what there is

    def audit(self, *, repair: bool) -> Findings:
        """Audit everything."""
        reading = Reading(Audited(self.store), NAMES, Serial(), 3_600.0)  # type: ignore[arg-type]
        reach = Reach(Instant(self.now - ledgers.TTL_DAYS * DAY))
        manner = Manner(repair=repair, pause=lambda _: None)
        return Audit(reading, AuditScope(now=self.now), lambda: reach, manner).run()

    @property
    def item(self) -> Item | None:
        """Return the job's item."""
        return self.store._versions.get(_JOB, [None])[-1]

    def stored_entries(self) -> list[tuple[Any, Item]]:
        """Return all items of the table of entries, with their places."""
        latest = [(place, items[-1]) for place, items in self.store._versions.items()]
        return [(place, item) for place, item in latest if place[0] == NAMES.entries and item]

    def living(self) -> list[str]:
        """Return the ids of the events in rows that live, as often as they are there."""
        return [entry.event_id for entry in ledgers.entries(self.store)]

    def sums(self) -> dict[str, int]:
        """Return what the item has counted, and what a total has."""
        item = self.item or {}
        row = ledgers.rollups(self.store).get(("client#client-1#2026-11-22", "10#default"), {})
        counted = {name: int(item.get(name, {"N": "0"})["N"]) for name in ("n", "c_records_ok")}
        return counted | {"totals": row.get("c_records_ok", 0)}

    def teardown(self) -> None:
        """Hold that the job is what its entries say, and undo what was patched."""
        try:
            found = [one.drift for one in self.audit(repair=False).drifts]
            assert not self.is_right or [one for one in found if one.kind == "job"] == []
        finally:
            for one in self.patches:
                one.stop()


@pytest.fixture
def worn() -> Iterator[WornLog]:
    """Give a machine whose rules a test calls itself."""
    machine = WornLog()
    yield machine
    machine.teardown()


@pytest.mark.parametrize("again", [0, 2])
def test_a_writer_forgets_rows_whose_numbers_others_have_taken(worn: WornLog, again: int) -> None:
    """It remembers a log that began anew unseen, under the same numbers, until a repair.

    *again* is a writer that saw the log before, or one that knows nothing.
    """
    worn.begin(rows=3, days=9)
    worn.expire(days=70, left=0)
    worn.lose()
    worn.deliver(1, 1, [])
    worn.repair()
    assert worn.living() == ["003", "001", "002"]
    worn.deliver(again, 0, [2])


@pytest.mark.parametrize("again", [0, 2])
def test_the_index_of_a_log_is_not_that_of_the_one_before(worn: WornLog, again: int) -> None:
    """What the index says of rows that have expired says nothing of those with their numbers."""
    worn.begin(rows=6, days=9)
    worn.expire(days=40, left=0)
    worn.lose()
    worn.deliver(1, 1, [])
    worn.repair()
    worn.deliver(again, 1, [0, 1, 2, 3, 4, 5])


TestWornLog = WornLog.TestCase
TestWornLog.settings = settings(max_examples=settings().max_examples, stateful_step_count=15)
