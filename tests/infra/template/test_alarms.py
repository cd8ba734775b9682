"""Alarms call for what exists, and each leads to a section of the runbook that says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.stacks.known_metrics import dimensions_of
from tests.support.stacks.templates import FULL, ROOT, properties, resources, source, transformed

from run_ledger.compacting import compactor
from run_ledger.domain.instants import MICROSECONDS
from run_ledger_ops import command
from run_ledger_ops.cloudwatch.body import body

RUNBOOK: Path = ROOT / "infra" / "RUNBOOK.md"
EVERY = {"QuietHours": "6", "CustomerKeyArn": FULL["CustomerKeyArn"]}
EVERY |= {"Intake": "true", "AwsJobs": "true", "Telling": "true", "Push": "true"}
ALARMS = resources("AWS::CloudWatch::Alarm", **EVERY)
EACH = pytest.mark.parametrize("name", ALARMS)
STEPS = ("What it means:", "How to look:", "What to do:", "How to check that it is over:")


def sections() -> dict[str, str]:
    """Return what stands below each heading about an alarm."""
    alarms = RUNBOOK.read_text().partition("## Alarms\n")[2].partition("\n## ")[0]
    heads = re.split(r"^### (.+)\n", alarms, flags=re.MULTILINE)[1:]
    return dict(zip(heads[::2], heads[1::2], strict=True))


def section_of(alarm: dict[str, Any]) -> str:
    """Return the heading that an alarm's description ends in."""
    match = re.search(r"infra/RUNBOOK\.md: (.+)\.$", alarm["AlarmDescription"])
    assert match, alarm["AlarmDescription"]
    return match[1]


@EACH
def test_an_alarm_leads_to_its_section(name: str) -> None:
    """Which says what it means, how to look, what to do and how to check that it is over."""
    text = sections()[section_of(ALARMS[name])]
    steps = re.findall(r"^- \*\*(.+?)\*\* \S", text, re.MULTILINE)
    assert tuple(steps) == STEPS


def test_a_section_has_its_alarm() -> None:
    """None speaks of one that is no more."""
    assert set(sections()) == {section_of(alarm) for alarm in ALARMS.values()}


@EACH
def test_an_alarm_watches_a_metric_that_exists(name: str) -> None:
    """One of AWS's, or one that we emit, with the dimensions that it comes with."""
    alarm = ALARMS[name]
    given = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
    known = dimensions_of(alarm["Namespace"], alarm["MetricName"], given)
    assert set(given) in known
    named = set(re.findall(r"\$\{(\w+)\}", str(given)))
    named |= set(re.findall(r"'Ref': '(\w+)'", str(given)))
    named |= set(re.findall(r"'Fn::GetAtt': \['(\w+)'", str(given)))
    assert named <= {*transformed(**EVERY)["Resources"], *transformed()["Parameters"]}


def test_every_trouble_has_its_alarm() -> None:
    """What is watched: dead-letter queues, bus, waiting, writer, rejections, jobs, API, silence."""
    watched = {
        (a["Namespace"], a["MetricName"], str(a["Dimensions"][0]["Value"])) for a in ALARMS.values()
    }
    for queue, metric in (
        ("UpdatesDeadLetterQueue", "ApproximateNumberOfMessagesVisible"),
        ("RuleDeadLetterQueue", "ApproximateNumberOfMessagesVisible"),
        ("BusDeadLetterQueue", "ApproximateNumberOfMessagesVisible"),
        ("TellerDeadLetterQueue", "ApproximateNumberOfMessagesVisible"),
        ("UpdatesQueue", "ApproximateAgeOfOldestMessage"),
        ("UpdatesQueue", "NumberOfMessagesSent"),
    ):
        assert ("AWS/SQS", metric, str({"Fn::GetAtt": [queue, "QueueName"]})) in watched
    others = {(namespace, metric) for namespace, metric, _ in watched}
    assert others >= {
        ("AWS/Lambda", "Errors"),
        ("AWS/Lambda", "Throttles"),
        ("AWS/Events", "FailedInvocations"),
        ("AWS/Events", "InvocationsFailedToBeSentToDlq"),
        ("AWS/Events", "ThrottledRules"),
        ("RunLedger", "BusSeconds"),
        ("RunLedger", "Throttled"),
        ("RunLedger", "Rejected"),
        ("RunLedger", "Stalled"),
        ("RunLedger", "BehindSeconds"),
        ("RunLedger", "Differing"),
        ("RunLedger", "NotTold"),
        ("AWS/ApiGateway", "5XXError"),
        ("AWS/ApiGateway", "Latency"),
    }


@EACH
def test_an_alarm_calls_the_topic_and_says_when_it_is_over(name: str) -> None:
    """But those that only take a rollout back."""
    alarm = ALARMS[name]
    assert alarm["AlarmName"]["Fn::Sub"].startswith("run-ledger-${Stage}-")
    called = [] if name.endswith("RolloutAlarm") else [{"Ref": "AlarmTopic"}]
    assert alarm.get("AlarmActions", []) == called
    assert alarm.get("OKActions", []) == called


def test_alarms_may_call_the_topic() -> None:
    """Its policy lets those pass whose names begin as ours do."""
    (allowed, *_) = properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    scope = allowed["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
    assert scope.endswith(":alarm:run-ledger-${Stage}-*")
    assert not resources("AWS::SNS::Subscription")
    (mail,) = resources("AWS::SNS::Subscription", AlarmEmail="ops@example.com").values()
    assert (mail["Protocol"], mail["Endpoint"]) == ("email", {"Ref": "AlarmEmail"})


def test_thresholds_are_parameters_with_defaults() -> None:
    """Those of dead letters, failed sweeps and the proof are one: a single one is too many."""
    parameters = source()["Parameters"]
    for name, alarm in ALARMS.items():
        threshold = alarm["Threshold"]
        if isinstance(threshold, dict):
            parameter = parameters[threshold["Ref"]]
            assert parameter["Type"] == "Number"
            assert float(parameter["Default"]) >= parameter["MinValue"] > 0
        else:
            assert threshold == 1, name


def test_alarms_about_the_bus_are_about_its_rule() -> None:
    """By both names: with the rule's alone, a metric is of the default bus.

    So says "Monitoring Amazon EventBridge" in EventBridge's guide.
    """
    rule = properties("UpdatesRule")
    names = [
        {"Name": "EventBusName", "Value": rule["EventBusName"]},
        {"Name": "RuleName", "Value": rule["Name"]},
    ]
    about = {n: a for n, a in ALARMS.items() if a["Namespace"] == "AWS/Events"}
    assert set(about) == {"FailedDeliveriesAlarm", "LostEventsAlarm", "BusThrottledAlarm"}
    for alarm in about.values():
        assert (alarm["Dimensions"], alarm["Statistic"]) == (names, "Sum")


def test_silence_calls_only_where_it_is_asked_for() -> None:
    """And then after so many hours, within what CloudWatch can look back."""
    assert "QuietAlarm" not in resources("AWS::CloudWatch::Alarm")
    quiet = ALARMS["QuietAlarm"]
    assert (quiet["Period"], quiet["EvaluationPeriods"]) == (3600, {"Ref": "QuietHours"})
    assert (quiet["TreatMissingData"], quiet["ComparisonOperator"]) == (
        "breaching",
        "LessThanThreshold",
    )
    assert source()["Parameters"]["QuietHours"]["MaxValue"] * 3600 <= 7 * 86400


def test_a_sweeper_that_says_nothing_is_no_good_news() -> None:
    """Neither a failed sweep nor one that never ran."""
    assert ALARMS["SweepFailedAlarm"]["TreatMissingData"] == "breaching"
    assert ALARMS["SweepFailedAlarm"]["Dimensions"] == [
        {"Name": "FunctionName", "Value": {"Ref": "SweeperFunction"}}
    ]


def test_a_proof_that_does_not_run_is_no_good_news() -> None:
    """Nor is one whose runs fail; what differs is told only while something does."""
    assert ALARMS["ProofStandsAlarm"]["TreatMissingData"] == "breaching"
    assert ALARMS["ProofStandsAlarm"]["Dimensions"] == [
        {"Name": "FunctionName", "Value": {"Ref": "ProverFunction"}}
    ]
    assert ALARMS["ProofDiffersAlarm"]["TreatMissingData"] == "notBreaching"


def test_a_compactor_that_does_not_run_is_no_good_news() -> None:
    """Nor is one whose runs fail; that it is behind is told only while it is."""
    failing, behind = ALARMS["CompactorFailsAlarm"], ALARMS["CompactionBehindAlarm"]
    assert failing["TreatMissingData"] == "breaching"
    assert failing["Dimensions"] == [
        {"Name": "FunctionName", "Value": {"Ref": "CompactorFunction"}}
    ]
    assert behind["TreatMissingData"] == "notBreaching"
    assert {one["Period"] for one in (failing, behind)} == {3600}
    least = source()["Parameters"]["CompactionBehindSeconds"]["MinValue"]
    assert least * MICROSECONDS == compactor.USUAL


def test_shown_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Each `run-ledger …` of the runbook is one, and so is each of its switches."""
    shown = re.findall(r"`run-ledger ([a-z]+)((?: [^`]+)?)`", RUNBOOK.read_text())
    assert shown
    for name, rest in shown:
        action = re.match(r" (list|show|replay|discard)\b", rest) if name == "rejected" else None
        arguments = [name, *([action[1]] if action else []), "--help"]
        with pytest.raises(SystemExit) as exit_:
            command.main(arguments)
        assert exit_.value.code == 0, name
        helped = capsys.readouterr().out
        assert set(re.findall(r"--[a-z-]+", rest)) <= set(re.findall(r"--[a-z-]+", helped)), name


def test_charts_and_queries_of_the_runbook_are_on_the_dashboard() -> None:
    """What it sends one to look at in italics is there by that title."""
    titles = {widget["properties"].get("title") for widget in body()["widgets"]}
    shown = set(re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", RUNBOOK.read_text()))
    assert len(shown) > 10
    assert shown <= titles


def test_parameters_of_the_runbook_exist() -> None:
    """Names in code that look like one are one, or an output."""
    known = {*source()["Parameters"], *source()["Outputs"]}
    shown = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", RUNBOOK.read_text()))
    metrics = {
        *("ConcurrentExecutions", "SweepFailed", "FailedInvocations"),
        *("InvocationsFailedToBeSentToDlq", "ThrottledRules", "BusSeconds", "BehindSeconds"),
    }
    assert shown - metrics <= known
