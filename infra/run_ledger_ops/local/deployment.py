"""Put the template on the local AWS through CloudFormation, as `sam package` and `deploy` do.

Bundles and template go to a bucket, code folders in the template become their addresses there, and
the stack is created, or updated when template, code or parameters changed.
"""

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from run_ledger_ops.bundle import Bundle
from run_ledger_ops.local.cloud import LocalCloud
from run_ledger_ops.local.errors import LocalStackError

STACK_NAME = "run-ledger-local"
ARTIFACTS_BUCKET = "run-ledger-local-artifacts"

_CODE_URI = re.compile(r"^(?P<before>\s*(?:-\s+)?CodeUri:\s*)(?P<folder>[^\s#]+)\s*$", re.MULTILINE)
_PATIENCE_SECONDS = 300.0
_SETTLED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


@dataclass(frozen=True)
class Deployment:
    """What is to be deployed: the template with its code in place, and its parameters."""

    template: str
    parameters: Mapping[str, str]
    bundles: tuple[Bundle, ...]

    @property
    def fingerprint(self) -> str:
        """A digest that changes whenever the deployed stack would."""
        parts = [self.template, *(f"{k}={v}" for k, v in sorted(self.parameters.items()))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def code_folders(template: str, folder: Path) -> dict[str, Path]:
    """Give the template's code folders: as written there, and where that is."""
    return {
        match["folder"]: (folder / match["folder"]).resolve()
        for match in _CODE_URI.finditer(template)
    }


def put_code_in_place(template: str, bundles: Mapping[str, Bundle]) -> str:
    """Replace each code folder of the template by the address of its bundle."""
    return _CODE_URI.sub(
        lambda match: f"{match['before']}s3://{ARTIFACTS_BUCKET}/{_key(bundles[match['folder']])}",
        template,
    )


def deploy(cloud: LocalCloud, deployment: Deployment) -> dict[str, str]:
    """Create or update the stack and give its outputs."""
    s3 = cloud.client("s3")
    _ensure_bucket(s3)
    for bundle in deployment.bundles:
        s3.upload_file(str(bundle.path), ARTIFACTS_BUCKET, _key(bundle))
    template_key = f"template-{deployment.fingerprint[:20]}.yaml"
    s3.put_object(Bucket=ARTIFACTS_BUCKET, Key=template_key, Body=deployment.template.encode())
    request = {
        "StackName": STACK_NAME,
        "TemplateURL": f"{cloud.endpoint_url}/{ARTIFACTS_BUCKET}/{template_key}",
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in sorted(deployment.parameters.items())
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    cloudformation = cloud.client("cloudformation")
    if _status(cloudformation) is None:
        cloudformation.create_stack(**request)
    else:
        _update(cloudformation, request)
    _wait(cloudformation)
    _drop_objects(s3, keep={template_key, *map(_key, deployment.bundles)})
    return outputs(cloud)


def outputs(cloud: LocalCloud) -> dict[str, str]:
    """Give the outputs of the deployed stack; empty when there is none."""
    stack = _describe(cloud.client("cloudformation"))
    if stack is None or stack["StackStatus"] not in _SETTLED:
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _ensure_bucket(s3: Any) -> None:
    try:
        s3.create_bucket(
            Bucket=ARTIFACTS_BUCKET,
            CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name},
        )
    except s3.exceptions.BucketAlreadyOwnedByYou:
        return


def _drop_objects(s3: Any, *, keep: set[str]) -> None:
    """Remove earlier bundles and templates: functions have copies of their own."""
    for entry in s3.list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", []):
        if entry["Key"] not in keep:
            s3.delete_object(Bucket=ARTIFACTS_BUCKET, Key=entry["Key"])


def _key(bundle: Bundle) -> str:
    return f"bundle-{bundle.digest}.zip"


def _describe(cloudformation: Any) -> dict[str, Any] | None:
    try:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return stack


def _status(cloudformation: Any) -> str | None:
    stack = _describe(cloudformation)
    return stack["StackStatus"] if stack else None


def _update(cloudformation: Any, request: dict[str, Any]) -> None:
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in error.response["Error"]["Message"]:
            raise


def _wait(cloudformation: Any) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (status := _status(cloudformation)) not in _SETTLED:
        if status is None or not status.endswith("_IN_PROGRESS") or "ROLLBACK" in status:
            raise LocalStackError(f"The template was not deployed: {_reason(cloudformation)}")
        if time.monotonic() > deadline:
            message = f"The template was not deployed within {_PATIENCE_SECONDS:.0f} s."
            raise LocalStackError(message)
        time.sleep(0.2)


def _reason(cloudformation: Any) -> str:
    """Give the first failure of the last attempt, which is what the others follow from."""
    events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failures = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return failures[-1] if failures else "CloudFormation gives no reason."
