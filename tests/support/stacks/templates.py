"""The SAM template as CloudFormation sees it: transformed, with its conditions decided."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from boto3 import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = ROOT / "infra" / "template.yaml"
ABSENT = {"Ref": "AWS::NoValue"}
DATA = [
    "EntriesTable",
    "JobsTable",
    "ProjectsTable",
    "ClientsTable",
    "RollupsTable",
    "RejectionsTable",
    "IncidentsTable",
]
FULL = {
    "CustomerKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/0a-1",
    "ApiWebAclArn": "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/a/1",
    "SiteWebAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/1",
    "AccessLogBucket": "logs",
    "SiteDomain": "ledger.example.com",
    "SiteCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a-1",
    "Mfa": "ON",
    "MailIdentityArn": "arn:aws:ses:eu-central-1:123456789012:identity/example.com",
    "MailFrom": "Run Ledger <ledger@example.com>",
    "GradualRollout": "true",
    "DeletionProtection": "true",
    "Intake": "true",
    "AwsJobs": "true",
    "Telling": "true",
    "Push": "true",
}
"""Parameters of a deployment that says yes to every protection."""
OPTIONAL = {"Intake": "true", "AwsJobs": "true", "Telling": "true", "Push": "true"}
"""What only some stages have."""
MADE_ANEW = {"ListenersTable"}
"""Tables that hold nothing which anybody would miss."""
FUNCTIONS = [
    "WriterFunction",
    "ReaderFunction",
    "SweeperFunction",
    "ProverFunction",
    "CompactorFunction",
]
EVERY_FUNCTION = [
    *FUNCTIONS,
    "IntakeFunction",
    "AwsJobsFunction",
    "TellerFunction",
    "CourierFunction",
    "DigesterFunction",
    "DigestOffFunction",
    "PusherFunction",
]
"""With what only some stages have, as those of `FULL`."""
_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)")


def source() -> dict[str, Any]:
    """Return the template as it is written."""
    parsed: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    # A bundle lies in a bucket by the time that the transform sees it.
    parsed["Globals"]["Function"]["CodeUri"] = "s3://bundles/bundle.zip"
    return parsed


# The only parameters whose values the transform itself looks at; the others are CloudFormation's.
_OF_THE_TRANSFORM = ("GradualRollout", "RolloutPace")


def undecided(**parameters: str) -> dict[str, Any]:
    """Return what the SAM transform makes of the template; its conditions are still in it."""
    return translated(source(), parameters)


def translated(template: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return what the SAM transform makes of *template*, with its conditions as they are."""
    # Every role is explicit, so the transform needs no managed policies looked up.
    translator = Translator({}, Parser(), boto_session=Session(region_name="eu-central-1"))
    result: dict[str, Any] = translator.translate(template, parameters)
    return result


@cache
def _of_source(parameters: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return undecided(**dict(parameters))


@cache
def transformed(**parameters: str) -> dict[str, Any]:
    """Return what the SAM transform makes of the template, conditions decided by *parameters*."""
    own = tuple((name, parameters[name]) for name in _OF_THE_TRANSFORM if name in parameters)
    return settled(_of_source(own), parameters)


def settled(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a transformed template with its conditions decided by *parameters*."""
    decisions = decided(template, parameters)
    return {
        **template,
        **{
            section: {
                name: _settle(one, decisions)
                for name, one in template[section].items()
                if decisions.get(one.get("Condition"), True)
            }
            for section in ("Resources", "Outputs")
        },
    }


def resources(of_type: str, **parameters: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical name."""
    return {
        name: resource.get("Properties", {})
        for name, resource in transformed(**parameters)["Resources"].items()
        if resource["Type"] == of_type
    }


def properties(name: str, **parameters: str) -> dict[str, Any]:
    """Return the properties of one resource."""
    found: dict[str, Any] = transformed(**parameters)["Resources"][name]["Properties"]
    return found


def circles(template: Mapping[str, Any]) -> list[str]:
    """Return the resources that need each other, so that none of them can be created first."""
    left = {
        name: set(_needed(resource)) & template["Resources"].keys()
        for name, resource in template["Resources"].items()
    }
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def _needed(part: Any) -> Iterator[str]:
    """Yield the logical names that *part* refers to, in any way that CloudFormation allows."""
    match part:
        case {"Ref": name}:
            yield name
        case {"Fn::GetAtt": [name, *_]}:
            yield name
        case {"Fn::Sub": [str(text), dict(variables)]}:
            yield from (set(_IN_TEXT.findall(text)) - variables.keys())
            yield from _needed(variables)
        case {"Fn::Sub": str(text)}:
            yield from _IN_TEXT.findall(text)
        case dict():
            yield from listed(part.get("DependsOn", []))
            for value in part.values():
                yield from _needed(value)
        case list():
            for value in part:
                yield from _needed(value)


def statements(of: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each policy statement of a role's or a resource policy's properties."""
    documents = [policy["PolicyDocument"] for policy in of.get("Policies", ())]
    documents += [of["PolicyDocument"]] if "PolicyDocument" in of else []
    for document in documents:
        yield from document["Statement"]


def listed(value: Any) -> list[Any]:
    """Return as a list what IAM accepts as one value or as a list."""
    return value if isinstance(value, list) else [value]


def decided(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, bool]:
    """Return what each condition of the template comes to with these parameters."""
    usual = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    given, conditions = {**usual, **parameters}, template["Conditions"]

    def value(part: Any) -> Any:  # noqa: PLR0911 - one for each function of CloudFormation
        match part:
            case {"Ref": name}:
                return str(given[name])
            case {"Fn::Equals": [one, other]}:
                return value(one) == value(other)
            case {"Fn::Not": [negated]}:
                return not value(negated)
            case {"Fn::And": parts}:
                return all(map(value, parts))
            case {"Fn::Or": parts}:
                return any(map(value, parts))
            case {"Condition": name}:
                return value(conditions[name])
            case _:
                return str(part)

    return {name: value(condition) for name, condition in conditions.items()}


def _settle(part: Any, decisions: Mapping[str, bool]) -> Any:
    match part:
        case {"Fn::If": [condition, then, otherwise]}:
            return _settle(then if decisions[condition] else otherwise, decisions)
        case dict():
            settled = {key: _settle(value, decisions) for key, value in part.items()}
            return {key: value for key, value in settled.items() if value != ABSENT}
        case list():
            settled_items = [_settle(item, decisions) for item in part]
            return [item for item in settled_items if item != ABSENT]
        case _:
            return part


def references(part: object) -> set[str]:
    """Return the logical names and parameters that *part* refers to outside texts."""
    match part:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case dict():
            return set().union(*map(references, part.values()))
        case list():
            return set().union(*map(references, part))
        case _:
            return set()


def rights_of(role: str, **parameters: str) -> dict[str, set[str]]:
    """Return what a role may do to each table, by the table's logical name."""
    rights: dict[str, set[str]] = {}
    for statement in statements(properties(role, **parameters)):
        if statement["Effect"] == "Allow":
            for resource in listed(statement["Resource"]):
                match resource:
                    case {"Fn::GetAtt": [name, "Arn"]}:
                        rights.setdefault(name, set()).update(listed(statement["Action"]))
                    case {"Fn::Sub": text}:
                        name = text.replace("${", "").replace(".Arn}", "")
                        rights.setdefault(name, set()).update(listed(statement["Action"]))
    return rights
