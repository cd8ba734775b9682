"""A stage in memory that lives through a day: the real handlers, with stand-ins for AWS.

The queue, the bus, the stream and the schedules are what this module plays; writer, teller,
courier, sweeper, prover and digester are the handlers themselves, under the day's clock. A kill
ends a writer or a teller before or after one of its calls; its batch comes again, to a new one.
"""

from __future__ import annotations

import logging
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import time_machine
from tests.support.dynamo import faults
from tests.support.dynamo.stand_in import Call, Fault, Write
from tests.support.dynamo.streaming_store import StreamingClient, StreamingDynamo
from tests.support.dynamo.tables import NAMES
from tests.support.readers.declared import UPDATED_AT
from tests.support.readers.reading import SETTINGS, Serial

from run_ledger import api, courier, metrics, prover, sweeper, teller, writer
from run_ledger.delivering.channel_senders import ChannelSenders
from run_ledger.delivering.deliverer import Deliverer
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.delivering.pinned_http import PinnedPoster
from run_ledger.delivering.references import References
from run_ledger.digesting import digester
from run_ledger.digesting.digest_sender import DigestSender
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Letter
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.instants import Instant
from run_ledger.doors.event_bus import Bus
from run_ledger.read.reader import Reader
from run_ledger.store.clients.channel_reads import read_channel
from run_ledger.store.clients.digest_reads import read_digests, read_mail_channels
from run_ledger.store.deliveries.delivery_records import DeliveryRecords
from run_ledger.store.digests.digest_records import DigestRecords
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.job_ends import job_end
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.items.client_items import (
    ClientProfile,
    ClientRecord,
    alert_values,
    channel_values,
    listing_item,
)
from run_ledger.store.items.log_items import entries_of
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing
from run_ledger.timekeeping.intake_sweep import Queues
from run_ledger.timekeeping.time_keeper import TimeKeeper

from .day_incidents import End, Ends, Incidents, Posted
from .day_traffic import FIRST, LAST_SECONDS, Day

WRITERS = 4
WRITER_BATCH, TELLER_BATCH, COURIER_BATCH = 200, 100, 4
"""As the template has them."""
CHANNELS = ("ops", "chat")
DIGEST_SECONDS = 32 * 3_600
"""How long after the beginning of the day its digests are sent: at eight the next morning."""
ENDS_SECONDS = max(DIGEST_SECONDS, LAST_SECONDS) + 2 * 3_600
"""When nothing comes any more, and all has settled and was proved."""
_SWEEP_SECONDS, _PROVE_SECONDS, _DIGEST_SECONDS = 300, 900, 900
_HIDDEN_SECONDS = 180
_MOST_CALLS_BEFORE_A_KILL = 12


class _Context:
    """Enough time for any invocation."""

    aws_request_id = "invocation"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


class _Troubles(logging.Handler):
    """Keeps what handlers call an error: on such a day there is none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        failure = getattr(record, "failure", "")
        self.lines.append(f"{record.name}: {record.getMessage()} {failure}".rstrip())


def rules_of(day: Day) -> dict[str, list[AlertRule]]:
    """Return by which rules the clients of *day* are told: at once, after a grace, or after three."""
    kinds = (
        [AlertRule("failed", grace_seconds=0), AlertRule("timed_out", grace_seconds=0)],
        [AlertRule("failed", grace_seconds=600), AlertRule("timed_out", grace_seconds=900)],
        [AlertRule("failed", grace_seconds=0, after=3)],
    )
    return {one: kinds[number % len(kinds)] for number, one in enumerate(day.client_ids)}


class DaySystem:
    """The stage, and what must come of the ends of jobs."""

    def __init__(self, day: Day, kills: int, tick_seconds: int) -> None:
        """Live through *day*, with so many kills of writers and of tellers each."""
        self.day = day
        self.store = StreamingDynamo(self._heard)
        self.client: Any = StreamingClient(self.store, self._script)
        self.mails: list[tuple[str, Letter, tuple[str, ...]]] = []
        self.metrics: dict[str, Mapping[str, Any]] = {}
        self.counts: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """How long the handlers have worked, in CPU seconds."""
        self.differences: list[str] = []
        self.incidents = Incidents(rules_of(day))
        self.troubles = _Troubles()
        self.now_second = 0.0
        self._tick_seconds = tick_seconds
        self._dice = random.Random(f"{day.seed} system")
        self._ends = Ends()
        self._stream: list[tuple[dict[str, Any], End]] = []
        self._queue: list[tuple[float, dict[str, Any]]] = []
        self._deliveries: list[str] = []
        self._messages = 0
        self._function = ""
        self._calls_left: int | None = None
        self._kills = {
            name: sorted(self._dice.uniform(0, 86_400) for _ in range(kills))
            for name in ("writer", "teller")
        }
        self.reader = Reader(self.client, SETTINGS, Serial(), self.now)
        self._declare()
        self._writers = [self._new_writer() for _ in range(WRITERS)]
        self._writer = self._writers[0]
        self._teller = self._new_teller()

    def now(self) -> Instant:
        """Return the day's time."""
        return Instant(time.time_ns() // 1_000)

    # ------------------------------------------------------------------ the day, from its begin

    def live(self, progress: Callable[[float], None] = lambda _: None) -> None:
        """Let the day begin, and the next one until all has settled.

        *progress* hears how much of that is over, from 0 to 1.
        """
        arrivals = self._arrivals()
        with self._stage() as clock:
            for second in range(0, ENDS_SECONDS + 1, self._tick_seconds):
                self._move(clock, second)
                for one in next(arrivals):
                    self._enqueue(one)
                self._post_waiting(clock, second)
                self._tell_stream()
                self._tick(second)
                progress(second / ENDS_SECONDS)

    @contextmanager
    def at_the_end(self) -> Iterator[Callable[..., Any]]:
        """Set the clock to the end of all, for questions; give what invokes a handler."""
        with self._stage() as clock:
            self._move(clock, ENDS_SECONDS)
            yield self._invoke

    def _move(self, clock: time_machine.Coordinates, second: float) -> None:
        self.now_second = second
        clock.move_to(FIRST + timedelta(seconds=second), tick=False)

    def _arrivals(self) -> Iterator[list[str]]:
        """Give for each tick what has come since the last one, in its order."""
        number, tick = 0, self._tick_seconds
        begins = sorted((self.day.begins_at(one), one) for one in range(self.day.jobs))
        waiting: dict[int, list[Any]] = {}
        for one in self.day.other_arrivals():
            waiting.setdefault(-int(-one.second // tick), []).append(one)
        for place in range(ENDS_SECONDS // tick + 1):
            while number < len(begins) and begins[number][0] <= place * tick:
                for one in self.day.arrivals_of_job(begins[number][1]):
                    due = max(place, -int(-one.second // tick))
                    waiting.setdefault(due, []).append(one)
                number += 1
            yield [one.text for one in sorted(waiting.pop(place, []))]

    def _tick(self, second: int) -> None:
        """Let the schedules call, and the courier take what there is to bring."""
        if second % max(60, self._tick_seconds) == 0:
            self._invoke("teller", teller.handler, {})
            self.incidents.tick(self.now())
        if second % _SWEEP_SECONDS == 0:
            self._invoke("sweeper", sweeper.handler, {})
        if second % _PROVE_SECONDS == 0:
            self._invoke("prover", prover.handler, {})
        if second % _DIGEST_SECONDS == 0:
            self._invoke("digester", digester.handler, {})
        while self._deliveries:
            bodies = self._deliveries[:COURIER_BATCH]
            del self._deliveries[:COURIER_BATCH]
            self._messages += len(bodies)
            records = [
                {
                    "messageId": str(place),
                    "receiptHandle": str(place),
                    "body": body,
                    "attributes": {"ApproximateReceiveCount": "1"},
                }
                for place, body in enumerate(bodies)
            ]
            answer = self._invoke("courier", courier.handler, {"Records": records})
            assert answer == {"batchItemFailures": []}, "nothing keeps the courier from delivering"

    # ----------------------------------------------------------------------- the queue of events

    def _enqueue(self, text: str) -> None:
        self._messages += 1
        self.counts["deliveries"] += 1
        attributes = {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(self.now() // 1_000),
        }
        record = {"messageId": f"m{self._messages}", "body": text, "attributes": attributes}
        self._queue.append((self.now_second, record))

    def _post_waiting(self, clock: time_machine.Coordinates, second: int) -> None:
        """Give the writers what waits, in batches such as pollers make them."""
        due = [one for at, one in self._queue if at <= second]
        self._queue = [(at, one) for at, one in self._queue if at > second]
        start = 0
        while start < len(due):
            is_full = self._dice.random() < 0.7
            size = WRITER_BATCH if is_full else self._dice.randrange(1, WRITER_BATCH)
            self._post(due[start : start + size])
            start += size
            self._move(clock, min(self.now_second + 0.25, second + self._tick_seconds - 1))
        self._move(clock, second)

    def _post(self, records: list[dict[str, Any]]) -> None:
        place = self._dice.randrange(WRITERS)
        self._writer = self._writers[place]
        try:
            answer = self._invoke("writer", writer.handler, {"Records": records})
        except faults.Cut:
            self._writers[place] = self._new_writer()
            again = {one["messageId"] for one in records}
        else:
            again = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] in again:
                tries = int(record["attributes"]["ApproximateReceiveCount"]) + 1
                attributes = {**record["attributes"], "ApproximateReceiveCount": str(tries)}
                hidden = self.now_second + _HIDDEN_SECONDS
                self._queue.append((hidden, {**record, "attributes": attributes}))
                self.counts["deliveries"] += 1

    # ---------------------------------------------------------------------- the stream of jobs

    def _heard(self, writes: Sequence[Write]) -> None:
        """Put the ends of jobs into the stream, and compare them with those of the events."""
        expected: dict[str, End] = {}
        for write in writes:
            if write.table == NAMES.entries and write.new is not None:
                events = [
                    Posted(one.event_id, int(one.occurred_at), one.detail)
                    for one in entries_of(write.new)
                    if one.detail_type == "job_update"
                ]
                if events:
                    end = self._ends.post(events[0].detail["job_id"], events)
                    if end is not None:
                        expected[end.job_id] = end
        found: dict[str, End] = {}
        for write in writes:
            if write.table == NAMES.jobs and write.new is not None and "turned" in write.new:
                told = job_end(write.new)
                if told is not None:
                    found[told.job_id] = End(
                        told.job_id,
                        told.client_id,
                        told.pipeline,
                        told.result,
                        told.at,
                        told.fingerprint,
                    )
                    number = str(len(self._stream) + self.counts["stream"] + 1).zfill(12)
                    change = {"NewImage": write.new, "SequenceNumber": number}
                    end = expected.get(told.job_id)
                    if end is not None:
                        self._stream.append(({"dynamodb": change}, end))
        if found != expected:
            names = [name for name in {**found, **expected} if found.get(name) != expected.get(name)]
            self.differences += [f"end of {name}" for name in names]

    def _tell_stream(self) -> None:
        """Give the teller what its stream holds, batch by batch, each until it is done."""
        while self._stream:
            batch = self._stream[:TELLER_BATCH]
            try:
                answer = self._invoke("teller", teller.handler, {"Records": [r for r, _ in batch]})
            except faults.Cut:
                self._teller = self._new_teller()
                continue
            assert answer == {"batchItemFailures": []}, "nothing keeps the teller from telling"
            self.incidents.take([end for _, end in batch], self.now())
            del self._stream[:TELLER_BATCH]
            self.counts["stream"] += len(batch)

    # ------------------------------------------------------------------- what stands for AWS

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take entries as the bus does; its rule brings probes into the writers' queue."""
        return self._called(partial(self._take_entries, Entries))

    def _take_entries(self, entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        for one in entries:
            self.counts[one["DetailType"]] += 1
            if one["DetailType"] == "probe":
                self._enqueue(
                    f'{{"id": "p{self.counts["probe"]}", "source": "{one["Source"]}", '
                    f'"time": "2026-11-18T00:00:00Z", "detail-type": "probe", '
                    f'"detail": {one["Detail"]}}}'
                )
        return {"Entries": [{"EventId": "e"} for _ in entries]}

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803
        """Take messages as the queue of deliveries does."""
        del QueueUrl
        return self._called(partial(self._take_messages, Entries))

    def _take_messages(self, entries: Sequence[Any]) -> Any:
        self._deliveries += [one["MessageBody"] for one in entries]
        return {"Successful": [{"Id": one["Id"]} for one in entries]}

    def send(self, delivery_id: str, letter: Letter, recipients: Sequence[str]) -> None:
        """Take a mail, as the post."""
        self.mails.append((delivery_id, letter, tuple(recipients)))

    def _script(self, _: Call) -> Fault | None:
        """End the function at the call that the kill is meant for."""
        return self._dice.choice((faults.cut_before, faults.cut_after)) if self._ends_now() else None

    def _called(self, call: Callable[[], Any]) -> Any:
        is_last = self._ends_now()
        if is_last and self._dice.random() < 0.5:
            raise faults.Cut
        answer = call()
        if is_last:
            raise faults.Cut
        return answer

    def _ends_now(self) -> bool:
        if self._calls_left is None:
            return False
        self._calls_left -= 1
        if self._calls_left:
            return False
        self._kills[self._function].pop(0)
        self.counts[f"kills of {self._function}s"] += 1
        return True

    def _invoke(self, name: str, handler: Callable[..., Any], event: Mapping[str, Any]) -> Any:
        """Call a handler, which is killed at one of its calls if its time has come."""
        kills = self._kills.get(name)
        # The schedule's own invocations of a teller are not repeated at once, so they are spared.
        is_due = bool(kills) and kills[0] <= self.now_second and "Records" in event
        calls = self._dice.randrange(1, _MOST_CALLS_BEFORE_A_KILL) if is_due else None
        self._function, self._calls_left = name, calls
        self.counts[f"calls of {name}"] += 1
        began = time.process_time()
        try:
            return handler(event, _Context())
        finally:
            self._calls_left = None
            self.seconds[name] += time.process_time() - began

    # ------------------------------------------------------------------------- what is made

    def _declare(self) -> None:
        for client_id, rules in rules_of(self.day).items():
            channels = [Channel(one, "mail", (f"{one}@{client_id}.example",)) for one in CHANNELS]
            digest = DigestRule("daily", "08:00 UTC", to=(CHANNELS[0],))
            record = ClientRecord(client_id, ClientProfile(client_id.title()), {}, digest=digest)
            profile = {
                "pk": client_id,
                "sk": "profile",
                "name": client_id.title(),
                "updated_at": UPDATED_AT,
                "alerts": alert_values(rules),
                **channel_values(channels),
            }
            for item in (listing_item(record), to_item(profile)):
                self.client.put_item(TableName=NAMES.clients, Item=item)

    def _new_writer(self) -> Ledger:
        dice = random.Random(self._dice.getrandbits(32))
        return Ledger(
            self.client,
            NAMES,
            Keeping(SETTINGS.entry_ttl_days, SETTINGS.rollup_shards),
            timing=Timing(now=self.now, dice=dice),
        )

    def _new_teller(self) -> teller.Teller:
        incidents = IncidentLedger(self.client, NAMES.incidents, self.now)
        rows = RowKeeper(self.client, NAMES.incidents, SETTINGS.entry_ttl_days)
        firsts = FirstFailures(self.client, NAMES.incidents, NAMES.rollups, self.now)
        bus = Bus(self, "bus")
        made = teller.Teller(self.client, NAMES.clients, incidents, rows, bus, firsts=firsts)
        made.deliveries = DeliveryQueue(lambda: self, "deliveries")
        return made

    def _time_keeper(self) -> TimeKeeper:
        queues = Queues(lambda urls: len(self._queue) if "events" in urls else 0, ("events",), ())
        return TimeKeeper(self.client, NAMES, Bus(self, "bus"), queues, self.now)

    def _courier(self) -> courier.Courier:
        poster, references = PinnedPoster(is_local=True), References(lambda _: None, is_local=True)
        senders = ChannelSenders(self, poster, references, "https://ledger.example")
        find = partial(read_channel, self.client, NAMES.clients)
        records = DeliveryRecords(self.client, NAMES.incidents)
        deliverer = Deliverer(find, records, senders, self.now)
        return courier.Courier(deliverer, DeliveryQueue(lambda: self, "deliveries"))

    def _digester(self) -> digester.Digester:
        sender = DigestSender(
            self.reader,
            partial(read_mail_channels, self.client, NAMES.clients),
            DigestRecords(self.client, NAMES.incidents),
            DeliveryQueue(lambda: self, "deliveries"),
            "https://ledger.example",
        )
        return digester.Digester(partial(read_digests, self.client, NAMES.clients), sender)

    def _emit(self, message: str, units: Any, values: Mapping[str, Any], **more: Any) -> None:
        del units, more
        self.metrics[message] = values

    @contextmanager
    def _stage(self) -> Iterator[time_machine.Coordinates]:
        """Let the handlers find this stage, and the day's clock."""
        keeper, made_courier, made_digester = self._time_keeper(), self._courier(), self._digester()
        patches = [
            mock.patch.object(writer, "_ledger", lambda: self._writer),
            mock.patch.object(teller, "_teller", lambda: self._teller),
            mock.patch.object(teller, "_time_keeper", lambda: keeper),
            mock.patch.object(courier, "_courier", lambda: made_courier),
            mock.patch.object(digester, "_digester", lambda: made_digester),
            mock.patch.object(prover, "_tools", lambda: (SETTINGS, Serial())),
            mock.patch.object(prover, "dynamodb", lambda: self.client),
            mock.patch.object(sweeper, "_tools", lambda: (SETTINGS, Serial())),
            mock.patch.object(sweeper, "dynamodb", lambda: self.client),
            mock.patch.object(api, "_reader", lambda: self.reader),
            mock.patch.object(metrics, "emit", self._emit),
        ]
        log = logging.getLogger("run_ledger")
        level, propagates = log.level, log.propagate
        with ExitStack() as stack:
            for one in patches:
                stack.enter_context(one)
            log.addHandler(self.troubles)
            log.setLevel(logging.ERROR)
            log.propagate = False
            try:
                yield stack.enter_context(time_machine.travel(FIRST, tick=False))
            finally:
                log.removeHandler(self.troubles)
                log.setLevel(level)
                log.propagate = propagates
