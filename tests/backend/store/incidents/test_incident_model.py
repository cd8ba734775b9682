"""Incidents under every fault: repeats, disorder, cuts between any two calls, several tellers.

Jobs end, and end otherwise, in pipelines of one client. Batches of what the stream holds go to
tellers that work at the same time, call by call; calls fail, time out, take effect late, and
tellers are cut. In the end each incident was opened once and closed once, what is open is what a
recount of the last ends says, and what healed within its grace was never told.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.dynamo import faults
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.stand_in import Fault
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writers import Writer
from tests.support.events.taking_bus import TakingBus
from tests.support.idle_keeper import IdleKeeper
from tests.support.readers import ledgers
from tests.support.recounts.open_causes import open_causes

from run_ledger import teller as handlers
from run_ledger.acts import ActTaker
from run_ledger.domain.incidents.alert_rules import AlertRule, JobEnd
from run_ledger.domain.incidents.incident_rows import IncidentRow
from run_ledger.domain.instants import MICROSECONDS, Instant, parse, text
from run_ledger.doors.event_bus import Bus
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_items import ROW, row_in
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.items.client_items import alert_values
from run_ledger.store.posting.rejections import RejectionStore

GRACE_SECONDS = 60
GRACE = GRACE_SECONDS * MICROSECONDS
QUIET = ("16:42", "16:44")
"""Soon after the beginning, which is at 16:40, and shorter than the last wait."""
_numbers = st.integers(0, 40)
_trouble = st.sampled_from((*sorted(faults.BY_NAME), "late", "late and cut"))
_here = threading.local()


@dataclass
class Environment:
    """One teller, and the invocation that it is at."""

    writer: Writer = field(default_factory=Writer)
    teller: handlers.Teller | None = None
    acts: ActTaker | None = None
    records: list[str] = field(default_factory=list)

    def get_remaining_time_in_millis(self) -> int:
        """Return enough."""
        return 60_000


class Telling(RuleBasedStateMachine):
    """The stream, the tellers, the table and the bus."""

    def __init__(self) -> None:
        """Start with nothing that has ended."""
        super().__init__()
        self.store = ledgers.empty_store()
        self.now = 1_000 * GRACE
        profile = {"pk": "acme", "sk": "profile", "alerts": alert_values(RULES)}
        self.store.client().put_item(TableName=NAMES.clients, Item=to_item(profile))
        self.bus = TakingBus()
        self.rows: dict[str, IncidentRow] = {}
        self.late = faults.Late()
        self.stream: list[JobEnd] = []
        self.queue: list[int] = []
        self.environments = [Environment() for _ in range(3)]
        self.patches = [
            patch.object(handlers, "_teller", lambda: _here.teller),
            patch.object(handlers, "_act_taker", lambda: _here.acts),
            patch.object(handlers, "job_end", lambda image: self.stream[image["number"]]),
            patch.object(handlers, "_now", lambda: Instant(self.now)),
            patch.object(handlers, "_time_keeper", IdleKeeper),
        ]
        for one in self.patches:
            one.start()

    @rule(
        job=st.sampled_from("abcde"),
        pipeline=st.sampled_from(("quick", "slow", "nights", "fresh")),
        result=st.sampled_from(("failed", "failed", "succeeded", "cancelled", "partial")),
        cause=st.sampled_from("fg"),
        ago=st.integers(0, 3),
    )
    def end(self, job: str, pipeline: str, result: str, cause: str, ago: int) -> None:
        """Let a job end, or end otherwise, some seconds ago."""
        job_id = f"{pipeline}-{job}"
        version = 1 + sum(one.job_id == job_id for one in self.stream)
        at = Instant(self.now - ago * MICROSECONDS)
        fingerprint = cause if result == "failed" else None
        end = JobEnd(job_id, version, "acme", "p", pipeline, result, at, fingerprint)
        self.queue.append(len(self.stream))
        self.stream.append(end)

    @rule(seconds=st.sampled_from((1, 5, GRACE_SECONDS, 3 * GRACE_SECONDS)))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds * MICROSECONDS

    @rule(moods=st.lists(st.sampled_from(("busy", "silent", "willing")), max_size=3))
    def trouble_the_bus(self, moods: list[str]) -> None:
        """Let the bus be in no mood for its next calls."""
        self.bus.moods += moods

    @precondition(lambda self: self.queue and self.idle)
    @rule(number=_numbers, length=st.integers(1, 5))
    def deliver(self, number: int, length: int) -> None:
        """Give a batch to an idle teller: each job's ends in their order, and repeats of some."""
        first = number % len(self.queue)
        picked = self.queue[first : first + length]
        jobs = {self.stream[one].job_id for one in picked}
        batch = [
            one for one in self.queue if one <= max(picked) and self.stream[one].job_id in jobs
        ]
        self.invoke(self.idle[number % len(self.idle)], batch)

    @precondition(lambda self: self.stream and self.idle)
    @rule(number=_numbers, length=st.integers(1, 5))
    def deliver_again(self, number: int, length: int) -> None:
        """Give what was given long ago, to whoever is idle."""
        first = number % len(self.stream)
        again = range(len(self.stream))[first : first + length]
        given = [one for one in again if one not in self.queue]
        if given:
            self.invoke(self.idle[number % len(self.idle)], given)

    @precondition(lambda self: self.idle)
    @rule(number=_numbers)
    def sweep(self, number: int) -> None:
        """Let the schedule call an idle teller."""
        self.invoke(self.idle[number % len(self.idle)], None)

    @precondition(lambda self: self.working)
    @rule(numbers=st.lists(_numbers, min_size=1, max_size=10))
    def go_on(self, numbers: list[int]) -> None:
        """Let some tellers make a call each, in this order."""
        for number in numbers:
            if self.working:
                self.step(self.working[number % len(self.working)], None)

    @precondition(lambda self: self.working)
    @rule(number=_numbers, calls=st.integers(0, 3), trouble=_trouble)
    def go_wrong(self, number: int, calls: int, trouble: str) -> None:
        """Let a call of a teller go wrong, after some that go well."""
        environment = self.working[number % len(self.working)]
        for _ in range(calls):
            if environment.writer.is_working:
                self.step(environment, None)
        if environment.writer.is_working:
            self.step(environment, self.fault(trouble))

    @precondition(lambda self: len(self.late))
    @rule(number=_numbers)
    def land(self, number: int) -> None:
        """Let a call that a teller has given up long ago take effect."""
        self.late.land(number % len(self.late))

    @invariant()
    def nothing_is_closed_before_it_is_opened(self) -> None:
        """And no notice's words change: each id has one text."""
        texts: dict[str, str] = {}
        for entry in self.bus.taken:
            notice_id = notice_id_of(entry)
            assert texts.setdefault(notice_id, entry["Detail"]) == entry["Detail"]
            if notice_id.endswith(".closed"):
                assert notice_id.replace(".closed", ".opened") in texts

    @invariant()
    def no_row_goes_back(self) -> None:
        """Nor comes after what is told: who hears of an incident finds it."""
        items = self.store.items(NAMES.incidents)
        rows = {row.incident_id: row for row in (row_in(one) for one in items if _is_row(one))}
        for incident_id, before in self.rows.items():
            assert rows[incident_id].number >= before.number
            assert rows[incident_id].history[: before.number] == before.history
        self.rows = rows
        for detail in map(detail_of, self.bus.taken):
            row = rows[detail["incident_id"]]
            assert row.closed_at is not None or detail["closed_at"] is None

    def teardown(self) -> None:
        """Let everything end without further trouble, and compare with a recount."""
        try:
            self.deliver_the_rest()
            self.assert_told_what_is_wrong()
        finally:
            for one in self.patches:
                one.stop()
            for environment in self.environments:
                environment.writer.cut()

    @property
    def working(self) -> list[Environment]:
        """Return the tellers at work."""
        return [one for one in self.environments if one.writer.is_working]

    @property
    def idle(self) -> list[Environment]:
        """Return the others."""
        return [one for one in self.environments if not one.writer.is_working]

    def invoke(self, environment: Environment, numbers: list[int] | None) -> None:
        """Start an invocation with records of the stream, or the schedule's (None)."""
        event: dict[str, Any] = {}
        environment.records = [str(number) for number in numbers or ()]
        if numbers is not None:
            event["Records"] = [
                {"dynamodb": {"NewImage": {"number": number}, "SequenceNumber": str(number)}}
                for number in numbers
            ]
        self.run(environment, event)

    def run(self, environment: Environment, event: dict[str, Any]) -> None:
        """Start an invocation of a teller, of a new one where the last was cut."""
        if environment.teller is None:
            client: Any = ScriptedQuerying(self.store, environment.writer.script)
            incidents = IncidentLedger(
                client, NAMES.incidents, lambda: Instant(self.now), lambda _: None
            )
            rows = RowKeeper(client, NAMES.incidents, 90)
            dice = random.Random(1)
            rejections = RejectionStore(client, NAMES.rejections, ttl_days=90, dice=dice)
            bus = Bus(self.bus, "bus")
            firsts = FirstFailures(
                client, NAMES.incidents, NAMES.rollups, lambda: Instant(self.now)
            )
            environment.teller = handlers.Teller(
                client, NAMES.clients, incidents, rows, bus, firsts=firsts
            )
            environment.acts = ActTaker(incidents, rows, rejections, lambda: Instant(self.now))

        def work() -> Any:
            _here.teller, _here.acts = environment.teller, environment.acts
            return handlers.handler(event, environment)

        environment.writer.start(work)
        self.take_report(environment)

    def step(self, environment: Environment, fault: Fault | None) -> None:
        """Let a teller make its call; heed its answer where that was its last."""
        environment.writer.step(fault)
        self.take_report(environment)

    def take_report(self, environment: Environment) -> None:
        """Take off the stream what an invocation has done, from its first record on."""
        writer = environment.writer
        if writer.is_working:
            return
        if writer.error is not None:
            environment.teller = None
            return
        failed = {one["itemIdentifier"] for one in writer.result["batchItemFailures"]}
        assert failed <= set(environment.records)
        for number in environment.records:
            if number in failed:
                break
            if int(number) in self.queue:
                self.queue.remove(int(number))

    def fault(self, trouble: str) -> Fault:
        """Return the fault that *trouble* names."""
        if trouble == "late":
            return self.late.fault
        return self.late.cut if trouble == "late and cut" else faults.BY_NAME[trouble]

    def let_all_end(self) -> None:
        """Let the tellers that are at work come to an end, call by call in turns."""
        for _ in range(2_000):
            if not self.working:
                return
            for environment in self.working:
                self.step(environment, None)
        raise AssertionError("a teller goes round in circles")

    def deliver_the_rest(self) -> None:
        """Give all that is left, and let every grace end."""
        self.let_all_end()
        while len(self.late):
            self.late.land(0)
        self.bus.moods.clear()
        if self.queue:
            self.invoke(self.environments[0], list(self.queue))
            self.let_all_end()
        assert not self.queue, "nothing was in the way of the last delivery"
        for _ in range(2):
            self.now += 3 * GRACE
            self.invoke(self.environments[0], None)
            self.let_all_end()
        before = (self.store.commits, len(self.bus.taken))
        self.invoke(self.environments[0], list(range(len(self.stream))))
        self.let_all_end()
        assert (self.store.commits, len(self.bus.taken)) == before, "a replay changes nothing"

    def assert_told_what_is_wrong(self) -> None:
        """Assert that what is open is what a recount says, each cause once."""
        self.no_row_goes_back()
        told = {notice_id_of(entry): detail_of(entry) for entry in self.bus.taken}
        opened = {one["incident_id"]: one for one in told.values() if one["closed_at"] is None}
        closed = {one["incident_id"] for one in told.values() if one["closed_at"] is not None}
        assert closed <= opened.keys()
        left = Counter(
            (one["pipeline"], one["what"], one["fingerprint"])
            for incident_id, one in opened.items()
            if incident_id not in closed
        )
        assert set(left.values()) <= {1}
        # What a good job comes between may be told as new by one teller, and not by another.
        recounted = open_causes(self.stream, self.resolved())
        assert {(pipeline, cause) for pipeline, _, cause in left} == recounted
        assert {one for one, row in self.rows.items() if row.closed_at is not None} == closed
        assert self.rows.keys() == opened.keys()
        assert all(len(row.history) == row.number for row in self.rows.values())
        waiting = [item["due"]["S"] for item in self.store.items(NAMES.incidents) if "due" in item]
        assert all(due > text(Instant(self.now)) for due in waiting), "nothing was left lying"
        is_open = [row for row in self.rows.values() if not row.closed_at]
        slow = [row for row in is_open if row.scope.pipeline == "slow"]
        assert len(waiting) == sum(not row.answers.acknowledged for row in slow), "reminders wait"
        self.assert_told_in_time(told.values())

    def resolved(self) -> dict[tuple[str, str | None], int]:
        """Return when each cause was resolved last: here, nobody does that."""
        return {}

    def assert_told_in_time(self, told: Collection[dict[str, Any]]) -> None:
        """Assert that nobody was reminded too soon, or told in quiet hours."""
        last: dict[str, int] = {}
        for one in sorted(told, key=lambda one: (one["incident_id"], one["at"])):
            if one["silent"]:
                continue
            at = parse(one["at"])
            if one["pipeline"] == "nights":
                assert not QUIET[0] <= one["at"][11:16] < QUIET[1]
            least = {"reminder": 2 * GRACE, "grew": GRACE}.get(one["reason"], 0)
            assert at - last.get(one["incident_id"], 0) >= least
            last[one["incident_id"]] = at


RULES = (
    AlertRule("failed", pipeline="quick", grace_seconds=0),
    AlertRule(
        "failed",
        pipeline="slow",
        grace_seconds=GRACE_SECONDS,
        remind_seconds=2 * GRACE_SECONDS,
        growth_seconds=GRACE_SECONDS,
    ),
    AlertRule("new_error", pipeline="fresh", grace_seconds=0),
    AlertRule("failed", pipeline="fresh", grace_seconds=0),
    AlertRule("failed", pipeline="nights", grace_seconds=0, quiet=f"{QUIET[0]}-{QUIET[1]} UTC"),
    AlertRule("error_rate", pipeline="quick", grace_seconds=0, above_percent=50, last=3),
)


def _is_row(item: Item) -> bool:
    return item["sk"]["S"] == ROW


def detail_of(entry: Mapping[str, str]) -> dict[str, Any]:
    """Return the detail of an event that the bus has taken."""
    detail: dict[str, Any] = json.loads(entry["Detail"])
    return detail


def notice_id_of(entry: Mapping[str, str]) -> str:
    """Return the id of the notice that the bus has taken."""
    return str(detail_of(entry)["notice_id"])


TestTelling = Telling.TestCase
TestTelling.settings = settings(stateful_step_count=40)
