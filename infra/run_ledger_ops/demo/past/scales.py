"""How large simulated jobs are, how often they report, and what becomes of them."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random


class AttemptEnd(StrEnum):
    """How one attempt of a job ends."""

    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"  # by something that another attempt would not mend
    CRASHED = "crashed"  # failed by something that passes
    CANCELLED = "cancelled"
    GIVEN_UP = "given_up"  # falls silent, and is timed out by its scheduler later
    LOST = "lost"  # falls silent, and is begun anew later
    ABANDONED = "abandoned"  # falls silent for good

    @property
    def result(self) -> str:
        """The result that the attempt's last event reports."""
        return {AttemptEnd.CRASHED: "failed", AttemptEnd.GIVEN_UP: "timed_out"}.get(
            self, self.value
        )

    @property
    def is_silent(self) -> bool:
        """Whether the attempt stops reporting without saying that it ended."""
        return self in (AttemptEnd.GIVEN_UP, AttemptEnd.LOST, AttemptEnd.ABANDONED)

    @property
    def does_all(self) -> bool:
        """Whether the attempt gets through all records that are left."""
        return self in (AttemptEnd.SUCCEEDED, AttemptEnd.PARTIAL)


Course = tuple[AttemptEnd, ...]
_STEADY_COURSES: dict[Course, float] = {
    (AttemptEnd.SUCCEEDED,): 0.780,
    (AttemptEnd.PARTIAL,): 0.070,
    (AttemptEnd.FAILED,): 0.030,
    (AttemptEnd.CANCELLED,): 0.018,
    (AttemptEnd.CRASHED, AttemptEnd.SUCCEEDED): 0.055,
    (AttemptEnd.CRASHED, AttemptEnd.PARTIAL): 0.012,
    (AttemptEnd.CRASHED, AttemptEnd.CRASHED): 0.012,
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The measures of simulated jobs: pairs are bounds in seconds, courses have weights."""

    work_seconds: tuple[float, float]
    queue_seconds: tuple[float, float]
    report_seconds: tuple[float, float]
    retry_seconds: tuple[float, float]
    silence_seconds: tuple[float, float]
    heartbeat_seconds: int
    delivery_share: float
    silent_courses: dict[Course, float]

    def course(self, dice: Random, *, may_fall_silent: bool) -> Course:
        """Draw what becomes of a job, attempt by attempt."""
        courses = _STEADY_COURSES | (self.silent_courses if may_fall_silent else {})
        return dice.choices(list(courses), list(courses.values()))[0]

    def draw_work_seconds(self, dice: Random) -> float:
        """Draw how long a job works: short ones are more frequent than long ones."""
        low, high = self.work_seconds
        return float(low * (high / low) ** dice.random())


# A past job reports seldom: as much work, told in few events.
PAST = Scale(
    work_seconds=(240, 3_000),
    queue_seconds=(5, 300),
    report_seconds=(300, 900),
    retry_seconds=(60, 900),
    silence_seconds=(4_000, 7_000),
    heartbeat_seconds=3_600,
    delivery_share=0.5,
    silent_courses={
        (AttemptEnd.GIVEN_UP,): 0.006,
        (AttemptEnd.LOST, AttemptEnd.SUCCEEDED): 0.004,
        (AttemptEnd.ABANDONED,): 0.004,
    },
)
