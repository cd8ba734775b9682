"""``/overview``: figures of now, of the last 24 to 25 hours and of the 24 hours before these.

They are given by client, and over all clients.

It takes three rounds of calls:

1. which clients there are, and how many jobs each has by what they are now;
2. for each client, the hours of both periods and the index rows of its running jobs;
3. the items of those jobs whose row can't tell whether they are stalled, and the rest of the hours.

No job is read for a total. Of more than `MOST_CLIENTS` clients, those with most jobs have figures.
A client of whom more was counted than can be read in these rounds is left out of figures and totals
and named, so that nobody takes the overview from the others.

``as_of`` is the minute in which the figures were taken, so that the answer stays the same while
nothing happens. ``last_event_at`` is when the ledger last counted something for the client, by the
ledger's clock. An event that nothing counts, such as a heartbeat, moves it only while the job is
running, and in steps of five minutes. At most `_MOST_UNCLEAR` unclear jobs are read; further ones
are taken for alive, and are counted as stalled five minutes later at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct

from run_ledger.domain.api.overview import (
    ClientFigures,
    OverviewDocument,
    OverviewQuery,
    client_document,
    totals_document,
)
from run_ledger.domain.api.pages import largest, left_out
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import (
    DAY,
    HOUR,
    MICROSECONDS,
    Duration,
    Instant,
    every,
    floor,
    later,
    text,
)
from run_ledger.domain.state.rollups import CLIENTS
from run_ledger.store.clients.reads import read_names
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.lists.client_hours import HoursPage, client_range, read_hours
from run_ledger.store.lists.job_lists import read_portion
from run_ledger.store.lists.rollup_reads import day_cuts
from run_ledger.store.lists.running_jobs import RunningJobs, read_running
from run_ledger.store.lists.totals import NOTHING, Total, read_all_totals

from .inquiries import Inquiry
from .views import known_clients

MOST_CLIENTS = 500
_MOST_UNCLEAR = 1_000
_MINUTE = Duration(60 * MICROSECONDS)


class _Known(NamedTuple):
    """A client, with its name and totals from the first round of calls."""

    client_id: str
    name: str | None
    total: Total


def show_overview(inquiry: Inquiry) -> Struct:
    """Return the figures of the clients that the caller may see."""
    known, after = _known(inquiry, OverviewQuery.of(inquiry.parameters).client_id)
    jobs = {one.client_id: one.total.jobs for one in known}
    chosen = largest(jobs, jobs, MOST_CLIENTS)
    there = {*chosen.kept}
    since = later(floor(inquiry.now, HOUR), -DAY)
    previous_since = later(since, -DAY)
    moments = every(HOUR, since, later(inquiry.now, 1))
    figures, too_large = _figures(
        inquiry, [one for one in known if one.client_id in there], previous_since, since
    )
    if too_large and not figures:
        raise InvalidQuery("client_id", "more was counted than one overview can add up")
    return OverviewDocument(
        as_of=text(floor(inquiry.now, _MINUTE)),
        period="24h",
        since=text(since),
        previous_since=text(previous_since),
        totals=totals_document(figures, moments),
        clients=[client_document(one, moments) for one in figures],
        left_out=left_out({*chosen.dropped, *too_large}, after=after),
    )


def _known(inquiry: Inquiry, client_id: str | None) -> tuple[list[_Known], str | None]:
    """Return the clients of the overview, declared or reporting, sorted by id: one round.

    The second value is the last of them, where there are more than can be looked through.
    """
    caller, reading = inquiry.caller, inquiry.reading
    client, tables = reading.client, reading.tables
    scope = caller.scope.narrowed(client_id) if caller.scope else None
    if scope is not None and scope.clients is not None:
        return [
            _Known(one, profile.get("name") if profile else None, total or NOTHING)
            for one, profile, total in known_clients(inquiry, sorted(scope.clients))
        ], None
    # A machine's grant is read in the same round, as a round of its own would be one too many.
    scope, (page, names) = inquiry.with_scope_each(
        [
            partial(read_all_totals, client, tables.rollups, CLIENTS),
            partial(read_names, client, tables.clients),
        ]
    )
    seen, totals = scope.narrowed(client_id), page.totals
    after = max(totals) if page.goes_on and seen.clients is None else None
    return [
        _Known(one, names.get(one), totals.get(one, NOTHING))
        for one in sorted({*totals, *names})
        if seen.allows(one) and (after is None or one <= after)
    ], after


def _figures(
    inquiry: Inquiry, known: Sequence[_Known], previous_since: Instant, since: Instant
) -> tuple[list[ClientFigures], frozenset[str]]:
    """Return each client's figures; this takes the last two rounds of calls.

    The second value are the clients of whom more was counted than can be read; they have none.
    """
    reading = inquiry.reading
    client, tables = reading.client, reading.tables
    days = day_cuts(previous_since, later(inquiry.now, 1))
    ranges = [client_range(one.client_id, day) for one in known for day in days]
    busy = [one.client_id for one in known if one.total.states.get("running", 0) > 0]
    answers: list[Any] = reading.together(
        [
            *(partial(read_hours, client, tables.rollups, one) for one in ranges),
            *(partial(read_running, client, tables.jobs, one, inquiry.now) for one in busy),
        ]
    )
    pages, running = answers[: len(ranges)], answers[len(ranges) :]
    rest = [one for page in pages for one in page.rest]
    unclear = [job_id for one in running for job_id in one.unclear][:_MOST_UNCLEAR]
    answers = reading.together(
        [
            *(partial(read_hours, client, tables.rollups, one) for one in rest),
            *(partial(read_portion, client, tables.jobs, one) for one in portions(unclear)),
        ]
    )
    pages += answers[: len(rest)]
    too_large = frozenset(page.client_id for page in answers[: len(rest)] if page.rest)
    known = [one for one in known if one.client_id not in too_large]
    found = [job for jobs in answers[len(rest) :] for job in jobs]
    silent = Counter(
        one.job.client_id for one in found if one.job.is_stalled(one.last_seen_at, inquiry.now)
    )
    figures = _figures_of(known, pages, {one.client_id: one for one in running}, silent, since)
    return figures, too_large


def _figures_of(
    known: Sequence[_Known],
    pages: Sequence[HoursPage],
    running: Mapping[str, RunningJobs],
    silent: Mapping[str, int],
    since: Instant,
) -> list[ClientFigures]:
    """Return each client's figures from what was read; *silent* counts stalled jobs by client.

    Hours before *since* are of the previous period.
    """
    hours: dict[str, dict[Instant, Counter[str]]] = {}
    previous: dict[str, Counter[str]] = {}
    heard: dict[str, list[Instant]] = {}
    for page in pages:
        mine = hours.setdefault(page.client_id, {})
        before = previous.setdefault(page.client_id, Counter())
        for moment, sums in page.hours.items():
            (before if moment < since else mine.setdefault(moment, Counter())).update(sums)
        heard.setdefault(page.client_id, []).extend(page.seen_at)
    figures = []
    for client_id, name, total in known:
        run = running.get(client_id, RunningJobs(client_id))
        times = [*heard.get(client_id, []), *total.seen_at, *run.heard_at]
        figures.append(
            ClientFigures(
                client_id=client_id,
                name=name,
                states=total.states,
                stalled=run.stalled + silent.get(client_id, 0) if run.is_whole else None,
                hours=hours.get(client_id, {}),
                previous=previous.get(client_id, {}),
                last_event_at=max(times, default=None),
            )
        )
    return figures
