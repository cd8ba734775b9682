"""Make the virtual environments that the Makefile's commands need; do nothing if they are there.

    python infra/tools/bootstrap.py run local-cloud

Each environment is made from hash-pinned lock files. A stamp in it says which, by digest, and for
which Python and folder: a second run compares and is done. A changed lock rebuilds.
"""

import argparse
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
import venv
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STAMP = ".run-ledger-stamp.json"
PROJECT = "project"
OWN = ".venv"
SHOWN_ON_FAILURE = 25  # lines of pip's own words
INTERRUPTED = 130

stopping = threading.Event()


@dataclass(frozen=True)
class Environment:
    """A folder and what is installed into it, in this order: lock files, or the project itself."""

    folder: str
    layers: tuple[str, ...]


ENVIRONMENTS = {
    "run": Environment(OWN, ("run", PROJECT, "dashboard")),
    "test": Environment(OWN, ("run", PROJECT, "dashboard", "test")),
    "local-cloud": Environment(".venvs/local-cloud", ("local-cloud",)),
    "aws": Environment(".venvs/aws", ("aws",)),
    "tools": Environment(".venvs/tools", ("tools",)),
    "policy": Environment(".venvs/policy", ("policy",)),
    "opentelemetry": Environment(".venvs/opentelemetry", ("clients/opentelemetry",)),
    "llm-sdks": Environment(".venvs/llm-sdks", ("clients/llm-sdks",)),
    "lock": Environment(".venvs/lock", ("lock",)),
    "secret-detectors": Environment(".venvs/secret-detectors", ("clients/secret-detectors",)),
    "airflow": Environment(".venvs/airflow", ("clients/airflow",)),
    "assistants": Environment(".venvs/assistants", ("clients/assistants", PROJECT)),
    "orchestrators": Environment(".venvs/orchestrators", ("clients/orchestrators",)),
}


class BootstrapError(Exception):
    """An environment could not be made; the message is for the person at the terminal."""


def main() -> int:
    """Make the environments named on the command line."""
    parser = argparse.ArgumentParser(description="Make virtual environments from the lock files.")
    parser.add_argument("names", nargs="+", choices=sorted(ENVIRONMENTS), metavar="NAME")
    names = parser.parse_args().names
    signal.signal(signal.SIGINT, stop)
    guard = ROOT / ".venvs" / "guard"
    guard.parent.mkdir(exist_ok=True)
    with guard.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # a second make waits instead of building the same
        try:
            make_all([ENVIRONMENTS[name] for name in names])
        except BootstrapError as error:
            sys.stderr.write(f"run-ledger: {error}\n")
            return 1
        except KeyboardInterrupt:
            sys.stderr.write("\nrun-ledger: stopped; the same command goes on from here.\n")
            return INTERRUPTED
    return 0


def stop(*_: object) -> None:
    """Take note of a Ctrl-C, which every pip at work gets as well, and end."""
    stopping.set()
    raise KeyboardInterrupt


def make_all(environments: list[Environment]) -> None:
    """Make the project's own environment first, as its pip fills the others, then those at once."""
    own = [environment for environment in environments if environment.folder == OWN]
    for environment in own or [ENVIRONMENTS["run"]]:
        ensure(environment)
    with ThreadPoolExecutor() as pool:
        list(pool.map(ensure, [other for other in environments if other.folder != OWN]))


def ensure(environment: Environment) -> None:
    """Bring one environment up to its lock files, from scratch if it holds something older."""
    folder = ROOT / environment.folder
    wanted = {layer: digest(layer) for layer in environment.layers}
    made_for = {"python": sys.version, "base": sys.base_prefix, "root": str(ROOT)}
    stamp = read_stamp(folder)
    installed = dict(stamp["layers"]) if stamp.get("made_for") == made_for else {}
    if wanted.items() <= installed.items():
        return
    if any(installed.get(layer, wanted[layer]) != wanted[layer] for layer in lock_files(wanted)):
        installed = {}
    started = time.monotonic()
    if not installed:
        say(f"making {environment.folder} with Python {sys.version.split()[0]}")
        owns_pip = environment.folder == OWN
        venv.create(folder, clear=True, with_pip=owns_pip, symlinks=True, prompt="run-ledger")
    for layer in environment.layers:
        if installed.get(layer) != wanted[layer]:
            install(folder, layer)
            installed[layer] = wanted[layer]
            content = {"made_for": made_for, "layers": installed}
            (folder / STAMP).write_text(json.dumps(content, indent=1))
    say(f"{environment.folder} is ready ({time.monotonic() - started:.0f} s)")


def lock_files(layers: Iterable[str]) -> list[str]:
    """Return the layers that a lock file pins: not the project, which installs over itself."""
    return [layer for layer in layers if layer != PROJECT]


def digest(layer: str) -> str:
    """Return what an installed layer is known by: its lock file, or how the project is packaged."""
    if layer == PROJECT:
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
        packaging = [settings["build-system"], settings["project"], settings["tool"]["hatch"]]
        content = json.dumps(packaging).encode()
    else:
        content = lock_file(layer).read_bytes()
    return hashlib.sha256(content).hexdigest()


def lock_file(layer: str) -> Path:
    """Return the path of a lock file."""
    return ROOT / "infra" / "locks" / f"{layer}.txt"


def read_stamp(folder: Path) -> dict[str, dict[str, str]]:
    """Return what the environment says about itself, nothing if it is missing or half made."""
    try:
        stamp: dict[str, dict[str, str]] = json.loads((folder / STAMP).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return stamp if (folder / "bin" / "python").exists() else {}


def install(folder: Path, layer: str) -> None:
    """Install one layer: a lock file, which is complete in itself, or the project, editable."""
    if layer == PROJECT:
        pip(folder, layer, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    else:
        path = str(lock_file(layer))
        pip(folder, layer, "--no-deps", "--require-hashes", "--only-binary=:all:", "-r", path)


def pip(folder: Path, layer: str, *arguments: str) -> None:
    """Run pip install in the environment and show how far it is."""
    command = [str(ROOT / OWN / "bin" / "python"), "-m", "pip"]
    command += ["--python", str(folder / "bin" / "python"), "--disable-pip-version-check"]
    command += ["install", "--no-input", "--progress-bar=off", "--no-compile", *arguments]
    process = subprocess.Popen(  # noqa: S603 - the environment's own pip
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    spoken = []
    for line in process.stdout or ():
        spoken.append(line)
        show_progress(line)
    show_progress("")
    if process.wait() != 0:
        if stopping.is_set():
            raise BootstrapError("stopped")  # its words would be of nothing but the Ctrl-C
        sys.stderr.writelines(spoken[-SHOWN_ON_FAILURE:])
        raise BootstrapError(
            f"pip could not install the packages of {layer!r}; its own words are above. "
            "If it found no packages at all, it needs a package index within reach "
            "(pip config list shows which it asks). The same command goes on from here."
        )


def show_progress(line: str) -> None:
    """Show pip's present line in place on a terminal; a log gets no such flicker."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line.strip()[:78]}")
        sys.stderr.flush()


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"run-ledger: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
