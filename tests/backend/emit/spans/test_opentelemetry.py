"""`RunLedgerSpanProcessor` under the real SDK and instrumentations."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
PYTHON = ROOT / ".venvs" / "opentelemetry" / "bin" / "python"
HERE = Path(__file__).parent
FILES = ("sdk_checks.py", "instrumentation_checks.py")
CHECKS = 23


@pytest.mark.machine_clock
def test_spans_of_real_instrumentations_are_counted() -> None:
    """Every check of the two files passes where OpenTelemetry is installed.

    That is an environment of its own: its packages are none of the product's.
    """
    command = [PYTHON, "-W", "ignore", "-m", "pytest", "-q", "-c", "pyproject.toml"]
    options = [f"--confcutdir={HERE}", "-W", "ignore", "-o", "cache_dir=.pytest_cache/spans"]
    settings = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}

    done = subprocess.run(
        [*command, *options, *(HERE / name for name in FILES)],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
    assert re.search(rf"^{CHECKS} passed", done.stdout, re.MULTILINE), done.stdout[-500:]
