"""Measure what a new process costs up to its first answer, beside a bare boto3 client.

The figures are CPU seconds of the whole process, as the kernel counts them, so that they are nearly
the same on an idle machine and on a busy one. The baseline imports boto3 and makes a DynamoDB
client, without a call: every function that uses DynamoDB through boto3 needs at least that.
Processes of the two kinds take turns.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Mapping
from functools import cache

from tests.support.dynamo.answering_server import answering_server
from tests.support.readers import reading
from tests.support.stacks.local_stack import ROOT

from .figures import Figure
from .writer import mixes

ROUNDS = 9
WRITER_AT_MOST = 1.25
READER_AT_MOST = 1.40
INTAKE_AT_MOST = 1.40

_SAY = """
import json, sys
sys.stderr.write(json.dumps(sorted(sys.modules)))
"""
_BARE = """
import boto3
boto3.client("dynamodb")
"""
_CONTEXT = """
class Context:
    aws_request_id = "request"
    def get_remaining_time_in_millis(self):
        return 30_000
import json, sys
event = json.loads(sys.argv[1])
"""
_WRITER = f"""{_CONTEXT}
from run_ledger.writer import handler
assert handler(event, Context()) == {{"batchItemFailures": []}}
"""
_READER = f"""{_CONTEXT}
from run_ledger.api import handler
answer = handler(event, Context())
assert answer["statusCode"] == 200, answer
"""
_STRANGERS = {
    "httpMethod": "POST",
    "resource": "/events",
    "headers": {"Authorization": f"Bearer rlk_{'0' * 16}_{'A' * 43}"},
    "body": "{}",
}
_INTAKE = f"""{_CONTEXT}
from run_ledger.intake import handler
answer = handler(event, Context())
assert answer["statusCode"] == 401, answer
"""


def writer() -> Figure:
    """Import the writer and post a first event."""
    return _figure("cold_start_writer", "writer", WRITER_AT_MOST)


def reader() -> Figure:
    """Import the reader and list jobs."""
    return _figure("cold_start_reader", "reader", READER_AT_MOST)


def intake() -> Figure:
    """Import the intake with its two clients, and look up the key of a stranger."""
    return _figure("cold_start_intake", "intake", INTAKE_AT_MOST)


def _figure(name: str, program: str, goal: float) -> Figure:
    seconds, modules = _taken()
    more = modules[program] - modules["bare"]
    ours = sorted(module for module in more if module.partition(".")[0] == "run_ledger")
    others = sorted({module.partition(".")[0] for module in more} - {"run_ledger", "__main__"})
    return Figure(
        name,
        1000 * statistics.median(seconds[program]),
        "CPU ms",
        1000 * statistics.median(seconds["bare"]),
        goal=goal,
        more_is_better=False,
        goal_is_ratio=True,
        notes=(
            f"beyond the bare client: {len(ours)} modules of ours and {len(more) - len(ours)} of",
            ", ".join(others),
        ),
    )


@cache
def _taken() -> tuple[dict[str, list[float]], dict[str, set[str]]]:
    """Return CPU seconds of each program, round by round, and the modules that it imports."""
    event = {"Records": next(iter(mixes.usual("cold")))[:1]}
    programs = {
        "bare": (_BARE, "{}"),
        "writer": (_WRITER, json.dumps(event)),
        "reader": (_READER, json.dumps(reading.api_event("/jobs"))),
        "intake": (_INTAKE, json.dumps(_STRANGERS)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    with answering_server() as server:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **server.environment,
            "CURSOR_KEY": "benchmark",
            "ISSUER": reading.ISSUER,
            "BUS_NAME": "bus",
            "PYTHONPATH": str(ROOT / "backend"),
        }
        # The first of each compiles what it imports, which Lambda's bundle has behind it.
        modules = {
            name: set(json.loads(_run(program + _SAY, argument, environment)))
            for name, (program, argument) in programs.items()
        }
        for _ in range(ROUNDS):
            for name, (program, argument) in programs.items():
                before = _children_seconds()
                _run(program, argument, environment)
                seconds[name].append(_children_seconds() - before)
    return seconds, modules


def _run(program: str, argument: str, environment: Mapping[str, str]) -> str:
    """Run *program* in a fresh interpreter and return what it writes to standard error."""
    done = subprocess.run(
        [sys.executable, "-c", program, argument],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def _children_seconds() -> float:
    """Return the CPU seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
