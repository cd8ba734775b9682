"""Jobs and projects as a pipeline sees them. Nothing here waits, and nothing here raises."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self, cast

from run_ledger.domain import instants
from run_ledger.domain.contract.vocabulary import PROJECT_LATEST_FIELDS, JobResult
from run_ledger.emit.counting.prices import Meter
from run_ledger.emit.counting.tallies import Tally
from run_ledger.emit.counting.updates import cut, error_document
from run_ledger.emit.reporter import Reporter

_current: ContextVar[Job | None] = ContextVar("run_ledger_job", default=None)
# How long a task may run is limited by raising one of these inside it.
_TIME_LIMITS = {"SoftTimeLimitExceeded", "TimeLimitExceeded", "AirflowTaskTimeout"}
_USUAL_HEARTBEAT = 900
_DESCRIBED = ("name", "tags", "log_url", "heartbeat_seconds")
_UPDATED = (*PROJECT_LATEST_FIELDS, "delta")
_SILENCE = 3  # times that a job kept alive shows up within its heartbeat


def current_job() -> Job | None:
    """Return the job whose block encloses this code in this thread or asyncio task."""
    return _current.get()


class Job:
    """One job, reported about from its block, ``with ledger.job(…) as job:``, or from anywhere.

    Every method may be called from any thread, returns at once and raises nothing. What it says is
    put together with what else is new and sent every few seconds; the start and the end go at once.
    """

    def __init__(
        self,
        reporter: Reporter,
        tally: Tally | None,
        *,
        first_words: Mapping[str, Any] | None = None,
        keep_alive: bool = False,
        is_joined: bool = False,
    ) -> None:
        """Report to *tally*; without one the job does nothing, as where there is no bus.

        A joined job was begun by somebody else, who will end it, too.
        """
        self._reporter = reporter
        self._tally = tally
        self._first_words = dict(first_words or {})
        self._keep_alive = keep_alive
        self._is_joined = is_joined
        self._process = os.getpid()
        self._result: JobResult | None = None
        self._error: dict[str, str] | None = None
        self._is_over = False
        self._meter: Meter | None = None
        self._token: Token[Job | None] | None = None

    @property
    def job_id(self) -> str | None:
        """Return the job's id; None where it reports nothing."""
        return cast("str | None", self._tally.identity["job_id"]) if self._tally else None

    @property
    def attempt(self) -> int:
        """Return the how-manieth try this is."""
        return int(self._tally.identity.get("attempt", 1)) if self._tally else 1

    @property
    def identity(self) -> dict[str, Any]:
        """Return the fields that every event of the job carries."""
        return dict(self._tally.identity) if self._tally else {}

    def add(self, *deltas: Mapping[str, int], **named: int) -> None:
        """Add to the job's counters: ``job.add(records_ok=1, input_tokens=812)``.

        Integers only; negative ones correct what was counted before. Takes a microsecond or so.
        """
        tally = self._tally
        if tally is None:
            return
        try:
            if named:
                tally.add(named)
            for one in deltas:
                tally.add(one)
        except Exception as error:  # noqa: BLE001 - a pipeline must not suffer from its report
            self._reporter.note_error(error)

    def usage(self, answer: Any, *, model: str | None = None) -> None:
        """Count a call of a language model with its tokens and cost, from its SDK's *answer*.

        Any common SDK's answer will do, the last event of a stream, the exception that was raised,
        or a span by OpenTelemetry's conventions; what reports no usage counts nothing. *model* is
        needed for the price where the answer doesn't name it.
        """
        with self._reporter.guard():
            if self._tally is not None:
                self._meter = self._meter or self._reporter.meter()
                self.add(self._meter.delta(answer, model))

    def stage(self, text: str) -> None:
        """Say what the job is at: the last word shows."""
        self._say("stage", cut(text))

    def total(self, records: int) -> None:
        """Say how many records there are, so that progress can be shown."""
        self._say("records_total", records)

    def describe(self, **fields: Any) -> None:
        """Say anew what else is known: ``name``, ``tags``, ``log_url``, ``heartbeat_seconds``."""
        for field, value in self._reporter.known_fields(fields, _DESCRIBED).items():
            self._say(field, value)

    def heartbeat(self) -> None:
        """Show that the job is alive, where nothing else is there to tell for long."""
        self._say("", None)

    def fail(self, error: BaseException | str, error_type: str | None = None) -> None:
        """End as failed with *error* when the block is left; it shows from now on.

        What looks like a secret in its text is blanked. *error_type* stands for the exception's
        own type: errors of one type and one message, but for numbers and ids, are counted together.
        """
        self._decide("failed", error, error_type)

    def time_out(
        self, error: BaseException | str | None = None, error_type: str | None = None
    ) -> None:
        """End as timed out when the block is left."""
        self._decide("timed_out", error, error_type)

    def cancel(
        self, error: BaseException | str | None = None, error_type: str | None = None
    ) -> None:
        """End as cancelled when the block is left."""
        self._decide("cancelled", error, error_type)

    def partial(
        self, error: BaseException | str | None = None, error_type: str | None = None
    ) -> None:
        """End as partial when the block is left, unless it fails: some records did not make it.

        *error* says what kept them; of several the first one shows.
        """
        if self._result is None or (self._result == "partial" and self._error is None):
            self._decide("partial", error, error_type)

    def queued(self) -> None:
        """Say that the job waits for its turn; its start is said later, here or elsewhere."""
        with self._reporter.guard():
            self._send({"status": "queued"})

    def start(self) -> Self:
        """Say that the job runs; entering its block does it."""
        with self._reporter.guard():
            tally = self._tally
            self._process = os.getpid()
            if tally is not None and not self._is_joined:
                self._send({"status": "running"})
                if self._keep_alive:
                    tally.silence = _heartbeat(self._first_words) / _SILENCE
                    tally.is_kept_alive = True
                    self._reporter.sender.wake(tally)
        return self

    def end(self, result: JobResult | None = None) -> None:
        """Say that the job is over; leaving its block does it. Later calls change nothing."""
        with self._reporter.guard():
            # After a fork, the child leaves the parent's block, too; ending is the parent's.
            if self._tally is None or self._is_over or self._process != os.getpid():
                return
            self._is_over = True
            if self._is_joined:
                return
            fields: dict[str, Any] = {
                "status": "completed",
                "result": result or self._result or "succeeded",
                "occurred_at": instants.text(self._tally.stamp()),
            }
            if self._error and fields["result"] != "succeeded":
                fields["error"] = self._error
            self._reporter.end(self._tally, fields)

    def __enter__(self) -> Self:
        """Start the job; code in the block finds it by `current_job`."""
        self._token = _current.set(self)
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the job with the right result; an exception goes on up."""
        self._leave(error)
        self._reporter.flush_on_lambda()

    async def __aenter__(self) -> Self:
        """Start the job, as ``with`` does: nothing waits either way."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the job with the right result, without holding up the loop."""
        self._leave(error)
        await self._reporter.aflush_on_lambda()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a part of the same job, which may add to it and never ends it."""
        return _rejoined, (self._reporter, self.identity)

    def _leave(self, error: BaseException | None) -> None:
        if self._token is not None:
            # A generator's block may be left from another context than it was entered in.
            with suppress(ValueError):
                _current.reset(self._token)
            self._token = None
        with self._reporter.guard():
            if error is not None and self._result in {None, "partial"}:
                result = _result_of(error)
                if result != "succeeded":
                    self._result, self._error = result, error_document(error)
        self.end()

    def _decide(
        self,
        result: JobResult,
        error: BaseException | str | None,
        error_type: str | None = None,
    ) -> None:
        with self._reporter.guard():
            self._result = result
            if error is not None:
                self._error = error_document(error, error_type)
                self._say("error", self._error)

    def _say(self, field: str, value: Any) -> None:
        with self._reporter.guard():
            if self._tally is not None:
                detail = {**self._tally.identity, field: value}
                self._reporter.check("job_update", detail)
                self._tally.say(field, value)

    def _send(self, fields: Mapping[str, Any]) -> None:
        """Send an event of its own at once, with everything that is known of the job."""
        if self._tally is not None:
            stamp = instants.text(self._tally.stamp())
            detail = {
                **self._tally.identity,
                "occurred_at": stamp,
                **self._first_words,
                **fields,
            }
            self._reporter.send("job_update", detail)


class Project:
    """A project: what it is called, how far it is, what it adds up to."""

    def __init__(self, reporter: Reporter, tally: Tally | None) -> None:
        """Report to *tally*; without one the project does nothing."""
        self._reporter = reporter
        self._tally = tally

    def update(self, **fields: Any) -> None:
        """Say ``name``, ``owner``, ``status``, ``due_at``, ``jobs_expected``, ``tags``, at once.

        ``due_at`` is a datetime with a zone or RFC 3339 text; ``delta`` adds to the counters.
        """
        with self._reporter.guard():
            if self._tally is not None:
                stamp = instants.text(self._tally.stamp())
                words = self._reporter.known_fields(fields, _UPDATED)
                detail = {**self._tally.identity, "occurred_at": stamp, **words}
                self._reporter.send("project_update", detail)

    def add(self, *deltas: Mapping[str, int], **named: int) -> None:
        """Add to the project's own counters, as `Job.add` does to a job's."""
        with self._reporter.guard():
            if self._tally is not None:
                for one in (*deltas, named):
                    self._tally.add(one)


def _rejoined(reporter: Reporter, identity: Mapping[str, Any]) -> Job:
    """Return the unpickled part of a job; it does nothing where the original did nothing."""
    with reporter.guard():
        tally = reporter.tally("job_update", identity) if identity else None
        return Job(reporter, tally, is_joined=True)
    return Job(reporter, None)


def _heartbeat(words: Mapping[str, Any]) -> int:
    """Return the heartbeat that was asked for, the usual one where that is none."""
    seconds = words.get("heartbeat_seconds")
    return seconds if isinstance(seconds, int) and seconds > 0 else _USUAL_HEARTBEAT


def _result_of(error: BaseException) -> JobResult:
    """Return how a job ended whose block *error* left."""
    if isinstance(error, SystemExit):
        return "succeeded" if error.code in {None, 0} else "failed"
    if any(kind.__name__ in _TIME_LIMITS for kind in type(error).__mro__):
        return "timed_out"
    # KeyboardInterrupt, asyncio's CancelledError, GeneratorExit: somebody wanted it to stop.
    return "failed" if isinstance(error, Exception) else "cancelled"
