"""The local stack as a whole: what it starts, says and keeps, and that it ends without a trace."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.support.events.builders import job_update
from tests.support.site import site_seed
from tests.support.stacks.local_events import entry_ids, post_and_see
from tests.support.stacks.local_stack import (
    HTTP,
    LOOPBACK,
    ROOT,
    LocalStack,
    free_port,
    is_running,
    listening_addresses,
    local_stack,
    start_local_stack,
    wait_for,
)

from run_ledger.read.answers import COMMON_HEADERS

pytestmark = pytest.mark.local_stack

STACK_KEYS = {
    "aws_endpoint_url",
    "region",
    "access_key_id",
    "secret_access_key",
    "event_bus_name",
    "api_url",
    "mcp_url",
    "site_url",
    "dashboard_url",
    "token_url",
    "authorize_url",
    "jwks_url",
    "issuer",
    "site_client_id",
    "machine_client_id",
    "machine_client_secret",
    "scope",
    "intake_url",
    "push_url",
    "report_scope",
    "act_scope",
    "report_key",
    "outbox",
    "outbox_url",
    "users",
    "queue_url",
    "dlq_url",
    "tables",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Give a running stack, which the tests that only look or post may share."""
    os.environ["SOMEBODYS_SECRET"] = "do not pass on"
    with local_stack(tmp_path_factory.mktemp("stack")) as running:
        del os.environ["SOMEBODYS_SECRET"]
        yield running


def run_to_its_end(state: Path, *arguments: str) -> tuple[int, str]:
    """Run a stack that can't start; give its exit code and what it complained of."""
    started = start_local_stack(state, *arguments)
    _, complaint = started.process.communicate(timeout=60)
    return started.process.returncode, complaint


def test_stack_file_has_the_promised_keys_and_is_private(stack: LocalStack) -> None:
    """Other programs rely on exactly these keys; the file holds passwords."""
    assert set(stack.document) == STACK_KEYS
    assert set(stack.document["users"]["staff"]) == {"email", "password"}
    assert set(stack.document["users"]["client"]) == {"email", "password", "client_id"}
    assert set(stack.document["tables"]) == {
        *("entries", "jobs", "projects", "clients", "rollups", "rejections", "incidents"),
    }
    assert stat.S_IMODE((stack.state / "stack.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(stack.state.stat().st_mode) == 0o700


def test_everything_listens_on_the_loopback_address_alone(stack: LocalStack) -> None:
    """Nobody else on the network can reach a stack, functions' processes included."""
    post_and_see(stack, "wakes-the-writer")
    addresses = listening_addresses(stack.processes())
    assert len(addresses) == 2
    assert {host for host, _ in addresses} == {LOOPBACK}


def test_site_answers_under_the_policy_of_the_template(stack: LocalStack) -> None:
    """Site and API are on one origin, with the security headers that CloudFront would add."""
    page = HTTP.request("GET", stack.document["site_url"], timeout=30)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-cache"
    refused = HTTP.request("GET", f"{stack.document['api_url']}/jobs", timeout=30)
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    config = HTTP.request("GET", f"{stack.document['site_url']}config.json", timeout=30).json()
    assert config["client_id"] == stack.document["site_client_id"]
    assert config["api_base"] == "/api"
    assert "secret" not in json.dumps(config)


@pytest.mark.parametrize(
    ("method", "path", "problem"),
    [
        ("GET", "/jobs", "unauthorized"),
        ("GET", "/no-such", "not-found"),
        ("PUT", "/jobs", "not-found"),
    ],
)
def test_gateway_refuses_as_the_template_says(
    stack: LocalStack, method: str, path: str, problem: str
) -> None:
    """By problem documents with the headers that the reader's answers have, none of them twice."""
    answer = HTTP.request(method, f"{stack.document['api_url']}{path}", timeout=30)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:run-ledger:problem:{problem}"
    assert answer.json()["status"] == answer.status
    for name, value in COMMON_HEADERS.items():
        assert answer.headers.getlist(name) == [value]


def test_api_wants_a_token(stack: LocalStack) -> None:
    """Nothing is read without a token, and nothing with a forged one."""
    assert stack.get("/jobs")[0] == 401
    assert stack.get("/jobs", token=f"{stack.machine_token()}x")[0] == 401


def test_expiry_is_on_where_items_expire(stack: LocalStack) -> None:
    """The local AWS ignores expiry in templates, so the stack switches it on."""
    for name in ("entries", "rejections"):
        table = stack.document["tables"][name]
        answer = stack.client("dynamodb").describe_time_to_live(TableName=table)
        assert answer["TimeToLiveDescription"] == {
            "TimeToLiveStatus": "ENABLED",
            "AttributeName": "expires_at",
        }


def test_unknown_credentials_are_refused(stack: LocalStack) -> None:
    """IAM is enforced, as on AWS."""
    nobody = stack.document | {"access_key_id": "AKIANOBODYSKEY000000"}
    stranger = LocalStack(stack.process, stack.state, document=nobody)
    with pytest.raises(ClientError, match="security token"):
        stranger.client("dynamodb").list_tables()


def test_nobody_can_sign_up(stack: LocalStack) -> None:
    """The pool is for invited people: neither a program's call nor a page lets others in."""
    with pytest.raises(ClientError, match="SignUp is not permitted"):
        stack.client("cognito-idp").sign_up(
            ClientId=stack.document["site_client_id"],
            Username="stranger@acme.example",
            Password="Long-enough-1",
        )
    for path in ("signup", "confirmUser", "forgotPassword"):
        assert HTTP.request("GET", f"{stack.document['site_url']}{path}").status == 404


def test_origin_takes_no_call_of_aws(stack: LocalStack) -> None:
    """Under no path does it list the tables, whoever asks."""
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
        "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261130/eu-central-1/dynamodb/"
        "aws4_request, SignedHeaders=host, Signature=0",
    }
    for path in ("", "logout", "oauth2/token", "oauth2/authorize", "oauth2/userInfo", "api/jobs"):
        for method in ("GET", "POST"):
            url = f"{stack.document['site_url']}{path}"
            answer = HTTP.request(method, url, headers=headers, body=b"{}", redirect=False)
            assert b"TableNames" not in answer.data
            assert answer.status in {200, 302, 400, 401, 403, 404, 405} - ({200} if path else set())


def test_host_environment_does_not_reach_the_functions(stack: LocalStack) -> None:
    """What the person at the terminal has in the environment stays there."""
    post_and_see(stack, "wakes-the-writer")
    started = stack.processes() - {stack.process.pid}
    assert len(started) > 1
    for pid in started:
        assert b"SOMEBODYS_SECRET" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_second_instance_on_one_state_folder_is_refused(stack: LocalStack) -> None:
    """The first one keeps its folder, and the second says so in one sentence."""
    code, complaint = run_to_its_end(stack.state)
    assert code == 2
    assert complaint.count("\n") == 1
    assert f"already running on the state folder {stack.state}" in complaint
    assert (stack.state / "stack.json").exists()


def test_taken_port_is_named(tmp_path: Path) -> None:
    """A port that was asked for and is taken is no reason to take another silently."""
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        for option in ("--port", "--aws-port"):
            code, complaint = run_to_its_end(tmp_path, option, str(port))
            assert code == 2
            assert complaint.count("\n") == 1
            assert f"Port {port}" in complaint
            assert option in complaint


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_leaves_no_process_and_the_next_start_has_everything(
    tmp_path: Path, number: int
) -> None:
    """Ledger, logins, tokens, addresses: all are there again, and people are told again."""
    first = start_local_stack(tmp_path).wait_until_ready()
    post_and_see(first, "e1")
    token = first.machine_token()
    family = first.processes()
    assert len(family) > 2
    output, complaint = first.stop(number)
    assert (first.process.returncode, complaint) == (0, "")
    assert first.document["users"]["staff"]["password"] in output
    assert not [pid for pid in family if is_running(pid)]
    assert not (tmp_path / "stack.json").exists()

    second = start_local_stack(tmp_path, ports=False).wait_until_ready()
    try:
        assert second.document == first.document
        assert entry_ids(second) == {"e1"}
        assert second.get("/no-such-thing", token=token)[0] != 401
        # First of all: a stream that is read from its old place hears later changes, but not this.
        end = {"status": "completed", "result": "failed", "error": {"type": "E", "message": "no"}}
        about = {"client_id": "acme", "project_id": "p", "pipeline": "my-pipeline"}
        site_seed.post(second, job_update(job_id="fails", **about, **end))
        told = "/incidents?client_id=acme&pipeline=my-pipeline"
        wait_for("the incident", lambda: second.get(told, token=token)[1]["items"], 60)
        post_and_see(second, "e2")
    finally:
        second.stop()


def test_ledger_of_an_earlier_version_is_counted_again(tmp_path: Path) -> None:
    """Lists and figures rest on totals, of which it kept fewer: its jobs must not be invisible."""
    earlier = start_local_stack(tmp_path).wait_until_ready()
    post_and_see(earlier, "e1")
    rollups, dynamodb = earlier.document["tables"]["rollups"], earlier.client("dynamodb")
    for row in dynamodb.scan(TableName=rollups)["Items"]:
        if row["pk"]["S"] == "days":
            dynamodb.delete_item(TableName=rollups, Key={"pk": row["pk"], "sk": row["sk"]})
    earlier.stop()
    settings = json.loads((tmp_path / "settings.json").read_text())
    del settings["totals"]
    (tmp_path / "settings.json").write_text(json.dumps(settings))

    later = start_local_stack(tmp_path, ports=False).wait_until_ready()
    try:
        _, listed = later.get("/jobs", later.machine_token())
        assert [job["job_id"] for job in listed["items"]] == ["j1"]
    finally:
        output, _ = later.stop()
    assert "an earlier version kept this ledger" in output


def test_signal_while_starting_leaves_no_process_and_no_half_deployed_state(tmp_path: Path) -> None:
    """Whoever changes their mind half way is not left with half a stack."""
    stack = start_local_stack(tmp_path)
    assert stack.process.stdout is not None
    lines = iter(stack.process.stdout.readline, "")
    assert any("Deploying" in line for line in lines)
    family = stack.processes()
    assert len(family) > 1
    _, complaint = stack.stop(signal.SIGINT)
    assert (stack.process.returncode, complaint) == (0, "")
    assert not [pid for pid in family if is_running(pid)]
    with local_stack(tmp_path) as again:
        post_and_see(again, "e1")


def test_example_of_the_readiness_text_works_when_pasted(stack: LocalStack, tmp_path: Path) -> None:
    """The first thing that a newcomer tries must work."""
    aws = ROOT / ".venvs" / "aws" / "bin"
    assert stack.process.stdout is not None
    lines = iter(stack.process.stdout.readline, "")
    example = next(line for line in lines if "put-events" in line)
    environment = {"PATH": f"{aws}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["sh", "-c", example], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    posted = json.loads(done.stdout)["Entries"][0]["EventId"]
    wait_for("the entry", lambda: posted in entry_ids(stack), 60)


def test_unreachable_ministack_is_said(tmp_path: Path) -> None:
    """A missing tool is named, together with what brings it."""
    code, complaint = run_to_its_end(tmp_path, "--local-cloud-python", str(tmp_path / "nothing"))
    assert code == 2
    assert complaint.count("\n") == 1
    assert "make run" in complaint


def test_state_folder_with_a_folder_for_a_file_is_refused(tmp_path: Path) -> None:
    """Starting fails on it, and stopping as well: one sentence each, and no traceback."""
    (tmp_path / "stack.json").mkdir()
    code, complaint = run_to_its_end(tmp_path)
    assert code == 2
    assert "Is a directory" in complaint
    assert "Traceback" not in complaint


def test_other_ports_are_chosen_when_the_usual_ones_are_taken(tmp_path: Path) -> None:
    """Without a port asked for, a taken one is no obstacle, and the ledger goes on as before."""
    first = start_local_stack(tmp_path).wait_until_ready()
    post_and_see(first, "e1")
    first.stop()
    addresses = ("site_url", "aws_endpoint_url")
    with ExitStack() as stack:
        for address in addresses:
            taken = stack.enter_context(socket.socket())
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((LOOPBACK, urlsplit(first.document[address]).port))
            taken.listen()
        second = start_local_stack(tmp_path, ports=False).wait_until_ready()
        try:
            for address in addresses:
                assert second.document[address] != first.document[address]
            assert second.document["queue_url"].startswith(second.document["aws_endpoint_url"])
            assert HTTP.request("GET", second.document["site_url"], timeout=30).status == 200
            post_and_see(second, "e2")
        finally:
            second.stop()


def test_free_port_is_free() -> None:
    """The helper of these tests does what it says."""
    port = free_port()
    with socket.socket() as probe:
        probe.bind((LOOPBACK, port))
        assert probe.getsockname() == (LOOPBACK, port)
