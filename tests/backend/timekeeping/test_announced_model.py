"""What events say of how pipelines should run, under every fault: the last event has the last word.

Events come in any order and again, in batches to two writers at once, which take turns call by
call; calls fail, take effect late, and writers are cut. In the end what is kept is what a recount
of all events says, whoever was last.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from tests.support.dynamo import faults
from tests.support.dynamo.writers import Writer
from tests.support.events.builders import JOB_ID, PROJECT_ID, job_update
from tests.support.readers import ledgers
from tests.support.recounts import announced

from run_ledger.domain.instants import parse

NOW = parse("2026-11-22T15:00:00Z")
_numbers = st.integers(0, 40)
_trouble = st.sampled_from((*sorted(faults.BY_NAME), "late", "late and cut"))
_expect = st.sampled_from(
    (
        *({}, {"every": "1h"}, {"every": "2h", "grace": "0s"}, {"cron": "0 2 * * *"}),
        *({"project": PROJECT_ID}, {"project": PROJECT_ID, "max_duration": "1h"}),
    )
)


@dataclass
class Posting:
    """One writer, and the messages that it works on."""

    writer: Writer = field(default_factory=Writer)
    names: list[str] = field(default_factory=list)


class Announcing(RuleBasedStateMachine):
    """Producers, a queue, and two writers."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        super().__init__()
        self.store = ledgers.empty_store()
        self.late = faults.Late()
        self.sent: dict[str, str] = {}
        self.queue: list[str] = []
        self.postings = [Posting(), Posting()]

    @rule(pipeline=st.sampled_from(("a", "b")), minute=st.integers(0, 3), expect=_expect)
    def send(self, pipeline: str, minute: int, expect: dict[str, str]) -> None:
        """Send an event of a job of its own, or of one that others are about."""
        name = f"{len(self.sent)}"
        event = job_update(
            job_id=f"{JOB_ID}-{pipeline}-{len(self.sent) % 3}",
            event_id=name,
            pipeline=pipeline,
            occurred_at=f"2026-11-22T14:0{minute}:00Z",
            expect=expect,
        )
        self.sent[name] = json.dumps(event)
        self.queue.append(name)

    @precondition(lambda self: self.sent)
    @rule(number=_numbers)
    def send_again(self, number: int) -> None:
        """Send an event again."""
        self.queue.append(str(number % len(self.sent)))

    @precondition(lambda self: self.queue and self.idle)
    @rule(number=_numbers, places=st.lists(_numbers, min_size=1, max_size=4))
    def deliver(self, number: int, places: list[int]) -> None:
        """Deliver some messages to an idle writer; the other may have them, too."""
        names = [self.queue[place % len(self.queue)] for place in places]
        self.invoke(self.idle[number % len(self.idle)], list(dict.fromkeys(names)))

    @precondition(lambda self: self.working)
    @rule(numbers=st.lists(_numbers, min_size=1, max_size=12))
    def go_on(self, numbers: list[int]) -> None:
        """Let some writers make a call each, in this order."""
        for number in numbers:
            if self.working:
                self.step(self.working[number % len(self.working)])

    @precondition(lambda self: self.working)
    @rule(number=_numbers, calls=st.integers(0, 4), trouble=_trouble)
    def go_wrong(self, number: int, calls: int, trouble: str) -> None:
        """Let a call of a writer go wrong, after some that go well."""
        posting = self.working[number % len(self.working)]
        for _ in range(calls):
            if posting.writer.is_working:
                self.step(posting)
        if posting.writer.is_working:
            chosen: Any = {"late": self.late.fault, "late and cut": self.late.cut}
            self.step(posting, chosen.get(trouble) or faults.BY_NAME[trouble])

    @precondition(lambda self: len(self.late))
    @rule(number=_numbers)
    def land(self, number: int) -> None:
        """Let a call that a writer has given up long ago take effect."""
        self.late.land(number % len(self.late))

    def teardown(self) -> None:
        """Let all be delivered, and compare with the recount."""
        try:
            self.let_all_end()
            for _ in range(3):
                if self.queue:
                    self.invoke(self.postings[0], list(dict.fromkeys(self.queue)))
                    self.let_all_end()
            while len(self.late):
                self.late.land(0)
            assert not self.queue
            assert announced.kept(self.store) == announced.recounted(self.sent.values(), NOW)
        finally:
            for posting in self.postings:
                posting.writer.cut()

    @property
    def working(self) -> list[Posting]:
        """Return the writers at work."""
        return [one for one in self.postings if one.writer.is_working]

    @property
    def idle(self) -> list[Posting]:
        """Return the others."""
        return [one for one in self.postings if not one.writer.is_working]

    def invoke(self, posting: Posting, names: list[str]) -> None:
        """Give messages to a writer."""
        ledger = ledgers.make_ledger(self.store, posting.writer.script, now=lambda: NOW)
        posting.names = names
        posting.writer.start(lambda: ledgers.post(ledger, [self.sent[name] for name in names]))
        self.take_report(posting)

    def step(self, posting: Posting, fault: Any = None) -> None:
        """Let a writer make its call; heed its report where that was its last."""
        posting.writer.step(fault)
        self.take_report(posting)

    def take_report(self, posting: Posting) -> None:
        """Take off the queue what a writer that has ended reports as done."""
        writer = posting.writer
        if writer.is_working or writer.error is not None:
            return
        failed = writer.result.failed_message_ids
        done = {name for place, name in enumerate(posting.names) if f"m{place}" not in failed}
        self.queue = [name for name in self.queue if name not in done]

    def let_all_end(self) -> None:
        """Let writers come to an end, call by call in turns."""
        for _ in range(2_000):
            if not self.working:
                return
            for posting in self.working:
                self.step(posting)
        raise AssertionError("a writer goes round in circles")


TestAnnouncing = Announcing.TestCase
TestAnnouncing.settings = settings(stateful_step_count=30)
