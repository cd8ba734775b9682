"""What the commands share: the bar, times on the command line, trouble in one sentence."""

from __future__ import annotations

import argparse
import io

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from run_ledger.domain import instants
from run_ledger_ops.console import terminal
from run_ledger_ops.console.exceptions import OpsError

NOW = instants.parse("2026-11-22T15:00:00Z")


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Say that somebody watches."""
        return True


def test_a_bar_fills_and_goes() -> None:
    """It is drawn at once, at most ten times a second, and leaves its line empty."""
    screen, times = Screen(), iter([0.0, 0.05, 0.2])
    with terminal.Progress("moving", 10, screen, lambda: next(times)) as progress:
        for _ in range(3):
            progress.add()
    drawn = screen.getvalue().split("\r")[1:]
    assert [text.removesuffix("\x1b[K") for text in drawn] == [
        f"moving [{'':30}] 0 of 10",
        f"moving [{'#' * 3:30}] 1 of 10",
        f"moving [{'#' * 9:30}] 3 of 10",
        "",
    ]


def test_a_bar_without_a_total_counts() -> None:
    """Where the end is unknown, the number moves."""
    screen = Screen()
    with terminal.Progress("reading", None, screen) as progress:
        progress.add(1_234)
    assert "reading: 1,234" in screen.getvalue()


def test_no_bar_where_nobody_watches() -> None:
    """Files and pipes get no control characters."""
    stream = io.StringIO()
    with terminal.Progress("moving", 10, stream) as progress:
        progress.add()
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30m", "2026-11-22T14:30:00Z"),
        ("36h", "2026-11-21T03:00:00Z"),
        ("7d", "2026-11-15T15:00:00Z"),
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("2026-11-01T12:00:00+02:00", "2026-11-01T10:00:00Z"),
    ],
)
def test_moments(text: str, meant: str) -> None:
    """A time is said as it comes to mind."""
    assert terminal.moment(text, lambda: NOW) == instants.parse(meant)


@pytest.mark.parametrize("text", ["", "7", "7w", "-7d", "yesterday", "2026-13-01", "2026-11-01T1"])
def test_no_moments(text: str) -> None:
    """Anything else shows how it is done."""
    with pytest.raises(argparse.ArgumentTypeError, match="36h"):
        terminal.moment(text)


def test_days() -> None:
    """A day is a whole day."""
    assert terminal.day("2026-02-28") == "2026-02-28"
    for text in ("2026-02-30", "2026-2-3", "28d"):
        with pytest.raises(argparse.ArgumentTypeError, match="no day"):
            terminal.day(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "²"])
def test_numbers(text: str) -> None:
    """Counting begins at one."""
    assert terminal.positive("12") == 12
    with pytest.raises(argparse.ArgumentTypeError, match="at least 1"):
        terminal.positive(text)


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (OpsError("no such thing."), "run-ledger x: no such thing.\n"),
        (
            ClientError({"Error": {"Code": "No", "Message": "denied"}}, "GetItem"),
            "run-ledger x: AWS refused GetItem: denied.\n",
        ),
        (
            EndpointConnectionError(endpoint_url="http://nowhere"),
            (
                "run-ledger x: AWS can't be reached: "
                'Could not connect to the endpoint URL: "http://nowhere".\n'
            ),
        ),
    ],
)
def test_trouble_is_a_sentence(
    trouble: Exception, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for what is nobody's bug, and exit code 2."""

    def work() -> int:
        raise trouble

    assert terminal.answer("x", work) == 2
    assert capsys.readouterr().err == sentence


def test_an_interruption_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C gives the exit code that shells expect."""

    def work() -> int:
        raise KeyboardInterrupt

    assert terminal.answer("x", work) == 130
    assert "stopped" in capsys.readouterr().err
