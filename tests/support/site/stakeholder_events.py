"""Events of two made-up clients whose people have questions: what the tasks' answers come from.

Alder has trouble, old and new; of Birch only an attempt failed, which the next one healed. Times
are those of a reader in Berlin: noon of yesterday is yesterday's at any hour, and whenever clocks
change.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.events.builders import Envelope
from tests.support.site.site_events import RATE_LIMIT, RUNNING, Pipeline, ago, ended, rfc3339

ALDER, BIRCH = "alder-books", "birch-toys"
ZONE = ZoneInfo("Europe/Berlin")
SLOW_JOBS = 24
EXPECTED_JOBS = 40
MODELS = {
    "large-3": {"llm_calls": 40, "input_tokens": 90_000, "cost_microusd": 7_250_000},
    "small-3": {"llm_calls": 900, "input_tokens": 400_000, "cost_microusd": 1_125_000},
}
NEW_ERROR = {"type": "catalogue.SchemaMismatch", "message": "the field price is missing"}


def today() -> datetime:
    """Give the moment at which the reader's day began."""
    return datetime.combine(datetime.now(ZONE).date(), time(), ZONE)


def yesterday(hour: int) -> datetime:
    """Give an hour of the reader's yesterday."""
    return datetime.combine(today().date() - timedelta(days=1), time(hour), ZONE)


def _hours_since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment) / timedelta(hours=1)


def alder() -> list[Envelope]:
    """Return what Alder's pipelines reported."""
    told = Pipeline(ALDER, project_id="autumn", pipeline="descriptions")
    slow = Pipeline(ALDER, project_id="archive", pipeline="translations")
    late = {**RATE_LIMIT, "message": "429 from the model after 9 tries"}
    compared = {"project_id": "archive", "pipeline": "summaries"}
    return [
        *told.job(
            "alder-running",
            {**RUNNING, "records_total": 1_000},
            {
                "delta": {"records_ok": 200},
                "delta_by_model": {"medium-3": {"llm_calls": 7, "cost_microusd": 60_000}},
                "occurred_at": ago(hours=2),
            },
            {"delta": {"records_ok": 240, "records_failed": 10}, "occurred_at": ago(minutes=30)},
            name="Describe the spring list",
            tags={"owner": "nadia", "region": "eu"},
            hours=4,
        ),
        *told.job("alder-silent", {"status": "running", "heartbeat_seconds": 1}, hours=3),
        *told.job(
            "alder-failed",
            RUNNING,
            ended("failed", error={"type": "Timeout", "message": "the vendor did not answer"}),
            name="Describe the summer list",
            hours=1,
        ),
        # begun the day before yesterday, failed yesterday
        *told.job(
            "alder-overnight",
            RUNNING,
            ended("failed", error=late, occurred_at=rfc3339(yesterday(12))),
            name="Translate the winter list",
            tags={"owner": "nadia"},
            hours=_hours_since(yesterday(0)) + 2,
        ),
        *told.job(
            "alder-mismatch",
            RUNNING,
            ended("failed", error=NEW_ERROR),
            name="Describe the WINTER list",
            hours=_hours_since(yesterday(13)),
        ),
        *told.job("alder-waited", RUNNING, ended("timed_out"), hours=_hours_since(yesterday(14))),
        *told.job("alder-fine", RUNNING, ended("succeeded"), hours=_hours_since(yesterday(15))),
        *told.job("alder-before", RUNNING, ended("failed", error=RATE_LIMIT), hours=24 * 9),
        *told.job(
            "alder-dear",
            RUNNING,
            {"delta_by_model": MODELS},
            ended("succeeded", delta={"records_ok": 900}),
            hours=24 * 3,
        ),
        *slow.job("alder-one", *_compared(400, 1_000_000, "succeeded"), **compared, hours=50),
        *slow.job("alder-other", *_compared(100, 2_000_000, "partial"), **compared, hours=52),
        *_slow(slow),
        told.project(
            "autumn",
            name="Autumn catalogue",
            due_at=ago(hours=30),
            jobs_expected=EXPECTED_JOBS,
            status="active",
            occurred_at=ago(days=12),
        ),
        told.project("archive", name="Archive"),
    ]


def _compared(records: int, cost: int, result: str) -> list[dict[str, Any]]:
    return [
        {**RUNNING, "stage": "reading"},
        {"stage": "writing", "delta": {"records_ok": records, "cost_microusd": cost}},
        ended(result),
    ]


def _slow(told: Pipeline) -> list[Envelope]:
    """Return more jobs than twenty, each of another length; some are older than a week."""
    return [
        one
        for number in range(SLOW_JOBS)
        for one in told.job(
            f"alder-slow-{number:02}",
            RUNNING,
            ended("succeeded", occurred_at=ago(hours=61 + 6 * number - (number * 7 % 24 + 1) / 8)),
            hours=61 + 6 * number,
        )
    ]


def birch() -> list[Envelope]:
    """Return what Birch's pipelines reported: all is well, and one needed a second attempt."""
    told = Pipeline(BIRCH, project_id="labels", pipeline="labels")
    crash = {"type": "Crash", "message": "worker 7 went away"}
    return [
        *told.job("birch-fine", RUNNING, ended("succeeded"), hours=2),
        *told.job(
            "birch-healed",
            RUNNING,
            ended("failed", error=crash),
            {**RUNNING, "attempt": 2},
            ended("succeeded", attempt=2),
            hours=1,
        ),
        *told.job("birch-before", RUNNING, ended("failed", error=crash), hours=30),
    ]


def declared() -> dict[str, Any]:
    """Return the file that declares these clients, for `run-ledger clients apply`."""
    arn = "arn:aws:ssm:eu-central-1:000000000000:parameter"
    return {
        "clients": [
            {
                "id": ALDER,
                "name": "Alder Books",
                "parameters": [
                    {"name": "languages", "description": "The first counts", "value": "en, de"},
                    {"name": "tone", "value": "friendly"},
                    {"name": "api_key", "secret": f"{arn}/alder/key"},
                ],
            },
            {"id": BIRCH, "name": "Birch Toys"},
        ]
    }
