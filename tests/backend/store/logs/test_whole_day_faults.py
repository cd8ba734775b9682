"""Each fault that is planted in a handler on a small day makes the day differ from its recount."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.benchmarks.whole_day.day_recount import DayRecount
from tests.benchmarks.whole_day.day_system import DaySystem
from tests.benchmarks.whole_day.day_traffic import Day

from run_ledger.compacting import compactor
from run_ledger.store.compacting import compaction_walk, shard_merging

EVENTS = 1_000
Plant = Callable[[pytest.MonkeyPatch], None]


def with_merges_that_lose(patch: pytest.MonkeyPatch) -> None:
    """Let each merge lose what the first of its shards counted."""
    merge = shard_merging._merge

    def losing(table: str, merged: Any, shards: Any, now: Any) -> Any:
        put, *rest = merge(table, merged, shards, now)
        kept, *_ = merge(table, merged, shards[1:], now) if len(shards) > 1 else (put,)
        put["Put"]["Item"] = {**kept["Put"]["Item"], "pending": put["Put"]["Item"]["pending"]}
        return [put, *rest]

    patch.setattr(shard_merging, "_merge", losing)


def with_merges_that_leave(patch: pytest.MonkeyPatch) -> None:
    """Let no merge empty the shards that it adds up."""
    merge = shard_merging._merge
    patch.setattr(shard_merging, "_merge", lambda *given: merge(*given)[:1])


def without_compaction(patch: pytest.MonkeyPatch) -> None:
    """Let the compactor do nothing."""
    nothing = compaction_walk.Compaction(0, 0, 0, 0, 0, 0)
    patch.setattr(compactor, "compact_rows", lambda *_: nothing)


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        (with_merges_that_lose, "row ("),
        (with_merges_that_leave, "row ("),
        (without_compaction, "compaction of "),
    ],
)
def test_what_a_handler_does_wrongly_is_named(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, named: str
) -> None:
    """A lost shard, one that counts twice, and rows that stay as they were written."""
    plant(monkeypatch)
    system = DaySystem(Day(EVENTS, 5, 1), 0, 300)
    system.live()
    with system.at_the_end() as invoke:
        found = list(DayRecount(system, invoke).differences(lambda _: None))

    assert any(one.startswith(named) for one in found), found
