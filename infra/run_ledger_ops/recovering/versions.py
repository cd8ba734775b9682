"""The versions of a stage's functions, and the way back to those before its last deployment.

CloudFormation's events tell which deployment published which version: versions that a failed
deployment left never were in use, and are never gone back to.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying.stacks import Stack, StackEvent, is_of_the_stack
from run_ledger_ops.deploying.states import SETTLED

ALIAS = "live"
_ALIAS_TYPE, _VERSION_TYPE = "AWS::Lambda::Alias", "AWS::Lambda::Version"
_PUBLISHED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


class Step(NamedTuple):
    """A function's way back, from the version that works now to the one before."""

    function: str
    alias: str
    """The logical id of its alias."""
    present: str
    before: str


class _Operation(NamedTuple):
    """What one deployment published, by function, and whether it succeeded."""

    is_success: bool
    published: dict[str, str]


def steps_back(stack: Stack, functions: Any) -> list[Step]:
    """Return a step for each function whose present version the last deployment published.

    *functions* is the client of Lambda. Raises OpsError where there is nothing to go back to.
    """
    aliases = {
        one["PhysicalResourceId"].split(":")[-2]: one["LogicalResourceId"]
        for one in stack.resources()
        if one["ResourceType"] == _ALIAS_TYPE
        and one.get("PhysicalResourceId")
        and one["ResourceStatus"] != "DELETE_COMPLETE"
    }
    live = {name: _live(functions, name) for name in aliases}
    operations = [one for one in _operations(stack.history()) if one.published]
    for number, operation in enumerate(operations):
        taken_back = {
            name: version
            for name, version in operation.published.items()
            if operation.is_success and live.get(name) == version
        }
        steps = [
            Step(name, aliases[name], version, before)
            for name, version in sorted(taken_back.items())
            if (before := _before(functions, name, version, operations[number + 1 :]))
        ]
        if steps:
            return steps
        if taken_back:
            break
    raise OpsError(
        f"Nothing to go back to: the versions of {stack.name} that work now are the first ones, or "
        "older than CloudFormation's events. Deploy the checkout of the version before."
    )


def _live(functions: Any, name: str) -> str:
    alias = functions.get_alias(FunctionName=name, Name=ALIAS)
    return str(alias["FunctionVersion"])


def _operations(history: Iterator[StackEvent]) -> Iterator[_Operation]:
    """Give what each deployment published, the newest first."""
    current = _Operation(is_success=False, published={})
    for event in history:
        status = event["ResourceStatus"]
        if is_of_the_stack(event) and not status.endswith("_IN_PROGRESS"):
            yield current
            current = _Operation(status in SETTLED, {})
        elif event["ResourceType"] == _VERSION_TYPE and status in _PUBLISHED:
            name, version = event["PhysicalResourceId"].split(":")[-2:]
            current.published.setdefault(name, version)
    yield current


def _before(functions: Any, name: str, version: str, earlier: Sequence[_Operation]) -> str | None:
    """Return the version that worked before another one; None if there is none any more."""
    there = {
        one["Version"]
        for page in functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        for one in page["Versions"]
    }
    for operation in earlier:
        before = operation.published.get(name)
        if operation.is_success and before in there:
            return before
    failed = {one.published.get(name) for one in earlier if not one.is_success}
    older = [int(one) for one in there - failed if one.isdecimal() and int(one) < int(version)]
    return str(max(older)) if older else None


def go_back(functions: Any, steps: Sequence[Step]) -> None:
    """Have the aliases give all work to the versions before, at once."""
    for step in steps:
        functions.update_alias(
            FunctionName=step.function,
            Name=ALIAS,
            FunctionVersion=step.before,
            RoutingConfig={"AdditionalVersionWeights": {}},
        )


def template_of(processed: str | Mapping[str, Any], steps: Sequence[Step]) -> str:
    """Return a stack's transformed template with the aliases where *steps* led them.

    Without it, CloudFormation would take the aliases to be where it left them: the next gradual
    rollout would begin at the version that was taken back.
    """
    # JSON is YAML, too; what boto3 has read already is made of its own kind of dictionaries.
    text = processed if isinstance(processed, str) else json.dumps(processed)
    template: dict[str, Any] = yaml.safe_load(text)
    for step in steps:
        alias = template["Resources"][step.alias]
        alias["Properties"]["FunctionVersion"] = step.before
        alias.pop("UpdatePolicy", None)  # it is there already: nothing to do step by step
    return yaml.safe_dump(template, sort_keys=False)
