"""A client for the bus of a local stack."""

import boto3
from botocore.config import Config

from run_ledger_ops.demo.past.memory import LocalLedger
from run_ledger_ops.demo.reporting.patient_bus import EventsClient


def events_client(ledger: LocalLedger) -> EventsClient:
    """Make a client that gives up soon: whoever uses it tries again, single entries, too."""
    client: EventsClient = boto3.client(
        "events",
        endpoint_url=ledger.endpoint_url,
        region_name=ledger.region,
        aws_access_key_id=ledger.access_key_id,
        aws_secret_access_key=ledger.secret_access_key,
        config=Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1}),
    )
    return client
