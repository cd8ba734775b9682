"""`run-ledger clients`: a file makes clients what it says, and export gives such a file back."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.store.clients.client_records import ClientRecords
from run_ledger_ops import command

Run = Callable[..., tuple[int, str, str]]

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/warehouse-AbCdEf"
OTHER_ARN = ARN.replace("AbCdEf", "GhIjKl")
ACME = f"""\
clients:
  - id: acme
    name: Acme Retail
    description: Four markets
    tags: {{region: eu}}
    parameters:
      - {{name: confidence, description: Below goes to a person, value: "0.85"}}
      - {{name: model, value: medium}}
      - {{name: warehouse, secret: "{ARN}"}}
"""
GLOBEX = "  - {id: globex, name: Globex}\n"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with nothing in it."""
    with deployed_system(monkeypatch) as deployed:
        yield deployed


@pytest.fixture
def run(system: System, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; it returns the exit code and what was printed."""

    def clients(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["clients", *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return clients


@pytest.fixture
def apply(run: Run, tmp_path: Path) -> Run:
    """Give a way to apply a text; it returns the exit code and what was printed."""

    def applied(text: str, *arguments: str) -> tuple[int, str, str]:
        (tmp_path / "clients.yaml").write_text(text, "utf-8")
        return run("apply", str(tmp_path / "clients.yaml"), *arguments)

    return applied


def contents(system: System) -> list[str]:
    """Return all that is declared, in a form that compares."""
    return system.contents()[NAMES.clients]


def test_a_file_is_applied_and_the_second_time_changes_nothing(system: System, apply: Run) -> None:
    """Nothing is written either: not even a time moves."""
    code, out, _ = apply(ACME + GLOBEX)
    assert (code, out.splitlines()[-1]) == (0, "Done: 2 added, 0 unchanged.")
    before = contents(system)
    assert len(before) == 7
    code, out, _ = apply(ACME + GLOBEX)
    assert (code, out.splitlines()[-1]) == (0, "Nothing to change.")
    assert contents(system) == before


def test_the_change_is_shown_and_a_dry_run_writes_nothing(system: System, apply: Run) -> None:
    """By parameter, with old and new; of references only that they change."""
    apply(ACME)
    before = contents(system)
    changed = (
        ACME.replace("0.85", "0.90")
        .replace("- {name: model, value: medium}", "- {name: size, value: big}")
        .replace("Four markets", "Five markets")
        .replace(ARN, OTHER_ARN)
    )
    code, out, _ = apply(changed, "--dry-run")
    assert (code, contents(system)) == (0, before)
    assert out.splitlines() == [
        "~ acme",
        "    ~ description: 'Four markets' → 'Five markets'",
        "    ~ confidence: '0.85' → '0.90'",
        "    - model",
        "    + size: 'big'",
        "    ~ warehouse: another reference",
        "Would be: 1 changed, 0 unchanged.",
    ]
    code, out, _ = apply(changed, "--json")
    (document,) = json.loads(out)["clients"]
    assert document["change"] == "changed"
    assert [(one["what"], one["change"]) for one in document["parameters"]] == [
        ("confidence", "changed"),
        ("model", "removed"),
        ("size", "added"),
        ("warehouse", "changed"),
    ]
    assert "arn:" not in out
    assert apply(changed)[1].endswith("Nothing to change.\n")


def test_what_a_parameter_is_may_change(apply: Run) -> None:
    """From a value to a secret and back, and by a reason or a description alone."""
    apply(ACME)
    secret = ACME.replace("value: medium", f'secret: "{ARN}"')
    assert "~ model: a secret instead of a value" in apply(secret)[1]
    reasoned = ACME.replace("value: medium", "value: medium, not_secret: a model")
    assert "~ model: a secret → 'medium'; not secret: 'a model'" in apply(reasoned)[1]
    assert "~ model: no longer said to be no secret" in apply(ACME)[1]
    assert (
        "description '' → 'Which'" in apply(ACME.replace("model,", "model, description: Which,"))[1]
    )


def test_a_value_that_got_in_by_hand_is_not_shown(system: System, apply: Run) -> None:
    """What looks like a secret is overwritten and never printed."""
    apply(ACME)
    key = {"pk": {"S": "acme"}, "sk": {"S": "param#model"}}
    system.dynamodb.put_item(
        TableName=NAMES.clients,
        Item={**key, "kind": {"S": "plain"}, "value": {"S": "password=hunter2"}},
    )
    _, out, _ = apply(ACME)
    assert "~ model: (looks like a secret) → 'medium'" in out
    assert "hunter2" not in out


@pytest.mark.parametrize("arguments", [(), ("--references",)])
def test_applying_what_was_exported_changes_nothing(
    system: System, apply: Run, run: Run, arguments: tuple[str, ...]
) -> None:
    """With references, or without: `withheld` leaves a reference as it is."""
    apply(ACME + GLOBEX)
    before = contents(system)
    code, exported, _ = run("export", *arguments)
    assert code == 0
    assert (ARN in exported) == bool(arguments)
    assert ("secret: withheld" in exported) != bool(arguments)
    assert apply(exported)[1].endswith("Nothing to change.\n")
    assert contents(system) == before


def test_export_of_some(apply: Run, run: Run) -> None:
    """By id; one that is not declared is named."""
    apply(ACME + GLOBEX)
    _, out, _ = run("export", "globex")
    assert "acme" not in out
    code, out, complaint = run("export", "globex", "nobody")
    assert (code, out) == (2, "")
    assert "no client 'nobody' is declared" in complaint


def test_a_reference_can_only_be_withheld_where_there_is_one(system: System, apply: Run) -> None:
    """Nothing is written then."""
    code, _, complaint = apply(ACME.replace(f'"{ARN}"', "withheld"))
    assert (code, contents(system)) == (2, [])
    assert "acme.parameters.warehouse.secret is `withheld`" in complaint


def test_a_file_that_is_refused_changes_nothing(system: System, apply: Run) -> None:
    """Not even the clients in it that are right."""
    code, out, complaint = apply(GLOBEX.join(["clients:\n", "  - {id: acme, name: no}\n"]))
    assert (code, out, contents(system)) == (2, "", [])
    assert "clients.yaml:3: acme.name: YAML reads true or false" in complaint


def test_others_are_left_alone_unless_pruned(
    system: System, apply: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And pruning asks first."""
    apply(ACME + GLOBEX)
    assert apply(ACME)[1].endswith("Nothing to change.\n")
    before = contents(system)
    code, out, complaint = apply(ACME, "--prune")
    assert (code, contents(system)) == (2, before)
    assert "- globex" in out
    assert "say --yes" in complaint

    class Terminal:
        """Somebody who types this."""

        def __init__(self, answer: str) -> None:
            self.readline = lambda: f"{answer}\n"

        def isatty(self) -> bool:
            """Yes."""
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("y"))
    assert apply(ACME, "--prune")[0] == 2
    assert contents(system) == before
    monkeypatch.setattr(sys, "stdin", Terminal("yes"))
    assert apply(ACME, "--prune")[0] == 0
    assert not any("globex" in item for item in contents(system))
    assert len(contents(system)) == 5
    code, out, _ = apply(GLOBEX.join(["clients:\n", ""]), "--prune", "--yes")
    assert (code, out.splitlines()[-1]) == (0, "Done: 1 added, 1 removed, 0 unchanged.")
    assert len(contents(system)) == 2


def test_two_at_once_never_mix(system: System, apply: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes second is told, and what the first declared stays whole."""
    apply(ACME)
    write = ClientRecords.write
    theirs = ACME.replace("medium", "large")

    def overtaken(self: ClientRecords, *arguments: Any) -> bool:
        monkeypatch.setattr(ClientRecords, "write", write)
        assert apply(theirs)[0] == 0
        return write(self, *arguments)

    monkeypatch.setattr(ClientRecords, "write", overtaken)
    code, _, complaint = apply(ACME.replace("0.85", "0.90"))
    assert code == 2
    assert "somebody else changed acme meanwhile: 0 of 1" in complaint
    assert apply(theirs)[1].endswith("Nothing to change.\n")


def test_a_client_that_lacks_in_the_directory_is_put_there(system: System, apply: Run) -> None:
    """The API lists what the directory has."""
    apply(ACME)
    key = {"pk": {"S": "clients"}, "sk": {"S": "acme"}}
    system.dynamodb.delete_item(TableName=NAMES.clients, Key=key)
    assert "+ listed among the clients" in apply(ACME)[1]
    assert apply(ACME)[1].endswith("Nothing to change.\n")
