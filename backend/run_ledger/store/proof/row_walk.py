"""A walk through the rows of a day, client by client: projects, rows, totals, and last over all.

A step is a transaction, as one of the jobs' walk is. What the time of three runs did not suffice
for is left out, and counted as not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from msgspec import structs

from run_ledger.domain.instants import DAY, Instant, day, hour, later, midnight
from run_ledger.domain.state.packed_rows import hour_row, is_packed
from run_ledger.domain.state.rollups import ALL, CLIENTS, DAYS, Row, projects_partition, subject
from run_ledger.store.audit.calls import list_projects_of, read_rows
from run_ledger.store.audit.expected_items import Name
from run_ledger.store.audit.packed_verdicts import judge_packed
from run_ledger.store.audit.row_sums import row_changes, sums_of
from run_ledger.store.dynamo.batches import portions

from .frontier import (
    OF_ALL,
    Counts,
    Differing,
    all_differing,
    forget_difference,
    note_difference,
)
from .recounted_sums import OutOfTime, glance_at_sums
from .row_frontier import RowFrontier, move_rows, read_row_frontier, rows_begun, rows_ended
from .row_lists import (
    MOST_NAMES,
    TooMany,
    all_jobs,
    clients_in_rows,
    is_of,
    jobs_of_client,
    jobs_of_day,
    near_jobs,
    partitions_of,
    wide_jobs,
)
from .row_verdicts import (
    List,
    RecountMeans,
    RowVerdicts,
    judge_day_over_all,
    judge_suspects,
    row_of,
)
from .settled_jobs import Candidate, DayCounts
from .verdicts import recount_projects

MOST_IN_TOTALS = 20_000
"""The totals of a client with more jobs than that are not recounted."""
_FEW_IN_TOTALS, _FEW_PROJECTS = 500, 200
_TRIES = 3
_PROJECTS_AT_ONCE = 100
_NOTHING = Counts()


class RowWalk:
    """The rows' part of one run."""

    def __init__(self, means: RecountMeans) -> None:
        """Walk with these *means*."""
        self.found: list[Differing] = []
        self.frontier: RowFrontier
        self.rows = 0
        self._means = means
        self._reading = means.reading

    def go(self, days: DayCounts, settled: Instant) -> None:
        """Walk until all until *settled* is recounted that is due, or the time is over.

        *days* counts how many of each day's jobs are in which outcome.
        """
        while self._walk(days, settled):
            pass

    def _walk(self, days: DayCounts, settled: Instant) -> bool:
        known = read_row_frontier(self._reading)
        self.frontier = rows_begun(known, days, settled)
        if not self.frontier.is_walking:
            if known is None:
                self._move(self.frontier)
            return False
        if self.frontier != known:
            self._move(self.frontier)
        try:
            self._walk_through_day()
        except OutOfTime:
            return False
        return True

    def _walk_through_day(self) -> None:
        of_day = self.frontier.day
        clients = clients_in_rows(self._reading)
        found = self._judge_map_of(of_day)
        everybody = {*clients, *found}
        for client_id in sorted(everybody):
            if client_id > self.frontier.place:
                if self._means.is_over():
                    raise OutOfTime
                self._judge_client(client_id, clients.get(client_id, 0))
        known = [one for one in all_differing(self._reading) if one.kind == "row"]
        over_all = judge_day_over_all(self._means, of_day, everybody, known)
        self._keep(over_all)
        self._move(rows_ended(self.frontier), OF_ALL, _counts(over_all, self.frontier))

    def _judge_map_of(self, of_day: str) -> Collection[str]:
        """Judge the row of the day in the map of the days; return the clients with jobs of it."""
        row = Row(DAYS, of_day)
        told = jobs_of_day(self._reading, of_day)
        stored = read_rows(self._reading, [DAYS], row.__eq__).get(row, {})
        if row_changes(told.counts, sums_of(stored)):
            self._keep(judge_suspects(self._means, [row], [_created_on(self._means, of_day)]))
        return told.clients

    def _judge_client(self, client_id: str, jobs: int) -> None:
        """Judge all of a client on the day, and go on behind it."""
        frontier = self.frontier
        counts = Counts(rows_not_judged=1)
        if frontier.tries < _TRIES:
            tried = structs.replace(frontier, tries=frontier.tries + 1)
            try:
                counts = self._judged(client_id, jobs)
            except OutOfTime:
                self._move(tried)
                raise
        self._move(structs.replace(frontier, place=client_id, tries=0), client_id, counts)

    def _judged(self, client_id: str, jobs: int) -> Counts:
        frontier = self.frontier
        projects = self._judge_projects(client_id)
        verdicts = self._judge_rows_of(client_id)
        if frontier.is_last:
            verdicts = verdicts.with_more(self._judge_packed_of(client_id))
        if jobs <= (MOST_IN_TOTALS if frontier.is_last else _FEW_IN_TOTALS):
            verdicts = verdicts.with_more(self._judge_totals_of(client_id))
        self._keep(verdicts)
        counts = _counts(verdicts, frontier)
        return counts._replace(projects=projects)

    def _judge_projects(self, client_id: str) -> int:
        names = sorted(list_projects_of(self._reading, client_id))
        if len(names) > _FEW_PROJECTS and not self.frontier.is_last:
            return 0
        judged = 0
        for some in portions(names, _PROJECTS_AT_ONCE):
            candidates = [Candidate(name, client_id) for name in some]
            means = self._means
            for one in recount_projects(means.reading, candidates, means.now, means.pause):
                judged += one.kind in ("proved", "differs")
                if one.kind == "differs":
                    self._note(one.as_differing(means.now))
        return judged

    def _judge_rows_of(self, client_id: str) -> RowVerdicts:
        """Judge a client's rows of the hours of the day that are over, and its failures."""
        of_day, means = self.frontier.day, self._means
        below = hour(self.frontier.target) if not self.frontier.is_last else f"{of_day}T24"
        is_wanted = partial(is_of, client_id=client_id, of_day=of_day, below_hour=below)
        partitions = partitions_of(self._reading, client_id, of_day)
        before = read_rows(self._reading, partitions, is_wanted)
        try:
            jobs = near_jobs(self._reading, client_id, of_day)
        except TooMany:
            return RowVerdicts(left=frozenset(before))
        sums = glance_at_sums(self._reading, jobs, means.reach, is_wanted, means.is_over)
        rows = {*before, *sums.totals}
        suspects = {row for row in rows if sums.changes(row, before.get(row, {})) != {}}
        if suspects and not self.frontier.is_last:
            # What goes on changing is judged once its day is over.
            places = {row.partition for row in suspects}
            after = read_rows(self._reading, places, suspects.__contains__)
            moving = {row for row in suspects if before.get(row) != after.get(row)}
            rows, suspects = rows - moving, suspects - moving
        judged = judge_suspects(means, suspects, lists_of(means, client_id, of_day))
        return judged.with_more(RowVerdicts(right=frozenset(rows - suspects)))

    def _judge_packed_of(self, client_id: str) -> RowVerdicts:
        """Judge the packed rows of the day before: it was over for a day, so they are made."""
        before = day(later(midnight(self.frontier.day), -DAY))
        found = judge_packed(self._reading, partitions_of(self._reading, client_id, before))
        of_client = partial(_is_packed_of, client_id)
        return RowVerdicts(
            right=frozenset(filter(of_client, found.right)),
            wrong={row: one for row, one in found.wrong.items() if of_client(row)},
        )

    def _judge_totals_of(self, client_id: str) -> RowVerdicts:
        """Judge how many jobs in which outcome a client and its projects have in all."""
        try:
            told = jobs_of_client(self._reading, client_id, MOST_IN_TOTALS)
        except TooMany:
            return RowVerdicts()
        partition = projects_partition(client_id)
        stored = read_rows(
            self._reading,
            [CLIENTS, partition],
            lambda row: row.partition == partition or row.sort == client_id,
        )
        rows = {*stored, *told.counts}
        suspects = {
            row
            for row in rows
            if row_changes(told.counts.get(row, {}), sums_of(stored.get(row, {})))
        }
        judged = judge_suspects(self._means, suspects, [lambda: told.names])
        return judged.with_more(RowVerdicts(right=frozenset(rows - suspects)))

    def _keep(self, verdicts: RowVerdicts) -> None:
        for one in verdicts.differing(self._means.now):
            self._note(one)

    def _note(self, one: Differing) -> None:
        self._reading.alone(partial(note_difference, self._reading, one))
        self.found.append(one)

    def _move(self, after: RowFrontier, client_id: str = OF_ALL, counts: Counts = _NOTHING) -> None:
        self.frontier = self._reading.alone(
            partial(move_rows, self._reading, self.frontier, after, client_id, counts)
        )
        self.rows += counts.rows


def _is_packed_of(client_id: str, row: Row) -> bool:
    """Return whether a packed *row* counts what a client did; a project may be of several."""
    counted = hour_row(row)
    if not counted.partition.startswith("project#"):
        return True
    return counted.sort.partition("#")[2] == client_id


def lists_of(means: RecountMeans, client_id: str, of_day: str) -> list[List]:
    """Return the lists of jobs by which rows of a client's day are judged, in turn."""
    return [
        partial(wide_jobs, means.reading, client_id, of_day),
        partial(all_jobs, means.reading, client_id, of_day),
    ]


def judge_rows_again(means: RecountMeans, known: Sequence[Differing]) -> list[Differing]:
    """Judge the rows again that are *known* to differ; return those that still do.

    What is right again is kept no longer. A row that can't be judged now stays known, and so do
    those for which there is no time.
    """
    still: list[Differing] = []
    left = {row_of(one): one for one in known}
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in left:
        groups.setdefault(_group_of(row), []).append(row)
    for group, rows in sorted(groups.items()):
        try:
            verdicts = _judged_again(means, group, rows, [*left.values()])
        except OutOfTime:
            break
        for row in verdicts.right:
            means.reading.alone(partial(forget_difference, means.reading, left.pop(row)))
        for one in verdicts.differing(means.now):
            means.reading.alone(partial(note_difference, means.reading, one))
            still.append(one)
    return still


def _group_of(row: Row) -> tuple[str, ...]:
    """Return what is alike of rows that are judged by the same jobs.

    The row over all comes last, as it is judged by what is known of clients' rows.
    """
    if is_packed(row):
        return "packed", hour_row(row).partition
    client_id, _, of_day = subject(row)
    if row.partition == ALL:
        return "over all", row.sort
    if row.partition == DAYS:
        return "days", row.sort
    if of_day is None:
        return "in all", str(client_id)
    return "day of", client_id or row.sort.partition("#")[2], of_day


def _judged_again(
    means: RecountMeans, group: tuple[str, ...], rows: Sequence[Row], known: Sequence[Differing]
) -> RowVerdicts:
    reading = means.reading
    kind, owner = group[:2]
    if kind == "packed":
        found = judge_packed(reading, [owner])
        wrong = {row: one for row, one in found.wrong.items() if row in rows}
        return RowVerdicts(frozenset(rows) - wrong.keys(), wrong)
    if kind == "over all":
        clients = {*clients_in_rows(reading), *jobs_of_day(reading, owner).clients}
        return judge_day_over_all(means, owner, clients, known)
    if kind == "days":
        return judge_suspects(means, rows, [_created_on(means, owner)])
    if kind == "in all":
        return judge_suspects(means, rows, [partial(_all_of_client, means, owner)])
    return judge_suspects(means, rows, lists_of(means, owner, group[2]))


def _all_of_client(means: RecountMeans, client_id: str) -> Collection[Name]:
    return jobs_of_client(means.reading, client_id, MOST_IN_TOTALS).names


def _created_on(means: RecountMeans, of_day: str) -> Callable[[], Collection[Name]]:
    def listed() -> Collection[Name]:
        jobs = jobs_of_day(means.reading, of_day).jobs
        if len(jobs) > MOST_NAMES:
            raise TooMany
        return jobs

    return listed


def _counts(verdicts: RowVerdicts, frontier: RowFrontier) -> Counts:
    """Return what counts of *verdicts*; what is left before its day is over is judged later."""
    left = len(verdicts.left) if frontier.is_last else 0
    return Counts(rows=verdicts.judged, rows_not_judged=left)
