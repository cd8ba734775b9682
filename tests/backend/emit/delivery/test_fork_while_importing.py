"""A process that forks while its ledger imports the AWS SDK."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.producers.buses import WillingBus, served

ROOT = Path(__file__).resolve().parents[4]
PROGRAM = """
import importlib.abc
import os
import sys
import threading

from run_ledger.emit import RunLedger


class Watch(importlib.abc.MetaPathFinder):
    begun = threading.Event()

    def find_spec(self, name, path, target=None):
        if name == "botocore.session":  # in the middle of it: its package is imported already
            self.begun.set()
        return None


sys.meta_path.insert(0, Watch())
ledger = RunLedger()
with ledger.job(client_id="acme", project_id="p", job_id="j") as job:
    assert Watch.begun.wait(60)
    child = os.fork()
    job.add(records_ok=1)
    assert ledger.flush(30)
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def test_parent_and_child_both_reach_the_bus(tmp_path: Path) -> None:
    """The child has a whole SDK, so that what it adds arrives and no spool has to keep it."""
    bus = WillingBus()
    with served(bus) as found:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={
                **os.environ,
                **found,
                "PYTHONPATH": str(ROOT / "backend"),
                "RUN_LEDGER_BUS": "bus",
                "RUN_LEDGER_SPOOL": str(tmp_path),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert bus.jobs["j"].counters == {"records_ok": 2}
    assert [file for file in tmp_path.rglob("*.spool") if file.stat().st_size] == []
