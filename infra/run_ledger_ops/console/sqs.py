"""Messages of SQS as its batch calls take them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

MESSAGES_A_CALL = 10
T = TypeVar("T")


def batches(
    messages: Iterable[T], size_of: Callable[[T], int], most_bytes: int
) -> Iterator[list[T]]:
    """Give *messages* in batches of at most ten, of *most_bytes* together or of one message."""
    batch: list[T] = []
    filled = 0
    for message in messages:
        size = size_of(message)
        if batch and (len(batch) == MESSAGES_A_CALL or filled + size > most_bytes):
            yield batch
            batch, filled = [], 0
        batch.append(message)
        filled += size
    if batch:
        yield batch


def handles(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of a call that deletes or releases received messages."""
    return [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
        for number, message in enumerate(messages)
    ]
