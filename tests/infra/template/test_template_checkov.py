"""The template is judged by checkov's rules; what it finds and stands has a reason, each."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.stacks.templates import FULL, ROOT, transformed

EXCEPTIONS = ROOT / "infra" / "checkov-exceptions.yaml"


def checkov() -> str:
    """Return the path of checkov; where it must be there, its absence fails."""
    ours = ROOT / ".venvs" / "policy" / "bin" / "checkov"
    if not ours.exists():
        reason = f"{ours} is missing, so the template was not judged"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return str(ours)


def findings(folder: Path, template: dict[str, Any]) -> tuple[set[tuple[str, str]], int]:
    """Return which checks failed on which resources, and how many passed."""
    path = folder / "template.json"
    path.write_text(json.dumps(template))
    command = [checkov(), "--file", str(path), "--framework", "cloudformation"]
    command += ["--skip-download", "--output", "json", "--compact"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0, done.stderr
    failed = report["results"]["failed_checks"]
    found = {(one["check_id"], one["resource"].rpartition(".")[2]) for one in failed}
    return found, report["summary"]["passed"]


def full_template() -> dict[str, Any]:
    """Return the template with every protection on, its parameters' values in place."""
    template = transformed(**FULL)
    parameters = {
        name: parameter | ({"Default": FULL[name]} if name in FULL else {})
        for name, parameter in template["Parameters"].items()
    }
    return {**template, "Parameters": parameters}


def test_checkov_finds_what_has_a_reason_and_no_more(tmp_path: Path) -> None:
    """Each exception is needed, and names what it is for; nothing else is found."""
    exceptions = yaml.safe_load(EXCEPTIONS.read_text())
    for exception in exceptions:
        assert exception["reason"].endswith(".")
        assert exception["says"]
    allowed = {(one["check"], name) for one in exceptions for name in one["resources"]}
    found, passed = findings(tmp_path, full_template())
    assert found == allowed
    assert passed > 90


def test_checkov_can_fail(tmp_path: Path) -> None:
    """A bucket that is open to all is found, so the rules are at work."""
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicReadWrite"}}
    found, _ = findings(tmp_path, {"Resources": {"Open": bucket}})
    assert ("CKV_AWS_57", "Open") in found
