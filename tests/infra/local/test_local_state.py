"""The state folder: private, one owner at a time, checked before use."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import write_private
from run_ledger_ops.local.machine.state import StateFolder, clear_folder


def test_settings_are_kept_from_one_opening_to_the_next(tmp_path: Path) -> None:
    """Ports and passwords stay the same."""
    first = StateFolder(tmp_path / "state")
    first.open()
    first.settings["ports"] = {"site": 1}
    first.save_settings()
    first.close()
    second = StateFolder(tmp_path / "state")
    second.open()
    assert second.settings["ports"] == {"site": 1}
    second.close()


def test_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    """Two local stacks on one folder would destroy each other's data."""
    first, second = StateFolder(tmp_path), StateFolder(tmp_path)
    first.open()
    with pytest.raises(OpsError, match="already running on the state folder"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_stack_file_of_another_is_left_alone(tmp_path: Path) -> None:
    """Whoever could not open a folder has no business in it."""
    (tmp_path / "stack.json").write_text("{}")
    StateFolder(tmp_path).forget_stack_file()
    assert (tmp_path / "stack.json").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("settings.json", "{"),
        ("settings.json", "[]"),
        ("settings.json", '{"format": 99}'),
        ("settings.json", '{"format": 1, "ports": 8600}'),
        ("settings.json", '{"format": 1, "ports": {"site": "8600"}}'),
        ("settings.json", '{"format": 1, "ports": {"site": 65536}}'),
        ("settings.json", '{"format": 1, "passwords": ["x"]}'),
        ("settings.json", '{"format": 1, "passwords": {"staff": 1}}'),
        ("settings.json", '{"format": 1, "deployed": 1}'),
        ("aws/dynamodb.json", '{"tables": '),
        ("aws/sqs.json", "\0"),
    ],
)
def test_damage_is_found_and_named(tmp_path: Path, name: str, content: str) -> None:
    """It is said before the local AWS could save over what can still be rescued."""
    folder = StateFolder(tmp_path)
    folder.open()
    folder.close()
    (tmp_path / name).write_text(content)
    with pytest.raises(OpsError, match=f"is damaged: {name}"):
        folder.open()
    assert (tmp_path / name).read_text() == content
    (tmp_path / name).unlink()
    folder.open()
    folder.close()


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The message says what the system says."""
    (tmp_path / "state").write_text("")
    with pytest.raises(OpsError, match=r"can't be used: File exists\."):
        StateFolder(tmp_path / "state").open()


@pytest.mark.parametrize("name", ["tmp", "aws", "s3", "logs"])
def test_folder_of_somebody_else_is_refused(tmp_path: Path, name: str) -> None:
    """What a folder named by mistake holds is not cleared away, nor written over."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "kept").write_text("")
    with pytest.raises(OpsError, match=f"is no state folder, yet it holds {name}:"):
        StateFolder(tmp_path).open()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "kept").exists()


def test_private_files_are_private_and_whole(tmp_path: Path) -> None:
    """Passwords are for the owner's eyes, and nobody reads half a file."""
    path = tmp_path / "stack.json"
    path.write_text("old")
    write_private(path, json.dumps({"a": 1}))
    assert json.loads(path.read_text()) == {"a": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["stack.json"]


def test_clearing_removes_what_is_inside_and_follows_no_link(tmp_path: Path) -> None:
    """A link's target is not ours to remove."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("")
    inside = tmp_path / "inside"
    (inside / "deep").mkdir(parents=True)
    (inside / "deep" / "file").write_text("")
    (inside / "link").symlink_to(outside)
    clear_folder(inside)
    assert list(inside.iterdir()) == []
    assert (outside / "kept").exists()
