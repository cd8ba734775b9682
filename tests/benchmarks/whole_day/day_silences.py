"""Jobs that run and of which nothing is heard for too long, as the events were posted.

It shares no code with the fold or the sweep. From the stage it takes the watermark alone, of which
`DaySystem` judges whether it may be where it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from .day_incidents import Cause, Posted

_SILENT_AFTER = 900 * 1_000_000
_RANKS = {"queued": 0, "running": 1, "completed": 2}


@dataclass
class _Heard:
    client_id: str
    pipeline: str
    at: int = 0
    ranks: dict[int, int] = field(default_factory=dict)
    """How far each attempt has come."""

    @property
    def is_running(self) -> bool:
        return self.ranks[max(self.ranks)] == _RANKS["running"]


class Silences:
    """Which pipelines have a job that is silent, look by look."""

    def __init__(self, client_ids: Collection[str]) -> None:
        """Look at jobs of *client_ids* alone, who ask for that."""
        self.opened: Counter[Cause] = Counter()
        self.closed: Counter[Cause] = Counter()
        self._client_ids = client_ids
        self._jobs: dict[str, _Heard] = {}
        self._running: dict[str, _Heard] = {}
        self._open: set[Cause] = set()

    def post(self, job_id: str, events: Sequence[Posted], now: int) -> None:
        """Take *events* of a job that are posted at *now*, in microseconds since 1970."""
        detail = events[0].detail
        if detail["client_id"] not in self._client_ids:
            return
        job = self._jobs.setdefault(job_id, _Heard(detail["client_id"], detail["pipeline"]))
        job.at = now
        for one in events:
            attempt = one.detail.get("attempt", 1)
            rank = _RANKS[one.detail.get("status", "running")]
            job.ranks[attempt] = max(rank, job.ranks.get(attempt, 0))
        if job.is_running:
            self._running[job_id] = job
        else:
            self._running.pop(job_id, None)

    def look(self, watermark: int) -> None:
        """Let the sweep look, when all events until *watermark* are known."""
        silent = {
            Cause(job.client_id, job.pipeline, "stalled")
            for job in self._running.values()
            if watermark - job.at > _SILENT_AFTER
        }
        self.opened.update(silent - self._open)
        self.closed.update(self._open - silent)
        self._open = silent
