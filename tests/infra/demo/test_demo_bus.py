"""How the demo posts to a bus that may be slow, down or choosy."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from run_ledger.emit.delivery.bus import EventBridgeClient
from run_ledger_ops.demo.reporting.demo_events import DemoEvent
from run_ledger_ops.demo.reporting.patient_bus import PatientBus, PutEntry

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
Answer = Callable[[Sequence[PutEntry]], Mapping[str, Any]]


def made_up(number: int) -> list[DemoEvent]:
    """Make so many events, told apart by their ids."""
    return [DemoEvent(AT, "job_update", {"event_id": f"e{index}"}) for index in range(number)]


def ids(entries: Iterable[PutEntry]) -> list[str]:
    """Give the event ids of entries."""
    return [json.loads(entry["Detail"])["event_id"] for entry in entries]


def takes_all(entries: Sequence[PutEntry]) -> Mapping[str, Any]:
    """Answer as a bus that is well."""
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "x"} for _ in entries]}


def fails(code: str, *failing: str) -> Answer:
    """Answer as a bus that fails these events alone."""

    def answer(entries: Sequence[PutEntry]) -> Mapping[str, Any]:
        outcomes = [
            {"ErrorCode": code, "ErrorMessage": "not now"} if event_id in failing else {}
            for event_id in ids(entries)
        ]
        return {"FailedEntryCount": len(failing), "Entries": outcomes}

    return answer


def raises(error: Exception) -> Answer:
    """Answer by an exception of the client."""

    def answer(entries: Sequence[PutEntry]) -> Mapping[str, Any]:
        raise error

    return answer


class FakeClient:
    """Answers by a script and takes everything after it; keeps what it was called with."""

    def __init__(self, *script: Answer) -> None:
        self.calls: list[list[str]] = []
        self._script: Iterator[Answer] = iter(script)

    def put_events(self, *, Entries: Sequence[PutEntry]) -> Mapping[str, Any]:  # noqa: N803 AWS's name
        """Take a call."""
        self.calls.append(ids(Entries))
        return next(self._script, takes_all)(Entries)


class Posting:
    """A bus with a client, and what it said and how long it slept."""

    def __init__(self, client: EventBridgeClient, name: str = "bus") -> None:
        self.said: list[str] = []
        self.slept: list[float] = []
        dice = Random(7)
        self.bus = PatientBus(
            client, name, sleep=self.slept.append, dice=dice, say=self.said.append
        )


def unreachable() -> Answer:
    """Answer as a host that is not there."""
    return raises(EndpointConnectionError(endpoint_url="http://127.0.0.1:1"))


def test_events_go_out_in_calls_of_ten() -> None:
    """PutEvents takes ten entries; the last call takes what is left."""
    client = FakeClient()
    Posting(client).bus.post(made_up(23))
    assert [len(call) for call in client.calls] == [10, 10, 3]
    assert [event_id for call in client.calls for event_id in call] == [
        f"e{index}" for index in range(23)
    ]


def test_no_events_are_no_call() -> None:
    """A tick in which nothing happens costs nothing."""
    client = FakeClient()
    Posting(client).bus.post([])
    assert client.calls == []


def test_only_failed_entries_are_posted_again() -> None:
    """What the bus took is not repeated; what it did not goes again under the same id."""
    client = FakeClient(fails("ThrottlingException", "e1", "e3"), fails("InternalFailure", "e3"))
    posting = Posting(client)
    posting.bus.post(made_up(4))
    assert client.calls == [["e0", "e1", "e2", "e3"], ["e1", "e3"], ["e3"]]
    assert len(posting.slept) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        unreachable(),
        raises(ClientError({"Error": {"Code": "InternalFailure"}}, "PutEvents")),
        raises(ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutEvents")),
    ],
)
def test_a_bus_that_is_down_is_waited_for(trouble: Answer) -> None:
    """All entries of the call go again until the bus answers, and nothing is raised."""
    client = FakeClient(*[trouble] * 12)
    Posting(client).bus.post(made_up(3))
    assert client.calls == [["e0", "e1", "e2"]] * 13


def test_pauses_grow_to_a_limit_and_differ() -> None:
    """Each pause is about twice the one before, up to 16 seconds, shortened at random."""
    posting = Posting(FakeClient(*[unreachable()] * 12))
    posting.bus.post(made_up(1))
    for doublings, pause in enumerate(posting.slept):
        longest = 0.25 * 2 ** min(doublings, 6)
        assert longest / 2 <= pause <= longest
    shares = {pause / 2 ** min(doublings, 6) for doublings, pause in enumerate(posting.slept)}
    assert len(shares) == 12


def test_trouble_is_said_once_and_so_is_its_end() -> None:
    """However long the bus is down, that is one line; a second time is another."""
    client = FakeClient(*[unreachable()] * 5, takes_all, fails("ThrottlingException", "e0"))
    posting = Posting(client)
    posting.bus.post(made_up(1))
    posting.bus.post(made_up(1))
    assert posting.said == [
        "the bus takes no events at the moment (EndpointConnectionError), trying on",
        "the bus takes events again",
        "the bus takes no events at the moment (ThrottlingException), trying on",
        "the bus takes events again",
    ]


def test_what_is_refused_for_good_is_said_and_dropped() -> None:
    """Another try would not change a refusal, so the rest goes on without it."""
    client = FakeClient(fails("NotAuthorizedForSourceException", "e1"))
    posting = Posting(client)
    posting.bus.post(made_up(11))
    assert client.calls == [[f"e{index}" for index in range(10)], ["e10"]]
    assert posting.said == [
        "the bus refused an event for good (NotAuthorizedForSourceException: not now)"
    ]
    assert posting.slept == []


def test_an_event_of_64_kb_is_never_posted() -> None:
    """The ledger would reject it, so it is a mistake of the simulation."""
    client = FakeClient()
    event = DemoEvent(AT, "job_update", {"event_id": "e", "name": "é" * 32 * 1024})
    with pytest.raises(ValueError, match="too large"):
        Posting(client).bus.post([event])
    assert client.calls == []


def test_boto3_takes_the_entries() -> None:
    """The entries pass botocore's validation and come out of a rule as they were meant."""
    with mock_aws():
        events = boto3.client("events", region_name="eu-west-1")
        sqs = boto3.client("sqs", region_name="eu-west-1")
        events.create_event_bus(Name="ledger")
        queue = sqs.create_queue(QueueName="all")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        pattern = json.dumps({"source": ["run-ledger.demo"], "detail-type": ["job_update"]})
        events.put_rule(Name="all", EventBusName="ledger", EventPattern=pattern)
        target = {"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}
        events.put_targets(Rule="all", EventBusName="ledger", Targets=[target])
        posting = Posting(events, "ledger")
        posting.bus.post(made_up(12))
        messages = [
            message
            for _ in range(2)
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        ]
    details = [json.loads(message["Body"])["detail"] for message in messages]
    assert {detail["event_id"] for detail in details} == {f"e{index}" for index in range(12)}
    assert posting.said == []
