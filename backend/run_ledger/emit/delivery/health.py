"""How reporting itself fares: counts for `RunLedger.stats()`, and a line of log now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from run_ledger.domain.exceptions import InvalidEvent

_log = logging.getLogger("run_ledger.emit")
_SECONDS_BETWEEN_LINES = 600.0
_MOST_COMPLAINTS = 50  # distinct ones that are told apart and logged


@dataclass(frozen=True)
class Stats:
    """What became of everything reported through one ledger in this process."""

    enabled: bool
    """Whether there is a bus to report to."""
    calls: int
    """Calls of PutEvents."""
    calls_failed: int
    """Calls that came to nothing: no answer, refused, throttled."""
    accepted: int
    """Events that the bus took."""
    retried: int
    """Times that an event was sent again."""
    spooled: int
    """Events written to disk because the bus did not take them."""
    waiting: int
    """Events in memory, not yet taken by the bus nor on disk."""
    spool_bytes: int
    """Size of this process's part of the spool."""
    refused: int
    """Events that the bus refused for good."""
    expired: int
    """Events that grew too old in the spool."""
    lost: int
    """Events dropped for want of room: bus and disk were both unavailable."""
    invalid: int
    """Names, values and fields left out because the contract forbids them."""
    unpriced: int
    """Answers of language models whose model has no price, so that they cost nothing."""
    faults: int
    """Errors inside this library, which were kept from the pipeline."""
    last_error: str | None
    """The latest trouble in a few words."""
    last_accepted_at: float | None
    """When the bus last took something, in seconds since 1970."""

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


class Health:
    """Counts, and the words for trouble: one line when it begins, one when it ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: set[str] = set()
        self._trouble_said_at: float | None = None
        self.counts = dict.fromkeys(
            ("calls", "calls_failed", "accepted", "retried", "spooled", "refused", "expired",
             "lost", "invalid", "unpriced", "faults"), 0
        )  # fmt: skip
        self.last_error: str | None = None
        self.last_accepted_at: float | None = None

    def count(self, name: str, number: int = 1) -> None:
        """Count *number* more of *name*."""
        self.counts[name] += number

    def is_news(self, invalid: InvalidEvent) -> bool:
        """Count what broke the contract; say whether it is worth a line, by `tell`."""
        self.count("invalid")
        return invalid.field not in self._said and len(self._said) < _MOST_COMPLAINTS

    def tell(self, error: Exception) -> None:
        """Log an error once for its kind: what broke the contract, or a fault of our own."""
        if isinstance(error, InvalidEvent):
            self._once(error.field, "left out of the report: %s", error)
        else:
            self.fault(error)

    def complain(self, invalid: InvalidEvent) -> None:
        """Count and log what broke the contract."""
        self.count("invalid")
        self.tell(invalid)

    def fault(self, error: Exception) -> None:
        """Count an error of this library's own, and log each kind once with its traceback."""
        self.count("faults")
        self.last_error = f"{type(error).__name__}: {error}"
        self._once(repr(type(error)), "reporting failed inside: %s", error, exc_info=error)

    def trouble(self, words: str) -> None:
        """Take note that bus or spool does not work; said at once, then every ten minutes."""
        self.last_error = words
        said_at = self._trouble_said_at
        if said_at is None or self._clock() - said_at >= _SECONDS_BETWEEN_LINES:
            self._trouble_said_at = self._clock()
            _log.warning(
                "events do not reach the ledger (%s); they are kept and sent later. So far %s",
                words,
                self._summary(),
            )

    def no_room(self, words: str) -> None:
        """Take note that the disk takes nothing; each reason is said once."""
        self.last_error = words
        self._once(
            f"disk {words}",
            "%s; what the bus does not take is kept in memory alone, and lost with the process",
            words,
        )

    def well(self, accepted: int) -> None:
        """Take note that the bus took events."""
        self.count("accepted", accepted)
        self.last_accepted_at = time.time()
        if self._trouble_said_at is not None:
            self._trouble_said_at = None
            _log.warning("events reach the ledger again. So far %s", self._summary())

    def loss(self, name: str, number: int, words: str) -> None:
        """Count events that will never reach the ledger; each reason is logged once as an error."""
        self.count(name, number)
        self.last_error = words
        self._once(f"{name} {words}", "%s event(s) dropped: %s", number, words, level=logging.ERROR)

    def _once(
        self,
        key: str,
        text: str,
        *values: object,
        level: int = logging.WARNING,
        exc_info: BaseException | None = None,
    ) -> None:
        if key not in self._said and len(self._said) < _MOST_COMPLAINTS:
            self._said.add(key)
            _log.log(level, text, *values, exc_info=exc_info)

    def _summary(self) -> str:
        counts = self.counts
        return ", ".join(f"{counts[name]} {name}" for name in ("accepted", "spooled", "lost"))
