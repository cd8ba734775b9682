"""Each fault that is planted in a handler on a small day makes the day differ from its recount."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from tests.benchmarks.whole_day import day_stage
from tests.benchmarks.whole_day.day_recount import DayRecount
from tests.benchmarks.whole_day.day_system import DaySystem
from tests.benchmarks.whole_day.day_traffic import Day

from run_ledger.acts import ActTaker
from run_ledger.compacting import compactor
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.domain.incidents.incident_acts import Answers
from run_ledger.store.compacting import compaction_walk, shard_merging
from run_ledger.timekeeping import intake_sweep, time_keeper
from run_ledger.timekeeping.level_sweep import LevelSweep
from run_ledger.timekeeping.run_sweep import RunSweep

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


def without_acts(patch: pytest.MonkeyPatch) -> None:
    """Let the teller take no act."""
    patch.setattr(ActTaker, "take", lambda *_: ([], []))


def with_a_hasty_watermark(patch: pytest.MonkeyPatch) -> None:
    """Let each look take for posted what was sent until then."""
    looked = intake_sweep.looked
    patch.setattr(
        intake_sweep,
        "looked",
        lambda intake, look: structs.replace(looked(intake, look), watermark=look.at),
    )


def without_schedules(patch: pytest.MonkeyPatch) -> None:
    """Let nobody look at runs that are asked for."""
    patch.setattr(RunSweep, "run", lambda *_: None)


def without_levels(patch: pytest.MonkeyPatch) -> None:
    """Let nobody look at jobs that go on for too long, or at projects that are due."""
    patch.setattr(LevelSweep, "run", lambda *_: None)


def without_staff(patch: pytest.MonkeyPatch) -> None:
    """Let the time keeper forget staff's rules."""
    read = time_keeper.read_watching
    patch.setattr(
        time_keeper, "read_watching", lambda *given: structs.replace(read(*given), staff=())
    )


def without_digest_of_staff(patch: pytest.MonkeyPatch) -> None:
    """Let the digester know of clients' digests alone."""
    read = day_stage.read_digests
    patch.setattr(
        day_stage,
        "read_digests",
        lambda *given: [one for one in read(*given) if one.client_id != STAFF],
    )


def with_mutes_that_nobody_heeds(patch: pytest.MonkeyPatch) -> None:
    """Let a notice of what is muted be told."""
    patch.setattr(Answers, "is_muted", property(lambda _: False))


@pytest.mark.parametrize(
    ("plant", "named"),
    [
        (with_merges_that_lose, "row ("),
        (with_merges_that_leave, "row ("),
        (without_compaction, "compaction of "),
        (without_acts, "incident "),
        (with_a_hasty_watermark, "watermark: "),
        (without_schedules, "incidents opened and closed"),
        (without_levels, "incidents opened and closed"),
        (without_staff, "incidents opened and closed"),
        (without_digest_of_staff, "mails with digests"),
        (with_mutes_that_nobody_heeds, ("incident ", "mails ")),
    ],
)
def test_what_a_handler_does_wrongly_is_named(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, named: str | tuple[str, ...]
) -> None:
    """Rows that lose, acts that nobody takes, time that nobody or everybody trusts, and others."""
    plant(monkeypatch)
    system = DaySystem(Day(EVENTS, 5, 1), 0, 300)
    system.live()
    with system.at_the_end() as invoke:
        found = list(DayRecount(system, invoke).differences(lambda _: None))

    assert any(one.startswith(named) for one in found), found
