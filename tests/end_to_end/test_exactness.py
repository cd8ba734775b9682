"""Repeats, disorder, killed writers and writers side by side, on the running system."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.events import builders
from tests.support.readers.ledger_http import (
    Stack,
    all_items,
    get,
    machine_token,
    put_events,
    until,
)
from tests.support.recounts.recount import recount_jobs, recount_rollups, without_zeros
from tests.support.stacks.local_stack import LocalStack

from run_ledger.store.items.rollup_items import from_rollup_item

pytestmark = pytest.mark.local_stack

SEED = 20_261_122
# A message that a dead writer held comes back so soon; the template's 240 s would be a long test.
HELD_SECONDS = 8
ROOT = Path(__file__).resolve().parents[2]


def _histories(prefix: str, jobs: int, dice: random.Random) -> list[builders.Envelope]:
    """Return the events of some jobs: two attempts, deltas, ends, latest values, ties in time."""
    sent = []
    for number in range(jobs):
        base = {
            "job_id": f"{prefix}-{number}",
            "client_id": f"{prefix}-client-{number % 3}",
            "project_id": f"{prefix}-project-{number % 5}",
        }
        for step in range(dice.randrange(4, 11)):
            moment = f"2026-11-2{dice.randrange(0, 3)}T{dice.choice(['00', '11', '23'])}:59:59Z"
            fields: dict[str, Any] = {"attempt": dice.choice([1, 1, 2]), "occurred_at": moment}
            kind = dice.randrange(4)
            if kind == 0:
                fields |= {"status": "completed", "result": dice.choice(["succeeded", "failed"])}
                fields["error"] = {"type": "Timeout", "message": f"after {step} s"}
            elif kind == 1:
                fields |= {"status": dice.choice(["queued", "running"]), "stage": f"stage {step}"}
            else:
                fields["delta"] = {"records_ok": dice.randrange(-5, 50), "custom": 1}
            sent.append(builders.job_update(event_id=f"event-{step}", **base, **fields))
    return sent


def _is_exact(stack: Stack, token: str, expected: dict[str, dict[str, Any]]) -> bool:
    """Return whether the API shows every job just as the recount has it."""
    for job_id, wanted in expected.items():
        answer = get(stack, f"/jobs/{job_id}", token)
        if not answer.ok:
            return False
        job = answer.json()
        if {name: job.get(name) for name in wanted} != wanted:
            return False
    return True


def _expected(sent: list[builders.Envelope]) -> dict[str, dict[str, Any]]:
    jobs = recount_jobs(sent)
    for job in jobs.values():
        del job["heartbeat_seconds"]
    return jobs


def _rollups(running: LocalStack) -> dict[tuple[str, str], dict[str, int]]:
    rows: dict[tuple[str, str], dict[str, int]] = {}
    scan = running.client("dynamodb").get_paginator("scan")
    for page in scan.paginate(TableName=running.document["tables"]["rollups"]):
        for item in page["Items"]:
            row, counts = from_rollup_item(item)
            sums = rows.setdefault((row.partition, row.sort), {})
            for name, count in counts.items():
                sums[name] = sums.get(name, 0) + count
    return without_zeros(rows)


def _settled(
    running: LocalStack, token: str, sent: list[builders.Envelope], seconds: float
) -> None:
    """Wait until the API shows what *sent* makes; then check history and rollups, too."""
    stack = running.document
    expected = _expected(sent)
    until("the jobs as recounted", seconds, lambda: _is_exact(stack, token, expected))
    for job_id in list(expected)[:5]:
        mine = {one["detail"]["event_id"] for one in sent if one["detail"]["job_id"] == job_id}
        entries = all_items(stack, f"/jobs/{job_id}/entries", token)
        assert {entry["event_id"] for entry in entries} == mine
    assert {key: counts for key, counts in _rollups(running).items() if _is_of(sent, key[0])} == {
        key: counts for key, counts in recount_rollups(sent).items() if _is_of(sent, key[0])
    }


def _is_of(sent: list[builders.Envelope], partition: str) -> bool:
    """Return whether a rollup partition belongs to the clients and projects of *sent* alone."""
    scopes = {one["detail"][name] for one in sent for name in ("client_id", "project_id")}
    return "#" in partition and partition.split("#")[1] in scopes


def test_shuffled_and_repeated_delivery_ends_in_the_state_of_the_algebra(
    stack: Stack, running: LocalStack
) -> None:
    """Some hundred events over many jobs, in any order, many of them twice: exact in 2 minutes."""
    dice = random.Random(SEED)
    sent = _histories("shuffled", 40, dice)
    delivered = [*sent, *dice.sample(sent, len(sent) // 2)]
    dice.shuffle(delivered)
    put_events(stack, running.client("events"), delivered)
    _settled(running, machine_token(stack), sent, 120)


def test_a_killed_writer_leaves_totals_exact(stack: Stack, running: LocalStack) -> None:
    """Writers die by SIGKILL with messages in hand, several times: nothing is lost or doubled."""
    dice = random.Random(SEED + 1)
    sent = _histories("killed", 60, dice)
    dice.shuffle(sent)
    bus, queue = running.client("events"), running.client("sqs")
    killed: set[int] = set()

    def living_writers() -> set[int]:
        """Return the writers to kill: those that live while messages are in hand."""
        attribute = "ApproximateNumberOfMessagesNotVisible"
        answer = queue.get_queue_attributes(QueueUrl=stack["queue_url"], AttributeNames=[attribute])
        has_some = int(answer["Attributes"][attribute]) > 0
        return {*_writers(running)} - killed if has_some else set()

    portions = [sent[start : start + 70] for start in range(0, len(sent), 70)]
    with _held(queue, stack["queue_url"], HELD_SECONDS):
        for portion in portions:
            put_events(stack, bus, portion)
            until("messages in a writer's hand", 60, lambda: bool(living_writers()))
            for process in living_writers():
                os.kill(process, signal.SIGKILL)
                killed.add(process)
        assert len(killed) >= len(portions) // 2
        _settled(running, machine_token(stack), sent, 300)


def test_eight_writers_on_one_job_lose_and_double_nothing(
    stack: Stack, running: LocalStack
) -> None:
    """Eight processes with the real handler post to one job, each some of the others' events."""
    base = {"job_id": "hot-1", "client_id": "hot-client", "project_id": "hot-project"}
    start = builders.job_update(event_id="start", occurred_at="2026-11-22T10:00:00Z", **base)
    deltas = [
        builders.job_update(
            event_id=f"delta-{number}",
            occurred_at=f"2026-11-22T10:{number % 60:02d}:01Z",
            delta={"records_ok": 1, "input_tokens": number},
            **base,
        )
        for number in range(400)
    ]
    environment = {
        **os.environ,
        **{f"{name.upper()}_TABLE": table for name, table in stack["tables"].items()},
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_ACCESS_KEY_ID": stack["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack["secret_access_key"],
        "AWS_DEFAULT_REGION": stack["region"],
        "PYTHONPATH": f"{ROOT / 'backend'}{os.pathsep}{ROOT}",
    }
    writers = []
    for number in range(8):
        # Each has its eighth and, as a redelivery, that of its neighbour.
        mine = [start, *deltas[number::8], *deltas[(number + 1) % 8 :: 8]]
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.support.dynamo.writer_process"],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            text=True,
        )
        writers.append((writer, "\n".join(builders.text(one) for one in mine)))
    for writer, lines in writers:
        assert writer.stdin
        writer.stdin.write(lines)
        writer.stdin.close()
    assert [writer.wait(180) for writer, _ in writers] == [0] * 8

    job = get(stack, "/jobs/hot-1", machine_token(stack)).json()
    assert job["counters"] == {"records_ok": 400, "input_tokens": sum(range(400))}
    _settled(running, machine_token(stack), [start, *deltas], 10)


@contextlib.contextmanager
def _held(queue: Any, url: str, seconds: int) -> Iterator[None]:
    """Let messages in hand come back sooner, or, under load, while a writer still has them."""
    name = "VisibilityTimeout"
    usual = queue.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    queue.set_queue_attributes(QueueUrl=url, Attributes={name: str(seconds)})
    try:
        yield
    finally:
        queue.set_queue_attributes(QueueUrl=url, Attributes=usual)


def _writers(running: LocalStack) -> list[int]:
    """Return the ids of the processes that run the writer function now."""
    function = running.client("lambda").list_functions()["Functions"]
    (writer,) = (one["FunctionName"] for one in function if "writer" in one["FunctionName"])
    found = []
    for process in running.processes():
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            if any(f"-{writer}-".encode() in word for word in words):
                found.append(process)
    return found
