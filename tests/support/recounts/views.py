"""What answers with totals must hold, counted from the events one by one.

It uses `tests.support.recounts.recount`, which shares no code with fold or rollups, and no rollup
rows itself: it makes a list of facts (a job created, an attempt started or ended, a delta), each
with its time, and counts the facts that a request is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.dynamo.querying import PAGE_BYTES, Querying
from tests.support.dynamo.stand_in import Dynamo
from tests.support.events.builders import Envelope
from tests.support.readers.ledgers import empty_store, make_ledger, post
from tests.support.readers.reading import House
from tests.support.recounts import recount
from tests.support.recounts.latest_totals import latest_totals

from run_ledger.domain.instants import parse, text

RESULTS = ("succeeded", "partial", "failed", "cancelled", "timed_out")
ATTEMPT = "attempt_"
"""Begins the names of facts about the ends of attempts; those without it are about jobs."""


@dataclass(frozen=True)
class Fact:
    """Something that happened to a job; it adds ``amount`` to the count ``name``."""

    at: int
    client_id: str
    project_id: str
    pipeline: str
    name: str
    amount: int = 1
    seconds: float | None = None
    """How long a job's latest attempt took, or any attempt, that ended."""
    model: str | None = None
    """The language model of which a change of a counter was told."""


def facts(envelopes: Iterable[Envelope]) -> Iterator[Fact]:
    """Yield all facts about the jobs in *envelopes*."""
    known = recount.distinct(envelopes)
    jobs = recount.recount_jobs(known)
    for job in jobs.values():
        who = (job["client_id"], job["project_id"], job["pipeline"])
        yield Fact(parse(job["created_at"]), *who, "created")
        for attempt in job["attempts"]:
            if attempt["started_at"] is not None:
                yield Fact(parse(attempt["started_at"]), *who, "started")
            if attempt["result"] is not None:
                ended_at, took = parse(attempt["ended_at"]), attempt["duration_seconds"]
                yield Fact(ended_at, *who, f"{ATTEMPT}{attempt['result']}", seconds=took)
        if job["result"] is not None:
            took = job["duration_seconds"]
            yield Fact(parse(job["ended_at"]), *who, job["result"], seconds=took)
    for one in known:
        if one["detail-type"] == "job_update":
            job = jobs[one["detail"]["job_id"]]
            who = (job["client_id"], job["project_id"], job["pipeline"])
            at = parse(one["detail"].get("occurred_at", one["time"]))
            for model, name, change in _changes(one["detail"]):
                yield Fact(at, *who, f"c_{name}", change, model=model)
    for job in jobs.values():
        yield from _totals(job, known)


def _totals(job: Mapping[str, Any], known: Iterable[Envelope]) -> Iterator[Fact]:
    """Yield what the running totals of *job* came to, when the last of them was told."""
    who = (job["client_id"], job["project_id"], job["pipeline"])
    told = [
        (parse(one["detail"].get("occurred_at", one["time"])), one)
        for one in known
        if one["detail"].get("job_id") == job["job_id"] and one["detail"].get("running_totals")
    ]
    ordered = [
        (
            (one["detail"].get("attempt", 1), at, one["detail"].get("event_id", one["id"])),
            one["detail"],
        )
        for at, one in told
    ]
    for name, value in latest_totals(ordered):
        yield Fact(max(at for at, _ in told), *who, f"c_{name}", value)


def _changes(detail: Mapping[str, Any]) -> Iterator[tuple[str | None, str, int]]:
    """Yield the model, if one is told, the counter and the change of each change of a counter."""
    for model, delta in [
        (None, detail.get("delta", {})),
        *detail.get("delta_by_model", {}).items(),
    ]:
        yield from ((model, name, change) for name, change in delta.items())


def series(
    counted: Iterable[Fact], key: Callable[[Fact], Any], length: int
) -> dict[Any, dict[str, dict[str, Any]]]:
    """Return the points of each group, by the time at which their interval begins.

    The caller computes percentiles, from the sorted durations in ``seconds``; those of attempts are
    in ``attempts``.
    """
    found: dict[Any, dict[str, Counter[str]]] = {}
    took: dict[tuple[Any, str, bool], list[float]] = {}
    for fact in counted:
        at = text(fact.at // length * length)
        found.setdefault(key(fact), {}).setdefault(at, Counter())[fact.name] += fact.amount
        if fact.seconds is not None:
            of_attempts = fact.name.startswith(ATTEMPT)
            took.setdefault((key(fact), at, of_attempts), []).append(fact.seconds)
    return {
        group: {
            at: _point(counts, *(sorted(took.get((group, at, one), [])) for one in (False, True)))
            for at, counts in points.items()
            if any(counts.values())
        }
        for group, points in found.items()
        if any(any(counts.values()) for counts in points.values())
    }


def _point(
    counts: Counter[str], seconds: list[float], attempt_seconds: list[float]
) -> dict[str, Any]:
    return {
        "created": counts["created"],
        "started": counts["started"],
        **_ends(counts, ""),
        "seconds": seconds,
        "attempts": {
            "started": counts["started"],
            **_ends(counts, ATTEMPT),
            "seconds": attempt_seconds,
        },
        "counters": {
            name.removeprefix("c_"): amount
            for name, amount in counts.items()
            if name.startswith("c_") and amount
        },
    }


def _ends(counts: Counter[str], kind: str) -> dict[str, Any]:
    ended = {result: counts[f"{kind}{result}"] for result in RESULTS}
    judged = sum(ended.values()) - ended["cancelled"]
    failed = ended["failed"] + ended["timed_out"]
    return {
        "ended": sum(ended.values()),
        **ended,
        "error_rate": failed / judged if judged else None,
    }


def reading_house(
    envelopes: Iterable[Envelope],
    *,
    writers: int = 3,
    page_bytes: int = PAGE_BYTES,
    store: Dynamo | None = None,
) -> House:
    """Give a reader of a ledger that several writers, each with a shard, wrote in turns."""
    store = store or empty_store()
    ledgers = [make_ledger(store, seed=seed) for seed in range(writers)]
    for number, one in enumerate(envelopes):
        report = post(ledgers[number % writers], [one])
        assert not report.failures, report.failures
    return House(Querying(store, page_bytes=page_bytes))  # type: ignore[arg-type]
