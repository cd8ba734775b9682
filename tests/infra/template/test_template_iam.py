"""Each policy says what IAM understands: actions, with resources and conditions that they have.

IAM accepts a policy with a condition key that an action never has, or with a resource of another
kind, and then grants nothing, or denies nothing. So each pair is held against the Service
Authorization Reference, in every variant of the template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.support.stacks.authorization_data import faults_of
from tests.support.stacks.templates import FULL, transformed
from tests.support.stacks.variants import VARIANTS

HERE = "eu-central-1:123456789012"
# How CloudFormation writes the ARN of each kind of resource; {0} is its logical name.
ARNS = {
    "AWS::CloudFront::Distribution": "arn:aws:cloudfront::123456789012:distribution/{0}",
    "AWS::Cognito::UserPool": f"arn:aws:cognito-idp:{HERE}:userpool/{{0}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{HERE}:table/{{0}}",
    "AWS::Events::EventBus": f"arn:aws:events:{HERE}:event-bus/{{0}}",
    "AWS::Events::Rule": f"arn:aws:events:{HERE}:rule/bus/{{0}}",
    "AWS::KMS::Key": f"arn:aws:kms:{HERE}:key/{{0}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{HERE}:function:{{0}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{HERE}:log-group:/aws/{{0}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{0}",
    "AWS::SNS::Topic": f"arn:aws:sns:{HERE}:{{0}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{HERE}:{{0}}",
}
REFS_ARE_ARNS = {"AWS::SNS::Topic"}
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::URLSuffix": "amazonaws.com",
}


def written_out(part: Any, template: Mapping[str, Any]) -> Any:
    """Return a part of the template with its references replaced by what they stand for."""
    kinds = {name: one["Type"] for name, one in template["Resources"].items()}

    def named(name: str) -> str:
        if kinds.get(name) in REFS_ARE_ARNS:
            return ARNS[kinds[name]].format(name)
        return PSEUDO.get(name) or FULL.get(name, name)

    def text(found: re.Match[str]) -> str:
        name, _, attribute = found[1].partition(".")
        return ARNS[kinds[name]].format(name) if attribute == "Arn" else named(name)

    match part:
        case {"Ref": name}:
            return named(name)
        case {"Fn::GetAtt": [name, "Arn" | "StreamArn" as attribute]}:
            label = "/stream/label" if attribute == "StreamArn" else ""
            return ARNS[kinds[name]].format(name) + label
        case {"Fn::Sub": str(pattern)}:
            return re.sub(r"\$\{([^}]+)\}", text, pattern)
        case dict():
            return {key: written_out(value, template) for key, value in part.items()}
        case list():
            return [written_out(value, template) for value in part]
        case _:
            return part


def documents(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each policy document of a resource with the name of its place."""
    for name in ("AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy"):
        if name in properties:
            yield name, properties[name]
    for policy in properties.get("Policies") or ():
        if isinstance(policy, dict) and "PolicyDocument" in policy:
            yield policy["PolicyName"], policy["PolicyDocument"]
    if "Statement" in properties:  # a bus has one statement, and no document
        yield "Statement", properties


def all_statements(template: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each statement of each policy in a transformed template, with a name for it."""
    for name, resource in template["Resources"].items():
        for place, document in documents(resource.get("Properties", {})):
            found = document["Statement"]
            for statement in found if isinstance(found, list) else [found]:
                yield f"{name} {place} {statement.get('Sid', '')}".strip(), statement


@pytest.mark.parametrize("parameters", [*VARIANTS, FULL], ids=range(len(VARIANTS) + 1))
def test_policies_say_what_iam_understands(parameters: dict[str, str]) -> None:
    """Every action exists, takes the resources beside it, and has the condition's keys."""
    template = transformed(**parameters)
    found = dict(all_statements(template))
    assert len(found) > 20
    wrong = {
        name: faults
        for name, statement in found.items()
        if (faults := list(faults_of(written_out(statement, template))))
    }
    assert not wrong


TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/jobs"


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ({"Action": "dynamodb:Read", "Resource": TABLE}, "dynamodb:Read is no action"),
        ({"Action": "dynamodb:Xy*", "Resource": TABLE}, "dynamodb:Xy* matches no action"),
        (
            {"Action": "dynamodb:GetItem", "Resource": f"{TABLE}/index/by_day"},
            f"dynamodb:GetItem does not take {TABLE}/index/by_day",
        ),
        (
            {"Action": "sqs:SendMessage", "Resource": TABLE},
            f"sqs:SendMessage does not take {TABLE}",
        ),
        (
            {
                "Action": "dynamodb:PutItem",
                "Resource": TABLE,
                "Condition": {"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}},
            },
            "dynamodb:PutItem does not know dynamodb:Select",
        ),
    ],
)
def test_a_policy_that_iam_would_not_heed_is_found(statement: dict[str, Any], fault: str) -> None:
    """The check can fail, for each kind of fault."""
    assert list(faults_of(statement)) == [fault]
