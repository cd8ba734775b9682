"""A sighting as the ``job_update`` events that it comes to.

Both an event of AWS and the look at recent jobs come here, and neither is told what the other has
sent. So everything in an update follows from what its id is made of: the job, the attempt, the
status and its time. Then the same state twice is the same event twice, which counts once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from run_ledger.domain import instants
from run_ledger.domain.contract.vocabulary import DEFAULT_PIPELINE, JobResult
from run_ledger.domain.instants import Instant

from .job_rules import Owned
from .output_counters import read_counters
from .sightings import ItemCounts, SeenAttempt, Sighting

HEARTBEAT_SECONDS = 366 * 86_400
"""AWS itself says when a job ends, and no workflow runs for longer than a year."""
ITEMS = "items"
"""The part of a job whose running totals are the items of Map runs or of a batch."""
ITEM_COUNTERS = ("records_ok", "records_failed")
"""The counters that these running totals are of."""
SERVICE_TAG, KEY_TAG = "aws_service", "aws_key"
_MOST_CHARACTERS = 1_024
_MOST_TYPE, _MOST_NAME = 256, 100
_MOST_IDENTIFIER = 128
_FOREIGN = re.compile(r"[^A-Za-z0-9._:-]+")

Detail = dict[str, Any]
Blank = Callable[[str], str]


class Updates(NamedTuple):
    """The details of events, in order of time, and the counters that could not be read."""

    details: list[Detail]
    left_out: list[str]


def job_id_of(key: str, name: str) -> str:
    """Return the id of the job that has a key: a readable part and a digest of the whole key."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:20]
    return f"{identifier(name, 'job')[:_MOST_NAME]}.{digest}"


def identifier(name: str, otherwise: str) -> str:
    """Return *name* with characters that no id has replaced, or *otherwise* if nothing is left."""
    return _FOREIGN.sub("-", name).strip("-")[:_MOST_IDENTIFIER] or otherwise


def updates_of(sighting: Sighting, owned: Owned, blank: Blank) -> Updates:
    """Return what to report of a job that a rule is about; *blank* takes secrets out of a text."""
    counters = read_counters(None, {})
    if sighting.has_ended and sighting.attempts[-1].result == "succeeded":
        counters = read_counters(sighting.output, owned.rule.counters)
    common = _common(sighting, owned)
    details: list[Detail] = []
    for attempt in sighting.attempts:
        for status, at in _states(attempt):
            identity = _identified(sighting.key, attempt.number, at, status)
            details.append(common | identity | {"status": status})
        is_last = attempt is sighting.attempts[-1]
        items = sighting.items if is_last else None
        ends = [common | one for one in _ends(sighting.key, attempt, items, blank)]
        if ends and is_last and counters.found:
            delta = {"delta": counters.found}
            if owned.rule.map_runs and attempt.ended_at is not None:
                # An end with other items is another event, and may not count these again.
                identity = _identified(sighting.key, attempt.number, attempt.ended_at, "counters")
                details.append(common | identity | delta)
            else:
                ends[0] |= delta
        details += ends
    return Updates(details, counters.left_out)


def progress_of(sighting: Sighting, owned: Owned, now: Instant) -> Detail | None:
    """Return how far a running job is at *now*; None where its items are not known."""
    if sighting.items is None or sighting.has_ended:
        return None
    number = sighting.attempts[-1].number
    identity = _identified(sighting.key, number, now, "progress")
    return _common(sighting, owned) | identity | _totals(sighting.items)


def _states(attempt: SeenAttempt) -> Iterator[tuple[str, Instant]]:
    """Give what an attempt was before its end, and since when."""
    if attempt.queued_at is not None and attempt.started_at is None:
        yield "queued", attempt.queued_at
    if attempt.started_at is not None:
        yield "running", attempt.started_at


def _ends(
    key: str, attempt: SeenAttempt, items: ItemCounts | None, blank: Blank
) -> Iterator[Detail]:
    """Give the end of an attempt, and once more with its items: of these AWS may tell others later.

    A redrive goes on with the same items, and a service may count after it has ended. What says
    other things has another id.
    """
    if attempt.ended_at is None:
        return
    result = _result(attempt.result, items)
    end: Detail = {"status": "completed", "result": result}
    if attempt.reason is not None:
        end["error"] = {
            "type": blank(attempt.reason.type)[:_MOST_TYPE],
            "message": blank(attempt.reason.message)[:_MOST_CHARACTERS],
        }
    known = (key, attempt.number, attempt.ended_at, "completed", result)
    yield _identified(*known) | end
    if items is not None:
        counts = (items.total, items.succeeded, items.failed)
        yield _identified(*known, *counts) | end | _totals(items)


def _common(sighting: Sighting, owned: Owned) -> Detail:
    rule = owned.rule
    detail: Detail = {
        "job_id": job_id_of(sighting.key, sighting.name),
        "client_id": owned.client_id,
        "project_id": rule.project,
        "pipeline": rule.pipeline or identifier(sighting.runs, DEFAULT_PIPELINE),
        "name": sighting.name[:_MOST_CHARACTERS],
        "heartbeat_seconds": HEARTBEAT_SECONDS,
        "tags": {SERVICE_TAG: sighting.service, KEY_TAG: sighting.key[:_MOST_CHARACTERS]},
    }
    if sighting.parent_key is not None and sighting.parent_name is not None:
        detail["parent_job_id"] = job_id_of(sighting.parent_key, sighting.parent_name)
    if sighting.log_url is not None and len(sighting.log_url) <= _MOST_CHARACTERS:
        detail["log_url"] = sighting.log_url
    return detail


def _identified(key: str, number: int, at: Instant, *what: object) -> Detail:
    """Return the members that tell an event from others; all else in it follows from *what*."""
    seed = json.dumps([key, number, at, *what]).encode()
    return {
        "event_id": f"aws-{hashlib.sha256(seed).hexdigest()[:40]}",
        "occurred_at": instants.text(at),
        "attempt": number,
    }


def _result(result: JobResult | None, items: ItemCounts | None) -> JobResult | None:
    """Return the result: a job that succeeded although items failed is done in part."""
    return "partial" if result == "succeeded" and items is not None and items.failed else result


def _totals(items: ItemCounts) -> Detail:
    counts = dict(zip(ITEM_COUNTERS, (items.succeeded, items.failed), strict=True))
    return {"records_total": items.total, "running_totals": {ITEMS: counts}}
