"""The sweeper with very many running jobs: it counts them in its time, or says what is left.

A page of a Query holds 1 MB of rows ("Paginating table query results" in DynamoDB's developer
guide), so the stand-in hands out as many rows a page as fit by the sizing rules.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import pytest
from tests.support.dynamo.sizing import rules
from tests.support.dynamo.stand_in import item_bytes
from tests.support.dynamo.tables import NAMES
from tests.support.readers import log_lines
from tests.support.readers.reading import NOW, Serial

from run_ledger import sweeper
from run_ledger.domain.state.rollups import NOW as NOW_PREFIX
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.job_items import slot_of
from run_ledger.store.lists.sweep import sweep

PAGE_BYTES = 1024 * 1024
MINUTE = 60 * 1_000_000
DAY_NAMES = ("2026-11-22", "2026-11-21")
JOBS_A_DAY = 500_000
CLIENTS = 40
STALLED_EACH = 10


class MillionRunning:
    """A client of tables in which a million jobs run, created on two days; each tenth is silent."""

    def __init__(self) -> None:
        """Make the rows of one page, of which all pages consist."""
        self.pages = 0
        rows = [self._row(number) for number in range(6_000)]
        (index,) = (one for one in rules()[NAMES.jobs].indexes if one.name == "by_outcome")
        size, taken = 0, 0
        while size < PAGE_BYTES:
            size += item_bytes(dict(index.entry(rows[taken]) or {}))
            taken += 1
        wanted = ("client_id", "seen_slot", "heartbeat")
        self.rows = [
            {name: row[name] for name in wanted if name in row} for row in rows[: taken // 40 * 40]
        ]

    def query(self, **request: Any) -> dict[str, Any]:
        """Answer with the map of the days, or with a page of a day's running jobs."""
        if request["TableName"] == NAMES.rollups:
            name = next(
                short
                for short, name in request["ExpressionAttributeNames"].items()
                if name == f"{NOW_PREFIX}running"
            )
            counts = request["ExpressionAttributeNames"][name]
            return {
                "Items": [
                    {"sk": {"S": f"{day}#0"}, counts: {"N": str(JOBS_A_DAY)}} for day in DAY_NAMES
                ]
            }
        self.pages += 1
        place = request.get("ExclusiveStartKey", {"at": 0})["at"]
        rows = self.rows[: JOBS_A_DAY - place]
        after = place + len(rows)
        more = {"LastEvaluatedKey": {"at": after}} if after < JOBS_A_DAY else {}
        return {"Items": rows, **more}

    @staticmethod
    def _row(number: int) -> dict[str, Any]:
        silent = number % STALLED_EACH == 0
        slot = slot_of(NOW - (60 if silent else 2) * MINUTE)
        row: dict[str, Any] = {
            "job_id": {"S": f"nightly-enrichment-{number:08}"},
            "outcome_day": {"S": f"running#{DAY_NAMES[0]}"},
            "ck": {"S": f"2026-11-22T14:15:00.000000Z#nightly-enrichment-{number:08}"},
            "client_id": {"S": f"client-{number % CLIENTS}"},
            "project_id": {"S": f"project-{number % 100}"},
            "pipeline": {"S": "enrichment"},
            "seen_slot": {"N": str(slot)},
        }
        return row | ({"heartbeat": {"N": "1800"}} if number % 3 == 0 else {})


@pytest.fixture(scope="module")
def tables() -> MillionRunning:
    """Give the tables with a million running jobs."""
    return MillionRunning()


def reading(tables: MillionRunning) -> Reading:
    """Return a way to read *tables*."""
    return Reading(tables, NAMES, Serial(), 60.0)  # type: ignore[arg-type]


def test_a_million_running_jobs_are_counted(tables: MillionRunning) -> None:
    """Each once, by client, in pages of a megabyte: fewer than the sweeper has time for."""
    tables.pages = 0
    found = sweep(reading(tables), NOW)
    assert sum(found.running.values()) == found.all_running == 2 * JOBS_A_DAY
    assert sum(found.stalled.values()) == 2 * JOBS_A_DAY // STALLED_EACH
    assert len(found.running) == CLIENTS
    assert found.unread_days == ()
    # At a tenth of a second a page, which is slow, two days side by side take 13 s of the 40.
    assert tables.pages < 2 * 130


def test_memory_does_not_grow_with_the_jobs(tables: MillionRunning) -> None:
    """What is kept of a page is one count for each kind of row, not the rows."""

    def peak(pages: int) -> int:
        ticks = count()
        tracemalloc.start()
        sweep(reading(tables), NOW, lambda: next(ticks) >= pages)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2)
    assert peak(40) < 1.2 * peak(4) + 100_000


@pytest.fixture
def swept(
    tables: MillionRunning, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[[int], tuple[Mapping[str, Any], list[Mapping[str, Any]]]]]:
    """Give a function that sweeps with time for so many pages, and returns the log lines."""
    for name, table in NAMES._asdict().items():
        monkeypatch.setenv(f"{name.upper()}_TABLE", table)
    sweeper._tools.cache_clear()
    monkeypatch.setattr(sweeper, "dynamodb", lambda: tables)
    monkeypatch.setattr(sweeper, "ThreadPoolExecutor", lambda *_: Serial())
    monkeypatch.setattr("time.time_ns", lambda: NOW * 1_000)

    def run(pages: int) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        ticks = count()
        monkeypatch.setattr(
            sweeper,
            "sweep",
            lambda reading, now, _is_over: sweep(reading, now, lambda: next(ticks) >= pages),
        )
        capsys.readouterr()
        context = type("Context", (), {"aws_request_id": "1"})()
        context.get_remaining_time_in_millis = lambda: 60_000
        with pytest.raises(sweeper.SweepUnfinished, match=DAY_NAMES[0]):
            sweeper.handler({}, context)
        *others, line = log_lines.read(capsys.readouterr().out)
        return line, others

    with log_lines.restored():
        yield run
    sweeper._tools.cache_clear()


def test_what_could_not_be_finished_is_said(
    swept: Callable[[int], tuple[Mapping[str, Any], list[Mapping[str, Any]]]],
    tables: MillionRunning,
) -> None:
    """The sweep has failed, names the days, tells how many run, and that at least some stalled."""
    line, others = swept(3)
    rows = 3 * len(tables.rows)
    (unfinished,) = [one for one in others if one["message"] == "unfinished"]
    assert unfinished["level"] == "ERROR"
    assert unfinished["days"] == sorted(DAY_NAMES)
    assert (unfinished["counted"], unfinished["running"]) == (rows, 2 * JOBS_A_DAY)
    assert line["SweepFailed"] == 1
    assert line["Running"] == 2 * JOBS_A_DAY
    assert line["Stalled"] == unfinished["stalled_at_least"] == rows // STALLED_EACH


def test_nothing_read_makes_no_zero(
    swept: Callable[[int], tuple[Mapping[str, Any], list[Mapping[str, Any]]]],
) -> None:
    """Where no page was read, nothing is said of stalled jobs."""
    line, _ = swept(0)
    assert "Stalled" not in line
    assert line["SweepFailed"] == 1
