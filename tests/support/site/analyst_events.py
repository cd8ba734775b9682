"""Events of two made-up clients whose numbers an analyst looks into: Oak, and Pine to compare.

Days are the reader's, Berlin's, and what a day is asked for lies about its noon, so that the
events are of the same days whenever tests run, also just after midnight.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.events import builders
from tests.support.events.builders import Envelope
from tests.support.site.site_events import ended, rfc3339

OAK, PINE = "analysed-oak", "analysed-pine"
HOME = ZoneInfo("Europe/Berlin")
PLAIN_JOBS = 205
"""More than a page of the list, all newer than the longest and the dearest."""
LONG_JOBS = 24
EXPECTED_JOBS = 900
DISK, KEY, RATE = (
    {"type": "DiskFull", "message": "No space is left on leaf-7"},
    {"type": "KeyError", "message": "price"},
    {"type": "RateLimit", "message": "429 from the model"},
)
SPIKE_DAYS = 3
PAIR = ("oak-pair-quick", "oak-pair-slow")
STAGES = ("gather", "describe", "publish")
MODELS = ("oak-large", "oak-small", "moss-1")
HOUR = timedelta(hours=1)


def noon(days_ago: int) -> datetime:
    """Return noon in Berlin so many days ago, in UTC."""
    day = datetime.now(HOME).date() - timedelta(days=days_ago)
    return datetime.combine(day, time(12), HOME).astimezone(UTC)


def change_of_clocks() -> datetime:
    """Return the latest moment, over two days ago, at which Berlin's clocks were set, in UTC."""
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    while at.astimezone(HOME).utcoffset() == (at - HOUR).astimezone(HOME).utcoffset():
        at -= HOUR
    return at


def job(
    client_id: str,
    job_id: str,
    begun: datetime | None,
    end: datetime,
    result: str = "succeeded",
    **said: Any,
) -> list[Envelope]:
    """Report a job from its begin to its end; without a begin, its end alone."""
    own = {
        "client_id": client_id,
        "project_id": said.pop("project_id", "oak-grove"),
        "pipeline": said.pop("pipeline", "leaves"),
        "job_id": job_id,
    }
    start = {"event_id": "s", "status": "running", "heartbeat_seconds": 86_400}
    told = [] if begun is None else [{**start, "occurred_at": rfc3339(begun)}]
    told.append({"event_id": "e", "occurred_at": rfc3339(end), **ended(result), **said})
    return [builders.job_update(**own, **one) for one in told]


def oak() -> list[Envelope]:
    """Return two months of Oak: all that analysts ask of it."""
    return [
        *_project(),
        *_plain(),
        *_long(),
        *_spike(),
        *_yesterday(),
        *_models(),
        *_pair(),
        *_night(),
    ]


def pine() -> list[Envelope]:
    """Return two weeks of Pine, whose failures went from 2 of 20 to 12 of 20."""
    return [
        one
        for days_ago, bad in ((10, 2), (4, 12))
        for number in range(20)
        for one in job(
            PINE,
            f"pine-{days_ago}-{number:02}",
            None,
            noon(days_ago) + timedelta(minutes=number),
            project_id="pine-cones",
            pipeline="pine-cones",
            **({"result": "failed", "error": RATE} if number < bad else {}),
        )
    ]


def _project() -> list[Envelope]:
    return [
        builders.project_update(
            client_id=OAK,
            project_id="oak-grove",
            event_id="p",
            occurred_at=rfc3339(noon(60)),
            name="Every leaf described",
            owner="ines@oak.example",
            status="active",
            jobs_expected=EXPECTED_JOBS,
            due_at=rfc3339(noon(-10)),
        )
    ]


def _plain() -> list[Envelope]:
    """Return short jobs of the last five days, without cost."""
    return [
        one
        for number in range(PLAIN_JOBS)
        for one in job(
            OAK,
            f"oak-plain-{number:03}",
            None,
            noon(1 + number % 5) + timedelta(minutes=number),
            pipeline="bark",
        )
    ]


def _long() -> list[Envelope]:
    """Return long jobs of three weeks ago, of which the longer are the cheaper."""
    return [
        one
        for number in range(LONG_JOBS)
        for one in job(
            OAK,
            f"oak-long-{number:02}",
            noon(20) + timedelta(minutes=number),
            noon(20) + timedelta(minutes=2 * number, hours=1),
            name=f"Describe grove {number}",
            delta={
                "records_ok": 100,
                "records_failed": number,
                "cost_microusd": 9_000_000 - 7_654 * number,
            },
        )
    ]


def _spike() -> list[Envelope]:
    """Return a day with three errors: most failed by one, but in its worst hour by another."""
    hour = noon(SPIKE_DAYS).replace(minute=0)
    failures = [
        *((f"oak-full-{number}", hour, DISK) for number in range(9)),
        *((f"oak-key-{number}", hour, KEY) for number in range(3)),
        # Spread out, so that no hour has many.
        *((f"oak-rate-{number:02}", hour - (1 + number // 2) * HOUR, RATE) for number in range(14)),
    ]
    return [
        one
        for number, (job_id, at, error) in enumerate(failures)
        for one in job(
            OAK,
            job_id,
            None,
            at + timedelta(minutes=1 + number),
            "failed",
            project_id="oak-thicket",
            error=error,
        )
    ]


def _yesterday() -> list[Envelope]:
    """Return what failed yesterday, one of it created the day before, and what failed before."""
    end = noon(1)
    timeout = {"type": "Timeout", "message": "the vendor did not answer"}
    said: dict[str, Any] = {"project_id": "oak-thicket", "error": timeout}
    return [
        *job(OAK, "oak-late-0", end - 30 * HOUR, end, "failed", **said),
        *job(OAK, "oak-late-1", end - HOUR, end, "timed_out", **said),
        *job(OAK, "oak-late-2", end - HOUR, end, "failed", **said),
        *job(OAK, "oak-late-3", noon(2) - HOUR, noon(2), "failed", **said),
    ]


def _models() -> list[Envelope]:
    """Return a job with calls to three models, of one of which nobody knows the price."""
    told = {
        "oak-large": {"llm_calls": 30, "input_tokens": 90_000, "cost_microusd": 4_200_000},
        "oak-small": {"llm_calls": 70, "input_tokens": 50_000, "cost_microusd": 700_000},
        "moss-1": {"llm_calls": 5, "input_tokens": 1_000, "llm_calls_unpriced": 5},
    }
    end = noon(2) + HOUR
    return job(OAK, "oak-modelled", end - HOUR, end, project_id="oak-thicket", delta_by_model=told)


def _pair() -> list[Envelope]:
    """Return two jobs of a pipeline of their own, of which the slow one describes for longer."""
    found = []
    for job_id, minutes, records in ((PAIR[0], (5, 20, 10), 80), (PAIR[1], (5, 50, 10), 50)):
        at = noon(2)
        mine = {"client_id": OAK, "project_id": "oak-thicket", "pipeline": "saplings"}
        for stage, length in zip(STAGES, minutes, strict=True):
            told = {"job_id": job_id, "event_id": stage, "status": "running", "stage": stage}
            found.append(builders.job_update(**mine, **told, occurred_at=rfc3339(at)))
            at += timedelta(minutes=length)
        sums = {"records_ok": records, "input_tokens": 40_000, "cost_microusd": 3_000_000}
        end = {"job_id": job_id, "event_id": "e", **ended("succeeded"), "delta": sums}
        found.append(builders.job_update(**mine, **end, occurred_at=rfc3339(at)))
    return found


def _night() -> list[Envelope]:
    """Return jobs of the night in which clocks were set: before midnight, and every hour after."""
    change = change_of_clocks()
    day = datetime.combine(change.astimezone(HOME).date(), time(), HOME).astimezone(UTC)
    return [
        one
        for hour in range(-2, 8)
        for number in range(3)
        for pipeline, longer in (("leaves", 60), ("bark", 600))
        for end in [day + hour * HOUR + timedelta(minutes=30 + number)]
        for one in job(
            OAK,
            f"oak-night-{pipeline}-{hour + 2}-{number}",
            end - timedelta(seconds=longer * (3 + hour) + 7 * number),
            end,
            project_id="oak-thicket",
            pipeline=pipeline,
        )
    ]
