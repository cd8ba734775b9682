"""A stage that is deployed with `Site=false`: every command copes with what it doesn't have."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from dashboard_app.ui import export
from tests.support.stacks.templates import TEMPLATE

from run_ledger_ops import analysts_app, command
from run_ledger_ops.analysts_app import SignIn
from run_ledger_ops.commands import token as token_command
from run_ledger_ops.console import target
from run_ledger_ops.console.target import Target
from run_ledger_ops.deploying import remains
from run_ledger_ops.deploying import template as templates
from run_ledger_ops.deploying.deployment import Deployment, StageSettings
from run_ledger_ops.deploying.stacks import ChangeSet, StackFailedError
from run_ledger_ops.sign_in import own_token

OUTPUTS = {
    "ApiUrl": "https://api.example/api",
    "BusName": "run-ledger-bare",
    "SiteClientId": "site-client",
    "Scope": "run-ledger/read",
    "UserPoolDomain": "login.example",
}


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Target:
    """Give a deployed stage without a site, which the commands find by its name."""
    system = Target("run-ledger-bare", None, None, dict(OUTPUTS), {"Site": "false"})
    monkeypatch.setattr(target, "find", lambda _: system)
    return system


def test_sign_in_pages_of_the_command_come_from_the_stack(
    bare: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no `config.json` to read; `run-ledger token` asks the user pool's own pages."""
    assert bare.site_url is None
    monkeypatch.setattr("sys.stdin", io.StringIO("nothing\n"))
    assert command.main(["token", "--stage", "bare", "--paste"]) != 0
    printed = capsys.readouterr().err
    assert "https://login.example/oauth2/authorize?response_type=code" in printed
    assert "client_id=site-client" in printed


def test_settings_without_slashes_need_no_site() -> None:
    """The stack's outputs name whole addresses, so nothing is left to join."""
    pages = own_token.pages_of(token_command.config_of(OUTPUTS, "bare"))
    assert pages.authorize_url == "https://login.example/oauth2/authorize"
    assert pages.token_url == "https://login.example/oauth2/token"
    assert (pages.client_id, pages.scope) == ("site-client", "openid email run-ledger/read")


def test_app_links_to_no_site(bare: Target, tmp_path: Path) -> None:
    """Its secrets file has an empty address, which it shows nothing of."""
    path = tmp_path / "secrets.toml"
    sign_in = SignIn(*["https://x.example"] * 9)
    analysts_app.write_secrets(path, bare, sign_in, 8501)
    ledger = tomllib.loads(path.read_text())["run_ledger"]
    assert (ledger["site_url"], ledger["stage"]) == ("", "bare")


def test_app_offers_a_token_by_the_stage() -> None:
    """By its site, where it has one."""
    assert "run-ledger token --stage bare" in export.token_command("", "bare")
    assert "run-ledger token --site https://s.example" in export.token_command(
        "https://s.example", "bare"
    )
    assert 'run-ledger token)"' in export.token_command("")


def deployment(s3: Any, said: list[str], site: str = "false") -> Deployment:
    """Return a deployment whose account has this S3, and no other service that works."""
    clients = {"s3": s3, "cloudformation": SimpleNamespace(meta=SimpleNamespace(endpoint_url="x"))}
    account: Any = SimpleNamespace(client=clients.__getitem__, is_aws=True)
    template = templates.read(TEMPLATE)
    settings = StageSettings("bare", template, {"Site": site}, Path("site"), Path("cache"))
    return Deployment(settings, account, said.append)


def test_no_site_is_published() -> None:
    """Neither S3 nor CloudFront is called."""
    done = deployment(None, []).publish_site(OUTPUTS, lambda _: None)
    assert not done.changed


def test_bucket_is_emptied_before_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 deletes no bucket with objects or versions in it (BucketNotEmpty of DeleteBucket).

    So where a deployment takes the site away, its bucket is emptied before the change set is
    executed; that of a site that stays is not.
    """
    s3: Any = boto3.client("s3", region_name="eu-central-1")
    said: list[str] = []
    order: list[str] = []
    change_set = ChangeSet("arn", creates=False, changes=())
    with Stubber(s3) as stub:
        versions = [{"Key": "index.html", "VersionId": "1"}]
        stub.add_response("list_object_versions", {"Versions": versions}, {"Bucket": "site-1"})
        stub.add_response(
            "delete_objects",
            {},
            {"Bucket": "site-1", "Delete": {"Objects": versions, "Quiet": True}},
        )
        for site in ("true", "false"):
            ours = deployment(s3, said, site)
            monkeypatch.setattr(ours.stack, "outputs", lambda: {"SiteBucketName": "site-1"})
            monkeypatch.setattr(ours.stack, "execute", lambda *_: order.append(" ".join(said)))
            ours.execute(change_set, lambda _: None)
        stub.assert_no_pending_responses()
    assert order == ["", "Emptying the bucket site-1, which goes …"]


def test_site_is_uploaded_again_where_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update that was to take it away, and was taken back, leaves no empty site behind."""
    said: list[str] = []
    ours = deployment(None, said)
    filled: list[str] = []
    monkeypatch.setattr(remains, "empty_bucket", lambda *_: None)
    monkeypatch.setattr(ours._account, "client", lambda _: None)
    monkeypatch.setattr(ours.stack, "outputs", lambda: {"SiteBucketName": "site-1"})
    monkeypatch.setattr(ours, "publish_site", lambda outputs, _: filled.append(*outputs.values()))

    def fail(*_: Any) -> None:
        raise StackFailedError("It ended as UPDATE_ROLLBACK_COMPLETE.")

    monkeypatch.setattr(ours.stack, "execute", fail)
    with pytest.raises(StackFailedError):
        ours.execute(ChangeSet("arn", creates=False, changes=()), lambda _: None)
    assert filled == ["site-1"]
    assert "uploaded again" in said[-1]
