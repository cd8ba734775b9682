"""How many messages lie in a queue, in whatever state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.dynamo.connection import client_config

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

CountMessages = Callable[[Iterable[str]], int]
"""Returns how many messages the queues with these addresses hold; raises StoreUnavailable."""


class QueueAsker(Protocol):
    """The part of botocore's client for SQS that is used here."""

    def get_queue_attributes(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - botocore's name
        AttributeNames: Sequence[str],  # noqa: N803 - botocore's name
    ) -> Mapping[str, Any]:
        """Return attributes of a queue, as botocore does."""


@cache
def sqs() -> QueueAsker:
    """Return the client that the handler uses."""
    return cast("QueueAsker", boto3.client("sqs", config=client_config(read_timeout=4, attempts=2)))


def count_messages(client: QueueAsker, urls: Iterable[str]) -> int:
    """Return how many messages the queues *urls* hold; raises StoreUnavailable where SQS fails."""
    total = 0
    for url in urls:
        try:
            answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=_COUNTS)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        total += sum(int(answer["Attributes"][name]) for name in _COUNTS)
    return total
