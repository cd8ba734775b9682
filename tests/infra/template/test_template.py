"""The template holds what the design promises: tools accept it, data and rights are as told."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cfnlint.api import lint_file
from tests.support.stacks.templates import (
    DATA,
    FULL,
    ROOT,
    TEMPLATE,
    properties,
    resources,
    source,
    statements,
    transformed,
)

EXPIRING = {"EntriesTable", "RejectionsTable", "IncidentsTable"}
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


def test_outputs_are_complete() -> None:
    """Whoever deploys finds every name and address that the other parts need."""
    full = {"CustomerKeyArn": FULL["CustomerKeyArn"], "StackMachineClient": "true"}
    more = set(transformed(**full)["Outputs"]) - set(transformed()["Outputs"])
    assert more == {"BusDlqUrl", "MachineClientId"}
    assert set(transformed()["Outputs"]) - set(transformed(OpsDashboard="false")["Outputs"]) == {
        "DashboardName"
    }
    assert set(transformed(Intake="true")["Outputs"]) - set(transformed()["Outputs"]) == {
        "IntakeUrl",
        "IntakeFunctionName",
    }
    assert set(transformed(AwsJobs="true")["Outputs"]) - set(transformed()["Outputs"]) == {
        "AwsJobsQueueUrl",
        "AwsJobsDlqUrl",
        "AwsJobsFunctionName",
    }
    assert set(transformed(Telling="true")["Outputs"]) - set(transformed()["Outputs"]) == {
        "TellerFunctionName",
        "TellerDlqUrl",
        "CourierFunctionName",
        "DigesterFunctionName",
        "DigestOffFunctionName",
        "DigestsUrl",
        "DeliveriesQueueUrl",
        "DeliveriesDlqUrl",
        "ActsQueueUrl",
        "ActsDlqUrl",
    }
    assert set(transformed(Push="true")["Outputs"]) - set(transformed()["Outputs"]) == {
        "PushUrl",
        "PusherFunctionName",
        "ListenersTable",
    }
    assert set(transformed()["Outputs"]) == {
        *(
            "BusName",
            "BusArn",
            "ProducerPolicyArn",
            "AlarmTopicArn",
            "DashboardName",
            "QueueUrl",
            "DlqUrl",
            "RuleDlqUrl",
            "ApiUrl",
            "SiteBucketName",
            "SiteUrl",
            "SiteTarget",
        ),
        *("DistributionId", "UserPoolId", "UserPoolDomain", "Issuer", "Scope", "SiteClientId"),
        "ReportScope",
        "ActScope",
        "McpUrl",
        *(
            "DashboardClientId",
            "WriterFunctionName",
            "ReaderFunctionName",
            "SweeperFunctionName",
            "ProverFunctionName",
            "CompactorFunctionName",
        ),
        *DATA,
    }


# --- events -------------------------------------------------------------------------------------


def test_rule_is_loose_and_loses_nothing() -> None:
    """The rule looks at the detail-type alone; what it can't deliver is kept."""
    rule = properties("UpdatesRule")
    assert rule["EventPattern"] == {"detail-type": ["job_update", "project_update", "probe"]}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["UpdatesQueue", "Arn"]}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["RuleDeadLetterQueue", "Arn"]}
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 86400,
        "MaximumRetryAttempts": 185,
    }


def test_writer_cannot_meet_its_own_message_again() -> None:
    """A message stays hidden for at least six times the writer's timeout, and the window besides.

    As "Creating and configuring an Amazon SQS event source mapping" in Lambda's guide asks.
    """
    visible_again = properties("UpdatesQueue")["VisibilityTimeout"]
    window = source()["Parameters"]["BatchWindowSeconds"]["MaxValue"]
    assert visible_again >= 6 * properties("WriterFunction")["Timeout"] + window


def test_writer_takes_batches_and_reports_failures_one_by_one() -> None:
    """The event source batches, caps the writers at the shards of totals, and fails in part."""
    (event_source,) = resources("AWS::Lambda::EventSourceMapping").values()
    assert event_source["EventSourceArn"] == {"Fn::GetAtt": ["UpdatesQueue", "Arn"]}
    assert event_source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert event_source["BatchSize"] == 200
    assert event_source["MaximumBatchingWindowInSeconds"] == {"Ref": "BatchWindowSeconds"}
    at_once = {"Fn::FindInMap": ["Writers", {"Ref": "WriterConcurrency"}, "AtOnce"]}
    assert event_source["ScalingConfig"] == {"MaximumConcurrency": at_once}
    choices = source()["Parameters"]["WriterConcurrency"]["AllowedValues"]
    assert source()["Mappings"]["Writers"] == {str(one): {"AtOnce": one} for one in choices}
    for name in ("WriterFunction", "ReaderFunction"):
        shards = properties(name)["Environment"]["Variables"]["ROLLUP_SHARDS"]
        assert shards == {"Ref": "RollupShards"}
    parameters = source()["Parameters"]
    assert parameters["BatchWindowSeconds"]["MinValue"] == 1
    assert parameters["WriterConcurrency"]["Default"] <= parameters["RollupShards"]["Default"]
    assert parameters["RollupShards"]["MinValue"] == parameters["RollupShards"]["Default"]


def test_failed_messages_wait_in_a_queue_of_their_own() -> None:
    """Dead letters are kept for fourteen days, what waits for seven, so that as many are left.

    A message's expiry counts from its first enqueue, in the dead-letter queue, too ("Using
    dead-letter queues in Amazon SQS" in SQS's guide).
    """
    dead = properties("UpdatesQueue")["RedrivePolicy"]
    assert dead["deadLetterTargetArn"] == {"Fn::GetAtt": ["UpdatesDeadLetterQueue", "Arn"]}
    assert dead["maxReceiveCount"] >= 5
    for name in QUEUES:
        days = 7 if name == "UpdatesQueue" else 14
        assert properties(name)["MessageRetentionPeriod"] == days * 86400
        assert properties(name)["SqsManagedSseEnabled"] is True


def test_what_the_bus_cannot_decrypt_is_kept_under_another_key() -> None:
    """With a customer's key, the bus has a dead-letter queue that does not fail with it.

    EventBridge sends there what it can't encrypt or decrypt on the bus, and to the target's what it
    can't on the way to the target ("Using dead-letter queues to capture encrypted event errors" in
    EventBridge's guide). So neither queue may need that key.
    """
    full = {"CustomerKeyArn": FULL["CustomerKeyArn"]}
    queue = {"Fn::GetAtt": ["BusDeadLetterQueue", "Arn"]}
    assert properties("Bus", **full)["DeadLetterConfig"] == {"Arn": queue}
    assert "DeadLetterConfig" not in properties("Bus")
    assert "BusDeadLetterQueue" not in resources("AWS::SQS::Queue")
    for name in ("BusDeadLetterQueue", "RuleDeadLetterQueue"):
        kept = properties(name, **full)
        assert kept["SqsManagedSseEnabled"] is True
        assert "KmsMasterKeyId" not in kept
        assert kept["MessageRetentionPeriod"] == 14 * 86400
    allowed, denied = statements(properties("BusDeadLetterQueuePolicy", **full))
    assert (allowed["Principal"], allowed["Resource"]) == (
        {"Service": "events.amazonaws.com"},
        queue,
    )
    source_arn = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert source_arn.endswith(":event-bus/" + properties("Bus")["Name"]["Fn::Sub"])
    assert (denied["Effect"], denied["Resource"]) == ("Deny", queue)


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
    """Tables are encrypted, restorable, billed by request, protected if told, and outlive all."""
    resource, table = transformed()["Resources"][name], properties(name)
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    # AWS's own key; true would be the account's key for DynamoDB, and KMS's charges apply ("AWS::
    # DynamoDB::Table SSESpecification" in CloudFormation's reference).
    assert table["SSESpecification"] == {"SSEEnabled": False}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    cheaper = properties(name, PointInTimeRecovery="false")["PointInTimeRecoverySpecification"]
    assert cheaper == {"PointInTimeRecoveryEnabled": False}
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"
    for value, is_protected in (("true", True), ("false", False), ("later", False)):
        found = properties(name, DeletionProtection=value)["DeletionProtectionEnabled"]
        assert found is is_protected
    assert table["DeletionProtectionEnabled"] is False, "a first deployment could not roll back"
    expiry = {"AttributeName": "expires_at", "Enabled": True} if name in EXPIRING else None
    assert table.get("TimeToLiveSpecification") == expiry


def test_tables_are_all_known() -> None:
    """A table that is added is tested."""
    assert set(resources("AWS::DynamoDB::Table")) == set(DATA)


def test_counting_costs_no_index_write() -> None:
    """The indexes of jobs hold nothing that each delta changes.

    Those that have the outcome in their key, or are never asked for it, don't hold it again. Two
    tell which jobs have stalled, by a slot of five minutes, in which all deltas change them once,
    and when and of what they ended.
    """
    kept = {"client_id", "project_id", "pipeline"}
    more = {
        "by_project": {"outcome"},
        "by_parent": {"outcome"},
        "by_client_parent": {"outcome"},
        "by_outcome": {"seen_slot", "heartbeat", "ended_at", "fingerprint"},
        "by_client_outcome": {"seen_slot", "heartbeat", "ended_at", "fingerprint"},
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
    """Even the shortest TTL is longer than archive, rule, dead letter and one redrive together.

    A dead letter's time runs from when it was first queued, so the queue adds nothing to it; a
    redrive queues anew.
    """
    parameters = source()["Parameters"]
    rule = (
        properties("UpdatesRule")["Targets"][0]["RetryPolicy"]["MaximumEventAgeInSeconds"] / 86400
    )
    queue, dead = (
        properties(name)["MessageRetentionPeriod"] / 86400
        for name in ("UpdatesQueue", "UpdatesDeadLetterQueue")
    )
    redrive = max(queue, dead)
    longest = parameters["ArchiveDays"]["MaxValue"] + rule + max(queue, dead) + redrive
    assert parameters["EntryTtlDays"]["MinValue"] > longest
