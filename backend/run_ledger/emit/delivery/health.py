"""How reporting works so far: counts for `RunLedger.stats()`, and a log line when that changes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.emit.counting.mending import Shortened

_log = logging.getLogger("run_ledger.emit")
_SECONDS_BETWEEN_LINES = 600.0
_MOST_LINES = 50  # that are logged once each; later ones are only counted


@dataclass(frozen=True)
class Stats:
    """What became of the events that one ledger reported in this process."""

    enabled: bool
    """Whether there is a bus to report to."""
    calls: int
    """Calls of PutEvents."""
    calls_failed: int
    """Calls that failed as a whole: no answer, refused, throttled."""
    accepted: int
    """Events that the bus took."""
    retried: int
    """Events that were sent again, each time counted."""
    spooled: int
    """Events written to disk because the bus did not take them."""
    waiting: int
    """Events in memory, not yet taken by the bus nor on disk."""
    spool_bytes: int
    """Size of this process's part of the spool, in bytes."""
    refused: int
    """Events that the bus refused for good."""
    expired: int
    """Events that grew too old in the spool."""
    lost: int
    """Events dropped because neither bus nor disk took them."""
    invalid: int
    """Names, values and fields left out because the contract forbids them."""
    shortened: int
    """Texts that were cut to the length that the contract allows."""
    reused: int
    """Jobs without an attempt that have the id of an earlier job of this process."""
    unpriced: int
    """Calls of language models whose cost nobody knows; they count as costing nothing."""
    unread: int
    """Answers given to `Job.usage` in which nothing was recognised."""
    unclaimed: int
    """Events of earlier programs that stay on disk, as nobody knows which account they are for."""
    misconfigured: int
    """Settings, folders or limits of the system that reporting can't use; each is logged once, with
    what is done instead."""
    faults: int
    """Errors inside this library, which were kept from the pipeline."""
    last_error: str | None
    """The latest error in a few words."""
    last_accepted_at: float | None
    """When the bus last took an event, in seconds since 1970."""

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)


class Health:
    """Counts what becomes of events, and logs trouble: once when it begins and when it ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: set[str] = set()
        self._outage_logged_at: float | None = None
        self.counts = dict.fromkeys(
            ("calls", "calls_failed", "accepted", "retried", "spooled", "refused", "expired",
             "lost", "invalid", "shortened", "reused", "unpriced", "unread", "unclaimed",
             "misconfigured",
             "faults"), 0
        )  # fmt: skip
        self.last_error: str | None = None
        self.last_accepted_at: float | None = None

    def count(self, name: str, number: int = 1) -> None:
        """Count *number* more of *name*, one of `counts`."""
        self.counts[name] += number

    def count_invalid(self, invalid: InvalidEvent) -> bool:
        """Count what broke the contract; return whether its field is new to the log."""
        self.count("shortened" if isinstance(invalid, Shortened) else "invalid")
        return self._is_new(_key(invalid))

    def log_invalid(self, invalid: InvalidEvent) -> None:
        """Log what broke the contract, once for each field."""
        did = "shortened in" if isinstance(invalid, Shortened) else "left out of"
        self._log_once(_key(invalid), f"{did} the report: %s", invalid)

    def note_invalid(self, invalid: InvalidEvent) -> None:
        """Count and log what broke the contract."""
        self.count_invalid(invalid)
        self.log_invalid(invalid)

    def note_reuse(self, job_id: str, attempt: int, words: str) -> None:
        """Count a job whose id is used again, of which *words* say more; log each id once."""
        self.count("reused")
        self._log_once(
            f"reused {job_id}",
            "the job id %s is used again without an attempt: %s. This one is reported as attempt "
            "%s. Give other work an id of its own, and a retry its attempt: job(…, attempt=2)",
            job_id,
            words,
            attempt,
        )

    def note_unpriced(self, model: str | None, calls: int, is_certain: bool) -> None:  # noqa: FBT001
        """Count *calls* whose cost nobody knows, below 0 if it is; log each model once."""
        self.count("unpriced", calls)
        if calls > 0 and is_certain:
            self._log_once(
                f"unpriced {model}",
                "no price is known for calls of model %s: the job's cost is at least what it "
                "shows, and llm_calls_unpriced counts them",
                shown(model) if model else "(none named: pass model= to Job.usage)",
            )

    def note_unread(self, answer: object) -> None:
        """Count an answer in which nothing was recognised; log each type once, no content."""
        self.count("unread")
        kind = f"{type(answer).__module__}.{type(answer).__qualname__}"
        self._log_once(
            f"unread {kind}",
            "no usage is recognised in an answer of type %s; llm_answers_unread counts it",
            kind,
        )

    def note_fault(self, error: Exception) -> None:
        """Count an error of this library; log each type once, with its traceback."""
        self.count("faults")
        self.last_error = words_of(error)
        self._log_once(
            repr(type(error)), "reporting failed inside: %s", self.last_error, exc_info=error
        )

    def note_call(self, accepted: int) -> None:
        """Count a call of the bus and the events that it took; log the end of an outage."""
        self.count("calls")
        if accepted:
            self.count("accepted", accepted)
            self.last_accepted_at = time.time()
            if self._outage_logged_at is not None:
                self._outage_logged_at = None
                _say(logging.WARNING, "events reach the ledger again. So far %s", self._summary())

    def note_failed_call(self, words: str) -> None:
        """Count a call of the bus that failed as a whole."""
        self.count("calls")
        self.count("calls_failed")
        self.note_outage(words)

    def note_outage(self, words: str) -> None:
        """Note that the bus does not take events; log it at once, then every ten minutes."""
        self.last_error = words
        logged_at = self._outage_logged_at
        if logged_at is None or self._clock() - logged_at >= _SECONDS_BETWEEN_LINES:
            self._outage_logged_at = self._clock()
            _say(
                logging.WARNING,
                "events do not reach the ledger (%s); they are kept and sent later. So far %s",
                words,
                self._summary(),
            )

    def note_unwritable(self, words: str) -> None:
        """Note that the disk takes nothing; log each reason once."""
        self.last_error = words
        self._log_once(
            f"disk {words}",
            "%s; what the bus does not take is kept in memory alone, and lost with the process",
            words,
        )

    def note_misconfigured(self, words: str) -> None:
        """Note something about the settings or the system that reporting can't use, once each."""
        if self._is_new(words):
            self.count("misconfigured")
            self.last_error = words
            self._log_once(words, "%s", words)

    def note_unclaimed(self, number: int, folder: object) -> None:
        """Count events of earlier programs that may be another account's; log each folder once."""
        self.count("unclaimed", number)
        self._log_once(
            f"unclaimed {folder}",
            "%s event(s) of an earlier program stay in %s, as nobody knows for which account they "
            "are: `run-ledger spool list` shows them, `run-ledger spool flush --unknown` sends "
            "them to where the present credentials lead",
            number,
            folder,
        )

    def note_dropped(self, name: str, number: int, words: str) -> None:
        """Count events that will never reach the ledger; log each reason once as an error."""
        self.count(name, number)
        self.last_error = words
        key = f"{name} {words}"
        self._log_once(key, "%s event(s) dropped: %s", number, words, level=logging.ERROR)

    def _log_once(
        self,
        key: str,
        text: str,
        *values: object,
        level: int = logging.WARNING,
        exc_info: BaseException | None = None,
    ) -> None:
        if self._is_new(key):
            self._logged.add(key)
            _say(level, text, *values, exc_info=exc_info)

    def _is_new(self, key: str) -> bool:
        return key not in self._logged and len(self._logged) < _MOST_LINES

    def _summary(self) -> str:
        counts = self.counts
        return ", ".join(f"{counts[name]} {name}" for name in ("accepted", "spooled", "lost"))


def _key(invalid: InvalidEvent) -> str:
    return f"{type(invalid).__name__} {invalid.field}"


def words_of(error: BaseException) -> str:
    """Return type and message of *error* in a few words, even where it has no readable text."""
    try:
        return f"{type(error).__name__}: {str(error)[:200]}"
    except Exception:  # noqa: BLE001 - a pipeline's exception may be broken in any way
        return type(error).__name__


def _say(level: int, text: str, *values: object, exc_info: BaseException | None = None) -> None:
    """Log a line; what a program's own log handler raises must not reach its pipeline."""
    with suppress(Exception):
        _log.log(level, text, *values, exc_info=exc_info)
