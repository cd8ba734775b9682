"""Messages from a dead-letter queue back to the writer's queue: received, sent, then deleted.

SQS has a move of its own (StartMessageMoveTask). It serves only dead-letter queues of queues, not
that of the rule, can't be told how many to move, and would move what comes back again and again.

Cut off after the sending and before the deleting, a message is in both queues and goes out twice;
the ledger drops the repeat. In no order of events is it in neither.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger_ops.console.sqs import MESSAGES_A_CALL, batches, handles

# A call's limit is 1 MiB since 2025, and 256 KiB where that has not arrived.
_BYTES_A_CALL = 256 * 1024
# Nobody else gets a message while it is in our hands; after a crash it is free again so soon.
_HOLD_SECONDS = 120
_LONG_POLL_SECONDS = 2
_MILLISECOND = MICROSECONDS // 1_000

Message = dict[str, Any]


@dataclass(frozen=True)
class QueueLook:
    """About how many messages a queue has, and when the oldest of some of them was sent."""

    messages: int
    oldest_sent_at: Instant | None


@dataclass
class MoveOutcome:
    """What became of the messages of a dead-letter queue."""

    moved: int = 0
    failed: int = 0
    came_back: int = 0
    failure: str | None = None


class SendRate:
    """Waits so that at most *rate* messages a second are sent; with None it never waits."""

    def __init__(
        self,
        rate: int | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    @property
    def most_at_once(self) -> int:
        """How many may go out together."""
        return min(MESSAGES_A_CALL, self._rate or MESSAGES_A_CALL)

    def wait_for(self, number: int) -> None:
        """Wait until *number* messages may go out."""
        if self._rate is None:
            return
        now = self._clock()
        if self._free_at > now:
            self._sleep(self._free_at - now)
        self._free_at = max(self._free_at, now) + number / self._rate


def look_at(sqs: Any, queue_url: str) -> QueueLook:
    """Return how many messages a queue has and how old they are; change nothing."""
    messages = _count(sqs, queue_url, with_held=True)
    found = _receive(sqs, queue_url, most=MESSAGES_A_CALL, hold=0, wait=0) if messages else []
    sent = [
        Instant(int(message["Attributes"]["SentTimestamp"]) * _MILLISECOND) for message in found
    ]
    return QueueLook(messages, min(sent, default=None))


class Mover:
    """Moves messages to one queue, and knows which of them came back."""

    def __init__(
        self, sqs: Any, queue_url: str, pace: SendRate, taken: Callable[[int], None]
    ) -> None:
        """Move to *queue_url* and call *taken* with the number of messages of each step."""
        self._sqs = sqs
        self._queue_url = queue_url
        self._pace = pace
        self._taken = taken
        self._sent_ids: set[str] = set()

    def move(self, dlq_url: str, most: int | None) -> MoveOutcome:
        """Move all messages, or *most* of them, out of a dead-letter queue.

        Those that came back or that the queue refuses stay held meanwhile, so that they are not
        met again and again, and are let go at the end.
        """
        outcome = MoveOutcome()
        left: dict[str, Message] = {}
        try:
            while most is None or outcome.moved < most:
                messages = self._next(dlq_url, None if most is None else most - outcome.moved)
                if not messages or all(one["MessageId"] in left for one in messages):
                    break
                back = [one for one in messages if one["MessageId"] in self._sent_ids]
                left |= {one["MessageId"]: one for one in back}
                outcome.came_back += len(back)
                fresh = [one for one in messages if one["MessageId"] not in left]
                for batch in batches(fresh, _size_of, _BYTES_A_CALL):
                    left |= {
                        one["MessageId"]: one for one in self._move_batch(dlq_url, batch, outcome)
                    }
                self._taken(len(messages))
        finally:
            self._let_go(dlq_url, list(left.values()))
        return outcome

    def _next(self, dlq_url: str, room: int | None) -> list[Message]:
        most = min(self._pace.most_at_once, room or MESSAGES_A_CALL)
        messages = _receive(self._sqs, dlq_url, most=most, hold=_HOLD_SECONDS, wait=0)
        if not messages and _count(self._sqs, dlq_url):
            # A short poll asks some of the queue's servers, a long one all.
            messages = _receive(
                self._sqs, dlq_url, most=most, hold=_HOLD_SECONDS, wait=_LONG_POLL_SECONDS
            )
        return messages

    def _move_batch(
        self, dlq_url: str, batch: Sequence[Message], outcome: MoveOutcome
    ) -> list[Message]:
        """Move a batch and return what the queue refused of it."""
        self._pace.wait_for(len(batch))
        try:
            sent = self._send(batch, outcome)
        except BaseException:
            self._let_go(dlq_url, batch)
            raise
        if sent:
            self._sqs.delete_message_batch(QueueUrl=dlq_url, Entries=handles(sent))
        outcome.moved += len(sent)
        outcome.failed += len(batch) - len(sent)
        sent_ids = {one["MessageId"] for one in sent}
        return [one for one in batch if one["MessageId"] not in sent_ids]

    def _send(self, batch: Sequence[Message], outcome: MoveOutcome) -> list[Message]:
        """Send a batch and return what the queue has taken."""
        entries = [
            {"Id": str(number), "MessageBody": message["Body"]}
            for number, message in enumerate(batch)
        ]
        answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        for failure in answer.get("Failed", []):
            outcome.failure = failure.get("Message") or failure["Code"]
        taken = answer.get("Successful", [])
        self._sent_ids.update(one["MessageId"] for one in taken)
        return [batch[int(one["Id"])] for one in taken]

    def _let_go(self, dlq_url: str, messages: Sequence[Message]) -> None:
        """Let others have messages that stay, now rather than when the hold ends."""
        for start in range(0, len(messages), MESSAGES_A_CALL):
            portion = handles(messages[start : start + MESSAGES_A_CALL])
            entries = [entry | {"VisibilityTimeout": 0} for entry in portion]
            with contextlib.suppress(ClientError, BotoCoreError):
                self._sqs.change_message_visibility_batch(QueueUrl=dlq_url, Entries=entries)


def _size_of(message: Message) -> int:
    return len(message["Body"].encode())


def _receive(sqs: Any, queue_url: str, *, most: int, hold: int, wait: int) -> list[Message]:
    answer = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=most,
        VisibilityTimeout=hold,
        WaitTimeSeconds=wait,
        AttributeNames=["SentTimestamp"],
    )
    messages: list[Message] = answer.get("Messages", [])
    return messages


def _count(sqs: Any, queue_url: str, *, with_held: bool = False) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    if with_held:
        names.append("ApproximateNumberOfMessagesNotVisible")
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
    return sum(int(answer["Attributes"].get(name, 0)) for name in names)
