"""A stage deployed to a local AWS and put under load, and all events that were sent to it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from tests.support.dynamo.faulty_dynamodb import FaultyDynamoDB
from tests.support.events import builders
from tests.support.stacks.local_cloud import outputs_of
from tests.support.stacks.local_stack import wait_for

from run_ledger_ops.local.machine.cloud import REGION, LocalCloud

STAGE = "faults"
SECONDS = 240
JOBS = 30


@dataclass
class Stage:
    """The deployed stage, the DynamoDB in front of its tables, and all that was sent to it."""

    cloud: LocalCloud
    dynamodb: FaultyDynamoDB
    checkout: Path
    sent: list[builders.Envelope] = field(default_factory=list)
    number: int = 0

    def client(self, service: str) -> Any:
        """Make a client that outlives a restart of the local AWS."""
        return boto3.client(
            service,
            endpoint_url=self.cloud.endpoint_url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20),
        )

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        return outputs_of(self.cloud, f"run-ledger-{STAGE}")

    def some(self, number: int) -> list[builders.Envelope]:
        """Return so many new events of some jobs that were not sent before."""
        made = []
        for _ in range(number):
            self.number += 1
            step = self.number // JOBS
            said: dict[str, Any] = {"delta": {"records_ok": self.number, "llm_calls": 1}}
            if step % 4 == 0:
                said |= {"status": "running", "stage": f"step {step}"}
            elif step % 4 == 3:
                said |= {"status": "completed", "result": "failed", "attempt": 1 + step // 4}
                said["error"] = {"type": "Timeout", "message": f"in step {step}"}
            said.setdefault("attempt", 1 + step // 4)
            made.append(
                builders.job_update(
                    job_id=f"job-{self.number % JOBS}",
                    client_id=f"client-{self.number % JOBS % 3}",
                    project_id=f"project-{self.number % JOBS % 3}",
                    event_id=f"event-{self.number}",
                    occurred_at=f"2026-11-2{step % 3}T1{step % 10}:30:{self.number % 60:02d}Z",
                    **said,
                )
            )
        return made

    def put(self, envelopes: Sequence[builders.Envelope]) -> None:
        """Put events on the bus as producers do: repeat a failed call with the same event ids."""
        bus, name = self.client("events"), f"run-ledger-{STAGE}"
        for start in range(0, len(envelopes), 10):
            portion = envelopes[start : start + 10]
            entries = [
                {
                    "EventBusName": name,
                    "Source": one["source"],
                    "DetailType": one["detail-type"],
                    "Detail": json.dumps(one["detail"]),
                }
                for one in portion
            ]

            def accepted(entries: list[dict[str, str]] = entries) -> bool:
                with contextlib.suppress(ClientError, BotoCoreError):
                    return bool(bus.put_events(Entries=entries)["FailedEntryCount"] == 0)
                return False

            wait_for("the bus to accept", accepted, SECONDS)
            self.sent += portion

    def messages(self, output: str = "QueueUrl") -> int:
        """Return how many messages a queue holds, those with writers included."""
        url = self.queue_url(output)
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def queue_url(self, output: str = "QueueUrl") -> str:
        """Return the address of a queue."""
        name = self.outputs[output].rsplit("/", 1)[-1]
        return str(self.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])

    def tune(self, **attributes: str) -> None:
        """Set attributes of the writer's queue."""
        self.client("sqs").set_queue_attributes(QueueUrl=self.queue_url(), Attributes=attributes)

    def items(self, output: str) -> list[dict[str, Any]]:
        """Return all items of a table."""
        scan = self.client("dynamodb").get_paginator("scan")
        pages = scan.paginate(TableName=self.outputs[output], ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def writers(self) -> list[int]:
        """Return the ids of the processes that run the writer."""
        mark = f"-run-ledger-{STAGE}-writer-".encode()
        found = []
        for path in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if path.name.isdecimal() and mark in (path / "cmdline").read_bytes():
                    found.append(int(path.name))
        return found
