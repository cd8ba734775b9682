"""Looking for a run of a pipeline, by when its first event happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain import instants
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.incidents.watches import Run, RunQuestion
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ROWS_A_PAGE = 1_000


class RunReads:
    """The runs of all pipelines, as the indexes of the table Jobs show them."""

    def __init__(
        self, client: DynamoDBClient, table: str, remaining_seconds: Callable[[], float]
    ) -> None:
        """Read *table* while time is left."""
        self._client = client
        self._table = table
        self._remaining_seconds = remaining_seconds

    def find(self, client_id: str, expectation: Expectation, wanted: RunQuestion) -> Run | None:
        """Return the run that is *wanted* of a client's pipeline, None where there is none.

        Raises StoreUnavailable where DynamoDB refuses, or the time is over.
        """
        query = self._query(client_id, expectation.project)
        query.sort_between(
            "ck",
            low=instants.text(wanted.low),
            below=instants.text(Instant(wanted.high + 1)),
        )
        query.require_one_of("pipeline", [expectation.pipeline])
        after: Any = None
        while self._remaining_seconds() > 0:
            request = query.request(
                ["job_id", "ck"], limit=_ROWS_A_PAGE, descending=wanted.newest, after=after
            )
            try:
                answer: Any = self._client.query(**request)
            except (ClientError, BotoCoreError) as error:
                raise StoreUnavailable(str(error)) from error
            for item in answer["Items"]:
                return Run(item["job_id"]["S"], keys.created_at(item["ck"]["S"]))
            after = answer.get("LastEvaluatedKey")
            if after is None:
                return None
        raise StoreUnavailable("no time is left to look for a run")

    def _query(self, client_id: str, project_id: str | None) -> QueryBuilder:
        if project_id is None:
            return QueryBuilder(self._table, "client_id", client_id, index=keys.BY_CLIENT)
        partition = keys.client_project(client_id, project_id)
        return QueryBuilder(self._table, "client_project", partition, index=keys.BY_CLIENT_PROJECT)
