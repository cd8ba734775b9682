"""A request to a door, from the event in which API Gateway hands it on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from run_ledger.read.gateway.description import server_address
from run_ledger.read.gateway.request_body import body
from run_ledger.read.gateway.request_headers import header


class DoorRequest(Struct, frozen=True):
    """A request; ``resource`` is the path as the template writes it, and headers are as sent.

    ``address`` is that of the intake, such as ``https://id.execute-api.eu-central-1…/intake``.

    A header that comes several times has its values joined by commas. ``people_clients`` are the
    app clients that people sign in to, which the stage names.
    """

    method: str
    resource: str
    authorization: str
    media_type: str
    coding: str
    if_none_match: str
    address: str
    body: bytes
    people_clients: frozenset[str] = frozenset()


def read_request(event: Mapping[str, Any]) -> DoorRequest:
    """Return the request that *event* describes."""
    return DoorRequest(
        method=str(event.get("httpMethod", "")).upper(),
        resource=str(event.get("resource", "")),
        authorization=header(event, "authorization"),
        media_type=header(event, "content-type"),
        coding=header(event, "content-encoding"),
        if_none_match=header(event, "if-none-match"),
        address=server_address(event.get("requestContext") or {}),
        body=body(event),
        people_clients=frozenset(
            filter(
                None, str((event.get("stageVariables") or {}).get("people_clients", "")).split(",")
            )
        ),
    )
