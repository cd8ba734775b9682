"""The template's functions: what they are made of, how they are rolled out, what they may do."""

from __future__ import annotations

import re

import pytest
from tests.support.stacks.templates import (
    DATA,
    EVERY_FUNCTION,
    FULL,
    FUNCTIONS,
    listed,
    properties,
    references,
    resources,
    rights_of,
    statements,
    transformed,
)

from run_ledger import writer
from run_ledger.domain.contract.bound_sources import bound_source
from run_ledger.domain.state.rollups import DAYS
from run_ledger.store.items.client_items import (
    CHANNEL_REFERENCES,
    REFERENCE,
)
from run_ledger.store.items.keys import REPORT_KEYS, REPORT_USE, SIGN_OUTS, app_key
from run_ledger.store.posting.reports import Report
from run_ledger.store.proof.frontier import PARTITION


@pytest.mark.parametrize("name", EVERY_FUNCTION)
def test_function_logs_to_a_group_that_forgets(name: str) -> None:
    """Each function writes JSON to a log group of its own that has a retention."""
    function = properties(name, **FULL)
    assert function["Runtime"] == {"Ref": "Runtime"}
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    group = properties(function["LoggingConfig"]["LogGroup"]["Ref"], **FULL)
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("name", ["WriterFunction", "ReaderFunction"])
def test_new_version_gets_its_work_step_by_step(name: str) -> None:
    """Work goes to an alias; CodeDeploy moves it on, or back when one of its alarms says so.

    A writer hands messages back that it could not post, which is no error of the function.
    """
    gradual = {"GradualRollout": "true"}
    alias = transformed(**gradual)["Resources"][f"{name}Aliaslive"]
    group = f"{name}DeploymentGroup"
    update = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["DeploymentGroupName"] == {"Ref": group}
    alarms = properties(group, **gradual)["AlarmConfiguration"]["Alarms"]
    watched = {properties(alarm["Name"]["Ref"])["MetricName"]: alarm for alarm in alarms}
    known = {"Errors", "FirstFailures"} if name == "WriterFunction" else {"Errors"}
    assert set(watched) == known
    for alarm in map(properties, (one["Name"]["Ref"] for one in alarms)):
        assert (alarm["Statistic"], alarm["Period"], alarm["Threshold"]) == ("Sum", 60, 1)
    errors = properties(watched["Errors"]["Name"]["Ref"])
    assert {"Name": "Resource", "Value": {"Fn::Sub": f"${{{name}}}:live"}} in errors["Dimensions"]
    version = alias["Properties"]["FunctionVersion"]
    assert {"Name": "ExecutedVersion", "Value": version} in errors["Dimensions"]

    at_once = transformed()["Resources"]
    assert "UpdatePolicy" not in at_once[f"{name}Aliaslive"]
    assert not [one for one in at_once.values() if one["Type"].startswith("AWS::CodeDeploy::")]


def test_one_poison_message_turns_no_rollout_back() -> None:
    """It comes back after the queue's timeout, so it fails in one of the alarm's minutes at most.

    Each attempt of its lies as far from the next as the timeout of "Amazon SQS visibility timeout"
    in SQS's guide; a version that fails everything does so in every minute that has events.
    """
    apart = properties("UpdatesQueue")["VisibilityTimeout"]
    attempts = range(
        0, apart * properties("UpdatesQueue")["RedrivePolicy"]["maxReceiveCount"], apart
    )
    for name in ("WriterRolloutAlarm", "WriterFailedRolloutAlarm"):
        alarm = properties(name)
        period, looked_at = alarm["Period"], alarm["EvaluationPeriods"]
        for offset in range(period):
            bad = {(offset + at) // period for at in attempts}
            most = max(sum(one + n in bad for n in range(looked_at)) for one in range(max(bad) + 1))
            assert most < alarm["DatapointsToAlarm"], name
        assert alarm["DatapointsToAlarm"] < looked_at, "a minute without events is no good news"


@pytest.mark.parametrize("name", EVERY_FUNCTION)
def test_changed_parameter_is_a_new_version(name: str) -> None:
    """A version holds settings, too: whichever parameter a function refers to publishes one.

    Only those: where nothing changed, Lambda refuses to publish, and the update fails.
    """
    versions = resources("AWS::Lambda::Version", **FULL)
    (version,) = (one for key, one in versions.items() if name in key)
    text, variables = version["Description"]["Fn::Sub"]
    named = set(re.findall(r"\$\{(\w+)\}", text)) - variables.keys() | references(variables)
    assert named == references(properties(name, **FULL)) & set(transformed()["Parameters"])


@pytest.mark.parametrize(
    ("minutes", "takes_back"),
    [
        (["1", "", "", "", "2", "", "", "", "3"], False),  # one that no version can post
        (["44444", "3", "72"], False),  # many that failed before the rollout began
        (["1", "2", "32"], False),  # and others that come back meanwhile
        (["1", "", "11"], True),  # a version that fails at what comes
    ],
)
def test_rollout_goes_on_while_poison_messages_come_back(
    minutes: list[str], *, takes_back: bool
) -> None:
    """The alarm counts messages that fail when they are delivered for the first time.

    SQS says how often a message was delivered in its attribute ApproximateReceiveCount, see
    "ReceiveMessage" in its API reference. Each digit stands for a message that failed in a minute.
    """
    alarm = properties("WriterFailedRolloutAlarm")
    breaching = []
    for minute in minutes:
        records = [
            {"messageId": str(number), "attributes": {"ApproximateReceiveCount": count}}
            for number, count in enumerate(minute)
        ]
        report = Report(failed_message_ids={one["messageId"] for one in records})
        failures = writer._first_failures({"Records": records}, report)
        breaching.append(failures >= alarm["Threshold"])
    looked_at = alarm["EvaluationPeriods"]
    worst = max(sum(breaching[at : at + looked_at]) for at in range(len(breaching)))
    assert (worst >= alarm["DatapointsToAlarm"]) is takes_back


def test_queue_feeds_the_alias() -> None:
    """The event source calls the version that the alias points to."""
    (mapping,) = resources("AWS::Lambda::EventSourceMapping").values()
    assert mapping["FunctionName"] == {"Ref": "WriterFunctionAliaslive"}


def test_functions_are_all_known() -> None:
    """A function that is added is tested."""
    assert set(resources("AWS::Lambda::Function")) == set(FUNCTIONS)
    assert set(resources("AWS::Lambda::Function", **FULL)) == set(EVERY_FUNCTION)


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
    roles = resources("AWS::IAM::Role", GradualRollout="true", ManageApiGatewayAccount="true")
    managed = {name: role.get("ManagedPolicyArns") for name, role in roles.items()}
    own = {"ApiGatewayLogRole", "CodeDeployServiceRole"}
    assert {name for name, arns in managed.items() if arns} == own
    assert set(managed) == own | {
        "WriterRole",
        "ReaderRole",
        "SweeperRole",
        "ProverRole",
        "CompactorRole",
    }
    for name in ("Writer", "Reader"):
        assert properties(f"{name}Function")["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}


def test_writer_posts_and_reads_back_and_no_more() -> None:
    """The writer can't scan or delete, queries logs alone, and knows nothing of clients."""
    ledger = {"dynamodb:BatchGetItem", "dynamodb:GetItem"}
    ledger |= {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert rights_of("WriterRole") == {
        "WriterLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "UpdatesQueue": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        "EntriesTable": ledger | {"dynamodb:Query"},
        "JobsTable": ledger,
        "ProjectsTable": ledger,
        "RollupsTable": ledger,
        "RejectionsTable": {"dynamodb:BatchWriteItem"},
    }


def test_reader_only_reads() -> None:
    """The reader gets items and queries tables and each of their indexes; it changes nothing."""
    rights = rights_of("ReaderRole")
    assert rights.pop("ReaderLogGroup") == {"logs:CreateLogStream", "logs:PutLogEvents"}
    reads = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
    # Of incidents no cause that waits is found: what is read is named by an index of incidents.
    # Only how channels do is queried in the table itself.
    assert rights.pop("IncidentsTable") == reads
    for name in ("by_time", "by_client", "by_open"):
        assert rights.pop(f"IncidentsTable/index/{name}") == {"dynamodb:Query"}
    for table in (one for one in DATA if one != "IncidentsTable"):
        assert rights.pop(table) == ({"dynamodb:Query"} if table == "ClientsTable" else reads)
        for index in properties(table).get("GlobalSecondaryIndexes", ()):
            assert rights.pop(f"{table}/index/{index['IndexName']}") == {"dynamodb:Query"}
    assert not rights


def test_intake_reports_for_clients_and_reads_who_may() -> None:
    """It gives the bus bound sources alone, and reads no client's configuration."""
    assert rights_of("IntakeRole", Intake="true") == {
        "IntakeLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "Bus": {"events:PutEvents"},
        "ClientsTable": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "UserPool": {"cognito-idp:AdminGetUser"},
    }
    conditions = {
        statement["Sid"]: statement.get("Condition")
        for statement in statements(properties("IntakeRole", Intake="true"))
    }
    assert conditions["ReportForClients"] == {
        "ForAllValues:StringLike": {"events:source": [bound_source("*"), "run-ledger/act/*"]}
    }
    for sid, keys in (
        ("ReadReportGrants", [app_key("*"), REPORT_KEYS]),
        ("CountUse", [f"{REPORT_USE}*"]),
    ):
        assert conditions[sid] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
    signed_out = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [SIGN_OUTS]}}
    assert conditions["ReadSignOuts"] == signed_out


def test_sweeper_queries_one_index_and_the_days() -> None:
    """No item, and of the rollups only the partition that says which days to look at."""
    assert rights_of("SweeperRole") == {
        "SweeperLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "JobsTable/index/by_outcome": {"dynamodb:Query"},
        "RollupsTable": {"dynamodb:Query"},
    }
    (days,) = [s for s in statements(properties("SweeperRole")) if s["Sid"] == "ReadDays"]
    assert days["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [DAYS]}}


def test_sweeper_runs_every_five_minutes_and_never_twice() -> None:
    """A sweep that failed is told by its metric, not tried again."""
    assert _schedule("sweep") == "rate(5 minutes)"
    assert _tries("SweeperFunction") == 0


def _schedule(name: str) -> str:
    """Return how often the schedule of that name calls."""
    (rate,) = (
        one["ScheduleExpression"]
        for one in resources("AWS::Events::Rule").values()
        if str(one["Name"]).endswith(f"-{name}'}}")
    )
    return str(rate)


def _tries(function: str) -> int:
    """Return how often a call of a schedule that failed is tried again."""
    (tries,) = (
        one["MaximumRetryAttempts"]
        for one in resources("AWS::Lambda::EventInvokeConfig").values()
        if one["FunctionName"] == {"Ref": function}
    )
    return int(tries)


def test_prover_reads_jobs_and_entries_and_changes_nothing_but_its_proof() -> None:
    """It may write one partition of the table of entries, which holds none."""
    assert rights_of("ProverRole") == {
        "ProverLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "JobsTable": {"dynamodb:BatchGetItem"},
        "JobsTable/index/by_client_outcome": {"dynamodb:Query"},
        "JobsTable/index/by_outcome": {"dynamodb:Query"},
        "ProjectsTable": {"dynamodb:BatchGetItem"},
        "ProjectsTable/index/by_client": {"dynamodb:Query"},
        "RollupsTable": {"dynamodb:Query"},
        "EntriesTable": {
            *("dynamodb:GetItem", "dynamodb:Query"),
            *("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
        },
    }
    conditions = {
        statement["Sid"]: statement.get("Condition")
        for statement in statements(properties("ProverRole"))
    }
    mine = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [PARTITION]}}
    assert conditions["KeepTheProof"] == mine
    assert _schedule("prove") == "rate(15 minutes)"
    assert _tries("ProverFunction") == 0


def test_compactor_changes_rollup_rows_alone() -> None:
    """It reads and writes one table, and nothing that tells whose a total is."""
    assert rights_of("CompactorRole") == {
        "CompactorLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "RollupsTable": {
            *("dynamodb:DeleteItem", "dynamodb:PutItem"),
            *("dynamodb:Query", "dynamodb:UpdateItem"),
        },
    }
    assert _schedule("compact") == "rate(1 hour)"
    assert _tries("CompactorFunction") == 0


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
        "ForAnyValue:StringEquals": {"dynamodb:Attributes": [REFERENCE, CHANNEL_REFERENCES]}
    }
    assert allowed["Action"] == "dynamodb:Query"
    assert "dynamodb:Query" in denied["Action"]
