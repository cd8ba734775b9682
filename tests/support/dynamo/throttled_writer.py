"""The writer's handler behind a queue, on a DynamoDB behind HTTP of which parts are throttled.

The handler, boto3 and HTTP are real; the queue and DynamoDB are stand-ins, and all of them live by
one clock that only calls and pauses move. So what takes forty minutes takes a second, and the same
each time::

    with throttled_writer([Throttle("jobs", until=3)]) as world:
        world.send(events)
        world.run()
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from tests.support.dynamo.answering_server import LOOPBACK, AnsweringHandler, Holding, Server
from tests.support.dynamo.stand_in import Dynamo
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.throttles import Throttle, Throttled
from tests.support.events import builders
from tests.support.events.builders import Envelope
from tests.support.readers import ledgers
from tests.support.stacks.templates import source

from run_ledger import writer
from run_ledger.store.dynamo.connection import dynamodb
from run_ledger.store.items.probe_items import FAILING
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing

CALL_SECONDS = 0.01
FUNCTION_SECONDS = 30.0
_QUEUE = source()["Resources"]["UpdatesQueue"]["Properties"]
VISIBILITY_SECONDS: int = _QUEUE["VisibilityTimeout"]
MAX_RECEIVES: int = _QUEUE["RedrivePolicy"]["maxReceiveCount"]
BATCH = 100


@dataclass
class Message:
    """A message in the queue."""

    message_id: str
    body: str
    visible_at: float = 0.0
    receives: int = 0


@dataclass
class World:
    """The queue, the writer and the tables, at one time."""

    store: Dynamo
    seconds: float = 0.0
    queue: list[Message] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    """The ids of messages that were received too often."""
    done_at: dict[str, float] = field(default_factory=dict)
    """When each message was done with for good, by id."""
    invocations: list[float] = field(default_factory=list)
    """How many seconds each invocation took."""
    last_commit_at: float = 0.0
    """When something was written last, other than notes of messages that fail."""
    commits: int = 0

    def clock(self) -> float:
        """Return the time in seconds."""
        return self.seconds

    def pause(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self.seconds += seconds

    def note_call(self) -> None:
        """Let the time of a call pass."""
        self._note_commits()
        self.pause(CALL_SECONDS)

    def _note_commits(self) -> None:
        notes = sum(item["pk"]["S"] == FAILING for item in self.store.items(NAMES.entries))
        if self.store.commits - notes > self.commits:
            self.commits, self.last_commit_at = self.store.commits - notes, self.seconds

    def send(self, events: Sequence[Envelope]) -> None:
        """Put *events* into the queue; an event's id is its message's, too."""
        for one in events:
            self.queue.append(
                Message(one["detail"]["event_id"], builders.text(one), visible_at=self.seconds)
            )

    def run(self) -> None:
        """Let the writer take batch after batch, until the queue is empty."""
        while self.queue:
            if not self.step():
                self.seconds = min(one.visible_at for one in self.queue)

    def step(self) -> bool:
        """Let the writer take one batch of what is visible; return whether there was any."""
        batch = [one for one in self.queue if one.visible_at <= self.seconds][:BATCH]
        if batch:
            self._invoke(batch)
        return bool(batch)

    def _invoke(self, batch: list[Message]) -> None:
        began = self.seconds
        for message in batch:
            message.receives += 1
        records = [{"messageId": one.message_id, "body": one.body} for one in batch]
        answer = writer.handler({"Records": records}, self._context(began))
        assert answer is not None
        failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        self._note_commits()
        self.invocations.append(self.seconds - began)
        for message in batch:
            if message.message_id not in failed:
                self.done_at[message.message_id] = self.seconds
            elif message.receives == MAX_RECEIVES:
                self.dead.append(message.message_id)
            else:
                message.visible_at = began + VISIBILITY_SECONDS
                continue
            self.queue.remove(message)

    def _context(self, began: float) -> Any:
        world = self

        class Context:
            def get_remaining_time_in_millis(self) -> int:
                return int((began + FUNCTION_SECONDS - world.seconds) * 1000)

        return Context()


@contextmanager
def throttled_writer(throttles: list[Throttle], *, seed: int = 0) -> Iterator[World]:
    """Start DynamoDB's stand-in on a free port and point the writer's handler at it."""
    store = ledgers.empty_store()
    world = World(store)
    store.throttles = Throttled(world.clock, throttles)

    class Handler(AnsweringHandler):
        """One connection of the writer."""

        tick = staticmethod(world.note_call)

    Handler.store, Handler.holding = store, Holding(0)
    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        url = f"http://{LOOPBACK}:{server.server_address[1]}"
        try:
            # botocore pauses before it tries a request again: by this clock, too.
            with (
                patch.dict(os.environ, Server(url).environment),
                patch.object(time, "sleep", world.pause),
            ):
                dynamodb.cache_clear()
                ledger = _ledger(world, seed)
                with patch.object(writer, "_ledger", lambda: ledger):
                    yield world
        finally:
            dynamodb.cache_clear()
            server.shutdown()
            thread.join()


def _ledger(world: World, seed: int) -> Ledger:
    timing = Timing(
        now=lambda: ledgers.NOW,
        clock=world.clock,
        pause=world.pause,
        dice=random.Random(seed),
    )
    return Ledger(
        dynamodb(),
        NAMES,
        Keeping(ledgers.TTL_DAYS, ledgers.SHARDS),
        timing=timing,
    )
