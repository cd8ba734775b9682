"""The smaller pieces of the local stack, each by itself."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from run_ledger_ops import command
from run_ledger_ops.commands import local as local_command
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import artifacts, site
from run_ledger_ops.deploying.bundle import Bundle
from run_ledger_ops.deploying.resource_metadata import resource_objects
from run_ledger_ops.local.edge.distribution import policy_headers
from run_ledger_ops.local.edge.gateway import gateway_responses
from run_ledger_ops.local.local_deployment import LocalDeployment
from run_ledger_ops.local.machine import ports
from run_ledger_ops.local.machine.cloud import LocalCloud
from run_ledger_ops.local.machine.journal import batches
from run_ledger_ops.local.machine.state import StateFolder
from run_ledger_ops.local.stack_file import (
    Running,
    example_command,
    readiness,
    site_config,
    stack_document,
)
from run_ledger_ops.sign_in.invitations import new_password

TEMPLATE = """\
Globals:
  Function:
    CodeUri: ../backend/
Resources:
  Other:
    Properties:
      CodeUri: other
      Description: CodeUri is named here, too
"""
SHELL = Path(shutil.which("sh") or "").absolute()
TABLES = ("Entries", "Jobs", "Projects", "Clients", "Rollups", "Rejections", "Incidents")
RUNNING = Running(
    endpoint_url="http://127.0.0.1:4566",
    site_origin="http://127.0.0.1:8600",
    dashboard_url=None,
    outputs={
        "BusName": "bus",
        "UserPoolId": "pool",
        "Issuer": "https://issuer/pool",
        "SiteClientId": "site-client",
        "MachineClientId": "machine-client",
        "Scope": "run-ledger/read",
        "ActScope": "run-ledger/act",
        "ReportScope": "run-ledger/report",
    }
    | {f"{name}Table": f"t-{name.lower()}" for name in TABLES},
    outbox=Path("/state/outbox"),
    outbox_path="/outbox/key",
    queue_url="q",
    dlq_url="dlq",
    report_key="rlk_key",
    machine_client_secret="machine-secret",
    passwords={"staff": "staff-password", "client": "client-password"},
)


def test_code_folders_of_a_template_are_found() -> None:
    """As they are written, and where that is seen from the template."""
    found = artifacts.code_folders(TEMPLATE, Path("/repo/infra"))
    assert found == {"../backend/": Path("/repo/backend"), "other": Path("/repo/infra/other")}


def test_code_is_put_in_place_and_nothing_else_changes() -> None:
    """The deployed template is the one in the repository but for its code's addresses."""
    bundles = {"../backend/": Bundle(Path("a.zip"), "aa"), "other": Bundle(Path("b.zip"), "bb")}
    placed = artifacts.put_code_in_place(TEMPLATE, bundles, "our-bucket")
    assert placed == TEMPLATE.replace("../backend/", "s3://our-bucket/bundle-aa.zip").replace(
        "CodeUri: other", "CodeUri: s3://our-bucket/bundle-bb.zip"
    )


def test_fingerprint_tells_deployments_apart() -> None:
    """What would deploy differently has another one; the order of parameters is no difference."""
    first = LocalDeployment("t", {"A": "1", "B": "2"}, ())
    assert first.fingerprint == LocalDeployment("t", {"B": "2", "A": "1"}, ()).fingerprint
    assert first.fingerprint != LocalDeployment("t", {"A": "1", "B": "3"}, ()).fingerprint
    assert first.fingerprint != LocalDeployment("u", {"A": "1", "B": "2"}, ()).fingerprint


def test_site_objects_carry_types_that_browsers_accept(tmp_path: Path) -> None:
    """A module of the wrong type would not run; hidden files stay at home."""
    (tmp_path / "views").mkdir()
    for name in ("index.html", "views/jobs.js", "site.css", "icon.svg", ".secret"):
        (tmp_path / name).write_text(name)
    objects = {item.key: item.content_type for item in site.site_objects(tmp_path, {"a": 1})}
    assert objects == {
        "index.html": "text/html; charset=utf-8",
        "views/jobs.js": "text/javascript; charset=utf-8",
        "site.css": "text/css; charset=utf-8",
        "icon.svg": "image/svg+xml",
        "config.json": "application/json",
    }


def test_passwords_satisfy_the_pool() -> None:
    """Twelve characters at least, a capital, a small letter and a digit; never the same."""
    password = new_password()
    assert len(password) >= 12
    assert any(map(str.isupper, password))
    assert any(map(str.islower, password))
    assert any(map(str.isdigit, password))
    assert password != new_password()


def test_wanted_port_that_is_taken_is_an_error() -> None:
    """It was asked for, so another one would surprise."""
    with socket.socket() as taken:
        taken.bind((ports.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OpsError, match=rf"Port {port} \(site\) is taken .* --port"):
            ports.choose("site", "--port", port, 1, avoid=set())
        assert ports.choose("site", "--port", None, port, avoid=set()) != port
    with pytest.raises(OpsError, match="has another purpose here"):
        ports.choose("local AWS", "--aws-port", 1, 1, avoid={1})


def test_usual_port_is_kept_when_it_is_free() -> None:
    """Bookmarks go on working."""
    with socket.socket() as probe:
        probe.bind((ports.LOOPBACK, 0))
        port = probe.getsockname()[1]
    assert ports.choose("site", "--port", None, port, avoid=set()) == port
    assert ports.choose("site", "--port", None, port, avoid={port}) != port


def test_stack_document_says_how_to_join_in() -> None:
    """Addresses for people and browsers are on the site's origin."""
    document = stack_document(RUNNING)
    assert document["api_url"] == "http://127.0.0.1:8600/api"
    assert document["site_url"] == "http://127.0.0.1:8600/"
    assert document["jwks_url"] == "http://127.0.0.1:4566/pool/.well-known/jwks.json"
    assert document["users"]["client"]["client_id"] == "acme"
    assert document["outbox"] == "/state/outbox"
    assert document["tables"]["rejections"] == "t-rejections"


def test_site_config_holds_no_secret() -> None:
    """Everybody may read it."""
    config = json.dumps(site_config(RUNNING, demo=True))
    assert '"scope": "openid email run-ledger/read"' in config
    for secret in ("machine-secret", "staff-password", "client-password"):
        assert secret not in config


def test_readiness_names_addresses_logins_and_an_example() -> None:
    """Whoever starts it reads there all that is needed."""
    text = readiness(RUNNING, Path("/state/stack.json"), demo=True)
    for fact in (
        *("http://127.0.0.1:8600/", "http://127.0.0.1:8600/api", "/state/stack.json"),
        *("staff@run-ledger.example  staff-password", "someone@acme.example  client-password"),
        example_command(RUNNING),
        "http://127.0.0.1:8600/outbox/key  (a digest of yesterday comes within a minute)",
    ):
        assert fact in text
    assert "Analysts' app" not in text
    assert "digest" not in readiness(RUNNING, Path("/state/stack.json"), demo=False)


def test_example_is_one_shell_command_that_carries_its_event() -> None:
    """Quoting survives the shell, and the event is one that the ledger takes."""
    words = shlex.split(example_command(RUNNING))
    [entry] = json.loads(words[-1])
    assert entry["EventBusName"] == "bus"
    assert json.loads(entry["Detail"])["client_id"] == "acme"
    assert words[words.index("--endpoint-url") + 1] == "http://127.0.0.1:4566"


def test_policy_becomes_the_headers_that_it_makes() -> None:
    """As CloudFront writes them."""
    config = {
        "SecurityHeadersConfig": {
            "ContentSecurityPolicy": {"ContentSecurityPolicy": "default-src 'none'"},
            "ContentTypeOptions": {"Override": True},
            "FrameOptions": {"FrameOption": "DENY"},
            "ReferrerPolicy": {"ReferrerPolicy": "no-referrer"},
            "StrictTransportSecurity": {"AccessControlMaxAgeSec": 9, "IncludeSubdomains": True},
        },
        "CustomHeadersConfig": {"Items": [{"Header": "X-Mine", "Value": "1"}]},
    }
    assert policy_headers(config) == {
        "Content-Security-Policy": "default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=9; includeSubDomains",
        "X-Mine": "1",
    }
    assert policy_headers({}) == {}


def test_batches_keep_order_and_the_limits_of_the_queue() -> None:
    """Ten messages and less than a mebibyte at a time."""
    assert [len(batch) for batch in batches(str(i) for i in range(23))] == [10, 10, 3]
    large = ["a" * 500_000, "b" * 500_000, "c"]
    assert list(batches(large)) == [[large[0]], [large[1], "c"]]
    assert list(batches([])) == []


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "1.5"])
def test_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is started, and with what would be right."""
    with pytest.raises(SystemExit) as ended:
        command.main(["local", f"--port={port}"])
    assert ended.value.code == 2
    assert "give a number from 1 to 65535" in capsys.readouterr().err


def test_program_is_found_wherever_the_local_aws_starts() -> None:
    """A path that was given from here holds there, and a name is looked up here."""
    parser = argparse.ArgumentParser()
    local_command.add_to(parser.add_subparsers())
    for given, meant in (("venv/bin/python", Path("venv/bin/python").absolute()), ("sh", SHELL)):
        known = parser.parse_args(["local", "--local-cloud-python", given])
        assert known.local_cloud_python == meant


def test_what_the_environment_says_of_other_clouds_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that isn't there, and a proxy that can't reach this machine, are no obstacle."""
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    cloud = LocalCloud(Path("python"), StateFolder(tmp_path), 4566)
    client = cloud.client("sqs")
    assert client.meta.config.proxies == {}
    client.close()


def test_reason_of_a_local_aws_that_gave_up_is_found_in_its_log(tmp_path: Path) -> None:
    """Whoever watches the stack says it; an end without that sign has no reason of its own."""
    cloud = LocalCloud(Path("python"), StateFolder(tmp_path), 4566)
    assert cloud.failure is None
    log = tmp_path / "local-aws.log"
    cloud._process = SimpleNamespace(log=log)  # type: ignore[assignment]
    log.write_text("something else\n")
    assert cloud.failure is None
    log.write_text("something else\nEvents can't be kept: [Errno 28] No space left on device\n")
    assert cloud.failure == ("gave up: Events can't be kept: [Errno 28] No space left on device")


def test_gateway_responses_are_those_of_a_site_without_a_domain() -> None:
    """The local AWS takes texts alone; another condition would be overlooked, so it is an error."""

    def found(condition: str) -> dict[str, dict[str, object]]:
        header = {"Fn::If": [condition, {"Fn::Sub": "'with ${SiteDomain}'"}, "'without'"]}
        responses = {"UNAUTHORIZED": {"statusCode": 401, "responseParameters": {"a": header}}}
        body = {"x-amazon-apigateway-gateway-responses": responses}
        return gateway_responses({"Resources": {"Api": {"Properties": {"Body": body}}}}, "Api")

    assert found("HasSiteDomain") == {
        "UNAUTHORIZED": {"statusCode": 401, "responseParameters": {"a": "'without'"}}
    }
    with pytest.raises(ValueError, match="HasOther"):
        found("HasOther")


def test_a_site_says_where_assistants_sign_in() -> None:
    """At both places where they look; the resource is the very address that they ask."""
    site_url = "https://ledger.example"
    plain, below = resource_objects(
        f"{site_url}/", "https://issuer.example/pool", "run-ledger/read"
    )
    assert plain.key == ".well-known/oauth-protected-resource"
    assert below.key == f"{plain.key}/api/mcp"
    assert plain.body == below.body
    assert {plain.content_type, below.content_type} == {"application/json"}
    assert json.loads(plain.body) == {
        "resource": f"{site_url}/api/mcp",
        "resource_name": "Run Ledger",
        "authorization_servers": ["https://issuer.example/pool"],
        "scopes_supported": ["run-ledger/read"],
        "bearer_methods_supported": ["header"],
    }
