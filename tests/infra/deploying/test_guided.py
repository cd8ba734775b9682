"""The questions of `run-ledger deploy --guided`."""

from __future__ import annotations

import io

import pytest
from tests.support.stacks.templates import ROOT

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import guided
from run_ledger_ops.deploying import template as templates
from run_ledger_ops.deploying.saved_answers import SavedAnswers

TEMPLATE = templates.read(ROOT / "infra" / "template.yaml")


def test_questions_are_asked_until_the_answer_is_right(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty line takes what is shown; a wrong answer is explained."""
    lines = ["Prod", "prod", "", "90 days", "120"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join([*lines, *[""] * 20])))
    stage, given = guided.ask("test", lambda _: SavedAnswers("eu-west-1"), TEMPLATE)
    assert (stage, given.region) == ("prod", "eu-west-1")
    assert given.parameters["EntryTtlDays"] == "120"
    assert given.parameters["GradualRollout"] == given.parameters["DeletionProtection"] == "true"
    TEMPLATE.check(given.parameters)
    printed = capsys.readouterr().err
    assert "not 'Prod'" in printed
    assert "not '90 days'" in printed


def test_questions_offer_the_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has chosen one for their shell need not say it again."""
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n" * 20))
    _, given = guided.ask("test", lambda _: SavedAnswers(), TEMPLATE)
    assert given.region == "eu-north-1"


def test_questions_offer_the_answers_of_the_stage_that_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And never those of another stage, which would take the place of its own."""
    saved = {
        "prod": SavedAnswers("us-east-1", None, {"EntryTtlDays": "365", "TlsOnly": "true"}),
        "test": SavedAnswers("eu-west-1", None, {"EntryTtlDays": "90"}),
    }
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(["test", *[""] * 20])))
    stage, given = guided.ask("prod", saved.__getitem__, TEMPLATE)
    assert (stage, given.region) == ("test", "eu-west-1")
    assert given.parameters["EntryTtlDays"] == "90"
    assert "TlsOnly" not in given.parameters


def test_questions_ask_whom_alarms_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an address nobody hears them, which somebody should at least have chosen."""
    monkeypatch.setattr("sys.stdin", io.StringIO("\n" * 20))
    _, given = guided.ask("test", lambda _: SavedAnswers("eu-west-1"), TEMPLATE)
    assert given.parameters["AlarmEmail"] == ""
    assert "AlarmEmail: Whom alarms write to" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "rate"), [("true", "100"), ("false", None)])
def test_questions_ask_for_the_intake(
    answer: str, rate: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And for its rate only where there is to be one."""
    questions: list[str] = []

    def line(prompt: str) -> str:
        questions.append(prompt)
        return answer if "[false]" in prompt and len(questions) > 10 else ""

    monkeypatch.setattr(guided, "read_line", line)
    _, given = guided.ask("test", lambda _: SavedAnswers("eu-west-1"), TEMPLATE)
    assert given.parameters["Intake"] == answer
    assert given.parameters.get("IntakeEventsPerSecond") == rate


def test_nobody_to_ask_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that asks for questions gets an error, not a wait."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(OpsError, match="Nobody answers"):
        guided.ask("prod", lambda _: SavedAnswers(), TEMPLATE)
