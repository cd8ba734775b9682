"""What people must be told on a day, worked out from the events as they were posted.

It shares no code with the fold, the stream or the judging of incidents: of each job it keeps the
completed events of its latest attempt, and of each pipeline how its jobs ended last.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.recounts.told import moment

from run_ledger.domain.contract.fingerprints import LATEST_VERSION, fingerprint
from run_ledger.domain.incidents.alert_rules import AlertRule

FAILED = ("failed", "timed_out")
GOOD = ("succeeded", "partial")
NO_ERROR = "none"


class Cause(NamedTuple):
    """What went wrong of a client's pipeline, or of a project; ``of_staff`` where staff asked."""

    client_id: str
    pipeline: str
    what: str
    fingerprint: str = ""
    project_id: str = ""
    of_staff: bool = False


class End(NamedTuple):
    """How a job has ended, or ended otherwise than before; ``at`` is in microseconds since 1970."""

    job_id: str
    client_id: str
    pipeline: str
    result: str
    at: int
    fingerprint: str | None


class Posted(NamedTuple):
    """An event as the ledger keeps it."""

    event_id: str
    occurred_at: int
    detail: Mapping[str, Any]


@dataclass
class _Job:
    attempt: int = 0
    ended: tuple[int, str] | None = None
    """When the latest attempt ended, and by which event."""
    earlier: dict[int, tuple[int, str, Mapping[str, Any]]] = field(default_factory=dict)
    """The last end of each attempt."""


class Ends:
    """Ends of jobs, as postings bring them."""

    def __init__(self) -> None:
        """Begin with no job."""
        self._jobs: dict[str, _Job] = {}

    def post(self, job_id: str, events: Iterable[Posted]) -> End | None:
        """Take *events* of a job that one posting has; return the end that they make, if any."""
        job = self._jobs.setdefault(job_id, _Job())
        before = (job.attempt, job.ended)
        for one in events:
            attempt = one.detail.get("attempt", 1)
            job.attempt = max(job.attempt, attempt)
            if one.detail.get("status") == "completed":
                end = (one.occurred_at, one.event_id, one.detail)
                known = job.earlier.get(attempt)
                if known is None or end[:2] > known[:2]:
                    job.earlier[attempt] = end
        latest = job.earlier.get(job.attempt)
        job.ended = None if latest is None else latest[:2]
        if latest is None or (job.attempt, job.ended) == before:
            return None
        at, _, detail = latest
        group = _group(detail)
        return End(job_id, detail["client_id"], detail["pipeline"], detail["result"], at, group)


def _group(detail: Mapping[str, Any]) -> str | None:
    if detail["result"] not in FAILED:
        return None
    error = detail.get("error")
    return fingerprint(error["type"], error["message"], LATEST_VERSION) if error else NO_ERROR


def microseconds(written: str) -> int:
    """Return a time of an event in microseconds since 1970."""
    return round(moment(written).timestamp() * 1_000_000)


@dataclass
class _Telling:
    """Whether people are told of a cause, and since when they might be."""

    due_at: int | None = None
    is_open: bool = False
    resolved_at: int = -1
    """When a person said last that what had failed until then is done with."""


class Incidents:
    """Which incidents open and close, by the rules of each client."""

    def __init__(self, rules: Mapping[str, Sequence[AlertRule]], *, of_staff: bool = False) -> None:
        """Tell by those of *rules* that are about failures; each is about all pipelines."""
        self._rules = rules
        self._of_staff = of_staff
        self._last: dict[tuple[str, str], dict[str, End]] = {}
        self._causes: dict[Cause, _Telling] = {}
        self.opened: Counter[Cause] = Counter()
        self.closed: Counter[Cause] = Counter()

    def take(self, ends: Iterable[End], now: int) -> None:
        """Take a batch of ends at *now*, in microseconds since 1970."""
        touched = {}
        for end in ends:
            pipeline = (end.client_id, end.pipeline)
            self._last.setdefault(pipeline, {})[end.job_id] = end
            touched[pipeline] = None
            if end.result in FAILED and self._rule(end.client_id, end.result) is not None:
                self._causes.setdefault(self._cause(end), _Telling())
        for pipeline in touched:
            self._judge(pipeline, now)

    def tick(self, now: int) -> None:
        """Let the time be *now*: what has outlasted its grace is told."""
        late = {
            (cause.client_id, cause.pipeline)
            for cause, telling in self._causes.items()
            if telling.due_at is not None and telling.due_at <= now
        }
        for pipeline in sorted(late):
            self._judge(pipeline, now)

    def resolve(self, cause: Cause, at: int) -> None:
        """Let a person resolve the open incident of a cause."""
        telling = self._causes[cause]
        assert telling.is_open, "only what is open is resolved"
        self.closed[cause] += 1
        telling.is_open, telling.due_at, telling.resolved_at = False, None, at

    def _rule(self, client_id: str, what: str) -> AlertRule | None:
        return next((rule for rule in self._rules[client_id] if rule.what == what), None)

    def _judge(self, pipeline: tuple[str, str], now: int) -> None:
        ends = self._last[pipeline].values()
        good_at = max((end.at for end in ends if end.result in GOOD), default=-1)
        failing: defaultdict[Cause, list[int]] = defaultdict(list)
        for end in ends:
            if end.result in FAILED and end.at > good_at:
                failing[self._cause(end)].append(end.at)
        for cause, telling in self._causes.items():
            if (cause.client_id, cause.pipeline) == pipeline:
                jobs = sum(at > telling.resolved_at for at in failing[cause])
                self._move(cause, telling, jobs, now)

    def _cause(self, end: End) -> Cause:
        fingerprint = end.fingerprint or ""
        return Cause(end.client_id, end.pipeline, end.result, fingerprint, of_staff=self._of_staff)

    def _move(self, cause: Cause, telling: _Telling, jobs: int, now: int) -> None:
        rule = self._rule(cause.client_id, cause.what)
        assert rule is not None, "only what a rule asks for is a cause"
        if not jobs:
            self.closed[cause] += telling.is_open
            telling.is_open, telling.due_at = False, None
        elif not telling.is_open:
            if telling.due_at is None:
                telling.due_at = now + rule.grace_seconds * 1_000_000
            if jobs >= rule.after and now >= telling.due_at:
                telling.is_open, telling.due_at = True, None
                self.opened[cause] += 1
