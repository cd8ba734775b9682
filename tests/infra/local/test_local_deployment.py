"""Deploying to the local AWS: what is new runs, what is broken says why."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.stacks.local_cloud import local_cloud

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import artifacts
from run_ledger_ops.deploying.bundle import Bundle
from run_ledger_ops.local import local_deployment
from run_ledger_ops.local.local_deployment import LocalDeployment
from run_ledger_ops.local.machine.cloud import LocalCloud

pytestmark = pytest.mark.local_stack

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String}
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: greeter
      Runtime: python3.12
      Handler: greeter.handler
      CodeUri: greeter/
      Environment: {Variables: {GREETING: !Ref Greeting}}
Outputs:
  Name: {Value: !Ref Greeter}
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Give a local AWS with nothing on it."""
    with local_cloud(tmp_path_factory.mktemp("state")) as running:
        yield running


def greeter(folder: Path, version: int, greeting: str) -> LocalDeployment:
    """Give a deployment of a function that says its version and greeting."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        code = f"import os\ndef handler(event, context): return [{version}, os.environ['GREETING']]"
        archive.writestr("greeter.py", code)
    path = folder / f"{version}.zip"
    path.write_bytes(content.getvalue())
    bundle = Bundle(path, str(version))
    template = artifacts.put_code_in_place(
        TEMPLATE, {"greeter/": bundle}, local_deployment.ARTIFACTS_BUCKET
    )
    return LocalDeployment(template, {"Greeting": greeting}, (bundle,))


def answer(cloud: LocalCloud) -> list[object]:
    """Call the function."""
    payload = cloud.client("lambda").invoke(FunctionName="greeter")["Payload"]
    said: list[object] = json.load(payload)
    return said


def test_later_deployment_runs_the_new_code_and_settings(cloud: LocalCloud, tmp_path: Path) -> None:
    """Also where a process of the old code is still warm; the same again changes nothing."""
    assert local_deployment.outputs(cloud) == {}
    assert local_deployment.deploy(cloud, greeter(tmp_path, 1, "hello")) == {"Name": "greeter"}
    assert answer(cloud) == [1, "hello"]
    local_deployment.deploy(cloud, greeter(tmp_path, 2, "hello"))
    assert answer(cloud) == [2, "hello"]
    local_deployment.deploy(cloud, greeter(tmp_path, 2, "good day"))
    assert answer(cloud) == [2, "good day"]
    local_deployment.deploy(cloud, greeter(tmp_path, 2, "good day"))
    assert local_deployment.outputs(cloud) == {"Name": "greeter"}


def test_update_that_fails_names_the_resource(cloud: LocalCloud, tmp_path: Path) -> None:
    """One sentence with the first cause."""
    sound = greeter(tmp_path, 3, "hello")
    local_deployment.deploy(cloud, sound)
    broken = sound.template.replace("bundle-3.zip", "bundle-missing.zip")
    with pytest.raises(
        OpsError, match=r"not deployed: It ended as UPDATE_ROLLBACK_COMPLETE\.\nGreeter "
    ):
        local_deployment.deploy(cloud, LocalDeployment(broken, sound.parameters, sound.bundles))
