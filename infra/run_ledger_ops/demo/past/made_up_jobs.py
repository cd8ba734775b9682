"""The events of one made-up job that does records."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from run_ledger_ops.demo.past.courses import AttemptEnd, Course
from run_ledger_ops.demo.past.job_events import JobEvents, SimulatedJob
from run_ledger_ops.demo.past.mishaps import Mishap, no_sign_of_life
from run_ledger_ops.demo.past.simulated_work import Work
from run_ledger_ops.demo.reporting.demo_events import DemoEvent

# A job of the past reports seldom: as much work as others, in few events. Pairs are bounds.
_WORK_SECONDS = (240, 3_000)
QUEUE_SECONDS = (5, 300)
_REPORT_SECONDS = (300, 900)
_RETRY_SECONDS = (60, 900)
_SILENCE_SECONDS = (4_000, 7_000)
_ABANDONED_SECONDS = (20_000, 70_000)
_FAULTY_PORTIONS = 0.3


def live(job: SimulatedJob, begun_at: datetime, course: Course, dice: Random) -> list[DemoEvent]:
    """Let a job live through the given course, attempt by attempt, and give all its events."""
    shortest, longest = _WORK_SECONDS
    work_seconds = shortest * (longest / shortest) ** dice.random()  # short ones are frequent
    records = work_seconds * job.pipeline.records_per_second * dice.uniform(0.7, 1.3)
    work = Work(job.pipeline, int(records), dice)
    events = JobEvents(job)
    at = begun_at
    for number, ending in enumerate(course, start=1):
        attempt = _Attempt(number, ending, events, work, dice)
        at = attempt.add_events(at, work_seconds)
        at += seconds_between(dice, _RETRY_SECONDS)
    return events.events


def seconds_between(dice: Random, bounds: tuple[float, float]) -> timedelta:
    """Draw a duration, in whole milliseconds as events report them."""
    return timedelta(milliseconds=int(dice.uniform(*bounds) * 1_000))


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt at a job's work."""

    number: int
    ending: AttemptEnd
    events: JobEvents
    work: Work
    dice: Random

    def add_events(self, at: datetime, work_seconds: float) -> datetime:
        """Add the attempt's events, from the queue to its end, and return when it is over."""
        number, events, work = self.number, self.events, self.work
        events.queued(at, number, records_total=work.records_total)
        at += seconds_between(self.dice, QUEUE_SECONDS)
        stage = work.stage
        events.running(at, number, stage=stage)
        mishap = self._draw_mishap()
        over_at = at
        for over_at, records, is_last in self._portions(at, work_seconds):
            fields = work.do(records, mishap=mishap, is_faulty=self._is_faulty())
            if work.stage != stage:
                fields["stage"] = stage = work.stage
            if is_last and not self.ending.is_silent:
                error = (
                    None if mishap is None else mishap.error(self.dice, work.records_total, over_at)
                )
                events.completed(over_at, number, self.ending.result, error, **fields)
            elif fields:
                events.add(over_at, number, **fields)
        return self._stay_silent(over_at) if self.ending.is_silent else over_at

    def _portions(self, at: datetime, work_seconds: float) -> Iterator[tuple[datetime, int, bool]]:
        """Cut the attempt's work into portions: when, how many records, whether the last."""
        dice, work = self.dice, self.work
        share = 1.0 if self.ending.does_all else dice.uniform(0.1, 0.85)
        records = round(work.records_left * share)
        seconds = work_seconds * records / work.records_total * dice.uniform(0.8, 1.25)
        number = max(1, round(seconds / dice.uniform(*_REPORT_SECONDS)))
        pause = seconds / number
        done = 0
        for portion in range(1, number + 1):
            at += timedelta(milliseconds=1) + seconds_between(dice, (0.8 * pause, 1.2 * pause))
            is_last = portion == number
            progress = 1.0 if is_last else (portion + dice.uniform(-0.3, 0.3)) / number
            until = round(records * progress)
            yield at, until - done, is_last
            done = until

    def _is_faulty(self) -> bool:
        """Whether some records of the next portion fail: only in attempts that end as partial."""
        if self.ending is not AttemptEnd.PARTIAL:
            return False
        return self.work.records_failed == 0 or self.dice.random() < _FAULTY_PORTIONS

    def _draw_mishap(self) -> Mishap | None:
        """Draw what the attempt runs into, if its ending wants that."""
        if self.ending not in (AttemptEnd.PARTIAL, AttemptEnd.FAILED, AttemptEnd.CRASHED):
            return None
        passes = self.ending is AttemptEnd.CRASHED
        kinds = [kind for kind in self.events.job.pipeline.mishaps if kind.passes is passes]
        return self.dice.choice(kinds)

    def _stay_silent(self, at: datetime) -> datetime:
        """Let time go by without a word, until a scheduler or a person ends the attempt, if any."""
        if self.ending is AttemptEnd.ABANDONED:
            silence = seconds_between(self.dice, _ABANDONED_SECONDS)
            self.events.completed(at + silence, self.number, self.ending.result, None)
            return at + silence
        silence = seconds_between(self.dice, _SILENCE_SECONDS)
        if self.ending is AttemptEnd.GIVEN_UP:
            minutes = int(silence.total_seconds() // 60)
            error = no_sign_of_life(minutes)
            self.events.completed(at + silence, self.number, self.ending.result, error)
        return at + silence
