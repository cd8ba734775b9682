"""`run-ledger alerts expected`: what counts is what the watch judges, and who says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import House
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain.instants import DAY, Instant, parse, text
from run_ledger.timekeeping.watching import read_watching
from run_ledger_ops import command
from run_ledger_ops.console import terminal

NOW = parse("2026-11-23T08:00:00Z")
CLIENTS = """\
clients:
  - id: acme
    name: Acme
    expect:
      - {pipeline: nightly, cron: 0 2 * * *, timezone: Europe/Berlin}
  - id: globex
    name: Globex
"""


@pytest.fixture
def system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> Iterator[System]:
    """Give a system whose clients' file and events expect something."""
    with deployed_system(monkeypatch) as found:
        monkeypatch.setattr(terminal, "clock", lambda: NOW)
        path = tmp_path / "clients.yaml"
        path.write_text(CLIENTS)
        assert command.main(["clients", "apply", str(path), "--stage", STAGE]) == 0
        capsys.readouterr()
        yield found


def say(system: System, client_id: str, pipeline: str, days_ago: int, **expect: str) -> None:
    """Let an event say what to expect of a pipeline."""
    House(system.dynamodb, now=NOW).post(saying(client_id, pipeline, days_ago, **expect))


def saying(client_id: str, pipeline: str, days_ago: int, **expect: str) -> Envelope:
    """Return an event that says what to expect of a pipeline."""
    at = text(Instant(NOW - days_ago * DAY))
    return job_update(
        job_id=f"{client_id}-{pipeline}",
        client_id=client_id,
        pipeline=pipeline,
        occurred_at=at,
        time=at,
        expect=expect,
    )


def run(*words: str) -> int:
    """Run `run-ledger alerts expected` on the stage."""
    return command.main(["alerts", "expected", *words, "--stage", STAGE])


def test_what_counts_and_who_says_so(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    """By client: the file's, then those of events; what does not count says why."""
    say(system, "acme", "nightly", 1, every="1h")
    say(system, "acme", "hourly", 1, every="1h", grace="2m")
    say(system, "globex", "gone", 60, cron="0 * * * *")
    say(system, "initech", "undeclared", 2, max_duration="2h")
    say(system, "initech", "taken-back", 2)
    assert run() == 0
    assert capsys.readouterr().out.splitlines() == [
        "client acme",
        "  pipeline: nightly, cron: 0 2 * * *, timezone: Europe/Berlin (by the clients' file)",
        "  pipeline: hourly, every: 1h, grace: 2m (by events, last at 2026-11-22 08:00:00 UTC)",
        (
            "  pipeline: nightly, every: 1h (by events, last at 2026-11-22 08:00:00 UTC; "
            "does not count: the clients' file says otherwise)"
        ),
        "client globex",
        (
            "  pipeline: gone, cron: 0 * * * * (by events, last at 2026-09-24 08:00:00 UTC; "
            "does not count: no event has said so for too long)"
        ),
        "client initech",
        "  pipeline: undeclared, max_duration: 2h (by events, last at 2026-11-21 08:00:00 UTC)",
    ]
    assert run("--client", "acme", "--json") == 0
    shown = json.loads(capsys.readouterr().out)["expected"]
    assert [(one["pipeline"], one["left_out"] is None) for one in shown] == [
        ("nightly", True),
        ("hourly", True),
        ("nightly", False),
    ]
    assert shown[1]["said_at"] == "2026-11-22T08:00:00.000000Z"


def test_it_is_what_the_watch_judges(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where events say more than counts."""
    many = [saying("globex", f"p{number:02}", 1, every="1h") for number in range(53)]
    House(system.dynamodb, now=NOW).post(*many)
    say(system, "acme", "hourly", 1, every="1h")
    assert run("--json") == 0
    shown = json.loads(capsys.readouterr().out)["expected"]
    counting = [(one["client_id"], one["pipeline"]) for one in shown if one["left_out"] is None]
    watching = read_watching(system.dynamodb, NAMES, NOW, lambda: 60.0)
    judged = [
        (client.client_id, one.pipeline) for client in watching.clients for one in client.expect
    ]
    assert sorted(counting) == sorted(judged)
    assert len(shown) - len(counting) == 3
    assert {one["left_out"] for one in shown} == {None, "50 of the client's others come before it"}


def test_nothing_is_expected(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    """It says so, and of whom."""
    assert run("--client", "globex") == 0
    assert capsys.readouterr().out == (
        "Nothing is expected of client globex, neither by the clients' file nor by events.\n"
    )
