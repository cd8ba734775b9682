"""Events that pipelines of made-up clients report, shown in a browser on a running stack.

North is the client whose people look. Every text of South has a word that nobody of North may see.
Bulk has more jobs than a page. Hostile's texts are an attacker's.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.events import builders
from tests.support.events.builders import Envelope

NORTH, SOUTH, BULK = "site-north", "site-south", "site-bulk"
HOSTILE = "site-hostile.".ljust(128, "W")
SOUTHERN = "Zephyrion"
"""A word of South's."""

BULK_JOBS = 60
LONG_HISTORY = 110
LASTING = 7 * 86_400
"""A heartbeat with which no job stalls while tests look at it."""

RATE_LIMIT = {"type": "RateLimit", "message": "429 from the model after 5 tries"}
COUNTED = {
    "records_ok": 240,
    "records_failed": 10,
    "llm_calls": 52,
    "input_tokens": 1_234_567,
    "output_tokens": 98_765,
    "cost_microusd": 2_500_000,
}


def rfc3339(moment: datetime) -> str:
    """Write a moment as events do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def ago(**span: float) -> str:
    """Give the moment that lies so far back."""
    return rfc3339(datetime.now(UTC) - timedelta(**span))


class Pipeline:
    """Reports jobs of one client; each event of a job is a minute after the one before."""

    def __init__(self, client_id: str, **common: Any) -> None:
        """Report for a client; every event has the fields of *common*."""
        self._client_id = client_id
        self._common = {"project_id": "catalogue", "pipeline": "descriptions", **common}

    def job(
        self, job_id: str, *said: dict[str, Any], hours: float = 2, **own: Any
    ) -> list[Envelope]:
        """Report a job that began *hours* ago: one event for each of *said*.

        Every event has the fields of *own*.
        """
        begun = datetime.now(UTC) - timedelta(hours=hours)
        return [
            builders.job_update(
                **{
                    **self._common,
                    **own,
                    "client_id": self._client_id,
                    "job_id": job_id,
                    "event_id": f"{job_id[:100]}/{number}",
                    "occurred_at": rfc3339(begun + timedelta(minutes=number)),
                    **one,
                }
            )
            for number, one in enumerate(said)
        ]

    def project(self, project_id: str, **said: Any) -> Envelope:
        """Report a project."""
        return builders.project_update(
            **{
                "client_id": self._client_id,
                "project_id": project_id,
                "event_id": f"{project_id}/0",
                "occurred_at": ago(hours=30),
                **said,
            }
        )


def ended(result: str, **said: Any) -> dict[str, Any]:
    """Return the fields of an attempt's end."""
    return {"status": "completed", "result": result, **said}


RUNNING = {"status": "running", "heartbeat_seconds": LASTING}


def north() -> list[Envelope]:
    """Return a day of North: every result, a retry, parts of a job, errors, projects."""
    told = Pipeline(NORTH)
    parts = Pipeline(NORTH, pipeline="parts", parent_job_id="north-parent")
    again = {**RATE_LIMIT, "message": "429 from the model after 7 tries"}
    broken = {"type": "Timeout", "message": "the vendor did not answer"}
    return [
        *told.job(
            "north-running",
            {**RUNNING, "stage": "matching", "records_total": 1_000},
            {"delta": COUNTED},
            name="Describe the spring catalogue",
            tags={"region": "eu", "owner": "nadia"},
            log_url="https://logs.north.example/north-running?tail=1",
            hours=1,
        ),
        *told.job("north-parent", RUNNING, name="Refresh everything", hours=3),
        *parts.job("north-part-1", RUNNING, ended("succeeded", delta={"records_ok": 7})),
        *parts.job("north-part-2", RUNNING, ended("failed", error=RATE_LIMIT)),
        *parts.job("north-part-3", RUNNING, name="Last part"),
        *told.job("north-queued", {"status": "queued"}, project_id="returns", hours=0.5),
        *told.job("north-stalled", {"status": "running", "heartbeat_seconds": 1}, hours=4),
        *told.job("north-succeeded", RUNNING, ended("succeeded"), pipeline="matching", hours=5),
        *told.job("north-partial", RUNNING, ended("partial"), pipeline="matching", hours=6),
        *told.job("north-failed", RUNNING, ended("failed", error=again), hours=7),
        *told.job("north-cancelled", RUNNING, ended("cancelled"), hours=8),
        *told.job("north-timed-out", RUNNING, ended("timed_out", error=broken), hours=9),
        *told.job(
            "north-retried",
            RUNNING,
            ended("failed", error={"type": "Crash", "message": "worker 7 went away"}),
            {**RUNNING, "attempt": 2},
            ended("succeeded", attempt=2, delta={"records_ok": 3}),
            hours=10,
        ),
        *told.job("north-old", RUNNING, ended("succeeded"), hours=24 * 5),
        *told.job("north-talkative", RUNNING, *_deltas(LONG_HISTORY - 1), hours=12),
        told.project(
            "catalogue",
            name="Catalogue of spring",
            owner="ana@north.example",
            due_at=ago(days=1),
            jobs_expected=40,
            status="active",
            tags={"quarter": "Q2"},
            delta={"cost_microusd": 7_250_000},
        ),
        told.project("returns", name="Returns", status="paused", due_at=ago(days=-30)),
    ]


def _deltas(count: int) -> list[dict[str, Any]]:
    return [{"delta": {"records_ok": 1}, "stage": f"step-{number}"} for number in range(count)]


def south() -> list[Envelope]:
    """Return a day of South, with its word in each text."""
    told = Pipeline(SOUTH, project_id="south-plant", pipeline="south-parts")
    error = {"type": f"{SOUTHERN}Error", "message": f"{SOUTHERN} has no spare parts"}
    return [
        *told.job("south-running", RUNNING, name=f"{SOUTHERN} running", stage=f"{SOUTHERN} stage"),
        *told.job("south-failed", RUNNING, ended("failed", error=error), name=f"{SOUTHERN} failed"),
        told.project("south-plant", name=f"{SOUTHERN} plant", owner="zoe@south.example"),
    ]


def bulk() -> list[Envelope]:
    """Return more jobs than a page shows, numbered from 0 for the newest."""
    told = Pipeline(BULK)
    return [
        one
        for number in range(BULK_JOBS)
        for one in told.job(f"bulk-{number:03}", ended("succeeded"), hours=30 + number / 60)
    ]


TEXTS = (
    (
        "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 1'>"
        "<svg onload='window.broken = 1'>{{constructor.constructor('window.broken = 1')()}}"
    ),
    "\u202egnirts desrever \u2067\u0645\u0631\u062d\u0628\u0627",
    "\U0001f469\u200d\U0001f52c\U0001f9ec" * 256,
    "W" * 1024,
    "Z\u0351\u0343\u036b\u0363" * 200,
    "javascript:window.broken=1",
    "data:text/html,<script>opener.broken=1</script>",
    "two\nlines\tand\u2028more\x1b[31m, \x00, \ufeff and \uffff",
)
LOG_URLS = (
    "https://evil.example/\"'><script>window.broken=1</script>",
    "https://someone:secret@evil.example/",
    "https://evil.example/" + "w" * 1_000,
    "https://evil.example/\u202egnirts",
)


def hostile() -> list[Envelope]:
    """Return jobs and projects with hostile text wherever the contract accepts it."""
    told = Pipeline(HOSTILE, pipeline="javascript:window.broken")
    said = []
    for number, text in enumerate(TEXTS):
        job_id, project_id = hostile_id("job", number), hostile_id("project", number)
        error = {"type": text, "message": text, "fingerprint": text[:128]}
        own = {
            "project_id": project_id,
            "parent_job_id": hostile_id("job", 0 if number else 1),
            "name": text,
            "stage": text,
            "log_url": LOG_URLS[number % len(LOG_URLS)],
            "tags": {text[:128]: text[:512], "__proto__": text[:64], "constructor": text[:64]},
        }
        delta = {"w" * 40: 2**53, "constructor": -(2**53), "records_ok": 2**53}
        # names of models have no control characters
        model = re.sub(r"[\x00-\x1f\x7f]", "", text)[:128]
        said += told.job(
            job_id,
            {
                **RUNNING,
                "records_total": 2**53,
                "delta": delta,
                "delta_by_model": {model: {"llm_calls": 2, "cost_microusd": 2**40}},
                "event_id": f"{number}{text}"[:128],
            },
            ended("failed", error=error),
            {**RUNNING, "attempt": 2, "stage": text}
            if number % 2
            else ended("failed", error=error),
            **own,
        )
        said.append(
            told.project(
                project_id,
                event_id=text[:128],
                name=text,
                owner=text,
                tags=own["tags"],
                delta=delta,
                jobs_expected=2**53,
                due_at="9999-12-31T23:59:59Z",
            )
        )
    return said


def hostile_id(kind: str, number: int) -> str:
    """Return an id of the greatest length."""
    return f"{kind}-{number}:".ljust(128, "W")


def refused() -> list[Envelope]:
    """Return events that the contract refuses, such as one whose log address is a script."""
    told = Pipeline(HOSTILE)
    return [
        *told.job("refused-0", RUNNING, log_url="javascript:window.broken=1"),
        *told.job("refused-1", RUNNING, log_url="http://evil.example/"),
        *told.job("refused<2>", RUNNING),
    ]


def declared() -> dict[str, Any]:
    """Return the file that declares these clients, for `run-ledger clients apply`."""
    arn = "arn:aws:ssm:eu-central-1:000000000000:parameter"
    plain = {"name": "languages", "description": "The first is the fallback", "value": "en, de"}
    bad = TEXTS[0]
    return {
        "clients": [
            {
                "id": NORTH,
                "name": "Northern Goods",
                "description": "Household goods",
                "contact": "data@north.example",
                "tags": {"tier": "gold"},
                "parameters": [
                    plain,
                    {"name": "empty", "value": ""},
                    {"name": "warehouse_password", "secret": f"{arn}/north/warehouse"},
                    {"name": "model_api_key", "secret": f"{arn}/north/model-key"},
                ],
            },
            {
                "id": SOUTH,
                "name": f"{SOUTHERN} Energy",
                "description": f"{SOUTHERN} plants",
                "parameters": [{**plain, "value": SOUTHERN}],
            },
            {
                "id": HOSTILE,
                "name": bad[:128].strip(),
                "description": TEXTS[3],
                "contact": TEXTS[5],
                "tags": {TEXTS[6]: TEXTS[1], "__proto__": TEXTS[4][:256]},
                "parameters": [
                    {"name": f"p{number}", "description": text, "value": text}
                    for number, text in enumerate(TEXTS[:-1])
                ],
            },
        ]
    }
