"""The DynamoDB client, made once per execution environment and never at import."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from . import throttles
from .direct_json import speak_directly

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_CONNECTIONS = 32


def client_config(*, read_timeout: int, attempts: int, **more: Any) -> Config:
    """Return what clients of AWS in a function have in common, with *more* options of botocore's.

    A call that hangs is given up after *read_timeout* seconds, and made *attempts* times in all.
    botocore does not check parameters, as that costs more than all the rest of a large call. It
    names itself by one word: what it says of its version and of the machine is put together in each
    call.
    """
    return Config(
        connect_timeout=2,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        parameter_validation=False,
        tcp_keepalive=True,
        user_agent="run-ledger",
        **more,
    )


@cache
def dynamodb() -> DynamoDBClient:
    """Return the client that handlers share.

    A call that hangs is given up early, as the next attempt usually finds another host. It does not
    use the account's own endpoint, as finding its name costs a tenth of each call.
    """
    config = client_config(
        read_timeout=5,
        attempts=3,
        max_pool_connections=MOST_CONNECTIONS,
        account_id_endpoint_mode="disabled",
    )
    return throttles.writes.watch(speak_directly(boto3.client("dynamodb", config=config)))
