"""Code of functions on the local AWS is unpacked once, and workers' folders link to it."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest

from run_ledger_ops.local.aws.shared_code import SharedCode


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpack below the folder of the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def archive(path: Path, **members: str) -> Path:
    """Write an archive with a package, one text for each of its modules."""
    with zipfile.ZipFile(path, "w") as made:
        for name, text in members.items():
            made.writestr(f"package/{name}.py", text)
    return path


def unpack(code: SharedCode, path: Path, folder: Path) -> Path:
    """Unpack an archive into a new folder, as the local AWS does for a worker."""
    folder.mkdir()
    with code.ZipFile(path) as opened:
        opened.extractall(folder)
    return folder


def test_the_same_code_is_unpacked_once(tmp_path: Path) -> None:
    """Two workers' folders hold the same files, not two of the same content."""
    code = SharedCode()
    first, second = (
        unpack(code, archive(tmp_path / f"{name}.zip", writer="1"), tmp_path / name)
        for name in "ab"
    )
    assert (first / "package/writer.py").read_text() == "1"
    assert (first / "package/writer.py").samefile(second / "package/writer.py")


def test_other_code_is_kept_apart(tmp_path: Path) -> None:
    """A new version of a function does not change the code of a worker that runs."""
    code = SharedCode()
    old = unpack(code, archive(tmp_path / "old.zip", writer="1"), tmp_path / "old")
    new = unpack(code, archive(tmp_path / "new.zip", writer="2"), tmp_path / "new")
    assert [(at / "package/writer.py").read_text() for at in (old, new)] == ["1", "2"]


def test_a_workers_folder_can_be_deleted(tmp_path: Path) -> None:
    """The local AWS deletes it when the worker ends; others still need the code."""
    code = SharedCode()
    source = archive(tmp_path / "code.zip", writer="1")
    shutil.rmtree(unpack(code, source, tmp_path / "first"))
    assert (unpack(code, source, tmp_path / "second") / "package/writer.py").read_text() == "1"
