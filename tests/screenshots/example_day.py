"""A made-up day of three made-up clients, for pictures that show the site in use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.readers.example_jobs import (
    ago,
    make_client,
    make_completed,
    make_costs,
    make_entry,
    make_error_group,
    make_figures,
    make_incident,
    make_job,
    make_overview,
    make_period,
    make_project,
    make_totals,
    make_trends,
    utc,
)
from tests.support.site.fake_site_origin import FakeOrigin

RATE_LIMIT = {
    "type": "RateLimit",
    "message": "429 from the model after 5 tries; 312 records are left",
    "fingerprint": "7c0ae04d9a42088b",
}
COUNTERS = {
    "records_ok": 8412,
    "records_failed": 37,
    "records_skipped": 120,
    "llm_calls": 2210,
    "llm_errors": 14,
    "input_tokens": 4_812_330,
    "cache_read_input_tokens": 1_204_000,
    "output_tokens": 391_204,
    "cost_microusd": 18_420_000,
    "pages_crawled": 512,
}
WORK = [
    ("Describe autumn catalogue", "acme", "catalogue-refresh", "product-descriptions"),
    ("Match suppliers, batch 41", "hooli", "supplier-match", "entity-resolution"),
    ("Classify returns of week 47", "acme", "returns", "classification"),
    ("Normalise trade-fair contacts", "globex", "crm-refresh", "contacts"),
    ("Translate care labels", "acme", "catalogue-refresh", "translation"),
    ("Match suppliers, batch 40", "hooli", "supplier-match", "entity-resolution"),
]


def fill(origin: FakeOrigin) -> None:
    """Let the origin show that day."""
    origin.demo = True
    origin.jobs = jobs()
    origin.overview = overview()
    origin.projects = projects()
    origin.trends = make_trends(
        {ago(days=day)[:10] + "T00:00:00Z": (3 * day) % 5 for day in range(9)}
    )
    origin.costs = make_costs(
        acme={"records_ok": 8412, "input_tokens": 4_812_330, "cost_microusd": 18_420_000},
        hooli={
            "records_ok": 1204,
            "input_tokens": 912_330,
            "cost_microusd": 1_204_000,
            "llm_calls_unpriced": 7,
        },
    )
    origin.clients = clients()
    origin.configs = {"acme": configuration()}
    origin.errors = errors()
    origin.incidents = [
        make_incident("of-enrich", jobs=4, error=RATE_LIMIT),
        make_incident("of-crawl", client_id="globex", pipeline="crawl", opened_at=ago(hours=5)),
        make_incident("of-match", pipeline="match", closed_at=ago(hours=3), opened_at=ago(days=1)),
    ]
    origin.entries["enrich-041"] = history()


def hours() -> list[dict[str, Any]]:
    """Return a day's hours: more jobs towards the afternoon, and one hour with many failures."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    ended = [3, 2, 1, 1, 1, 0, 2, 5, 9, 14, 18, 17, 12, 15, 19, 22, 20, 16, 11, 8, 6, 5, 4, 4, 2]
    failed = {4: 1, 10: 1, 11: 2, 14: 1, 19: 2, 23: 1}
    return [
        {
            "at": utc(now - timedelta(hours=24 - at)),
            "created": count,
            "started": count,
            "ended": count,
            "partial": int(at in (2, 11, 20)),
            "failed": failed.get(at, 0),
            "timed_out": 0,
        }
        for at, count in enumerate(ended)
    ]


def overview() -> dict[str, Any]:
    """Give the figures of the day."""
    day = hours()
    figures = {
        "running": 4,
        "queued": 2,
        "stalled": 1,
        "created": 218,
        "ended": sum(hour["ended"] for hour in day),
        "partial": 3,
        "failed": 6,
        "timed_out": 2,
        "error_rate": 0.037,
        "counters": {
            "records_ok": 84_120,
            "records_failed": 97,
            "input_tokens": 48_123_300,
            "output_tokens": 3_912_040,
            "cost_microusd": 184_200_000,
        },
        "previous": make_period(
            created=209,
            ended=209,
            succeeded=196,
            failed=9,
            timed_out=4,
            error_rate=0.062,
            counters={
                "records_ok": 79_300,
                "records_failed": 204,
                "input_tokens": 45_900_100,
                "output_tokens": 3_702_300,
                "cost_microusd": 171_900_000,
            },
        ),
        "last_event_at": ago(seconds=4),
        "hours": day,
    }
    own = {
        "acme": ("Acme Tools", 2, 1, 132, 3, 0.023, ago(seconds=4)),
        "globex": ("Globex", 1, 0, 34, 1, 0.029, ago(minutes=3)),
        "hooli": ("Hooli", 1, 0, 51, 4, 0.078, ago(seconds=19)),
    }
    by_client = {
        client_id: make_figures(
            name=name,
            running=running,
            stalled=stalled,
            ended=ended,
            partial=1,
            failed=failed,
            error_rate=rate,
            last_event_at=at,
        )
        for client_id, (name, running, stalled, ended, failed, rate, at) in own.items()
    }
    return make_overview(by_client, **figures)


def jobs() -> list[dict[str, Any]]:
    """Give jobs in every state, and enough of them to fill a page."""
    first = make_job(
        "enrich-041",
        name=WORK[0][0],
        project_id=WORK[0][2],
        pipeline=WORK[0][3],
        attempt=2,
        stage="writing descriptions",
        records_total=12_000,
        counters=COUNTERS,
        created_at=ago(minutes=52),
        started_at=ago(minutes=31),
        log_url="https://logs.example.com/enrich-041",
        tags={"team": "content", "market": "DE", "season": "autumn"},
        attempts=[
            {
                "attempt": 1,
                "status": "completed",
                "result": "failed",
                "started_at": ago(minutes=52),
                "ended_at": ago(minutes=33),
                "duration_seconds": 1140.0,
                "error": RATE_LIMIT,
            },
            {
                "attempt": 2,
                "status": "running",
                "result": None,
                "started_at": ago(minutes=31),
                "ended_at": None,
                "duration_seconds": None,
                "error": None,
            },
        ],
    )
    children = [
        make_completed(
            "enrich-041-a", "succeeded", name="Read the shop", parent_job_id="enrich-041"
        )
        | {"records_total": 12_000, "counters": {"records_ok": 12_000}},
        make_job("enrich-041-b", name="Write texts", parent_job_id="enrich-041")
        | {"records_total": 12_000, "counters": {"records_ok": 8412}, "stage": "texts"},
    ]
    others = [
        make_job("crm-12", name="Normalise trade-fair contacts", client_id="globex")
        | {"records_total": 900, "counters": {"records_ok": 288}, "stage": "phone numbers"},
        make_job("match-42", name="Match suppliers, batch 42", client_id="hooli")
        | {"records_total": 5_000, "counters": {"records_ok": 310}, "stage": "blocking"},
    ]
    ends = ["stalled", "failed", "succeeded", "partial", "timed_out", "succeeded", "cancelled"]
    more = [_job(number, ends[number % len(ends)]) for number in range(30)]
    waiting = make_job("enrich-050", name="Describe winter catalogue", status="queued")
    return [{**waiting, "started_at": None}, first, *children, *others, *more]


def _job(number: int, outcome: str) -> dict[str, Any]:
    name, client_id, project_id, pipeline = WORK[number % len(WORK)]
    fields = {
        "name": name,
        "client_id": client_id,
        "project_id": project_id,
        "pipeline": pipeline,
        "records_total": 5_000,
        "counters": {"records_ok": 4_100, "records_failed": 20 if outcome == "partial" else 0},
        "created_at": ago(hours=1 + number * 1.3),
        "started_at": ago(hours=1 + number * 1.3),
        "ended_at": ago(hours=0.5 + number * 1.3),
    }
    job_id = f"enrich-{400 - number}"
    if outcome == "stalled" and number == 0:
        silent = {"stalled": True, "last_seen_at": ago(minutes=41), "ended_at": None}
        return make_job(job_id, **fields | silent)
    result = "succeeded" if outcome == "stalled" else outcome
    error = RATE_LIMIT if result in ("failed", "timed_out") else None
    return make_completed(job_id, result, error=error, duration_seconds=1800.0, **fields)


def history() -> list[dict[str, Any]]:
    """Give the history of the job that is looked at."""
    said: list[dict[str, Any]] = [
        {"status": "queued"},
        {"status": "running", "stage": "reading the shop"},
        {"delta": {"records_ok": 5_104, "input_tokens": 2_401_000, "cost_microusd": 9_100_000}},
        {"status": "completed", "result": "failed", "error": RATE_LIMIT},
        {"status": "running", "stage": "writing descriptions"},
        {"delta": {"records_ok": 3_308, "input_tokens": 2_411_330, "cost_microusd": 9_320_000}},
    ]
    times = [*(ago(minutes=minutes) for minutes in (52, 51, 42, 33, 31)), ago(seconds=7)]
    return [
        make_entry(
            f"e{number}",
            occurred_at=at,
            received_at=at,
            attempt=1 if number < 4 else 2,
            detail={"event_id": f"e{number}", **detail},
        )
        for number, (detail, at) in enumerate(zip(said, times, strict=True))
    ]


def projects() -> list[dict[str, Any]]:
    """Give projects in different states."""
    soon = utc(datetime.now(UTC) + timedelta(days=9))
    return [
        make_project(
            "catalogue-refresh",
            name="Catalogue refresh",
            owner="ana@acme.example",
            status="active",
            created_at=ago(days=12),
            due_at=soon,
            jobs_expected=40,
            tags={"market": "DE, AT"},
            jobs=make_totals(running=2, succeeded=21, failed=2, queued=1),
            counters={"records_ok": 182_400, "cost_microusd": 214_300_000},
        ),
        make_project("returns", name="Returns", status="paused", jobs=make_totals(succeeded=7)),
        make_project(
            "crm-refresh",
            client_id="globex",
            name="CRM refresh",
            owner="lee@globex.example",
            status="active",
            due_at=ago(days=2),
            overdue=True,
            jobs_expected=12,
            jobs=make_totals(running=1, succeeded=8, partial=2),
        ),
        make_project("supplier-match", client_id="hooli", jobs=make_totals(failed=6, succeeded=45)),
    ]


def clients() -> list[dict[str, Any]]:
    """Return a client with a long description and configuration, and some with little."""
    return [
        make_client(
            "acme",
            name="Acme Tools",
            description="Product data for four markets.",
            contact="data@acme.example",
            tags={"tier": "gold"},
            jobs=make_totals(queued=1, running=2, succeeded=812, partial=9, failed=14),
        ),
        make_client("globex", name="Globex", jobs=make_totals(running=1, succeeded=120)),
        make_client("hooli", declared=False, jobs=make_totals(succeeded=201, failed=31)),
    ]


def configuration() -> dict[str, Any]:
    """Give what a client has set."""
    said = [
        ("confidence_threshold", "0.85", "Matches below this go to a person."),
        ("languages", "de, en, fr, nl", "The markets that texts are written for."),
        ("model", "medium", "Which model answers."),
    ]
    return {
        "client_id": "acme",
        "parameters": [
            {"name": name, "value": value, "description": about, "updated_at": ago(days=12)}
            for name, value, about in said
        ],
        "secrets_omitted": 2,
    }


def errors() -> list[dict[str, Any]]:
    """Return the week's error groups."""
    return [
        make_error_group(
            "7c0ae04d9a42088b",
            message=RATE_LIMIT["message"],
            count=14,
            clients=["acme", "hooli"],
            job_ids=["enrich-399", "enrich-392", "enrich-385"],
            job_names={"enrich-399": "Match suppliers, batch 41", "enrich-392": WORK[2][0]},
            days=[
                {"at": f"{ago(days=day)[:10]}T00:00:00Z", "count": count, "jobs": count}
                for day, count in ((6, 1), (4, 2), (3, 1), (1, 3), (0, 7))
            ],
        ),
        make_error_group(
            "a2",
            type="SchemaMismatch",
            message='column "gtin" is missing in row 1 of suppliers-40.csv',
            count=3,
            clients=["hooli"],
            job_ids=["enrich-395"],
        ),
        make_error_group("none", type=None, message=None, count=1, clients=["globex"]),
    ]
