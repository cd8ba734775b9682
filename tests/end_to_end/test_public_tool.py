"""Deployed with the SAM command line alone, on a local AWS: what comes of it works, and is closed.

`sam build` builds with the interpreter that it finds under the name of the runtime. So that this
works wherever the tests run, the functions are built for the Python that the tests run on: .venv
has one of that name, with pip. The template's parameters Runtime and Architecture say so, to `sam
build` and to the stack alike.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from tests.support.events import builders
from tests.support.readers.ledger_http import get, machine_token, personal_tokens, put_events, until
from tests.support.stacks.local_cloud import PARAMETERS, environment, local_cloud, outputs_of
from tests.support.stacks.local_stack import ROOT

from run_ledger.store.clients.forbidden_reads import read_rights
from run_ledger_ops.local.machine.cloud import REGION, LocalCloud

pytestmark = pytest.mark.local_stack

STACK = "run-ledger-sam"
CALLBACK = "http://localhost:8080/"
SECONDS = 120
WORDS = {"email": "ann@ledger.example", "password": "Correct-horse-7-staple"}


@dataclass(frozen=True)
class Deployed:
    """What SAM deployed, and where."""

    cloud: LocalCloud
    outputs: dict[str, str]
    document: dict[str, Any]

    def as_role(self, logical_name: str) -> Any:
        """Return DynamoDB as a function's role sees it."""
        found = self.cloud.client("cloudformation").describe_stack_resource(
            StackName=STACK, LogicalResourceId=logical_name
        )
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        arn = self.cloud.client("iam").get_role(RoleName=name)["Role"]["Arn"]
        lent = self.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")
        return boto3.client(
            "dynamodb",
            endpoint_url=self.cloud.endpoint_url,
            region_name=REGION,
            aws_access_key_id=lent["Credentials"]["AccessKeyId"],
            aws_secret_access_key=lent["Credentials"]["SecretAccessKey"],
            aws_session_token=lent["Credentials"]["SessionToken"],
        )


def sam() -> str:
    """Return the path of the SAM command line; where it must be there, its absence fails."""
    ours = ROOT / ".venvs" / "tools" / "bin" / "sam"
    found = os.environ.get("SAM_CLI") or shutil.which("sam") or (str(ours) if ours.exists() else "")
    if not found:
        reason = f"no sam: neither SAM_CLI nor PATH nor {ours} has it, so nothing was deployed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Validate, build and deploy as the runbook says, then invite somebody of staff."""
    program = sam()
    folder = tmp_path_factory.mktemp("sam")
    # As in a checkout, but what is built stays out of ours.
    for name in ("infra", "backend"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    shutil.copy(ROOT / "samconfig.toml", folder)
    overrides = ["--parameter-overrides", "Stage=sam", "DeletionProtection=false"]
    overrides += ["BatchWindowSeconds=1", "StackMachineClient=true"]
    overrides += [f"{name}={value}" for name, value in PARAMETERS.items()]
    overrides += [f"SiteCallbackUrl={CALLBACK}"]
    with local_cloud(folder / "state") as cloud:
        settings = {
            **environment(cloud),
            # Its own name for the interpreter: python3.N, beside the one that runs the tests.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "SAM_CLI_TELEMETRY": "0",
            "LANG": "C.UTF-8",
            **{name: os.environ[name] for name in os.environ if name.startswith("PIP_")},
        }
        for words in (
            ["validate", "--lint"],
            ["build", *overrides],
            ["deploy", "--no-confirm-changeset", "--stack-name", STACK, *overrides],
        ):
            done = subprocess.run(
                [program, *words],
                cwd=folder,
                env=settings,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"sam {words[0]}: {done.stdout}{done.stderr}"
        yield Deployed(cloud, outputs_of(cloud, STACK), _document(cloud))


def _document(cloud: LocalCloud) -> dict[str, Any]:
    """Give the machine its grant and invite a person, by AWS's own calls; say how to get in."""
    outputs = outputs_of(cloud, STACK)
    cognito: Any = cloud.client("cognito-idp")
    pool = {"UserPoolId": outputs["UserPoolId"]}
    cognito.admin_create_user(
        **pool,
        Username=WORDS["email"],
        UserAttributes=[
            {"Name": "email", "Value": WORDS["email"]},
            {"Name": "email_verified", "Value": "true"},
        ],
        MessageAction="SUPPRESS",
    )
    user = {**pool, "Username": WORDS["email"]}
    cognito.admin_set_user_password(**user, Password=WORDS["password"], Permanent=True)
    cognito.admin_add_user_to_group(**user, GroupName="staff")
    machine = outputs["MachineClientId"]
    cloud.client("dynamodb").put_item(
        TableName=outputs["ClientsTable"],
        Item={"pk": {"S": f"app#{machine}"}, "sk": {"S": "grant"}, "staff": {"BOOL": True}},
    )
    secret = cognito.describe_user_pool_client(**pool, ClientId=machine)["UserPoolClient"]
    host, _, stage = outputs["ApiUrl"].removeprefix("https://").partition("/")
    api = f"{cloud.endpoint_url}/restapis/{host.partition('.')[0]}/{stage}/_user_request_"
    return {
        "event_bus_name": outputs["BusName"],
        "api_url": api,
        "site_url": CALLBACK,
        "authorize_url": f"{cloud.endpoint_url}/oauth2/authorize",
        "token_url": f"{cloud.endpoint_url}/oauth2/token",
        "site_client_id": outputs["SiteClientId"],
        "machine_client_id": machine,
        "machine_client_secret": secret["ClientSecret"],
        "scope": outputs["Scope"],
        "users": {"staff": WORDS},
    }


def test_event_on_the_bus_is_read_by_people_and_machines(deployed: Deployed) -> None:
    """Bus, rule, queue, writer, tables, reader, gateway, pool: each does its part."""
    stack = deployed.document
    said = builders.job_update(
        job_id="sam-1", event_id="e1", client_id="acme", status="running", delta={"records_ok": 3}
    )
    put_events(stack, deployed.cloud.client("events"), [said, said])
    machine = machine_token(stack)
    until("the job", SECONDS, lambda: get(stack, "/jobs/sam-1", machine).ok)
    person = personal_tokens(stack, "staff", f"openid email {stack['scope']}")
    for token in (machine, person["access_token"]):
        job = get(stack, "/jobs/sam-1", token).json()
        assert (job["status"], job["counters"]) == ("running", {"records_ok": 3})
    assert get(stack, "/jobs/sam-1", person["id_token"]).status_code == 401
    assert get(stack, "/jobs/sam-1").status_code == 401
    assert get(stack, "/jobs/sam-1", f"{machine[:-8]}AAAAAAAA").status_code in (401, 403)


def refused(call: Any, **given: Any) -> bool:
    """Return whether a call is denied."""
    try:
        call(**given)
    except ClientError as error:
        return bool(error.response["Error"]["Code"] == "AccessDeniedException")
    return False


def test_reader_cannot_write(deployed: Deployed) -> None:
    """Its role reads; where secrets lie it may not even ask."""
    reader = deployed.as_role("ReaderRole")
    jobs, clients = deployed.outputs["JobsTable"], deployed.outputs["ClientsTable"]
    key = {"job_id": {"S": "sam-1"}}
    reader.get_item(TableName=jobs, Key=key)
    assert refused(reader.put_item, TableName=jobs, Item=key)
    assert refused(reader.delete_item, TableName=jobs, Key=key)
    assert refused(reader.scan, TableName=jobs)
    parameter = {"pk": {"S": "acme"}, "sk": {"S": "param#password"}}
    assert refused(reader.get_item, TableName=clients, Key=parameter, ProjectionExpression="pk")
    rights = read_rights(reader, clients)
    assert rights.is_let_in
    assert len(rights.forbidden) == 6
    assert rights.answered == []


def test_writer_cannot_read_clients(deployed: Deployed) -> None:
    """Its role posts; clients, their configuration and references are none of its business."""
    writer = deployed.as_role("WriterRole")
    jobs, clients = deployed.outputs["JobsTable"], deployed.outputs["ClientsTable"]
    writer.get_item(TableName=jobs, Key={"job_id": {"S": "sam-1"}})
    key = {"pk": {"S": "acme"}, "sk": {"S": "param#password"}}
    assert refused(writer.get_item, TableName=clients, Key=key)
    assert refused(writer.put_item, TableName=clients, Item=key)
    assert refused(writer.delete_item, TableName=jobs, Key={"job_id": {"S": "sam-1"}})


def test_anonymous_request_gets_no_object(deployed: Deployed) -> None:
    """The bucket opens to CloudFront's signature alone."""
    bucket = deployed.outputs["SiteBucketName"]
    s3 = deployed.cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"<p>hello")
    assert s3.get_object(Bucket=bucket, Key="index.html")["Body"].read() == b"<p>hello"
    for path in (f"/{bucket}/index.html", f"/{bucket}"):
        answer = requests.get(f"{deployed.cloud.endpoint_url}{path}", timeout=30)
        assert answer.status_code == 403
        assert "hello" not in answer.text
