"""Which call an answer belongs to: streams side by side, threads, and how much is remembered."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from tests.support.llm.shapes import counted, delta_of

from run_ledger.emit.counting import call_log
from run_ledger.emit.counting.meter import Meter
from run_ledger.emit.pricing.prices import Prices

STREAMS = 8
CHUNKS = 20


def chunk(number: int, *, is_last: bool = False, **more: Any) -> dict[str, Any]:
    """Return a chunk of Google's that says *number* tokens of output so far."""
    candidate = {"content": {}} | ({"finishReason": "STOP"} if is_last else {})
    usage = {"promptTokenCount": 10, "candidatesTokenCount": number}
    return {"candidates": [candidate], "usageMetadata": usage, **more}


def events(number: int) -> list[dict[str, Any]]:
    """Return the events of Anthropic's stream number so and so, all with other figures."""
    usage = {"input_tokens": 100 + number, "output_tokens": 1}
    message = {"id": f"msg_{number}", "model": "m", "usage": usage}
    deltas = [
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": so_far}}
        for so_far in range(1, CHUNKS + 1)
    ]
    return [{"type": "message_start", "message": message}, *deltas, {"type": "message_stop"}]


def summed(deltas: list[Mapping[str, int]]) -> dict[str, int]:
    """Return the counters that *deltas* come to."""
    counters: dict[str, int] = {}
    for delta in deltas:
        for name, change in delta.items():
            counters[name] = counters.get(name, 0) + change
    return counters


def test_threads_read_streams_side_by_side() -> None:
    """Each thread's events without an id go on with the call that this thread's stream began."""
    meter = Meter(Prices({}))
    ready = Barrier(STREAMS)

    def read(number: int) -> list[Mapping[str, int]]:
        ready.wait(timeout=30)
        return [delta_of(meter, event) for event in events(number)]

    with ThreadPoolExecutor(STREAMS) as pool:
        found = summed([delta for deltas in pool.map(read, range(STREAMS)) for delta in deltas])

    assert found["llm_calls"] == STREAMS
    assert found["input_tokens"] == sum(100 + number for number in range(STREAMS))
    assert found["output_tokens"] == STREAMS * CHUNKS


def test_tasks_read_streams_in_turn() -> None:
    """Tasks of one thread take turns at every chunk; equal prompts without ids stay apart."""
    meter = Meter(Prices({}))
    deltas: list[Mapping[str, int]] = []

    async def read() -> None:
        for number in range(1, CHUNKS + 1):
            deltas.append(delta_of(meter, chunk(number, is_last=number == CHUNKS)))
            await asyncio.sleep(0)

    async def read_all() -> None:
        await asyncio.gather(*(read() for _ in range(STREAMS)))

    asyncio.run(read_all())

    found = summed(deltas)
    assert found["llm_calls"] == STREAMS
    assert found["output_tokens"] == STREAMS * CHUNKS


def test_a_stream_that_goes_on_in_another_thread_is_one_call() -> None:
    """Whoever hands each event to a pool still reads one call."""
    meter = Meter(Prices({}))
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        deltas = [
            (first if number % 2 else second).submit(delta_of, meter, event).result()
            for number, event in enumerate(events(0))
        ]

    assert summed(deltas)["llm_calls"] == 1
    assert summed(deltas)["output_tokens"] == CHUNKS


def test_chunks_with_an_id_may_come_in_any_order() -> None:
    """What a chunk says never takes back what a later one said."""
    chunks = [chunk(number, responseId="r") for number in (5, 3, 9, 1)]

    found = counted([*chunks, *chunks, chunk(9, is_last=True, responseId="r")])

    assert (found["llm_calls"], found["input_tokens"], found["output_tokens"]) == (1, 10, 9)


def test_what_is_remembered_is_bounded() -> None:
    """A job of any length remembers the same number of calls, and streams that nobody ended."""
    log = Meter(Prices({}))._calls
    meter = Meter(Prices({}))
    meter._calls = log
    for number in range(call_log.MOST_CALLS + 100):
        delta_of(meter, chunk(number % 7, responseId=f"r{number}"))
    for number in range(100):
        delta_of(meter, chunk(100 - number))

    assert len(log._by_id) == call_log.MOST_CALLS
    assert sum(map(len, log._streams.values())) <= 8


def test_a_forked_child_goes_on_though_another_thread_held_the_lock() -> None:
    """A child has its parent's calls, but nobody who would release its parent's lock."""
    meter = Meter(Prices({}))
    delta_of(meter, chunk(1, responseId="r"))
    meter._lock.acquire()
    meter._process = os.getpid() - 1  # as in a child: the lock is another process's

    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(delta_of, meter, chunk(4, responseId="r")).result(timeout=30)

    assert later == {"output_tokens": 3}
