"""Measure the writer's CPU time, beside a naive writer's: one `update_item` an event.

Both talk to the same server in another process. The naive writer is a first draft: a client with
boto3's default settings, `json.loads`, and one `update_item` that sets the state and adds the
counters. It keeps no history, counts repeated events twice and has no rollups.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3
from tests.benchmarks.figures import Figure, quiet, side_by_side
from tests.support.dynamo.answering_server import answering_server
from tests.support.dynamo.writer_process import Context

from run_ledger import writer
from run_ledger.store.dynamo import connection as clients

from . import mixes

ROUNDS = 9
GOAL = 16
GOAL_OF_OTHERS = 10
_NAIVE_BATCHES = 1


def events_per_cpu_second() -> Figure:
    """Post whole jobs in ten batches of 100 events each."""
    return _compared(
        "writer_events_per_cpu_second",
        mixes.USUAL,
        [list(mixes.usual(f"u{generation}")) for generation in range(ROUNDS)],
        goal=GOAL,
    )


def stern_events_per_cpu_second() -> Figure:
    """Post short jobs: every fifth event changes a state."""
    return _compared(
        "writer_events_per_cpu_second_stern",
        mixes.STERN,
        [
            [batch for life in range(3) for batch in mixes.stern(f"s{generation}-{life}")]
            for generation in range(ROUNDS)
        ],
    )


def deltas_per_cpu_second() -> Figure:
    """Post only deltas of jobs that the writer has posted before."""
    batches = mixes.deltas_only("d", ROUNDS * 6)
    start = next(batches)
    return _compared(
        "writer_events_per_cpu_second_deltas",
        mixes.DELTAS,
        [list(itertools.islice(batches, 6)) for _ in range(ROUNDS)],
        start,
    )


def _compared(
    name: str,
    mix: str,
    rounds: Sequence[Sequence[mixes.Batch]],
    first: mixes.Batch | None = None,
    *,
    goal: float = GOAL_OF_OTHERS,
) -> Figure:
    """Post *rounds*, each by the naive writer, too; *first* is posted before all of them."""
    events = sum(len(batch) for batch in rounds[0])
    ours = iter(rounds)
    theirs = [list(mixes.usual(f"n{number}"))[:_NAIVE_BATCHES] for number in range(ROUNDS + 1)]
    with _writers() as (post, naive):
        # Caches and connections are warm in either.
        post(first or next(iter(mixes.usual("warm"))))
        naive(theirs.pop())
        value, baseline = side_by_side(
            lambda: [post(batch) for batch in next(ours)],
            lambda: naive(theirs.pop()),
            work=events,
            baseline_work=_NAIVE_BATCHES * mixes.BATCH,
            rounds=ROUNDS,
        )
    return Figure(name, value, "events/s", baseline, goal=goal, goal_is_ratio=True, notes=(mix,))


@contextmanager
def _writers() -> Iterator[
    tuple[Callable[[mixes.Batch], None], Callable[[list[mixes.Batch]], None]]
]:
    """Give the real writer and the naive one, both talking to one server."""
    with answering_server() as server, mock.patch.dict(os.environ, server.environment), quiet():
        clients.dynamodb.cache_clear()
        writer._ledger.cache_clear()
        client = boto3.client("dynamodb")

        def post(batch: mixes.Batch) -> None:
            answer = writer.handler({"Records": batch}, Context())
            assert answer == {"batchItemFailures": []}, answer

        def naive(batches: list[mixes.Batch]) -> None:
            for record in itertools.chain.from_iterable(batches):
                client.update_item(**_naive_update(json.loads(record["body"])["detail"]))

        yield post, naive
        clients.dynamodb.cache_clear()
        writer._ledger.cache_clear()


def _naive_update(detail: dict[str, Any]) -> dict[str, Any]:
    counters = list(detail["delta"].items())
    return {
        "TableName": "jobs",
        "Key": {"job_id": {"S": detail["job_id"]}},
        "UpdateExpression": "SET client_id = :c, #status = :s, updated_at = :u ADD "
        + ", ".join(f"{name} :d{number}" for number, (name, _) in enumerate(counters)),
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {
            ":c": {"S": detail["client_id"]},
            ":s": {"S": detail.get("status", "running")},
            ":u": {"S": detail["occurred_at"]},
            **{f":d{number}": {"N": str(value)} for number, (_, value) in enumerate(counters)},
        },
    }
