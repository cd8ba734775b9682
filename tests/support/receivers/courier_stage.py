"""A courier with a real receiver and moto's queue, tables and secrets."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import boto3
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.receivers.http_receiver import Receiver

from run_ledger import courier
from run_ledger.delivering.channel_senders import ChannelSenders
from run_ledger.delivering.deliverer import Deliverer
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.delivering.mails import Outbox
from run_ledger.delivering.pinned_http import PinnedPoster
from run_ledger.delivering.references import References
from run_ledger.domain import instants
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Delivery
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.clients.channel_reads import read_channel
from run_ledger.store.deliveries.delivery_lanes import DeliveryLanes
from run_ledger.store.deliveries.delivery_records import DeliveryRecords
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.client_items import channel_values

NOW = Instant(1_795_000_000 * MICROSECONDS)
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()
REGION = "eu-central-1"
CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


def notice(number: int = 1, channel: str = "hook", client_id: str = "acme") -> Delivery:
    """Return a delivery of an incident's opening."""
    detail = {
        "notice_id": f"n{number}.opened",
        "client_id": client_id,
        "pipeline": "nightly",
        "what": "failed",
        "jobs": 3,
        "began_at": instants.text(NOW),
        "last_job_id": "nightly-17",
        "error": {"type": "KeyError", "message": "no column <price>"},
    }
    at = instants.text(NOW)
    return Delivery(
        f"n{number}-opened-{channel}", client_id, channel, "incident_opened", at, detail
    )


class CourierStage:
    """A courier with its queue, tables and secrets, and a receiver on this machine."""

    def __init__(self, client: Any, here: Receiver, folder: Path) -> None:
        """Begin with a client of three channels."""
        self.client, self.here, self.folder = client, here, folder
        self.now = NOW
        self.sqs: Any = boto3.client("sqs", region_name=REGION, **CREDENTIALS)
        self.ses: Any = boto3.client("sesv2", region_name=REGION, **CREDENTIALS)
        self.url = self.sqs.create_queue(
            QueueName="deliveries", Attributes={"VisibilityTimeout": "360"}
        )["QueueUrl"]
        self.key = folder / "key"
        self.key.write_text(KEY + "\n")
        self.queue = DeliveryQueue(lambda: self.sqs, self.url)
        self.records = DeliveryRecords(client, NAMES.incidents)
        self.outbox = Outbox(folder / "outbox")
        self.post: Any = self.outbox
        self.declare(
            Channel("ops", "mail", ("ops@acme.example", "on-call@acme.example")),
            Channel("chat", "slack", address=here.url),
            Channel("hook", "webhook", address=here.url, signing_key=f"file:{self.key}"),
        )
        self.put_off: list[int] = []
        self.hidden: list[str] = []

    def declare(self, *channels: Channel, client_id: str = "acme") -> None:
        """Let a client have these channels."""
        profile = {"pk": client_id, "sk": "profile", **channel_values(channels)}
        self.client.put_item(TableName=NAMES.clients, Item=to_item(profile))

    def courier(self) -> courier.Courier:
        """Return what the handler works with."""
        poster = PinnedPoster(is_local=True, seconds=2)
        references = References(
            lambda name: boto3.client(name, region_name=REGION, **CREDENTIALS), is_local=True
        )
        senders = ChannelSenders(
            self.post, poster, references, "https://l.example", lambda: self.now / MICROSECONDS
        )
        find = lambda client_id, name: read_channel(self.client, NAMES.clients, client_id, name)  # noqa: E731
        lanes = DeliveryLanes(self.client, NAMES.incidents)
        deliverer = Deliverer(find, self.records, lanes, senders, lambda: self.now)
        deliverer.stopwatch = lambda: self.here.seconds
        return courier.Courier(deliverer, self.queue)

    def deliver(self, *deliveries: Delivery) -> None:
        """Put deliveries into the queue, and let the courier take what is there."""
        taken = self.queue.put(deliveries, lambda: 60.0)
        assert taken == {one.delivery_id for one in deliveries}
        self.take()

    def take(self) -> None:
        """Let the courier take what is in the queue, and be gone what it does not want again."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        event = {"Records": [as_record(one) for one in messages]}
        again = {
            one["itemIdentifier"] for one in courier.handler(event, Context())["batchItemFailures"]
        }
        for one in messages:
            if one["MessageId"] not in again:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=one["ReceiptHandle"])

    def retry(self, seconds: int) -> None:
        """Let time pass until all messages may be taken again, and take them."""
        self.now = Instant(self.now + seconds * MICROSECONDS)
        for message in self.hidden:
            self.sqs.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=message, VisibilityTimeout=0
            )
        self.hidden.clear()
        self.take()


def as_record(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as Lambda gives it."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
    }
