"""Rules that say of which ends of jobs a client wants to hear, and what they make of one end.

An example: `AlertRule("failed", pipeline="nightly", after=3)` asks to be told when three jobs of
one pipeline have failed by one fingerprint, and none has succeeded after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import STAFF_AS_OWNER
from run_ledger.domain.instants import Instant

AlertWhat = Literal[
    "failed",
    "timed_out",
    "partial",
    "error_rate",
    "new_error",
    "missed",
    "late",
    "too_long",
    "stalled",
    "overdue",
    "budget",
]
ALERT_WHATS: tuple[AlertWhat, ...] = get_args(AlertWhat)
TIMED_WHATS: tuple[AlertWhat, ...] = (
    *("missed", "late", "too_long", "stalled", "overdue", "budget"),
)
"""What is wrong because time passes, not because a job ends."""
MOST_AFTER = 1_000
MOST_GRACE_SECONDS = 86_400
DEFAULT_GRACE_SECONDS = 300
FEWEST_LAST, DEFAULT_LAST, MOST_LAST = 2, 20, 100
DEFAULT_RATE_PERCENT = 20
MOST_TAG_CHARACTERS = 128
NEW_AFTER_DAYS = 30
"""An error is new on a day if none of so many days before had it."""
LEAST_REMIND_SECONDS, MOST_REMIND_SECONDS = 900, 604_800
LEAST_GROWTH_SECONDS, MOST_GROWTH_SECONDS = 60, 86_400
Family = Literal[
    "ended",
    "partial",
    "rate",
    "differs",
    "missed",
    "late",
    "too_long",
    "stalled",
    "overdue",
    "budget",
]
Kind = Literal["good", "bad", "neither"]
STAFF = STAFF_AS_OWNER
"""Stands for staff where the id of a client would name whose rules or channels they are."""
_FAMILIES: Mapping[AlertWhat, Family] = {"partial": "partial", "error_rate": "rate"}
_FAILED = ("failed", "timed_out")


class Wish(NamedTuple):
    """How people want to be told of an incident, beside its opening and its end.

    Every ``remind_seconds`` that it is still open, and when it has grown, but not within
    ``growth_seconds`` of the last time; 0 stands for never. In ``quiet`` hours, not at all.
    """

    remind_seconds: int = 0
    growth_seconds: int = 0
    quiet: str | None = None


class AlertRule(Struct, frozen=True, omit_defaults=True):
    """One rule of a client.

    ``pipeline``, ``project`` and ``tag``, such as ``team:search``, narrow it down; None stands for
    all. ``after`` is the number of
    jobs after which people are told, ``grace_seconds`` the time in which a success keeps it from
    being told. ``above_percent`` is the share of failed records above which a partial job counts,
    for ``partial`` alone; for ``error_rate`` it is the error rate of the ``last`` jobs that ended.
    ``to`` names the channels by which people are told; None stands for all of the client's.
    """

    what: AlertWhat
    pipeline: str | None = None
    project: str | None = None
    after: int = 1
    grace_seconds: int = DEFAULT_GRACE_SECONDS
    above_percent: int = 0
    last: int = DEFAULT_LAST
    tag: str | None = None
    remind_seconds: int = 0
    growth_seconds: int = 0
    quiet: str | None = None
    to: tuple[str, ...] | None = None
    month_microusd: int = 0

    @property
    def wish(self) -> Wish:
        """Return how people want to be told."""
        return Wish(self.remind_seconds, self.growth_seconds, self.quiet)

    @property
    def is_timed(self) -> bool:
        """Return whether time decides it, not the end of a job."""
        return self.what in TIMED_WHATS

    def is_about(self, pipeline: str, project_id: str) -> bool:
        """Return whether jobs of *pipeline* and *project_id* are among those that it names."""
        return self.pipeline in (None, pipeline) and self.project in (None, project_id)


class IncidentScope(NamedTuple):
    """Whose failures and successes are judged together: those of one pipeline of a client.

    ``project_id`` is None unless a rule names a project, and so is ``tag``. A success ends what is
    wrong in its ``family``: partial jobs deliver, so they end failures, and only a good job ends
    partial ones. ``owner`` is `STAFF` where staff's rules ask, and None where the client's do: so
    each is told by their own rules and channels, whatever the others are told.
    """

    client_id: str
    pipeline: str
    project_id: str | None
    family: Family
    tag: str | None = None
    owner: str | None = None

    @property
    def listener(self) -> str:
        """Return whose channels are told: the client's id, or `STAFF`."""
        return self.owner or self.client_id

    @property
    def is_of_staff(self) -> bool:
        """Return whether staff alone are told, may see it, and may act on it."""
        return self.listener == STAFF


class JobEnd(Struct, frozen=True):
    """How a job has ended, as its item shows.

    ``version`` grows with each change of the item. ``at`` is when it ended, by the producer's
    clock, and never later than when the ledger heard of it. ``error`` is the type and message;
    the error is new to the client where ``is_new`` says so. What time decides takes this form, too:
    not ``is_job`` then, and ``job_id`` names a slot.
    """

    job_id: str
    version: int
    client_id: str
    project_id: str
    pipeline: str
    result: str
    at: Instant
    fingerprint: str | None = None
    error: tuple[str, str] | None = None
    records_ok: int = 0
    records_failed: int = 0
    tags: Mapping[str, str] = {}
    is_new: bool = False
    is_job: bool = True

    def has_tag(self, tag: str | None) -> bool:
        """Return whether it has a tag, such as ``team:search``; None stands for any."""
        return tag is None or any(f"{name}:{value}" == tag for name, value in self.tags.items())

    def has_more_failed_than(self, percent: int) -> bool:
        """Return whether more than *percent* of its records have failed."""
        return 100 * self.records_failed > percent * (self.records_ok + self.records_failed)


class Ruling(NamedTuple):
    """What one end of a job is in a scope; ``rule`` is the one that makes it ``bad``.

    ``rates`` are the rules about error rates there, which ask for the end of every job.
    """

    kind: Kind
    end: JobEnd
    rule: AlertRule | None = None
    rates: tuple[AlertRule, ...] = ()


def rulings_on(
    rules: Iterable[AlertRule], end: JobEnd, owner: str | None = None
) -> Mapping[IncidentScope, Ruling]:
    """Return what *end* is in each scope that *rules* give it; nothing where no rule is about it.

    *owner* is `STAFF` where the rules are staff's.
    Where several rules ask for it, the first one does; those about error rates all do, besides.
    """
    concerned = [
        rule for rule in rules if not rule.is_timed and rule.is_about(end.pipeline, end.project_id)
    ]
    found: dict[IncidentScope, Ruling] = {}
    asked: AlertRule | None = None
    for rule in concerned:
        scope = _scope_of(rule, end, owner)
        if not end.has_tag(rule.tag):
            # It may have had the tag when it ended before, and that counts no more.
            if rule.what != "error_rate":
                found.setdefault(scope, Ruling("neither", end))
        elif rule.what == "error_rate":
            others = found[scope].rates if scope in found else ()
            found[scope] = Ruling(_in_a_rate(end), end, rates=(*others, rule))
        elif asked is None and _asks_for(rule, end):
            asked = rule
            found[scope] = Ruling("bad", end, rule)
        elif scope not in found:
            found[scope] = Ruling(_unasked(rule, end), end)
    return found


def new_error_scope(
    rules: Iterable[AlertRule], end: JobEnd, owner: str | None = None
) -> IncidentScope | None:
    """Return the scope that *end* has if its error is new; None where nobody asks for that."""
    if end.result not in _FAILED or not end.fingerprint:
        return None
    for rule in rules:
        is_about = rule.is_about(end.pipeline, end.project_id) and end.has_tag(rule.tag)
        if is_about and rule.what == "new_error":
            return _scope_of(rule, end, owner)
        if is_about and _asks_for(rule, end):
            return None
    return None


def _scope_of(rule: AlertRule, end: JobEnd, owner: str | None) -> IncidentScope:
    project_id = None if rule.project is None else end.project_id
    family = _FAMILIES.get(rule.what, "ended")
    return IncidentScope(end.client_id, end.pipeline, project_id, family, rule.tag, owner)


def _in_a_rate(end: JobEnd) -> Kind:
    """Return what an end is to an error rate, which counts everything but what was cancelled."""
    if end.result in _FAILED:
        return "bad"
    return "neither" if end.result == "cancelled" else "good"


def _asks_for(rule: AlertRule, end: JobEnd) -> bool:
    if rule.what == "new_error":
        return end.is_new and end.result in _FAILED
    if rule.what != end.result:
        return False
    return rule.what != "partial" or end.has_more_failed_than(rule.above_percent)


def _unasked(rule: AlertRule, end: JobEnd) -> Kind:
    """Return what an end is that *rule* does not ask for, and no earlier one of its scope."""
    if end.result == "succeeded":
        return "good"
    if end.result != "partial" or _asks_for(rule, end):
        return "neither"
    return "good"
