"""The template is hardened: each promise holds for every resource that it concerns.

Asserted over the template as transformed, for what AWS gives by default and for a deployment that
says yes to every protection (`FULL`). A resource of a kind that nothing here knows fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.stacks.templates import (
    FULL,
    MADE_ANEW,
    OPTIONAL,
    listed,
    properties,
    resources,
    statements,
    transformed,
)

from run_ledger.domain.incidents.incident_events import SOURCE

KEY = {"Ref": "CustomerKeyArn"}
BOTH = pytest.mark.parametrize("parameters", [{}, FULL], ids=["default", "full"])
# Where each kind says which key encrypts what it stores.
ENCRYPTED = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Events::Archive": ("KmsKeyIdentifier",),
    "AWS::Events::EventBus": ("KmsKeyIdentifier",),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::S3::Bucket": (
        *("BucketEncryption", "ServerSideEncryptionConfiguration"),
        *(0, "ServerSideEncryptionByDefault", "KMSMasterKeyID"),
    ),
}
CHANNELS = {"ReadSecretsOfChannels", "ReadParametersOfChannels"}
WITHOUT_KEY = {
    "BusDeadLetterQueue",
    "RuleDeadLetterQueue",
    "AwsJobsDeadLetterQueue",
    "ActsDeadLetterQueue",
}
LOOKS = {
    *("ListExecutions", "LookAtExecutions", "LookAtMapRuns", "LookAtGlueRuns"),
    *("LookAtTasks", "LookAtInference", "ListJobs"),
}
TAGGED = {
    *("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"),
    *("AWS::CloudFront::Distribution", "AWS::Cognito::UserPool"),
    *("AWS::DynamoDB::Table", "AWS::Events::EventBus", "AWS::IAM::Role"),
    *("AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue"),
}
HOLDS_NOTHING = {  # and can be tagged by the stack's own tags at most
    *("AWS::ApiGateway::Account", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::RestApi"),
    *("AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route"),
    *("AWS::CloudFront::OriginAccessControl", "AWS::CloudFront::ResponseHeadersPolicy"),
    *("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::CodeDeploy::Application"),
    *("AWS::CodeDeploy::DeploymentGroup", "AWS::Cognito::ManagedLoginBranding"),
    *("AWS::Cognito::UserPoolClient", "AWS::Cognito::UserPoolDomain"),
    *("AWS::Cognito::UserPoolGroup", "AWS::Cognito::UserPoolResourceServer"),
    *("AWS::Events::Archive", "AWS::Events::EventBusPolicy", "AWS::Events::Rule"),
    *("AWS::IAM::ManagedPolicy", "AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig"),
    *("AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Lambda::Version"),
    "AWS::Lambda::Function",  # see test_versions.py
    *("AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy"),
    *("AWS::SQS::QueuePolicy", "AWS::WAFv2::WebACLAssociation"),
}
POLICIES = {  # of a resource, by its kind, and what each must deny without TLS
    "AWS::Events::EventBusPolicy": "events:PutEvents",
    "AWS::S3::BucketPolicy": "s3:*",
    "AWS::SNS::TopicPolicy": "sns:Publish",
    "AWS::SQS::QueuePolicy": "sqs:*",
}
GUARDED = {
    "AWS::Events::EventBus": "AWS::Events::EventBusPolicy",
    "AWS::S3::Bucket": "AWS::S3::BucketPolicy",
    "AWS::SNS::Topic": "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue": "AWS::SQS::QueuePolicy",
}


def policy_statements(of: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each statement of a resource policy: a bus has one, not in a document."""
    if "Statement" in of:
        yield of["Statement"]
    yield from statements(of)


@BOTH
def test_every_kind_of_resource_is_known(parameters: dict[str, str]) -> None:
    """What a new kind of resource must have is decided when it is added."""
    kinds = {resource["Type"] for resource in transformed(**parameters)["Resources"].values()}
    assert kinds <= ENCRYPTED.keys() | TAGGED | HOLDS_NOTHING


# --- encryption ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_a_customer_s_key_encrypts_all_that_is_stored(kind: str) -> None:
    """Each takes the key of the parameter, and none without one.

    But for the queues that take what EventBridge could not encrypt or decrypt with it.
    """
    assert resources(kind)
    for name, full in resources(kind, **FULL).items():
        if name in WITHOUT_KEY:
            continue
        value: Any = full
        for step in ENCRYPTED[kind]:
            value = value[step]
        assert value == KEY, name
        assert "CustomerKeyArn" not in str(properties(name, **OPTIONAL)), name


def test_without_a_key_aws_s_keys_encrypt() -> None:
    """Queues and bucket say so; tables, logs, bus and topic always are, and nothing is charged.

    SNS keeps messages on encrypted disks ("Data encryption" in its guide), and a key of one's own
    is a dollar a month.
    """
    (topic,) = resources("AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" not in topic
    for parameters in ({}, FULL):
        assert not resources("AWS::KMS::Key", **parameters)
    for table in resources("AWS::DynamoDB::Table").values():
        assert table["SSESpecification"] == {"SSEEnabled": False}
    for queue in resources("AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True
    for name, queue in resources("AWS::SQS::Queue", **FULL).items():
        assert ("SqsManagedSseEnabled" in queue) == (name in WITHOUT_KEY)
    for bucket in resources("AWS::S3::Bucket").values():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


def test_functions_may_use_the_key_and_no_other() -> None:
    """What they read and write is encrypted with it; the right goes to its ARN alone."""
    for name, role in resources("AWS::IAM::Role", **FULL).items():
        if name == "ApiGatewayLogRole" or "CodeDeploy" in name:
            continue
        (key,) = [s for s in statements(role) if s["Sid"] == "UseCustomerKey"]
        assert key["Resource"] == KEY
        assert key["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert "UseCustomerKey" not in str(properties(name, **OPTIONAL))


# --- policies of resources ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", GUARDED)
def test_plain_http_is_refused(kind: str) -> None:
    """Every bus, bucket, queue and topic denies everybody who comes without TLS."""
    guards = resources(GUARDED[kind])
    assert resources(kind)
    for name in resources(kind):
        denials = [
            statement
            for guard in guards.values()
            for statement in policy_statements(guard)
            if statement["Effect"] == "Deny" and _is_about(statement["Resource"], name)
        ]
        assert len(denials) == 1, name
        assert denials[0]["Principal"] == "*"
        assert denials[0]["Action"] == POLICIES[GUARDED[kind]]
        assert denials[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def _is_about(resource: object, name: str) -> bool:
    """Tell whether a policy's resource is the one of this logical name."""
    return re.search(rf"[^A-Za-z0-9]{name}[^A-Za-z0-9]", str(resource)) is not None


@BOTH
def test_services_come_for_our_resources_alone(parameters: dict[str, str]) -> None:
    """Whatever a resource policy allows, it allows to one service for one source."""
    allowed = [
        statement
        for kind in POLICIES
        for policy in resources(kind, **parameters).values()
        for statement in policy_statements(policy)
        if statement["Effect"] == "Allow"
    ]
    assert allowed
    for statement in allowed:
        assert list(statement["Principal"]) == ["Service"]
        (test, conditions), *_ = statement["Condition"].items()
        assert test in {"ArnEquals", "ArnLike", "StringEquals"}
        (source,) = [v for k, v in conditions.items() if k.lower() == "aws:sourcearn"]
        assert str(source).strip("*")
        assert "*" not in str(statement["Action"])
    for permission in resources("AWS::Lambda::Permission", **parameters).values():
        assert permission["SourceArn"]
        assert permission["Principal"] in {"apigateway.amazonaws.com", "events.amazonaws.com"}


def test_producers_may_report_and_nothing_else() -> None:
    """They may send to one bus, neither acts nor notices, and see that it is there.

    The policy's ARN is an output.
    """
    (policy,) = resources("AWS::IAM::ManagedPolicy").values()
    assert [(one["Action"], one["Resource"]) for one in statements(policy)] == [
        ("events:PutEvents", {"Fn::GetAtt": ["Bus", "Arn"]}),
        ("events:PutEvents", {"Fn::GetAtt": ["Bus", "Arn"]}),
        ("events:DescribeEventBus", {"Fn::GetAtt": ["Bus", "Arn"]}),
    ]
    allowed, denied, _ = statements(policy)
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    forged = {"events:source": [SOURCE, "run-ledger/act/*"]}
    assert denied["Condition"] == {"ForAnyValue:StringLike": forged}
    assert transformed()["Outputs"]["ProducerPolicyArn"]["Value"] == {"Ref": "ProducerPolicy"}


@BOTH
def test_no_policy_names_everything(parameters: dict[str, str]) -> None:
    """Roles and policies for roles name their actions and resources.

    But for the list of streams: IAM takes no resource for it.
    """
    kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    for kind in kinds:
        for name, policy in resources(kind, **parameters).items():
            for statement in statements(policy):
                if statement["Action"] == "dynamodb:ListStreams":
                    continue
                assert not [a for a in listed(statement["Action"]) if "*" in a], name
                if name == "AwsJobsRole" and statement["Sid"] in LOOKS:
                    # It reads what runs, by whatever the clients' file declares without a
                    # deployment; some of these actions know no resource at all.
                    assert all(_only_reads(a) for a in listed(statement["Action"]))
                    continue
                if name == "CourierRole" and statement["Sid"] in CHANNELS:
                    # Clients declare which secrets their channels have, without a deployment.
                    (resource,) = listed(statement["Resource"])
                    assert str(resource["Fn::Sub"]).endswith("run-ledger/${Stage}/*")
                    assert all(_only_reads(a) for a in listed(statement["Action"]))
                    continue
                if name == "PusherRole" and statement["Sid"] == "SpeakToPages":
                    # The sockets of one stage of our own API, whatever their ids are.
                    ends = {r["Fn::Sub"].partition("${PushApi}")[2] for r in statement["Resource"]}
                    assert ends == {"/push/POST/@connections/*", "/push/DELETE/@connections/*"}
                    continue
                assert not [r for r in listed(statement["Resource"]) if "*" in str(r)], name


def _only_reads(action: str) -> bool:
    """Tell whether an action lists, describes or gets something."""
    return re.match(r"[a-z]+:(List|Describe|Get)[A-Z]", action) is not None


# --- what is kept, and what is seen ---------------------------------------------------------------


@BOTH
def test_data_outlive_the_stack(parameters: dict[str, str]) -> None:
    """Tables and user pool are kept when the stack goes, and then refuse to be deleted by hand.

    By default they don't yet: what refuses to be deleted can't be rolled back either.
    """
    protects = "DeletionProtection" in parameters
    for name, resource in transformed(**parameters)["Resources"].items():
        if name in MADE_ANEW:
            assert resource["DeletionPolicy"] == "Delete"
        elif resource["Type"] in {"AWS::DynamoDB::Table", "AWS::Cognito::UserPool"}:
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
            assert resource["UpdateReplacePolicy"] == "Retain"
    for name, table in resources("AWS::DynamoDB::Table", **parameters).items():
        if name in MADE_ANEW:
            continue
        assert table["DeletionProtectionEnabled"] is protects
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    for pool in resources("AWS::Cognito::UserPool", **parameters).values():
        assert pool["DeletionProtection"] == ("ACTIVE" if protects else "INACTIVE")


@BOTH
def test_logs_are_kept_for_a_time(parameters: dict[str, str]) -> None:
    """Each group by the parameter; each function and the API have one."""
    groups = resources("AWS::Logs::LogGroup", **parameters)
    for group in groups.values():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    for function in resources("AWS::Lambda::Function", **parameters).values():
        assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups
    for stage in resources("AWS::ApiGateway::Stage", **parameters).values():
        assert stage["AccessLogSetting"]["DestinationArn"]["Fn::GetAtt"][0] in groups


def test_access_logs_of_the_site_are_kept_where_told() -> None:
    """Those of CloudFront and bucket name people's addresses, so they are asked for."""
    site, bucket = properties("Distribution"), properties("SiteBucket")
    assert "Logging" not in site["DistributionConfig"]
    assert "LoggingConfiguration" not in bucket
    full = properties("Distribution", **FULL)["DistributionConfig"]["Logging"]
    assert full["Bucket"] == {"Fn::Sub": "${AccessLogBucket}.s3.${AWS::URLSuffix}"}
    assert full["IncludeCookies"] is False
    logging = properties("SiteBucket", **FULL)["LoggingConfiguration"]
    assert logging["DestinationBucketName"] == {"Ref": "AccessLogBucket"}


def test_web_acls_stand_before_api_and_site_where_told() -> None:
    """A regional one for all that API Gateway has, a global one for CloudFront."""
    assert not resources("AWS::WAFv2::WebACLAssociation", Intake="true", Telling="true")
    acls = resources("AWS::WAFv2::WebACLAssociation", **FULL)
    stages = {
        "ApiWebAcl": ("Api", "ApiapiStage"),
        "IntakeWebAcl": ("IntakeApi", "IntakeApiintakeStage"),
        "DigestsWebAcl": ("DigestsApi", "DigestsApidigestsStage"),
    }
    assert acls.keys() == stages.keys()
    for name, (api, stage) in stages.items():
        assert acls[name]["WebACLArn"] == {"Ref": "ApiWebAclArn"}
        where = acls[name]["ResourceArn"]["Fn::Sub"]
        assert where.endswith(f"/restapis/${{{api}}}/stages/${{{stage}}}")
        assert stage in resources("AWS::ApiGateway::Stage", **FULL)
    assert "WebACLId" not in properties("Distribution")["DistributionConfig"]
    full = properties("Distribution", **FULL)["DistributionConfig"]
    assert full["WebACLId"] == {"Ref": "SiteWebAclArn"}


@BOTH
def test_load_is_bounded(parameters: dict[str, str]) -> None:
    """API and intake throttle, and no more writers run than was said; of the others, two."""
    for stage in resources("AWS::ApiGateway::Stage", **parameters).values():
        name = stage["StageName"].capitalize()
        (setting,) = stage["MethodSettings"]
        if name == "Digests":
            assert (setting["ThrottlingRateLimit"], setting["ThrottlingBurstLimit"]) == (10, 20)
            continue
        assert setting["ThrottlingRateLimit"] == {"Ref": f"{name}RequestsPerSecond"}
        assert setting["ThrottlingBurstLimit"] == {"Ref": f"{name}Burst"}
    for name, mapping in resources("AWS::Lambda::EventSourceMapping", **parameters).items():
        if "StreamArn" in str(mapping["EventSourceArn"]):
            continue  # one invocation at a time for each shard of its stream
        if name == "CourierFunctionDeliveries":
            assert mapping["ScalingConfig"]["MaximumConcurrency"] == 5
            continue
        if name in ("AwsJobsFunctionStateChanges", "TellerFunctionActs"):
            assert mapping["ScalingConfig"]["MaximumConcurrency"] == 2
            continue
        at_once = ["Writers", {"Ref": "WriterConcurrency"}, "AtOnce"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"] == {"Fn::FindInMap": at_once}


# --- people ---------------------------------------------------------------------------------------


def test_people_sign_in_well_guarded() -> None:
    """By invitation, with long passwords, a second factor that may be made a must, and briefly."""
    pool = properties("UserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["MfaConfiguration"] == {"Ref": "Mfa"}
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert "EmailConfiguration" not in properties("UserPool")
    assert properties("UserPool", **FULL)["EmailConfiguration"] == {
        "EmailSendingAccount": "DEVELOPER",
        "SourceArn": {"Ref": "MailIdentityArn"},
        "From": {"Ref": "MailFrom"},
    }
    assert transformed()["Parameters"]["Mfa"]["Default"] == "ON"
    assert "EnabledMfas" not in properties("UserPool", Mfa="OFF")
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    for kind in ("Lowercase", "Uppercase", "Numbers"):
        assert policy[f"Require{kind}"] is True
    assert policy["TemporaryPasswordValidityDays"] <= 7
    hours = {"minutes": 1 / 60, "hours": 1}
    for name, client in resources("AWS::Cognito::UserPoolClient").items():
        units = client["TokenValidityUnits"]
        assert client["AccessTokenValidity"] * hours[units["AccessToken"]] <= 4, name
        assert (
            client.get("RefreshTokenValidity", 0) * hours[units.get("RefreshToken", "hours")] <= 12
        )
        assert client["EnableTokenRevocation"] is True
        assert client["PreventUserExistenceErrors"] == "ENABLED"


@BOTH
def test_what_costs_or_holds_something_is_tagged(parameters: dict[str, str]) -> None:
    """With the application and the stage, so that bills and searches can tell them apart."""
    for name, resource in transformed(**parameters)["Resources"].items():
        if resource["Type"] not in TAGGED:
            continue
        of = resource["Properties"]
        tags = of.get("Tags") or of.get("UserPoolTags") or []
        if isinstance(tags, list):
            tags = {tag["Key"]: tag["Value"] for tag in tags}
        if "CodeDeploy" in name:
            continue
        assert (tags.get("application"), tags.get("stage")) == ("run-ledger", {"Ref": "Stage"}), (
            name
        )
