"""A stage in memory that lives through a day: the real handlers, called as AWS would call them.

The queue of events, the stream and the schedules are what this module plays. A kill ends a writer,
a teller or a compactor before or after one of its calls; a batch comes again, to a new one.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import time_machine
from tests.support.dynamo.faults import Cut
from tests.support.dynamo.stand_in import Call, Fault, Write
from tests.support.dynamo.streaming_store import StreamingClient, StreamingDynamo
from tests.support.dynamo.tables import NAMES
from tests.support.readers.reading import api_event

from run_ledger import api, courier, prover, sweeper, teller, writer
from run_ledger.compacting import compactor
from run_ledger.digesting import digester
from run_ledger.domain.incidents.alert_rules import STAFF, JobEnd
from run_ledger.domain.instants import Instant, text
from run_ledger.store.incidents.job_ends import job_end
from run_ledger.store.items.log_items import entries_of

from .day_acts import People
from .day_incidents import Cause, End, Ends, Incidents, Posted
from .day_rules import STAFF_RULES, rules_of
from .day_schedules import STOPPED, Told, expectation, told_of_project, told_of_runs
from .day_silences import Silences
from .day_stage import DayStage, now
from .day_stand_ins import Kills, Outside, Throttling
from .day_traffic import DAY_SECONDS, FIRST, LAST_SECONDS, Arrival, Day, due_id

WRITERS = 4
KILLED = ("writer", "teller", "compactor")
"""The functions that are killed."""
WRITER_BATCH, TELLER_BATCH, COURIER_BATCH = 200, 100, 4
"""As the template has them."""
DIGEST_SECONDS = 32 * 3_600
"""How long after the beginning of the day its digests are sent: at eight the next morning."""
ENDS_SECONDS = max(DIGEST_SECONDS, LAST_SECONDS) + 6 * 3_600
"""When nothing comes any more, and all has settled, was compacted and was proved."""
_TELL_SECONDS, _SWEEP_SECONDS, _PROVE_SECONDS, _DIGEST_SECONDS = 60, 300, 900, 900
_COMPACT_SECONDS = 3_600
_ACT_SECONDS = 3_600
HIDDEN_SECONDS = 240
"""How long nobody else gets a message that a function has taken."""
THROTTLED = ((3 * 3_600, 3.2 * 3_600), (9 * 3_600, 9.2 * 3_600), (18 * 3_600, 18.2 * 3_600))
"""From when to when many calls of the writers are refused, in seconds of the day."""
_THROTTLED_SHARE = 0.5
Progress = Callable[[float], None]


class Invocation:
    """What Lambda tells a handler: there is time for everything."""

    aws_request_id = "invocation"

    def get_remaining_time_in_millis(self) -> int:
        """Give a quarter of an hour."""
        return 900_000


class DaySystem:
    """The stage, and what must come of the ends of jobs."""

    def __init__(self, day: Day, kills: int, tick_seconds: int) -> None:
        """Live through *day* in steps of *tick_seconds*, with so many *kills* of each function."""
        self.day = day
        self.counts: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        """How long each handler has worked, in CPU seconds."""
        self.watermark: Instant | None = None
        self.differences: list[str] = []
        """Where the stream did not hold what the events give."""
        rules = rules_of(day)
        self.incidents = Incidents(rules)
        self.of_staff = Incidents(dict.fromkeys(rules, STAFF_RULES), of_staff=True)
        self.silences = Silences(
            {one for one, mine in rules.items() if any(rule.what == "stalled" for rule in mine)}
        )
        self._dice = random.Random(f"{day.seed} system")
        self.people = People(self._dice, self.incidents)
        self._tick_seconds = tick_seconds
        self._second = 0.0
        self._ends = Ends()
        self._stream: list[tuple[dict[str, Any], End]] = []
        self._queue: list[tuple[float, dict[str, Any]]] = []
        times = {one: [self._dice.uniform(0, DAY_SECONDS) for _ in range(kills)] for one in KILLED}
        self.kills = Kills(self._dice, times)
        self.throttling = Throttling(self._dice, THROTTLED, _THROTTLED_SHARE)
        self.store = StreamingDynamo(self._heard)
        self.outside = Outside(self.kills)
        self.stage = DayStage(StreamingClient(self.store, self._script), self.outside)
        expected = {
            one: [expectation(number)]
            for number, one in enumerate(day.client_ids)
            if day.is_timed(number)
        }
        self.stage.declare({**rules, STAFF: STAFF_RULES}, expected)
        self._writers = [self.stage.new_writer(self._dice.getrandbits(32)) for _ in range(WRITERS)]

    def live(self, progress: Progress = lambda _: None) -> None:
        """Let the day pass, and the next one until all has settled.

        *progress* hears how much of that is over, from 0 to 1.
        """
        arrivals = self._arrivals()
        with self.stage.found(lambda: len(self._queue)) as clock:
            for second in range(0, ENDS_SECONDS + 1, self._tick_seconds):
                self._move(clock, second)
                for one in next(arrivals):
                    self._enqueue(one)
                self._post_waiting(clock, second)
                self._tell_stream()
                self._call_on_schedule(second)
                if second % _ACT_SECONDS == 0:
                    self._act()
                self._deliver()
                progress(second / ENDS_SECONDS)

    @contextmanager
    def at_the_end(self) -> Iterator[Callable[..., Any]]:
        """Set the clock to the end of all, and give what invokes a handler."""
        with self.stage.found(lambda: 0) as clock:
            self._move(clock, ENDS_SECONDS)
            yield self._invoke

    @property
    def looks_each_minute(self) -> bool:
        """Return whether what time decides is looked at as often as on AWS."""
        return self._tick_seconds <= _TELL_SECONDS

    def told(self) -> Told:
        """Return how often each cause must have been an incident that opened, and that closed."""
        parts = [Told(one.opened, one.closed) for one in (self.incidents, self.of_staff)]
        parts.append(Told(self.silences.opened, self.silences.closed))
        for number, client_id in enumerate(self.day.client_ids):
            runs, due = self.day.runs_of(number), self.day.due_project_of(number)
            if runs:
                parts += [told_of_runs(client_id, runs, of_staff=one) for one in (False, True)]
            if due is not None:
                parts.append(told_of_project(client_id, due_id(number), due))
        found = Told(Counter(), Counter())
        for part in parts:
            found.opened.update(part.opened)
            found.closed.update(part.closed)
        return found

    def _script(self, call: Call) -> Fault | None:
        return self.kills.script(call) or self.throttling.script(call)

    def _move(self, clock: time_machine.Coordinates, second: float) -> None:
        self._second = second
        clock.move_to(FIRST + timedelta(seconds=second), tick=False)

    def _arrivals(self) -> Iterator[list[str]]:
        """Give for each tick what has come since the last one, in its order.

        Jobs are made when they begin, so that not all of the day is in memory.
        """
        tick = self._tick_seconds
        begins = sorted((self.day.begins_at(one), one) for one in range(self.day.jobs))
        waiting: defaultdict[int, list[Arrival]] = defaultdict(list)

        def place_of(arrival: Arrival) -> int:
            return -int(-arrival.second // tick)

        for one in self.day.other_arrivals():
            waiting[place_of(one)].append(one)
        number = 0
        for place in range(ENDS_SECONDS // tick + 1):
            while number < len(begins) and begins[number][0] <= place * tick:
                for one in self.day.arrivals_of_job(begins[number][1]):
                    waiting[max(place, place_of(one))].append(one)
                number += 1
            yield [one.text for one in sorted(waiting.pop(place, []))]

    def _call_on_schedule(self, second: int) -> None:
        if second % max(_TELL_SECONDS, self._tick_seconds) == 0:
            self._invoke("teller", teller.handler, {}, may_end=False)
            self._judge_watermark()
            for one in (self.incidents, self.of_staff):
                one.tick(now())
        if second % _SWEEP_SECONDS == 0:
            self._invoke("sweeper", sweeper.handler, {})
        if second % _PROVE_SECONDS == 0:
            self._invoke("prover", prover.handler, {})
        if second % _COMPACT_SECONDS == 0:
            # What a killed one has not done, the next one does.
            with suppress(Cut):
                self._invoke("compactor", compactor.handler, {})
        if second % _DIGEST_SECONDS == 0:
            self._invoke("digester", digester.handler, {})

    def _judge_watermark(self) -> None:
        """Look whether all that was sent until the watermark is posted, and who is silent then."""
        keeper = self.stage.time_keeper
        self.watermark = None if keeper is None else keeper.watermark
        if self.watermark is None:
            return
        oldest = min(
            (int(one["attributes"]["SentTimestamp"]) * 1_000 for _, one in self._queue),
            default=self.watermark,
        )
        if oldest < self.watermark:
            late = (self.watermark - oldest) // 1_000_000
            self.differences.append(f"watermark: {late} seconds beyond what waits")
        self.silences.look(self.watermark)

    def _act(self) -> None:
        """Let somebody act on an incident of a client; the act comes twice."""
        asked = {"state": ["open"], "what": ["failed"], "of_staff": ["false"], "limit": ["100"]}
        answer = self._invoke("api", api.handler, api_event("/incidents", parameters=asked))
        shown = json.loads(answer["body"])["items"]
        body = self.people.act(shown, cause_of, text(now()))
        if body is None:
            return
        records = [
            {"messageId": f"a{place}", "eventSource": "aws:sqs", "body": body} for place in range(2)
        ]
        answer = self._invoke("teller", teller.handler, {"Records": records}, may_end=False)
        assert answer == {"batchItemFailures": []}, "nothing keeps an act from being taken"

    def _deliver(self) -> None:
        """Let the courier take all that waits to be delivered."""
        waiting = self.outside.deliveries
        while waiting:
            bodies = waiting[:COURIER_BATCH]
            del waiting[:COURIER_BATCH]
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
        self.counts["messages"] += 1
        record = {
            "messageId": f"m{self.counts['messages']}",
            "body": text,
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(now() // 1_000)},
        }
        self._queue.append((self._second, record))

    def _post_waiting(self, clock: time_machine.Coordinates, second: int) -> None:
        """Give the writers what waits, in batches such as pollers make them."""
        for one in self.outside.probes:
            self._enqueue(one)
        self.outside.probes.clear()
        if STOPPED[0] <= second < STOPPED[1]:
            return
        due = [one for at, one in self._queue if at <= second]
        self._queue = [(at, one) for at, one in self._queue if at > second]
        start = 0
        while start < len(due):
            is_full = self._dice.random() < 0.7
            size = WRITER_BATCH if is_full else self._dice.randrange(1, WRITER_BATCH)
            self._post(due[start : start + size])
            start += size
            self._move(clock, min(self._second + 0.25, second + self._tick_seconds - 1))
        self._move(clock, second)

    def _post(self, records: list[dict[str, Any]]) -> None:
        place = self._dice.randrange(WRITERS)
        self.stage.writer = self._writers[place]
        self.counts["deliveries"] += len(records)
        try:
            answer = self._invoke("writer", writer.handler, {"Records": records})
        except Cut:
            self._writers[place] = self.stage.new_writer(self._dice.getrandbits(32))
            again = {one["messageId"] for one in records}
        else:
            again = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] in again:
                tries = int(record["attributes"]["ApproximateReceiveCount"]) + 1
                attributes = {**record["attributes"], "ApproximateReceiveCount": str(tries)}
                hidden_until = self._second + HIDDEN_SECONDS
                self._queue.append((hidden_until, {**record, "attributes": attributes}))

    # ------------------------------------------------------------------------ the stream of jobs

    def _heard(self, writes: Sequence[Write]) -> None:
        """Put the ends of jobs into the stream, and compare them with those of the events."""
        expected = {
            end.job_id: end
            for write in writes
            if write.table == NAMES.entries and (end := self._end_of(write)) is not None
        }
        found: dict[str, End] = {}
        for write in writes:
            # The stream's filter lets through what has turned, whatever it says.
            if write.table != NAMES.jobs or write.new is None or "turned" not in write.new:
                continue
            told = job_end(write.new)
            if told is None:
                continue
            found[told.job_id] = _shown(told)
            if told.job_id in expected:
                self.counts["ends"] += 1
                number = f"{self.counts['ends']:012}"
                change = {"NewImage": write.new, "SequenceNumber": number}
                self._stream.append(({"dynamodb": change}, expected[told.job_id]))
        for name in {**found, **expected}:
            if found.get(name) != expected.get(name):
                self.differences.append(
                    f"end of {name}: {found.get(name)}, not {expected.get(name)}"
                )

    def _end_of(self, write: Write) -> End | None:
        events = [
            Posted(one.event_id, int(one.occurred_at), one.detail)
            for one in entries_of(write.new or {})
            if one.detail_type == "job_update"
        ]
        if not events:
            return None
        self.silences.post(events[0].detail["job_id"], events, now())
        return self._ends.post(events[0].detail["job_id"], events)

    def _tell_stream(self) -> None:
        """Give the teller what its stream holds, batch by batch, each until it is done."""
        while self._stream:
            batch = self._stream[:TELLER_BATCH]
            event = {"Records": [record for record, _ in batch]}
            try:
                answer = self._invoke("teller", teller.handler, event)
            except Cut:
                self.stage.teller = self.stage.new_teller()
                continue
            assert answer == {"batchItemFailures": []}, "nothing keeps the teller from telling"
            for one in (self.incidents, self.of_staff):
                one.take([end for _, end in batch], now())
            del self._stream[:TELLER_BATCH]

    def _invoke(
        self,
        name: str,
        handler: Callable[..., Any],
        event: Mapping[str, Any],
        *,
        may_end: bool = True,
    ) -> Any:
        """Call a handler, which is killed if that is due and it *may_end*."""
        self.counts[f"calls of {name}"] += 1
        if may_end:
            self.kills.begin(name, self._second)
        if name == "writer":
            self.throttling.begin(self._second)
        began = time.process_time()
        try:
            return handler(event, Invocation())
        finally:
            self.kills.end()
            self.throttling.end()
            self.seconds[name] += time.process_time() - began


def cause_of(shown: Mapping[str, Any]) -> Cause:
    """Return the cause of an incident that the API shows."""
    return Cause(
        shown["client_id"],
        shown["pipeline"] or "",
        shown["what"],
        shown["fingerprint"] or "",
        shown["project_id"] or "",
        of_staff=shown["of_staff"],
    )


def _shown(told: JobEnd) -> End:
    return End(told.job_id, told.client_id, told.pipeline, told.result, told.at, told.fingerprint)
