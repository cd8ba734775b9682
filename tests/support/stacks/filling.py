"""Fills a local stack's ledger with many jobs quickly.

The local bus and queue carry a few hundred events a second, ten a batch, which takes too long for a
hundred thousand jobs. So the events go to the writer's own ledger
(`run_ledger.store.posting.ledger`) over the stand-in of DynamoDB in this process, and the jobs and
rollups that it makes are copied into the stack's tables. Entries, the jobs' histories, are left
out: no list, total or trend reads them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from tests.support.dynamo.stand_in import Dynamo
from tests.support.dynamo.tables import NAMES
from tests.support.events import builders
from tests.support.readers.ledgers import empty_store
from tests.support.stacks.local_stack import LocalStack

from run_ledger.domain.contract.events import decode
from run_ledger.store.posting.grouping import EventMessage
from run_ledger.store.posting.ledger import Keeping, Ledger

_JOBS_A_BATCH, _A_CALL = 1_000, 25
_PATIENCE_SECONDS = 600.0
_WRITERS = 2  # as many as the local stack lets run at once: each has a shard of the rollups
_THREADS = 2
_COPIED = ("jobs", "projects", "rollups")
_PIPELINES = ("contacts", "products", "suppliers")
_RESULTS = ("succeeded",) * 17 + ("failed", "timed_out", "partial")
_ERROR = {"type": "RateLimitError", "message": "The model answered 429 for too long"}

Heard = Callable[[str, int, int], object]


def fill(stack: LocalStack, *, jobs: int, clients: int, days: int, heard: Heard) -> None:
    """Put *jobs* jobs of *clients* clients into the tables, spread evenly over the last *days*.

    *heard* is called with what is being made, how many of it there are, and how many there will be.
    """
    store = filled(jobs=jobs, clients=clients, days=days, heard=heard)
    for kind in _COPIED:
        table = stack.document["tables"][kind]
        _copy(_client(stack), table, store.items(getattr(NAMES, kind)), partial(heard, kind))


def filled(*, jobs: int, clients: int, days: int, heard: Heard) -> Dynamo:
    """Return a stand-in of DynamoDB that holds such jobs, with their entries."""
    store = empty_store()
    ledgers = [
        Ledger(store.client(), NAMES, Keeping(90, 8))  # type: ignore[arg-type]
        for _ in range(_WRITERS)
    ]
    now = datetime.now(UTC)
    step = timedelta(days=days) / jobs
    for number, first in enumerate(range(0, jobs, _JOBS_A_BATCH)):
        some = range(first, min(first + _JOBS_A_BATCH, jobs))
        lives = (_life(job, now - (jobs - job) * step, now, clients) for job in some)
        deliveries = [_delivery(one) for life in lives for one in life]
        report = ledgers[number % _WRITERS].post(deliveries, [], lambda: _PATIENCE_SECONDS)
        assert not report.failures, report.failures[0]
        heard("jobs", some.stop, jobs)
    return store


def _copy(client: Any, table: str, items: list[Any], heard: Callable[[int, int], object]) -> None:
    """Put items into a table, 25 a call."""

    def put(first: int) -> None:
        left = {table: [{"PutRequest": {"Item": item}} for item in items[first : first + _A_CALL]]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]

    with ThreadPoolExecutor(_THREADS) as pool:
        for number, _ in enumerate(pool.map(put, range(0, len(items), _A_CALL))):
            heard(min((number + 1) * _A_CALL, len(items)), len(items))


def _client(stack: LocalStack) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=stack.document["aws_endpoint_url"],
        region_name=stack.document["region"],
        aws_access_key_id=stack.document["access_key_id"],
        aws_secret_access_key=stack.document["secret_access_key"],
        config=Config(parameter_validation=False),
    )


def _delivery(envelope: builders.Envelope) -> EventMessage:
    raw = json.dumps(envelope)
    return EventMessage(envelope["id"], raw, decode(raw))


def _life(
    number: int, begun: datetime, now: datetime, clients: int
) -> tuple[builders.Envelope, builders.Envelope]:
    """Return a job's first and last event; a few in twenty jobs fail."""
    dice = random.Random(number)
    client_id = f"client-{dice.randrange(clients)}"
    about = {
        "job_id": f"filled-{number}",
        "client_id": client_id,
        "project_id": f"{client_id}-catalogue",
        "pipeline": dice.choice(_PIPELINES),
    }
    end: dict[str, Any] = {"status": "completed", "result": dice.choice(_RESULTS)}
    if end["result"] in {"failed", "timed_out"}:
        end["error"] = _ERROR
    ended = min(now, begun + timedelta(seconds=dice.randrange(20, 900)))
    counted = {
        "records_ok": dice.randrange(20, 60),
        "input_tokens": dice.randrange(4_000, 90_000),
        "output_tokens": dice.randrange(500, 9_000),
        "cost_microusd": dice.randrange(900, 250_000),
    }
    return (
        builders.job_update(**about, event_id="s", status="running", occurred_at=_text(begun)),
        builders.job_update(**about, **end, event_id="e", occurred_at=_text(ended), delta=counted),
    )


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
