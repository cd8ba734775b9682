"""How a machine is set up: which Python is taken, and when an environment is made anew."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "infra" / "tools"


class Machine:
    """The bootstrap in a folder of its own, with the making and installing only noted."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder
        self.done: list[str] = []
        self.bootstrap = _load(TOOLS / "bootstrap.py")
        (folder / "infra" / "locks").mkdir(parents=True)
        for lock in ("run", "dashboard", "test"):
            self.lock(lock, "first")
        shutil.copy(ROOT / "pyproject.toml", folder)
        monkeypatch.setattr(self.bootstrap, "ROOT", folder)
        monkeypatch.setattr(self.bootstrap.venv, "create", self._create)
        monkeypatch.setattr(self.bootstrap, "install", lambda _, layer: self.done.append(layer))

    def lock(self, name: str, content: str) -> None:
        """Write a lock file."""
        (self.root / "infra" / "locks" / f"{name}.txt").write_text(content)

    def ensure(self, name: str) -> list[str]:
        """Return what was done to bring the environment up to date."""
        self.done.clear()
        self.bootstrap.ensure(self.bootstrap.ENVIRONMENTS[name])
        return list(self.done)

    def _create(self, folder: Path, **_: object) -> None:
        self.done.append("made")
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["bootstrap"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Give a machine on which nothing is set up."""
    return Machine(tmp_path, monkeypatch)


def test_a_second_run_does_nothing(machine: Machine) -> None:
    """What is there and up to date is left alone."""
    assert machine.ensure("run") == ["made", "run", "project", "dashboard"]
    assert machine.ensure("run") == []


def test_tests_come_on_top_of_what_runs(machine: Machine) -> None:
    """`make test` after `make run` adds its own part; `make run` after it has nothing to do."""
    machine.ensure("run")

    assert machine.ensure("test") == ["test"]
    assert machine.ensure("run") == []


@pytest.mark.parametrize("changed", ["run", "dashboard", "test"])
def test_a_changed_lock_starts_from_scratch(machine: Machine, changed: str) -> None:
    """No package of an older lock stays behind."""
    machine.ensure("test")
    machine.lock(changed, "second")

    assert machine.ensure("test") == ["made", "run", "project", "dashboard", "test"]


def test_changed_packaging_installs_the_project_anew(machine: Machine) -> None:
    """A new command in pyproject.toml needs no new environment; another lint rule needs nothing."""
    machine.ensure("test")
    settings = machine.root / "pyproject.toml"
    settings.write_text(settings.read_text().replace("line-length = 100", "line-length = 90"))
    assert machine.ensure("test") == []

    settings.write_text(
        settings.read_text().replace("[project.scripts]", "[project.scripts]\nx='y'")
    )
    assert machine.ensure("test") == ["project"]


def test_a_half_made_environment_is_made_anew(machine: Machine) -> None:
    """What was broken off before its first layer was in is not trusted."""
    machine.ensure("run")
    (machine.root / ".venv" / machine.bootstrap.STAMP).unlink()

    assert machine.ensure("run") == ["made", "run", "project", "dashboard"]


def test_another_python_or_folder_is_another_environment(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment names its interpreter and folder by absolute path, so neither may change."""
    machine.ensure("run")
    monkeypatch.setattr(machine.bootstrap.sys, "base_prefix", "/another/python")

    assert machine.ensure("run") == ["made", "run", "project", "dashboard"]


def test_ctrl_c_is_one_sentence(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever changes their mind during the first start is shown no traceback, and can go on."""

    def install_until_interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(machine.bootstrap, "install", install_until_interrupted)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "run"])
    try:
        assert machine.bootstrap.main() == 130
    finally:
        signal.signal(signal.SIGINT, before)
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "run-ledger: stopped; the same command goes on from here."
    assert machine.bootstrap.stopping.is_set()


def interpreter(folder: Path, name: str, script: str) -> Path:
    """Put a program that stands for a Python into a folder."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a checkout without an environment, and `programs` with nothing but what sh needs."""
    tools = tmp_path / "infra" / "tools"
    tools.mkdir(parents=True)
    shutil.copy(TOOLS / "find-python", tools)
    programs = tmp_path / "programs"
    programs.mkdir()
    for needed in ("dirname", "sed"):
        (programs / needed).symlink_to(shutil.which(needed) or "")
    interpreter(programs, "id", "echo 1000")
    return tmp_path


def find_python(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Ask which Python would be taken."""
    return subprocess.run(
        ["/bin/sh", str(checkout / "infra" / "tools" / "find-python")],
        env={"PATH": str(checkout / "programs"), **environment},
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_name_that_does_not_run_is_passed_over(checkout: Path) -> None:
    """A version manager's shim for a version that is not active counts for nothing."""
    interpreter(checkout / "programs", "python3.12", "exit 127")
    interpreter(checkout / "programs", "python3.11", f'exec {sys.executable} "$@"')

    found = find_python(checkout)

    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).samefile(sys.executable)


def test_no_python_at_all_is_said(checkout: Path) -> None:
    """The sentence says what to install."""
    found = find_python(checkout)

    assert found.returncode == 1
    assert "apt-get install python3" in found.stderr


def test_a_python_of_ones_own_must_work(checkout: Path) -> None:
    """A wrong PYTHON is no reason to take another one silently."""
    interpreter(checkout / "programs", "python3.11", f'exec {sys.executable} "$@"')

    found = find_python(checkout, PYTHON="/no/such/python")

    assert found.returncode == 1
    assert "PYTHON=/no/such/python" in found.stderr


def test_a_python_without_venv_names_the_package(checkout: Path) -> None:
    """Debian keeps venv in a package of its own; whoever is not root is told which."""
    script = (
        'case "$2" in *executable*) echo "$0"; exit;; *ensurepip*) exit 1;; esac; '
        f'exec {sys.executable} "$@"'
    )
    bare = interpreter(checkout / "programs", "python3", script)

    found = find_python(checkout, PYTHON=str(bare))

    assert found.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt-get install python{version}-venv" in found.stderr
