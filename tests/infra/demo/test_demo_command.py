"""The demo as a program: its help, its sentences, its way of stopping."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from run_ledger_ops.demo import command_line
from run_ledger_ops.demo.reporting.stop import Stop, StoppedError


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """Write the file of a stack whose bus nobody can reach."""
    path = tmp_path / "stack.json"
    write_stack(path, "http://127.0.0.1:1")
    return path


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Give how many events each call posts, to a bus that takes everything."""
    calls: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        calls.append(len(params["Entries"]))

    with mock_aws():
        client = boto3.client("events", region_name="eu-west-1")
        client.create_event_bus(Name="ledger")
        client.meta.events.register("provide-client-params.events.PutEvents", note)
        monkeypatch.setattr(command_line, "events_client", lambda ledger: client)
        yield calls


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Put back the handlers that the program under test replaces."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def write_stack(path: Path, url: str) -> None:
    """Write a stack file."""
    found = {
        "aws_endpoint_url": url,
        "region": "eu-west-1",
        "access_key_id": "key",
        "secret_access_key": "secret",
        "event_bus_name": "ledger",
        "issuer": "https://issuer.example/pool",
    }
    path.write_text(json.dumps(found))


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says what happens, shows examples and names every default."""
    with pytest.raises(SystemExit) as ended:
        command_line.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "some thousand jobs that never were" in text
    assert "report what they really do" in text
    assert "--once --backfill-days 14" in text
    assert text.count("(default: ") == 4


def test_a_past_told_once_is_not_told_again(
    stack: Path, posted: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The second run posts no job and says why; --again posts it all."""
    arguments = ["--stack", str(stack), "--once", "--backfill-days", "2"]
    assert command_line.main(arguments) == 0
    first = sum(posted)
    assert first > 100
    assert command_line.main(arguments) == 0
    projects = sum(posted) - first  # which may have gone on since
    assert 0 < projects < first / 2
    assert command_line.main([*arguments, "--again"]) == 0
    assert sum(posted) >= 2 * first + projects
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("demo: posted the past from ")
    assert lines[1].endswith("was posted before (--again posts it again)")


def test_a_terminal_gets_a_bar(
    stack: Path,
    posted: list[int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where somebody watches, the bar fills up to the number of events."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    command_line.main(["--stack", str(stack), "--once", "--backfill-days", "1"])
    bars = capsys.readouterr().err.split("\r")
    assert len(bars) == 1 + -(-sum(posted) // 10)
    assert f"[{'#' * 30}] {sum(posted):,} of {sum(posted):,} events\n" in bars[-1]


def test_a_missing_stack_file_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a stack there is nothing to do, and the status says so."""
    assert command_line.main(["--stack", str(tmp_path / "stack.json")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("demo: cannot read ")
    assert line.endswith("(No such file or directory); is the stack running?")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--backfill-days", "61"], "61 is not a number of days from 0 to 60"),
        (["--backfill-days", "-1"], "-1 is not a number of days from 0 to 60"),
        (["--backfill-days", "x"], "x is not a number of days from 0 to 60"),
        (["--jobs-per-minute", "0"], "0 is not a rate from 0.05 to 60"),
        (["--jobs-per-minute", "x"], "x is not a rate from 0.05 to 60"),
        (["--jobs-per-minute", "nan"], "nan is not a rate from 0.05 to 60"),
    ],
)
def test_what_is_out_of_range_is_said(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure that makes no sense is refused with the range that does."""
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_a_stop_asked_for_where_exceptions_get_lost_still_stops() -> None:
    """If a finaliser swallows the exception, the next sleep raises it again."""
    stop = Stop()
    with pytest.raises(StoppedError):
        stop(signal.SIGTERM, None)
    stop(signal.SIGTERM, None)
    with pytest.raises(StoppedError):
        stop.sleep(60)
