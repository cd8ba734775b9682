"""The local stack of the current folder is found by itself, and nothing else is."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from run_ledger.emit import RunLedger, first_words
from run_ledger.emit.identity.environment import BusTarget
from run_ledger.emit.identity.local_stack import find_local_stack

STACK = {
    "event_bus_name": "run-ledger-local",
    "region": "us-east-1",
    "aws_endpoint_url": "http://127.0.0.1:4566",
    "access_key_id": "local",
    "secret_access_key": "secret-of-the-stack",
    "site_url": "http://127.0.0.1:8080/",
    "tables": {"jobs": "more than is needed"},
}
READING = {
    "api_url": "http://127.0.0.1:8080/api",
    "token_url": "http://127.0.0.1:8080/oauth2/token",
    "machine_client_id": "m",
    "machine_client_secret": "s",
    "scope": "run-ledger/read",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUN_LEDGER_STACK")
    monkeypatch.setenv("RUN_LEDGER_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setattr(first_words, "_said", set())
    first_words._log.setLevel(
        logging.NOTSET
    )  # a command, which says it itself, has switched it off


def write(file: Path, content: Any = STACK) -> None:
    """Write a stack.json."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def test_the_stack_of_the_folder_is_found(caplog: pytest.LogCaptureFixture) -> None:
    """Its bus is the target, and a warning says so, as nobody has named it."""
    write(Path(".run-ledger/stack.json"), {**STACK, **READING})

    with caplog.at_level(logging.INFO, "run_ledger.emit"):
        ledger = RunLedger()
        RunLedger()

    assert ledger.enabled
    assert ledger._reporter.target == BusTarget(
        "run-ledger-local", "us-east-1", "http://127.0.0.1:4566", "run-ledger.emit"
    )
    (line,) = caplog.records
    assert (line.levelname, "http://127.0.0.1:8080/" in line.message) == ("WARNING", True)
    assert "secret-of-the-stack" not in caplog.text
    stack = find_local_stack()
    assert stack is not None
    assert stack.read_access is not None
    assert stack.read_access.scope == "run-ledger/read"


def test_what_is_named_comes_first(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bus by argument or environment, or ``off``; then the folder's stack is left alone."""
    write(Path(".run-ledger/stack.json"))

    with caplog.at_level(logging.INFO, "run_ledger.emit"):
        assert RunLedger("mine", region="eu-central-1")._reporter.target == BusTarget(
            "mine", "eu-central-1"
        )
        monkeypatch.setenv("RUN_LEDGER_BUS", "off")
        assert not RunLedger().enabled
        monkeypatch.delenv("RUN_LEDGER_BUS")
        monkeypatch.setenv("RUN_LEDGER_STACK", "off")
        assert not RunLedger().enabled

    assert [(one.levelname, one.message.partition(":")[0]) for one in caplog.records] == [
        ("INFO", caplog.records[0].message.partition(":")[0]),
        ("WARNING", "nothing is reported"),
    ]
    assert "event bus mine in eu-central-1" in caplog.records[0].message


def test_a_program_that_says_off_hears_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """That no bus is named would not be true, whatever the environment names."""
    with caplog.at_level(logging.INFO, "run_ledger.emit"):
        assert not RunLedger("off").enabled
        monkeypatch.setenv("RUN_LEDGER_BUS", "theirs")
        assert not RunLedger("Off").enabled

    assert caplog.records == []


def test_a_stack_elsewhere_is_named_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RUN_LEDGER_STACK names its file."""
    write(tmp_path / "elsewhere" / "stack.json")
    monkeypatch.setenv("RUN_LEDGER_STACK", str(tmp_path / "elsewhere" / "stack.json"))

    target = RunLedger(source="mine")._reporter.target
    assert target is not None
    assert target.source == "mine"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "\x00",
        {},
        {**STACK, "region": 7},
        {**STACK, "aws_endpoint_url": "https://elsewhere.example"},
        {**STACK, "aws_endpoint_url": "http://127.0.0.1.elsewhere.example:80"},
        {**STACK, "aws_endpoint_url": "http://[oops"},
        "[" * 100_000,
    ],
)
def test_a_file_that_is_none_is_told_and_nothing_is_reported(
    content: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing raises, and no report goes to another machine because a file says so."""
    write(Path(".run-ledger/stack.json"), content)

    ledger = RunLedger()

    assert not ledger.enabled
    assert ledger.stats().misconfigured == 1
    assert "stack.json" in caplog.text


def test_a_named_file_that_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong RUN_LEDGER_STACK is a mistake; no file in the folder is none."""
    assert not RunLedger().enabled
    monkeypatch.setenv("RUN_LEDGER_STACK", "nowhere/stack.json")

    assert RunLedger().stats().misconfigured == 1
    assert "nowhere/stack.json" in caplog.text
