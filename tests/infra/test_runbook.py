"""The runbook's commands: each is one that there is, with arguments that it takes."""

from __future__ import annotations

import re
import shlex
import tomllib
from functools import cache

import botocore.session
import pytest
from botocore import xform_name
from tests.support.stacks.templates import ROOT

from run_ledger_ops import command

RUNBOOK = ROOT / "infra" / "RUNBOOK.md"
README = ROOT / "README.md"
# What the AWS command line itself adds to every operation, or to those that have pages.
GENERAL = {"output", "query", "region", "profile", "max-items", "page-size"}
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`((?:aws|sam|run-ledger) [^`]+)`")


def commands(program: str) -> list[list[str]]:
    """Return the commands of a program that the runbook shows, in words."""
    text = RUNBOOK.read_text()
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    lines += INLINE.findall(text)
    lines += [line for block in BLOCK.findall(README.read_text()) for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines if line.startswith(f"{program} ")]
    return [one[1:] for one in words]


@cache
def service(name: str) -> botocore.session.Session:
    """Return the model of a service of AWS."""
    return botocore.session.Session().get_service_model(name)


@pytest.mark.parametrize("words", commands("aws"), ids=" ".join)
def test_aws_knows_the_command(words: list[str]) -> None:
    """Service, operation and each argument are in the models that the AWS command line goes by."""
    name, operation, *rest = words
    given = {word.removeprefix("--") for word in rest if word.startswith("--")}
    if name == "s3":
        assert (operation, given) == ("sync", {"cache-control", "delete"})
        return
    if name == "sso":
        assert operation == "login"
        return
    model = service(name)
    if operation == "wait":
        waiters = botocore.session.Session().get_waiter_model(name).waiter_names
        known = {xform_name(waiter, "-"): waiter for waiter in waiters}
        assert rest[0] in known
        waiter = botocore.session.Session().get_waiter_model(name).get_waiter(known[rest[0]])
        operation = xform_name(waiter.operation, "-")
    operations = {xform_name(one, "-"): one for one in model.operation_names}
    assert operation in operations
    shape = model.operation_model(operations[operation]).input_shape
    members = {xform_name(member, "-"): member for member in shape.members}
    switches = {
        f"no-{argument}"
        for argument, member in members.items()
        if shape.members[member].type_name == "boolean"
    }
    assert given - GENERAL <= members.keys() | switches
    required = {xform_name(member, "-") for member in shape.required_members}
    assert required <= given


@pytest.mark.parametrize("words", commands("run-ledger"), ids=" ".join)
def test_our_command_takes_the_switches(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each `run-ledger …` has a help text that names each switch that is shown."""
    names = [word for word in words[:2] if re.fullmatch(r"[a-z]+", word)]
    for attempt in (names, names[:1]):
        with pytest.raises(SystemExit) as exit_:
            command.main([*attempt, "--help"])
        helped = capsys.readouterr().out
        if exit_.value.code == 0:
            break
    assert exit_.value.code == 0
    assert {word for word in words if word.startswith("--")} <= set(
        re.findall(r"--[a-z-]+", helped)
    )


def test_sam_is_configured_for_what_is_shown() -> None:
    """`sam validate`, `build` and `deploy` find the template, and need not ask for rights."""
    shown = {words[0] for words in commands("sam")}
    assert shown == {"validate", "build", "deploy"}
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    for name in ("validate", "build"):
        assert (ROOT / settings[name]["parameters"]["template_file"]).is_file()
    assert "CAPABILITY_NAMED_IAM" in settings["deploy"]["parameters"]["capabilities"]


@pytest.mark.parametrize(
    ("who", "rights"),
    [
        # An archive with a key of its own wants its events encrypted anew.
        ("`events.amazonaws.com`", {"Decrypt", "DescribeKey", "GenerateDataKey", "ReEncrypt*"}),
        # Tables are made with all of these, the variables of functions with Encrypt and a grant.
        (
            "whoever deploys",
            {"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*"},
        ),
    ],
)
def test_a_key_of_your_own_lets_in_what_is_needed(who: str, rights: set[str]) -> None:
    """The table of the key's policy has what AWS asks for, service by service."""
    (row,) = [line for line in RUNBOOK.read_text().splitlines() if line.startswith(f"| {who} |")]
    assert set(re.findall(r"`kms:([A-Za-z*]+)`", row)) == rights


def test_no_condition_shuts_the_bus_out() -> None:
    """EventBridge does not name its account when it encrypts for a queue."""
    section = RUNBOOK.read_text().partition("## A key of your own")[2]
    assert "each service the condition" not in section
    assert "all but `events.amazonaws.com`" in section


def test_there_is_something_to_check() -> None:
    """The search for commands finds them."""
    assert len(commands("aws")) > 20
    assert len(commands("run-ledger")) > 15
