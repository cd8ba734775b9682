"""A command that fails is told by its exception, or else by the last lines that it wrote."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger_ops.producer.last_words import LastWords, read_last_words

GO = b"""\
reading 812 rows
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.main()
\t/srv/enrich/main.go:8 +0x1d
exit status 2
"""
GO_DEADLOCK = b"""\
fatal error: all goroutines are asleep - deadlock!

goroutine 1 [chan receive]:
main.main()
\t/srv/enrich/main.go:5 +0x2c
exit status 2
"""
RUST = b"""\
thread 'main' (12791) panicked at src/main.rs:1:77:
index out of bounds: the len is 1 but the index is 5
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5
   1: core::panicking::panic_fmt
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
"""
RUST_BEFORE = b"""\
thread 'main' panicked at 'no price', src/main.rs:2:5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""
JAVA = b"""\
Exception in thread "main" java.lang.RuntimeException: could not read prices
\tat A.main(A.java:1)
Caused by: java.io.FileNotFoundException: /nope (No such file or directory)
\tat java.base/java.io.FileInputStream.open0(Native Method)
\tat A.main(A.java:1)
\t... 8 more
"""
DOTNET = b"""\
Unhandled exception. System.InvalidOperationException: no price
   at Program.Main() in /srv/Program.cs:line 3
"""
RUBY = b"""\
enrich.rb:1:in `/': divided by 0 (ZeroDivisionError)
\tfrom enrich.rb:1:in `price'
\tfrom enrich.rb:3:in `<main>'
"""
PHP = b"""\
PHP Fatal error:  Uncaught RuntimeException: no price in /srv/a.php:3
Stack trace:
#0 {main}
  thrown in /srv/a.php on line 3
"""
PYTHON = b"""\
read 812 rows
Traceback (most recent call last):
  File "/srv/enrich.py", line 3, in <module>
    raise requests.exceptions.ConnectionError("down")
requests.exceptions.ConnectionError: down
"""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (GO, ("panic", "runtime error: index out of range [5] with length 3")),
        (GO_DEADLOCK, ("fatal error", "all goroutines are asleep - deadlock!")),
        (RUST, ("panic", "index out of bounds: the len is 1 but the index is 5")),
        (RUST_BEFORE, ("panic", "no price")),
        (
            JAVA,
            (
                "java.lang.RuntimeException",
                (
                    "could not read prices (caused by java.io.FileNotFoundException: "
                    "/nope (No such file or directory))"
                ),
            ),
        ),
        (DOTNET, ("System.InvalidOperationException", "no price")),
        (RUBY, ("ZeroDivisionError", "divided by 0")),
        (PHP, ("RuntimeException", "no price")),
        (PYTHON, ("requests.exceptions.ConnectionError", "down")),
        (PYTHON + b"make: *** [Makefile:3: nightly] Error 1\n", (
            "requests.exceptions.ConnectionError", "down",
        )),
        (PYTHON.replace(b"\n", b"\r\n"), ("requests.exceptions.ConnectionError", "down")),
        (b"\x1b[31m" + PYTHON + b"\x1b[0m", ("requests.exceptions.ConnectionError", "down")),
    ],
)  # fmt: skip
def test_an_exception_is_told_by_type_and_message(said: bytes, told: tuple[str, str]) -> None:
    """Of each of the common runtimes, as it prints them."""
    assert read_last_words(said) == told


def test_what_python_prints() -> None:
    """By the interpreter itself: a chain, and a group with one failure."""
    chain = "try: {}['price']\nexcept KeyError as e: raise ValueError('no price') from e"
    group = "raise ExceptionGroup('tasks', [ValueError('model refused')])"
    tasks = """
import asyncio
async def fails(): raise ValueError('model refused')
async def main():
    async with asyncio.TaskGroup() as group: group.create_task(fails())
asyncio.run(main())
"""
    told = [
        read_last_words(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, check=False, timeout=60
            ).stderr
        )
        for code in (chain, group, tasks)
    ]
    assert told == [
        ("ValueError", "no price (caused by KeyError: 'price')"),
        ("ValueError", "model refused"),
        ("ValueError", "model refused"),
    ]


def test_what_node_prints() -> None:
    """By the runtime itself, with a cause."""
    code = "throw new TypeError('no price', {cause: new Error('closed')})"
    done = subprocess.run(["node", "-e", code], capture_output=True, check=False, timeout=60)
    assert read_last_words(done.stderr) == ("TypeError", "no price (caused by Error: closed)")


@pytest.mark.parametrize(
    "end",
    [
        b"error: no input",
        b"enrich: error: no input",
        b"2026-11-27 10:00:04,777 ERROR upload failed",
        b"[2026-11-27T10:00:04] upload failed",
        b"FATAL: no input",
        b"fatal: no input",
    ],
)
def test_an_exception_that_the_program_survived_is_not_why_it_ended(end: bytes) -> None:
    """It was logged; what the program says after it is the reason."""
    told = read_last_words(PYTHON + b"retrying\n" + end + b"\n")
    assert told.error_type == ""
    assert told.message.endswith(end.decode())


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"", ""),
        (b"one\ntwo\n\n", "one\ntwo"),
        (b"10 %\r50 %\r100 %\ndone\r\n", "100 %\ndone"),
        (b"\x1b[31mred\x1b[0m \x1b]0;title\x07text\x07", "red text"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"login password=hunter2 failed", "login password=[blanked] failed"),
        (b"\n".join(b"line %d" % number for number in range(30)), "\n".join(
            f"line {number}" for number in range(10, 30)
        )),
    ],
)  # fmt: skip
def test_the_last_lines_make_the_message(said: bytes, message: str) -> None:
    """As a person would have seen them: no colours, of a progress line only what it came to."""
    assert read_last_words(said) == LastWords("", message)


def test_a_long_message_keeps_its_end() -> None:
    """Where the reason stands."""
    message = read_last_words(b"x" * 5000 + b"the reason").message

    assert (len(message), message[0], message[-10:]) == (1024, "…", "the reason")


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read(said: bytes) -> None:
    """Programs write anything."""
    assert isinstance(read_last_words(said), LastWords)
    assert isinstance(read_last_words(PYTHON + said), LastWords)


@pytest.mark.parametrize(
    "unit",
    [b"panic: x\n", b"thread 'a' panicked at ", b"a:1:in `b': c ", b"\n", b"a" * 99, b"\tat x\n"],
)
def test_hostile_words_take_no_time(unit: bytes) -> None:
    """As much as is kept of what a command wrote, full of what rules begin with."""
    began = time.process_time()
    read_last_words((unit * 65_536)[:65_536])
    assert time.process_time() - began < 5  # a quadratic pattern takes minutes
