"""A request to stop, by signal."""

import time
from dataclasses import dataclass
from types import FrameType


class StoppedError(BaseException):
    """The demo was asked to stop; like KeyboardInterrupt, no handler of errors may catch it."""


@dataclass(slots=True)
class Stop:
    """A request to stop, by signal, that also ends a call or a sleep that is under way."""

    is_asked: bool = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """Stop now; further requests change nothing."""
        if not self.is_asked:
            self.is_asked = True
            raise StoppedError

    def sleep(self, seconds: float) -> None:
        """Sleep, unless asked to stop: an exception raised inside a finaliser gets lost."""
        if self.is_asked:
            raise StoppedError
        time.sleep(seconds)
