"""Jobs and projects as a pipeline sees them.

Nothing here waits, and nothing here raises. A job changes its `Accumulator` or queues an event; the
sender does the rest in its own thread.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self, cast

from run_ledger.domain import instants
from run_ledger.domain.contract.vocabulary import PROJECT_LATEST_FIELDS, JobResult
from run_ledger.emit.counting.accumulator import Accumulator
from run_ledger.emit.counting.meter import Meter
from run_ledger.emit.counting.told_errors import error_document
from run_ledger.emit.identity import environment
from run_ledger.emit.reporter import Reporter
from run_ledger.emit.thread_pools import carry

_current: ContextVar[Job | None] = ContextVar("run_ledger_job", default=None)
# How long a task may run is limited by raising one of these inside it.
_TIME_LIMITS = {"SoftTimeLimitExceeded", "TimeLimitExceeded", "AirflowTaskTimeout"}
_DEFAULT_HEARTBEAT = 900
_LAMBDA_SECONDS = 2.0  # for sending at a block's end: the function is frozen between two calls
_DESCRIBE_FIELDS = ("name", "tags", "log_url", "heartbeat_seconds")
_UPDATE_FIELDS = (*PROJECT_LATEST_FIELDS, "delta")
_SIGNS_PER_HEARTBEAT = 3  # of a job that is kept alive and has nothing else to tell


def current_job() -> Job | None:
    """Return the job whose block this thread or asyncio task is in; None outside of any.

    What is submitted to a thread pool inside a block is in that block, too.
    """
    return _current.get()


class Job:
    """One attempt at a job: ``with ledger.job(…) as job:``.

    Every method may be called from any thread, returns at once and raises nothing. Changes are
    gathered and sent every few seconds; the start and the end are sent at once.
    """

    def __init__(
        self,
        reporter: Reporter,
        accumulator: Accumulator | None,
        *,
        first_fields: Mapping[str, Any] | None = None,
        keep_alive: bool = False,
        is_joined: bool = False,
    ) -> None:
        """Report to *accumulator*; without one, as where there is no bus, the job does nothing.

        Somebody else starts and ends a joined job.
        """
        self._reporter = reporter
        self._accumulator = accumulator
        self._first_fields = dict(first_fields or {})
        self._keep_alive = keep_alive
        self._is_joined = is_joined
        self._process = os.getpid()
        self._result: JobResult | None = None
        self._error: dict[str, str] | None = None
        self._is_started = False
        self._is_over = False
        self._meter: Meter | None = None
        self._token: Token[Job | None] | None = None

    @property
    def job_id(self) -> str | None:
        """Return the job's id; None where there is no bus to report to."""
        return (
            cast("str | None", self._accumulator.identity["job_id"]) if self._accumulator else None
        )

    @property
    def attempt(self) -> int:
        """Return the attempt's number, from 1."""
        return int(self._accumulator.identity.get("attempt", 1)) if self._accumulator else 1

    @property
    def identity(self) -> dict[str, Any]:
        """Return the fields that every event of the job carries, such as ``client_id``."""
        return dict(self._accumulator.identity) if self._accumulator else {}

    def add(self, *deltas: Mapping[str, int], model: str | None = None, **named: int) -> None:
        """Add to the job's counters: ``job.add(records_ok=1, input_tokens=812)``.

        With *model*, the name of a language model, they show by model, too. Deltas are integers,
        or floats and decimals without a fraction; negative ones correct what was counted before.
        Takes about a microsecond.
        """
        accumulator = self._accumulator
        if accumulator is None:
            return
        try:
            if named:
                accumulator.add(named, model)
            for one in deltas:
                accumulator.add(one, model)
        except Exception as error:  # noqa: BLE001 - a pipeline must not suffer from its report
            self._reporter.note_exception(error)

    def usage(self, answer: Any, *, model: str | None = None) -> None:
        """Count a call of a language model with its tokens and cost, from its SDK's *answer*.

        It shows by model, under the name that the answer gives, or else *model*.

        *answer* is what a common SDK returned, the events of a stream or the last alone, a line of
        a batch's results, the exception that was raised, or a span by OpenTelemetry's conventions.
        The same answer counts once, however often and in however many parts it is passed. One in
        which nothing is recognised counts as ``llm_answers_unread``, a call whose cost is not known
        as ``llm_calls_unpriced``. Pass *model* where the answer doesn't name it: the price depends
        on it.
        """
        with self._reporter.guard():
            if self._accumulator is not None:
                self._meter = self._meter or self._reporter.meter()
                for named, delta in self._meter.deltas(answer, model).items():
                    self.add(delta, model=named)

    def stage(self, text: str) -> None:
        """Report what the job is doing now; the latest value shows."""
        self._set_latest("stage", text)

    def total(self, records: int) -> None:
        """Report how many records there are, so that people see the progress."""
        self._set_latest("records_total", records)

    def describe(self, **fields: Any) -> None:
        """Replace ``name``, ``tags``, ``log_url`` or ``heartbeat_seconds``."""
        for field, value in self._reporter.known_fields(fields, _DESCRIBE_FIELDS).items():
            self._set_latest(field, value)

    def heartbeat(self) -> None:
        """Show that the job still runs, when there is nothing else to report for long."""
        with self._reporter.guard():
            if self._accumulator is not None:
                self._accumulator.show_alive()

    def fail(
        self,
        error: BaseException | str,
        error_type: str | None = None,
        *,
        fingerprint: str | None = None,
    ) -> None:
        """Let the job end as failed with *error* when its block is left; the error shows at once.

        Secrets in it are blanked, and an exception tells its cause. *error_type* replaces the
        exception's own type. Errors of one kind form an error group, found by type and message;
        give a *fingerprint* of at most 128 characters where you know the group.
        """
        self._decide("failed", error, error_type, fingerprint)

    def time_out(
        self,
        error: BaseException | str | None = None,
        error_type: str | None = None,
        *,
        fingerprint: str | None = None,
    ) -> None:
        """Let the job end as timed out when its block is left."""
        self._decide("timed_out", error, error_type, fingerprint)

    def cancel(
        self,
        error: BaseException | str | None = None,
        error_type: str | None = None,
        *,
        fingerprint: str | None = None,
    ) -> None:
        """Let the job end as cancelled when its block is left."""
        self._decide("cancelled", error, error_type, fingerprint)

    def partial(
        self,
        error: BaseException | str | None = None,
        error_type: str | None = None,
        *,
        fingerprint: str | None = None,
    ) -> None:
        """Let the job end as partial when its block is left, unless it fails.

        Some records did not get through: *error* says why. Of several calls the first one counts.
        """
        if self._result is None or (self._result == "partial" and self._error is None):
            self._decide("partial", error, error_type, fingerprint)

    def queued(self) -> None:
        """Report that the job is queued; its start is reported later, here or elsewhere."""
        with self._reporter.guard():
            self._send(status="queued")

    def start(self) -> Self:
        """Report that the job is running; entering its block does it."""
        with self._reporter.guard():
            accumulator = self._accumulator
            self._process = os.getpid()
            if accumulator is not None and not self._is_joined:
                if not self._is_started:
                    self._is_started = True
                    self._reporter.begin(accumulator)
                self._send(status="running")
                if self._keep_alive:
                    accumulator.seconds_of_silence = (
                        _heartbeat(self._first_fields) / _SIGNS_PER_HEARTBEAT
                    )
                    accumulator.is_kept_alive = True
                    self._reporter.sender.add_accumulator(accumulator)
        return self

    def end(self, result: JobResult | None = None) -> None:
        """Report that the job is completed; leaving its block does it. The first call counts."""
        with self._reporter.guard():
            # After a fork, the child leaves the parent's block, too; ending is the parent's.
            if self._accumulator is None or self._is_over or self._process != os.getpid():
                return
            self._is_over = True
            if self._is_joined:
                return
            fields: dict[str, Any] = {
                "status": "completed",
                "result": result or self._result or "succeeded",
                "occurred_at": instants.text(self._accumulator.next_time()),
            }
            if self._error and fields["result"] != "succeeded":
                fields["error"] = self._error
            self._reporter.end(self._accumulator, fields)

    def __enter__(self) -> Self:
        """Start the job; inside the block `current_job` returns it."""
        if self._accumulator is not None:
            with self._reporter.guard():
                carry(_current)
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
        if environment.is_lambda():
            self._reporter.flush(_LAMBDA_SECONDS)

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
        if environment.is_lambda():
            await self._reporter.aflush(_LAMBDA_SECONDS)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a joined job, which adds to the same job and never ends it."""
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
        fingerprint: str | None = None,
    ) -> None:
        with self._reporter.guard():
            self._result = result
            if error is not None:
                self._error = error_document(error, error_type, fingerprint=fingerprint)
                self._set_latest("error", self._error)

    def _set_latest(self, field: str, value: Any) -> None:
        with self._reporter.guard():
            if self._accumulator is not None:
                detail = {**self._accumulator.identity, field: value}
                self._reporter.check("job_update", detail)
                self._accumulator.set_latest(field, value)

    def _send(self, **fields: Any) -> None:
        """Queue an event with *fields* and all that the job was made with."""
        if self._accumulator is not None:
            _send(self._reporter, self._accumulator, {**self._first_fields, **fields})


class Project:
    """A project: its name, its progress and its own counters."""

    def __init__(self, reporter: Reporter, accumulator: Accumulator | None) -> None:
        """Report to *accumulator*; without one the project does nothing."""
        self._reporter = reporter
        self._accumulator = accumulator

    def update(self, **fields: Any) -> None:
        """Send ``name``, ``owner``, ``status``, ``due_at``, ``jobs_expected`` or ``tags`` at once.

        ``due_at`` is a datetime with a zone or RFC 3339 text; ``delta`` adds to the counters.
        """
        with self._reporter.guard():
            if self._accumulator is not None:
                known = self._reporter.known_fields(fields, _UPDATE_FIELDS)
                _send(self._reporter, self._accumulator, known)

    def add(self, *deltas: Mapping[str, int], **named: int) -> None:
        """Add to the project's own counters, as `Job.add` does to a job's."""
        with self._reporter.guard():
            if self._accumulator is not None:
                for one in (*deltas, named):
                    self._accumulator.add(one)


def _rejoined(reporter: Reporter, identity: Mapping[str, Any]) -> Job:
    """Return the unpickled part of a job; it does nothing where the original did nothing."""
    accumulator = reporter.accumulator("job_update", identity) if identity else None
    return Job(reporter, accumulator, is_joined=True)


def _send(reporter: Reporter, accumulator: Accumulator, fields: Mapping[str, Any]) -> None:
    """Queue an event of its own with *fields*; it does not wait for the next interval."""
    time = instants.text(accumulator.next_time())
    detail = {**accumulator.identity, "occurred_at": time, **fields}
    reporter.send(accumulator.detail_type, detail)


def _heartbeat(fields: Mapping[str, Any]) -> int:
    """Return ``heartbeat_seconds``, or the default where it is missing or wrong."""
    seconds = fields.get("heartbeat_seconds")
    return seconds if isinstance(seconds, int) and seconds > 0 else _DEFAULT_HEARTBEAT


def _result_of(error: BaseException) -> JobResult:
    """Return the result of a job whose block *error* ended."""
    if isinstance(error, SystemExit):
        return "succeeded" if error.code in {None, 0} else "failed"
    if any(kind.__name__ in _TIME_LIMITS for kind in type(error).__mro__):
        return "timed_out"
    # KeyboardInterrupt, asyncio's CancelledError, GeneratorExit: somebody wanted it to stop.
    return "failed" if isinstance(error, Exception) else "cancelled"
