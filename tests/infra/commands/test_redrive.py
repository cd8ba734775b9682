"""`run-ledger redrive`: dead letters go back to the writer, none is lost, and none counts twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.events.builders import job_update, text
from tests.support.recounts.recount import recount_job
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.store.items.log_items import entries_of
from run_ledger.store.lists.job_lists import read_job
from run_ledger_ops import command
from run_ledger_ops.checks.dead_letters import Mover, SendRate
from run_ledger_ops.console.target import Target

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with nothing in it."""
    with deployed_system(monkeypatch) as deployed:
        yield deployed


@pytest.fixture
def run(system: System, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; it returns the exit code and what was printed."""

    def redrive(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["redrive", *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return redrive


class Wrapped:
    """A queue service with some of its calls replaced."""

    def __init__(self, sqs: Any, **calls: Callable[..., Any]) -> None:
        """Pass everything on to *sqs* but for *calls*."""
        self._sqs = sqs
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        """Return the call in place, or the real one."""
        return self._calls.get(name) or getattr(self._sqs, name)


class Clock:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        """Start at zero."""
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


def bodies(number: int, prefix: str = "m") -> list[str]:
    """Return distinct messages."""
    return [f"{prefix}{count}" for count in range(number)]


def refused(*_: Any, **__: Any) -> Any:
    """Refuse a call for the moment."""
    raise ClientError({"Error": {"Code": "Busy", "Message": "not now"}}, "SendMessageBatch")


def test_everything_goes_back(system: System, run: Run) -> None:
    """Both dead-letter queues are emptied into the writer's queue, to the letter."""
    system.send(system.dlq_url, *bodies(23, "w"))
    system.send(system.rule_dlq_url, *bodies(4, "r"))
    code, out, _ = run()
    assert (code, out) == (0, "writer: 23 messages moved\nrule: 4 messages moved\n")
    assert sorted(system.drain()) == sorted(bodies(23, "w") + bodies(4, "r"))
    assert system.messages(system.dlq_url) == system.messages(system.rule_dlq_url) == 0


def test_nothing_to_do_is_fine(run: Run) -> None:
    """Empty queues are no trouble."""
    assert run()[:2] == (0, "writer: 0 messages moved\nrule: 0 messages moved\n")


def test_one_queue_alone(system: System, run: Run) -> None:
    """--from leaves the other as it is."""
    system.send(system.dlq_url, "w")
    system.send(system.rule_dlq_url, "r")
    assert run("--from", "rule")[1] == "rule: 1 messages moved\n"
    assert system.drain() == ["r"]
    assert system.messages(system.dlq_url) == 1


def test_a_dry_run_changes_nothing(system: System, run: Run) -> None:
    """It says how many and since when; the messages stay, for anybody to take at once."""
    system.send(system.dlq_url, *bodies(3))
    code, out, _ = run("--dry-run")
    assert code == 0
    assert out.startswith("writer: 3 messages, oldest 20")
    assert out.endswith("rule: 0 messages\n")
    documents = json.loads(run("--dry-run", "--json")[1])
    assert documents["writer"]["messages"] == 3
    assert documents["writer"]["oldest_sent_at"].endswith("Z")
    assert documents["rule"] == {"messages": 0, "oldest_sent_at": None}
    assert system.messages(system.queue_url) == 0
    assert sorted(system.drain(system.dlq_url)) == bodies(3)


def test_max_is_for_both_queues_together(system: System, run: Run) -> None:
    """What is beyond stays where it was."""
    system.send(system.dlq_url, *bodies(12))
    system.send(system.rule_dlq_url, *bodies(5))
    outcome = json.loads(run("--max", "14", "--json")[1])
    assert [outcome[name]["moved"] for name in ("writer", "rule")] == [12, 2]
    assert system.messages(system.rule_dlq_url) == 3
    assert len(system.drain()) == 14


def test_a_rate_is_kept(system: System) -> None:
    """Messages go out in steps no larger than a second's worth, and no faster."""
    system.send(system.dlq_url, *bodies(10))
    clock, steps = Clock(), []
    pace = SendRate(4, clock, clock.sleep)
    mover = Mover(system.sqs, system.queue_url, pace, steps.append)
    assert mover.move(system.dlq_url, None).moved == 10
    assert steps == [4, 4, 2]
    assert clock.slept == [1.0, 1.0]


def test_without_a_rate_nobody_sleeps(system: System) -> None:
    """Ten go out at once, and the next ten after them."""
    system.send(system.dlq_url, *bodies(20))
    clock, steps = Clock(), []
    Mover(system.sqs, system.queue_url, SendRate(None, clock, clock.sleep), steps.append).move(
        system.dlq_url, None
    )
    assert steps == [10, 10]
    assert clock.slept == []


def test_large_messages_travel_apart(system: System, run: Run) -> None:
    """A call holds a limited number of bytes."""
    large = [letter * 200_000 for letter in "abc"]
    system.send(system.dlq_url, *large)
    assert run()[0] == 0
    assert sorted(system.drain()) == large


def test_what_the_queue_refuses_stays(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that can't be sent is not deleted; the exit code and the reason say so."""
    send = system.sqs.send_message_batch

    def picky(QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - AWS's names
        taken = [entry for entry in Entries if entry["MessageBody"] != "m1"]
        answer = dict(send(QueueUrl=QueueUrl, Entries=taken)) if taken else {}
        bad = [one for one in Entries if one["MessageBody"] == "m1"]
        return answer | {"Failed": [{"Id": one["Id"], "Code": "TooBad"} for one in bad]}

    system.send(system.dlq_url, *bodies(3))
    monkeypatch.setattr(Target, "sqs", Wrapped(system.sqs, send_message_batch=picky))
    code, out, _ = run("--from", "writer")
    assert code == 1
    assert out == "writer: 2 messages moved, 1 not taken by the queue (TooBad)\n"
    assert sorted(system.drain()) == ["m0", "m2"]
    assert system.drain(system.dlq_url) == ["m1"]


def test_cut_off_before_sending_nothing_is_lost(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All messages are still there, and free to be taken at once."""
    system.send(system.dlq_url, *bodies(3))
    with monkeypatch.context() as patch:
        patch.setattr(Target, "sqs", Wrapped(system.sqs, send_message_batch=refused))
        code, _, complaint = run()
    assert (code, "not now" in complaint) == (2, True)
    assert sorted(system.drain(system.dlq_url)) == bodies(3)


def test_cut_off_before_deleting_it_can_be_run_again(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then messages go out twice, and the ledger counts them once."""
    events = [
        job_update(envelope_id=f"e{count}", delta={"records_ok": count}) for count in range(5)
    ]
    system.send(system.dlq_url, *map(text, events))
    with monkeypatch.context() as patch:
        patch.setattr(Target, "sqs", Wrapped(system.sqs, delete_message_batch=refused))
        assert run()[0] == 2
    free(system)
    assert run()[0] == 0
    sent = system.drain()
    assert len(sent) == 10
    assert system.write(sent).duplicates == 5
    stored = read_job(system.dynamodb, "jobs", "job-1")
    assert stored is not None
    assert stored.job.counters == recount_job(events)["counters"] == {"records_ok": 10}


def test_redriving_the_same_events_twice_changes_no_total(system: System, run: Run) -> None:
    """Whatever was dead and is alive again has happened once."""
    events = [
        job_update(envelope_id=f"e{count}", job_id=f"job-{count % 3}", delta={"records_ok": 1})
        for count in range(12)
    ]
    for round_ in range(2):
        system.send(system.dlq_url, *map(text, events))
        assert run()[0] == 0
        assert system.write(system.drain()).duplicates == 12 * round_
        contents = system.contents()
        entries = [entry for item in system.items("entries") for entry in entries_of(item)]
        assert len(entries) == 12
        if round_ == 0:
            first = contents
    assert contents == first


def test_replaying_an_archive_twice_changes_no_total(system: System) -> None:
    """An archive's replay marks the envelope, and the event in it is the same."""
    events = [
        job_update(envelope_id=f"e{count}", delta={"records_ok": 1}, job_id=f"job-{count % 3}")
        for count in range(12)
    ]
    system.write([text(one) for one in events])
    before = system.contents()
    for name in ("replay-1", "replay-2"):
        replayed = [text({**one, "replay-name": name}) for one in events]
        assert system.write(replayed).duplicates == 12
    assert system.contents() == before


def test_what_comes_back_meanwhile_is_left(system: System) -> None:
    """A message that the writer still can't post would go round for ever."""
    system.send(system.dlq_url, *bodies(2))
    arrived: list[str] = []
    send, receive = system.sqs.send_message_batch, system.sqs.receive_message

    def note(**request: Any) -> Any:
        answer = send(**request)
        arrived.extend(one["MessageId"] for one in answer["Successful"])
        return answer

    def receive_with_returns(**request: Any) -> Any:
        answer = receive(**request)
        if not answer.get("Messages") and arrived:
            returned = {"MessageId": arrived.pop(), "ReceiptHandle": "x", "Body": "m"}
            answer = {"Messages": [returned]}
        return answer

    sqs = Wrapped(system.sqs, send_message_batch=note, receive_message=receive_with_returns)
    outcome = Mover(sqs, system.queue_url, SendRate(None), lambda _: None).move(
        system.dlq_url, None
    )
    assert (outcome.moved, outcome.came_back) == (2, 2)
    assert len(system.drain()) == 2


def free(system: System) -> None:
    """Let the hold on dead letters run out, without waiting for it."""
    from moto.sqs.models import sqs_backends  # noqa: PLC0415 - one private seam

    queue = sqs_backends["123456789012"]["eu-central-1"].queues["run-ledger-test-updates-dead"]
    for message in queue._messages:
        message.visible_at = 0


def test_the_bus_has_a_queue_only_with_a_key_of_ones_own(system: System, run: Run) -> None:
    """Where there is one, its messages go back, too; where there is none, asking for it is told."""
    code, _, err = run("--from", "bus")
    assert (code, "CustomerKeyArn" in err) == (2, True)
    bus_dlq_url = system.sqs.create_queue(QueueName="run-ledger-test-bus-dead")["QueueUrl"]
    system.outputs["BusDlqUrl"] = bus_dlq_url
    system.send(bus_dlq_url, "b")
    assert run()[1].splitlines()[-1] == "bus: 1 messages moved"
    assert system.drain() == ["b"]


@pytest.mark.parametrize(
    ("word", "output", "parameter"),
    [("aws", "AwsJobs", "AwsJobs=true"), ("acts", "Acts", "Telling=true")],
)
def test_what_is_not_the_writers_goes_back_to_its_queue(
    system: System, run: Run, word: str, output: str, parameter: str
) -> None:
    """The writer would refuse it; where a stage has no such queue, asking for it is told."""
    code, _, err = run("--from", word)
    assert (code, parameter in err) == (2, True)
    for kind in ("Dlq", "Queue"):
        url = system.sqs.create_queue(QueueName=f"run-ledger-test-{word}-{kind}")["QueueUrl"]
        system.outputs[f"{output}{kind}Url"] = url
    system.send(system.outputs[f"{output}DlqUrl"], "a")
    assert run("--from", word)[1].splitlines()[-1] == f"{word}: 1 messages moved"
    assert system.drain() == []
    assert system.drain(system.outputs[f"{output}QueueUrl"]) == ["a"]
