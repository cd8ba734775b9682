"""The local AWS alone, with no site and no functions, and nothing deployed to it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.stacks.local_stack import ROOT, free_port

from run_ledger_ops.local.machine.cloud import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, LocalCloud
from run_ledger_ops.local.machine.state import StateFolder

PYTHON = ROOT / ".venvs" / "local-cloud" / "bin" / "python"


@contextmanager
def bare_local_aws() -> Iterator[LocalCloud]:
    """Start a new local AWS in a folder of its own; stop it and delete its data at the end."""
    with tempfile.TemporaryDirectory() as folder:
        state = StateFolder(Path(folder))
        state.open()
        cloud = LocalCloud(PYTHON, state, free_port())
        try:
            cloud.start()
            yield cloud
        finally:
            cloud.abandon()
            state.close()


def environment(cloud: LocalCloud) -> dict[str, str]:
    """Return the environment variables that lead AWS clients to it."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
    }
