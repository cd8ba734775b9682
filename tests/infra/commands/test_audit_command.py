"""`run-ledger audit`: what it says, as text and as JSON, and what its exit code tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update, text
from tests.support.recounts import falsehoods
from tests.support.recounts.audits import BOOKS, rows
from tests.support.recounts.recount import recount_rollups
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain import instants
from run_ledger.store.dynamo.attributes import to_item
from run_ledger_ops import command
from run_ledger_ops.console import terminal

Run = Callable[..., tuple[int, str, str]]
NOW = instants.parse("2026-11-22T15:00:00Z")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with `BOOKS` in it, on the day of these."""
    monkeypatch.setattr(terminal, "clock", lambda: NOW)
    with deployed_system(monkeypatch) as deployed:
        deployed.write([text(one) for one in BOOKS])
        yield deployed


@pytest.fixture
def run(system: System, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; it returns the exit code and what was printed."""

    def audit(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["audit", *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return audit


def falsify(system: System) -> None:
    """Make a counter and a row wrong."""
    key: Any = {"job_id": {"S": "job-1"}}
    item: Any = system.dynamodb.get_item(TableName=NAMES.jobs, Key=key)["Item"]
    system.dynamodb.put_item(TableName=NAMES.jobs, Item={**item, "c_pages": {"N": "9"}})
    key = {"pk": {"S": "all"}, "sk": {"S": "2026-11-22#0"}}
    system.dynamodb.update_item(
        TableName=NAMES.rollups,
        Key=key,
        UpdateExpression="ADD created :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def test_true_books(run: Run) -> None:
    """Exit code 0, and how much was judged."""
    number = len(recount_rollups(BOOKS))
    assert run() == (
        0,
        f"Compared 4 jobs and projects, and {number} rollups: no difference.\n",
        "",
    )


@pytest.mark.parametrize("is_in_ranges", [False, True])
def test_rows_that_an_earlier_version_packed_are_no_rollups(
    system: System, run: Run, tmp_path: Path, *, is_in_ranges: bool
) -> None:
    """An update leaves them, and nobody reads them: neither way of auditing counts them."""
    place = {"pk": "hourly#client#client-1#2026-11-22", "sk": "default#packed"}
    item = to_item({**place, "p": b"", "at": "1"})
    system.dynamodb.put_item(TableName=NAMES.rollups, Item=item)
    progress = ("--progress", str(tmp_path / "progress")) if is_in_ranges else ()
    number = len(recount_rollups(BOOKS))
    words = f"Compared 4 jobs and projects, and {number} rollups: no difference.\n"
    assert run(*progress) == (0, words, "")


def test_a_drift_is_told_and_mended(system: System, run: Run) -> None:
    """Exit code 1 as long as something is wrong, 0 once it is mended."""
    falsify(system)
    code, out, _ = run()
    lines = [
        "job job-1, c_pages: stored 9, from the entries 2",
        "row all 2026-11-22, created: stored 4, from the entries 3",
    ]
    assert code == 1
    assert out.splitlines()[:-1] == lines
    assert out.endswith("2 differences, 0 mended.\n")
    code, out, _ = run("--repair")
    assert code == 0
    assert out.splitlines()[:-1] == [f"{line}; mended" for line in lines]
    assert rows(system.dynamodb) == recount_rollups(BOOKS)
    assert run()[0] == 0


def test_findings_as_json(system: System, run: Run) -> None:
    """A program learns which item, which attribute, and both values."""
    falsify(system)
    code, out, _ = run("--json", "--job", "job-1")
    assert code == 1
    assert json.loads(out) == {
        "jobs_and_projects": 1,
        "totals": 0,
        "drifts": [
            {
                "kind": "job",
                "key": "job-1",
                "attribute": "c_pages",
                "stored": 9,
                "recounted": 2,
                "mended": False,
            }
        ],
        "unreadable_entries": [],
        "beyond_reach": [],
        "undecided": [],
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--client", "client-2"), 0),
        (("--project", "project-1"), 1),
        (("--from", "2026-11-23", "--client", "client-2"), 0),
        (("--from", "2026-11-22", "--to", "2026-11-22"), 1),
    ],
)
def test_scopes(system: System, run: Run, arguments: tuple[str, ...], code: int) -> None:
    """Only what is asked for is judged."""
    falsify(system)
    assert run(*arguments)[0] == code


def test_an_unknown_job_is_an_error(run: Run) -> None:
    """Nothing to judge is not the same as nothing wrong."""
    code, out, complaint = run("--job", "job-0")
    assert (code, out) == (2, "")
    assert complaint == "run-ledger audit: there is no job job-0, nor any entry of one.\n"


@pytest.mark.parametrize(
    "arguments",
    [("--job", "job-1", "--from", "2026-11-22"), ("--from", "2026-12-01", "--to", "2026-11-01")],
)
def test_contradictions_are_errors(run: Run, arguments: tuple[str, ...]) -> None:
    """A question without a meaning has no answer."""
    assert run(*arguments)[0] == 2


def test_an_unreadable_entry_is_no_clean_bill(system: System, run: Run) -> None:
    """Exit code 1: the books can't be called true."""
    falsehoods.with_unreadable_entry("job-3@10:30:00")(system.dynamodb)
    code, out, _ = run("--client", "client-2")
    assert code == 1
    assert "job job-3, entry row 1: the entry holds no event of it" in out


def test_reach_can_be_said(system: System, run: Run) -> None:
    """A job that lacks entries is left as it is, unless somebody says that they can't be gone."""
    event = job_update(
        job_id="job-old", event_id="1", occurred_at="2026-11-01T00:00:00Z", delta={"pages": 1}
    )
    system.write([text(event)])
    falsehoods.without_entry("1")(system.dynamodb)
    assert run("--job", "job-old", "--reach", "90")[0] == 1
    for arguments in ([], ["--reach", "7"]):
        code, _, warning = run("--job", "job-old", "--repair", *arguments)
        assert (code, warning) == (0, "1 not compared, as entries are gone: job job-old\n")
    run("--job", "job-old", "--repair", "--reach", "90")
    assert run("--job", "job-old")[0] == 2
