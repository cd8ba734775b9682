"""What a kill of a local stack leaves: no process, and no event missing that was answered for."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.support.stacks.local_events import entry_ids, post, post_and_see, put
from tests.support.stacks.local_stack import (
    LocalStack,
    is_running,
    local_stack,
    start_local_stack,
    wait_for,
)

pytestmark = pytest.mark.local_stack


def test_killing_the_stack_ends_what_it_started(tmp_path: Path) -> None:
    """Even SIGKILL, which can't be caught, leaves nothing running for long, and the data safe."""
    stack = start_local_stack(tmp_path).wait_until_ready()
    post_and_see(stack, "e1")
    family = stack.processes()
    stack.stop(signal.SIGKILL)
    wait_for("the end of all processes", lambda: not any(map(is_running, family)), 60)
    with local_stack(tmp_path) as again:
        assert entry_ids(again) == {"e1"}


def test_killing_the_local_aws_loses_no_event(tmp_path: Path) -> None:
    """It saves only when told to stop; what came since the last save comes back by the journal.

    No event is missing whose sender had an answer, however short before the kill. What no rule had
    passed to the writer does not come by that way either.
    """
    stack = start_local_stack(tmp_path).wait_until_ready()
    [local_aws] = stack.processes_that_run("ministack")
    token = stack.machine_token()
    post(stack, "of another system", detail_type="other")
    with report_until_refused(stack) as answered:
        wait_for("300 answers", lambda: len(answered) > 300, 120)
        os.kill(local_aws, signal.SIGKILL)
    _, complaint = stack.process.communicate(timeout=60)
    assert stack.process.returncode == 2
    assert complaint.count("\n") == 1
    again = start_local_stack(tmp_path, ports=False).wait_until_ready()
    try:
        wait_for("all that was answered", lambda: entry_ids(again) >= answered, 120)
        assert again.document == stack.document
        assert again.get("/no-such-thing", token=token)[0] != 401
        assert again.get("/rejections", token=token)[1]["items"] == []
    finally:
        output, _ = again.stop()
    assert re.search(r"without a save: \d+ events were put back, \d+ could not be", output)
    assert not (tmp_path / "journal.jsonl").exists()


def test_killing_workers_of_functions_stops_nothing(tmp_path: Path) -> None:
    """Nor does the end of the process that they are forked from: what is killed comes anew."""
    with local_stack(tmp_path) as stack:
        token = stack.machine_token()
        post_and_see(stack, "e1")
        prepared, workers = function_processes(stack)
        assert len(prepared) == 1
        assert workers
        for process in prepared | workers:
            os.kill(process, signal.SIGKILL)
        wait_for("their end", lambda: not any(map(is_running, prepared | workers)), 10)
        assert stack.get("/jobs/j1", token=token)[0] == 200
        post_and_see(stack, "e2")
        again, forked = function_processes(stack)
        assert len(again) == 1
        assert not (again | forked) & (prepared | workers)
    wait_for("the end of all processes", lambda: not any(map(is_running, again | forked)), 10)


def function_processes(stack: LocalStack) -> tuple[set[int], set[int]]:
    """Return the processes from which workers of functions are forked, and the workers."""
    commands = {}
    for process in stack.processes():
        with suppress(OSError):
            commands[process] = Path(f"/proc/{process}/cmdline").read_bytes()
    return (
        {process for process, command in commands.items() if b"/prepared_process.py" in command},
        {process for process, command in commands.items() if b"/_worker.py" in command},
    )


@contextmanager
def report_until_refused(stack: LocalStack) -> Iterator[set[str]]:
    """Put events on the bus from four threads; give the ids of those that it has answered for."""
    answered: set[str] = set()
    # Of an answer that a kill cuts off, boto3 makes one without members: it answers for nothing.
    others = (BotoCoreError, ClientError, KeyError)

    def report(sender: int) -> None:
        bus = stack.client("events", retries=0)
        with suppress(*others):
            for number in count():
                put(bus, stack, event_id := f"e{sender}-{number}")
                answered.add(event_id)

    with ThreadPoolExecutor(4) as threads:
        reports = [threads.submit(report, sender) for sender in range(4)]
        yield answered
    for report_ended in reports:
        report_ended.result()
