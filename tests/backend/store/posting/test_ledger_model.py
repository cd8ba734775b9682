"""Whatever happens to writers and to their calls, the ledger is exact.

A machine of hypothesis produces events, delivers them to writers as a queue may (in any batches
and order, again and again, to two writers at once), lets the writers take turns call by call, and
lets calls go wrong in every way that DynamoDB and the network have. After every change the tables
must balance, every message that a writer reports as done must be accounted for, and in the end,
once everything has been delivered, nothing may be missing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.dynamo import faults
from tests.support.dynamo.stand_in import Fault
from tests.support.dynamo.writers import Writer
from tests.support.events import builders, strategies, traffic
from tests.support.readers import ledgers
from tests.support.recounts import announced

from run_ledger import writer as handlers
from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent, StoreUnavailable
from run_ledger.store.items import index_items, keys
from run_ledger.store.logs import identity_index
from run_ledger.store.logs.known_entities import MOST_BYTES
from run_ledger.store.posting import known_events
from run_ledger.store.posting.entities import Layout
from run_ledger.store.posting.ledger import Keeping, Ledger

_ENOUGH_ROUNDS = 300
_MEMORIES = (0, 10_000, MOST_BYTES)
_here = threading.local()


@dataclass(slots=True)
class Environment:
    """A Lambda execution environment: a writer, its ledger and the invocation it is at."""

    number: int
    writer: Writer = field(default_factory=Writer)
    ledger: Ledger | None = None
    keeping: Keeping = ledgers.KEEPING
    messages: dict[str, str] = field(default_factory=dict)
    remaining_milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        """Return what the test says, as Lambda's context would."""
        return self.remaining_milliseconds


_trouble = st.sampled_from((*sorted(faults.BY_NAME), *("late", "late and cut") * 2))
# Counts round: any number names one of what there is.
_numbers = st.integers(0, 40)


class Deliveries(RuleBasedStateMachine):
    """The queue, the writers and the store."""

    writers = 3

    def __init__(self) -> None:
        """Start with nothing sent."""
        super().__init__()
        self.store = ledgers.empty_store()
        self.late = faults.Late()
        self.sent: list[str] = []
        self.queue: dict[str, str] = {}
        self.environments = [Environment(number) for number in range(self.writers)]
        self.balanced_at = -1
        self.patches = [
            patch.object(handlers, "_ledger", lambda: _here.ledger),
            # A log grows long after a few rows: it has lanes, and an index of some levels.
            patch.multiple(keys, FIRST_LANE=3, LANES=2),
            *(patch.object(module, "ROWS", 4) for module in (index_items, identity_index)),
            patch.object(known_events, "ROWS", 4),
        ]
        for one in self.patches:
            one.start()

    @rule(raws=st.lists(traffic.raws, min_size=1, max_size=6))
    def send(self, raws: list[str]) -> None:
        """Send new events."""
        for raw in raws:
            self.queue[f"m{len(self.sent)}"] = raw
            self.sent.append(raw)

    @precondition(lambda self: self.sent)
    @rule(number=_numbers, time=strategies.times())
    def send_again(self, number: int, time: str) -> None:
        """Let a producer or the bus send an event again, in an envelope of another time."""
        raw = self.sent[number % len(self.sent)]
        if _name(raw) is None:
            return
        self.queue[f"m{len(self.sent)}"] = raw.replace(builders.TIME, time)
        self.sent.append(self.queue[f"m{len(self.sent)}"])

    @precondition(lambda self: self.queue and self.idle)
    @rule(number=_numbers, places=st.lists(_numbers, min_size=1, max_size=12))
    def deliver(self, number: int, places: list[int]) -> None:
        """Deliver a batch to an idle writer; others may have some of its messages, too."""
        ids = list(self.queue)
        messages = list(dict.fromkeys(ids[place % len(ids)] for place in places))
        self.invoke(self.idle[number % len(self.idle)], messages)

    @precondition(lambda self: self.queue and self.idle)
    @rule(number=_numbers, place=_numbers)
    def deliver_directly(self, number: int, place: int) -> None:
        """Deliver one event as EventBridge itself does."""
        message_id = list(self.queue)[place % len(self.queue)]
        self.invoke(self.idle[number % len(self.idle)], [message_id], is_direct=True)

    @precondition(lambda self: self.queue and self.idle)
    @rule()
    def deal_out(self) -> None:
        """Deliver all there is, to each idle writer its share."""
        ids, idle = list(self.queue), self.idle
        for place, environment in enumerate(idle):
            if share := ids[place :: len(idle)]:
                self.invoke(environment, share)

    @precondition(lambda self: self.queue and self.idle)
    @rule(start=_numbers, length=st.integers(1, 12))
    def deliver_to_all(self, start: int, length: int) -> None:
        """Deliver the same batch to all idle writers, as a queue does that lost track."""
        ids = list(self.queue)
        messages = (ids[start % len(ids) :] + ids)[: min(length, len(ids))]
        for environment in self.idle:
            self.invoke(environment, messages)

    @precondition(lambda self: self.idle)
    @rule(number=_numbers, layout=st.sampled_from(Layout), memory_bytes=st.sampled_from(_MEMORIES))
    def start_anew(self, number: int, layout: Layout, memory_bytes: int) -> None:
        """Let an idle writer lose its memory; what follows it may keep events in another way."""
        environment = self.idle[number % len(self.idle)]
        environment.ledger = None
        environment.keeping = Keeping(ledgers.TTL_DAYS, ledgers.SHARDS, layout, memory_bytes)

    @precondition(lambda self: self.working)
    @rule(numbers=st.lists(_numbers, min_size=1, max_size=10))
    def go_on(self, numbers: list[int]) -> None:
        """Let some writers make a call each, in this order; they go well."""
        for number in numbers:
            if self.working:
                self.step(self.working[number % len(self.working)], None)

    @precondition(lambda self: self.working)
    @rule(number=_numbers, calls=st.integers(0, 3), trouble=_trouble)
    def go_wrong(self, number: int, calls: int, trouble: str) -> None:
        """Let a call of a writer go wrong, after some that go well."""
        environment = self.working[number % len(self.working)]
        for _ in range(calls):
            if environment.writer.is_working:
                self.step(environment, None)
        if environment.writer.is_working:
            self.step(environment, self.fault(trouble))

    @precondition(lambda self: self.working)
    @rule(number=_numbers, code=st.sampled_from(faults.REASONS), place=_numbers)
    def fail_one_action(self, number: int, code: str, place: int) -> None:
        """Let a writer go on to its next transaction, and one action of that fail."""
        environment = self.working[number % len(self.working)]
        while (call := environment.writer.call) and call.operation != "TransactWriteItems":
            self.step(environment, None)
        if environment.writer.is_working:
            self.step(environment, faults.failing_action(place, code))

    @precondition(lambda self: self.working)
    @rule(number=_numbers)
    def run_out_of_time(self, number: int) -> None:
        """Let a writer's time be almost up."""
        self.working[number % len(self.working)].remaining_milliseconds = 100

    @precondition(lambda self: len(self.late))
    @rule(number=_numbers)
    def land(self, number: int) -> None:
        """Let a call that a writer has given up long ago take effect."""
        self.late.land(number % len(self.late))

    @invariant()
    def the_tables_balance(self) -> None:
        """Entries, jobs, projects and rollups agree after every single call."""
        if self.balanced_at != self.store.commits:
            ledgers.assert_balanced(self.store)
            self.balanced_at = self.store.commits

    def teardown(self) -> None:
        """Let all writers end, deliver what is left, and see that everything is there."""
        try:
            self.deliver_the_rest()
        finally:
            for one in self.patches:
                one.stop()
            for environment in self.environments:
                environment.writer.cut()

    # -------------------------------------------------------------------------------- how it runs

    @property
    def working(self) -> list[Environment]:
        """Return the environments that are at an invocation."""
        return [one for one in self.environments if one.writer.is_working]

    @property
    def idle(self) -> list[Environment]:
        """Return the environments that wait for one."""
        return [one for one in self.environments if not one.writer.is_working]

    def invoke(
        self, environment: Environment, message_ids: list[str], *, is_direct: bool = False
    ) -> None:
        """Start an invocation of the handler."""
        environment.messages = {message_id: self.queue[message_id] for message_id in message_ids}
        environment.remaining_milliseconds = 60_000
        if environment.ledger is None:
            environment.ledger = ledgers.make_ledger(
                self.store,
                environment.writer.script,
                seed=environment.number,
                keeping=environment.keeping,
            )
        if is_direct:
            payload = msgspec.json.decode(environment.messages[message_ids[0]])
        else:
            payload = {
                "Records": [
                    {"messageId": message_id, "body": self.queue[message_id]}
                    for message_id in message_ids
                ]
            }

        def work() -> Any:
            _here.ledger = environment.ledger
            try:
                return handlers.handler(payload, environment)
            except StoreUnavailable:
                if not is_direct:
                    raise
                return {"batchItemFailures": [{"itemIdentifier": message_ids[0]}]}

        environment.writer.start(work)
        self.take_report(environment)

    def step(self, environment: Environment, fault: Fault | None) -> None:
        """Let a writer make its call; heed its report where that was its last."""
        environment.writer.step(fault)
        self.take_report(environment)

    def take_report(self, environment: Environment) -> None:
        """Take off the queue what an invocation that has ended reports as done."""
        writer = environment.writer
        if writer.is_working:
            return
        if writer.error is not None:  # cut: the environment is gone, its messages come again
            environment.ledger = None
            return
        failed = {
            failure["itemIdentifier"]
            for failure in (writer.result or {}).get("batchItemFailures", ())
        }
        assert failed <= set(environment.messages)
        done = environment.messages.keys() - failed
        self.assert_accounted_for({environment.messages[message_id] for message_id in done})
        for message_id in done:
            self.queue.pop(message_id, None)

    def let_all_end(self) -> None:
        """Let the writers that are at work come to an end, call by call in turns."""
        for _ in range(_ENOUGH_ROUNDS):
            if not self.working:
                return
            for environment in self.working:
                self.step(environment, None)
        raise AssertionError("a writer goes round in circles")

    def fault(self, trouble: str) -> Fault:
        """Return the fault that *trouble* names."""
        if trouble == "late":
            return self.late.fault
        return self.late.cut if trouble == "late and cut" else faults.BY_NAME[trouble]

    # --------------------------------------------------------------------------- what must be true

    def assert_accounted_for(self, raws: Iterable[str]) -> None:
        """Events that were reported as done are in the entries or among the rejected."""
        rejected = {rejection.raw for rejection in ledgers.rejections(self.store)}
        names = {_name(raw) for raw in rejected}
        entries = self.entry_names()
        for raw in raws:
            name = _name(raw)
            if name is None:
                assert raw in rejected
            else:
                assert (name in entries) != (name in names)

    def entry_names(self) -> set[tuple[str, str, bytes]]:
        """Return what tells the entries apart, and their digests."""
        return {
            (f"{event.kind}#{event.entity_id}", event.event_id, event.digest)
            for event in builders.decoded_all(ledgers.accepted(self.store))
        }

    def deliver_the_rest(self) -> None:
        """Let everything end without further trouble."""
        self.let_all_end()
        while len(self.late):
            self.late.land(0)
        self.the_tables_balance()
        # Writers of one job that take turns are in each other's way: some hand events back.
        for _ in range(self.writers):
            if self.queue:
                self.deal_out()
                self.let_all_end()
        assert not self.queue, "nothing was in the way of the last delivery"
        self.the_tables_balance()
        self.assert_accounted_for(self.sent)
        self.assert_rejected_for_a_reason()
        self.assert_nothing_changes_any_more()

    def assert_nothing_changes_any_more(self) -> None:
        """Deliver everything once more, as the replay of an archive does."""
        names = (ledgers.NAMES.jobs, ledgers.NAMES.projects, ledgers.NAMES.rollups)
        before = [self.store.items(name) for name in names]
        self.queue = {f"again-{number}": raw for number, raw in enumerate(self.sent)}
        for _ in range(self.writers):
            if self.queue:
                self.deal_out()
                self.let_all_end()
        assert not self.queue
        taken = [raw for raw in self.sent if _name(raw) in self.entry_names()]
        assert announced.kept(self.store) == announced.recounted(taken, ledgers.NOW)
        assert [self.store.items(name) for name in names] == before

    def assert_rejected_for_a_reason(self) -> None:
        """Each rejection says what is wrong with its event beside what is stored."""
        entries = {(pk, sk): digest for pk, sk, digest in self.entry_names()}
        jobs = ledgers.stored_jobs(self.store)
        projects = ledgers.stored_projects(self.store)
        for rejection in ledgers.rejections(self.store):
            assert rejection.raw in self.sent
            if _name(rejection.raw) is None:
                assert rejection.reason in {"unknown_detail_type", "invalid_field"}
                continue
            event = decode(rejection.raw)
            update = event.update
            if event.kind == "job":
                job = jobs[event.entity_id].job
                mine = (update.client_id, update.project_id, update.pipeline)
                is_stranger = mine != (job.client_id, job.project_id, job.pipeline)
            else:
                is_stranger = update.client_id != projects[event.entity_id].project.client_id
            kept = entries.get((f"{event.kind}#{event.entity_id}", event.event_id), event.digest)
            # Where both are true, either is said: a race decides which is found first.
            assert rejection.reason in {
                *(("identity_mismatch",) if is_stranger else ()),
                *(("event_id_reused",) if kept != event.digest else ()),
            }


@cache
def _name(raw: str) -> tuple[str, str, bytes] | None:
    """Return what tells the entry of an event apart, and its digest; None where it is none."""
    try:
        event = decode(raw)
    except InvalidEvent:
        return None
    return f"{event.kind}#{event.entity_id}", event.event_id, event.digest


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(
    # One example is worth many: it makes a hundred calls and checks after each.
    max_examples=settings().max_examples * 6 // 10,
    stateful_step_count=30,
)


class Crowd(Deliveries):
    """As many writers as the function has at most by default, at few jobs."""

    writers = 8


TestCrowd = Crowd.TestCase
TestCrowd.settings = settings(
    max_examples=settings().max_examples * 2 // 10,
    stateful_step_count=30,
)
