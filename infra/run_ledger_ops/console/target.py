"""The system that a command works on: a local stack, or a stage in an AWS account."""

import argparse
import json
import os
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.store.dynamo.table_names import Tables
from run_ledger_ops.console.arguments import USUAL_STACK_FILE
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.input_file import read_file

_LOCAL_STAGE = "local"
_USUAL_TTL_DAYS = 90
_THREADS = 16


@dataclass(frozen=True)
class Target:
    """A deployed system: the facts of its stack, and clients of its services."""

    name: str
    session: Any
    endpoint_url: str | None
    outputs: dict[str, str]
    parameters: dict[str, str]
    addresses: Mapping[str, str] = field(default_factory=dict)

    @property
    def token_url(self) -> str:
        """The address where programs get their tokens."""
        there = f"https://{self.outputs['UserPoolDomain']}/oauth2/token"
        return self.addresses.get("token_url", there)

    @property
    def api_url(self) -> str:
        """The address of the API."""
        return self.addresses.get("api_url", self.outputs["ApiUrl"])

    @property
    def is_local(self) -> bool:
        """Whether its services are those of a local AWS, also one that the environment names."""
        return ".amazonaws." not in self._endpoint

    @cached_property
    def _endpoint(self) -> str:
        return str(self.client("apigateway").meta.endpoint_url)

    @property
    def reachable_api_url(self) -> str:
        """The address at which the API answers from here; a local AWS has one of its own."""
        if "api_url" in self.addresses or not self.is_local:
            return self.api_url.rstrip("/")
        return self._reachable(self.outputs["ApiUrl"])

    @property
    def reachable_intake_url(self) -> str | None:
        """The address at which the intake answers from here; None where there is none."""
        if self.intake_url is None or "intake_url" in self.addresses or not self.is_local:
            return self.intake_url
        return self._reachable(self.outputs["IntakeUrl"])

    def _reachable(self, url: str) -> str:
        """Return where a local AWS answers for an API whose address on AWS is *url*."""
        host, _, stage = url.removeprefix("https://").partition("/")
        return f"{self._endpoint}/restapis/{host.partition('.')[0]}/{stage}/_user_request_"

    @property
    def reachable_token_url(self) -> str:
        """The address at which programs get their tokens from here."""
        if "token_url" in self.addresses or not self.is_local:
            return self.token_url
        return f"{self._endpoint}/oauth2/token"

    @property
    def reachable_authorize_url(self) -> str:
        """The address at which people begin to sign in."""
        there = f"https://{self.outputs['UserPoolDomain']}/oauth2/authorize"
        if self.is_local:
            there = f"{self._endpoint}/oauth2/authorize"
        return self.addresses.get("authorize_url", there)

    @property
    def intake_url(self) -> str | None:
        """The address of its intake; None where the stage was deployed without one."""
        return self.addresses.get("intake_url", self.outputs.get("IntakeUrl"))

    @property
    def site_url(self) -> str | None:
        """The address of its site; None where the stage was deployed without one."""
        return self.addresses.get("site_url", self.outputs.get("SiteUrl"))

    @cached_property
    def cognito(self) -> Any:
        """The client of its user pool."""
        return self.client("cognito-idp")

    def client(self, service: str, region: str | None = None) -> Any:
        """Make a client of one of its services, in another *region* if one is given."""
        if region in (None, self.session.region_name):
            return make_client(self.session, service, self.endpoint_url)
        return make_client(self.session, service, self.endpoint_url, region)

    @cached_property
    def sqs(self) -> Any:
        """The client of its queues."""
        return self.client("sqs")

    @cached_property
    def dynamodb(self) -> Any:
        """The client of its tables."""
        return self.client("dynamodb")

    @cached_property
    def executor(self) -> Executor:
        """The threads that make calls side by side."""
        return ThreadPoolExecutor(_THREADS)

    @property
    def tables(self) -> Tables:
        """The names of its tables."""
        return Tables(
            **{kind: self.outputs[f"{kind.capitalize()}Table"] for kind in Tables._fields}
        )

    @property
    def entry_ttl_days(self) -> int:
        """How many days entries are kept."""
        return int(self.parameters.get("EntryTtlDays", _USUAL_TTL_DAYS))

    def queue_url(self, output: str) -> str:
        """Return the URL of the queue that the output *output* of the stack names."""
        url = self.outputs[output]
        if self.endpoint_url is not None:
            # A local AWS may have moved to another port since it was deployed.
            url = self.sqs.get_queue_url(QueueName=url.rsplit("/", 1)[-1])["QueueUrl"]
        return url


class _Outputs(dict[str, str]):
    """The outputs of a stack; a missing one raises OpsError, which says what is wrong."""

    def __missing__(self, name: str) -> str:
        message = (
            f"The stack has no output {name}: its deployment failed, or it is older than this "
            "command."
        )
        raise OpsError(message)


def add_options(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Add the options that `find` reads; return those of which only one may be given."""
    group = parser.add_argument_group(
        "which system", "Without --stack and --stage: the local stack that runs in this folder."
    )
    either = group.add_mutually_exclusive_group()
    either.add_argument(
        "--stack",
        type=Path,
        metavar="FILE",
        help=f"stack.json of a running local stack (default: {USUAL_STACK_FILE})",
    )
    either.add_argument(
        "--stage",
        metavar="NAME",
        help="a deployed stage; the environment says which AWS account",
    )
    group.add_argument(
        "--region",
        metavar="NAME",
        help="AWS region of the stage (default: the environment's region)",
    )
    return either


def find(given: argparse.Namespace) -> Target:
    """Return the system that the command line names; raises OpsError where there is none."""
    if given.stage is not None:
        return deployed(given.stage, given.region)
    return _local(given.stack)


def region_of_environment() -> str | None:
    """Return the region that AWS_REGION names: boto3 by itself looks for other names only."""
    return os.environ.get("AWS_REGION") or None


def open_session(region: str | None) -> Any:
    """Return a session in *region*, else in the environment's; OpsError where there is none."""
    try:
        session = boto3.session.Session(region_name=region or region_of_environment())
    except BotoCoreError as error:
        raise OpsError(f"{explain(error)}.") from error
    if session.region_name is None:
        raise OpsError("No AWS region is set: say --region NAME, or set AWS_REGION.")
    return session


def deployed(stage: str, region: str | None) -> Target:
    """Return a deployed stage; raises OpsError where there is none."""
    session = open_session(region)
    stack_name = f"run-ledger-{stage}"
    try:
        return _described(session, stack_name, None)
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            message = (
                f"There is no stack {stack_name} in this AWS account in {session.region_name}: "
                "check --stage, the profile and the region."
            )
            raise OpsError(message) from error
        raise


def _local(file: Path | None) -> Target:
    path = file or USUAL_STACK_FILE
    try:
        document = json.loads(read_file(path))
        endpoint_url = document["aws_endpoint_url"]
        session = boto3.session.Session(
            aws_access_key_id=document["access_key_id"],
            aws_secret_access_key=document["secret_access_key"],
            region_name=document["region"],
        )
    except FileNotFoundError as error:
        help_text = (
            "name a running local stack's stack.json"
            if file
            else "start a local stack with `make run`, or say --stack FILE or --stage NAME"
        )
        raise OpsError(f"There is no {path}: {help_text}.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OpsError(f"{path} is no stack.json of a local stack ({error}).") from error
    try:
        found = _described(session, f"run-ledger-{_LOCAL_STAGE}", endpoint_url)
    except (BotoCoreError, ClientError) as error:
        message = f"The local stack of {path} does not answer at {endpoint_url}: {error}"
        raise OpsError(message) from error
    # On a local stack they are not where the template says: one proxy serves them all.
    names = ("token_url", "api_url", "authorize_url", "jwks_url", "site_url")
    served = {name: document[name] for name in names if name in document}
    return replace(found, addresses=served)


def _described(session: Any, stack_name: str, endpoint_url: str | None) -> Target:
    cloudformation = make_client(session, "cloudformation", endpoint_url)
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    return Target(
        name=stack_name,
        session=session,
        endpoint_url=endpoint_url,
        outputs=_Outputs(outputs_of(stack)),
        parameters=parameters_of(stack),
    )


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the outputs of a stack as CloudFormation describes it."""
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def parameters_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a stack as CloudFormation describes it."""
    found = stack.get("Parameters", [])
    return {one["ParameterKey"]: one.get("ParameterValue", "") for one in found}


def make_client(
    session: Any, service: str, endpoint_url: str | None, region: str | None = None
) -> Any:
    """Return a client that tries for as long as a person at a terminal will wait."""
    # What is on this machine answers at once or not at all.
    attempts = 6 if endpoint_url is None else 1
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=_THREADS,
        proxies=None if endpoint_url is None else {},
    )
    return session.client(service, region_name=region, endpoint_url=endpoint_url, config=config)
