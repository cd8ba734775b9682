"""The journal of a local stack: what it puts back after an end without a save, and its count."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from run_ledger_ops.local.aws.envelopes import KeptEvent
from run_ledger_ops.local.aws.event_file import EventFile
from run_ledger_ops.local.machine.cloud import LocalCloud
from run_ledger_ops.local.machine.journal import Journal, Replayed, drop_former_copies

BUS = "bus"
PATTERN = json.dumps({"detail-type": ["job_update"]})


@dataclass
class Cloud:
    """An SQS with one queue and a bus with one rule, as a local AWS; some ids may be refused."""

    sqs: Any
    url: str
    refused: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """Give the client of its queues or of its bus."""
        if service == "events":
            return SimpleNamespace(describe_rule=self._describe, test_event_pattern=self._test)
        return SimpleNamespace(
            send_message_batch=self._send, get_queue_attributes=self.sqs.get_queue_attributes
        )

    def _describe(self, Name: str, EventBusName: str) -> Any:  # noqa: N803
        assert (Name, EventBusName) == (f"{BUS}-updates", BUS)
        return {"EventPattern": PATTERN}

    def _test(self, EventPattern: str, Event: str) -> Any:  # noqa: N803
        self.asked.append(Event)
        return {"Result": json.loads(Event)["detail-type"] == "job_update"}

    def _send(self, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:  # noqa: N803
        ids = {one["Id"]: json.loads(one["MessageBody"])["id"] for one in Entries}
        taken = [one for one in Entries if ids[one["Id"]] not in self.refused]
        answer = self.sqs.send_message_batch(QueueUrl=QueueUrl, Entries=taken)
        return answer | {"Failed": [{}] * (len(Entries) - len(taken))}

    def sent(self) -> list[dict[str, Any]]:
        """Take all events out of the queue."""
        events: list[dict[str, Any]] = []
        while found := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            events += [json.loads(one["Body"]) for one in found]
        return events

    def sent_ids(self) -> list[str]:
        """Take all events out of the queue and return their ids."""
        return [one["id"] for one in self.sent()]


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Give a cloud with an empty queue."""
    with mock_aws():
        sqs = boto3.client("sqs", region_name="eu-central-1")
        yield Cloud(sqs, sqs.create_queue(QueueName="q")["QueueUrl"])


def kept(event_id: str, detail_type: str = "job_update", bus: str = BUS) -> KeptEvent:
    """Return an event as the bus takes it."""
    return KeptEvent(bus, {"id": event_id, "detail-type": detail_type, "detail": {"text": "ü\n"}})


def keep(file: Path, *events: KeptEvent) -> None:
    """Add events to a journal's file."""
    asyncio.run(EventFile(file).keep(events))


def replay(journal: Journal, cloud: Cloud) -> Replayed:
    """Put the file's events back."""
    return journal.replay(cast("LocalCloud", cloud), BUS, cloud.url)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the file would be."""
    return tmp_path / "journal.jsonl"


def test_journal_gives_back_what_was_kept(file: Path, cloud: Cloud) -> None:
    """Whole and in order; after a clean stop there is nothing more to give."""
    keep(file, kept("1"), kept("2"))
    keep(file, kept("3"))
    journal = Journal(file)
    assert replay(journal, cloud) == Replayed(3, 0)
    assert cloud.sent() == [kept(one).event for one in "123"]
    assert len(cloud.asked) == 1  # events of one detail type are alike to the rule
    journal.forget()
    assert not file.exists()
    assert replay(journal, cloud) == Replayed(0, 0)


def test_what_no_rule_had_passed_on_does_not_come_back(file: Path, cloud: Cloud) -> None:
    """Neither what the rule's pattern leaves out, nor what another bus took."""
    keep(file, kept("1"), kept("2", "other"), kept("3", bus="default"), kept("4"))
    assert replay(Journal(file), cloud) == Replayed(2, 0)
    assert cloud.sent_ids() == ["1", "4"]


def test_line_that_was_cut_off_is_counted_and_costs_no_other(file: Path, cloud: Cloud) -> None:
    """An end in the middle of writing loses what nobody had an answer for, and the start tells."""
    keep(file, kept("1"))
    with file.open("a") as cut:
        cut.write('{"bus": "bus", "eve')
    keep(file, kept("2"))
    assert replay(Journal(file), cloud) == Replayed(2, 1)
    assert cloud.sent_ids() == ["1", "2"]


def test_journal_is_kept_until_its_events_were_put_back(file: Path, cloud: Cloud) -> None:
    """A start that is broken off early ends in a clean stop, too, and must not lose them."""
    keep(file, kept("1"), kept("2"))
    journal = Journal(file)
    journal.forget()
    cloud.refused = ("2",)
    assert replay(journal, cloud) == Replayed(1, 1)
    journal.forget()
    cloud.refused = ()
    assert replay(journal, cloud) == Replayed(2, 0)
    assert cloud.sent_ids() == ["1", "1", "2"]
    journal.forget()
    assert not file.exists()


def test_journal_of_an_earlier_version_is_read(file: Path, cloud: Cloud) -> None:
    """It held what its rule had passed on, each event as a string in JSON."""
    file.write_text(f"\n{json.dumps(json.dumps(kept('1').event))}\n")
    assert replay(Journal(file), cloud) == Replayed(1, 0)
    assert cloud.sent_ids() == ["1"]


def test_copies_of_an_earlier_version_are_removed_once() -> None:
    """Its rule would go on filling a queue that nobody empties any more."""
    with mock_aws():
        clients = {
            name: boto3.client(name, region_name="eu-central-1") for name in ("sqs", "events")
        }
        cloud = cast("LocalCloud", SimpleNamespace(client=clients.__getitem__))
        events, name = clients["events"], "run-ledger-local-journal"
        events.create_event_bus(Name=BUS)
        drop_former_copies(cloud, BUS)
        url = clients["sqs"].create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:eu-central-1:123456789012:{url.rsplit('/', 1)[1]}"
        events.put_rule(Name=name, EventBusName=BUS, EventPattern=PATTERN)
        events.put_targets(Rule=name, EventBusName=BUS, Targets=[{"Id": "journal", "Arn": arn}])
        drop_former_copies(cloud, BUS)
        assert events.list_rules(EventBusName=BUS)["Rules"] == []
        assert "QueueUrls" not in clients["sqs"].list_queues()
