"""Programs for node that report by the JavaScript package, as it lies in the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[3] / "docs" / "javascript"


def needed(program: str) -> str:
    """Return the path of ``node`` or ``npm``; without it the test is skipped, or on CI fails."""
    found = shutil.which(program)
    if found is None:
        message = f"{program} is missing: apt install nodejs npm"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


def with_package(folder: Path) -> Path:
    """Make *folder* one in which programs find the package by its name, and return it."""
    (folder / "package.json").write_text('{"type": "module"}')
    installed = folder / "node_modules" / "run-ledger"
    installed.parent.mkdir()
    shutil.copytree(PACKAGE, installed)
    return folder


def run_program(
    folder: Path, source: str, given: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a module in *folder* with *given* as its input, and return how it ended."""
    script = folder / "program.js"
    script.write_text(source)
    known: Mapping[str, str] = {
        name: value for name, value in os.environ.items() if not name.startswith("RUN_LEDGER_")
    }
    return subprocess.run(
        [needed("node"), str(script)],
        cwd=folder,
        env={**known, **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
