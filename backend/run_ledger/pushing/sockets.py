"""The sockets of open pages, which API Gateway holds."""

from __future__ import annotations

import logging
from typing import Any, Literal

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.store.dynamo.connection import client_config

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 16
"""How many pages are told at the same time."""
Sent = Literal["sent", "gone", "failed"]
_GONE = "GoneException"
_HTTP_GONE = 410


def gateway(endpoint: str) -> Any:
    """Return the client that speaks to sockets: by *endpoint*, an address of the stage's own."""
    make: Any = boto3.client
    config = client_config(read_timeout=3, attempts=2, max_pool_connections=MOST_AT_ONCE)
    return make("apigatewaymanagementapi", endpoint_url=endpoint, config=config)


class Sockets:
    """Writes to sockets, and closes them."""

    def __init__(self, client: Any) -> None:
        """Speak by *client*, as `gateway` makes it."""
        self._client = client

    def send(self, connection_id: str, text: bytes) -> Sent:
        """Send *text*; say whether it was taken, or whether there is no such socket any more."""
        return _tried(
            lambda: self._client.post_to_connection(ConnectionId=connection_id, Data=text)
        )

    def close(self, connection_id: str) -> Sent:
        """Close a socket; say whether it was open, or is gone already."""
        return _tried(lambda: self._client.delete_connection(ConnectionId=connection_id))


def _tried(call: Any) -> Sent:
    try:
        call()
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if error.response["Error"]["Code"] == _GONE or status == _HTTP_GONE:
            return "gone"
        _log.error("failed", extra={"failure": str(error)})
        return "failed"
    except BotoCoreError as error:
        _log.error("failed", extra={"failure": str(error)})
        return "failed"
    return "sent"
