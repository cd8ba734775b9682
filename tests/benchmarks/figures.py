"""What a figure is: a measured number, its baseline and its goal."""

from __future__ import annotations

import io
import logging
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Figure:
    """One measured number; a figure that compares has a baseline measured in the same run."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    goal: float | None = None
    more_is_better: bool = True
    goal_is_ratio: bool = False
    """Whether the goal is one of value over baseline."""
    notes: tuple[str, ...] = ()
    """What the table says below the figure: where the rest goes, what it was taken with."""

    @property
    def ratio(self) -> float | None:
        """Return value over baseline."""
        return self.value / self.baseline if self.baseline else None

    @property
    def met(self) -> bool | None:
        """Return whether the goal is met, or None if there is no goal."""
        judged = self.ratio if self.goal_is_ratio else self.value
        if self.goal is None or judged is None:
            return None
        return judged >= self.goal if self.more_is_better else judged <= self.goal

    def as_json(self) -> dict[str, object]:
        """Return the figure as `bench.json` holds it."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "baseline": self.baseline,
            "ratio": self.ratio,
            "goal": self.goal,
            "met": self.met,
        }


def side_by_side(
    measured: Callable[[], object],
    baseline: Callable[[], object],
    *,
    work: int,
    baseline_work: int | None = None,
    rounds: int = ROUNDS,
) -> tuple[float, float]:
    """Return the work per CPU second of both, as medians over rounds that alternate.

    *work* is the amount that *measured* does in a round, for example a number of events; the
    baseline does *baseline_work*, or as much if that is absent.
    """
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for rate, action, done in zip(
            rates, (measured, baseline), (work, baseline_work or work), strict=True
        ):
            started = time.process_time()
            action()
            rate.append(done / (time.process_time() - started))
    return statistics.median(rates[0]), statistics.median(rates[1])


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the handlers' log lines out of the table, although they are written."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with redirect_stdout(io.StringIO()):
        yield
    root.handlers[:], root.level = handlers, level
