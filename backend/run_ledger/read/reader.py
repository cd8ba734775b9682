"""The way of a request: it is read, its caller is checked, and its path's endpoint answers.

API Gateway has already matched the path with one of the template's, so a table finds the endpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from msgspec import Raw, Struct

from run_ledger.domain.api.access import Trust, caller
from run_ledger.domain.api.base_query import PathQuery
from run_ledger.domain.exceptions import LedgerError, NotFound, StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.settings import Settings
from run_ledger.store.clients.signed_out import SignOuts
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.overview.kept_pages import KeptPages

from .answers import Answer, MethodNotAllowed, found, problem
from .checks import show_probe, show_proof
from .clients import list_clients, show_client, show_config
from .entries import list_entries
from .failures import list_error_groups
from .gateway.description import DESCRIPTION, served_description, server_address
from .gateway.request_headers import header
from .incidents import list_incidents, show_incident
from .inquiries import Inquiry
from .jobs import list_jobs, show_job
from .overview import show_overview
from .projects import list_projects, show_project
from .rejections import list_rejections
from .trends import show_trends

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)


def show_description(inquiry: Inquiry) -> Raw:
    """Return the API's own description; it says nothing of any client, so every caller may ask."""
    PathQuery.of(inquiry.parameters)
    inquiry.scope()
    return served_description("openapi.json", inquiry.address)


ASSISTANTS = "/mcp"
"""Where assistants ask, who are answered by `run_ledger.assistants`."""
Endpoint = Callable[[Inquiry], Struct | Raw]
ROUTES: Mapping[str, Endpoint] = {
    "/jobs": list_jobs,
    "/jobs/{job_id}": show_job,
    "/jobs/{job_id}/entries": list_entries,
    "/projects": list_projects,
    "/projects/{project_id}": show_project,
    "/clients": list_clients,
    "/clients/{client_id}": show_client,
    "/clients/{client_id}/config": show_config,
    "/overview": show_overview,
    "/errors": list_error_groups,
    "/incidents": list_incidents,
    "/incidents/{incident_id}": show_incident,
    "/probes/{probe_id}": show_probe,
    "/proof": show_proof,
    "/rejections": list_rejections,
    "/trends": show_trends,
    DESCRIPTION: show_description,
}


class Request(Struct, frozen=True):
    """A request; ``resource`` is the path as the template writes it: ``/jobs/{job_id}``.

    ``address`` is that of the API, such as ``https://id.execute-api.eu-central-1…/api``.

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
    token: str
    people_clients: frozenset[str]
    address: str


class Reader(Struct, frozen=True):
    """The reader of one execution environment."""

    client: DynamoDBClient
    settings: Settings
    executor: Executor
    now: Callable[[], Instant]
    sign_outs: SignOuts | None = None
    """None where nobody can be signed out, as in a ledger without sign-in."""
    kept: KeptPages | None = None
    """None where each request reads everything anew."""

    def answer(
        self, request: Request, seconds: float, endpoint: Endpoint | None = None
    ) -> tuple[Answer, dict[str, Any]]:
        """Return the answer to *request*, within *seconds*, and the members of its log line.

        *endpoint* answers it, whatever its path is; unless given, it is found by that.
        """
        reading = Reading(self.client, self.settings.tables, self.executor, seconds)
        way: dict[str, Any] = {"route": None, "caller": None}
        try:
            answer = self._found(request, reading, way, endpoint)
        except (LedgerError, MethodNotAllowed) as error:
            answer = problem(error)
            way["problem"] = type(error).__name__
            if isinstance(error, StoreUnavailable):
                way["reason"] = str(error)
        except Exception as error:  # noqa: BLE001 - the last resort: no caller sees a traceback
            answer = problem(error)
            _log.exception("failed", extra=way)
        return answer, {**way, "rounds": reading.rounds, "calls": reading.calls}

    def _found(
        self, request: Request, reading: Reading, way: dict[str, Any], endpoint: Endpoint | None
    ) -> Answer:
        now = self.now()
        trust = Trust(self.settings.issuer, request.people_clients)
        asking = caller(request.claims, trust, now, request.token)
        way["caller"] = asking.kind
        endpoint = endpoint or ROUTES.get(request.resource)
        if endpoint is None:
            raise NotFound("The API has no such path.")
        way["route"] = request.resource
        if request.method != "GET":
            raise MethodNotAllowed
        sign_outs = self.sign_outs if asking.kind != "machine" else None
        wait = sign_outs.begin(reading, now) if sign_outs else None
        inquiry = Inquiry(
            resource=request.resource,
            path_parameters=request.path_parameters,
            parameters=request.parameters,
            caller=asking,
            reading=reading,
            cursor_key=self.settings.cursor_key,
            rollup_shards=self.settings.rollup_shards,
            entry_ttl_days=self.settings.entry_ttl_days,
            now=now,
            address=request.address,
            kept=self.kept,
            is_telling=self.settings.is_telling,
        )
        document = endpoint(inquiry)
        if sign_outs and wait:
            wait()
            sign_outs.check(request.claims)
        return found(document, request.if_none_match)


def read_request(event: Mapping[str, Any]) -> Request:
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
        if_none_match=header(event, "if-none-match"),
        claims=authorizer.get("claims") or {},
        token=header(event, "authorization"),
        people_clients=frozenset(filter(None, people_clients.split(","))),
        address=server_address(context),
    )


def _parameters(event: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    given: Mapping[str, Sequence[str]] = event.get("multiValueQueryStringParameters") or {}
    if given:
        return given
    single: Mapping[str, str] = event.get("queryStringParameters") or {}
    return {name: [value] for name, value in single.items()}
