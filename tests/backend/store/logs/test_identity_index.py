"""The index of long logs: whatever was put or not, it leads to the rows that hold an event."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError
from tests.benchmarks.writer import long_jobs, mixes
from tests.benchmarks.writer.writer_units import posted
from tests.support.dynamo.faults import Cut, cut_after, cut_before, timed_out_after
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.stand_in import Call, Dynamo, Fault, client_error
from tests.support.dynamo.tables import NAMES
from tests.support.events import builders
from tests.support.readers import ledgers
from tests.support.stacks.local_stack import ROOT

from run_ledger.domain.contract.events import Event, decode
from run_ledger.store.items import index_items, keys
from run_ledger.store.items.log_items import log_item, marks
from run_ledger.store.logs import identity_index
from run_ledger.store.logs.identity_index import IdentityIndex

NAME = ("job", "job-1", 0)
ROWS = 4


@pytest.fixture(autouse=True)
def short_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let four rows be a segment, and logs go on in three lanes after eight rows."""
    monkeypatch.setattr(index_items, "ROWS", ROWS)
    monkeypatch.setattr(identity_index, "ROWS", ROWS)
    monkeypatch.setattr(keys, "FIRST_LANE", 8)
    monkeypatch.setattr(keys, "LANES", 3)


def event(number: int) -> Event:
    """Return one of many events of the job."""
    return decode(builders.text(builders.job_update(event_id=f"e{number}")))


class Log:
    """A log with an index, which is written by writers that come and go."""

    def __init__(self, rows: int, dice: random.Random) -> None:
        """Write so many rows of one to three events; some put items of the index, some don't."""
        self.store: Dynamo = ledgers.empty_store()
        self.row_of: dict[int, int] = {}
        self.last = rows
        index = self.index()
        tail: dict[bytes, int] = {}
        for number in range(1, rows + 1):
            new = [event(len(self.row_of) + one) for one in range(dice.choice((1, 1, 3)))]
            self.row_of |= {len(self.row_of) + place: number for place in range(len(new))}
            item = log_item(new, number, received_at=ledgers.NOW, ttl_days=90)
            self.store.client().put_item(TableName=NAMES.entries, Item=item)
            tail |= {mark: number for one in new for mark in marks(one)}
            if number % ROWS == 0 and dice.random() < 0.7:
                index.extend(NAME, number, tail, ledgers.NOW)
            if dice.random() < 0.05:
                index = self.index()
            if dice.random() < 0.1:
                index.find(NAME, number, marks(event(dice.randrange(len(self.row_of)))))

    def index(self, script: Any = None, **more: Any) -> IdentityIndex:
        """Return the index as another writer knows it."""
        return IdentityIndex(Querying(self.store, script), NAMES.entries, ttl_days=90, **more)  # type: ignore[arg-type]

    def assert_right(self, index: IdentityIndex, upto: int, numbers: list[int]) -> None:
        """Hold that *index* leads to these events' rows, where it says that it knows."""
        wanted = {mark: number for number in numbers for mark in marks(event(number))}
        found = index.find(NAME, upto, wanted.keys())
        assert found.covered == upto - upto % ROWS
        assert {mark: list(rows) for mark, rows in found.rows.items()} == {
            mark: [self.row_of[number]]
            for mark, number in wanted.items()
            if self.row_of.get(number, upto + 1) <= found.covered
        }


@pytest.mark.parametrize("seed", range(3))
def test_a_mark_leads_to_its_row(seed: int) -> None:
    """Of any log, by any writer, for any number of rows; unknown events lead nowhere."""
    dice = random.Random(seed)
    log = Log(dice.choice((70, 330)), dice)
    old_hand, forgetful = log.index(), log.index(memory_bytes=3_000)
    for _ in range(20):
        numbers = [dice.randrange(2 * len(log.row_of)) for _ in range(dice.choice((1, 40)))]
        upto = dice.choice((0, 3, 4, 64, 65, log.last))
        for index in (old_hand, forgetful, log.index()):
            log.assert_right(index, upto, numbers)
        assert forgetful.known_bytes <= 3_000


def test_large_segments_are_put_and_read_by_others() -> None:
    """A newcomer to a thousand rows reads one item of each segment, of whichever level."""
    log = Log(1_100, random.Random(5))
    log.assert_right(log.index(), 1_100, list(range(0, 1_500, 7)))
    meter = Meter()
    newcomer = log.index(meter.script)
    log.assert_right(newcomer, 1_100, [7])
    segments = index_items.places(NAME, 1_100, marks(event(7)))
    assert [place.level for place, _ in segments] == [0, 0, 0, 1, 2]
    assert (meter.calls, meter.write_units.total()) == (1, 0)
    log.assert_right(newcomer, 1_100, [7])
    assert meter.calls == 1, "what it has read, it remembers"


@pytest.mark.parametrize("fault", [cut_before, cut_after, timed_out_after])
def test_a_writer_that_is_cut_off_loses_nothing(fault: Any) -> None:
    """Whatever becomes of a put, the next one finds every event."""
    log = Log(150, random.Random(6))

    def script(call: Call) -> Fault | None:
        return fault if call.operation == "PutItem" else None

    broken = log.index(script)
    with pytest.raises((Cut, BotoCoreError)):
        log.assert_right(broken, 148, list(range(100)))
    log.assert_right(log.index(), 148, list(range(100)))


def test_what_is_too_large_to_be_put_is_remembered_alone() -> None:
    """A producer who chooses ids by their digests can't stop the job's other events."""
    log = Log(70, random.Random(7))

    def script(call: Call) -> Fault | None:
        if call.operation != "PutItem":
            return None
        raise client_error("ValidationException", "Item size has exceeded the maximum", "PutItem")

    log.assert_right(log.index(script), 68, list(range(60)))


@pytest.mark.parametrize("has_digest", [True, False])
def test_an_item_that_has_lost_records_is_made_anew(*, has_digest: bool) -> None:
    """Its digest tells; one of an earlier version, which has none, is believed."""
    log = Log(150, random.Random(10))
    log.assert_right(log.index(), 148, list(range(300)))
    for (table, (partition, _)), versions in log.store._versions.items():
        item = versions[-1]
        if table == NAMES.entries and partition.startswith("index#") and item is not None:
            lost = {"records": {"B": b""}} if has_digest else {"digest": None}
            changed = {**item, **lost}
            versions.append({name: one for name, one in changed.items() if one is not None})
    meter = Meter()
    log.assert_right(log.index(meter.script), 148, list(range(300)))
    assert (meter.write_units.total() > 0) == has_digest


@pytest.mark.parametrize(("first", "last"), [(5, 8), (9, 16), (65, 128), (1, 4)])
def test_numbers_without_rows_hide_no_rows_before_them(first: int, last: int) -> None:
    """Repairs take numbers, and put no rows: however many in a row, what was before is found."""
    log = Log(330, random.Random(9))
    lose(log, lambda number: first <= number <= last)
    for index in (log.index(), log.index(memory_bytes=3_000)):
        for upto in (last, 330):
            log.assert_right(index, upto, list(range(0, 700, 3)))
            log.assert_right(index, upto, list(range(1, 700, 3)))


def lose(log: Log, is_lost: Callable[[int], bool]) -> None:
    """Take rows out of a log, and its whole index."""
    for (table, (partition, sort)), versions in log.store._versions.items():
        if table == NAMES.entries and (
            partition.startswith("index#")
            or (partition.startswith(keys.LOG) and is_lost(int(sort)))
        ):
            versions.append(None)
    log.row_of = {number: row for number, row in log.row_of.items() if not is_lost(row)}


def test_expired_rows_are_looked_for_once() -> None:
    """What a log has lost leads nowhere, and costs a few calls in all."""
    log = Log(1_100, random.Random(8))
    kept = 1_050
    lose(log, lambda number: number <= kept)
    index = log.index()
    log.assert_right(index, 1_100, list(range(0, 1_500, 50)))
    calls = index.calls
    assert calls < 150
    log.assert_right(index, 1_100, list(range(1, 1_500, 50)))
    assert index.calls <= calls + 3, "of segments that are left, other items are read"


# ---------------------------------------------------------------------------------- figures


@pytest.fixture
def usual_logs(monkeypatch: pytest.MonkeyPatch, short_logs: None) -> None:
    """Let logs be as they are."""
    monkeypatch.undo()


@pytest.mark.usefixtures("usual_logs")
def test_the_record_shows_what_long_jobs_cost() -> None:
    """Its table is what rows and index come to; `long_jobs` prints it."""
    record = (ROOT / "infra/decisions/0051-an-index-of-long-logs.md").read_text()
    assert long_jobs.table() in record


@pytest.mark.usefixtures("usual_logs")
@pytest.mark.parametrize("batch", [1, 5])
def test_a_ledger_consumes_what_the_table_says(batch: int) -> None:
    """Of a thousand events of one job: writes, and reads by the same writer and by another."""
    expected = long_jobs.long_job(1_000, batch)
    store, meter = ledgers.empty_store(), Meter()
    records = [mixes.hot_start(), *mixes.hot(0, 1_000)]
    first, *batches = [records[:1], *_in_batches(records[1:-batch], batch)]
    posted(Querying(store), [first])
    posted(Querying(store, meter.script), batches)
    events = sum(map(len, batches))
    units = meter.write_units["entries"] + meter.write_units["jobs"]
    # The log of the table has rows of an event with more counters.
    assert units / events == pytest.approx(expected.write_units, rel=0.05)
    assert meter.read_units.total() / events < 0.3
    newcomer = Meter()
    posted(Querying(store, newcomer.script), [records[-batch:]])
    assert newcomer.read_units.total() / batch <= expected.new_read_units * 1.3 + 1


def _in_batches(records: list[Mapping[str, str]], size: int) -> list[Any]:
    return [records[start : start + size] for start in range(0, len(records), size)]
