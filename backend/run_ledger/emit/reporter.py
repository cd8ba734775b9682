"""What stands between a ledger's jobs and its sender: one reporter for each `RunLedger`.

`RunLedger` shows what users call, a `Job` shows what a job can report. Both leave the rest to the
reporter: it makes one `Accumulator` for each job, checks and queues events, and keeps every
exception of reporting from the pipeline.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import msgspec

from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.emit.counting.accumulator import Accumulator
from run_ledger.emit.counting.mending import Mending, Shortened
from run_ledger.emit.counting.meter import Meter
from run_ledger.emit.counting.outgoing_events import make_event
from run_ledger.emit.delivery import process_hooks
from run_ledger.emit.delivery.bus import EventBridgeClient, EventBus
from run_ledger.emit.delivery.checking import NO_BUS, CheckOutcome, Look, check_bus
from run_ledger.emit.delivery.health import Health, Stats, words_of
from run_ledger.emit.delivery.queue_items import FlushRequest, LastEvent, SenderTiming
from run_ledger.emit.delivery.read_api import read_api
from run_ledger.emit.delivery.sender import Sender
from run_ledger.emit.delivery.spool import Spool
from run_ledger.emit.identity import environment
from run_ledger.emit.identity.destinations import SpoolPlan, digest_of
from run_ledger.emit.identity.job_identities import job_identities
from run_ledger.emit.identity.local_stack import StackDocument, find_local_stack
from run_ledger.emit.identity.spool_places import spool_places
from run_ledger.emit.pricing.prices import Prices

_LONGEST_SECONDS = 3_600.0


class ReporterOptions(NamedTuple):
    """What a `RunLedger` was given; None means that the environment decides."""

    bus: str | None
    region: str | None
    endpoint_url: str | None
    source: str | None
    spool: object
    strict: bool | None
    interval_seconds: float
    exit_seconds: float
    prices: Prices | None


class Reporter:
    """Reports the jobs and projects of one `RunLedger`; any thread may use it."""

    def __init__(self, options: ReporterOptions, client: EventBridgeClient | None = None) -> None:
        """Report to the bus of *options*, else to the environment's; without one do nothing."""
        self._options = options
        self._health = Health()
        self._client = client
        self.stack: StackDocument | None = None
        target = self.target = self._target()
        self.strict = self._is_strict()
        self.enabled = target is not None
        if problem := environment.attempt_problem():
            self._health.note_misconfigured(problem)
        self.identities = job_identities((target, shown(options.spool)))
        self._timing = self._read_timing()
        self._prices = options.prices or Prices()
        self._accumulators: weakref.WeakValueDictionary[tuple[Any, ...], Accumulator] = (
            weakref.WeakValueDictionary()
        )
        self._accumulators_lock = threading.Lock()
        self.sender = Sender(
            self._bus(),
            self._spool_of(target),
            self._health,
            self._timing,
        )
        process_hooks.watch_fork(self)
        weakref.finalize(self, self.sender.end_when_idle).atexit = False

    def _bus(self) -> EventBus:
        return EventBus(self.target or environment.BusTarget(""), self._client, self.stack)

    def send_probe(self, timeout: float, look: Look | None = None) -> CheckOutcome:
        """Send a probe, and look for at most *timeout* seconds whether it comes."""
        if self.target is None:
            return NO_BUS
        access = self.stack.read_access if self.stack else None
        return check_bus(self._bus(), look or read_api(access), timeout)

    # What the constructor makes of its options and the environment; none of it raises.

    def _target(self) -> environment.BusTarget | None:
        try:
            if environment.has_bus(self._options.bus) or self._client is not None:
                return environment.target(*self._options[:4])
            self.stack = find_local_stack()
        except Exception as error:  # noqa: BLE001 - a name whose text can't be had
            self._health.note_misconfigured(f"the bus can't be read: {words_of(error)}")
        return self.stack.target(self._options.source) if self.stack else None

    def _is_strict(self) -> bool:
        strict = self._options.strict
        if strict is None and (strict := environment.flag("STRICT")) is None:
            self._health.note_misconfigured("RUN_LEDGER_STRICT is neither 1 nor 0: 0 is used")
        return bool(strict)

    def _read_timing(self) -> SenderTiming:
        given = {name: getattr(self._options, name) for name in SenderTiming.__struct_fields__}
        used = {}
        for name, default in msgspec.structs.asdict(SenderTiming()).items():
            used[name] = seconds_of(given[name], default, _LONGEST_SECONDS)
            if not isinstance(given[name], (int, float)) or used[name] != given[name]:
                self._health.note_misconfigured(
                    f"{name} is {shown(given[name])}: {used[name]} is used; "
                    f"allowed: seconds from 0 to {_LONGEST_SECONDS}"
                )
        return SenderTiming(**used)

    def _spool_of(self, target: environment.BusTarget | None) -> Spool | None:
        if target is None:
            return None
        places = spool_places(self._options.spool)
        if places.problem:
            self._health.note_misconfigured(places.problem)
        if not places.roots:
            return None
        seed: list[str | bytes] = [repr(target), *environment.aws_evidence()]
        return Spool.planned(SpoolPlan(places.roots, target, digest_of(seed)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the reporter with the same options, of which a process has one."""
        return _shared_reporter, (self._options,)

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Keep exceptions of the block from the pipeline; in strict mode they are raised."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - that is what it is for
            self.note_exception(error)

    def note_exception(self, exception: Exception) -> None:
        """Count and log *exception*; in strict mode raise it."""
        if self.strict:
            raise exception
        if isinstance(exception, InvalidEvent):
            self._health.note_invalid(exception)
        else:
            self._health.note_fault(exception)

    def note_invalid(self, invalid: InvalidEvent) -> None:
        """Count what breaks the contract, and let the sender log it; in strict mode raise it.

        A text that was cut is no reason to raise: an exception's message may have any length.
        """
        if self.strict and not isinstance(invalid, Shortened):
            raise invalid
        if self._health.count_invalid(invalid):
            self.sender.enqueue(invalid)

    def known_fields(self, fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        """Return those of *fields* that are among *names*; note the others as invalid."""
        with self.guard():
            for name in fields.keys() - set(names):
                field, got = f"detail.{name}", shown(fields[name])
                allowed = f"one of {', '.join(names)}"
                self.note_invalid(
                    InvalidEvent("invalid_field", field=field, got=got, allowed=allowed)
                )
        return {name: value for name, value in fields.items() if name in names}

    def mended(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of *fields* that have a value, as the contract allows them."""
        return Mending(self.note_invalid).mend(fields)

    def check(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        """In strict mode, raise InvalidEvent where *detail* breaks the contract."""
        if self.strict:
            make_event(detail_type, detail, self.note_invalid)

    def meter(self) -> Meter:
        """Return a new meter for one job: it turns answers of language models into deltas."""
        health = self._health
        return Meter(self._prices, health.note_unpriced, health.note_unread)

    def accumulator(self, detail_type: str, identity: Mapping[str, Any]) -> Accumulator | None:
        """Return the one accumulator of *identity*; None where there is no bus or it is invalid."""
        if not self.enabled:
            return None
        event = make_event(detail_type, identity, self.note_invalid)
        if event is None:
            return None
        kept = {"attempt": 1, **msgspec.json.decode(event.detail)}
        identity = {name: kept[name] for name in identity}
        key = (detail_type, *identity.values())
        with self._accumulators_lock:
            accumulator = self._accumulators.get(key)
            if accumulator is None:
                accumulator = Accumulator(
                    detail_type, identity, self.sender.add_accumulator, self.note_invalid
                )
                self._accumulators[key] = accumulator
            return accumulator

    def send(self, detail_type: str, detail: Mapping[str, Any]) -> str | None:
        """Queue one event, and return its id; None where it can't be made or there is no bus."""
        with self.guard():
            event = make_event(detail_type, detail, self.note_invalid) if self.enabled else None
            if event is not None:
                self.sender.enqueue(event)
                return event.event_id
        return None

    def begin(self, accumulator: Accumulator) -> None:
        """Remember that the job's attempt runs here, and say so where it does already."""
        if self.identities.note_start(accumulator.identity):
            self.note_reuse(accumulator.identity, "it has begun here and has not ended")

    def note_reuse(self, identity: Mapping[str, Any], words: str) -> None:
        """Count a job whose id is used again without an attempt; log each id once."""
        self._health.note_reuse(str(identity["job_id"]), int(identity["attempt"]), words)

    def end(self, accumulator: Accumulator, fields: Mapping[str, Any]) -> None:
        """Queue a job's last event, with *fields* and what is new; remember that it ended."""
        self.identities.note_end(accumulator.identity)
        self.sender.enqueue(LastEvent(accumulator, fields))

    def flush(self, timeout: float) -> bool:
        """Wait at most *timeout* seconds; return whether all reported before is sent or on disk."""
        with self.guard():
            return not self.enabled or self.sender.flush(self._wait(timeout))
        return False

    def deliver(self, timeout: float, start_seconds: float) -> bool:
        """Put all on disk, then wait until the bus has it; return whether it has."""
        with self.guard():
            return not self.enabled or self.sender.deliver(
                self._wait(timeout), seconds_of(start_seconds, 0.0)
            )
        return False

    async def aflush(self, timeout: float) -> bool:  # noqa: ASYNC109
        """Do what `flush` does without blocking the event loop."""
        with self.guard():
            if not self.enabled:
                return True
            loop, done = asyncio.get_running_loop(), asyncio.Event()
            request = FlushRequest(lambda: loop.call_soon_threadsafe(done.set))
            self.sender.enqueue(request)
            # What the bus does not answer about may be safe on disk all the same.
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), self._wait(timeout))
            return request.is_safe or await asyncio.to_thread(self.sender.write_ahead)
        return False

    def close(self, timeout: float) -> bool:
        """Send all within *timeout* seconds or put the rest on disk; return whether all is safe."""
        with self.guard():
            return not self.enabled or self.sender.stop(self._wait(timeout))
        return False

    def _wait(self, timeout: object) -> float:
        """Return for how many seconds to wait at most; as at the end, where it is no number."""
        return seconds_of(timeout, self._timing.exit_seconds)

    def stats(self) -> Stats:
        """Return what became of the events so far."""
        return Stats(
            enabled=self.enabled,
            waiting=self.sender.waiting,
            spool_bytes=self.sender.spool_bytes,
            last_error=self._health.last_error,
            last_accepted_at=self._health.last_accepted_at,
            **self._health.counts,
        )

    def after_fork(self) -> None:
        """Begin anew in a forked child; the parent sends what was reported before."""
        self._accumulators_lock = threading.Lock()
        self.identities.after_fork()
        for accumulator in list(self._accumulators.values()):
            accumulator.discard()
        self.sender.after_fork()
        self._health = self.sender.health


_shared: dict[str, Reporter] = {}


def _shared_reporter(options: ReporterOptions) -> Reporter:
    """Return this process's reporter with *options*, made once: workers unpickle many jobs."""
    key = repr(options)
    if key not in _shared:
        _shared[key] = Reporter(options)
    return _shared[key]


def seconds_of(given: object, default: float, most: float = threading.TIMEOUT_MAX) -> float:
    """Return *given* as seconds from 0 to *most*; *default* where it is no number."""
    if isinstance(given, (int, float)) and given == given:  # noqa: PLR0124 - only NaN is not
        return min(max(0.0, given), most)
    return default
