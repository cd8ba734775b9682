"""`run-ledger deploy` and `destroy` on a local AWS: two stages, from nothing to nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.stacks.local_cloud import PARAMETERS, environment, local_cloud, outputs_of
from tests.support.stacks.local_stack import ROOT, wait_for

from run_ledger_ops import command
from run_ledger_ops.commands import deploy as deploy_command
from run_ledger_ops.deploying import site
from run_ledger_ops.deploying import template as templates
from run_ledger_ops.deploying.resource_metadata import resource_objects
from run_ledger_ops.local.machine.cloud import LocalCloud

pytestmark = pytest.mark.local_stack

Run = Callable[..., tuple[int, str, str]]

HERE = [f"{name}={value}" for name, value in PARAMETERS.items()]
TABLES = {
    f"run-ledger-one-{name}"
    for name in ("clients", "entries", "incidents", "jobs", "projects", "rejections", "rollups")
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Give a local AWS with nothing on it."""
    with local_cloud(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def run(
    cloud: LocalCloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    """Give a way to run the command against it, as somebody would against AWS."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(cloud).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.chdir(tmp_path)

    def run_ledger(*arguments: str) -> tuple[int, str, str]:
        code = command.main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run_ledger


def stacks(cloud: LocalCloud) -> dict[str, str]:
    """Return the stacks that are there and their states."""
    found = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return {one["StackName"]: one["StackStatus"] for one in found}


def tables(cloud: LocalCloud) -> set[str]:
    """Return the tables that are there."""
    return set(cloud.client("dynamodb").list_tables()["TableNames"])


def versions(cloud: LocalCloud, function: str) -> str:
    """Return the version that a function's alias points to."""
    alias = cloud.client("lambda").get_alias(FunctionName=function, Name="live")
    return str(alias["FunctionVersion"])


def test_plan_of_a_first_deployment_makes_nothing(cloud: LocalCloud, run: Run) -> None:
    """It says what would be made; there is no stack before and after."""
    code, out, _ = run("deploy", "--stage", "one", "--plan", *HERE)
    assert code == 0
    assert " to make:\n" in out
    assert "  make      JobsTable (DynamoDB::Table)\n" in out
    assert "Nothing was changed." in out
    assert stacks(cloud) == {}
    assert tables(cloud) == set()


def test_first_deployment_has_everything(cloud: LocalCloud, run: Run) -> None:
    """Stack, private bucket for artefacts, and the site with its configuration and headers.

    Once all is there, an update has tables and pool refuse to be deleted.
    """
    code, out, _ = run("deploy", "--stage", "one", *HERE)
    assert code == 0, out
    assert stacks(cloud) == {"run-ledger-one": "UPDATE_COMPLETE"}
    assert tables(cloud) == TABLES
    for name in TABLES:
        table = cloud.client("dynamodb").describe_table(TableName=name)["Table"]
        assert table["DeletionProtectionEnabled"] is True
    s3 = cloud.client("s3")
    artifacts = "run-ledger-artifacts-000000000000-eu-central-1"
    closed = s3.get_public_access_block(Bucket=artifacts)["PublicAccessBlockConfiguration"]
    assert set(closed.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=artifacts)["Status"] == "Enabled"

    outputs = outputs_of(cloud, "run-ledger-one")
    assert outputs["SiteUrl"] in out
    assert outputs["BusName"] in out
    assert "a machine saw it by the API" in out
    more = resource_objects(outputs["SiteUrl"], outputs["Issuer"], outputs["Scope"])
    served = {item.key: item for item in site.site_objects(ROOT / "static_site", {}, more)}
    assert f"assistants {outputs['McpUrl']}" in out
    kept = s3.list_objects_v2(Bucket=outputs["SiteBucketName"])["Contents"]
    assert {one["Key"] for one in kept} == set(served)
    for key in ("index.html", "main.js", "config.json"):
        head = s3.get_object(Bucket=outputs["SiteBucketName"], Key=key)
        assert head["CacheControl"] == "no-cache"
        assert head["ContentType"] == served[key].content_type
        if key == "config.json":
            config = json.loads(head["Body"].read())
    assert config["client_id"] == outputs["SiteClientId"]
    assert config["authorize_url"] == f"https://{outputs['UserPoolDomain']}/oauth2/authorize"
    assert (config["stage"], config["demo"]) == ("one", False)


def test_same_again_has_nothing_to_do(cloud: LocalCloud, run: Run) -> None:
    """Parameters need not be said again, and nothing is written or invalidated."""
    outputs = outputs_of(cloud, "run-ledger-one")
    before = invalidations(cloud, outputs["DistributionId"])
    code, out, _ = run("deploy", "--stage", "one")
    assert (code, "nothing to do" in out) == (0, True)
    assert outputs_of(cloud, "run-ledger-one") == outputs
    assert invalidations(cloud, outputs["DistributionId"]) == before == 1


def invalidations(cloud: LocalCloud, distribution: str) -> int:
    """Return how often CloudFront was told to forget."""
    found = cloud.client("cloudfront").list_invalidations(DistributionId=distribution)
    return len(found["InvalidationList"].get("Items", []))


def test_status_says_whether_all_is_well(cloud: LocalCloud, run: Run) -> None:
    """In a fresh stage nothing is wrong; dead letters and alarms are, rejected events are not."""
    code, out, err = run("status", "--stage", "one")
    assert (code, err) == (0, "")
    assert out.endswith("-one: nothing is wrong; have a look at: second factor, proof\n")
    parts = json.loads(run("status", "--stage", "one", "--json")[1])["parts"]
    well = ("stack", "API", "secrets", "jobs", "rejected", "queue", "dead letters", "alarms")
    assert {name: part["level"] for name, part in parts.items()} == {
        **dict.fromkeys(well, "well"),
        **dict.fromkeys(("second factor", "proof"), "look"),  # a local AWS has neither
    }
    assert parts["API"]["status"] == 401
    assert parts["jobs"]["running"] == parts["rejected"]["rejected_24h"] == 0

    outputs, sqs = outputs_of(cloud, "run-ledger-one"), cloud.client("sqs")
    sqs.send_message(QueueUrl=outputs["QueueUrl"], MessageBody="no event")
    sqs.send_message(QueueUrl=outputs["DlqUrl"], MessageBody="dead")
    alarm = "run-ledger-one-writer-rollout"
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test")

    def rejected() -> dict[str, Any] | None:
        code, out, _ = run("status", "--stage", "one", "--json")
        found: dict[str, Any] = json.loads(out)
        assert (code, found["is_well"]) == (1, False)
        return found["parts"] if found["parts"]["rejected"]["rejected_24h"] else None

    parts = wait_for("the rejected event", rejected, 60)
    assert parts["rejected"]["level"] == "look"
    assert (parts["dead letters"]["level"], parts["dead letters"]["writer"]) == ("wrong", 1)
    assert (parts["alarms"]["level"], parts["alarms"]["ringing"]) == ("wrong", [alarm])
    sqs.purge_queue(QueueUrl=outputs["DlqUrl"])
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="test")
    code, out, _ = run("status", "--stage", "one")
    assert (code, out.endswith("second factor, rejected, proof\n")) == (0, True)


def test_a_probe_tries_what_only_a_running_system_can_show(cloud: LocalCloud, run: Run) -> None:
    """Each part has a finding; what a local AWS can't show is named; nothing is left behind."""
    code, out, _ = run("status", "--stage", "one", "--probe", "--json")
    parts = json.loads(out)["parts"]
    tried = ("event", "counted once", "sign-in page", "secrets", "dashboard", "alarm")
    assert {name: parts[name]["level"] for name in tried} == dict.fromkeys(tried, "well"), parts
    assert code == 0
    assert parts["counted once"]["counted"] == 1
    assert (parts["alarm"]["fired"], parts["alarm"]["cleared"]) == (True, True)
    assert len(parts["dashboard"]["refused"]) == 0 < parts["dashboard"]["queries"]
    assert "CloudFront" in parts["not checked"]["words"]

    assert "event " in run("status", "--stage", "one", "--probe")[1]
    assert "run-ledger-live-check" not in run("apps", "list", "--stage", "one")[1]
    assert (
        json.loads(run("status", "--stage", "one", "--json")[1])["parts"]["alarms"]["ringing"] == []
    )


def test_status_of_what_is_not_there(run: Run) -> None:
    """It can't be told, which is another exit code than not being well."""
    code, _, err = run("status", "--stage", "nowhere")
    assert (code, "There is no stack run-ledger-nowhere" in err) == (2, True)


def test_changed_parameter_reaches_the_alias(cloud: LocalCloud, run: Run) -> None:
    """A plan says so and changes nothing; a deployment publishes a version and points to it."""
    _, out, _ = run("deploy", "--stage", "one", "--plan", "LogLevel=WARNING")
    assert "  change    WriterFunction (Lambda::Function): Environment\n" in out
    assert versions(cloud, "run-ledger-one-writer") == "1"
    code, out, _ = run("deploy", "--stage", "one", "--json", "LogLevel=WARNING")
    assert code == 0
    assert json.loads(out)["outputs"] == outputs_of(cloud, "run-ledger-one")
    live = cloud.client("lambda").get_function_configuration(
        FunctionName="run-ledger-one-writer", Qualifier="live"
    )
    assert (live["Version"], live["Environment"]["Variables"]["LOG_LEVEL"]) == ("2", "WARNING")
    before = cloud.client("lambda").get_function_configuration(
        FunctionName="run-ledger-one-writer", Qualifier="1"
    )
    assert before["Environment"]["Variables"]["LOG_LEVEL"] == "INFO"


def test_rolled_back_version_works_until_the_next_deployment(cloud: LocalCloud, run: Run) -> None:
    """CloudFormation knows where the aliases are, so the same deployment brings them on again."""
    functions = ("run-ledger-one-writer", "run-ledger-one-reader", "run-ledger-one-sweeper")
    code, out, err = run("rollback", "--stage", "one")
    assert code == 0, out + err
    assert [versions(cloud, one) for one in functions] == ["1", "1", "1"]
    code, out, _ = run("deploy", "--stage", "one")
    assert (code, "WriterFunctionAliaslive" in out) == (0, True)
    assert [versions(cloud, one) for one in functions] == ["2", "2", "2"]


def test_changed_site_is_uploaded_and_forgotten(
    cloud: LocalCloud, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What changed is written, what is gone is removed, and CloudFront is told once."""
    outputs = outputs_of(cloud, "run-ledger-one")
    s3, bucket = cloud.client("s3"), outputs["SiteBucketName"]
    s3.put_object(Bucket=bucket, Key="old.js", Body=b"1")
    before = invalidations(cloud, outputs["DistributionId"])
    code, out, _ = run("deploy", "--stage", "one")
    assert code == 0
    assert "The site: 0 files written, 1 removed." in out
    assert "old.js" not in {one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert invalidations(cloud, outputs["DistributionId"]) == before + 1


class BrokenQueue:
    """A reader of templates that gives the queue a setting that SQS refuses."""

    @staticmethod
    def read(path: Path) -> templates.Template:
        """Read a template and break it."""
        template = templates.read(path)
        text = template.text.replace("VisibilityTimeout: 240", "VisibilityTimeout: 999999")
        return templates.parse(text, template.folder)


def test_failed_update_says_why_and_goes_back(
    cloud: LocalCloud, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resource and its reason are printed; the stage works as before, and so does the next."""
    before = outputs_of(cloud, "run-ledger-one")
    with monkeypatch.context() as patch:
        patch.setattr(deploy_command, "templates", BrokenQueue)
        code, _, err = run("deploy", "--stage", "one")
    assert code == 1
    assert "UPDATE_ROLLBACK_COMPLETE" in err
    assert "UpdatesQueue (AWS::SQS::Queue)" in err
    assert stacks(cloud)["run-ledger-one"] == "UPDATE_ROLLBACK_COMPLETE"
    assert outputs_of(cloud, "run-ledger-one")["QueueUrl"] == before["QueueUrl"]
    assert run("deploy", "--stage", "one")[0] == 0


def test_stages_live_side_by_side(
    cloud: LocalCloud, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second stage has everything of its own, and destroying it leaves the first alone.

    Its first deployment fails, so that the next one has the empty stack to clear away.
    """
    ones = outputs_of(cloud, "run-ledger-one")
    with monkeypatch.context() as patch:
        patch.setattr(deploy_command, "templates", BrokenQueue)
        assert run("deploy", "--stage", "two", *HERE)[0] == 1
    assert stacks(cloud)["run-ledger-two"] == "ROLLBACK_COMPLETE"
    assert tables(cloud) == TABLES
    assert "without --plan" in run("deploy", "--stage", "two", "--plan")[2]
    assert run("deploy", "--stage", "two", *HERE)[0] == 0
    twos = outputs_of(cloud, "run-ledger-two")
    shared = {name for name in ones if ones[name] == twos[name]}
    assert shared == {"ActScope", "ReportScope", "Scope"}
    code, out, _ = run("destroy", "--stage", "two", "--with-data", "--confirm", "two")
    assert code == 0, out
    assert set(stacks(cloud)) == {"run-ledger-one"}
    assert tables(cloud) == TABLES
    buckets = {one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]}
    assert ones["SiteBucketName"] in buckets
    assert twos["SiteBucketName"] not in buckets
    assert outputs_of(cloud, "run-ledger-one") == ones


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Answer the next questions."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@pytest.mark.parametrize("said", [["two"], ["one", "no"], [""]])
def test_destroying_wants_the_name_twice(
    cloud: LocalCloud, run: Run, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """Any other answer leaves all as it is."""
    answers(monkeypatch, *said)
    code, _, err = run("destroy", "--stage", "one")
    assert (code, "nothing was done" in err) == (2, True)
    assert run("destroy", "--stage", "one", "--confirm", "two")[0] == 2
    assert set(stacks(cloud)) == {"run-ledger-one"}


def test_destroyed_stage_keeps_its_data_and_comes_back(
    cloud: LocalCloud, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables stay with what is in them; a new deployment takes them over only when told to."""
    dynamodb = cloud.client("dynamodb")
    mark: dict[str, Any] = {"pk": {"S": "acme"}, "sk": {"S": "profile"}, "name": {"S": "Acme"}}
    dynamodb.put_item(TableName="run-ledger-one-clients", Item=mark)
    answers(monkeypatch, "one", "one")
    code, out, _ = run("destroy", "--stage", "one")
    assert code == 0, out
    assert stacks(cloud) == {}
    assert tables(cloud) == TABLES
    assert "table run-ledger-one-jobs" in out.partition("What remains:")[2]
    assert "USD a month" in out

    code, _, err = run("deploy", "--stage", "one", *HERE)
    assert (code, "--adopt" in err) == (2, True)
    assert stacks(cloud) == {}
    code, out, err = run("deploy", "--stage", "one", "--adopt", *HERE)
    assert code == 0, out + err
    key = {"pk": {"S": "acme"}, "sk": {"S": "profile"}}
    assert dynamodb.get_item(TableName="run-ledger-one-clients", Key=key)["Item"] == mark


def test_data_goes_when_told_so(cloud: LocalCloud, run: Run) -> None:
    """Protected or not, tables and users are gone; a second time there is nothing to destroy."""
    code, out, _ = run("destroy", "--stage", "one", "--with-data", "--confirm", "one")
    assert code == 0, out
    assert tables(cloud) == set()
    pools = cloud.client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"]
    assert pools == []
    code, _, err = run("destroy", "--stage", "one", "--with-data", "--confirm", "one")
    assert (code, "There is no stack run-ledger-one" in err) == (2, True)


def test_site_comes_gets_a_host_name_and_goes(cloud: LocalCloud, run: Run) -> None:
    """A stage that was deployed without a site gets one later, and its bucket goes with it."""
    code, out, err = run("deploy", "--stage", "bare", "Site=false", *HERE)
    assert code == 0, out + err
    assert "site       none (Site=false)" in out
    bare = outputs_of(cloud, "run-ledger-bare")
    assert not {"SiteUrl", "SiteBucketName", "DistributionId"} & bare.keys()
    assert "There is no site: nothing to do." in run("deploy", "--stage", "bare")[1]
    assert run("status", "--stage", "bare")[0] == 0

    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0a-1"
    domain = ("SiteDomain=ledger.example.com", f"SiteCertificateArn={certificate}")
    code, out, err = run("deploy", "--stage", "bare", "Site=true", *domain)
    assert code == 0, out + err
    outputs = outputs_of(cloud, "run-ledger-bare")
    assert outputs["SiteUrl"] == "https://ledger.example.com"
    assert f"ledger.example.com has to lead to {outputs['SiteTarget']}" in out
    bucket = outputs["SiteBucketName"]
    assert cloud.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] > 20

    code, out, err = run("deploy", "--stage", "bare", "Site=false")
    assert code == 0, out + err
    assert f"Emptying the bucket {bucket}, which goes" in out
    assert bucket not in {one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]}
    kept = outputs_of(cloud, "run-ledger-bare")
    assert kept.keys() == bare.keys()
    # the API's refusals name the site: AWS changes them in place, the local AWS makes it anew
    assert {name for name in kept if kept[name] != bare[name]} <= {"ApiUrl", "McpUrl"}


def test_place_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing to deploy anywhere is one sentence with what helps."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    code, _, err = run("deploy", "--stage", "one")
    assert (code, "--region" in err) == (2, True)
    assert "is no AWS region" in run("deploy", "--region", "mars")[2]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, _, err = run("deploy", "--stage", "one", "--region", "eu-central-1")
    assert (code, "no AWS credentials were found" in err) == (2, True)
