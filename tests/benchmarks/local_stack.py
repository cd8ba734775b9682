"""Measure the local stack as people and pipelines meet it: all figures of a size in one run.

Each size starts a new stack, asks it, reports jobs to it through its bus (a start and an end each),
and asks again while 100 events a second come in. The largest takes some minutes, so `--only` names
what is wanted. All of it shares the machine with whatever else runs there: the notes say the load.
"""

from __future__ import annotations

import functools
import http.client
import itertools
import json
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from tests.support.stacks.local_events import entry_ids
from tests.support.stacks.local_stack import HTTP, LocalStack, start_local_stack, wait_for

from .figures import Figure

SENDERS = 4
BULK_GOAL = 900
CALLERS, SINGLES = 8, 2_000
WAVE = 10_000  # jobs that are reported before the queue is awaited
FIRST_CALLERS = 20
ASKED = 30
LISTS = ("", "&pipeline=contacts", "&client_id=acme&result=failed")
PIPELINES = ("contacts", "products", "suppliers")
KILLED_AFTER = 1_000  # events, at 100 a second
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True)
class Measured:
    """What one run has measured."""

    first_answers_ms: float
    bulk_per_second: float
    singles_per_second: float
    journal_lag_seconds: float
    list_p50_ms: dict[str, float]
    memory_mb: float
    load: str


def list_p50_ms(jobs: int) -> Figure:
    """Measure the slowest of three lists of fifty, while 100 events a second come in."""
    seen = measured(jobs)
    slowest = max(seen.list_p50_ms.values())
    each = ", ".join(f"{name or 'latest'} {ms:.0f}" for name, ms in seen.list_p50_ms.items())
    return _figure(f"local_list_p50_ms_{jobs // 1_000}k", slowest, "ms", 30, seen, each)


def first_answers_20_ms() -> Figure:
    """Measure the slowest of twenty callers' first answers, right after the stack is ready."""
    seen = measured(10_000)
    return _figure("local_first_answers_20_ms", seen.first_answers_ms, "ms", 1_000, seen)


def memory_mb(jobs: int) -> Figure:
    """Measure the memory of all processes: their own, and their part of what they share (PSS)."""
    seen = measured(jobs)
    goal = 600 if jobs == 10_000 else 1_500
    return _figure(f"local_memory_mb_{jobs // 1_000}k", seen.memory_mb, "MB", goal, seen)


def single_events_per_second() -> Figure:
    """Measure eight callers with one event a request, until all are visible."""
    seen = measured(10_000)
    return Figure(
        "local_single_events_per_second",
        seen.singles_per_second,
        "events/s",
        goal=500,
        notes=(seen.load,),
    )


def bulk_events_per_second() -> Figure:
    """Measure 20,000 events in tens, of four senders, until all are visible."""
    seen = measured(10_000)
    return Figure(
        "local_bulk_events_per_second",
        seen.bulk_per_second,
        "events/s",
        goal=BULK_GOAL,
        notes=(seen.load,),
    )


def journal_lag_seconds() -> Figure:
    """Measure how long after its answer an event is in the journal, at the worst."""
    seen = measured(10_000)
    return _figure("local_journal_lag_seconds", seen.journal_lag_seconds, "s", 1, seen)


def journal_missing_after_kill() -> Figure:
    """Count the events with an answer that a kill of the local AWS has lost, at 100 a second."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        stack = start_local_stack(state).wait_until_ready()
        [local_aws] = stack.processes_that_run("ministack")
        with _reports(stack, seconds_a_call=0.01, a_call=1) as answered:
            wait_for("events", lambda: len(answered) >= KILLED_AFTER, PATIENCE_SECONDS)
            os.kill(local_aws, signal.SIGKILL)
        stack.process.communicate(timeout=60)
        again = start_local_stack(state, ports=False).wait_until_ready()
        _drain(again)
        missing = len(answered - entry_ids(again))
        output, _ = again.stop()
    said = next(line for line in output.splitlines() if "put back" in line)
    return Figure(
        "local_journal_missing_after_kill",
        missing,
        "events",
        goal=0,
        more_is_better=False,
        notes=(f"of {len(answered):,} with an answer; the start said: {said}",),
    )


@functools.cache
def measured(jobs: int) -> Measured:
    """Start a stack, report so many jobs to it, and measure it on the way."""
    with tempfile.TemporaryDirectory() as folder:
        stack = start_local_stack(Path(folder)).wait_until_ready()
        try:
            token = stack.machine_token()
            first = _first_answers(stack, token)
            singles, lag = _singles(stack)
            started = time.monotonic()
            for begin in range(0, jobs, WAVE):
                _report(stack, range(begin, min(begin + WAVE, jobs)))
                _drain(stack)
            seconds = time.monotonic() - started
            _check_visible(stack, jobs, token)
            with _reports(stack, seconds_a_call=0.1, a_call=10):
                lists = {name: _list_p50(stack, token, name) for name in LISTS}
            _drain(stack)
            memory = sum(_pss_mb(pid) for pid in stack.processes())
        finally:
            stack.stop()
    load = f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    return Measured(first, 2 * jobs / seconds, singles, lag, lists, memory, load)


def _figure(name: str, value: float, unit: str, goal: float, seen: Measured, *notes: str) -> Figure:
    return Figure(name, value, unit, goal=goal, more_is_better=False, notes=(*notes, seen.load))


def _first_answers(stack: LocalStack, token: str) -> float:
    with ThreadPoolExecutor(FIRST_CALLERS) as callers:
        return max(callers.map(lambda _: _ask_ms(stack, token, ""), range(FIRST_CALLERS)))


def _list_p50(stack: LocalStack, token: str, more: str) -> float:
    return statistics.median(_ask_ms(stack, token, more) for _ in range(ASKED))


def _ask_ms(stack: LocalStack, token: str, more: str) -> float:
    url = f"{stack.document['api_url']}/jobs?limit=50{more}"
    started = time.monotonic()
    answer = HTTP.request("GET", url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.status == 200, answer.data
    return (time.monotonic() - started) * 1_000


def _singles(stack: LocalStack) -> tuple[float, float]:
    """Return the rate of events, one a call, and the longest time until one is in the journal.

    The callers are light: boto3's own 2.7 ms of CPU a call would be all that is measured here.
    """
    journal = stack.state / "journal.jsonl"
    behind: list[float] = []

    def report(caller: int) -> None:
        put = _light_caller(stack)
        for number in range(SINGLES // CALLERS):
            job_id = f"single-{caller}-{number:05}"
            put([_entry(stack, job_id, "a", {"status": "running"})])
            if number % 50 == 0:
                answered = time.monotonic()
                wait_for(job_id, lambda name=job_id: name in journal.read_text(), 60)
                behind.append(time.monotonic() - answered)

    started = time.monotonic()
    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(report, range(CALLERS)))
    _drain(stack)
    return SINGLES / (time.monotonic() - started), max(behind)


def _report(stack: LocalStack, numbers: Sequence[int]) -> None:
    """Report the start and the end of jobs, ten events a call."""

    def send(sender: int) -> None:
        bus = stack.client("events")
        events = (event for number in numbers[sender::SENDERS] for event in _life(stack, number))
        while some := list(itertools.islice(events, 10)):
            _put(bus, some)

    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(send, range(SENDERS)))


def _life(stack: LocalStack, number: int) -> Iterator[dict[str, str]]:
    job_id = f"job-{number:07}"
    pipeline = {"pipeline": PIPELINES[number % 3]}
    result = "failed" if number % 7 == 0 else "succeeded"
    yield _entry(stack, job_id, "a", {"status": "running", **pipeline})
    ended = {"status": "completed", "result": result, "delta": {"records_ok": 24}}
    yield _entry(stack, job_id, "b", ended | pipeline)


def _entry(stack: LocalStack, job_id: str, step: str, said: dict[str, Any]) -> dict[str, str]:
    named = {"event_id": f"{job_id}-{step}", "job_id": job_id}
    whose = {"client_id": "acme", "project_id": f"project-{len(job_id)}"}
    return {
        "EventBusName": stack.document["event_bus_name"],
        "Source": "bench",
        "DetailType": "job_update",
        "Detail": json.dumps({**named, **whose, **said}),
    }


def _put(bus: Any, entries: list[dict[str, str]]) -> None:
    answer = bus.put_events(Entries=entries)
    assert not answer["FailedEntryCount"], answer


def _light_caller(stack: LocalStack) -> Callable[[list[dict[str, str]]], None]:
    """Return what puts events on the bus over one connection, signed and no more."""
    document = stack.document
    keys = Credentials(document["access_key_id"], document["secret_access_key"])
    signature = SigV4Auth(keys, "events", document["region"])
    url = document["aws_endpoint_url"]
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    kind = {"X-Amz-Target": "AWSEvents.PutEvents", "Content-Type": "application/x-amz-json-1.1"}

    def put(entries: list[dict[str, str]]) -> None:
        request = AWSRequest("POST", url, kind, json.dumps({"Entries": entries}))
        signature.add_auth(request)
        connection.request("POST", "/", request.body, dict(request.headers.items()))
        answer = json.loads(connection.getresponse().read())
        assert answer["FailedEntryCount"] == 0, answer

    return put


@contextmanager
def _reports(stack: LocalStack, *, seconds_a_call: float, a_call: int) -> Iterator[set[str]]:
    """Report 100 events a second until the end or a refusal; give the ids that have an answer."""
    answered: set[str] = set()
    ended = threading.Event()

    def report() -> None:
        bus = stack.client("events", retries=0)
        due = time.monotonic()
        for call in itertools.count():
            entries = [
                _entry(stack, f"live-{call}-{number}", "a", {"status": "running"})
                for number in range(a_call)
            ]
            try:
                _put(bus, entries)
            except (BotoCoreError, ClientError):
                return
            answered.update(json.loads(one["Detail"])["event_id"] for one in entries)
            due += seconds_a_call
            if ended.wait(max(0.0, due - time.monotonic())):
                return

    with ThreadPoolExecutor(1) as thread:
        reporting = thread.submit(report)
        try:
            yield answered
        finally:
            ended.set()
            reporting.result()


def _drain(stack: LocalStack) -> None:
    """Wait until the writers have posted all that the queue held."""
    client = stack.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stack.document["queue_url"]

    def is_empty() -> bool:
        found = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return all(found[name] == "0" for name in names)

    wait_for("an empty queue", is_empty, PATIENCE_SECONDS)


def _check_visible(stack: LocalStack, jobs: int, token: str) -> None:
    for number in (0, jobs // 2, jobs - 1):
        status, job = stack.get(f"/jobs/job-{number:07}", token)
        assert (status, job["status"]) == (200, "completed"), job


def _pss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1_024


FIGURES: dict[str, Callable[[], Figure]] = {
    "local_list_p50_ms_10k": functools.partial(list_p50_ms, 10_000),
    "local_list_p50_ms_100k": functools.partial(list_p50_ms, 100_000),
    "local_first_answers_20_ms": first_answers_20_ms,
    "local_memory_mb_10k": functools.partial(memory_mb, 10_000),
    "local_memory_mb_100k": functools.partial(memory_mb, 100_000),
    "local_single_events_per_second": single_events_per_second,
    "local_bulk_events_per_second": bulk_events_per_second,
    "local_journal_lag_seconds": journal_lag_seconds,
    "local_journal_missing_after_kill": journal_missing_after_kill,
}
