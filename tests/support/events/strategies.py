"""Histories of jobs and projects at the edges where a ledger goes wrong.

Instants come from a small set around hours, midnights and the ends of years, so that equal times
and edges are frequent. Event ids come from a set whose order is unusual (numbers as text, capitals,
characters that UTF-16 would sort differently). Deltas are negative, zero and as large as the
contract allows. All strategies give valid *envelopes* (see `tests.support.events.builders`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from tests.support.events import builders
from tests.support.events.builders import Envelope

RESULTS = ("succeeded", "partial", "failed", "cancelled", "timed_out")
LARGEST = 2**53

_EDGES = (
    datetime(2026, 11, 22, tzinfo=UTC),  # a midnight in UTC
    datetime(2026, 11, 22, 1, tzinfo=UTC),  # an hour
    datetime(2027, 1, 1, tzinfo=UTC),  # the end of a year
    datetime(2028, 2, 29, tzinfo=UTC),  # a leap day
)
_STEPS = (
    timedelta(0),
    timedelta(microseconds=-1),
    timedelta(microseconds=1),
    timedelta(seconds=-1),
    timedelta(milliseconds=1500),
    timedelta(minutes=30),
    timedelta(hours=-1),
)
_FAR = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)
_OFFSETS = (0, 0, 0, 330, -480, 840, -720, 1, -1439)


@st.composite
def _moments(draw: st.DrawFn) -> datetime:
    if draw(st.integers(0, 19)) == 0:
        return draw(st.sampled_from(_FAR))
    return draw(st.sampled_from(_EDGES)) + draw(st.sampled_from(_STEPS))


@st.composite
def times(draw: st.DrawFn) -> str:
    """Give an RFC 3339 time near an edge, in some zone, with as many decimals as it needs."""
    return _written(draw, draw(_moments()))


@st.composite
def any_times(draw: st.DrawFn) -> str:
    """Give any time of the years 1 to 9999, in some zone."""
    moment = draw(
        st.datetimes(
            min_value=datetime(1, 1, 3),  # noqa: DTZ001 - the zone is drawn below
            max_value=datetime(9999, 12, 29),  # noqa: DTZ001 - the zone is drawn below
            timezones=st.just(UTC),
        )
    )
    return _written(draw, moment)


def _written(draw: st.DrawFn, moment: datetime) -> str:
    offset = 0 if moment in _FAR else draw(st.sampled_from(_OFFSETS))
    written = moment.astimezone(timezone(timedelta(minutes=offset))).isoformat()
    return written.replace("+00:00", "Z") if draw(st.booleans()) else written


event_ids = st.sampled_from(
    ("1", "10", "9", "09", "A", "a", "Z", "_", "a b", "é", "\uffff", "\U0001d4b3", "x" * 128)
) | st.text(  # a lone surrogate is no text
    min_size=1,
    max_size=4,
)

identifiers = st.sampled_from(("a", "A", "0", "a.b:c_d-e", "x" * 128)) | st.from_regex(
    r"[A-Za-z0-9._:-]{1,8}", fullmatch=True
)

texts = st.text(max_size=12)

errors = st.fixed_dictionaries(
    {
        "type": st.sampled_from(("ValueError", "openai.RateLimitError", "")),
        "message": st.sampled_from(("row 17 is bad", "row 18 is bad", "", "boom 'x'")),
    },
    optional={"fingerprint": st.sampled_from(("fp", "none", "f" * 128))},
)

counter_names = st.sampled_from(
    (
        *("records_ok", "records_failed", "input_tokens", "cost_microusd", "llm_calls_unpriced"),
        *("pages_seen", "a", "z_9"),
    )
)
changes = st.integers(-3, 3) | st.sampled_from((LARGEST, -LARGEST, 1 - LARGEST))
deltas = st.dictionaries(counter_names, changes, max_size=4)
model_names = st.sampled_from(("gpt-4o", "a/b:c d", "é", "other", "m" * 128))
deltas_by_model = st.dictionaries(model_names, deltas, max_size=3)
# As many parts as a job keeps are too many to draw: see `test_running_totals`.
part_names = st.sampled_from(("a", "b/c d", "é", "\U0001d4b3", "p" * 64))
part_counters = st.sampled_from(("records_ok", "cost_microusd", "output_bytes", "input_files"))
totals = st.dictionaries(part_counters, st.sampled_from((0, 1, 5, LARGEST)), max_size=3)
running_totals = st.dictionaries(part_names, totals, max_size=3)
tags = st.dictionaries(st.sampled_from(("team", "run", "é")), texts, max_size=2)

_attempts = st.sampled_from((1, 1, 1, 2, 2, 3, LARGEST))

_job_fields: dict[str, st.SearchStrategy[Any]] = {
    "attempt": _attempts,
    "name": st.sampled_from(("first", "second", "")),
    "parent_job_id": st.sampled_from(("parent-1", "parent-2")),
    "stage": st.sampled_from(("load", "enrich", "")),
    "records_total": st.sampled_from((0, 1, LARGEST)),
    "log_url": st.sampled_from(("https://logs.test/1", "https://logs.test/2")),
    "tags": tags,
    "heartbeat_seconds": st.sampled_from((1, 60)),
    "error": errors,
    "delta": deltas,
    "delta_by_model": deltas_by_model,
    "running_totals": running_totals,
    "expect": st.sampled_from(
        (
            {},
            {"every": "1h", "grace": "0s"},
            {"cron": "0 2 * * 1-5", "timezone": "Europe/Berlin", "max_duration": "2h"},
        )
    ),
}
_project_fields: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(("first", "second", "")),
    "owner": st.sampled_from(("ana@a.test", "bo@a.test")),
    "due_at": times(),
    "jobs_expected": st.sampled_from((0, 1, LARGEST)),
    "status": st.sampled_from(("active", "paused", "completed", "archived")),
    "tags": tags,
    "delta": deltas,
}


_nothing: dict[str, Any] = dict.fromkeys(
    [
        *("attempt", "delta", "delta_by_model", "error", "event_id", "log_url", "name", "stage"),
        *("running_totals", "expect", "tags"),
    ]
)
_nulls = st.just({}) | st.sets(st.sampled_from(sorted(_nothing)), max_size=3)


def _with_nulls(draw: st.DrawFn, detail: dict[str, Any]) -> dict[str, Any]:
    """Return *detail* with null in some fields that it lacks, and among its tags or deltas."""
    nulls = {name: None for name in draw(_nulls) if name not in detail}
    holes = {
        name: {**detail[name], "nothing": None}
        for name in ("delta", "delta_by_model", "running_totals", "tags")
        if nulls and detail.get(name)
    }
    return {**detail, **nulls, **holes}


# The events of one history share few moments, so that most are tied with another.
_few_moments = st.lists(_moments(), min_size=1, max_size=3)


@st.composite
def job_details(draw: st.DrawFn) -> dict[str, Any]:
    """Give the detail of a job_update, without identity, id and time.

    A third of them carry only a delta, as most events of a pipeline do.
    """
    if draw(st.integers(0, 2)) == 0:
        detail: dict[str, Any] = {"delta": draw(deltas), "attempt": draw(_attempts)}
        if draw(st.booleans()):
            detail["delta_by_model"] = draw(deltas_by_model)
        statuses: tuple[str | None, ...] = (None, "running")
    else:
        names = draw(st.sets(st.sampled_from(sorted(_job_fields)), max_size=4))
        detail = {name: draw(_job_fields[name]) for name in sorted(names)}
        statuses = (None, "queued", "running", "completed", "completed")
    status = draw(st.sampled_from(statuses))
    if status is not None:
        detail["status"] = status
    if status == "completed":
        detail["result"] = draw(st.sampled_from(RESULTS))
    return detail


@st.composite
def project_details(draw: st.DrawFn) -> dict[str, Any]:
    """Give the detail of a project_update, without identity, id and time."""
    names = draw(st.sets(st.sampled_from(sorted(_project_fields)), max_size=3))
    return {name: draw(_project_fields[name]) for name in sorted(names)}


@st.composite
def job_histories(
    draw: st.DrawFn,
    *,
    max_size: int = 8,
    job_id: str = builders.JOB_ID,
    identity: dict[str, str] | None = None,
) -> list[Envelope]:
    """Give the events of one job, with distinct event ids, in any order."""
    same = {
        "job_id": job_id,
        "project_id": builders.PROJECT_ID,
        "client_id": builders.CLIENT_ID,
        **(identity or {}),
    }
    same_thing = st.sampled_from(({}, {"pipeline": "default"})) if not identity else st.just({})
    ids = draw(st.lists(event_ids, min_size=1, max_size=max_size, unique=True))
    moments = draw(_few_moments)
    return [
        _enveloped(
            draw,
            "job_update",
            event_id,
            moments,
            _with_nulls(draw, {**same, **draw(same_thing), **draw(job_details())}),
        )
        for event_id in ids
    ]


@st.composite
def ledgers(draw: st.DrawFn, *, max_jobs: int = 3) -> list[Envelope]:
    """Give the events of several jobs of few clients, projects and pipelines, mixed."""
    mixed: list[Envelope] = []
    for number in range(draw(st.integers(1, max_jobs))):
        identity = {
            "client_id": draw(st.sampled_from(("client-1", "client-2"))),
            "project_id": draw(st.sampled_from(("project-1", "project-2"))),
            "pipeline": draw(st.sampled_from(("default", "p.1"))),
        }
        mixed += draw(job_histories(max_size=5, job_id=f"job-{number}", identity=identity))
    return draw(orders(mixed))


@st.composite
def project_histories(draw: st.DrawFn, *, max_size: int = 8) -> list[Envelope]:
    """Give the events of one project, with distinct event ids, in any order."""
    same = {"project_id": builders.PROJECT_ID, "client_id": builders.CLIENT_ID}
    ids = draw(st.lists(event_ids, min_size=1, max_size=max_size, unique=True))
    moments = draw(_few_moments)
    return [
        _enveloped(draw, "project_update", event_id, moments, {**same, **draw(project_details())})
        for event_id in ids
    ]


def _enveloped(
    draw: st.DrawFn,
    detail_type: str,
    event_id: str,
    moments: list[datetime],
    detail: dict[str, Any],
) -> Envelope:
    """Put id and time into the detail, or leave either to the envelope."""
    time = _written(draw, draw(st.sampled_from(moments)))
    bus_id, bus_time = f"bus-{event_id}"[:128], builders.TIME
    if draw(st.booleans()):
        detail["event_id"] = event_id
    else:
        bus_id = event_id
    if draw(st.booleans()):
        detail["occurred_at"] = time
    else:
        bus_time = time
    return builders.envelope(detail, detail_type=detail_type, envelope_id=bus_id, time=bus_time)


def orders(envelopes: Sequence[Envelope]) -> st.SearchStrategy[list[Envelope]]:
    """Give *envelopes* in any order.

    A permutation is drawn as one seed: drawing swap by swap spends most of a test's time.
    """
    return st.integers(0, 2**16).map(
        lambda seed: random.Random(seed).sample(list(envelopes), len(envelopes))
    )


@st.composite
def deliveries(draw: st.DrawFn, envelopes: Sequence[Envelope]) -> list[list[Envelope]]:
    """Give *envelopes* as a queue may deliver them: in any order, some twice, in batches."""
    repeats = draw(st.lists(st.sampled_from(list(envelopes)), max_size=4))
    delivered = draw(orders([*envelopes, *repeats]))
    size = draw(st.integers(1, len(delivered)))
    return [delivered[start : start + size] for start in range(0, len(delivered), size)]
