"""What becomes of made-up jobs, attempt by attempt."""

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
    ABANDONED = "abandoned"  # falls silent, until a person cancels it many hours later

    @property
    def result(self) -> str:
        """The result that the attempt's last event reports."""
        results = {
            AttemptEnd.CRASHED: "failed",
            AttemptEnd.GIVEN_UP: "timed_out",
            AttemptEnd.ABANDONED: "cancelled",
        }
        return results.get(self, self.value)

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
_SILENT_COURSES: dict[Course, float] = {
    (AttemptEnd.GIVEN_UP,): 0.006,
    (AttemptEnd.LOST, AttemptEnd.SUCCEEDED): 0.004,
    (AttemptEnd.ABANDONED,): 0.006,
}


def draw_course(dice: Random, *, may_fall_silent: bool) -> Course:
    """Draw how each attempt of a job ends, in their order; the figures above are weights."""
    courses = _STEADY_COURSES | (_SILENT_COURSES if may_fall_silent else {})
    return dice.choices(list(courses), list(courses.values()))[0]
