"""A month of made-up work for the pages of the analysts' app, ending at a given moment."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers.declared import configure, declare
from tests.support.readers.reading import House
from tests.support.recounts.told_incidents import keep_incidents

from run_ledger.domain import instants

RESULTS = ("succeeded",) * 16 + ("failed",) * 2 + ("partial", "timed_out", "cancelled")
ERRORS = (
    ("RateLimitError", "The model answered 429 for too long"),
    ("SchemaError", "Column <b>price</b> is missing"),
    ("TimeoutError", "No answer within 300 s"),
)
CLIENTS = ("acme", "globex", "initech")
PIPELINES = ("contacts", "products", "suppliers")


def fill(house: House, now: datetime, *, jobs: int = 120, days: int = 14, seed: int = 5) -> None:
    """Put clients, projects and jobs into a house."""
    for client_id in CLIENTS:
        declare(house.client, client_id, description=f"About {client_id}", contact="a@b.example")
        configure(house.client, client_id, "model", value="medium")
    configure(house.client, "acme", "confidence", value="0.85")
    configure(house.client, "globex", "confidence", value="0.9")
    configure(house.client, "globex", "region", value="eu")
    configure(house.client, "acme", "warehouse", secret_ref="arn:aws:ssm:eu:1:parameter/x")
    house.post(*projects(now), *work(now, jobs=jobs, days=days, seed=seed))
    for client_id in CLIENTS:
        keep_incidents(house.client, client_id, instants.parse(text(now)))


def projects(now: datetime) -> Iterator[Envelope]:
    """Yield an update of a project of each client."""
    for number, client_id in enumerate(CLIENTS):
        yield project_update(
            project_id=f"{client_id}-catalogue",
            client_id=client_id,
            occurred_at=text(now - timedelta(days=20)),
            event_id="p1",
            name=f"Catalogue of {client_id}",
            owner="somebody",
            status="active",
            jobs_expected=30 + 40 * number,
            due_at=text(now + timedelta(days=5 - 6 * number)),
        )


def work(now: datetime, *, jobs: int, days: int, seed: int) -> Iterator[Envelope]:
    """Yield the events of jobs that ended, and of some that run."""
    dice = random.Random(seed)
    for number in range(jobs):
        begun = now - timedelta(seconds=dice.randrange(60, days * 86_400))
        client_id = CLIENTS[min(2, int(dice.expovariate(1.2)))]
        yield from _job(dice, f"job-{number:04}", client_id, begun, now)
    for number in range(3):
        yield from _begin(
            f"live-{number}", CLIENTS[number], now - timedelta(minutes=9 * number + 2), dice
        )


def long_jobs(now: datetime) -> Iterator[Envelope]:
    """Yield the events of two jobs on their third attempt, the first of which has 60 parts."""
    about = {"client_id": "acme", "project_id": "acme-catalogue", "pipeline": "contacts"}
    error = {"type": ERRORS[0][0], "message": ERRORS[0][1]}
    for number, job_id in enumerate(("long-1", "long-2")):
        for attempt in (1, 2, 3):
            begun = now - timedelta(minutes=300 - 80 * (attempt - 1) - 7 * number)
            mine: dict[str, Any] = {**about, "job_id": job_id, "attempt": attempt}
            for place, stage in enumerate(("fetch", "classify", "translate", "write")):
                yield job_update(
                    **mine,
                    event_id=f"{stage}-{attempt}",
                    occurred_at=text(begun + timedelta(minutes=(14 + number) * place)),
                    status="running",
                    name=f"Enrich the whole catalogue of the autumn, {job_id}",
                    stage=stage,
                    records_total=1_000,
                    delta={"records_ok": 70 + number, "records_failed": 2},
                    delta_by_model={
                        "gpt-4o": {"llm_calls": 20, "input_tokens": 9_000, "cost_microusd": 22_000},
                        "moss-1": {"llm_calls": 2, "input_tokens": 90, "llm_calls_unpriced": 2},
                    },
                )
            if attempt < 3:
                ended = {"status": "completed", "result": "failed", "error": error}
                at = text(begun + timedelta(minutes=60))
                yield job_update(**mine, **ended, event_id=f"end-{attempt}", occurred_at=at)
    for number in range(60):
        part: dict[str, Any] = {**about, "job_id": f"part-{number:02}", "parent_job_id": "long-1"}
        begun = now - timedelta(minutes=100 - number)
        yield job_update(**part, event_id="s", occurred_at=text(begun), status="running")
        if number < 50:
            end = {"status": "completed", "result": "succeeded"}
            at = text(begun + timedelta(minutes=7))
            yield job_update(**part, **end, event_id="e", occurred_at=at)


def _begin(job_id: str, client_id: str, at: datetime, dice: random.Random) -> list[Envelope]:
    about: dict[str, Any] = {
        "job_id": job_id,
        "client_id": client_id,
        "project_id": f"{client_id}-catalogue",
        "pipeline": dice.choice(PIPELINES),
    }
    return [
        job_update(
            **about,
            event_id="started",
            occurred_at=text(at),
            status="running",
            name=f"Enrich {job_id}",
            records_total=40,
        )
    ]


def _job(
    dice: random.Random, job_id: str, client_id: str, begun: datetime, now: datetime
) -> Iterator[Envelope]:
    (first,) = _begin(job_id, client_id, begun, dice)
    yield first
    about = {
        name: first["detail"][name] for name in ("job_id", "client_id", "project_id", "pipeline")
    }
    result = dice.choice(RESULTS)
    failed = dice.randrange(1, 9) if result in {"failed", "partial"} else 0
    ended = min(now, begun + timedelta(seconds=dice.randrange(20, 2_400)))
    end: dict[str, Any] = {"status": "completed", "result": result}
    if result in {"failed", "timed_out"}:
        kind, message = ERRORS[2] if result == "timed_out" else dice.choice(ERRORS[:2])
        end["error"] = {"type": kind, "message": message}
    yield job_update(
        **about,
        **end,
        event_id="ended",
        occurred_at=text(ended),
        delta={
            "records_ok": 40 - failed,
            "records_failed": failed,
            "llm_calls": 12,
            "input_tokens": dice.randrange(4_000, 90_000),
            "output_tokens": dice.randrange(500, 9_000),
            "cost_microusd": dice.randrange(900, 250_000),
        },
    )


def text(moment: datetime) -> str:
    """Return a moment as events have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
