"""What the ledger must hold, computed from all events: the contract's rules, line by line.

Every function takes *envelopes*: EventBridge events as plain dictionaries, in any order, some
repeated, all of them valid. Nothing here shares code with the fold or the rollups: it reads the
JSON itself, collects lists, and takes sums, minima and maxima of them. Only two definitions are
imported, each with tests of its own: the number of a duration's bucket and the fingerprint of an
error.

Times may have up to six decimals; those in the results are RFC 3339 in UTC with six decimals and
``Z``.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.support.events.builders import Envelope
from tests.support.recounts.latest_totals import latest_totals, named_in_totals
from tests.support.recounts.model_sums import (
    KNOWN_COUNTERS,
    OTHER_COUNTERS,
    deltas_of,
    rows_of_models,
    sums_by_model,
)
from tests.support.recounts.told import Told, moment, said, text

from run_ledger.domain.contract.fingerprints import LATEST_VERSION, fingerprint
from run_ledger.domain.state.durations import bucket

RANK = {"queued": 0, "running": 1, "completed": 2}

# Of other names so many keep a counter, those first in byte order; the rest is added up.
MOST_OWN_OF_A_ROW, MOST_OWN_OF_A_JOB = 64, 256

Counted = tuple[tuple[str, str], str, int]


# ---------------------------------------------------------------------------------- jobs


def recount_job(envelopes: Iterable[Envelope]) -> dict[str, Any]:
    """Return the document of the one job that *envelopes* are about.

    It has the fields of the read API's job and ``heartbeat_seconds``, without ``stalled`` and
    ``last_seen_at``, which need a clock. Attempts are in ascending order.
    """
    events = _told(envelopes, "job_update")
    identities = {tuple(e.detail.get(name, "default") for name in _IDENTITY) for e in events}
    assert len(identities) == 1, f"events of one job have one identity: {identities}"
    ((job_id, client_id, project_id, pipeline),) = identities

    attempts = [_attempt(number, events) for number in sorted({e.attempt for e in events})]
    latest = {name: value for name, value in attempts[-1].items() if name != "first_ended_at"}
    for attempt, following in pairwise(attempts):
        if attempt["ended_at"] is None:
            attempt.update(_superseded(attempt, following, events))
    return {
        "job_id": job_id,
        "client_id": client_id,
        "project_id": project_id,
        "pipeline": pipeline,
        "name": _latest_value("name", events),
        "parent_job_id": _latest_value("parent_job_id", events),
        "stage": _latest_value("stage", events),
        "records_total": _latest_value("records_total", events),
        "log_url": _latest_value("log_url", events),
        "tags": _latest_value("tags", events) or {},
        "heartbeat_seconds": _latest_value("heartbeat_seconds", events),
        "created_at": text(min(e.occurred_at for e in events)),
        "counters": _sums(events),
        "counters_by_model": sums_by_model([event.detail for event in events]),
        **latest,
        "attempts": attempts,
        "restarted_at": max(
            (at for a in attempts if (at := _restarted_at(a["attempt"], events))), default=None
        ),
    }


def recount_jobs(envelopes: Iterable[Envelope]) -> dict[str, dict[str, Any]]:
    """Return the documents of all jobs that *envelopes* are about, by job id."""
    return {job_id: recount_job(those) for job_id, those in _by_job(envelopes).items()}


def _restarted_at(number: int, events: list[Told]) -> str | None:
    """Return the latest event that says running after the earliest end of attempt *number*."""
    mine = [e for e in events if e.attempt == number]
    ends = [e.occurred_at for e in mine if e.status == "completed"]
    running = [e.occurred_at for e in mine if e.detail.get("status") == "running"]
    after = [at for at in running if ends and at > min(ends)]
    return text(max(after)) if after else None


def _superseded(
    attempt: dict[str, Any], following: dict[str, Any], events: list[Told]
) -> dict[str, Any]:
    """Return what changes of an *attempt* that never ended by the one *following* it."""
    earliest = min(e.occurred_at for e in events if e.attempt == following["attempt"])
    ended_at = following["started_at"] or text(earliest)
    took = None
    if attempt["started_at"] is not None:
        took = max(moment(ended_at) - moment(attempt["started_at"]), timedelta(0))
    return {
        "status": "superseded",
        "ended_at": ended_at,
        "duration_seconds": None if took is None else took.total_seconds(),
    }


def _attempt(number: int, events: list[Told]) -> dict[str, Any]:
    mine = [e for e in events if e.attempt == number]
    winner = max(mine, key=lambda e: (RANK[e.status], e.occurred_at, e.event_id))
    running = [e.occurred_at for e in mine if e.status == "running"]
    started_at = min(running) if running else None
    if winner.status == "completed":
        ended_at, result = winner.occurred_at, winner.detail["result"]
        telling: Told | None = winner
    else:
        ended_at, result = None, None
        reporting = [e for e in mine if "error" in e.detail]
        telling = max(reporting, key=lambda e: (e.occurred_at, e.event_id), default=None)
    duration = (
        max(ended_at - started_at, timedelta(0))
        if started_at is not None and ended_at is not None
        else None
    )
    return {
        "attempt": number,
        "status": winner.status,
        "result": result,
        "started_at": text(started_at) if started_at else None,
        "ended_at": text(ended_at) if ended_at else None,
        "first_ended_at": (
            text(min(e.occurred_at for e in mine if e.status == "completed"))
            if _restarted_at(number, events)
            else None
        ),
        "duration_seconds": None if duration is None else duration.total_seconds(),
        "error": _error(telling),
    }


def _latest_value(field: str, events: list[Told]) -> Any:
    told = [e.detail[field] for e in sorted(events, key=_order) if field in e.detail]
    return told[-1] if told else None


def _order(event: Told) -> tuple[int, datetime, str]:
    return (event.attempt, event.occurred_at, event.event_id)


def _sums(events: list[Told]) -> dict[str, int]:
    changes = [pair for e in events for delta in deltas_of(e.detail) for pair in delta.items()]
    changes += [pair for e in events for pair in named_in_totals(e.detail)]
    changes += latest_totals((_order(e), e.detail) for e in events)
    sums = {
        name: sum(change for other, change in changes if other == name)
        for name in sorted({name for name, _ in changes})
    }
    return _with_others(sums, MOST_OWN_OF_A_JOB)


def _with_others(sums: Mapping[str, int], most: int, prefix: str = "") -> dict[str, int]:
    """Return *sums* with all own counters but the first *most* added up as one."""
    not_own = {prefix + name for name in (*KNOWN_COUNTERS, OTHER_COUNTERS)}
    own = sorted(name for name in sums if name.startswith(prefix) and name not in not_own)
    if len(own) <= most:
        return dict(sums)
    other, beyond = f"{prefix}{OTHER_COUNTERS}", set(own[most:])
    kept = {name: count for name, count in sums.items() if name not in beyond}
    return kept | {other: sums.get(other, 0) + sum(sums[name] for name in beyond)}


def _error(event: Told | None) -> dict[str, str] | None:
    error = event.detail.get("error") if event else None
    if event is None or error is None:
        return None
    derived = fingerprint(error["type"], error["message"], event.fingerprint_version)
    return {
        "type": error["type"],
        "message": error["message"],
        "fingerprint": error.get("fingerprint", derived),
    }


# ------------------------------------------------------------------------------ projects


def recount_project(envelopes: Iterable[Envelope]) -> dict[str, Any]:
    """Return the document of the one project whose project_updates are in *envelopes*."""
    events = _told(envelopes, "project_update")
    identities = {(e.detail["project_id"], e.detail["client_id"]) for e in events}
    assert len(identities) == 1, f"events of one project have one identity: {identities}"
    ((project_id, client_id),) = identities
    due_at = _latest_value("due_at", events)
    return {
        "project_id": project_id,
        "client_id": client_id,
        "name": _latest_value("name", events),
        "owner": _latest_value("owner", events),
        "due_at": None if due_at is None else text(moment(due_at)),
        "jobs_expected": _latest_value("jobs_expected", events),
        "status": _latest_value("status", events),
        "tags": _latest_value("tags", events) or {},
        "created_at": text(min(e.occurred_at for e in events)),
        "counters": _sums(events),
    }


# ------------------------------------------------------------------------------- rollups


def recount_rollups(envelopes: Iterable[Envelope]) -> dict[tuple[str, str], dict[str, int]]:
    """Return all rollup rows that *envelopes* make, without the writers' shards.

    Keys are (partition, sort). Zeros are left out, since a row with a zero means the same as a row
    without it.
    """
    envelopes = list(envelopes)
    rows: dict[tuple[str, str], Counter[str]] = {}
    for client_id in _projects(envelopes).values():
        rows.setdefault(("clients", client_id), Counter())["projects"] += 1
    for those in _by_job(envelopes).values():
        job = recount_job(those)
        for key, attribute, amount in (
            *_counted_of_job(job),
            *(one for attempt in job["attempts"] for one in _counted_of_attempt(job, attempt)),
            *(one for attempt in job["attempts"][:-1] for one in _counted_of_retry(job, attempt)),
            *(one for event in _told(those, "job_update") for one in _counted_of_delta(job, event)),
            *_counted_of_totals(job, _told(those, "job_update")),
        ):
            rows.setdefault(key, Counter())[attribute] += amount
    by_model = [
        (text(event.occurred_at), event.detail)
        for those in _by_job(envelopes).values()
        for event in _told(those, "job_update")
    ]
    return without_zeros(
        {key: _with_others(counts, MOST_OWN_OF_A_ROW, "c_") for key, counts in rows.items()}
        | rows_of_models(by_model)
    )


def _projects(envelopes: list[Envelope]) -> dict[str, str]:
    """Return the client of each project that has updates."""
    return {
        one["detail"]["project_id"]: one["detail"]["client_id"]
        for one in envelopes
        if one["detail-type"] == "project_update"
    }


def _counted_of_job(job: dict[str, Any]) -> Iterator[Counted]:
    """Count the job as created in the hour of its created_at, and by its present result."""
    for key in _three_rows(job, job["created_at"]):
        yield key, "created", 1
    now = f"now_{job['result'] or job['status']}"
    yield ("days", job["created_at"][:10]), now, 1
    yield ("days", job["created_at"][:10]), f"shard_{zlib.crc32(job['job_id'].encode()) % 4}", 1
    yield ("clients", job["client_id"]), now, 1
    yield (f"projects#{job['client_id']}", job["project_id"]), now, 1


def _counted_of_attempt(job: dict[str, Any], attempt: dict[str, Any]) -> Iterator[Counted]:
    """Count an attempt as started in the hour of its started_at, and as ended in its end's hour.

    The end is counted by result and duration; a failure by its fingerprint, too. A superseded
    attempt has not ended.
    """
    started_at, result = attempt["started_at"], attempt["result"]
    ended_at = attempt["ended_at"] if result is not None else None
    if started_at is not None:
        for key in _three_rows(job, started_at):
            yield key, "started", 1
    if ended_at is not None:
        for key in _three_rows(job, ended_at):
            yield key, f"ended_{result}", 1
            if started_at is not None:
                took = (moment(ended_at) - moment(started_at)) // timedelta(microseconds=1)
                yield key, f"h_{bucket(max(0, took))}", 1
    if result in ("failed", "timed_out"):
        known = attempt["error"]["fingerprint"] if attempt["error"] else "none"
        yield (f"failures#{job['client_id']}#{ended_at[:10]}", known), f"ended_{result}", 1


def _counted_of_retry(job: dict[str, Any], attempt: dict[str, Any]) -> Iterator[Counted]:
    """Count the end of an attempt that a later one follows once more, under names of its own."""
    others = {"ended": "retried", "h": "hr"}
    for key, name, amount in _counted_of_attempt(job, attempt):
        kind, _, rest = name.partition("_")
        if kind in others:
            yield key, f"{others[kind]}_{rest}", amount


def _counted_of_delta(job: dict[str, Any], event: Told) -> Iterator[Counted]:
    """Count a delta in the hour of its occurred_at; rows over all clients have known names only."""
    changes = [pair for delta in deltas_of(event.detail) for pair in delta.items()]
    yield from _counted_at(job, text(event.occurred_at), [*changes, *named_in_totals(event.detail)])


def _counted_of_totals(job: dict[str, Any], events: list[Told]) -> Iterator[Counted]:
    """Count all running totals of a job in the hour in which the last one was told."""
    told_at = [e.occurred_at for e in events if e.detail.get("running_totals")]
    if told_at:
        totals = latest_totals((_order(e), e.detail) for e in events)
        yield from _counted_at(job, text(max(told_at)), totals)


def _counted_at(
    job: dict[str, Any], at: str, changes: Iterable[tuple[str, int]]
) -> Iterator[Counted]:
    client, project, everything = _three_rows(job, at)
    for name, change in changes:
        yield client, f"c_{name}", change
        yield project, f"c_{name}", change
        if name in KNOWN_COUNTERS:
            yield everything, f"c_{name}", change


def without_zeros(
    rows: Mapping[tuple[str, str], Mapping[str, int]],
) -> dict[tuple[str, str], dict[str, int]]:
    """Return *rows* without attributes that are zero and rows that have no others."""
    kept = {
        (partition, sort): {name: n for name, n in counts.items() if n != 0}
        for (partition, sort), counts in rows.items()
    }
    return {key: counts for key, counts in kept.items() if counts}


def _three_rows(job: dict[str, Any], at: str) -> list[tuple[str, str]]:
    day, hour = at[:10], at[11:13]
    return [
        (f"client#{job['client_id']}#{day}", f"{hour}#{job['pipeline']}"),
        (f"project#{job['project_id']}#{day}", f"{hour}#{job['client_id']}"),
        ("all", day),
    ]


# ------------------------------------------------------------------------------ envelopes

_IDENTITY = ("job_id", "client_id", "project_id", "pipeline")


def distinct(envelopes: Iterable[Envelope]) -> list[Envelope]:
    """Return *envelopes* without repeats: one of each event id of each job or project.

    Their details are without nulls, which say nothing.
    """
    first: dict[tuple[str, str, str], Envelope] = {}
    for sent in envelopes:
        detail = said(sent["detail"])
        one = {**sent, "detail": detail}
        entity = detail["job_id" if one["detail-type"] == "job_update" else "project_id"]
        key = (one["detail-type"], entity, detail.get("event_id", one["id"]))
        known = first.setdefault(key, one)
        assert known["detail"] == detail, f"one event id, two events: {key}"
    return list(first.values())


def _by_job(envelopes: Iterable[Envelope]) -> dict[str, list[Envelope]]:
    jobs: dict[str, list[Envelope]] = {}
    for one in envelopes:
        if one["detail-type"] == "job_update":
            jobs.setdefault(one["detail"]["job_id"], []).append(one)
    return jobs


def _told(envelopes: Iterable[Envelope], detail_type: str) -> list[Told]:
    return [
        Told(
            attempt=one["detail"].get("attempt", 1),
            occurred_at=moment(one["detail"].get("occurred_at", one["time"])),
            event_id=one["detail"].get("event_id", one["id"]),
            status=one["detail"].get("status", "running"),
            detail=one["detail"],
            fingerprint_version=one.get("fingerprint_version", LATEST_VERSION),
        )
        for one in distinct(envelopes)
        if one["detail-type"] == detail_type
    ]
