"""The way of a request: the caller is checked, the path's endpoint is found, and it answers.

API Gateway has already matched the path with one of the template's, so a table finds the endpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from run_ledger.domain.api.access import Trust, caller
from run_ledger.domain.exceptions import LedgerError, NotFound, StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.settings import Settings
from run_ledger.store.dynamo.reading import Reading

from .answers import Answer, MethodNotAllowed, found, problem
from .clients import list_clients, show_client, show_config
from .entries import list_entries
from .failures import list_error_groups
from .inquiries import Inquiry
from .jobs import list_jobs, show_job
from .overview import show_overview
from .projects import list_projects, show_project
from .rejections import list_rejections
from .requests import Request
from .trends import show_trends

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

ROUTES: Mapping[str, Callable[[Inquiry], Struct]] = {
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
    "/rejections": list_rejections,
    "/trends": show_trends,
}


class Reader(Struct, frozen=True):
    """The reader of one execution environment."""

    client: DynamoDBClient
    settings: Settings
    executor: Executor
    now: Callable[[], Instant]

    def answer(self, request: Request, seconds: float) -> tuple[Answer, dict[str, Any]]:
        """Return the answer to *request*, within *seconds*, and the members of its log line."""
        reading = Reading(self.client, self.settings.tables, self.executor, seconds)
        way: dict[str, Any] = {"route": None, "caller": None}
        try:
            answer = self._found(request, reading, way)
        except (LedgerError, MethodNotAllowed) as error:
            answer = problem(error)
            way["problem"] = type(error).__name__
            if isinstance(error, StoreUnavailable):
                way["reason"] = str(error)
        except Exception as error:  # noqa: BLE001 - the last resort: no caller sees a traceback
            answer = problem(error)
            _log.exception("failed", extra=way)
        return answer, {**way, "rounds": reading.rounds, "calls": reading.calls}

    def _found(self, request: Request, reading: Reading, way: dict[str, Any]) -> Answer:
        now = self.now()
        asking = caller(request.claims, Trust(self.settings.issuer, request.people_clients), now)
        way["caller"] = asking.kind
        endpoint = ROUTES.get(request.resource)
        if endpoint is None:
            raise NotFound("The API has no such path.")
        way["route"] = request.resource
        if request.method != "GET":
            raise MethodNotAllowed
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
        )
        return found(endpoint(inquiry), request.if_none_match)
