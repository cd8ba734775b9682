"""Measure pages of `/jobs`: rounds of calls, read units and the handler's own time.

The ledgers are those of `generated_jobs`: 10,000, 100,000 and 1,000,000 jobs on dense days, and one
job a month for ten years. Each is asked for pages of fifty jobs: unfiltered, by client, by result,
by both, far back, and the page after that one. The stand-in answers at once, so the time is the
handler's CPU time from API Gateway's event to the answer. It includes reading the store's JSON and
excludes botocore's transport, whose time is in a note.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple
from unittest import mock

import boto3
from botocore.awsrequest import AWSResponse
from tests.benchmarks.figures import Figure, quiet
from tests.support.readers import reading

from run_ledger import api
from run_ledger.domain.instants import text
from run_ledger.read.reader import Reader, read_request
from run_ledger.store.dynamo.connection import MOST_CONNECTIONS, dynamodb

from .generated_jobs import NOW, SPARSE, GeneratedJobs, eventual_units

SIZES = (10_000, 100_000, 1_000_000)
LIMIT = 50
MOST_ROUNDS = 3
MOST_UNITS_OVER_LEAST = 1.3
MOST_TIME_OVER_SMALL = 1.2
MOST_CPU_MS = 5.0
_REQUESTS = 201

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class _Context:
    """What Lambda tells a handler about its invocation."""

    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Return as much as the reader's function has."""
        return 20_000


class Case(NamedTuple):
    """A ledger, and one page of it."""

    jobs: int
    sparse: bool
    name: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """Return what the table says of it."""
        return f"{self.name}, {self.jobs:,}, {'a job a month' if self.sparse else 'dense days'}"


class Taken(NamedTuple):
    """What a page consumed, and the least that its answer needs."""

    rounds: int
    calls: int
    units: float
    least: float


def rounds_max() -> Figure:
    """Return the largest number of rounds of calls that a page took."""
    taken = {case.label: _taken(case) for case in _cases()}
    return Figure(
        "list_rounds_max",
        max(one.rounds for one in taken.values()),
        "rounds",
        goal=MOST_ROUNDS,
        more_is_better=False,
        notes=tuple(f"{label}: {one.rounds} of {one.calls} calls" for label, one in taken.items()),
    )


def read_units_over_least_max() -> Figure:
    """Return the largest ratio of a page's read units to the least that its answer needs.

    The least is: the items on the page, once, strongly consistent; in each index partition that
    holds any of them, their rows, once; the rows of their days in the map, once, if it is read.
    """
    taken = {case.label: _taken(case) for case in _cases()}
    return Figure(
        "list_read_units_over_least_max",
        max(one.units / one.least for one in taken.values()),
        "times",
        goal=MOST_UNITS_OVER_LEAST,
        more_is_better=False,
        notes=tuple(
            f"{label}: {one.units:g} of {one.least:g}, {one.units / one.least:.2f} times"
            for label, one in taken.items()
        ),
    )


def time_1m_over_10k() -> Figure:
    """Return the time of a page of a million jobs divided by that of ten thousand: the largest."""
    ratios: dict[str, tuple[float, float]] = {}
    for small in _cases():
        if small.jobs != SIZES[0]:
            continue
        large = next(
            case
            for case in _cases()
            if (case.jobs, case.sparse, case.name) == (SIZES[-1], small.sparse, small.name)
        )
        with _handler(_ledger(small)) as one, _handler(_ledger(large)) as other:
            ratios[large.label] = _side_by_side((one, small), (other, large))
    worst = max(ratios.values(), key=lambda pair: pair[1] / pair[0])
    return Figure(
        "list_time_1m_over_10k",
        worst[1],
        "CPU ms",
        worst[0],
        goal=MOST_TIME_OVER_SMALL,
        more_is_better=False,
        goal_is_ratio=True,
        notes=tuple(
            f"{label}: {large:.2f} ms of {small:.2f}, {large / small:.2f} times"
            for label, (small, large) in ratios.items()
        ),
    )


def page_cpu_ms() -> Figure:
    """Return the CPU time of a warm page of fifty jobs, in milliseconds, without transport."""
    case = next(case for case in _cases() if case.jobs == SIZES[-1])
    with _handler(_ledger(case)) as handler:
        own = _median_ms(handler, case)
        size = len(handler(_event(case))["body"])
    with _handler(_through_botocore(_ledger(case))) as handler:
        whole = _median_ms(handler, case)
    taken = _taken(case)
    return Figure(
        "jobs_page_cpu_ms",
        own,
        "CPU ms",
        goal=MOST_CPU_MS,
        more_is_better=False,
        notes=(
            f"{case.label}: {LIMIT} jobs, {size:,} bytes of JSON, {taken.calls} calls",
            f"with botocore's requests, signatures and answers, but no network: {whole:.1f} CPU ms",
        ),
    )


@cache
def _cases() -> tuple[Case, ...]:
    return tuple(
        Case(jobs, sparse, name, tuple(parameters.items()))
        for sparse in (False, True)
        for jobs in SIZES
        for name, parameters in _pages(jobs, sparse)
    )


def _pages(jobs: int, sparse: bool) -> Iterator[tuple[str, Mapping[str, str]]]:
    ledger = _ledgers(jobs, sparse)
    far = {"to": text(ledger.created_at(SPARSE // 2 if sparse else jobs * 9 // 10))}
    yield "unfiltered", {}
    yield "by client", {"client_id": "client-7"}
    yield "by result", {"result": "failed"}
    yield "by client and result", {"client_id": "client-7", "result": "failed"}
    yield "far back", far
    with _handler(ledger) as handler:
        answer = json.loads(handler(_asked(far))["body"])
    yield "far back, the next page", {**far, "cursor": answer["next_cursor"]}


def _ledger(case: Case) -> GeneratedJobs:
    return _ledgers(case.jobs, case.sparse)


@cache
def _ledgers(jobs: int, sparse: bool) -> GeneratedJobs:
    return GeneratedJobs(jobs, sparse)


def _event(case: Case) -> dict[str, Any]:
    return _asked(dict(case.parameters))


def _asked(parameters: Mapping[str, str]) -> dict[str, Any]:
    given = {"limit": [str(LIMIT)], **{name: [value] for name, value in parameters.items()}}
    return reading.api_event("/jobs", parameters=given)


@cache
def _taken(case: Case) -> Taken:
    ledger = _ledger(case)
    ledger.spent.clear()
    with _executor() as executor:
        reader = Reader(ledger, reading.SETTINGS, executor, lambda: NOW)  # type: ignore[arg-type]
        answer, way = reader.answer(read_request(_event(case)), 60.0)
    items = json.loads(answer.body)["items"]
    assert len(items) == LIMIT, case
    shown = {item["job_id"] for item in items}
    days = {item["created_at"][:10] for item in items}
    least = 0.0
    for spent in ledger.spent:
        if spent.place == "items":
            least += spent.units
            continue
        needed = sum(
            size
            for name, size in spent.rows.items()
            if name in shown or name.partition("#")[0] in days
        )
        least += eventual_units(needed) if needed else 0
    return Taken(way["rounds"], way["calls"], sum(one.units for one in ledger.spent), least)


def _side_by_side(*asked: tuple[Handler, Case]) -> tuple[float, float]:
    """Return the CPU time of both pages in milliseconds, as medians over alternate requests."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(_REQUESTS):
        for times, (handler, case) in zip(taken, asked, strict=True):
            times.append(_ms(handler, case))
    return statistics.median(taken[0]), statistics.median(taken[1])


def _median_ms(handler: Handler, case: Case) -> float:
    handler(_event(case))
    return statistics.median(_ms(handler, case) for _ in range(_REQUESTS))


def _ms(handler: Handler, case: Case) -> float:
    event = _event(case)
    started = time.process_time()
    handler(event)
    return 1_000 * (time.process_time() - started)


@contextmanager
def _handler(client: Any) -> Iterator[Handler]:
    """Give the Lambda handler over *client*, with its log lines kept out of the table."""
    with _executor() as executor, quiet():
        reader = Reader(client, reading.SETTINGS, executor, lambda: NOW)
        with mock.patch.object(api, "_reader", return_value=reader):
            yield lambda event: api.handler(event, _Context())


@contextmanager
def _executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(MOST_CONNECTIONS, "reader") as executor:
        yield executor


def _through_botocore(ledger: GeneratedJobs) -> Any:
    """Return the store's own client, whose requests are answered before the network."""
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with (
        mock.patch.dict(os.environ, {**credentials, "AWS_DEFAULT_REGION": "eu-central-1"}),
        mock.patch.object(boto3, "DEFAULT_SESSION", None),
    ):
        dynamodb.cache_clear()
        client = dynamodb()
        dynamodb.cache_clear()

    def answer(request: Any, **_: object) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        body = ledger.answer(operation, bytes(request.body))

        class Raw:
            def stream(self, **_: object) -> list[bytes]:
                return [body]

        return AWSResponse(request.url, 200, {}, Raw())

    client.meta.events.register("before-send.dynamodb", answer)
    return client
