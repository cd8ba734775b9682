"""The ledger of a running local stack, and a client for its event bus."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.config import Config

from run_ledger.emit.delivery.bus import EventBridgeClient
from run_ledger_ops.console.exceptions import OpsError


@dataclass(frozen=True, slots=True)
class LocalLedger:
    """The ledger of a local stack: its bus, and an identity that a new ledger does not share."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    bus_name: str
    identity: str


def read_ledger(stack: Path) -> LocalLedger:
    """Return the ledger that a stack.json describes; raises OpsError where it describes none."""
    try:
        found = json.loads(stack.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"cannot read {stack} ({error.strerror}); is the stack running?"
        raise OpsError(message) from error
    except ValueError as error:
        raise OpsError(f"{stack} is not JSON ({error})") from error
    try:
        return LocalLedger(
            endpoint_url=found["aws_endpoint_url"],
            region=found["region"],
            access_key_id=found["access_key_id"],
            secret_access_key=found["secret_access_key"],
            bus_name=found["event_bus_name"],
            # The issuer names the user pool, and a stack that is built anew has a new one.
            identity=f"{found['event_bus_name']} {found['issuer']}",
        )
    except KeyError as error:
        raise OpsError(f"{stack} has no {error}") from error
    except TypeError as error:
        raise OpsError(f"{stack} is not the description of a stack") from error


def events_client(ledger: LocalLedger) -> EventBridgeClient:
    """Return a client that gives up soon: whoever uses it tries again, even single entries."""
    client: EventBridgeClient = boto3.client(
        "events",
        endpoint_url=ledger.endpoint_url,
        region_name=ledger.region,
        aws_access_key_id=ledger.access_key_id,
        aws_secret_access_key=ledger.secret_access_key,
        config=Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1}),
    )
    return client
