"""Checks before a deployment; each complaint says what helps."""

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.console import target
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying.template import Template

_OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True)
class AwsAccount:
    """An AWS account with a region in it, and the identity that the credentials have there."""

    session: Any
    id: str
    region: str
    identity: str

    def client(self, service: str) -> Any:
        """Make a client of one of its services."""
        return target.make_client(self.session, service, None)

    @property
    def is_aws(self) -> bool:
        """Whether this is AWS itself, and not a local AWS."""
        return ".amazonaws." in str(self.client("cloudformation").meta.endpoint_url)


def check_tools() -> None:
    """Raise OpsError if this Python can't build bundles."""
    if sys.version_info < _OLDEST_PYTHON:
        wanted = ".".join(map(str, _OLDEST_PYTHON))
        raise OpsError(f"Python {wanted} or newer is needed, this is {sys.version.split()[0]}.")
    probe = [sys.executable, "-m", "pip", "--version"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:  # noqa: S603
        message = f"{sys.executable} has no pip, which builds the functions' bundle: use .venv's."
        raise OpsError(message)


def check_stage(stage: str, template: Template) -> None:
    """Raise OpsError for a name that a stage can't have."""
    parameter = template.parameters["Stage"]
    if parameter.pattern and not re.fullmatch(parameter.pattern, stage):
        raise OpsError(f"A stage's name is {parameter.constraint}, not {stage!r}.")


def find_account(region: str | None) -> AwsAccount:
    """Return the account that the credentials belong to; raises OpsError where there is none."""
    session = target.open_session(region)
    known = session.get_available_regions("cloudformation")
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", session.region_name):
        message = f"{session.region_name!r} is no AWS region: there are {', '.join(sorted(known))}."
        raise OpsError(message)
    sts = target.make_client(session, "sts", None)
    try:
        caller = sts.get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        raise OpsError(f"{explain(error)}.") from error
    return AwsAccount(session, caller["Account"], session.region_name, caller["Arn"])
