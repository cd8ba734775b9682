"""A deployed system in moto for the `run-ledger` command: tables and queues, no functions.

The answers of CloudFormation are made up here, since moto's CloudFormation needs more packages than
are installed. moto works with one thread at a time, so what the command does in parallel is done in
turn here. Messages reach the ledger when a test takes them off the queue (`drain`) and passes them
to a writer (`write`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.readers.reading import Serial

from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.store.posting.grouping import EventMessage, InvalidMessage
from run_ledger.store.posting.ledger import Keeping, Ledger
from run_ledger.store.posting.reports import Report
from run_ledger_ops.console import target
from run_ledger_ops.console.target import Target

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STAGE = "test"
TTL_DAYS = 30
_QUEUES = {
    "QueueUrl": "run-ledger-test-updates",
    "DlqUrl": "run-ledger-test-updates-dead",
    "RuleDlqUrl": "run-ledger-test-rule-dead",
}
BUS_ARN = "arn:aws:events:eu-central-1:123456789012:event-bus/run-ledger-test"
_ADDRESSES = {
    "ApiUrl": "https://api.example/api",
    "UserPoolDomain": "login.example",
    "Scope": "run-ledger/read",
    "ReportScope": "run-ledger/report",
    "IntakeUrl": "https://intake.example/intake",
    "BusArn": BUS_ARN,
    "SiteUrl": "https://site.example/",
}
# What tells a stage on AWS from a local one is where its API's service answers.
_GATEWAY = SimpleNamespace(
    meta=SimpleNamespace(endpoint_url="https://apigateway.eu-central-1.amazonaws.com")
)


@dataclass
class System:
    """The deployed system."""

    dynamodb: DynamoDBClient
    sqs: Any
    cognito: Any
    pool_id: str
    queue_url: str
    dlq_url: str
    rule_dlq_url: str
    outputs: dict[str, str]

    def send(self, queue_url: str, *bodies: str) -> None:
        """Put messages on a queue."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=queue_url, MessageBody=body)

    def messages(self, queue_url: str) -> int:
        """Return how many messages a queue holds, with those that are being processed."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
        return sum(int(count) for count in answer["Attributes"].values())

    def drain(self, queue_url: str | None = None) -> list[str]:
        """Take all messages off a queue (the writer's, if none is named) and return them."""
        url = queue_url or self.queue_url
        bodies = []
        while found := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in found:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def write(self, bodies: Sequence[str]) -> Report:
        """Do what the writer does with a batch."""
        deliveries, refusals = [], []
        for number, body in enumerate(bodies):
            try:
                deliveries.append(EventMessage(str(number), body, decode(body)))
            except InvalidEvent as error:
                refusals.append(InvalidMessage(str(number), body, error))
        ledger = Ledger(self.dynamodb, NAMES, Keeping(TTL_DAYS, 8))
        report = ledger.post(deliveries, refusals, lambda: 60.0)
        assert not report.failures, report.failures
        return report

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table."""
        found: list[Any] = self.dynamodb.scan(TableName=table)["Items"]
        return found

    def contents(self) -> dict[str, list[str]]:
        """Return what all tables hold, in a form that compares."""
        return {
            name: sorted(repr(sorted(item.items())) for item in self.items(name)) for name in NAMES
        }


@dataclass
class CloudFormation:
    """Knows one stack, that of `STAGE`."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803 - AWS's name
        """Answer as AWS does."""
        if StackName != f"run-ledger-{STAGE}":
            message = f"Stack with id {StackName} does not exist"
            error: Any = {"Error": {"Code": "ValidationError", "Message": message}}
            raise ClientError(error, "DescribeStacks")
        outputs = [
            {"OutputKey": name, "OutputValue": value} for name, value in self.outputs.items()
        ]
        parameters = [
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in self.parameters.items()
        ]
        return {"Stacks": [{"Outputs": outputs, "Parameters": parameters}]}


@contextmanager
def deployed_system(
    monkeypatch: pytest.MonkeyPatch,
    *,
    has_pool: bool = False,
    parameters: Mapping[str, str] | None = None,
    clients: Mapping[str, Any] | None = None,
) -> Iterator[System]:
    """Give a stage named `STAGE` in the account and region of the environment.

    It has more *parameters* of the template, and *clients* of more services, by name.
    The user pool is made only on demand: it takes moto longer than everything else.
    """
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr(Target, "executor", Serial())
    with empty_tables() as dynamodb:
        sqs: Any = boto3.client("sqs")
        urls = {
            output: sqs.create_queue(QueueName=name)["QueueUrl"] for output, name in _QUEUES.items()
        }
        cognito: Any = boto3.client("cognito-idp")
        pool_id = _user_pool(cognito) if has_pool else ""
        outputs = urls | {f"{kind.capitalize()}Table": name for kind, name in _tables()}
        outputs |= _ADDRESSES | {"UserPoolId": pool_id}
        known = {"EntryTtlDays": str(TTL_DAYS), **(parameters or {})}
        clients = {
            "apigateway": _GATEWAY,
            **(clients or {}),
            "cloudformation": CloudFormation(outputs, known),
            "cognito-idp": cognito,
            "dynamodb": dynamodb,
            "sqs": sqs,
        }
        monkeypatch.setattr(target, "make_client", lambda _session, service, *_: clients[service])
        yield System(
            dynamodb, sqs, cognito, pool_id, *(urls[output] for output in _QUEUES), outputs
        )


def _user_pool(cognito: Any) -> str:
    """Make a user pool like the template's and return its id."""
    pool = cognito.create_user_pool(PoolName="run-ledger-test", UsernameAttributes=["email"])
    pool_id: str = pool["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool_id, GroupName="staff")
    return pool_id


def _tables() -> Iterator[tuple[str, str]]:
    yield from NAMES._asdict().items()
