"""Which deployments publish versions of functions, and which versions stay to roll back to.

A small stand-in for CloudFormation and Lambda updates the transformed template. It follows the
documents "AWS::Lambda::Version" and "UpdateReplacePolicy attribute" of CloudFormation's user guide
and "PublishVersion" of Lambda's API reference: a version is made anew where its logical id or
any property that can't be updated changes; what is removed or replaced stays if its policy says
Retain; and Lambda publishes nothing, which fails the update, if neither code nor configuration of
the function has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import botocore.session
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from tests.support.stacks.templates import (
    EVERY_FUNCTION,
    FULL,
    FUNCTIONS,
    settled,
    source,
    transformed,
    translated,
)

KEY = "arn:aws:kms:eu-central-1:123456789012:key/{}"
OTHER_VALUES = {
    "Runtime": "python3.13",
    "Architecture": "x86_64",
    "LogLevel": "DEBUG",
    "EntryTtlDays": "120",
    "EntryLayout": "rows",
    "RollupShards": "16",
    "CustomerKeyArn": KEY.format("0a-2"),
}
NOT_IN_A_VERSION = {"Tags", "ReservedConcurrentExecutions", "RecursiveLoop", "CodeSigningConfigArn"}
NOT_IN_A_VERSION |= {"RuntimeManagementConfig", "FunctionScalingConfig", "PublishToLatestPublished"}
RENAMED = {"Code": "CodeSha256", "KmsKeyArn": "KMSKeyArn"}


class Made(NamedTuple):
    """A version as CloudFormation sees it, with what Lambda would publish."""

    logical_id: str
    create_only: Mapping[str, Any]
    policies: tuple[Any, Any]
    configuration: Mapping[str, Any]


def version(function: str, template: Mapping[str, Any], given: Mapping[str, str]) -> Made:
    """Return the version that a template has of a function."""
    declared = {name: one.get("Default") for name, one in template["Parameters"].items()}
    values = {**declared, **given}
    resources = template["Resources"]
    (name,) = (
        name
        for name, one in resources.items()
        if one["Type"] == "AWS::Lambda::Version"
        and one["Properties"]["FunctionName"] == {"Ref": function}
    )
    found = resources[name]
    configuration = resources[function]["Properties"].items()
    return Made(
        name,
        resolved(found["Properties"], values),
        (found.get("DeletionPolicy"), found.get("UpdateReplacePolicy")),
        {key: resolved(value, values) for key, value in configuration if in_a_version(key)},
    )


def in_a_version(name: str) -> bool:
    """Return whether a property of a function is part of its versions."""
    return name not in NOT_IN_A_VERSION


def resolved(part: Any, values: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one a function
    """Return a part of a template with the values of its parameters in place."""
    match part:
        case {"Ref": str(name)} if name in values:
            return str(values[name])
        case {"Fn::Split": [delimiter, text]}:
            return resolved(text, values).split(delimiter)
        case {"Fn::Select": [index, parts]}:
            return resolved(parts, values)[int(index)]
        case {"Fn::Sub": [str(text), dict(variables)]}:
            own = {name: resolved(value, values) for name, value in variables.items()}
            return resolved({"Fn::Sub": text}, {**values, **own})
        case {"Fn::Sub": str(text)}:
            for name, value in values.items():
                text = text.replace(f"${{{name}}}", str(value))
            return text
        case dict():
            return {key: resolved(value, values) for key, value in part.items()}
        case list():
            return [resolved(value, values) for value in part]
        case _:
            return part


def update(before: Made, after: Made) -> tuple[bool, bool]:
    """Return whether a version is published, and whether the one before stays.

    Raises ValueError where Lambda would refuse, as nothing has changed.
    """
    is_new = before.logical_id != after.logical_id
    is_replaced = before.create_only != after.create_only
    if not is_new and not is_replaced:
        return False, True
    if before.configuration == after.configuration:
        raise ValueError("A version for this Lambda function exists.")
    deletion, replacement = before.policies
    return True, (deletion if is_new else replacement) == "Retain"


def changed_template(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Return what the SAM transform makes of the template after a change of its text."""
    template = source()
    change(template)
    return settled(translated(template, {}), {})


@pytest.mark.parametrize("function", EVERY_FUNCTION)
@pytest.mark.parametrize("name", OTHER_VALUES)
def test_a_changed_parameter_publishes_a_version_and_keeps_the_one_before(
    name: str, function: str
) -> None:
    """Whichever parameter is changed, `live` gets the new value and can go back to the old one."""
    changed = {**FULL, name: OTHER_VALUES[name]}
    before = version(function, transformed(**FULL), FULL)
    after = version(function, transformed(**changed), changed)
    assert before.configuration != after.configuration
    assert update(before, after) == (True, True)


@pytest.mark.parametrize("function", EVERY_FUNCTION)
def test_a_first_customer_key_publishes_a_version(function: str) -> None:
    """`live` doesn't keep the key of AWS once there is one of the customer, nor the other way."""
    without = {**FULL, "CustomerKeyArn": ""}
    has = version(function, transformed(**FULL), FULL)
    has_not = version(function, transformed(**without), without)
    assert update(has_not, has) == update(has, has_not) == (True, True)


@pytest.mark.parametrize("function", EVERY_FUNCTION)
def test_other_parameters_publish_nothing(function: str) -> None:
    """Lambda would refuse a version where the function is as it was, and the update would fail."""
    before = version(function, transformed(**FULL), FULL)
    seen_by_functions = {"Stage", *OTHER_VALUES}
    if function == "IntakeFunction":
        seen_by_functions |= {"Intake", "IntakeEventsPerSecond", "TokenKeysOrigin"}
    if function == "AwsJobsFunction":
        seen_by_functions |= {"AwsJobs"}
    if function in ("ReaderFunction", "TellerFunction"):
        seen_by_functions |= {"Telling"}
    if function == "DigestOffFunction":
        seen_by_functions |= {"Telling"}
    if function == "PusherFunction":
        seen_by_functions |= {"Push", "TokenKeysOrigin"}
    if function == "DigesterFunction":
        seen_by_functions |= {"Telling", "SiteDomain"}
    if function == "CourierFunction":
        seen_by_functions |= {"Telling", "MailFrom", "SiteDomain"}
    for name, parameter in transformed()["Parameters"].items():
        if name in seen_by_functions or name == "GradualRollout":
            continue
        other = next((v for v in parameter.get("AllowedValues", ()) if v != FULL.get(name)), "7")
        changed = {**FULL, name: str(other)}
        assert update(before, version(function, transformed(**changed), changed))[0] is False, name


def test_changed_tags_publish_nothing() -> None:
    """SAM's digest of a function's properties has its tags in it, so functions have none of ours.

    Tags of other resources and of the stack itself, which reach functions, too, are no part of it.
    """

    def tag(template: dict[str, Any]) -> None:
        for resource in template["Resources"].values():
            tags = resource.get("Properties", {}).get("Tags")
            if isinstance(tags, dict):
                tags["owner"] = "me"
            elif tags:
                tags.append({"Key": "owner", "Value": "me"})

    changed = changed_template(tag)
    assert changed["Resources"] != transformed()["Resources"]
    for function in FUNCTIONS:
        before = version(function, transformed(), {})
        assert update(before, version(function, changed, {})) == (False, True)


@pytest.mark.parametrize("function", EVERY_FUNCTION)
def test_what_is_no_part_of_a_version_is_not_in_its_digest(function: str) -> None:
    """Of the properties that no version has, a function has only the tag that SAM gives to all."""
    found = transformed(**FULL)["Resources"][function]["Properties"]
    assert {key: value for key, value in found.items() if not in_a_version(key)} == {
        "Tags": [{"Key": "lambda:createdBy", "Value": "SAM"}]
    }
    model = botocore.session.Session().get_service_model("lambda")
    published = model.operation_model("PublishVersion").output_shape.members
    assert {RENAMED.get(key, key) for key in found if in_a_version(key)} <= set(published)


@pytest.mark.parametrize("place", ["MemorySize", "Timeout", "CodeUri"])
def test_changed_code_and_settings_publish_a_version(place: str) -> None:
    """So do changes of the template itself."""

    def change(template: dict[str, Any]) -> None:
        if place == "CodeUri":
            template["Globals"]["Function"][place] = "s3://bundles/other.zip"
            return
        for function in FUNCTIONS:
            template["Resources"][function]["Properties"][place] = 59

    changed = changed_template(change)
    for function in FUNCTIONS:
        before = version(function, transformed(), {})
        assert update(before, version(function, changed, {})) == (True, True)


def test_the_stand_in_knows_what_makes_a_version_anew() -> None:
    """CloudFormation's registry lists the properties of a version that can't be updated."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Lambda::Version")
    fixed = {path.removeprefix("/properties/") for path in schema.schema["createOnlyProperties"]}
    assert {"Description", "FunctionName"} <= fixed
    for function in FUNCTIONS:
        properties = version(function, transformed(**FULL), FULL).create_only
        assert set(properties) <= fixed


@pytest.mark.parametrize("function", EVERY_FUNCTION)
def test_a_description_of_a_version_fits(function: str) -> None:
    """Lambda's API reference allows 256 characters, also with the longest values."""
    longest = {**FULL, "Stage": "a" * 12, "EntryTtlDays": "3650", "LogLevel": "WARNING"}
    longest["RollupShards"] = "1000"
    longest["CustomerKeyArn"] = KEY.format("mrk-" + "0" * 32)
    description = version(function, transformed(**longest), longest).create_only["Description"]
    assert len(description) <= 256
    assert "${" not in description
    assert "\n" not in description
