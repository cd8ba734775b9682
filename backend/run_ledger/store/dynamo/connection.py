"""The DynamoDB client, made once per execution environment and never at import."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from . import throttles
from .direct_json import speak_directly

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_CONNECTIONS = 32


@cache
def dynamodb() -> DynamoDBClient:
    """Return the client that handlers share.

    A call that hangs is given up early, as the next attempt usually finds another host. botocore
    does not check parameters, as that costs more than all the rest of a large call. It does not use
    the account's own endpoint, as finding its name costs a tenth of each call. It names itself by
    one word: what botocore says of its version and of the machine is put together in each call.
    """
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 3},
        parameter_validation=False,
        max_pool_connections=MOST_CONNECTIONS,
        tcp_keepalive=True,
        account_id_endpoint_mode="disabled",
        user_agent="run-ledger",
    )
    return throttles.writes.watch(speak_directly(boto3.client("dynamodb", config=config)))
