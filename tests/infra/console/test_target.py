"""Commands find the system they are to work on, or say in one sentence why they can't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.stacks.local_stack import LOOPBACK, free_port
from tests.support.stacks.operations import STAGE, deployed_system

from run_ledger_ops import command
from run_ledger_ops.console import target


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that can't find its system and return the one line that it says."""
    assert command.main(["rejected", "list", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def stack_file(folder: Path, endpoint_url: str) -> Path:
    """Write what a command needs of a stack.json."""
    path = folder / "stack.json"
    document = {
        "aws_endpoint_url": endpoint_url,
        "region": "eu-central-1",
        "access_key_id": "test",
        "secret_access_key": "test",
    }
    path.write_text(json.dumps(document))
    return path


def test_without_a_stack_the_way_to_one_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The usual file is looked for in the present folder."""
    monkeypatch.chdir(tmp_path)
    said = complaint(capsys)
    assert ".run-ledger/stack.json" in said
    assert "make run" in said
    assert "--stage" in said


def test_a_named_file_that_is_missing_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The path is repeated, so that a slip shows."""
    assert f"no {tmp_path}/none.json" in complaint(capsys, "--stack", f"{tmp_path}/none.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"aws_endpoint_url": 1}'])
def test_a_file_of_another_kind_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """Any other file is not taken for a stack's."""
    path = tmp_path / "other.json"
    path.write_text(content)
    assert "is no stack.json" in complaint(capsys, "--stack", str(path))


def test_a_stack_that_has_ended_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stack file may outlive its stack, when that was killed."""
    url = f"http://{LOOPBACK}:{free_port()}"
    path = stack_file(tmp_path, url)
    assert f"does not answer at {url}" in complaint(capsys, "--stack", str(path))


def test_a_stage_that_is_not_deployed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stack's name and the region are said, as either may be the slip."""
    with deployed_system(monkeypatch):
        said = complaint(capsys, "--stage", "nowhere")
    assert "run-ledger-nowhere" in said
    assert "eu-central-1" in said


def test_a_missing_region_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment of the shell is what a stage is looked up with."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "AWS_REGION" in complaint(capsys, "--stage", "prod")


def test_missing_credentials_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No request leaves without them, so nothing else can be the trouble."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "credentials" in complaint(capsys, "--stage", "prod")


def test_the_usual_file_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the folder of a running stack no option is needed."""
    usual = tmp_path / target.USUAL_STACK_FILE
    usual.parent.mkdir()
    url = f"http://{LOOPBACK}:{free_port()}"
    stack_file(usual.parent, url)
    monkeypatch.chdir(tmp_path)
    assert url in complaint(capsys)


def test_a_stack_that_says_too_little_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose first deployment failed has no outputs."""
    with deployed_system(monkeypatch):
        known = target.make_client(None, "cloudformation", None)
        known.outputs = {}
        assert "The stack has no output EntriesTable" in complaint(capsys, "--stage", STAGE)
