"""The contract page: its tables say what the decoder enforces, and its examples work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.producers.node import run_program, with_package
from tests.support.readers.ledger_http import Stack, get, machine_token, until
from tests.support.stacks.local_stack import LocalStack

from run_ledger.domain.contract import events as contract
from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS, Expect, JobUpdate, ProjectUpdate

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "contract.md").read_text()
JOB = "nightly-041"
SECONDS = 90


def example(title: str, language: str) -> str:
    """Give the example under a heading."""
    section = PAGE.split(f"### {title}\n", 1)[1].split("\n## ")[0]
    return section.split(f"```{language}\n", 1)[1].split("```", 1)[0]


def environment(stack: Stack) -> dict[str, str]:
    """Give the variables by which AWS's tools find the local stack."""
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_ACCESS_KEY_ID": stack["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": stack["secret_access_key"],
        "AWS_DEFAULT_REGION": stack["region"],
    }


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("### job_update", JobUpdate),
        ("#### What is expected", Expect),
        ("### project_update", ProjectUpdate),
    ],
)
def test_the_tables_list_every_field(title: str, kind: Any) -> None:
    """What the decoder knows is in the table, and nothing else is."""
    section = re.split("\n#{3,4} ", PAGE.split(f"\n{title}\n", 1)[1])[0]
    named = {
        name
        for row in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
        for name in re.findall(r"`([a-z_]+)`", row)
    }

    assert named == set(kind.__struct_fields__)


def test_all_known_counters_are_named() -> None:
    """Each counter that has a meaning of its own is on the page."""
    assert all(f"`{name}`" in PAGE for name in KNOWN_COUNTERS)


def test_links_of_the_page_lead_somewhere() -> None:
    """Each file that the page refers to is there, and so is the heading."""
    links = re.findall(r"\]\(([^)]+)\)", PAGE)

    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        target = ROOT / "docs" / (path or "contract.md")
        text = target.read_text()
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert not anchor or anchor in {
            one.lower().replace(" ", "-").replace("`", "") for one in headings
        }


def boto3_events(tmp_path: Path, stack: Stack) -> list[dict[str, Any]]:
    """Run the boto3 example against the stack; give the details that it sends."""
    script = tmp_path / "report.py"
    recorder = (
        "import boto3.session, json, sys\n"
        "def note(params, **_):\n"
        "    print(json.dumps(params['Entries']))\n"
        "boto3.setup_default_session()\n"
        "boto3.DEFAULT_SESSION.events.register("
        "'provide-client-params.events.PutEvents', note)\n"
    )
    script.write_text(recorder + example("boto3", "python"))
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment(stack),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    entries = [entry for line in done.stdout.splitlines() for entry in json.loads(line)]
    return [json.loads(entry["Detail"]) for entry in entries]


def sdk_events(tmp_path: Path) -> list[dict[str, Any]]:
    """Run the example with the AWS SDK, whose client writes down what it is given."""
    package = tmp_path / "node_modules" / "@aws-sdk" / "client-eventbridge"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"type": "module", "exports": "./index.js"}')
    (package / "index.js").write_text(
        "export class PutEventsCommand { constructor(input) { this.input = input; } }\n"
        "export class EventBridgeClient { async send(command) {\n"
        "  console.log(JSON.stringify(command.input.Entries));\n"
        "  return { FailedEntryCount: 0, Entries: [{ EventId: 'x' }] };\n"
        "} }\n"
    )
    (tmp_path / "report.mjs").write_text(example("JavaScript with the AWS SDK", "js"))
    done = subprocess.run(
        ["node", "report.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    entries = [entry for line in done.stdout.splitlines() for entry in json.loads(line)]
    for entry in entries:
        envelope = {
            "id": "of-the-bus",
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "detail": json.loads(entry["Detail"]),
        }
        contract.decode(json.dumps(envelope))
    return [json.loads(entry["Detail"]) for entry in entries]


def report_from_javascript(tmp_path: Path, stack: Stack) -> None:
    """Run the JavaScript example against the stack's intake, by the package of this checkout."""
    folder = tmp_path / "over-https"
    folder.mkdir()
    settings = {"INTAKE_URL": stack["intake_url"], "REPORT_KEY": stack["report_key"]}
    environment = {f"RUN_LEDGER_{name}": value for name, value in settings.items()}
    done = run_program(with_package(folder), example("JavaScript", "js"), **environment)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.local_stack
def test_all_ways_tell_the_same_job_and_count_once(stack: Stack, tmp_path: Path) -> None:
    """The CLI's three events, sent again by boto3 and from JavaScript in two ways, make one job."""
    aws = str(ROOT / ".venvs" / "aws" / "bin")
    shell = environment(stack) | {"PATH": f"{aws}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-ec", example("AWS CLI", "sh")],
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"FailedEntryCount": 0' in done.stdout
    told = boto3_events(tmp_path, stack)
    assert len(told) == 3
    assert sdk_events(tmp_path) == told
    report_from_javascript(tmp_path, stack)

    token = machine_token(stack)

    def entries() -> list[dict[str, Any]]:
        answer = get(stack, f"/jobs/{JOB}/entries", token)
        return list(answer.json()["items"]) if answer.ok else []

    until("the job's events, in any order", SECONDS, lambda: len(entries()) >= len(told))
    history = entries()
    job = get(stack, f"/jobs/{JOB}", token).json()
    rejected = get(stack, "/rejections", token).json()["items"]

    assert job["result"] == "partial"
    assert job["name"] == "Nightly enrichment"
    assert job["counters"] == {"records_ok": 24, "records_failed": 1}
    assert {one["event_id"] for one in history} == {one["event_id"] for one in told}
    assert not [one for one in rejected if JOB in one["raw"]]


def ended(stack: Stack, job_id: str, token: str) -> bool:
    """Tell whether the ledger shows the job as begun and completed: either may arrive first."""
    answer = get(stack, f"/jobs/{job_id}", token)
    job = answer.json() if answer.ok else {}
    return bool(job.get("status") == "completed" and job["started_at"])


SUCCEEDS = {"Type": "Pass", "Output": {"records_ok": 7}, "Next": "ReportSuccess"}
FAILS = None  # the page's own state, which invokes a function that isn't there


@pytest.mark.local_stack
@pytest.mark.parametrize(
    ("work", "check"),
    [
        (SUCCEEDS, lambda job: job["result"] == "succeeded" and job["counters"]["records_ok"] == 7),
        (FAILS, lambda job: job["result"] == "failed" and job["error"]["type"]),
    ],
    ids=["succeeds", "fails"],
)
def test_the_state_machine_reports_its_executions(
    running: LocalStack, work: dict[str, Any] | None, check: Callable[[dict[str, Any]], bool]
) -> None:
    """An execution is a job: begun, and ended as the work did, by the integration alone."""
    states = running.client("stepfunctions")
    name = f"example-{uuid.uuid4().hex[:8]}"
    definition = json.loads(example("Step Functions", "json"))
    definition["States"]["Work"] = work or definition["States"]["Work"]
    machine = states.create_state_machine(
        name=name,
        definition=json.dumps(definition),
        roleArn=role_that_may_report(running, name),
    )["stateMachineArn"]

    states.start_execution(stateMachineArn=machine, name=name, input="{}")

    token = machine_token(running.document)
    until("the job's end", SECONDS, lambda: ended(running.document, name, token))
    job = get(running.document, f"/jobs/{name}", token).json()
    assert check(job), job
    assert job["started_at"] is not None
    assert job["name"] == "Nightly enrichment"


def role_that_may_report(running: LocalStack, name: str) -> str:
    """Make a role for a state machine that may put events on buses and nothing else."""
    iam = running.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=_policy(trust | {"Action": "sts:AssumeRole"})
    )["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="report", PolicyDocument=_policy(may))
    return str(role)


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
