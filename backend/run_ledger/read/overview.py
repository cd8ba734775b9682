"""``/overview``: figures of now, of a period and of the one before, by client and over all.

It takes three rounds of calls:

1. which clients there are, and how many jobs each has by what they are now;
2. for each client, the hours of both periods, its failures by day, and the index rows of its
   running jobs; the index rows of jobs that ended last, and of projects that were due; those of
   open incidents, of all clients in one call or of each that the caller may see;
3. the incidents, and the items of jobs that are shown, or whose row can't tell whether they are
   stalled, the items and totals of those projects, and the rest of hours and failures.

No job is read for a total. Of too many clients, those with most jobs have figures. A client of whom
more was counted than can be read in these rounds is left out of figures and totals and named, so
that nobody takes the overview from the others.

For callers who may see all clients, hours and failures are kept from one request to the next, for
as long as the marks of their days stay the same (see `run_ledger.store.overview.kept_pages`).
Others get theirs read anew, but for what is kept by the clock alone: how long an answer takes must
not tell whether other clients' jobs go on.

``as_of`` is the minute in which the figures were taken, so that the answer stays the same while
nothing happens. ``last_event_at`` is when the ledger last counted something for the client, by the
ledger's clock. An event that nothing counts, such as a heartbeat, moves it only while the job is
running, and in steps of five minutes. At most `_MOST_UNCLEAR` unclear jobs are read; further ones
are taken for alive, and are counted as stalled five minutes later at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from run_ledger.domain.api.access import ClientScope
from run_ledger.domain.api.incidents import OpenIncidentsDocument, incident_document
from run_ledger.domain.api.overview import (
    MOST_JOBS,
    AttentionDocument,
    ClientFigures,
    NoticesDocument,
    OverviewDocument,
    OverviewPeriod,
    OverviewQuery,
    client_document,
    days_of,
    errors_document,
    together,
    totals_document,
)
from run_ledger.domain.api.pages import DayMap, largest, left_out
from run_ledger.domain.contract.vocabulary import FAILURES
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.domain.incidents.incident_rows import IncidentRow
from run_ledger.domain.instants import (
    DAY,
    MICROSECONDS,
    Duration,
    Instant,
    day,
    every,
    floor,
    later,
    text,
)
from run_ledger.domain.state.rollups import CLIENTS
from run_ledger.store.clients.reads import read_names
from run_ledger.store.deliveries.delivery_records import DeliveryRecords
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.incidents.incident_reads import (
    OpenIncidents,
    incident_calls,
    joined_open,
    read_open,
)
from run_ledger.store.incidents.row_items import listed_owners
from run_ledger.store.items.job_items import StoredJob
from run_ledger.store.lists.failure_reads import FailuresPage, read_failures_page
from run_ledger.store.lists.job_lists import read_portion
from run_ledger.store.lists.totals import NOTHING, Total, read_all_totals
from run_ledger.store.overview.attention import (
    Places,
    begin_day_map,
    ended_calls,
    places,
    shown_ids,
    shown_jobs,
)
from run_ledger.store.overview.client_hours import HoursPage, read_hours
from run_ledger.store.overview.due_projects import (
    Seeker,
    item_pages,
    key_pages,
    keys_in,
    overdue,
    total_pages,
)
from run_ledger.store.overview.kept_pages import Look, Marks, read_marks
from run_ledger.store.overview.overview_pages import failure_days, failures_pages, hours_pages
from run_ledger.store.overview.running_jobs import RunningJobs, joined, read_running

from .incidents import notices_document
from .inquiries import Inquiry
from .views import known_clients

MOST_CLIENTS = 500
_MOST_RANGES = 2_000
_MOST_FAILURE_RANGES = 1_000
_MOST_UNCLEAR = 1_000
_MINUTE = Duration(60 * MICROSECONDS)


class _Known(NamedTuple):
    """A client, with its name and totals from the first round of calls."""

    client_id: str
    name: str | None
    total: Total


class _Wanted(NamedTuple):
    """What to read: of whom hours and failures, which rows of jobs, and of which period."""

    clients: Sequence[_Known]
    failing: Sequence[str]
    rows: Places
    period: OverviewPeriod
    marks: Marks | None
    is_of_all: bool
    sees_staffs: bool


class _Found(NamedTuple):
    """What the last two rounds of calls have found.

    ``is_cut`` says that rows of running jobs are missing, of whichever client. Of clients that are
    ``too_large`` more was counted than can be read, those in ``many_failures`` have more error
    groups.
    """

    hours: Sequence[HoursPage]
    failures: Sequence[FailuresPage]
    running: Mapping[str, RunningJobs]
    is_cut: bool
    unclear: Collection[str]
    jobs: Sequence[StoredJob]
    too_large: frozenset[str]
    many_failures: frozenset[str]
    overdue: Sequence[AttentionDocument]
    incidents: OpenIncidentsDocument
    notices: NoticesDocument | None


def show_overview(inquiry: Inquiry) -> Struct:
    """Return the figures of the clients that the caller may see."""
    query = OverviewQuery.of(inquiry.parameters)
    period = OverviewPeriod.of(query.period, inquiry.now)
    marks, day_map = _begin(inquiry, query.client_id, period)
    known, after, scope = _known(inquiry, query.client_id)
    is_of_all = scope.narrowed(query.client_id).clients is None
    jobs = {one.client_id: one.total.jobs for one in known}
    days = len(every(DAY, floor(period.previous_since, DAY), later(inquiry.now, 1)))
    chosen = largest(jobs, jobs, min(MOST_CLIENTS, _MOST_RANGES // days))
    there = {*chosen.kept}
    states = {one.client_id: one.total.states for one in known}
    rows = places(states, day_map())
    shown = [one for one in known if one.client_id in there]
    failing = {one: sum(states[one].get(name, 0) for name in FAILURES) for one in there}
    failing = {one: count for one, count in failing.items() if count > 0}
    counted = largest(failing, failing, max(1, _MOST_FAILURE_RANGES // len(failure_days(period))))
    sees_staffs = scope.clients is None
    wanted = _Wanted(shown, counted.kept, rows, period, marks(), is_of_all, sees_staffs)
    found = _read(inquiry, wanted)
    figures = _figures_of(inquiry, shown, found, period)
    if found.too_large and not figures:
        raise InvalidQuery("client_id", "more was counted than one overview can add up")
    totals = together(figures)
    visible = {one.client_id for one in figures}
    samples = shown_jobs(found.jobs, visible, period)
    return OverviewDocument(
        as_of=text(floor(inquiry.now, _MINUTE)),
        period=period.name,
        since=text(period.since),
        previous_since=text(period.previous_since),
        totals=totals_document(totals, period),
        days=days_of(totals, period),
        clients=[client_document(one, period) for one in figures],
        errors=errors_document(
            [
                one
                for page in found.failures
                if page.client_id in visible and page.client_id not in found.many_failures
                for one in page.counted
            ],
            period,
            left_out({*counted.dropped, *(found.many_failures & visible)}),
        ),
        attention=[
            *samples.attention,
            *(one for one in found.overdue if one.project and one.project.client_id in visible),
        ],
        running_jobs=samples.running,
        incidents=found.incidents,
        notices=found.notices,
        left_out=left_out({*chosen.dropped, *found.too_large}, after=after),
    )


def _begin(
    inquiry: Inquiry, client_id: str | None, period: OverviewPeriod
) -> tuple[Callable[[], Marks | None], Callable[[], DayMap | None]]:
    """Begin to read, beside the first round, what serves only a caller who sees all clients.

    Return what waits for the marks of the days, and for the map of the days: each None for others.
    """
    scope = inquiry.caller.scope
    if scope is None or scope.clients is not None:
        return lambda: None, lambda: None
    marks: Callable[[], Marks | None] = lambda: None  # noqa: E731 - it is one of two
    if inquiry.kept is not None:
        reading = inquiry.reading
        first = min(period.previous_since, period.known_failures)
        marks = reading.beside(
            partial(
                read_marks, reading.client, reading.tables.rollups, day(first), day(inquiry.now)
            )
        )
    return marks, begin_day_map(
        inquiry.reading, inquiry.rollup_shards
    ) if client_id is None else lambda: None


def _known(inquiry: Inquiry, client_id: str | None) -> tuple[list[_Known], str | None, ClientScope]:
    """Return the clients of the overview, declared or reporting, sorted by id: one round.

    The second value is the last of them, where there are more than can be looked through; the third
    is what the caller may see, whichever client is asked for.
    """
    caller, reading = inquiry.caller, inquiry.reading
    client, tables = reading.client, reading.tables
    if caller.scope is not None:
        named = caller.scope.narrowed(client_id).clients
        if named is not None:
            found = [
                _Known(one, profile.get("name") if profile else None, total or NOTHING)
                for one, profile, total in known_clients(inquiry, sorted(named))
            ]
            return found, None, caller.scope
    # A machine's grant is read in the same round, as a round of its own would be one too many.
    scope, (page, names) = inquiry.with_scope_each(
        [
            partial(read_all_totals, client, tables.rollups, CLIENTS),
            partial(read_names, client, tables.clients),
        ]
    )
    seen, totals = scope.narrowed(client_id), page.totals
    after = max(totals) if page.goes_on and seen.clients is None else None
    shown = [
        _Known(one, names.get(one), totals.get(one, NOTHING))
        for one in sorted({*totals, *names})
        if seen.allows(one) and (after is None or one <= after)
    ]
    return shown, after, scope


def _read(inquiry: Inquiry, wanted: _Wanted) -> _Found:
    """Return what the last two rounds of calls find."""
    rows, period, marks = wanted.rows, wanted.period, wanted.marks
    reading = inquiry.reading
    client, tables = reading.client, reading.tables
    hours = [
        page
        for one in wanted.clients
        for page in hours_pages(reading, one.client_id, period, marks)
    ]
    failures = [
        page for one in wanted.failing for page in failures_pages(reading, one, period, marks)
    ]
    kept = inquiry.kept
    visible = {one.client_id for one in wanted.clients}
    look = Look(kept, [*hours, *failures], inquiry.now)
    seeker = Seeker(visible, inquiry.now, wanted.is_of_all, marks)
    due = Look(kept, key_pages(reading, seeker), inquiry.now)
    is_told = wanted.is_of_all and inquiry.is_telling
    owners = listed_owners(visible, with_staffs=wanted.sees_staffs)
    opened, read, due_read, parts, ended, deliveries = reading.in_groups(
        [
            [
                partial(read_open, client, tables.incidents, one)
                for one in ([None] if wanted.is_of_all else owners)
            ],
            look.calls,
            due.calls,
            [partial(read_running, client, tables.jobs, one, inquiry.now) for one in rows.running],
            ended_calls(reading, rows, period),
            [DeliveryRecords(client, tables.incidents).now] if is_told else [],
        ]
    )
    pages = look.filled(read)
    first, others = pages[: len(hours)], pages[len(hours) :]
    projects = keys_in(due.filled(due_read), seeker)
    states = Look(kept, item_pages(reading, projects, seeker), inquiry.now)
    totals = Look(kept, total_pages(reading, projects, seeker), inquiry.now)
    running = joined(parts)
    unclear = [one for jobs in running.values() for one in jobs.unclear][:_MOST_UNCLEAR]
    ids = dict.fromkeys([*unclear, *shown_ids(running.values(), ended)])
    # What concerns staff alone has no client: a list of all clients' incidents has it, too.
    among = {*visible, STAFF} if wanted.is_of_all else visible
    open_now = joined_open(opened, among, with_staffs=wanted.sees_staffs)
    hours_left, failures_left, items, states_read, totals_read, incidents = reading.in_groups(
        [
            [
                partial(read_hours, client, tables.rollups, period.place, one)
                for page in first
                for one in page.rest
            ],
            [
                partial(read_failures_page, client, tables.rollups, one)
                for page in others
                for one in page.rest
            ],
            [partial(read_portion, client, tables.jobs, one) for one in portions(ids)],
            states.calls,
            totals.calls,
            incident_calls(reading, open_now.rows[:MOST_JOBS]),
        ]
    )
    return _Found(
        [*first, *hours_left],
        [*others, *failures_left],
        running,
        rows.is_by_day and not all(jobs.is_whole for jobs in running.values()),
        frozenset(unclear),
        [one for stored in items for one in stored],
        frozenset(page.client_id for page in hours_left if page.rest),
        frozenset(page.client_id for page in failures_left if page.rest),
        overdue(projects, states.filled(states_read), totals.filled(totals_read), inquiry.now),
        _open_incidents(inquiry, open_now, [row for some in incidents for row in some.values()]),
        notices_document(deliveries[0]) if deliveries else None,
    )


def _open_incidents(
    inquiry: Inquiry, found: OpenIncidents, rows: Sequence[IncidentRow]
) -> OpenIncidentsDocument:
    """Return what is open: exact numbers, or None where there is more than can be read."""
    counts = Counter(one.scope.client_id for one in found.rows)
    newest = sorted(rows, key=lambda row: (row.opened_at, row.incident_id), reverse=True)
    return OpenIncidentsDocument(
        telling=inquiry.is_telling,
        open=counts.total() if found.is_whole else None,
        of_staff=sum(one.scope.is_of_staff for one in found.rows) if found.is_whole else None,
        by_client=dict(sorted(counts.items())) if found.is_whole else None,
        newest=[incident_document(row) for row in newest if row.closed_at is None],
    )


def _figures_of(
    inquiry: Inquiry, known: Sequence[_Known], found: _Found, period: OverviewPeriod
) -> list[ClientFigures]:
    """Return each client's figures; hours before the period count as the previous one's."""
    sums: dict[str, dict[Instant, Counter[str]]] = {}
    previous: dict[str, Counter[str]] = {}
    heard: dict[str, list[Instant]] = {}
    for page in found.hours:
        mine = sums.setdefault(page.client_id, {})
        before = previous.setdefault(page.client_id, Counter())
        for moment, counts in page.sums.items():
            (before if moment < period.since else mine.setdefault(moment, Counter())).update(counts)
        heard.setdefault(page.client_id, []).extend(page.seen_at)
    silent = Counter(
        one.job.client_id
        for one in found.jobs
        if one.job.job_id in found.unclear and one.job.is_stalled(one.last_seen_at, inquiry.now)
    )
    figures = []
    for client_id, name, total in known:
        if client_id in found.too_large:
            continue
        run = found.running.get(client_id, RunningJobs())
        times = [*heard.get(client_id, []), *total.seen_at]
        times += [] if run.heard_at is None else [run.heard_at]
        is_whole = run.is_whole and not found.is_cut
        figures.append(
            ClientFigures(
                client_id=client_id,
                name=name,
                states=total.states,
                stalled=run.stalled + silent.get(client_id, 0) if is_whole else None,
                sums=sums.get(client_id, {}),
                previous=previous.get(client_id, {}),
                last_event_at=max(times, default=None),
            )
        )
    return figures
