"""Keep what a kill of the local AWS would lose: the events that came after its last save.

The local AWS holds its data in memory and saves it when it is told to stop. So a second rule on the
bus copies every event that goes to the writer to a queue of its own, and a thread takes them from
there to a file. After an end that saved nothing, the next start puts the file's events back into
the writer's queue. That is safe because the ledger counts an event once, however often it comes; a
clean stop empties the file.
"""

import json
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.console import sqs
from run_ledger_ops.local.machine.cloud import LocalCloud

_NAME = "run-ledger-local-journal"
_BATCH_BYTES = 900_000  # SQS takes 1 MiB in all
_PAUSE_SECONDS = 1.0


class Journal:
    """The file of one state folder, written from `start` to `stop`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_replayed = False
        self.failure: OSError | None = None

    def start(self, cloud: LocalCloud, bus: str) -> None:
        """Begin to copy the bus's events to the file."""
        queue_url = _copy_events(cloud, bus)
        self._thread = threading.Thread(
            target=self._run, args=(cloud.client("sqs"), queue_url), name="journal", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop copying; what is not in the file yet is in a queue that the local AWS will save."""
        self._stopping.set()
        if self._thread:
            self._thread.join()

    def replay(self, cloud: LocalCloud, queue_url: str) -> int:
        """Put the file's events into the writer's queue and return how many there were."""
        client = cloud.client("sqs")
        count = refused = 0
        for batch in batches(self._bodies()):
            entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(batch)]
            answer = client.send_message_batch(QueueUrl=queue_url, Entries=entries)
            refused += len(answer.get("Failed", []))
            count += len(batch)
        self._is_replayed = refused == 0
        return count

    def forget(self) -> None:
        """Empty the file: the local AWS has saved everything itself.

        A start that was broken off before all events were put back leaves them for the next one.
        """
        if self._is_replayed:
            self._file.unlink(missing_ok=True)

    def append(self, bodies: Iterable[str]) -> None:
        """Add events to the file and see them safe on the disk."""
        # The file may end in a line that was cut off: what is added begins on a line of its own.
        lines = "\n" + "".join(f"{json.dumps(body)}\n" for body in bodies)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def _bodies(self) -> Iterator[str]:
        if not self._file.exists():
            return
        with self._file.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    body = json.loads(line)
                except ValueError:  # cut off by an end in the middle of writing
                    continue
                if isinstance(body, str):
                    yield body

    def _run(self, client: Any, queue_url: str) -> None:
        while not self._stopping.is_set():
            try:
                self._take(client, queue_url)
            except (BotoCoreError, ClientError):
                self._stopping.wait(_PAUSE_SECONDS)
            except OSError as error:
                self.failure = error
                return

    def _take(self, client: Any, queue_url: str) -> None:
        answer = client.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=sqs.MESSAGES_A_CALL, WaitTimeSeconds=1
        )
        messages = answer.get("Messages", [])
        if not messages:
            return
        self.append(message["Body"] for message in messages)
        client.delete_message_batch(QueueUrl=queue_url, Entries=sqs.handles(messages))


def batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    """Divide messages into batches that SQS takes in one call."""
    return sqs.batches(bodies, lambda body: len(body.encode()), _BATCH_BYTES)


def _copy_events(cloud: LocalCloud, bus: str) -> str:
    """Make the journal's queue and the rule that fills it, and give the queue's URL."""
    client, events = cloud.client("sqs"), cloud.client("events")
    queue_url: str = client.create_queue(QueueName=_NAME)["QueueUrl"]
    attributes = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    queue_arn = attributes["Attributes"]["QueueArn"]
    # Only what the template's rule passes on may come back to the writer.
    pattern = events.describe_rule(Name=f"{bus}-updates", EventBusName=bus)["EventPattern"]
    rule_arn = events.put_rule(Name=_NAME, EventBusName=bus, EventPattern=pattern)["RuleArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }
        ],
    }
    client.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": json.dumps(policy)})
    events.put_targets(Rule=_NAME, EventBusName=bus, Targets=[{"Id": "journal", "Arn": queue_arn}])
    return queue_url
