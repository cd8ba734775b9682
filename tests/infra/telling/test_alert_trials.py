"""`run-ledger alerts test`: a trial by each channel, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain.delivery.deliveries import trials_of, unpacked
from run_ledger.domain.delivery.wordings import wording_of
from run_ledger.domain.instants import Instant
from run_ledger.store.deliveries.delivery_records import DeliveryRecords
from run_ledger.store.dynamo.attributes import to_item
from run_ledger_ops import command
from run_ledger_ops.telling import alert_trials

Run = Callable[..., tuple[int, str, str]]
OUTPUT = "DeliveriesQueueUrl"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a stage that tells, with two clients of one and two channels."""
    with deployed_system(monkeypatch) as made:
        url = made.sqs.create_queue(QueueName="run-ledger-test-deliveries")["QueueUrl"]
        made.outputs[OUTPUT] = url
        for client_id, names in (("acme", ("ops", "chat")), ("hooli", ("ops",)), ("none", ())):
            channels = [{"name": name, "kind": "mail", "recipients": ["a@b.c"]} for name in names]
            profile = {"pk": client_id, "sk": "profile", "name": client_id, "channels": channels}
            for item in (profile, {"pk": "clients", "sk": client_id, "name": client_id}):
                made.dynamodb.put_item(TableName=NAMES.clients, Item=to_item(item))
        yield made


@pytest.fixture
def run(system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs the command, while a courier is at work that *reasons* hold up."""
    records = DeliveryRecords(system.dynamodb, NAMES.incidents)
    reasons: dict[str, str] = {}

    def courier(_seconds: float) -> None:
        url = system.outputs[OUTPUT]
        answer = system.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            delivery = unpacked(message["Body"])
            if delivery.channel in reasons:
                records.note_given_up(delivery, reasons[delivery.channel], Instant(1))
            else:
                records.note_delivered(delivery, Instant(1), has_waited=False)

    monkeypatch.setattr(alert_trials.time, "sleep", courier)

    def ran(*options: str, held_up: dict[str, str] | None = None) -> tuple[int, str, str]:
        reasons.update(held_up or {})
        code = command.main(["alerts", "test", "--stage", STAGE, *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return ran


def test_all_channels_are_tried(run: Run) -> None:
    """Each of each client."""
    code, out, _ = run()
    assert code == 0
    assert out.splitlines() == [
        "acme ops: delivered",
        "acme chat: delivered",
        "hooli ops: delivered",
    ]


def test_some_are_chosen(run: Run) -> None:
    """By client, by name, or both."""
    assert run("--client", "acme")[1].count("\n") == 2
    assert run("--channel", "ops")[1].splitlines() == [
        "acme ops: delivered",
        "hooli ops: delivered",
    ]
    assert run("--client", "hooli", "--channel", "ops")[1] == "hooli ops: delivered\n"


def test_staff_s_channels_are_tried_with_all_others_or_alone(system: System, run: Run) -> None:
    """They are nobody's of the clients, and who reads the trial is told so."""
    assert run("--staff")[::2] == (
        2,
        "run-ledger alerts test: nothing to try: staff declare no channels.\n",
    )
    channels = [{"name": "ops", "kind": "mail", "recipients": ["a@b.c"]}]
    profile = {"pk": "*", "sk": "profile", "name": "Staff", "channels": channels}
    system.dynamodb.put_item(TableName=NAMES.clients, Item=to_item(profile))
    assert run("--staff")[1] == "staff (for all clients) ops: delivered\n"
    assert run()[1].splitlines()[0] == "staff (for all clients) ops: delivered"
    assert run("--channel", "ops")[1].count("ops: delivered") == 3
    (trial,) = trials_of("*", ["ops"], "a1", Instant(1))
    assert "Notices about all clients, for staff, come here." in wording_of(trial, "").lines


def test_what_did_not_come_is_told_with_its_reason(run: Run) -> None:
    """Also for programs."""
    held_up = {"chat": "the receiver answered 500"}
    code, out, _ = run("--client", "acme", held_up=held_up)
    assert (code, out.splitlines()[1]) == (1, "acme chat: the receiver answered 500")
    code, out, _ = run("--client", "acme", "--json")
    trials: list[dict[str, Any]] = json.loads(out)["trials"]
    assert [one["is_delivered"] for one in trials] == [True, False]
    assert [one["reason"] for one in trials] == [None, held_up["chat"]]


def test_what_is_not_known_yet_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no courier is at work."""
    monkeypatch.setattr(alert_trials.time, "sleep", lambda _: None)
    code, out, _ = run("--client", "hooli", "--wait", "1")
    assert (code, out) == (1, "hooli ops: not yet\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--client", "none"), "client 'none' declares no channels"),
        (("--client", "nobody"), "client 'nobody' declares no channels"),
        (("--channel", "fax"), "no client declares channel 'fax'"),
    ],
)
def test_nothing_to_try_is_said(run: Run, options: tuple[str, ...], said: str) -> None:
    """And nothing is sent."""
    code, _, err = run(*options)
    assert code == 2
    assert said in err


def test_a_stage_that_tells_nobody(system: System, run: Run) -> None:
    """It says how that is changed."""
    del system.outputs[OUTPUT]
    code, _, err = run()
    assert code == 2
    assert "Telling=true" in err
