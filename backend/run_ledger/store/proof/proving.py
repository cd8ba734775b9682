"""A run of the proof: it goes on with the walk where the last run stopped, as long as it has time.

Each step recounts the jobs of some index rows. Once jobs are proved as far as they can be, the rows
that count them are, see `row_walk`. See `frontier` for what makes a kill, or a second
run at the same time, harmless.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

from msgspec import Struct, structs

from run_ledger.domain.instants import Instant
from run_ledger.store.audit.expected_items import Name
from run_ledger.store.dynamo.reading import Reading

from .frontier import (
    Counts,
    Differing,
    Frontier,
    Overtaken,
    all_differing,
    forget_difference,
    move,
    note_difference,
    read_frontier,
)
from .recounted_sums import OutOfTime
from .row_frontier import read_row_frontier
from .row_verdicts import RecountMeans
from .row_walk import RowWalk, judge_rows_again
from .settled_jobs import (
    Candidate,
    DayCounts,
    begun,
    ended,
    partitions,
    read_candidates,
    read_days,
)
from .verdicts import Recounted, recount, recount_projects

Recount = Callable[
    [Reading, Sequence[Candidate], Instant, Callable[[float], None]], Iterator[Recounted]
]


class Proof(Struct, frozen=True):
    """What a run has done: how many jobs and rows it judged, and what it ``found`` to differ.

    ``rows_proved_to`` is None before the first walk through rows. ``differing`` is how much is
    known to differ after it. It was ``overtaken`` where another
    run was at work.
    """

    frontier: Frontier
    rows_proved_to: Instant | None
    judged: int
    rows_judged: int
    found: Sequence[Differing]
    differing: int
    is_overtaken: bool


class _Run:
    """One run, at one time."""

    def __init__(
        self,
        reading: Reading,
        now: Instant,
        is_over: Callable[[], bool],
        pause: Callable[[float], None],
    ) -> None:
        self.found: list[Differing] = []
        self.frontier: Frontier
        self.judged = 0
        self.row_walk = RowWalk(RecountMeans(reading, now, is_over, pause))
        self._reading = reading
        self._now = now
        self._is_over = is_over
        self._pause = pause

    def go(self) -> None:
        """Walk until no walk is due, or the time is over."""
        days = read_days(self._reading, self._now)
        while self._walk(days):
            days = read_days(self._reading, self._now)
        if not self.frontier.is_walking:
            self.row_walk.go(days, self.frontier.proved_to)

    def _walk(self, days: DayCounts) -> bool:
        """Go on with the walk that is under way or due; return whether it came to its end."""
        known = read_frontier(self._reading)
        self.frontier = begun(known, days, self._now)
        if not self.frontier.is_walking:
            return False
        if self.frontier != known:
            self._judge_again()
            self._move(self.frontier, [])
        for place in partitions(self.frontier, days):
            if not self._walk_through(place):
                return False
        self._move(ended(self.frontier), [])
        return True

    def _walk_through(self, place: str) -> bool:
        """Go through a partition to its end; return False where the time is over before."""
        while not self._is_over():
            page = read_candidates(self._reading, self.frontier, place)
            verdicts = list(recount(self._reading, page.candidates, self._now, self._pause))
            self._keep(verdicts)
            # Behind the partition itself, before the next one.
            at = place if page.after else f"{place}$"
            self._move(structs.replace(self.frontier, place=at, after=page.after), verdicts)
            if page.after is None:
                return True
        return False

    def _judge_again(self) -> None:
        """Judge what is known to differ again: it may have been mended."""
        all_known = all_differing(self._reading)
        self._recount_again(recount, all_known, "job")
        self._recount_again(recount_projects, all_known, "project")
        rows = [one for one in all_known if one.kind == "row"]
        means = RecountMeans(self._reading, self._now, self._is_over, self._pause)
        self.found += judge_rows_again(means, rows)

    def _recount_again(
        self, how: Recount, all_known: Sequence[Differing], kind: Literal["job", "project"]
    ) -> None:
        known = {Name(kind, one.id): one for one in all_known if one.kind == kind}
        again = [Candidate(name, one.client_id) for name, one in known.items()]
        for verdict in how(self._reading, again, self._now, self._pause):
            before = known[verdict.name]
            if verdict.kind == "proved" or verdict.client_id != before.client_id:
                self._reading.alone(partial(forget_difference, self._reading, before))
            if verdict.kind == "differs":
                self._keep([verdict])

    def _keep(self, verdicts: Sequence[Recounted]) -> None:
        differing = [one.as_differing(self._now) for one in verdicts if one.kind == "differs"]
        self._reading.together([partial(note_difference, self._reading, one) for one in differing])
        self.found += differing

    def _move(self, after: Frontier, verdicts: Sequence[Recounted]) -> None:
        kinds = Counter((one.client_id, one.kind) for one in verdicts)
        counts = {
            client_id: Counts(
                kinds[client_id, "proved"] + kinds[client_id, "differs"],
                kinds[client_id, "not judged"],
            )
            for client_id, kind in kinds
            if kind != "moving"
        }
        after = structs.replace(after, judged_at=self._now)
        self.frontier = self._reading.alone(
            partial(move, self._reading, self.frontier, after, counts)
        )
        self.judged += sum(one.judged for one in counts.values())


def prove(
    reading: Reading,
    now: Instant,
    is_over: Callable[[], bool],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Proof:
    """Recount jobs that have settled until an hour before *now*, until *is_over* says so.

    Raises StoreUnavailable where DynamoDB does not answer; what was done until then is kept.
    """
    run = _Run(reading, now, is_over, pause)
    is_overtaken = False
    try:
        run.go()
    except Overtaken:
        is_overtaken = True
    except OutOfTime:
        pass
    differing = len(reading.alone(partial(all_differing, reading)))
    rows = read_row_frontier(reading)
    return Proof(
        frontier=run.frontier,
        rows_proved_to=None if rows is None else rows.proved_to,
        judged=run.judged,
        rows_judged=run.row_walk.rows,
        found=[*run.found, *run.row_walk.found],
        differing=differing,
        is_overtaken=is_overtaken,
    )
