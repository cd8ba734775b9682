"""Windows of streams on the local AWS: a lone record shows at once, a busy table's gather."""

from __future__ import annotations

import threading
from typing import Any

from run_ledger_ops.local.aws.stream_windows import StreamWindows

STREAM = {
    "UUID": "stream",
    "EventSourceArn": "arn:aws:dynamodb:eu-central-1:000000000000:table/jobs/stream/1",
    "MaximumBatchingWindowInSeconds": 1,
}
QUEUE = {
    "UUID": "queue",
    "EventSourceArn": "arn:aws:sqs:eu-central-1:000000000000:q",
    "MaximumBatchingWindowInSeconds": 1,
}


class Stand:
    """Windows under a clock of their own, over a stream's mapping and a queue's."""

    def __init__(self) -> None:
        self.now = 100.0
        self.woken = threading.Event()
        windows = StreamWindows(self.woken.set, lambda: self.now)
        self.mappings = windows.without_resting(
            lambda: [("1", "eu-central-1", STREAM), ("1", "eu-central-1", QUEUE)]
        )
        self.filtered = windows.noting(lambda records, _: [one for one in records if one])

    def looked_at(self) -> list[str]:
        """Return the mappings that are looked at now."""
        return [mapping["UUID"] for _, _, mapping in self.mappings()]


def test_a_batch_lets_its_stream_rest_for_the_window() -> None:
    """The first record goes at once; what comes within the second gathers, and isn't lost."""
    stand = Stand()
    assert stand.looked_at() == ["stream", "queue"]
    assert stand.filtered(["record"], STREAM) == ["record"]
    assert stand.looked_at() == ["queue"]
    stand.now += 1.0
    assert stand.looked_at() == ["stream", "queue"]


def test_somebody_looks_again_when_the_window_is_over() -> None:
    """Nothing else may wake the local AWS, and then its own look comes a second later."""
    stand = Stand()
    stand.filtered(["record"], STREAM)
    stand.now += 0.99
    stand.looked_at()
    assert stand.woken.wait(10)


def test_what_calls_no_function_begins_no_window() -> None:
    """Records that the filter leaves out, batches of queues, and mappings without a window."""
    stand = Stand()
    without: dict[str, Any] = {**STREAM, "MaximumBatchingWindowInSeconds": 0}
    assert stand.filtered([None], STREAM) == []
    stand.filtered(["message"], QUEUE)
    stand.filtered(["record"], without)
    assert stand.looked_at() == ["stream", "queue"]


def test_a_full_batch_begins_no_window() -> None:
    """As on AWS, so that who reads a busy table does not fall behind."""
    stand = Stand()
    few: dict[str, Any] = {**STREAM, "BatchSize": 3}
    assert stand.filtered(["record", None, None], few) == ["record"]
    assert stand.looked_at() == ["stream", "queue"]
    stand.filtered(["record"] * 100, STREAM)
    assert stand.looked_at() == ["stream", "queue"]
    stand.filtered(["record"] * 2, few)
    assert stand.looked_at() == ["queue"]
