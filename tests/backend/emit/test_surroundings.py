"""Wherever a program runs and whatever is broken there, its reporting never stops it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.producers.surroundings import CASES

pytestmark = pytest.mark.machine_clock

ROOT = Path(__file__).resolve().parents[3]
# What is said and counted where the settings or the system are at fault, and not the bus.
SETTINGS = {
    "home that can't be entered": "closed/.local/state can't be used for events that wait: ",
    "home relative": "the user's home folder is not known",
    "home a file": "/etc/passwd/.local/state can't be used for events that wait: ",
    "no folder at all": "nor can a temporary folder",
    "folder deleted": "the folder 'spool' can't be used",
    "no threads": "no thread can be started",
    "spool below a file": "the folder '/dev/null/spool' can't be used",
    "spool a number": "the folder 7 can't be used",
    "spool with a null": "the folder 'a\\x00b' can't be used",
    "spool a list": "the folder ['a'] can't be used",
    "bus without a text": "the bus can't be read",
    "attempt without a number": "RUN_LEDGER_ATTEMPT is 'second': it is left out; allowed: an",
    "retries that are none": "RUN_LEDGER_RETRIES is '-1': it is left out; allowed: an",
    "strict maybe": "RUN_LEDGER_STRICT is neither 1 nor 0",
    "intervals that are none": "interval_seconds is 'soon': 5.0 is used; allowed: seconds from 0",
    "intervals without end": "exit_seconds is -1: 0.0 is used",
    "intervals that are no number": "interval_seconds is nan: 5.0 is used",
}
# What is said, with what to do, where the AWS SDK is at fault.
ADVICE = {
    "no region": "set RUN_LEDGER_REGION or AWS_REGION",
    "region that is none": "set RUN_LEDGER_REGION or AWS_REGION",
    "no credentials": "AWS_PROFILE, or give it a role",
    "half of the credentials": "set AWS_ACCESS_KEY_ID",
    "no such profile": "set AWS_PROFILE to a profile that is there",
    "config that is none": "mend the files ~/.aws/config",
    "credentials that are none": "mend the files ~/.aws/config",
}
DISKLESS = {"no folder at all", "folder deleted", "nothing can be written", "no file can be opened"}
WITHOUT_BUS = {"no bus", "bus without a text"}


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[str, dict[str, Any]]]:
    """Give what came of each case, in a folder that each user can enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "temporary").mkdir()
        (folder / "temporary").chmod(0o1777)
        yield _outcomes(folder)


def _outcomes(folder: Path) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.producers.surroundings", str(folder)],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder / "temporary"),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "backend"), str(ROOT))),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_pipeline_goes_on_whatever_is_broken(
    outcomes: dict[str, dict[str, Any]], name: str
) -> None:
    """Nothing raises or blocks; what is wrong is said once, with what to do, and counted."""
    outcome = outcomes[name]
    stats, said = outcome["stats"], outcome["said"]

    assert outcome["code"] == 0, said
    assert outcome["seconds"] < 30
    assert "Traceback" not in said
    assert stats["faults"] == 0
    assert stats["enabled"] == (name not in WITHOUT_BUS)
    assert (stats["misconfigured"] > 0) == (name in SETTINGS)
    assert SETTINGS.get(name, "") in said
    assert ADVICE.get(name, "") in said
    lines = said.splitlines()
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("name", sorted({*CASES} - WITHOUT_BUS))
def test_what_was_reported_is_on_disk_or_said_not_to_be(
    outcomes: dict[str, dict[str, Any]], name: str
) -> None:
    """No event is lost in silence: it waits on disk, or a line says that it does not."""
    stats, said = outcomes[name]["stats"], outcomes[name]["said"]

    if name in DISKLESS:
        assert stats["waiting"] >= 4
        assert name == "nothing can be written" or "kept in memory alone" in said
    else:
        assert stats["waiting"] == 0
        assert stats["spooled"] >= 4
