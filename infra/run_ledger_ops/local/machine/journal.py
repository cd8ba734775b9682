"""Bring back what a kill of the local AWS has lost: the events that came after its last save.

The local AWS holds its data in memory and saves it when it is told to stop. So the front of the
local AWS writes each event to a file before its sender has an answer. After an end that saved
nothing, the next start puts the file's events back into the writer's queue. That is safe because
the ledger counts an event once, however often it comes; a clean stop empties the file.
"""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from run_ledger_ops.console import sqs
from run_ledger_ops.local.aws.event_file import FORMER_BUS, read_events
from run_ledger_ops.local.machine.cloud import LocalCloud

_BATCH_BYTES = 900_000  # SQS takes 1 MiB in all
# A longer queue makes each delivery of the local AWS slower: it looks through all of the queue.
_MOST_QUEUED = 1_000
_BATCHES_A_LOOK = 20
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 60.0
_FORMER_NAME = "run-ledger-local-journal"


class Replayed(NamedTuple):
    """What a start could put back after an end without a save."""

    events: int
    lost: int
    """How many lines were cut off (their senders had no answer) or refused by the queue."""


class Journal:
    """The file of one state folder."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._is_replayed = False

    def replay(self, cloud: LocalCloud, bus: str, queue_url: str) -> Replayed:
        """Put the file's events back into the writer's queue: those that its rule passes on."""
        # What comes from now on is in the queue by itself.
        end = self._file.stat().st_size if self._file.exists() else 0
        client = cloud.client("sqs")
        put_back = refused = 0
        for number, batch in enumerate(batches(self._bodies(cloud, bus, end))):
            if number % _BATCHES_A_LOOK == 0:
                _wait_for_room(client, queue_url)
            entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(batch)]
            answer = client.send_message_batch(QueueUrl=queue_url, Entries=entries)
            failed = len(answer.get("Failed", []))
            refused += failed
            put_back += len(batch) - failed
        self._is_replayed = refused == 0
        cut_off = sum(event is None for event in read_events(self._file, end))
        return Replayed(put_back, cut_off + refused)

    def forget(self) -> None:
        """Empty the file: the local AWS has saved everything itself.

        A start that was broken off before all events were put back leaves them for the next one.
        """
        if self._is_replayed:
            self._file.unlink(missing_ok=True)

    def _bodies(self, cloud: LocalCloud, bus: str, end: int) -> Iterator[str]:
        """Give what the rule delivers; the local AWS itself says whether its pattern matches."""
        if not end:
            return
        events = cloud.client("events")
        pattern = events.describe_rule(Name=f"{bus}-updates", EventBusName=bus)["EventPattern"]
        answers: dict[str, bool] = {}
        for kept in read_events(self._file, end):
            if kept is None or kept.bus not in {bus, FORMER_BUS}:
                continue
            body = json.dumps(kept.event)
            looked_at = json.dumps([kept.event.get(name) for name in sorted(json.loads(pattern))])
            if looked_at not in answers:
                answer = events.test_event_pattern(EventPattern=pattern, Event=body)
                answers[looked_at] = answer["Result"]
            if answers[looked_at]:
                yield body


def batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    """Divide messages into batches that SQS takes in one call."""
    return sqs.batches(bodies, lambda body: len(body.encode()), _BATCH_BYTES)


def drop_former_copies(cloud: LocalCloud, bus: str) -> None:
    """Remove the rule and the queue by which an earlier version kept its journal."""
    events, client = cloud.client("events"), cloud.client("sqs")
    if events.list_rules(EventBusName=bus, NamePrefix=_FORMER_NAME)["Rules"]:
        events.remove_targets(Rule=_FORMER_NAME, EventBusName=bus, Ids=["journal"])
        events.delete_rule(Name=_FORMER_NAME, EventBusName=bus)
        client.delete_queue(QueueUrl=client.get_queue_url(QueueName=_FORMER_NAME)["QueueUrl"])


def _wait_for_room(client: Any, queue_url: str) -> None:
    """Wait while the queue is long, but not for a writer that takes nothing."""
    name = "ApproximateNumberOfMessages"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])
        if int(answer["Attributes"][name]) < _MOST_QUEUED:
            return
        time.sleep(_LOOK_SECONDS)
