"""A local AWS with nothing on it, for tests that deploy to it as one deploys to AWS."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.stacks.local_stack import ROOT, free_port

from run_ledger_ops.local.machine.cloud import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, LocalCloud
from run_ledger_ops.local.machine.state import StateFolder

# What the local AWS has no part for, and the Python and processor that it runs functions on: its
# own, which is of the version that runs the tests, as both are made with one interpreter.
PARAMETERS = {
    "TlsOnly": "false",
    "ArchiveDays": "0",
    "LoginPages": "classic",
    "Mfa": "OFF",
    "Runtime": f"python3.{sys.version_info.minor}",
    "Architecture": {"aarch64": "arm64"}.get(platform.machine(), platform.machine()),
}


@contextmanager
def local_cloud(folder: Path) -> Iterator[LocalCloud]:
    """Start one in a folder, and stop it afterwards."""
    state = StateFolder(folder)
    state.open()
    cloud = LocalCloud(ROOT / ".venvs/local-cloud/bin/python", state, free_port())
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.stop()
        state.close()


def environment(cloud: LocalCloud) -> dict[str, str]:
    """Return the environment variables that lead tools to it instead of to AWS."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def outputs_of(cloud: LocalCloud, stack: str) -> dict[str, str]:
    """Return the outputs of a stack."""
    (found,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}
