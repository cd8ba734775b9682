"""`run-ledger emit` and `run-ledger spool`: one event a call, which never fails the script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.producers.buses import MoodyBus, WillingBus, served

from run_ledger.emit.identity.identifiers import to_identifier
from run_ledger_ops import command

Run = Callable[..., tuple[int, str, str]]
OWNER = ("--client", "c", "--project", "p")
JOB = ("emit", "job", *OWNER, "--job", "j")
BATCH = {"AWS_BATCH_JOB_ID": "4c2f", "AWS_BATCH_JOB_ATTEMPT": "2"}
RUN = {"RUN_LEDGER_PARENT_JOB_ID": "above", "RUN_LEDGER_PARENT_ATTEMPT": "3"}


@pytest.fixture
def moods() -> list[str]:
    """Give the moods of the bus, one a call, then well."""
    return []


@pytest.fixture
def bus(moods: list[str]) -> WillingBus:
    """Give the bus behind HTTP."""
    return MoodyBus(lambda: moods.pop(0) if moods else "well")


@pytest.fixture
def run(
    bus: WillingBus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Run]:
    """Give a way to run the command with that bus; it returns the exit code and what it said."""

    def say(*arguments: str) -> tuple[int, str, str]:
        caplog.clear()
        code = command.main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err + caplog.text  # which pytest keeps off standard error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUN_LEDGER_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("RUN_LEDGER_BUS", "the-bus")
    with served(bus) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield say


def test_one_event_a_call(run: Run, bus: WillingBus) -> None:
    """The words of the command line are the fields of the event."""
    words = [
        "--status",
        "running",
        "--total",
        "10",
        "--name",
        "n",
        "--at",
        "load",
        "--tag",
        "a=b=c",
    ]
    words += ["--add", "records_ok=3", "--add", "records_ok=-1", "--add", "own=2", "--attempt", "2"]

    code, out, err = run(
        *JOB, *words, "--event-id", "mine", "--occurred-at", "2026-11-22T10:00:00Z"
    )

    assert (code, out, err) == (0, "", "")
    assert bus.details == [
        {
            "client_id": "c",
            "project_id": "p",
            "job_id": "j",
            "attempt": 2,
            "status": "running",
            "name": "n",
            "stage": "load",
            "records_total": 10,
            "tags": {"a": "b=c"},
            "delta": {"records_ok": 2, "own": 2},
            "event_id": "mine",
            "occurred_at": "2026-11-22T10:00:00Z",
        }
    ]


@pytest.mark.parametrize(
    ("words", "status", "result"),
    [
        (["--result", "partial"], "completed", "partial"),
        (["--status", "completed"], "completed", "succeeded"),
        (["--result", "failed", "--error", "disk full"], "completed", "failed"),
        (["--status", "queued"], "queued", None),
    ],
)
def test_the_end_of_a_job(
    run: Run, bus: WillingBus, words: list[str], status: str, result: str | None
) -> None:
    """A result says that it is over; being over without one is a success."""
    assert run(*JOB, *words)[0] == 0
    assert (bus.details[0]["status"], bus.details[0].get("result")) == (status, result)


@pytest.mark.parametrize(
    ("words", "around", "expected"),
    [
        (["--job", "dag/task"], {}, (to_identifier("dag/task"), None)),
        (["--job", "j", "--status", "running"], BATCH, ("j", 2)),
        (["--job", "j", "--result", "failed"], {"RUN_LEDGER_RETRIES": "2"}, ("j", 3)),
        (["--job", "j", "--add", "records_ok=1"], BATCH, ("j", None)),
        (["--job", "j", "--status", "running", "--attempt", "5"], BATCH, ("j", 5)),
        (["--add", "records_ok=1"], BATCH, ("4c2f", 2)),
        (["--job", "above"], RUN, ("above", 3)),
        (["--add", "records_ok=1"], {**BATCH, **RUN}, ("above", 3)),
    ],
)
def test_which_job_and_which_attempt(
    run: Run,
    bus: WillingBus,
    words: list[str],
    around: dict[str, str],
    expected: tuple[str, int | None],
) -> None:
    """As said, else those around; what only adds to a named job begins no attempt of it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in around.items():
            patch.setenv(name, value)
        code = run("emit", "job", *OWNER, *words)[0]

    assert code == 0
    assert (bus.details[0]["job_id"], bus.details[0].get("attempt")) == expected


def test_an_id_that_many_programs_share_is_no_jobs(
    run: Run, bus: WillingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of a workflow has to say which job it means."""
    for name in ("GITHUB_REPOSITORY_ID", "GITHUB_RUN_ID", "GITHUB_JOB", "GITHUB_RUN_ATTEMPT"):
        monkeypatch.setenv(name, "2")

    assert "which job?" in run("emit", "job", *OWNER, "--add", "records_ok=1")[2]
    assert bus.details == []


def test_changes_told_by_model(run: Run, bus: WillingBus) -> None:
    """What one call adds is of the model that it names, and of the job, once."""
    calls = ("--add", "llm_calls=2", "--add", "cost_microusd=900")
    assert run(*JOB, "--event-id", "a", "--model", "gpt-4o", *calls) == (0, "", "")
    assert run(*JOB, "--event-id", "b", "--model", "moss-1", "--add", "llm_calls=1")[0] == 0
    assert run(*JOB, "--event-id", "c", "--add", "records_ok=5", "--result", "succeeded")[0] == 0

    assert bus.details[0]["delta_by_model"] == {"gpt-4o": {"llm_calls": 2, "cost_microusd": 900}}
    (job,) = bus.jobs.values()
    assert job.counters == {"llm_calls": 3, "cost_microusd": 900, "records_ok": 5}
    assert {name: dict(one) for name, one in job.counters_by_model.items()} == {
        "gpt-4o": {"llm_calls": 2, "cost_microusd": 900},
        "moss-1": {"llm_calls": 1},
    }


def test_secrets_in_an_error_are_blanked(run: Run, bus: WillingBus) -> None:
    """A script that hands on what a program said hands on no password."""
    run(
        *JOB, "--result", "failed", "--error", "login password=hunter22 failed", "--error-type", "X"
    )

    assert bus.details[0]["error"] == {"type": "X", "message": "login password=[blanked] failed"}


def test_the_group_of_an_error(run: Run, bus: WillingBus) -> None:
    """A script that knows what went wrong may name the group."""
    run(*JOB, "--result", "failed", "--error", "disk of db-7 full", "--fingerprint", "disk-full")

    assert bus.details[0]["error"]["fingerprint"] == "disk-full"


def test_a_project(run: Run, bus: WillingBus) -> None:
    """Projects have words of their own."""
    words = ["--name", "n", "--due-at", "2027-01-01T00:00:00Z", "--jobs-expected", "3"]
    assert run("emit", "project", *OWNER, *words, "--status", "active", "--add", "x=1")[0] == 0

    assert bus.entries[0]["DetailType"] == "project_update"
    assert bus.details[0]["jobs_expected"] == 3


@pytest.mark.parametrize(
    ("arguments", "words", "strict"),
    [
        ([*JOB, "--log-url", "http://insecure"], "log_url", 2),
        (["emit", "job", *OWNER], "which job?", 2),
        (["emit", "job", "--job", "j", "--project", "p"], "client_id", 2),
        ([*JOB, "--occurred-at", "yesterday"], "occurred_at", 2),
    ],
)
def test_mistakes_are_told_and_fail_the_script_only_when_strict(
    run: Run, arguments: list[str], words: str, strict: int
) -> None:
    """Reporting is no reason to stop a nightly script; a test of it asks with --strict."""
    code, _, err = run(*arguments)
    assert code == 0
    assert words in err
    assert run(*arguments, "--strict")[0] == strict


def test_without_a_bus_it_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """And fails nothing, unless strict."""
    monkeypatch.delenv("RUN_LEDGER_BUS")

    assert run(*JOB)[0] == 0
    code, _, err = run(*JOB, "--strict")
    assert code == 2
    assert "RUN_LEDGER_BUS" in err


def test_the_local_stack_of_the_folder_is_the_bus_when_nothing_else_is_said(
    run: Run, bus: WillingBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside `make run`, nothing needs to be set up."""
    with served(bus) as environment:
        document = {
            "aws_endpoint_url": environment["AWS_ENDPOINT_URL"],
            "region": "eu-central-1",
            "access_key_id": "a",
            "secret_access_key": "b",
            "event_bus_name": "local-bus",
        }
        (tmp_path / ".run-ledger").mkdir()
        (tmp_path / ".run-ledger" / "stack.json").write_text(json.dumps(document))
        for name in ("RUN_LEDGER_BUS", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
            monkeypatch.delenv(name)

        assert run(*JOB, "--strict") == (0, "", "")

    assert [entry["EventBusName"] for entry in bus.entries] == ["local-bus"]


@pytest.mark.parametrize(
    ("arguments", "bus_name"),
    [(["--stage", "prod"], "run-ledger-prod"), (["--bus", "b"], "b"), ([], "the-bus")],
)
def test_which_bus(run: Run, bus: WillingBus, arguments: list[str], bus_name: str) -> None:
    """A stage's bus is named after it."""
    run(*JOB, *arguments)

    assert [entry["EventBusName"] for entry in bus.entries] == [bus_name]


def test_what_the_bus_does_not_take_is_kept_and_sent_with_the_next(
    run: Run, bus: WillingBus, moods: list[str]
) -> None:
    """The script goes on; the next call sends both."""
    moods.append("down")
    code, out, err = run(*JOB, "--add", "x=1", "--json")
    assert code == 0
    assert json.loads(out)["outcome"] == "kept"
    assert "kept and sent later" in err
    assert bus.details == []

    assert run(*JOB, "--add", "x=2", "--json", "--strict")[0] == 0
    assert bus.jobs["j"].counters == {"x": 3}
    assert run("spool", "list")[1].startswith("Nothing waits")


def test_strict_says_by_its_code_that_an_event_was_kept(run: Run, moods: list[str]) -> None:
    """One is not lost, but not there yet either."""
    moods.append("down")

    assert run(*JOB, "--strict")[0] == 1


def test_a_spool_is_listed_and_flushed(run: Run, bus: WillingBus, moods: list[str]) -> None:
    """List shows what waits, flush sends it under its own ids, and then nothing waits."""
    moods.append("down")
    run(*JOB, "--event-id", "kept", "--status", "running")

    code, out, _ = run("spool", "list", "--json")
    (target,) = json.loads(out)["targets"]
    assert code == 0
    assert (target["bus"], target["events"], target["files"], target["files_in_use"]) == (
        "the-bus",
        1,
        1,
        0,
    )
    assert "the-bus: 1 event(s) in 1 file(s)" in run("spool", "list")[1]

    code, out, _ = run("spool", "flush", "--json")
    assert (code, json.loads(out)[0]["sent"]) == (0, 1)
    assert [one["event_id"] for one in bus.details] == ["kept"]
    assert run("spool", "flush")[:2] == (0, f"Nothing waits in {Path.cwd() / 'spool'}.\n")


def test_flushing_to_a_bus_that_is_down_keeps_everything(
    run: Run, moods: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what stands in the way, and by its exit code that something is left."""
    monkeypatch.setattr("run_ledger.emit.delivery.draining._FIRST_DELAY", 0.0)
    moods += ["down"] * 20
    run(*JOB)

    code, out, err = run("spool", "flush")

    assert code == 1
    assert out == "the-bus: 0 event(s) sent\n"
    assert "the rest is left: InternalFailure" in err
    (target,) = json.loads(run("spool", "list", "--json")[1])["targets"]
    assert target["events"] == 1


def test_flushing_sends_nothing_elsewhere(
    run: Run, bus: WillingBus, moods: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To another account only where somebody says so, and to one that is known to differ never."""
    moods += ["down"]
    run(*JOB, "--event-id", "mine")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    code, _, err = run("spool", "flush")
    assert (code, bus.details) == (1, [])
    assert "it belongs to an access key" in err
    assert "--unknown sends it" in err

    assert run("spool", "flush", "--unknown")[0] == 0
    assert [one["event_id"] for one in bus.details] == ["mine"]

    moods += ["down"]
    monkeypatch.setenv("AWS_ACCOUNT_ID", "111122223333")
    run(*JOB)
    monkeypatch.setenv("AWS_ACCOUNT_ID", "444455556666")
    code, _, err = run("spool", "flush", "--unknown")
    assert (code, len(bus.details)) == (1, 1)
    assert "belongs to account 111122223333, and the present credentials to account 4444" in err


def test_what_an_earlier_version_left_is_flushed_on_demand(
    run: Run, bus: WillingBus, moods: list[str]
) -> None:
    """Its folder says too little to be sent by itself."""
    moods += ["down"]
    run(*JOB)
    (description,) = (
        path for path in Path("spool").glob("*/target.json") if path.parent.suffix != ".unknown"
    )
    description.write_text('{"bus": "the-bus", "source": "s"}')

    code, _, err = run("spool", "flush")
    assert (code, bus.details) == (1, [])
    assert "nobody knows for which account it is" in err
    assert run("spool", "flush", "--unknown")[0] == 0
    assert len(bus.details) == 1


def test_switched_off_there_is_nothing_to_list(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says why."""
    monkeypatch.setenv("RUN_LEDGER_SPOOL", "off")

    code, _, err = run("spool", "list")
    assert code == 2
    assert "switched off" in err


@pytest.mark.parametrize("words", [["emit", "job"], ["run"], ["spool", "flush"], ["spool", "list"]])
def test_each_word_explains_itself(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With examples and exit codes."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        command.main([*words, "--help"])

    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert "examples:" in text
    assert "Exit code:" in text


def test_what_is_not_installed_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who installed only what reporting needs learns what the other commands need."""

    def missing(_: Any) -> bool:
        return False

    monkeypatch.setattr(command, "_add_operations", missing)

    assert command.main(["audit", "--stage", "prod"]) == 2
    assert 'pip install "run-ledger[ops]"' in capsys.readouterr().err
