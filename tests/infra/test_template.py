"""The template holds what the design promises: tools accept it, data and rights are as told."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cfnlint.api import lint_file
from tests.support.templates import (
    ROOT,
    TEMPLATE,
    listed,
    properties,
    resources,
    source,
    statements,
    transformed,
)

from run_ledger.domain.rollups import DAYS

DATA = [
    "EntriesTable",
    "JobsTable",
    "ProjectsTable",
    "ClientsTable",
    "RollupsTable",
    "RejectionsTable",
]
EXPIRING = {"EntriesTable", "RejectionsTable"}
FUNCTIONS = ["WriterFunction", "ReaderFunction", "SweeperFunction"]
QUEUES = ["UpdatesQueue", "UpdatesDeadLetterQueue", "RuleDeadLetterQueue"]


# --- tools --------------------------------------------------------------------------------------


def test_cfn_lint_has_nothing_to_say() -> None:
    """cfn-lint finds no error and no warning."""
    assert [str(finding) for finding in lint_file(TEMPLATE)] == []


def test_sam_validates(tmp_path: Path) -> None:
    """The SAM command line, which deploys the template, takes it, lint and all."""
    home = {"HOME": str(tmp_path), "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-central-1"}
    validation = subprocess.run(
        [_sam(), "validate", "--lint", "--template-file", str(TEMPLATE)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], **home},
    )
    assert validation.returncode == 0, validation.stdout + validation.stderr


def _sam() -> str:
    """Return the path of the SAM command line; where it must be there, its absence fails."""
    ours = ROOT / ".venvs" / "tools" / "bin" / "sam"
    found = os.environ.get("SAM_CLI") or shutil.which("sam") or (str(ours) if ours.exists() else "")
    if not found:
        reason = f"no sam: neither SAM_CLI nor PATH nor {ours} has it, so nothing was validated"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.mark.parametrize("archive_days", ["0", "30"])
@pytest.mark.parametrize("login_pages", ["managed", "classic"])
def test_every_reference_leads_somewhere(archive_days: str, login_pages: str) -> None:
    """However the conditions fall, nothing refers to a resource that is not there."""
    given = {"ArchiveDays": archive_days, "LoginPages": login_pages}
    template = transformed(**given, TlsOnly="false", ManageApiGatewayAccount="false")
    there = {*template["Resources"], *template["Parameters"]}
    wanted = {*_references(template["Resources"]), *_references(template["Outputs"])}
    assert {name for name in wanted if not name.startswith("AWS::")} <= there


def _references(part: object) -> set[str]:
    match part:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case dict():
            return set().union(*map(_references, part.values()))
        case list():
            return set().union(*map(_references, part))
        case _:
            return set()


def test_outputs_are_complete() -> None:
    """Whoever deploys finds every name and address that the other parts need."""
    assert set(transformed()["Outputs"]) == {
        *(
            "BusName",
            "BusArn",
            "ProducerPolicyArn",
            "AlarmTopicArn",
            "QueueUrl",
            "DlqUrl",
            "RuleDlqUrl",
            "ApiUrl",
            "SiteBucketName",
            "SiteUrl",
        ),
        *("DistributionId", "UserPoolId", "UserPoolDomain", "Issuer", "Scope", "SiteClientId"),
        *(
            "DashboardClientId",
            "MachineClientId",
            "WriterFunctionName",
            "ReaderFunctionName",
            "SweeperFunctionName",
        ),
        *DATA,
    }


# --- events -------------------------------------------------------------------------------------


def test_rule_is_loose_and_loses_nothing() -> None:
    """The rule looks at the detail-type alone; what it can't deliver is kept."""
    rule = properties("UpdatesRule")
    assert rule["EventPattern"] == {"detail-type": ["job_update", "project_update"]}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["UpdatesQueue", "Arn"]}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["RuleDeadLetterQueue", "Arn"]}
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 86400,
        "MaximumRetryAttempts": 185,
    }


def test_writer_cannot_meet_its_own_message_again() -> None:
    """A message stays hidden for at least six times the writer's timeout."""
    visible_again = properties("UpdatesQueue")["VisibilityTimeout"]
    assert visible_again >= 6 * properties("WriterFunction")["Timeout"]


def test_writer_takes_batches_and_reports_failures_one_by_one() -> None:
    """The event source batches, caps the writers at the shards of totals, and fails in part."""
    (event_source,) = resources("AWS::Lambda::EventSourceMapping").values()
    assert event_source["EventSourceArn"] == {"Fn::GetAtt": ["UpdatesQueue", "Arn"]}
    assert event_source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert (event_source["BatchSize"], event_source["MaximumBatchingWindowInSeconds"]) == (100, 1)
    shards = properties("WriterFunction")["Environment"]["Variables"]["ROLLUP_SHARDS"]
    assert event_source["ScalingConfig"] == {"MaximumConcurrency": int(shards)}


def test_failed_messages_wait_in_a_queue_of_their_own() -> None:
    """Queues keep messages for fourteen days, and the writer's has a dead-letter queue."""
    dead = properties("UpdatesQueue")["RedrivePolicy"]
    assert dead["deadLetterTargetArn"] == {"Fn::GetAtt": ["UpdatesDeadLetterQueue", "Arn"]}
    assert dead["maxReceiveCount"] >= 5
    for name in QUEUES:
        assert properties(name)["MessageRetentionPeriod"] == 14 * 86400
        assert properties(name)["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("queue", QUEUES)
def test_queue_refuses_plain_http(queue: str) -> None:
    """Each queue's policy denies everybody who comes without TLS."""
    (denial,) = [s for s in statements(properties(f"{queue}Policy")) if s["Effect"] == "Deny"]
    assert denial["Principal"] == "*"
    assert denial["Action"] == "sqs:*"
    assert denial["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("queue", ["UpdatesQueue", "RuleDeadLetterQueue"])
def test_only_our_rule_sends_to_the_queue(queue: str) -> None:
    """EventBridge may send for our rule, not for anybody's."""
    (allowed,) = [s for s in statements(properties(f"{queue}Policy")) if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    rule = {"Fn::GetAtt": ["UpdatesRule", "Arn"]}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}


def test_bus_is_archived() -> None:
    """What was put on the bus can be replayed, unless a deployment says otherwise."""
    (archive,) = resources("AWS::Events::Archive").values()
    assert archive["SourceArn"] == {"Fn::GetAtt": ["Bus", "Arn"]}
    assert not resources("AWS::Events::Archive", ArchiveDays="0")


# --- tables -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DATA)
def test_table_is_safe(name: str) -> None:
    """Tables are encrypted, restorable, billed by request, protected, and outlive the stack."""
    resource, table = transformed()["Resources"][name], properties(name)
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert table["DeletionProtectionEnabled"] is True
    assert properties(name, DeletionProtection="false")["DeletionProtectionEnabled"] is False
    expiry = {"AttributeName": "expires_at", "Enabled": True} if name in EXPIRING else None
    assert table.get("TimeToLiveSpecification") == expiry


def test_tables_are_all_known() -> None:
    """A table that is added is tested."""
    assert set(resources("AWS::DynamoDB::Table")) == set(DATA)


def test_counting_costs_no_index_write() -> None:
    """The indexes of jobs hold nothing that each delta changes.

    Those that have the outcome in their key, or are never asked for it, don't hold it again. Two
    tell which jobs have stalled, by a slot of five minutes, in which all deltas change them once.
    """
    kept = {"client_id", "project_id", "pipeline"}
    more = {
        "by_project": {"outcome"},
        "by_parent": {"outcome"},
        "by_client_parent": {"outcome"},
        "by_outcome": {"seen_slot", "heartbeat"},
        "by_client_outcome": {"seen_slot", "heartbeat"},
    }
    hashes = {}
    for index in properties("JobsTable")["GlobalSecondaryIndexes"]:
        partition, order = (key["AttributeName"] for key in index["KeySchema"])
        hashes[index["IndexName"]] = partition
        assert order == "ck"
        assert index["Projection"]["ProjectionType"] == "INCLUDE"
        shown = kept - {partition} | more.get(index["IndexName"], set())
        assert set(index["Projection"]["NonKeyAttributes"]) == shown
    assert hashes == {
        "by_day": "day_shard",
        "by_client": "client_id",
        "by_project": "project_id",
        "by_parent": "parent_job_id",
        "by_outcome": "outcome_day",
        "by_client_outcome": "client_outcome",
        "by_client_project": "client_project",
        "by_client_parent": "client_parent",
    }


def test_entries_outlive_every_late_copy() -> None:
    """Even the shortest TTL is longer than archive, rule, queue and one redrive together."""
    parameters = source()["Parameters"]
    rule, queue, redrive = 1, 14, 14
    longest = parameters["ArchiveDays"]["MaxValue"] + rule + queue + redrive
    assert parameters["EntryTtlDays"]["MinValue"] > longest


# --- functions and what they may do -------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_logs_to_a_group_that_forgets(name: str) -> None:
    """Each function writes JSON to a log group of its own that has a retention."""
    function = properties(name)
    assert function["Runtime"] == {"Ref": "Runtime"}
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    group = properties(function["LoggingConfig"]["LogGroup"]["Ref"])
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("name", ["WriterFunction", "ReaderFunction"])
def test_new_version_gets_its_work_step_by_step(name: str) -> None:
    """Work goes to an alias; CodeDeploy moves it on, or back when its alarm says so."""
    gradual = {"GradualRollout": "true"}
    alias = transformed(**gradual)["Resources"][f"{name}Aliaslive"]
    group = f"{name}DeploymentGroup"
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["DeploymentGroupName"] == {"Ref": group}
    ((alarm,),) = (properties(group, **gradual)["AlarmConfiguration"]["Alarms"],)
    watched = properties(alarm["Name"]["Ref"])
    assert (watched["MetricName"], watched["Period"], watched["Threshold"]) == ("Errors", 60, 1)
    assert {"Name": "Resource", "Value": {"Fn::Sub": f"${{{name}}}:live"}} in watched["Dimensions"]

    at_once = transformed()["Resources"]
    assert "UpdatePolicy" not in at_once[f"{name}Aliaslive"]
    assert not [one for one in at_once.values() if one["Type"].startswith("AWS::CodeDeploy::")]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_changed_parameter_is_a_new_version(name: str) -> None:
    """A version holds settings, too: whichever parameter a function refers to publishes one.

    Only those: where nothing changed, Lambda refuses to publish, and the update fails.
    """
    (version,) = (one for key, one in resources("AWS::Lambda::Version").items() if name in key)
    named = set(re.findall(r"\$\{(\w+)\}", version["Description"]["Fn::Sub"]))
    assert named == _references(properties(name)) & set(transformed()["Parameters"])


def test_queue_feeds_the_alias() -> None:
    """The event source calls the version that the alias points to."""
    (mapping,) = resources("AWS::Lambda::EventSourceMapping").values()
    assert mapping["FunctionName"] == {"Ref": "WriterFunctionAliaslive"}


def test_functions_are_all_known() -> None:
    """A function that is added is tested."""
    assert set(resources("AWS::Lambda::Function")) == set(FUNCTIONS)


def test_functions_are_told_their_tables() -> None:
    """Writer and reader know their tables by name; the writer is not told of clients."""
    names = {f"{name.removesuffix('Table').upper()}_TABLE": {"Ref": name} for name in DATA}
    told = properties("ReaderFunction")["Environment"]["Variables"]
    assert {key: told.get(key) for key in names} == names
    assert told["CURSOR_KEY"] == {"Ref": "AWS::StackId"}
    told = properties("WriterFunction")["Environment"]["Variables"]
    assert "CLIENTS_TABLE" not in told
    assert {key: told.get(key) for key in names if key != "CLIENTS_TABLE"} == {
        key: table for key, table in names.items() if key != "CLIENTS_TABLE"
    }


def test_no_right_is_a_wildcard() -> None:
    """Roles name each action and each resource."""
    for name, role in resources("AWS::IAM::Role").items():
        for statement in statements(role):
            assert not [a for a in listed(statement["Action"]) if "*" in a], name
            assert not [r for r in listed(statement["Resource"]) if "*" in str(r)], name


def test_functions_have_no_policy_of_amazons() -> None:
    """Only API Gateway and CodeDeploy, which serve themselves, get a managed policy."""
    roles = resources("AWS::IAM::Role", GradualRollout="true")
    managed = {name: role.get("ManagedPolicyArns") for name, role in roles.items()}
    own = {"ApiGatewayLogRole", "CodeDeployServiceRole"}
    assert {name for name, arns in managed.items() if arns} == own
    assert set(managed) == own | {"WriterRole", "ReaderRole", "SweeperRole"}
    for name in ("Writer", "Reader"):
        assert properties(f"{name}Function")["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}


def _rights(role: str) -> dict[str, set[str]]:
    """Return what a role may do to each table, by the table's logical name."""
    rights: dict[str, set[str]] = {}
    for statement in statements(properties(role)):
        if statement["Effect"] == "Allow":
            for resource in listed(statement["Resource"]):
                match resource:
                    case {"Fn::GetAtt": [name, "Arn"]}:
                        rights.setdefault(name, set()).update(listed(statement["Action"]))
                    case {"Fn::Sub": text}:
                        name = text.replace("${", "").replace(".Arn}", "")
                        rights.setdefault(name, set()).update(listed(statement["Action"]))
    return rights


def test_writer_posts_and_reads_back_and_no_more() -> None:
    """The writer can't query, scan or delete, and knows nothing of clients."""
    ledger = {"dynamodb:BatchGetItem", "dynamodb:GetItem"}
    ledger |= {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert _rights("WriterRole") == {
        "WriterLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "UpdatesQueue": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        "EntriesTable": ledger,
        "JobsTable": ledger,
        "ProjectsTable": ledger,
        "RollupsTable": ledger,
        "RejectionsTable": {"dynamodb:PutItem"},
    }


def test_reader_only_reads() -> None:
    """The reader gets items and queries tables and each of their indexes; it changes nothing."""
    rights = _rights("ReaderRole")
    assert rights.pop("ReaderLogGroup") == {"logs:CreateLogStream", "logs:PutLogEvents"}
    reads = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
    for table in DATA:
        assert rights.pop(table) == (
            reads - {"dynamodb:BatchGetItem"} if table == "ClientsTable" else reads
        )
        for index in properties(table).get("GlobalSecondaryIndexes", ()):
            assert rights.pop(f"{table}/index/{index['IndexName']}") == {"dynamodb:Query"}
    assert not rights


def test_sweeper_queries_one_index_and_the_days() -> None:
    """No item, and of the rollups only the partition that says which days to look at."""
    assert _rights("SweeperRole") == {
        "SweeperLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "JobsTable/index/by_outcome": {"dynamodb:Query"},
        "RollupsTable": {"dynamodb:Query"},
    }
    (days,) = [s for s in statements(properties("SweeperRole")) if s["Sid"] == "ReadDays"]
    assert days["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [DAYS]}}


def test_sweeper_runs_every_five_minutes_and_never_twice() -> None:
    """A sweep that failed is told by its metric, not tried again."""
    (rule,) = (one for one in resources("AWS::Events::Rule").values() if "EventPattern" not in one)
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    (invocation,) = resources("AWS::Lambda::EventInvokeConfig").values()
    assert invocation["MaximumRetryAttempts"] == 0


def test_reader_never_sees_where_secrets_lie() -> None:
    """The reader has to name the attributes of clients, and secret_ref is denied to it."""
    clients = {"Fn::GetAtt": ["ClientsTable", "Arn"]}
    allowed, denied = (
        next(
            s
            for s in statements(properties("ReaderRole"))
            if s["Effect"] == effect and s["Resource"] == clients
        )
        for effect in ("Allow", "Deny")
    )
    assert allowed["Condition"] == {"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}}
    assert denied["Condition"] == {
        "ForAnyValue:StringEquals": {"dynamodb:Attributes": ["secret_ref"]}
    }
    assert set(allowed["Action"]) <= set(denied["Action"])
