"""A request, as API Gateway's REST proxy events describe it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from msgspec import Struct


class Request(Struct, frozen=True):
    """A request; ``resource`` is the path as the template writes it: ``/jobs/{job_id}``.

    ``people_clients`` are the ids of the app clients that people sign in to. They come with each
    request as a variable of the stage. They can't be in the function's environment, as they are
    created after the function: they need the site's address.
    """

    method: str
    resource: str
    path_parameters: Mapping[str, str]
    parameters: Mapping[str, Sequence[str]]
    if_none_match: str
    claims: Mapping[str, Any]
    people_clients: frozenset[str]


def request(event: Mapping[str, Any]) -> Request:
    """Return the request that *event* describes."""
    context = event.get("requestContext") or {}
    authorizer = context.get("authorizer") or {}
    path_parameters = event.get("pathParameters") or {}
    people_clients = (event.get("stageVariables") or {}).get("people_clients") or ""
    return Request(
        method=str(event.get("httpMethod", "")).upper(),
        resource=str(event.get("resource", "")),
        # No id has a percent sign, so decoding it a second time changes nothing.
        path_parameters={name: unquote(value) for name, value in path_parameters.items()},
        parameters=_parameters(event),
        if_none_match=_header(event, "if-none-match"),
        claims=authorizer.get("claims") or {},
        people_clients=frozenset(filter(None, people_clients.split(","))),
    )


def _parameters(event: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    given: Mapping[str, Sequence[str]] = event.get("multiValueQueryStringParameters") or {}
    if given:
        return given
    single: Mapping[str, str] = event.get("queryStringParameters") or {}
    return {name: [value] for name, value in single.items()}


def _header(event: Mapping[str, Any], wanted: str) -> str:
    """Return all values of a header, joined by commas; names may be in upper or lower case."""
    several: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {}
    values = [value for name, these in several.items() if name.lower() == wanted for value in these]
    if not values:
        single: Mapping[str, str] = event.get("headers") or {}
        values = [value for name, value in single.items() if name.lower() == wanted]
    return ", ".join(values)
