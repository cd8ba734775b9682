"""The first minutes of somebody who reports: the first lines, and whether they arrive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.readers.ledger_http import get, until
from tests.support.stacks.local_stack import LocalStack

from run_ledger_ops import command

pytestmark = pytest.mark.local_stack

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90


def check(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, Any] | None, str]:
    """Run `run-ledger emit --check`; return its code, its JSON and its errors."""
    code = command.main(["emit", "--check", "--json", *arguments])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else None, said.err


def test_a_probe_comes_to_the_ledger_and_counts_nowhere(
    running: LocalStack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over bus, rule, queue and writer, seen through the API; a bus that isn't there is named."""
    monkeypatch.delenv("RUN_LEDGER_BUS", raising=False)
    file = str(running.state / "stack.json")
    token = running.machine_token()
    jobs = get(running.document, "/rejections", token).json()["items"]

    code, found, _ = check(capsys, "--stack", file, "--timeout", str(SECONDS))

    assert code == 0
    assert found is not None
    assert (found["is_accepted"], found["has_arrived"]) == (True, True)
    assert get(running.document, "/rejections", token).json()["items"] == jobs
    for name, key in (
        ("AWS_ACCESS_KEY_ID", "access_key_id"),
        ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
    ):
        monkeypatch.setenv(name, running.document[key])
    where = ("--endpoint-url", running.document["aws_endpoint_url"], "--region", "us-east-1")
    code, found, _ = check(capsys, "--bus", "no-such-bus", *where)
    assert code == 2
    assert found is not None
    assert "there is no event bus no-such-bus" in found["message"]


def test_the_first_lines_reach_the_local_stack(running: LocalStack, tmp_path: Path) -> None:
    """The package's first example, verbatim, with nothing set but where the stack is."""
    example = (ROOT / "backend" / "README.md").read_text().split("```python\n")[1]
    program = example.split("```", maxsplit=1)[0] + "print(job.job_id)\n"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("RUN_LEDGER_")
    }

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={
            **environment,
            "PYTHONPATH": str(ROOT / "backend"),
            "RUN_LEDGER_STACK": str(running.state / "stack.json"),
            "RUN_LEDGER_SPOOL": str(tmp_path / "spool"),
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert "reports go to the local stack" in done.stderr
    assert running.document["site_url"] in done.stderr
    path = f"/jobs/{done.stdout.strip()}"
    token = running.machine_token()
    until(path, SECONDS, lambda: get(running.document, path, token).status_code == 200)
