"""Batches of a table's stream: a function gets one in its mapping's window at most.

AWS gathers records for that long before each invocation, unless a batch is full; here a lone record
shows at once, and what comes within the window after it gathers.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_USUAL_BATCH = 100
_OF_A_STREAM = ":dynamodb:"
_Mapping = tuple[str, str, dict[str, Any]]


class StreamWindows:
    """Knows which mappings have just given a batch; *wake* makes the local AWS look again."""

    def __init__(
        self, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wake = wake
        self._clock = clock
        self._rests_until: dict[str, float] = {}
        self._timer: threading.Timer | None = None

    def without_resting(
        self, mappings: Callable[[], Iterable[_Mapping]]
    ) -> Callable[[], Iterator[_Mapping]]:
        """Return what gives the same *mappings* but those whose window has not passed."""

        def awake() -> Iterator[_Mapping]:
            for account, region, mapping in mappings():
                left = self._rests_until.get(mapping["UUID"], 0) - self._clock()
                if left <= 0:
                    yield account, region, mapping
                else:
                    self._look_again_in(left)

        return awake

    def noting(self, filtered: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        """Return what filters a mapping's records, and notes when some are left for a batch."""

        def note(records: list[Any], mapping: dict[str, Any]) -> list[Any]:
            left = filtered(records, mapping)
            window = mapping.get("MaximumBatchingWindowInSeconds") or 0
            is_full = len(records) >= mapping.get("BatchSize", _USUAL_BATCH)
            if (
                left
                and window
                and not is_full
                and _OF_A_STREAM in mapping.get("EventSourceArn", "")
            ):
                self._rests_until[mapping["UUID"]] = self._clock() + int(window)
            return left

        return note

    def _look_again_in(self, seconds: float) -> None:
        if self._timer is None or not self._timer.is_alive():
            self._timer = threading.Timer(seconds, self._wake)
            self._timer.daemon = True
            self._timer.start()
