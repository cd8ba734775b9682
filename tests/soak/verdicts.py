"""Whether anything grew in a soak: the second quarter of its time compared with the last.

The first quarter is left out, in which pools and caches fill. A role that has several processes
counts by the largest, as functions come and go.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from msgspec import Struct

from .samples import Sample

MB = 1024 * 1024
# What memory may differ by between two looks at the same load.
MEMORY_BYTES, MEMORY_SHARE = 6 * MB, 0.10
MEMORY_BYTES_AN_EVENT = 24 * 1024
"""The local AWS keeps what is posted, and its logs and journal, in memory."""
HANDLES = 4
FILES = 10
STATE_BYTES_AN_EVENT = 24 * 1024
# Fewer looks in a quarter would make a median of chance.
FEWEST_SAMPLES = 12


class Verdict(Struct, frozen=True):
    """One figure early and late, what it may grow by, and whether it stayed within that."""

    what: str
    unit: str
    early: float
    late: float
    allowed: float

    @property
    def is_flat(self) -> bool:
        """Return whether the figure grew by no more than allowed."""
        return self.late - self.early <= self.allowed


def judge(samples: Sequence[Sample]) -> list[Verdict]:
    """Return a verdict on each figure; raises ValueError where there are too few samples."""
    if len(samples) < FEWEST_SAMPLES:
        raise ValueError(f"{len(samples)} samples, at least {FEWEST_SAMPLES} are needed")
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    events = _middle(late, _events) - _middle(early, _events)
    verdicts = []
    for role in sorted({one.role for sample in samples for one in sample.processes}):
        if not (_has(early, role) and _has(late, role)):
            continue
        memory = [_middle(part, _memory(role)) for part in (early, late)]
        allowed = max(MEMORY_BYTES, MEMORY_SHARE * memory[0])
        if role == "local AWS":
            allowed += MEMORY_BYTES_AN_EVENT * events
        verdicts += [
            Verdict(f"{role}: memory", "MB", memory[0] / MB, memory[1] / MB, allowed / MB),
            _verdict(f"{role}: handles", early, late, _handles(role), HANDLES),
        ]
    verdicts += [
        _verdict("processes", early, late, lambda one: len(one.processes), HANDLES),
        _verdict("files of the state", early, late, lambda one: one.files, FILES),
        Verdict(
            "size of the state",
            "MB",
            _middle(early, _size) / MB,
            _middle(late, _size) / MB,
            STATE_BYTES_AN_EVENT * events / MB,
        ),
    ]
    return verdicts


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as a table in Markdown."""
    lines = ["| figure | early | late | may grow by | flat |", "|---|---|---|---|---|"]
    for one in verdicts:
        digits = 1 if one.unit == "MB" else 0
        early, late, allowed = (
            f"{value:,.{digits}f} {one.unit}".strip()
            for value in (one.early, one.late, one.allowed)
        )
        word = "yes" if one.is_flat else "**no**"
        lines.append(f"| {one.what} | {early} | {late} | {allowed} | {word} |")
    return "\n".join(lines)


def _verdict(
    what: str,
    early: Sequence[Sample],
    late: Sequence[Sample],
    figure: Callable[[Sample], float],
    allowed: float,
) -> Verdict:
    return Verdict(what, "", _middle(early, figure), _middle(late, figure), allowed)


def _middle(samples: Sequence[Sample], figure: Callable[[Sample], float]) -> float:
    return statistics.median(figure(one) for one in samples)


def _events(sample: Sample) -> float:
    return sample.events


def _size(sample: Sample) -> float:
    return sample.files_bytes


def _has(samples: Sequence[Sample], role: str) -> bool:
    """Return whether most of *samples* have a process of *role*."""
    there = sum(any(one.role == role for one in sample.processes) for sample in samples)
    return 2 * there > len(samples)


def _memory(role: str) -> Callable[[Sample], float]:
    return lambda sample: max(
        (one.memory_bytes for one in sample.processes if one.role == role), default=0
    )


def _handles(role: str) -> Callable[[Sample], float]:
    return lambda sample: max(
        (one.handles for one in sample.processes if one.role == role), default=0
    )
