"""A writer in a process of its own: the real handler, fed from standard input.

Each line is an event. Messages that the handler reports as failed are delivered again, as SQS does,
until none is left; then the exit code is 0.
"""

from __future__ import annotations

import itertools
import sys
from typing import Any

from run_ledger.writer import handler

BATCH = 10
DELIVERIES = 50


class Context:
    """What Lambda tells a handler, as far as ours uses it."""

    def get_remaining_time_in_millis(self) -> int:
        """Give the time that a fresh invocation has."""
        return 30_000


def main() -> int:
    """Deliver everything; return how many messages are left after many deliveries."""
    lines = [line.rstrip("\n") for line in sys.stdin]
    messages = [{"messageId": str(n), "body": line} for n, line in enumerate(lines)]
    for _ in range(DELIVERIES):
        failed: set[str] = set()
        batches = itertools.batched if hasattr(itertools, "batched") else _batched
        for batch in batches(messages, BATCH):
            answer: Any = handler({"Records": list(batch)}, Context())
            failed |= {one["itemIdentifier"] for one in answer["batchItemFailures"]}
        messages = [one for one in messages if one["messageId"] in failed]
        if not messages:
            return 0
    return len(messages)


def _batched(messages: list[dict[str, str]], size: int) -> list[list[dict[str, str]]]:
    return [messages[start : start + size] for start in range(0, len(messages), size)]


if __name__ == "__main__":
    raise SystemExit(main())
