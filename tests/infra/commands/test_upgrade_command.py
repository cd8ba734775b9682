"""`run-ledger upgrade`: what it says, what its exit code tells, and how it goes on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import text
from tests.support.recounts.audits import BOOKS, rows
from tests.support.recounts.earlier_version import make_earlier
from tests.support.recounts.recount import recount_rollups
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.store.audit import upgrades
from run_ledger_ops import command

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with `BOOKS` in it, as an earlier version would have left it."""
    with deployed_system(monkeypatch) as deployed:
        deployed.write([text(one) for one in BOOKS])
        make_earlier(deployed.dynamodb)
        yield deployed


@pytest.fixture
def run(system: System, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; it returns the exit code and what was printed."""

    def upgrade(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["upgrade", *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return upgrade


def test_it_brings_everything_up_once(run: Run, system: System) -> None:
    """Afterwards rows are a recount, and a second run has nothing to do."""
    code, out, _ = run()
    assert (code, out) == (0, "Looked through 3 jobs: 3 brought up to date.\n")
    assert rows(system.dynamodb) == recount_rollups(BOOKS)
    code, out, _ = run("--json")
    assert (code, json.loads(out)) == (0, {"jobs": 3, "upgraded": 0, "crowded": 0, "left": []})


def test_an_interrupted_run_says_how_to_go_on(
    run: Run, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the job that it has reached; from there the rest is brought up."""
    monkeypatch.setattr(upgrades, "PAGE", 1)
    real, pages = upgrades.read_page_of_jobs, 0

    def interrupted(*given: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 2:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(upgrades, "read_page_of_jobs", interrupted)
    code, _, err = run()
    assert code != 0
    (hint,) = re.findall(r"To go on: run-ledger upgrade (--after job-\d)", err)
    code, out, err = run(*hint.split())
    assert (code, out) == (0, "Looked through 2 jobs: 2 brought up to date.\n")
    assert "To go on" not in err
    assert rows(system.dynamodb) == recount_rollups(BOOKS)


def test_what_is_left_is_named(run: Run, system: System) -> None:
    """Exit code 1, and the way to look at it."""
    system.dynamodb.put_item(TableName=NAMES.jobs, Item={"job_id": {"S": "broken"}})
    code, out, err = run()
    assert (code, out) == (1, "Looked through 4 jobs: 3 brought up to date.\n")
    assert "1 left, as they can't be read or changed all the time: broken." in err
