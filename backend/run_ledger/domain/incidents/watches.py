"""How the runs of a pipeline are judged by its schedule: slot by slot, each once, in their order.

A *slot* is a time at which a run is asked for. A run is a job, and begins when the first event of
it happened. A slot is judged once its grace is over, and once all that was reported until then is
known: its run was *missed* if none began from a little before the slot to the end of the grace. The
next run after that makes it good, whenever it begins. If it begins before the next slot, it is that
slot's run, and *late*.

So nothing depends on when the judge works. One who comes hours later finds the same missed runs,
and the same runs after them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from msgspec import Struct, structs

from run_ledger.domain import instants
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.lengths import length_text

from .alert_rules import AlertRule, AlertWhat, JobEnd, Ruling
from .expectations import Expectation, Slots

_MOST_EARLY = 60 * MICROSECONDS
"""How much before its slot a run may begin: no two clocks are the same."""

_LOOK_BACK = 900 * MICROSECONDS
"""How far back a run is looked for again that nobody had reported in time."""

TOLD_WITHOUT_RULE: tuple[AlertWhat, ...] = ("missed", "too_long")
"""What is told of an expectation where its client has no rule for it."""

RunFamily = Literal["missed", "late"]


class Run(NamedTuple):
    """A job of the pipeline, and when it began."""

    job_id: str
    at: Instant


class RunQuestion(NamedTuple):
    """Asks for a run that began from ``low`` to ``high``: the first one, or the newest."""

    low: Instant
    high: Instant
    newest: bool = False


FindRun = Callable[[RunQuestion], Run | None]


class Watch(Struct, frozen=True):
    """How far the slots of one expectation have been judged.

    ``slot`` is the next one to judge, and ``after`` the instant that it was reckoned from.
    ``missed`` is the last slot whose run was missed, None once a later run has come: none has
    begun by ``looked``, None where nobody has looked yet. ``late`` says that the last run was late.
    """

    expectation: Expectation
    after: Instant
    slot: Instant | None
    missed: Instant | None = None
    late: bool = False
    looked: Instant | None = None

    @property
    def is_due_from(self) -> Instant | None:
        """Return from when on the next slot can be judged."""
        return None if self.slot is None else _later(self.slot, self.expectation.grace_seconds)


class SlotVerdict(NamedTuple):
    """What one step of judging found: a ruling for a family, or none, and the watch after it."""

    watch: Watch
    family: RunFamily | None = None
    ruling: Ruling | None = None


def begun_watch(expectation: Expectation, known: Watch | None, now: Instant, slots: Slots) -> Watch:
    """Return the watch of *expectation*, which goes on where *known* is one of the same schedule.

    Of a new schedule, slots count from *now* on.
    """
    if known is not None and _schedule(known.expectation) == _schedule(expectation):
        return structs.replace(known, expectation=expectation)
    slot = next(slots(expectation, now), None)
    missed, late = (None, False) if known is None else (known.missed, known.late)
    return Watch(expectation, now, slot, missed, late)


def verdicts(
    watch: Watch, watermark: Instant, now: Instant, find: FindRun, slots: Slots
) -> Iterator[SlotVerdict]:
    """Yield what is found step by step, up to *watermark*; *find* knows the runs until *now*.

    Each step can be kept before the next is asked for. A step that is done again, as
    what came of it was not kept, finds the same.
    """
    while True:
        due = watch.is_due_from
        if watch.missed is not None:
            high = now if due is None else Instant(min(due, now))
            for verdict in _made_good(watch, high, watermark, find, slots):
                watch = verdict.watch
                yield verdict
            if watch.missed is not None and _is_worth_noting(watch, min(high, watermark)):
                watch = structs.replace(watch, looked=Instant(min(high, watermark)))
                yield SlotVerdict(watch)
        if watch.slot is None or watch.is_due_from is None or watch.is_due_from > watermark:
            return
        for verdict in _judged(watch, watch.slot, find, slots):
            watch = verdict.watch
            yield verdict


def with_undeclared(alerts: Iterable[AlertRule]) -> list[AlertRule]:
    """Return *alerts* with a rule for each thing that is told without one."""
    declared = list(alerts)
    known = {rule.what for rule in declared}
    return declared + [
        AlertRule(what, grace_seconds=0) for what in TOLD_WITHOUT_RULE if what not in known
    ]


def rule_about(
    what: str, expectation: Expectation, alerts: Iterable[AlertRule], *, by_default: bool
) -> AlertRule | None:
    """Return the first rule that asks to hear of *what* about an expectation's pipeline.

    Where a client has no rule for *what* at all, there is one *by_default*, which tells no channel.
    """
    mine = [rule for rule in alerts if rule.what == what]
    if not mine and by_default:
        return AlertRule(what, grace_seconds=0)  # type: ignore[arg-type]
    about = (expectation.pipeline, expectation.project or "")
    return next((rule for rule in mine if rule.is_about(*about)), None)


def with_rule(ruling: Ruling, rule: AlertRule | None, client_id: str) -> Ruling | None:
    """Return *ruling* as that of *rule*, about a client; None where nobody wants to hear of it.

    What is good needs no rule: it closes what was opened by an earlier one.
    """
    end = structs.replace(ruling.end, client_id=client_id)
    if ruling.kind != "bad":
        return Ruling(ruling.kind, end)
    return None if rule is None else Ruling(ruling.kind, end, rule)


def _schedule(expectation: Expectation) -> tuple[str | None, str, int | None]:
    return expectation.cron, expectation.timezone, expectation.every_seconds


def _judged(watch: Watch, slot: Instant, find: FindRun, slots: Slots) -> Iterator[SlotVerdict]:
    """Yield what became of *slot*, whose time is over."""
    one = watch.expectation
    end = _later(slot, one.grace_seconds)
    if one.every_seconds is not None:
        run = find(RunQuestion(Instant(watch.after + 1), end, newest=True))
        after = slot if run is None else run.at
    else:
        run = find(RunQuestion(_earliest(watch, slot, slots), end))
        after = slot
    later = next(slots(one, after), None)
    following = structs.replace(watch, after=after, slot=later)
    if run is None:
        missed = structs.replace(following, missed=slot, looked=None)
        yield SlotVerdict(
            missed, "missed", Ruling("bad", _end(one, slot, "missed", _missed(one, slot)))
        )
    elif watch.late:
        punctual = structs.replace(following, late=False)
        yield SlotVerdict(punctual, "late", Ruling("good", _run_end(one, run, Instant(slot + 1))))
    else:
        yield SlotVerdict(following)


def _made_good(
    watch: Watch, high: Instant, watermark: Instant, find: FindRun, slots: Slots
) -> Iterator[SlotVerdict]:
    """Yield that a run has come after one was missed, if it has by *high*.

    An earlier one may still come to be known where it began after *watermark*. So it ends what
    was missed, but the slot is settled later: by then its own run is known, which may be late.
    """
    one, slot = watch.expectation, watch.missed
    if slot is None:
        return
    # What a client's jobs tell of a long time is not read again each minute.
    low = slot if watch.looked is None else max(slot, watch.looked - _LOOK_BACK)
    run = find(RunQuestion(Instant(low - _MOST_EARLY), high)) if high >= slot else None
    if run is None:
        return
    good = Ruling("good", _run_end(one, run, Instant(slot + 1)))
    if run.at > watermark:
        yield SlotVerdict(watch, "missed", good)
        return
    following = next(slots(one, slot), None)
    is_late = run.at > _later(slot, one.grace_seconds) and (
        following is None or run.at < following - _early(slot, following)
    )
    if is_late:
        late = _end(one, slot, "late", _late(one, slot, run))
        watch = structs.replace(watch, late=True)
        # The slot stays missed until the end: a step that is cut off is done again.
        yield SlotVerdict(watch, "late", Ruling("bad", late))
    watch = structs.replace(watch, missed=None, looked=None)
    if one.every_seconds is not None and run.at > watch.after:
        watch = structs.replace(watch, after=run.at, slot=next(slots(one, run.at)))
    yield SlotVerdict(watch, "missed", good)


def _is_worth_noting(watch: Watch, looked: int) -> bool:
    """Return whether so much was looked through that it should not be read again."""
    known = watch.missed if watch.looked is None else watch.looked
    return known is not None and looked - known > _LOOK_BACK


def _earliest(watch: Watch, slot: Instant, slots: Slots) -> Instant:
    """Return from when on a run is that of *slot*, and not of the one before."""
    following = next(slots(watch.expectation, slot), None)
    return Instant(slot - (_MOST_EARLY if following is None else _early(slot, following)))


def _early(slot: Instant, following: Instant) -> int:
    return min(_MOST_EARLY, (following - slot) // 2)


def _later(at: Instant, seconds: int) -> Instant:
    return Instant(at + seconds * MICROSECONDS)


def _end(one: Expectation, slot: Instant, result: str, text: str) -> JobEnd:
    """Return a slot as the fold takes it: in place of a job, by the text of its time."""
    return JobEnd(
        job_id=instants.text(slot),
        version=1,
        client_id="",
        project_id=one.project or "",
        pipeline=one.pipeline,
        result=result,
        at=slot,
        error=(result, text),
        is_job=False,
    )


def _run_end(one: Expectation, run: Run, least: Instant) -> JobEnd:
    """Return a run as the fold takes it; it counts as no earlier than *least*."""
    at = Instant(max(run.at, least))
    return JobEnd(run.job_id, at, "", one.project or "", one.pipeline, "begun", at)


def _missed(one: Expectation, slot: Instant) -> str:
    by = instants.clock_text(_later(slot, one.grace_seconds))
    return f"no run began by {by}; asked for at {instants.clock_text(slot)}{_why(one)}"


def _late(one: Expectation, slot: Instant, run: Run) -> str:
    return (
        f"a run began at {instants.clock_text(run.at)}; "
        f"asked for at {instants.clock_text(slot)}{_why(one)}"
    )


def _why(one: Expectation) -> str:
    if one.cron is not None:
        return f" by cron {one.cron} in {one.timezone}{one.source_text}"
    return f", {length_text(one.every_seconds or 0)} after the last{one.source_text}"
