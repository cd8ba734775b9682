"""Missed and late runs under every fault: late intake, stopped writers, cuts, two sweeps at once.

Runs begin, and the ledger hears of them at once, or when the writer works again. Sweeps are made at
any time, by two functions at once, call by call; calls fail, take effect late, and
sweeps are cut. In the end what was told, to the client's people and to staff alike, is what a
recount says that knows all runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.support.dynamo import faults
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writers import Writer
from tests.support.events.builders import job_update
from tests.support.readers import ledgers

from run_ledger.domain import instants
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.doors.event_bus import Bus
from run_ledger.store.clients.watched_clients import WatchedClient
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.timed.run_reads import RunReads
from run_ledger.store.timed.watch_ledger import WatchLedger
from run_ledger.teller import Teller
from run_ledger.timekeeping.run_sweep import RunSweep
from run_ledger.timekeeping.watching import Watching

MINUTE = 60 * MICROSECONDS
PERIOD = 10 * MINUTE
START = Instant(ledgers.NOW // PERIOD * PERIOD)
BY_CRON = Expectation("cron", cron="*/10 * * * *", grace_seconds=180)
BY_LENGTH = Expectation("every", every_seconds=600, grace_seconds=180)
LONG_GRACE = Expectation("patient", cron="*/10 * * * *", grace_seconds=900)
EXPECTED = {one.pipeline: one for one in (BY_CRON, BY_LENGTH, LONG_GRACE)}
RULES = (AlertRule("late", grace_seconds=0), AlertRule("missed", grace_seconds=0))
CLIENT = WatchedClient("acme", tuple(EXPECTED.values()), RULES)
WATCHING = Watching((CLIENT,), staff=RULES)
_numbers = st.integers(0, 40)
_trouble = st.sampled_from((*sorted(faults.BY_NAME), "late", "late and cut"))


class Told(NamedTuple):
    """One incident: what, since which slot, how many slots, and whether it is over."""

    pipeline: str
    what: str
    began_at: Instant
    is_closed: bool


class TakingBus:
    """A bus that takes everything."""

    def __init__(self) -> None:
        """Begin with nothing taken."""
        self.details: list[dict[str, Any]] = []

    def put_events(self, *, Entries: Any) -> Any:  # noqa: N803 - botocore's name
        """Take entries."""
        self.details += [json.loads(entry["Detail"]) for entry in Entries]
        return {"Entries": [{"EventId": "e"} for _ in Entries]}


@dataclass
class Sweeper:
    """One function that sweeps, at most once at a time."""

    writer: Writer = field(default_factory=Writer)


class TimeModel(RuleBasedStateMachine):
    """Pipelines that should run every ten minutes, the ledger, and two sweepers."""

    def __init__(self) -> None:
        """Begin where a slot is."""
        super().__init__()
        self.store = ledgers.empty_store()
        self.ledger = ledgers.make_ledger(self.store)
        self.now = Instant(START)
        self.runs: dict[str, list[Instant]] = {name: [] for name in EXPECTED}
        self.unposted: list[tuple[str, Instant]] = []
        self.is_stopped = False
        self.bus = TakingBus()
        self.late = faults.Late()
        self.sweepers = [Sweeper(), Sweeper()]

    @initialize()
    def declare(self) -> None:
        """Let a first sweep take note of what is expected."""
        self.sweep(0)
        self.let_all_end()

    @rule(seconds=st.sampled_from((20, 60, 170, 400, 1_300)))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now = Instant(self.now + seconds * MICROSECONDS)

    @rule(pipeline=st.sampled_from(sorted(EXPECTED)), ago=st.sampled_from((0, 1, 40)))
    def begin(self, pipeline: str, ago: int) -> None:
        """Let a run begin, or have begun a little while ago, if that is still unknown."""
        at = Instant(max(START + 1, self.now - ago * MICROSECONDS, self.known_until + 1))
        if at > self.now or at in self.runs[pipeline]:
            return
        self.runs[pipeline].append(at)
        self.unposted.append((pipeline, at))
        if not self.is_stopped:
            self.post()

    @rule()
    def stop(self) -> None:
        """Let the writer stop."""
        self.is_stopped = True

    @precondition(lambda self: self.is_stopped)
    @rule(backwards=st.booleans(), most=st.integers(1, 3))
    def post_some(self, backwards: bool, most: int) -> None:
        """Let some of what waits be posted, perhaps the last first, while the rest waits."""
        for _ in range(min(most, len(self.unposted))):
            self.post_one(self.unposted.pop(-1 if backwards else 0))

    @rule()
    def go_on_writing(self) -> None:
        """Let the writer post all that waits."""
        self.is_stopped = False
        self.post()

    @precondition(lambda self: self.idle)
    @rule(number=_numbers)
    def sweep(self, number: int) -> None:
        """Let an idle sweeper begin, with the watermark of now."""
        sweeper = self.idle[number % len(self.idle)]
        client: Any = ScriptedQuerying(self.store, sweeper.writer.script)
        incidents = IncidentLedger(client, NAMES.incidents, lambda: self.now, lambda _: None)
        rows = RowKeeper(client, NAMES.incidents, 90)
        firsts = FirstFailures(client, NAMES.incidents, NAMES.rollups, lambda: self.now)
        bus = Bus(self.bus, "bus")
        teller = Teller(client, NAMES.clients, incidents, rows, bus, firsts=firsts)
        runs = RunReads(client, NAMES.jobs, lambda: 60.0)
        swept = RunSweep(
            WatchLedger(client, NAMES.incidents),
            runs,
            lambda scope, change: void(teller.tell_change(scope, change, 60)),
            lambda: self.now,
        )
        watermark = self.watermark
        self.seen_until = max(self.known_until, watermark)

        def work() -> None:
            with suppress(StoreUnavailable):
                swept.run(WATCHING, watermark)

        sweeper.writer.start(work)

    @precondition(lambda self: self.working)
    @rule(numbers=st.lists(_numbers, min_size=1, max_size=20))
    def go_on(self, numbers: list[int]) -> None:
        """Let some sweepers make a call each, in this order."""
        for number in numbers:
            if self.working:
                self.working[number % len(self.working)].writer.step(None)

    @precondition(lambda self: self.working)
    @rule(number=_numbers, calls=st.integers(0, 6), trouble=_trouble)
    def go_wrong(self, number: int, calls: int, trouble: str) -> None:
        """Let a call of a sweeper go wrong, after some that go well."""
        writer = self.working[number % len(self.working)].writer
        for _ in range(calls):
            if writer.is_working:
                writer.step(None)
        if writer.is_working:
            chosen = {"late": self.late.fault, "late and cut": self.late.cut}
            writer.step(chosen.get(trouble) or faults.BY_NAME[trouble])

    @precondition(lambda self: len(self.late))
    @rule(number=_numbers)
    def land(self, number: int) -> None:
        """Let a call that a sweeper has given up long ago take effect."""
        self.late.land(number % len(self.late))

    def teardown(self) -> None:
        """Let all be posted and judged, and compare with the recount."""
        try:
            self.let_all_end()
            while len(self.late):
                self.late.land(0)
            self.go_on_writing()
            for _ in range(3):
                self.sweep(0)
                self.let_all_end()
            for of_staff in (False, True):
                assert sorted(self.told(of_staff=of_staff)) == sorted(self.recount())
            before = len(self.bus.details)
            self.sweep(1)
            self.let_all_end()
            assert len(self.bus.details) == before
        finally:
            for sweeper in self.sweepers:
                sweeper.writer.cut()

    @property
    def watermark(self) -> Instant:
        """Return up to when all runs are posted."""
        return Instant(min((at for _, at in self.unposted), default=self.now + 1) - 1)

    @property
    def known_until(self) -> Instant:
        """Return the latest watermark that a sweep has had: no run may come to be known before."""
        return getattr(self, "seen_until", START)

    @property
    def working(self) -> list[Sweeper]:
        """Return the sweepers at work."""
        return [one for one in self.sweepers if one.writer.is_working]

    @property
    def idle(self) -> list[Sweeper]:
        """Return the others."""
        return [one for one in self.sweepers if not one.writer.is_working]

    def let_all_end(self) -> None:
        """Let sweepers come to an end, call by call in turns."""
        for _ in range(20_000):
            if not self.working:
                return
            for sweeper in self.working:
                sweeper.writer.step(None)
        raise AssertionError("a sweeper goes round in circles")

    def post(self) -> None:
        """Post all that waits."""
        while self.unposted:
            self.post_one(self.unposted.pop(0))

    def post_one(self, run: tuple[str, Instant]) -> None:
        """Let the ledger hear of a run."""
        pipeline, at = run
        name = f"{pipeline}-{at}"
        event = job_update(
            job_id=name,
            event_id=name,
            client_id="acme",
            pipeline=pipeline,
            status="running",
            occurred_at=instants.text(at),
        )
        assert not ledgers.post(self.ledger, [event]).failures

    def told(self, *, of_staff: bool) -> list[Told]:
        """Return the incidents that were told to the client's people, or to staff.

        Each notice was told by one id with one text.
        """
        opened: dict[str, Told] = {}
        texts: dict[str, Any] = {}
        for one in (one for one in self.bus.details if one["of_staff"] is of_staff):
            assert texts.setdefault(one["notice_id"], one) == one
            is_closed = one["closed_at"] is not None
            assert one["incident_id"] in opened or not is_closed
            began_at = instants.parse(one["began_at"])
            told = Told(one["pipeline"], one["what"], began_at, is_closed)
            opened[one["incident_id"]] = told
        return list(opened.values())

    def recount(self) -> list[Told]:
        """Return the incidents that there are by all runs and the time now."""
        return [
            told
            for name, one in EXPECTED.items()
            for told in (
                recounted_lengths(sorted(self.runs[name]), self.now)
                if one is BY_LENGTH
                else recounted_slots(one, sorted(self.runs[name]), self.now)
            )
        ]


def void(_: object) -> None:
    """Take what nobody wants."""


def recounted_slots(one: Expectation, runs: list[Instant], now: Instant) -> Iterator[Told]:
    """Yield what was missed and late of a schedule, by walking through the time once."""
    grace = one.grace_seconds * MICROSECONDS
    slots = [START + number * PERIOD for number in range(1, (now - START) // PERIOD + 1)]
    happened = [(slot + grace, 0, slot) for slot in slots if slot + grace <= now]
    happened += [(run, 1, run) for run in runs]
    # A run at the very end of a grace is in time.
    happened.sort(key=lambda one: (one[0], -one[1]))
    missed: Instant | None = None
    first_late: Instant | None = None
    began: Instant | None = None
    for _, kind, at in happened:
        if kind == 0:
            is_there = any(at - MINUTE <= run <= at + grace for run in runs)
            if not is_there:
                missed, began = Instant(at), began or Instant(at)
            elif first_late is not None:
                yield Told(one.pipeline, "late", first_late, is_closed=True)
                first_late = None
        elif missed is not None and began is not None:
            yield Told(one.pipeline, "missed", began, is_closed=True)
            if at < missed + PERIOD - MINUTE:
                first_late = first_late or missed
            missed = began = None
    if began is not None:
        yield Told(one.pipeline, "missed", began, is_closed=False)
    if first_late is not None:
        yield Told(one.pipeline, "late", first_late, is_closed=False)


def recounted_lengths(runs: list[Instant], now: Instant) -> Iterator[Told]:
    """Yield what was missed and late where the next run is to come ten minutes after the last."""
    grace = BY_LENGTH.grace_seconds * MICROSECONDS
    last = START
    first_late: Instant | None = None
    while last + PERIOD + grace <= now:
        in_time = [run for run in runs if last < run <= last + PERIOD + grace]
        if in_time:
            last = max(in_time)
            if first_late is not None:
                yield Told("every", "late", first_late, is_closed=True)
                first_late = None
            continue
        following = min((run for run in runs if run > last), default=None)
        end = now + 1 if following is None else following
        slots = [Instant(last + PERIOD * number) for number in range(1, 1_000)]
        missed = [slot for slot in slots if slot + grace < end]
        yield Told("every", "missed", missed[0], is_closed=following is not None)
        if following is None:
            break
        if following < missed[-1] + PERIOD - MINUTE:
            first_late = first_late or missed[-1]
        last = following
    if first_late is not None:
        yield Told("every", "late", first_late, is_closed=False)


TestTime = TimeModel.TestCase
TestTime.settings = settings(stateful_step_count=40)
