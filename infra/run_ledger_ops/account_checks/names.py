"""How long the names are that a stage's resources get, against the most that AWS takes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage

LIMITS: Mapping[tuple[str, str], int] = {
    ("AWS::ApiGatewayV2::Api", "Name"): 128,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::CloudFront::OriginAccessControl", "Name"): 64,
    ("AWS::CloudFront::ResponseHeadersPolicy", "Name"): 128,
    ("AWS::Cognito::UserPool", "UserPoolName"): 128,
    ("AWS::Cognito::UserPoolDomain", "Domain"): 63,
    ("AWS::DynamoDB::Table", "TableName"): 255,
    ("AWS::Events::Archive", "ArchiveName"): 48,
    ("AWS::Events::EventBus", "Name"): 256,
    ("AWS::Events::Rule", "Name"): 64,
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"): 128,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::SNS::Topic", "DisplayName"): 100,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::SQS::Queue", "QueueName"): 80,
    ("AWS::Serverless::Api", "Name"): 1_024,
    ("AWS::Serverless::Function", "FunctionName"): 64,
    ("Schedule", "Name"): 64,
}
"""The most characters that AWS takes, by type and property: a test compares them with AWS's own."""
_NAMES = frozenset(name for _, name in LIMITS)
_PLACE = re.compile(r"\$\{([A-Za-z:]+)\}")
_LONGEST_SUFFIX = "0123456789ab"  # the last part of a stack's id


def look(region: str, planned: PlannedStage) -> Looked:
    """Say which names would be too long for this stage in this region."""
    values = {"Stage": planned.name, "AWS::Region": region, "Suffix": _LONGEST_SUFFIX}
    return Looked(
        tuple(
            Notice(
                f"{logical}: the name {name} has {len(name)} characters, and AWS takes {most}: "
                "choose a shorter name of the stage.",
                blocks=True,
            )
            for logical, name, most in lengths(planned.template.resources, values)
            if len(name) > most
        )
    )


def lengths(
    resources: Mapping[str, Mapping[str, Any]], values: Mapping[str, str]
) -> Iterator[tuple[str, str, int]]:
    """Give logical name, name and the most characters of each name that the template composes."""
    for logical, resource in resources.items():
        for kind, property_name, written in _written(str(resource["Type"]), resource["Properties"]):
            name = _PLACE.sub(lambda match: values.get(match[1], match[0]), written)
            yield logical, name, LIMITS[kind, property_name]


def _written(kind: str, part: Any) -> Iterator[tuple[str, str, str]]:
    """Give type, property and text of each name with the stage in it, wherever it stands."""
    if isinstance(part, Mapping):
        inner = str(part["Type"]) if isinstance(part.get("Type"), str) else kind
        for key, value in part.items():
            text = value[0] if isinstance(value, list) and value else value
            if key in _NAMES and isinstance(text, str) and "${Stage}" in text:
                yield inner, key, text
            else:
                yield from _written(inner, value)
    elif isinstance(part, list):
        for value in part:
            yield from _written(kind, value)
