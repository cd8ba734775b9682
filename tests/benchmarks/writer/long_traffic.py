"""Traffic of any length for a recount: made-up stories of jobs and projects, in generations.

Sizes, retries, failures, latest values, counters of own names and of models, late and repeated
deliveries all follow from the seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.events import builders
from tests.support.events.builders import Envelope

GENERATION = 10_000
"""About how many events a generation has."""
_FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)
_DAYS = 10
_SIZES = (3, 8, 20, 60, 200)
LONG = 3_000
"""The events of a generation's longest job, whose log has an index."""
_COUNTERS = ("records_ok", "records_failed", "llm_calls", "input_tokens", "cost_microusd")
_RESULTS = ("succeeded", "succeeded", "partial", "cancelled", "failed", "timed_out")
_MODELS = ("large", "small", "vendor/tiny:2")


def generation(number: int, dice: random.Random) -> list[Envelope]:
    """Return the events of the jobs and projects that begin in one generation, in their order."""
    events: list[Envelope] = []
    for place in range(3):
        events += _project(f"project-{number}-{place}", f"client-{place % 4}", dice)
    events += _job(f"long-{number}", number, LONG, dice)
    while len(events) < GENERATION:
        events += _job(f"job-{number}-{len(events)}", number, dice.choice(_SIZES), dice)
    return events


def delivered(events: list[Envelope], dice: random.Random) -> list[str]:
    """Return *events* as texts in the order of their delivery: late ones, and some twice."""
    texts = [json.dumps(one) for one in events]
    places = [(place + dice.uniform(0, 300), text) for place, text in enumerate(texts)]
    places += [
        (place + dice.uniform(0, 3_000), text)
        for place, text in enumerate(texts)
        if dice.random() < 0.05
    ]
    return [text for _, text in sorted(places)]


def _project(project_id: str, client_id: str, dice: random.Random) -> Iterator[Envelope]:
    for step in range(4):
        detail: dict[str, Any] = {
            "project_id": project_id,
            "client_id": client_id,
            "event_id": f"{step}",
            "occurred_at": _text(_moment(dice)),
            "delta": {"records_ok": dice.randrange(9)},
        }
        if dice.random() < 0.5:
            detail |= {"owner": f"owner-{step}", "jobs_expected": dice.randrange(100)}
        yield builders.envelope(detail, detail_type="project_update", envelope_id=_id(dice))


def _job(job_id: str, number: int, size: int, dice: random.Random) -> Iterator[Envelope]:
    client = dice.randrange(4)
    identity = {
        "job_id": job_id,
        "client_id": f"client-{client}",
        "project_id": f"project-{number}-{client % 3}",
        "pipeline": f"pipeline-{dice.randrange(5)}",
    }
    moment, attempt = _moment(dice), 1
    for step in range(size):
        moment += timedelta(seconds=dice.randrange(1, 90))
        detail = {**identity, "attempt": attempt, **_told(step, dice)}
        if step == size - 1 or dice.random() < 0.5 / size:
            detail |= _end(dice)
            attempt += 1
        if dice.random() < 0.98:
            detail |= {"event_id": f"event-{step}", "occurred_at": _text(moment)}
        yield builders.envelope(detail, envelope_id=_id(dice), time=_text(moment))


def _told(step: int, dice: random.Random) -> dict[str, Any]:
    if step == 0:
        return {"status": "running", "stage": "read", "name": "Nightly", "tags": {"team": "a"}}
    told: dict[str, Any] = {"delta": {name: dice.randrange(5_000) for name in _COUNTERS}}
    if dice.random() < 0.1:
        told["delta"][f"own_{dice.randrange(20)}"] = dice.randrange(-5, 50)
    if dice.random() < 0.1:
        told["delta_by_model"] = {dice.choice(_MODELS): {"llm_calls": 1, "input_tokens": step}}
    if dice.random() < 0.05:
        told |= {"stage": f"stage-{dice.randrange(4)}", "records_total": dice.randrange(10_000)}
    return told


def _end(dice: random.Random) -> dict[str, Any]:
    result = dice.choice(_RESULTS)
    end: dict[str, Any] = {"status": "completed", "result": result}
    if result in ("failed", "timed_out") and dice.random() < 0.9:
        kind = dice.randrange(6)
        end["error"] = {"type": f"Kind{kind}Error", "message": f"kind {'abcdef'[kind]} went wrong"}
    return end


def _moment(dice: random.Random) -> datetime:
    return _FIRST_DAY + timedelta(seconds=dice.randrange(_DAYS * 86_400))


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _id(dice: random.Random) -> str:
    return f"{dice.getrandbits(128):032x}"
