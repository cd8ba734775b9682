"""Put the template on the local AWS by the same steps that bring it to the real one.

Bundles and template go to a bucket, code folders in the template become their addresses there, and
the stack is created or updated by a change set.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import artifacts
from run_ledger_ops.deploying.artifacts import Bucket
from run_ledger_ops.deploying.bundle import Bundle
from run_ledger_ops.deploying.stacks import Stack, StackFailedError, Wanted
from run_ledger_ops.deploying.states import SETTLED, Way, way_on
from run_ledger_ops.local.machine.cloud import LocalCloud

STACK_NAME = "run-ledger-local"
ARTIFACTS_BUCKET = "run-ledger-local-artifacts"
_EXPIRING = ("EntriesTable", "RejectionsTable", "IncidentsTable")


@dataclass(frozen=True)
class LocalDeployment:
    """What is to be deployed: the template with its code in place, and its parameters."""

    template: str
    parameters: Mapping[str, str]
    bundles: tuple[Bundle, ...]

    @property
    def fingerprint(self) -> str:
        """A digest that changes whenever the deployed stack would."""
        parts = [self.template, *(f"{k}={v}" for k, v in sorted(self.parameters.items()))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def deploy(cloud: LocalCloud, deployment: LocalDeployment) -> dict[str, str]:
    """Create or update the stack and give its outputs."""
    bucket = Bucket(cloud.client("s3"), ARTIFACTS_BUCKET)
    artifacts.create(bucket)
    for bundle in deployment.bundles:
        artifacts.upload_bundle(bucket, bundle)
    template_url = artifacts.upload_template(bucket, deployment.template)
    stack = Stack(cloud.client("cloudformation"), STACK_NAME)
    way = way_on(stack.state)
    try:
        if way is Way.DELETE_FIRST:
            stack.delete(lambda _: None)
        wanted = Wanted(template_url, deployment.parameters, {})
        change_set = stack.propose(wanted, creates=way is not Way.UPDATE)
        if change_set is not None:
            stack.execute(change_set, lambda _: None)
    except StackFailedError as error:
        raise OpsError(f"The template was not deployed: {error}") from error
    template_key = template_url.rpartition("/")[2]
    _drop_objects(bucket.s3, keep={template_key, *map(artifacts.bundle_key, deployment.bundles)})
    return stack.outputs()


def outputs(cloud: LocalCloud) -> dict[str, str]:
    """Return the outputs of the deployed stack; empty when there is none."""
    stack = Stack(cloud.client("cloudformation"), STACK_NAME)
    return stack.outputs() if stack.state in SETTLED else {}


def enable_ttl(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    """Switch on expiry of items by `expires_at`, which the local AWS ignores in a template."""
    dynamodb: Any = cloud.client("dynamodb")
    for table in (outputs[name] for name in _EXPIRING):
        status = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if status["TimeToLiveStatus"] == "DISABLED":
            dynamodb.update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
            )


def _drop_objects(s3: Any, *, keep: set[str]) -> None:
    """Remove earlier bundles and templates: functions have copies of their own."""
    for entry in s3.list_objects_v2(Bucket=ARTIFACTS_BUCKET).get("Contents", []):
        if entry["Key"] not in keep:
            s3.delete_object(Bucket=ARTIFACTS_BUCKET, Key=entry["Key"])
