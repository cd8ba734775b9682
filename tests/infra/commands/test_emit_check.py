"""`run-ledger emit --check`: whether what is reported from here arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.producers.buses import WillingBus, served

from run_ledger_ops import command

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bus() -> WillingBus:
    """Give the bus behind HTTP."""
    return WillingBus()


@pytest.fixture
def run(
    bus: WillingBus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Give a way to run the command with that bus; it returns the exit code and what it said."""

    def say(*arguments: str) -> tuple[int, str, str]:
        code = command.main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUN_LEDGER_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("RUN_LEDGER_BUS", "the-bus")
    with served(bus) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield say


def test_a_check_says_what_it_found(run: Run, bus: WillingBus) -> None:
    """`--check` is a kind of its own; its exit code is real, as a person asks."""
    code, out, _ = run("emit", "--check")
    assert code == 1
    assert "can't be seen" in out
    assert [entry["DetailType"] for entry in bus.entries] == ["probe"]
    code, out, _ = run("emit", "--check", "--json", "--bus", "another", "--timeout", "0")
    assert code == 1
    assert json.loads(out)["bus"] == "another"
    assert run("emit", "check")[0] == 1
    code, _, err = run("emit", "--check", "--endpoint-url", "http://127.0.0.1:9")
    assert code == 2
    assert "can't be sent to event bus the-bus" in err


def test_a_check_without_a_bus_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how to name one, once."""
    monkeypatch.delenv("RUN_LEDGER_BUS")
    code, _, err = run("emit", "--check")
    assert code == 2
    assert err.count("RUN_LEDGER_BUS") == 1
