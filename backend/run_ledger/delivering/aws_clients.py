"""Clients of the services that deliveries need, each made at its first use."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import boto3

from run_ledger.store.dynamo.connection import client_config

DeliveryService = Literal["sqs", "sesv2", "ssm", "secretsmanager"]


@cache
def delivery_client(service: DeliveryService) -> Any:
    """Return the client of a service; a call that hangs is given up after a few seconds.

    It makes no call a second time: what may have been taken is sent again with the same id.
    """
    make: Any = boto3.client
    return make(service, config=client_config(read_timeout=5, attempts=1))
