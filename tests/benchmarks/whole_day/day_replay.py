"""Replay a day of a million events through all handlers, and compare everything with a recount.

`make bench ARGS="--only day_of_a_million_differences --events 50000"` replays a smaller one. The
replay has a process of its own, so that its memory is its own, and all its figures come from one.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import islice
from multiprocessing import get_context
from typing import NamedTuple

from tests.benchmarks.figures import Figure

from run_ledger.domain.contract.probes import PROBE

from .day_recount import DayRecount
from .day_system import KILLED, DaySystem
from .day_traffic import Day

EVENTS, CLIENTS, KILLS = 1_000_000, 50, 2
_SEED = 1
_FULL_EVENTS = 20_000
"""Days of fewer events are looked at less often, and have fewer clients."""
_TICK_SECONDS, _SMALL_TICK_SECONDS, _SMALL_CLIENTS = 60, 300, 6
_MOST_NAMED = 20
_BAR = 40


class DifferencesFound(Exception):
    """The stage does not hold what a recount gives."""


class Replayed(NamedTuple):
    """What became of a day."""

    events: int
    counts: Mapping[str, int]
    kills: int
    seconds: Mapping[str, float]
    """CPU seconds by handler, of the recount, and in all."""
    peak_mb: float
    differences: int
    first: tuple[str, ...]
    """The first of them."""


class _Size:
    events = EVENTS


def choose(events: int) -> None:
    """Let the figures be about a day of so many events."""
    _Size.events = events
    _replayed_once.cache_clear()


def replay(
    events: int,
    seed: int = _SEED,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Replayed:
    """Replay a day of about so many *events*, and compare.

    *progress* hears what is under way, and how much of that is done, from 0 to 1.
    """
    started = time.process_time()
    is_small = events < _FULL_EVENTS
    day = Day(events, _SMALL_CLIENTS if is_small else CLIENTS, seed)
    system = DaySystem(day, KILLS, _SMALL_TICK_SECONDS if is_small else _TICK_SECONDS)
    system.live(partial(progress, "day"))
    lived = time.process_time()
    with system.at_the_end() as invoke:
        recount = DayRecount(system, invoke)
        found = list(recount.differences(partial(progress, "recount")))
    killed = dict(system.kills.done)
    if killed != dict.fromkeys(KILLED, KILLS):
        found.append(f"not {KILLS} kills of each function, but {killed}")
    ended = time.process_time()
    return Replayed(
        events=recount.events,
        counts={
            **system.counts,
            "acts": len(system.people.done),
            "refused calls": system.throttling.met,
            "incidents": system.told().opened.total(),
            "probes": system.outside.events[PROBE],
        },
        kills=system.kills.done.total(),
        seconds={**system.seconds, "recount": ended - lived, "all": ended - started},
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000,
        differences=len(found),
        first=tuple(islice(found, _MOST_NAMED)),
    )


def differences() -> Figure:
    """Count what differs from the recount: nothing, or the figure can't be taken."""
    done = _replayed()
    calls = [(name, count) for name, count in done.counts.items() if name.startswith("calls")]
    return Figure(
        "day_of_a_million_differences",
        done.differences,
        "differences",
        goal=0,
        more_is_better=False,
        notes=(
            f"{done.events:,} events, {done.counts['deliveries']:,} deliveries, {done.kills} kills",
            f"{done.counts['incidents']:,} incidents, {done.counts['acts']} acts on them",
            f"{done.counts['refused calls']:,} refused transactions",
            ", ".join(f"{count:,} {name}" for name, count in sorted(calls)),
        ),
    )


def seconds() -> Figure:
    """Tell how long a processor works on the replay, with the recount."""
    done = _replayed()
    parts = sorted(done.seconds.items(), key=lambda one: -one[1])
    return Figure(
        "day_of_a_million_seconds",
        done.seconds["all"],
        "CPU seconds",
        notes=(
            f"of {done.events:,} events",
            ", ".join(f"{name} {took:,.0f}" for name, took in parts if name != "all"),
        ),
    )


def memory_mb() -> Figure:
    """Tell the most memory that the replay had."""
    done = _replayed()
    return Figure(
        "day_of_a_million_memory_mb",
        done.peak_mb,
        "MB",
        notes=(f"of {done.events:,} events, all that is stored included",),
    )


def _replayed() -> Replayed:
    done = _replayed_once(_Size.events)
    if done.differences:
        for one in done.first:
            print(f"    {one}", file=sys.stderr)
        raise DifferencesFound(f"{done.differences}, of which the first is: {done.first[0]}")
    return done


@cache
def _replayed_once(events: int) -> Replayed:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_replay_shown, events).result()


def _replay_shown(events: int) -> Replayed:
    return replay(events, progress=_show if sys.stderr.isatty() else lambda _what, _share: None)


def _show(what: str, share: float) -> None:
    """Draw how much is done, in one line of a terminal."""
    full = round(share * _BAR)
    line = f"\r{what:8} {'#' * full}{'.' * (_BAR - full)} {share:4.0%}"
    print(line, end="\n" if share >= 1 else "", file=sys.stderr, flush=True)
