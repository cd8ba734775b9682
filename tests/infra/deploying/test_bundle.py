"""Bundles: the same inputs give the same bytes, and all that a function needs is in them."""

from __future__ import annotations

import os
import re
import sys
import zipfile
from pathlib import Path

import pytest

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying.bundle import (
    SERVICES,
    Bundle,
    LambdaPython,
    build_bundle,
    source_files,
)

ROOT = Path(__file__).resolve().parents[3]
PYTHON = Path(sys.executable)
# Where boto3 is told a service's name, or what asks the account's services is.
MADE = (
    r"""\b(?:client|_client|delivery_client|make|resource|_pages|_facts)\(\s*["']([a-z0-9-]+)["']"""
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a small source folder that pins nothing."""
    folder = tmp_path / "source"
    (folder / "ours" / "__pycache__").mkdir(parents=True)
    (folder / "ours" / "handler.py").write_text("VERSION = 1\n")
    (folder / "ours" / "__pycache__" / "handler.pyc").write_bytes(b"\0")
    (folder / "ours" / ".hidden").write_text("no")
    (folder / "requirements.in").write_text("")
    (folder / "requirements.txt").write_text("# nothing\n")
    return folder


def build(source: Path, cache: Path) -> Bundle:
    """Bundle for the Python that runs the tests."""
    return build_bundle(source, python=PYTHON, cache=cache)


def test_bundle_carries_the_sources_alone(source: Path, tmp_path: Path) -> None:
    """What only the build needs stays out, and so do caches and hidden files."""
    with zipfile.ZipFile(build(source, tmp_path / "cache").path) as archive:
        assert archive.namelist() == ["ours/handler.py"]
        assert archive.getinfo("ours/handler.py").external_attr >> 16 == 0o100644


def test_same_inputs_give_the_same_bytes(source: Path, tmp_path: Path) -> None:
    """Neither the cache folder nor a file's date shows in a bundle."""
    first = build(source, tmp_path / "one")
    os.utime(source / "ours" / "handler.py", (0, 0))
    second = build(source, tmp_path / "two")
    assert first.digest == second.digest
    assert first.path.read_bytes() == second.path.read_bytes()


def test_bundle_is_built_once(source: Path, tmp_path: Path) -> None:
    """A second start finds it in the cache."""
    first = build(source, tmp_path / "cache")
    made = first.path.stat().st_mtime_ns
    assert build(source, tmp_path / "cache").path.stat().st_mtime_ns == made


def test_changed_code_gives_another_bundle(source: Path, tmp_path: Path) -> None:
    """A name that stayed the same would leave the old code deployed."""
    first = build(source, tmp_path / "cache")
    (source / "ours" / "handler.py").write_text("VERSION = 2\n")
    assert build(source, tmp_path / "cache").digest != first.digest


def test_changed_requirements_give_another_bundle(source: Path, tmp_path: Path) -> None:
    """The pinned dependencies are inputs, too."""
    first = build(source, tmp_path / "cache")
    (source / "requirements.txt").write_text("# still nothing\n")
    assert build(source, tmp_path / "cache").digest != first.digest


def test_old_bundles_are_dropped(source: Path, tmp_path: Path) -> None:
    """A cache does not grow with every change of the code."""
    for version in range(8):
        (source / "ours" / "handler.py").write_text(f"VERSION = {version}\n")
        last = build(source, tmp_path / "cache")
    assert last.path.exists()
    assert len(list((tmp_path / "cache").glob("bundle-*.zip"))) == 5


def test_unpinned_requirement_is_refused(source: Path, tmp_path: Path) -> None:
    """Whatever has no hash is not installed, and nothing half made stays behind."""
    (source / "requirements.txt").write_text("msgspec\n")
    with pytest.raises(OpsError, match=r"pinned in .*requirements\.txt could not be installed"):
        build(source, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_only_the_services_that_are_called_are_described(source: Path, tmp_path: Path) -> None:
    """Hundreds of others would make each new function process slower to start."""
    first = build(source, tmp_path / "cache")
    [dependencies] = (tmp_path / "cache").glob("dependencies-*")
    called = ("dynamodb/service.json", "events/service.json")
    for name in ("endpoints.json", *called, "ec2/service.json"):
        path = dependencies / "botocore" / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    first.path.unlink()
    with zipfile.ZipFile(build(source, tmp_path / "cache").path) as archive:
        assert archive.namelist() == [
            "botocore/data/dynamodb/service.json",
            "botocore/data/endpoints.json",
            "botocore/data/events/service.json",
            "ours/handler.py",
        ]


def test_notes_of_an_installation_stay_out(source: Path, tmp_path: Path) -> None:
    """They name the interpreter that pip ran with, so no two machines would agree."""
    first = build(source, tmp_path / "cache")
    [dependencies] = (tmp_path / "cache").glob("dependencies-*")
    for name in ("RECORD", "INSTALLER", "METADATA"):
        (dependencies / "some-1.0.dist-info").mkdir(exist_ok=True)
        (dependencies / "some-1.0.dist-info" / name).write_text("")
    first.path.unlink()
    with zipfile.ZipFile(build(source, tmp_path / "cache").path) as archive:
        assert archive.namelist() == ["ours/handler.py", "some-1.0.dist-info/METADATA"]


def test_bundle_for_lambda_carries_its_wheels(tmp_path: Path) -> None:
    """Whatever machine builds, compiled parts are for the named Python and processor."""
    wanted = LambdaPython("python3.12", "arm64")
    builds = [build_bundle(ROOT / "backend", python=wanted, cache=tmp_path / n) for n in "ab"]
    with zipfile.ZipFile(builds[0].path) as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".so")]
        assert "run_ledger/writer.py" in archive.namelist()
        assert "tzdata/zoneinfo/Europe/Berlin" in archive.namelist()  # Lambda has no zones itself
        machines = {int.from_bytes(archive.read(name)[18:20], "little") for name in compiled}
    assert compiled == [
        "google/_upb/_message.abi3.so",
        "msgspec/_core.cpython-312-aarch64-linux-gnu.so",
    ]
    assert machines == {183}  # AArch64, as the header of an ELF file says it
    assert builds[0].digest == builds[1].digest
    assert builds[0].path.read_bytes() == builds[1].path.read_bytes()
    other = LambdaPython("python3.12", "x86_64")
    assert build_bundle(ROOT / "backend", python=other, cache=tmp_path / "a") != builds[0]


def test_every_service_that_the_backend_calls_is_described() -> None:
    """A client of another one could not be made."""
    sources = (ROOT / "backend").rglob("*.py")
    called = {name for path in sources for name in re.findall(MADE, path.read_text())}
    assert called == SERVICES


def test_the_descriptions_that_functions_serve_are_carried() -> None:
    """They lie beside the package, where the functions look for them."""
    backend = ROOT / "backend"
    carried = {path.relative_to(backend).as_posix() for path in source_files(backend)}

    assert carried >= {
        "openapi.json",
        "intake-openapi.json",
        "run_ledger/read/gateway/description.py",
    }


def test_missing_requirements_are_named(source: Path, tmp_path: Path) -> None:
    """The message names the file."""
    (source / "requirements.txt").unlink()
    with pytest.raises(OpsError, match=r"requirements\.txt is missing"):
        build(source, tmp_path / "cache")


def test_missing_interpreter_is_named(source: Path, tmp_path: Path) -> None:
    """The message names the interpreter."""
    with pytest.raises(OpsError, match="nowhere/python could not be run"):
        build_bundle(source, python=Path("/nowhere/python"), cache=tmp_path / "cache")
