"""The ledger as a pipeline sees it: it makes jobs and projects, and sends what they report."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar, overload

from run_ledger.domain.exceptions import shown
from run_ledger.emit.delivery.bus import EventBridgeClient
from run_ledger.emit.delivery.checking import CheckOutcome
from run_ledger.emit.delivery.health import Stats
from run_ledger.emit.delivery.queue_items import SenderTiming
from run_ledger.emit.first_words import say_where
from run_ledger.emit.identity import environment
from run_ledger.emit.identity.identifiers import named
from run_ledger.emit.jobs import Job, Project, current_job
from run_ledger.emit.pricing.prices import Prices
from run_ledger.emit.reporter import Reporter, ReporterOptions
from run_ledger.emit.tracking import Tracked

P = ParamSpec("P")
R = TypeVar("R")

_DEFAULT = SenderTiming()
# Longer than the queue of a deployed stage collects events for its writer.
_CHECK_SECONDS = 90.0


class RunLedger:
    """Reports to one event bus: ``ledger = RunLedger()``, once a program.

    Without *bus*, and without ``RUN_LEDGER_BUS`` in the environment, it reports to the local stack
    that runs in the current folder; without one it does nothing. Which it is, is logged. No method
    raises into the pipeline, and only `flush`, `aflush`, `deliver`, `close` and `check` wait, about
    *timeout* seconds at most.
    With *strict*, for tests, a mistake in a call raises `InvalidEvent`; else it is left out.
    """

    def __init__(  # noqa: PLR0913 - options, all but one by name
        self,
        bus: str | None = None,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        source: str | None = None,
        spool: str | Path | None = None,
        strict: bool | None = None,
        interval_seconds: float = _DEFAULT.interval_seconds,
        exit_seconds: float = _DEFAULT.exit_seconds,
        client: EventBridgeClient | None = None,
        prices: Prices | None = None,
    ) -> None:
        """Report to *bus*; the environment gives what is None.

        Args:
            bus: name or ARN of the event bus.
            region: its region.
            endpoint_url: another address than AWS's.
            source: who reports; the events' ``source``.
            spool: folder for events that can't be sent now, or ``"off"``.
            strict: raise on mistakes in calls.
            interval_seconds: how often deltas are sent, in seconds.
            exit_seconds: how long the end of the program waits for the bus, in seconds at most.
            client: botocore's client for EventBridge, or one like it, to use instead of a new one.
            prices: what tokens cost, for `Job.usage`; else those of genai-prices, if it is
                installed, and a small table of examples.

        """
        options = ReporterOptions(
            bus,
            region,
            endpoint_url,
            source,
            spool,
            strict,
            interval_seconds,
            exit_seconds,
            prices,
        )
        self._reporter = Reporter(options, client)
        text = bus if isinstance(bus, str) else None  # another object may have no text
        say_where(self._reporter.target, self._reporter.stack, text)

    @property
    def enabled(self) -> bool:
        """Return whether there is a bus to report to."""
        return self._reporter.enabled

    def job(  # noqa: PLR0913 - the contract's fields, by name
        self,
        *,
        client_id: str | None = None,
        project_id: str | None = None,
        job_id: str | None = None,
        pipeline: str | None = None,
        attempt: int | None = None,
        name: str | None = None,
        parent_job_id: str | None = None,
        records_total: int | None = None,
        tags: Mapping[str, str] | None = None,
        log_url: str | None = None,
        heartbeat_seconds: int | None = None,
        expect: Mapping[str, str] | None = None,
        keep_alive: bool = False,
    ) -> Job:
        """Return a job to report about: ``with ledger.job(…) as job:`` or ``async with``.

        Leaving the block ends the job as succeeded, or as `Job.fail`, `Job.partial` or the like
        has decided. An exception ends it as failed, and goes on up. A job inside another job's
        block is a part of that one.

        Args:
            client_id: whose work it is, else ``RUN_LEDGER_CLIENT_ID``.
            project_id: the project it belongs to, else ``RUN_LEDGER_PROJECT_ID``.
            job_id: the same for every attempt at the same work, any name; else the scheduler's id
                for what runs here (of AWS Batch, Airflow, Celery and others that
                ``docs/schedulers.md`` lists, or ``RUN_LEDGER_JOB_ID``), followed by ``:2`` and so
                on for further jobs; else a new one.
            pipeline: what kind of work it is.
            attempt: the attempt's number, from 1; else the scheduler's; else one more than the
                last attempt that ended in this process, which is logged.
            name: a name for people.
            parent_job_id: the job that this one is a part of.
            records_total: how many records there are.
            tags: further fields of your own, such as ``{"team": "search"}``.
            log_url: where its log can be read.
            heartbeat_seconds: after a silence of so many seconds the job is shown as stalled
                (default 900).
            expect: how its pipeline should run from now on, such as ``{"cron": "0 2 * * *",
                "timezone": "Europe/Berlin", "max_duration": "2h"}``; ``{}`` takes that back.
            keep_alive: report that the job is alive for as long as the process lives, even if
                the work does not go on.

        """
        fields: dict[str, Any] = {
            "name": name,
            "parent_job_id": parent_job_id,
            "records_total": records_total,
            "tags": tags,
            "log_url": log_url,
            "heartbeat_seconds": heartbeat_seconds,
            "expect": expect,
        }
        reporter = self._reporter
        with reporter.guard():
            parent = current_job()
            if named(parent_job_id) is None:
                fields["parent_job_id"] = (
                    parent.job_id if parent else environment.value("PARENT_JOB_ID")
                )
            owner = reporter.identities.owner(client_id, project_id, pipeline)
            identity, follows = reporter.identities.identify(owner, job_id, attempt)
            fields = reporter.mended(fields)
            reporter.check("job_update", {**identity, **fields})
            accumulator = reporter.accumulator("job_update", identity)
            if follows and accumulator is not None:
                ended = f"attempt {follows} has ended in this process"
                reporter.note_reuse(accumulator.identity, ended)
            return Job(reporter, accumulator, first_fields=fields, keep_alive=keep_alive)
        return Job(reporter, None)

    def join(
        self,
        *,
        job_id: str | None = None,
        client_id: str | None = None,
        project_id: str | None = None,
        pipeline: str | None = None,
        attempt: int | None = None,
    ) -> Job:
        """Return a joined job: it reports to a job that somebody else starts and ends.

        For workers on one job. Without *job_id* it is the job of the ``run-ledger run`` that this
        process runs in. A job that is pickled, as an argument to a worker process, arrives joined.
        """
        reporter = self._reporter
        with reporter.guard():
            identity = reporter.identities.owner(client_id, project_id, pipeline)
            around = None if named(job_id) else environment.enclosing_job()
            identity["job_id"] = named(job_id) or (around.job_id if around else None)
            identity["attempt"] = attempt or (around.attempt if around else 1)
            return Job(reporter, reporter.accumulator("job_update", identity), is_joined=True)
        return Job(reporter, None)

    def project(self, *, client_id: str | None = None, project_id: str | None = None) -> Project:
        """Return a project to report about."""
        reporter = self._reporter
        with reporter.guard():
            identity = reporter.identities.owner(client_id, project_id, None)
            return Project(reporter, reporter.accumulator("project_update", identity))
        return Project(reporter, None)

    @overload
    def tracked(self, function: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def tracked(self, function: None = None, /, **job: Any) -> Tracked: ...

    def tracked(self, function: Callable[..., Any] | None = None, /, **job: Any) -> Any:
        """Return a decorator that makes each call of a function a job, by `job` with these options.

        For functions, coroutine functions and generators of both kinds; without options it needs
        no parentheses. ``name`` is by default the function's; inside it, `current_job` returns the
        job. An option that `job` does not know raises TypeError here, before any call.
        """
        if function is not None and not callable(function):
            raise TypeError(
                f"tracked takes its options by name, as job does, not {shown(function)}"
            )
        inspect.signature(self.job).bind(**job)
        tracked = Tracked(self.job, job)
        return tracked if function is None else tracked(function)

    def send(self, detail_type: str, detail: Mapping[str, Any]) -> str | None:
        """Queue one event and return its id; None where it breaks the contract or there is no bus.

        Missing ``event_id`` and ``occurred_at`` are filled in. Optional fields that break the
        contract are left out and counted in `stats`.
        """
        return self._reporter.send(detail_type, detail)

    def flush(self, timeout: float = _DEFAULT.exit_seconds) -> bool:
        """Wait until everything reported before is with the bus or safe on disk.

        Wait *timeout* seconds at most; return whether it is.
        """
        return self._reporter.flush(timeout)

    def deliver(
        self, timeout: float = _DEFAULT.exit_seconds, *, start_seconds: float = 0.0
    ) -> bool:
        """Put everything reported before on disk; then wait until the bus has it.

        For a process that may end at any moment without a farewell, such as a forked one: what it
        reported before is safe as soon as this was called. What ended processes left on disk is
        sent, too. Wait *timeout* seconds at most, and before that *start_seconds* at most until
        the client for the bus is made, once a process. Return whether the bus has everything; if
        not, the next process on this machine that reports to the bus sends it.
        """
        return self._reporter.deliver(timeout, start_seconds)

    async def aflush(self, timeout: float = _DEFAULT.exit_seconds) -> bool:  # noqa: ASYNC109
        """Do what `flush` does without blocking the event loop."""
        return await self._reporter.aflush(timeout)

    def close(self, timeout: float = _DEFAULT.exit_seconds) -> bool:
        """Send all within *timeout* seconds or put the rest on disk; return whether all is safe.

        The end of the program does it, too. The ledger can still be used afterwards.
        """
        return self._reporter.close(timeout)

    def stats(self) -> Stats:
        """Return what became of the events so far."""
        return self._reporter.stats()

    def check(
        self, timeout: float = _CHECK_SECONDS, *, look: Callable[[str], bool] | None = None
    ) -> CheckOutcome:
        """Send a probe and say whether it came to the ledger, or what is wrong.

        AWS takes events for a bus that doesn't exist, and drops them, as it does with events that
        no rule passes on; so a send that succeeds proves little. A probe goes the whole way and
        counts nowhere. Whether it came is asked of *look*, which gets the probe's id and returns
        True once it is there; else of the read API of the local stack, or of the one at
        ``RUN_LEDGER_API_URL`` with ``RUN_LEDGER_TOKEN``. Without any of these the outcome says
        what it could not see.

        Waits for at most *timeout* seconds, and some more for the bus; raises nothing.
        """
        return self._reporter.send_probe(timeout, look)

    def __enter__(self) -> Self:
        """Return the ledger, to be closed at the block's end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the ledger."""
        self.close()
