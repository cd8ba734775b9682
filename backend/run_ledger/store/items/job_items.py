"""A job as an item of the table Jobs.

::

    job_id, client_id, project_id, pipeline   identity
    log                                       number of the last row of the job's log, which is also
                                              the item's revision: every posting raises it
    old                                       true if entries in the layout of old lie before it
    rev                                       instead of ``log``: the revision of a job that has no
                                              log yet
    era                                       when the log began, or a repair of the item went on
                                              with it, in microseconds, as no other was for the job;
                                              items that an earlier version began have none
    ck, day_shard, outcome, outcome_day,      where the indexes find it; created_at is in ck
    client_outcome, client_project,
    parent_job_id, client_parent
    ended_at, fingerprint                     end and failure of the latest attempt, for the
                                              indexes by outcome, while there are such
    heartbeat                                 heartbeat_seconds, for the indexes
    at   {"1": {s, e, r, i, x, w, q, l, f}}   attempts: start, end, result, id of the winning
                                              event, its error, error reported before the end;
                                              first event of one without a start, latest event
                                              with status running, first end (see below)
    m                                         of a job with retries: from which attempt on
                                              rollups count them, 1 where all are counted
    said [{o: [attempt, at, id], f: {…}}]     latest values, grouped by the event that gave them
    totals {t, p: {PART: [{o, f: {NAME: n}}]}}
                                          running totals: when the last was told, and the latest of
                                          each part as in ``said``; counters have their sums
c_NAME, own                               counters; the names of own ones (see `own_names`)
    b_NAME MODEL, models                      counters by model; the names of these models
    n                                         events taken in
    turned                                    the revision, where the latest change ended the job,
                                              or ended it otherwise: the stream of the table is
                                              filtered by it, and any other change takes it away
    seen, seen_slot                           last_seen_at, and the slot of it for the indexes

Names are short because an item of at most 1 KB costs one write unit and a larger one more. For the
same reason ``f`` is kept only where it differs from ``e``, and ``q`` where it differs from both. An
attempt that an earlier version stored has none of ``q``, ``l`` and ``f``: what they tell is unknown
of it until an audit repairs the item or the attempt takes in another event. Neither has its job
``m``, although it may have retries: none of them is counted yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.state.job import Attempt, Ended, Failure, Job, Reported, is_silent
from run_ledger.domain.state.model_counters import (
    counters_by_model,
    is_by_model,
    with_few_models,
)
from run_ledger.domain.state.own_counters import COUNTER, folded
from run_ledger.domain.state.rollups import shard_of
from run_ledger.domain.state.running_totals import NO_TOTALS, RunningTotals
from run_ledger.domain.state.sums import LatestValue
from run_ledger.store.dynamo.attributes import Attribute, from_attribute, from_item

from . import keys
from .own_names import OF_ENTITIES, Held, held

SLOT_SECONDS = 300

Sign = Literal["stalled", "alive", "unclear"]
# Attributes that a job loses when a new attempt begins; it keeps all others.
_PASSING = ("ended_at", "fingerprint")
_RETRIES = "m"
_TOTALS = "totals"
TURNED = "turned"


class PlaceInLog(NamedTuple):
    """Where a job or project is in its log; each as in `StoredJob`."""

    revision: int
    in_log: bool
    has_old: bool
    era: int


class StoredJob(Struct, frozen=True):
    """A job as read, with what does not follow from its events alone.

    ``revision`` is the number of the last row of its log if it is ``in_log``; ``has_old`` says that
    it has entries in the layout of old. What is known of rows holds for one ``era`` of the log, 0
    where an earlier version began it. ``entries`` is the number of its events. ``retries_from`` is
    the lowest attempt whose retry rollups count: 1, unless an earlier version wrote the job and it
    has retries left to count. ``held`` are the own counters in the item, of which the job shows the
    first.
    """

    job: Job
    revision: int
    last_seen_at: Instant
    entries: int
    retries_from: int
    held: Held = Held()
    in_log: bool = True
    has_old: bool = False
    era: int = 0


def state_attributes(job: Job, *, retries_from: int = 1) -> dict[str, Any]:
    """Return all attributes that a change of state sets: everything but key and sums.

    *retries_from* is the lowest attempt whose retry rollups count then.
    See `seen_attributes` for what every write sets.
    """
    day, outcome = instants.day(job.created_at), job.outcome
    attributes: dict[str, Any] = {
        "client_id": job.client_id,
        "project_id": job.project_id,
        "pipeline": job.pipeline,
        "ck": keys.creation_key(job.created_at, job.job_id),
        "day_shard": keys.day_shard(day, shard_of(job.job_id)),
        "outcome": outcome,
        "outcome_day": keys.outcome_day(outcome, day),
        "client_outcome": keys.client_outcome(job.client_id, outcome),
        "client_project": keys.client_project(job.client_id, job.project_id),
        "at": {str(number): _from_attempt(a) for number, a in job.attempts.items()},
        "said": from_latest_values(job.latest_values),
    }
    if job.has_retries:
        attributes[_RETRIES] = retries_from
    totals = job.running_totals
    if totals.told_at is not None:
        parts = {part: from_latest_values(mine) for part, mine in totals.parts.items()}
        attributes[_TOTALS] = {"t": totals.told_at, "p": parts}
    parent = job.latest("parent_job_id")
    if parent is not None:
        attributes["parent_job_id"] = parent
        attributes["client_parent"] = keys.client_parent(job.client_id, parent)
    heartbeat = job.latest("heartbeat_seconds")
    if heartbeat is not None:
        attributes["heartbeat"] = heartbeat
    ended_at, failure = job.current.ended_at, job.failure_fingerprint
    if ended_at is not None:
        attributes["ended_at"] = ended_at
    if failure is not None:
        attributes["fingerprint"] = failure
    return attributes


def gone_attributes(before: Job | None, attributes: Mapping[str, Any]) -> list[str]:
    """Return the attributes to remove: *before* has them, and *attributes* does not."""
    if before is None or before.current.ended is None:
        return []
    return [name for name in _PASSING if name not in attributes]


def has_turned(before: Job | None, after: Job) -> bool:
    """Return whether *after* has ended, and *before* (None: no job) had not or did otherwise."""
    if after.current.ended is None:
        return False
    known = None if before is None else (before.attempt, before.current.ended)
    return known != (after.attempt, after.current.ended)


def seen_attributes(now: Instant) -> dict[str, int]:
    """Return the attributes that say when the latest new event came in: *now*."""
    return {"seen": now, "seen_slot": slot_of(now)}


def from_job_item(item: Mapping[str, Attribute]) -> StoredJob:
    """Return the job that an item of the table holds."""
    job = Job(
        job_id=item["job_id"]["S"],
        client_id=item["client_id"]["S"],
        project_id=item["project_id"]["S"],
        pipeline=item["pipeline"]["S"],
        created_at=keys.created_at(item["ck"]["S"]),
        attempts={
            int(number): _to_attempt(from_item(attempt["M"]))
            for number, attempt in item["at"]["M"].items()
        },
        latest_values=to_latest_values(from_attribute(item["said"])),
        counters=shown_counters(
            {name: int(count["N"]) for name, count in item.items() if name.startswith(COUNTER)}
        ),
        counters_by_model=counters_by_model(
            with_few_models(
                {name: int(count["N"]) for name, count in item.items() if is_by_model(name)}
            )
        ),
        running_totals=_to_totals(item),
    )
    place = place_in_log(item)
    seen, entries = (int(item[name]["N"]) for name in ("seen", "n"))
    if _RETRIES in item:
        retries_from = int(item[_RETRIES]["N"])
    else:
        retries_from = job.attempt if job.has_retries else 1
    held_names = held(item, OF_ENTITIES)
    return StoredJob(
        job, place.revision, Instant(seen), entries, retries_from, held_names, *place[1:]
    )


def place_in_log(item: Mapping[str, Attribute]) -> PlaceInLog:
    """Return where an item says that its entity's log is."""
    era = int(item["era"]["N"]) if "era" in item else 0
    if "log" in item:
        return PlaceInLog(int(item["log"]["N"]), in_log=True, has_old="old" in item, era=era)
    return PlaceInLog(int(item["rev"]["N"]), in_log=False, has_old=True, era=era)


def shown_counters(values: Mapping[str, Any]) -> dict[str, int]:
    """Return the counters among the attributes of an item, with those beyond the kept as one."""
    counts = {name: count for name, count in values.items() if name.startswith(COUNTER)}
    return {
        name.removeprefix(COUNTER): count
        for name, count in folded(counts, OF_ENTITIES.kept).items()
    }


def from_latest_values(latest_values: Mapping[str, LatestValue]) -> list[dict[str, Any]]:
    """Return *latest_values* grouped by the event that carried them, latest first."""
    groups: dict[tuple[int, Instant, str], dict[str, Any]] = {}
    for field, latest in latest_values.items():
        groups.setdefault(latest.order, {})[field] = latest.value
    return [{"o": list(order), "f": groups[order]} for order in sorted(groups, reverse=True)]


def to_latest_values(groups: list[dict[str, Any]]) -> dict[str, LatestValue]:
    """Return the latest values that `from_latest_values` grouped."""
    return {
        field: LatestValue((group["o"][0], group["o"][1], group["o"][2]), value)
        for group in groups
        for field, value in group["f"].items()
    }


def _to_totals(item: Mapping[str, Attribute]) -> RunningTotals:
    if _TOTALS not in item:
        return NO_TOTALS
    kept = from_attribute(item[_TOTALS])
    parts = {part: to_latest_values(groups) for part, groups in kept["p"].items()}
    return RunningTotals(Instant(kept["t"]), parts)


def _from_attempt(attempt: Attempt) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if attempt.started_at is not None:
        values["s"] = attempt.started_at
    if attempt.ended is not None:
        ended = attempt.ended
        values |= {"e": ended.at, "r": ended.result, "i": ended.event_id}
        if attempt.completed_at != ended.at:
            values["f"] = attempt.completed_at
        if ended.error is not None:
            values["x"] = _from_failure(ended.error)
    if attempt.heard_at not in (None, attempt.completed_at):
        values["q"] = attempt.heard_at
    if attempt.running_at is not None:
        values["l"] = attempt.running_at
    if attempt.reported is not None:
        reported = attempt.reported
        values["w"] = {
            "a": reported.at,
            "i": reported.event_id,
            "x": _from_failure(reported.error),
        }
    return values


def _to_attempt(values: Mapping[str, Any]) -> Attempt:
    ended = reported = completed_at = None
    if "e" in values:
        error = _to_failure(values["x"]) if "x" in values else None
        ended = Ended(values["e"], values["i"], values["r"], error)
        completed_at = values.get("f", ended.at)
    if "w" in values:
        last = values["w"]
        reported = Reported(last["a"], last["i"], _to_failure(last["x"]))
    return Attempt(
        started_at=values.get("s"),
        ended=ended,
        reported=reported,
        heard_at=values.get("q", completed_at) if "s" not in values else None,
        running_at=values.get("l"),
        completed_at=completed_at,
    )


def _from_failure(failure: Failure) -> dict[str, str]:
    return {"t": failure.type, "m": failure.message, "f": failure.fingerprint}


def _to_failure(values: Mapping[str, str]) -> Failure:
    return Failure(values["t"], values["m"], values["f"])


# The time at which a job was last seen changes with every event, and an index that showed it would
# be written as often. So index rows show the five minutes' slot that it lies in. This is enough to
# judge most rows without reading their items; `sign_of_row` says "unclear" for the others.


def slot_of(last_seen_at: Instant) -> int:
    """Return the slot that *last_seen_at* lies in: its number since 1970."""
    return last_seen_at // (SLOT_SECONDS * MICROSECONDS)


def slot_start(slot: int) -> Instant:
    """Return the first instant of a slot."""
    return Instant(slot * SLOT_SECONDS * MICROSECONDS)


def sign_of_row(seen_slot: int, heartbeat_seconds: int | None, now: Instant) -> Sign:
    """Return what an index row shows of a running job; where it is unclear, read the item."""
    first = slot_start(seen_slot)
    last = Instant(slot_start(seen_slot + 1) - 1)
    if is_silent(last, heartbeat_seconds, now):
        return "stalled"
    return "unclear" if is_silent(first, heartbeat_seconds, now) else "alive"
