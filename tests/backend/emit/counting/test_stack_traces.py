"""Exceptions found in text: in traces that Python really prints, and in those of others."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.emit.counting.stack_traces import (
    TracedException,
    exception_in,
    typed_message,
    without_trace,
)


def traced(work: Callable[[], object]) -> TracedException | None:
    """Give what is found in the trace that Python prints for the exception of *work*."""
    with pytest.raises(BaseException) as raised:  # noqa: PT011 whatever it is, its trace is read
        work()
    return exception_in("".join(traceback.format_exception(raised.value)))


def _deliberate() -> NoReturn:
    try:
        raise ConnectionResetError(104, "Connection reset by peer")
    except OSError as error:
        raise RuntimeError("record 7") from error


def _accidental() -> NoReturn:
    try:
        {}["price"]
    except KeyError:
        raise ValueError("two\n\nlines")  # noqa: B904 the context is what is tested
    raise AssertionError


async def _refused() -> NoReturn:
    raise ValueError("model refused")


async def _group(members: int) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(members):
            group.create_task(_refused())


def _noted() -> NoReturn:
    error = LookupError("nothing there")
    error.add_note("a hint")
    raise error


def _around_group() -> NoReturn:
    try:
        asyncio.run(_group(1))
    except ExceptionGroup as error:
        raise RuntimeError("outer") from error
    raise AssertionError


@pytest.mark.parametrize(
    ("work", "kind", "message", "cause"),
    [
        (_deliberate, "RuntimeError", "record 7",
         "ConnectionResetError: [Errno 104] Connection reset by peer"),
        (_accidental, "ValueError", "two\n\nlines", "KeyError: 'price'"),
        (lambda: asyncio.run(_group(1)), "ValueError", "model refused", ""),
        (lambda: asyncio.run(_group(2)), "ValueError", "model refused", ""),
        (_around_group, "RuntimeError", "outer", "ValueError: model refused"),
        (lambda: compile("a b", "program", "exec"), "SyntaxError", "invalid syntax", ""),
        (_noted, "LookupError", "nothing there\na hint", ""),
    ],
)  # fmt: skip
def test_python(work: Callable[[], object], kind: str, message: str, cause: str) -> None:
    """Type and message of what was raised, and the oldest cause, are found."""
    assert traced(work) == TracedException(kind, message, cause)


SPARK = """org.apache.spark.SparkException: Job aborted.
\tat org.apache.spark.Job.run(Job.scala:1)
Caused by: org.apache.spark.TaskException: task lost
\tat org.apache.spark.Task.run(Task.scala:1)
Caused by: java.io.IOException: No space left on device
\tat x.Y.z(Y.java:3)
\t... 12 more
"""


CALLING = "An error occurred while calling o45.save."
PYSPARK = """Traceback (most recent call last):
  File "x.py", line 1, in f
py4j.protocol.Py4JJavaError: An error occurred while calling o45.save.
: org.apache.spark.SparkException: Job aborted.
\tat a.B.c(B.scala:1)
Caused by: java.io.FileNotFoundException: s3://b/k
\tat a.B.d(B.java:1)
"""
THREAD = 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap\n\tat a.B.c(B.java:1)'
NODE = "TypeError: no x\n    at f (a.js:1:2)\n  [cause]: Error: why\n    at z (q.js:1)"


@pytest.mark.parametrize(
    ("trace", "kind", "message", "cause"),
    [
        (SPARK, "org.apache.spark.SparkException", "Job aborted.",
         "java.io.IOException: No space left on device"),
        (THREAD, "java.lang.OutOfMemoryError", "Java heap", ""),
        ("java.lang.NullPointerException\n\tat a.B.c(B.java:1)", "java.lang.NullPointerException",
         "", ""),
        (PYSPARK, "py4j.protocol.Py4JJavaError",
         f"{CALLING}\n: org.apache.spark.SparkException: Job aborted.",
         "java.io.FileNotFoundException: s3://b/k"),
        (NODE, "TypeError", "no x", "Error: why"),
    ],
)  # fmt: skip
def test_other_languages(trace: str, kind: str, message: str, cause: str) -> None:
    """So are those of the Java virtual machine, of Python around it, and of Node."""
    assert exception_in(trace) == TracedException(kind, message, cause)


@pytest.mark.parametrize(
    "text", ["", "nothing here", "at io.openlineage.Some.method(Some.java:13)", "note: this\nwell"]
)
def test_no_exception(text: str) -> None:
    """A text that names none gives none."""
    assert exception_in(text) is None


def test_the_end_of_a_long_trace_counts() -> None:
    """The middle of a huge trace is passed over; the exception stands at its end."""
    frames = '  File "x.py", line 1, in f\n    f()\n' * 20_000
    trace = f"Traceback (most recent call last):\n{frames}RecursionError: too deep\n"

    assert exception_in(trace) == TracedException("RecursionError", "too deep")


def test_a_message_may_begin_with_its_type() -> None:
    """Only names that look like an exception's are taken for one."""
    assert typed_message("a.b.TimeoutException: none") == TracedException(
        "a.b.TimeoutException", "none"
    )
    assert typed_message("the disk is full: /data") is None
    assert typed_message("Note: this") is None
    assert without_trace("boom\nTraceback (most recent call last):\n  File") == "boom"


@given(
    st.text(
        st.sampled_from("aE.:| +-\n\t\"'0") | st.characters(),
        max_size=300,
    ).map(lambda text: f"Traceback (most recent call last):\n{text}")
)
def test_any_text_is_read(text: str) -> None:
    """Nothing raises, whatever the text holds, and what is found stands in the text."""
    for found in (exception_in(text), typed_message(text)):
        assert found is None or found.type in text
    assert len(without_trace(text)) <= len(text)


@pytest.mark.parametrize(
    "piece",
    ["Traceback (most recent call last):\n", "a.", "Caused by: ", " ", "\n at", "|", "A", ": "],
)
def test_hostile_text_takes_no_longer_than_other_text(piece: str) -> None:
    """The processor's time grows with the length and no faster."""
    text = piece * (400_000 // len(piece))
    begun = time.process_time()
    exception_in(text)
    typed_message(text)
    without_trace(text)

    assert time.process_time() - begun < 2


def test_a_group_of_one_kind_in_a_trace_is_told_as_its_first_failure() -> None:
    """As of the exception itself, so that both are of one group of errors."""

    def rows_and_more(*more: Exception) -> NoReturn:
        raise ExceptionGroup("tasks", [*(ValueError(f"row {row} is bad") for row in "210"), *more])

    assert traced(rows_and_more) == TracedException("ValueError", "row 0 is bad")
    assert traced(lambda: rows_and_more(KeyError("sku"))) == TracedException(
        "ExceptionGroup", "tasks (4 sub-exceptions); KeyError: 'sku'; ValueError: row 0 is bad"
    )


def test_the_trace_that_a_pool_of_processes_passes_on_is_no_cause() -> None:
    """It is the same failure's."""
    last = "ValueError: no price"
    inner = f'Traceback (most recent call last):\n  File "a.py", line 1, in f\n{last}'
    chained = "The above exception was the direct cause of the following exception:"
    trace = f'R: \n"""\n{inner}\n"""\n\n{chained}\n\n{inner}\n'

    assert exception_in(trace) == TracedException("ValueError", "no price")
