"""The ledger as a pipeline sees it: jobs and projects to report about, and a look at the health."""

from __future__ import annotations

import asyncio
import inspect
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar, overload

import msgspec

from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.emit.counting.prices import Meter, Prices
from run_ledger.emit.counting.tallies import Tally
from run_ledger.emit.counting.updates import make
from run_ledger.emit.delivery import processes
from run_ledger.emit.delivery.bus import Bus, EventsClient, Target
from run_ledger.emit.delivery.health import Health, Stats
from run_ledger.emit.delivery.sender import Pace, Sender, Ticket
from run_ledger.emit.delivery.spool import Spool
from run_ledger.emit.identity import environment
from run_ledger.emit.identity.run_ids import Naming
from run_ledger.emit.jobs import Job, Project, current_job
from run_ledger.emit.tracking import Tracked

P = ParamSpec("P")
R = TypeVar("R")

_USUAL = Pace()
_LAMBDA_SECONDS = 2.0


class RunLedger:
    """Reports to one event bus: ``ledger = RunLedger()``, once a program.

    Without *bus*, and without ``RUN_LEDGER_BUS`` in the environment, it does nothing. Nothing of it
    raises into the pipeline or makes it wait, but for `flush` and `close`, which wait as long as
    they are told. With *strict*, for tests, mistakes in calls raise instead of being left out.
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
        interval_seconds: float = _USUAL.interval_seconds,
        exit_seconds: float = _USUAL.exit_seconds,
        client: EventsClient | None = None,
        prices: Prices | None = None,
    ) -> None:
        """Report to *bus*; what isn't given comes from the environment.

        Args:
            bus: name or ARN of the event bus.
            region: its region.
            endpoint_url: another address than AWS's.
            source: who reports, as the events' ``source``.
            spool: folder for what can't be sent, or ``"off"``.
            strict: raise on mistakes in calls.
            interval_seconds: how often sums are sent.
            exit_seconds: for how long at most the end of the program waits for the bus.
            client: botocore's client for EventBridge or the like, instead of one made from the
                above.
            prices: what tokens cost, for `Job.usage`; else a small table of examples.

        """
        self._options = {
            "bus": bus, "region": region, "endpoint_url": endpoint_url, "source": source,
            "spool": str(spool) if spool is not None else None, "strict": strict,
            "interval_seconds": interval_seconds, "exit_seconds": exit_seconds,
            "prices": prices,
        }  # fmt: skip
        self.strict = environment.flag("STRICT") if strict is None else strict
        self.seconds_at_end = _LAMBDA_SECONDS if environment.is_lambda() else 0.0
        self._prices = prices or Prices()
        self._health = Health()
        self._tallies: weakref.WeakValueDictionary[tuple[Any, ...], Tally] = (
            weakref.WeakValueDictionary()
        )
        self._making = threading.Lock()  # of tallies
        self._naming = Naming()
        target = environment.target(bus, region, endpoint_url, source)
        self.enabled = target is not None
        where = target or Target("", None, None, "-")
        self.sender = Sender(
            Bus(where, client),
            self._spool_of(target, spool),
            self._health,
            Pace(interval_seconds, exit_seconds),
        )
        processes.know(self)
        weakref.finalize(self, self.sender.retire).atexit = False

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
        keep_alive: bool = False,
    ) -> Job:
        """Return a job to report about: ``with ledger.job(…) as job:`` or ``async with``.

        Leaving the block ends it as succeeded, or as `Job.fail`, `Job.partial` or the like said; an
        exception ends it as failed, and goes on up. Inside another job's block it is a part of
        that one.

        Args:
            client_id: whose work it is, else ``RUN_LEDGER_CLIENT_ID``.
            project_id: what it belongs to, else ``RUN_LEDGER_PROJECT_ID``.
            job_id: the same for every try at the same work; else the id that the scheduler has for
                what runs here (AWS Batch, Airflow, Celery, or ``RUN_LEDGER_JOB_ID``), followed by
                ``:2`` and so on where there are several; else a new one.
            pipeline: what kind of work it is.
            attempt: the how-manieth try; else what the scheduler says; else one more than the last
                try that ended in this process.
            name: what people read.
            parent_job_id: the job that this one is a part of.
            records_total: how many records there are.
            tags: more facts, as names and texts.
            log_url: where its log can be read.
            heartbeat_seconds: a silence this long shows the job as stalled (default 900).
            keep_alive: show signs of life for as long as the process lives, whether or not the
                work goes on.

        """
        words = {
            "name": name,
            "parent_job_id": parent_job_id,
            "records_total": records_total,
            "tags": (dict(tags) if isinstance(tags, Mapping) else tags) or None,
            "log_url": log_url,
            "heartbeat_seconds": heartbeat_seconds,
        }
        with self.harmless():
            parent = current_job()
            if parent_job_id is None:
                words["parent_job_id"] = (
                    parent.job_id if parent else environment.value("PARENT_JOB_ID")
                )
            owner = self._naming.owner(client_id, project_id, pipeline)
            identity = self._naming.name(owner, job_id, attempt)
            self.check(None, "", None, {**identity, **words})
            return Job(
                self, self._tally("job_update", identity), first_words=words, keep_alive=keep_alive
            )
        return Job(self, None)

    def join(
        self,
        *,
        job_id: str | None = None,
        client_id: str | None = None,
        project_id: str | None = None,
        pipeline: str | None = None,
        attempt: int | None = None,
    ) -> Job:
        """Return a part of a job that somebody else begins and ends: it adds and says, no more.

        For workers on one job. Without *job_id* it is that of the ``run-ledger run`` around this
        process. A job that is pickled, as an argument to a worker process, arrives as this.
        """
        with self.harmless():
            identity = self._naming.owner(client_id, project_id, pipeline)
            around = None if job_id else environment.enclosing()
            identity["job_id"] = job_id or (around.job_id if around else None)
            identity["attempt"] = attempt or (around.attempt if around else 1)
            return Job(self, self._tally("job_update", identity), is_joined=True)
        return Job(self, None)

    def project(self, *, client_id: str | None = None, project_id: str | None = None) -> Project:
        """Return a project to report about."""
        with self.harmless():
            identity = self._naming.owner(client_id, project_id, None)
            return Project(self, self._tally("project_update", identity))
        return Project(self, None)

    @overload
    def tracked(self, function: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def tracked(self, function: None = None, /, **job: Any) -> Tracked: ...

    def tracked(self, function: Callable[..., Any] | None = None, /, **job: Any) -> Any:
        """Return a decorator: each call of the function is a job, made by `job` with these words.

        For functions, coroutine functions and generators of both kinds; without words it needs no
        parentheses. ``name`` is the function's own where it is not given; inside, `current_job`
        gives the job. A word that `job` does not know raises here, where the program begins,
        rather than in some call.
        """
        if function is not None and not callable(function):
            raise TypeError(f"tracked takes its words by name, as job does, not {shown(function)}")
        inspect.signature(self.job).bind(**job)
        tracked = Tracked(self, job)
        return tracked if function is None else tracked(function)

    def send(self, detail_type: str, detail: Mapping[str, Any]) -> str | None:
        """Queue one event made elsewhere, and return its id; None where it can't be one.

        ``event_id`` and ``occurred_at`` are filled in where they are missing. Optional fields that
        break the contract are left out and counted.
        """
        with self.harmless():
            if self.enabled:
                update = make(detail_type, detail, self.complain)
                if update is not None:
                    self.sender.hand(update)
                    return update.event_id
        return None

    def flush(self, timeout: float = _USUAL.exit_seconds) -> bool:
        """Wait until all that was said before is with the bus or safe on the disk.

        Return whether it is, after *timeout* seconds at most.
        """
        with self.harmless():
            if not self.enabled:
                return True
            ticket = Ticket()
            self.sender.hand(ticket)
            ticket.done.wait(timeout)
            return ticket.is_safe
        return False

    async def aflush(self, timeout: float = _USUAL.exit_seconds) -> bool:  # noqa: ASYNC109
        """Do what `flush` does without holding up the loop."""
        with self.harmless():
            if not self.enabled:
                return True
            loop, done = asyncio.get_running_loop(), asyncio.Event()

            def tell() -> None:
                loop.call_soon_threadsafe(done.set)

            ticket = Ticket(tell)
            self.sender.hand(ticket)
            try:
                await asyncio.wait_for(done.wait(), timeout)
            except TimeoutError:
                return False
            return ticket.is_safe
        return False

    def close(self, timeout: float = _USUAL.exit_seconds) -> bool:
        """Send what there is within *timeout* seconds, else put it on disk; say if all is safe.

        The end of the program does it. What is said afterwards begins anew.
        """
        with self.harmless():
            return not self.enabled or self.sender.stop(timeout)
        return False

    def stats(self) -> Stats:
        """Return how reporting fares."""
        return Stats(
            enabled=self.enabled,
            waiting=self.sender.waiting,
            spool_bytes=self.sender.spool_bytes,
            last_error=self._health.last_error,
            last_accepted_at=self._health.last_accepted_at,
            **self._health.counts,
        )

    def __enter__(self) -> Self:
        """Return the ledger, to be closed at the block's end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the ledger."""
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the ledger with the same options, of which a process has one."""
        return shared, (self._options,)

    # What jobs need.

    def meter(self) -> Meter:
        """Return what turns answers of language models into deltas, for one job."""
        return Meter(self._prices, lambda: self._health.count("unpriced"))

    @contextmanager
    def harmless(self) -> Iterator[None]:
        """Keep errors of reporting from the pipeline, unless it wants to see them."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - that is what it is for
            self.fault(error)

    def fault(self, error: Exception) -> None:
        """Count and log an error; raise it where the pipeline wants to see mistakes."""
        if self.strict:
            raise error
        if isinstance(error, InvalidEvent):
            self._health.complain(error)
        else:
            self._health.fault(error)

    def complain(self, invalid: InvalidEvent) -> None:
        """Count what breaks the contract; raise it where the pipeline wants to see mistakes."""
        if self.strict:
            raise invalid
        if self._health.is_news(invalid):
            self.sender.hand(invalid)

    def known(self, fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        """Return those of *fields* that are among *names*; complain about the others."""
        with self.harmless():
            for name in fields.keys() - set(names):
                field, got = f"detail.{name}", shown(fields[name])
                allowed = f"one of {', '.join(names)}"
                self.complain(InvalidEvent("invalid_field", field=field, got=got, allowed=allowed))
        return {name: value for name, value in fields.items() if name in names}

    def check(
        self,
        tally: Tally | None,
        field: str,
        value: Any,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Raise what is wrong with a word, where the pipeline wants to see mistakes."""
        if self.strict:
            content = detail or {**(tally.identity if tally else {}), field: value}
            kind = tally.detail_type if tally else "job_update"
            make(kind, {name: one for name, one in content.items() if name}, self.complain)

    def ended(self, tally: Tally) -> None:
        """Remember that a try ended here, so that the next one of the same job counts on."""
        self._naming.ended(tally.identity)

    def after_fork(self) -> None:
        """Begin anew in a child; the parent goes on reporting what was said before."""
        self._making = threading.Lock()
        self._naming.after_fork()
        for tally in list(self._tallies.values()):
            tally.forget()
        self.sender.after_fork()
        self._health = self.sender.health

    def _tally(self, detail_type: str, identity: Mapping[str, Any]) -> Tally | None:
        """Return the tally of *identity*, the same for all that report about it at a time."""
        if not self.enabled:
            return None
        update = make(detail_type, identity, self.complain)
        if update is None:
            return None
        kept = {"attempt": 1, **msgspec.json.decode(update.detail)}
        identity = {name: kept[name] for name in identity}
        key = (detail_type, *identity.values())
        with self._making:
            tally = self._tallies.get(key)
            if tally is None:
                tally = Tally(detail_type, identity, self.sender.wake, self.complain)
                self._tallies[key] = tally
            return tally

    @staticmethod
    def _spool_of(target: Target | None, given: str | Path | None) -> Spool | None:
        root = environment.spool_root(given)
        if target is None or root is None:
            return None
        document = msgspec.json.encode(target._asdict()).decode()
        return Spool(environment.spool_folder(root, target), document)


_shared: dict[str, RunLedger] = {}


def shared(options: Mapping[str, Any]) -> RunLedger:
    """Return this process's ledger with *options*, made once: workers unpickle many jobs."""
    key = repr(sorted(options.items()))
    if key not in _shared:
        _shared[key] = RunLedger(**options)
    return _shared[key]
