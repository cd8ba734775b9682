"""What may be going on for too long: a client's running jobs, and projects that were due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain import instants
from run_ledger.domain.api.clients_projects import project_document
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.domain.state.rollups import CLIENTS, projects_partition
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.batches import portions, read_items
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import StoredJob, from_job_item, sign_of_row
from run_ledger.store.lists.project_lists import read_projects
from run_ledger.store.lists.totals import NOTHING, read_total, read_totals

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_ROWS = 20_000
MOST_ITEMS = 300
_ROWS_A_PAGE = 2_000
_RUNNING = "running"
_ROW = ("job_id", "ck", "pipeline", "project_id", "seen_slot", "heartbeat")


class RunningSight(NamedTuple):
    """A running job as an index shows it; ``is_heard_of`` says that it can't have stalled."""

    job_id: str
    pipeline: str
    project_id: str
    created_at: Instant
    is_heard_of: bool


class Seen(NamedTuple):
    """What was read, and whether there is no more."""

    found: Sequence[Any]
    is_whole: bool


class LevelReads:
    """Reads jobs and projects; everything raises StoreUnavailable where DynamoDB refuses."""

    def __init__(
        self, client: DynamoDBClient, tables: Any, remaining_seconds: Callable[[], float]
    ) -> None:
        """Read *tables* while time is left."""
        self._client = client
        self._tables = tables
        self._remaining_seconds = remaining_seconds

    def running(self, client_id: str, at: Instant) -> Seen:
        """Return a client's running jobs as `RunningSight`, oldest first, as they were at *at*."""
        partition = keys.client_outcome(client_id, _RUNNING)
        query = QueryBuilder(
            self._tables.jobs, "client_outcome", partition, index=keys.BY_CLIENT_OUTCOME
        )
        items, is_whole = self._rows(query, _ROW)
        return Seen([_row(item, at) for item in items], is_whole)

    def clients_at_work(self) -> list[str]:
        """Return the ids of the clients of which a job runs, whether they are declared or not.

        One call tells of some six hundred clients, and there are as many calls as it takes.
        """
        found: list[str] = []
        start: str | None = None
        goes_on = True
        try:
            while goes_on:
                page = read_totals(
                    self._client, self._tables.rollups, CLIENTS, start=start, rows=None
                )
                found += [name for name, one in page.totals.items() if one.states.get(_RUNNING, 0)]
                start, goes_on = max(page.totals, default=start), page.goes_on
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        return found

    def jobs(self, job_ids: Iterable[str]) -> list[StoredJob]:
        """Return jobs as their items are now."""
        found = []
        try:
            for some in portions(list(job_ids)):
                wanted = [to_item({"job_id": one}) for one in some]
                found += read_items(self._client, {self._tables.jobs: wanted})[self._tables.jobs]
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        return [from_job_item(item) for item in found]

    def due_projects(self, at: Instant) -> Seen:
        """Return (client, project) of what was due by *at* and is not closed, last due first."""
        query = QueryBuilder(self._tables.projects, "due_list", keys.DUE_LIST, index=keys.BY_DUE)
        query.sort_between("due", below=instants.text(Instant(at + 1)))
        items, is_whole = self._rows(query, ("client_id", "project_id"), descending=True)
        return Seen([(one["client_id"]["S"], one["project_id"]["S"]) for one in items], is_whole)

    def overdue_since(self, projects: Sequence[tuple[str, str]], at: Instant) -> dict[Any, Instant]:
        """Return when those of *projects* were due that are overdue at *at*, as the API says it."""
        found = {}
        try:
            ids = [project_id for _, project_id in projects]
            stored = {
                name: one
                for some in portions(list(dict.fromkeys(ids)))
                for name, one in read_projects(self._client, self._tables.projects, some).items()
            }
            for key in projects:
                one = stored.get(key[1])
                if one is None or one.project.client_id != key[0]:
                    continue
                totals = projects_partition(key[0])
                total = read_total(self._client, self._tables.rollups, totals, key[1]) or NOTHING
                document = project_document(key, total.states, one.project, one.last_seen_at, at=at)
                due_at = one.project.awaited_at
                if document.overdue and due_at is not None:
                    found[key] = due_at
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        return found

    def _rows(
        self, query: QueryBuilder, names: Sequence[str], *, descending: bool = False
    ) -> tuple[list[Any], bool]:
        items: list[Any] = []
        after: Any = None
        while len(items) < MOST_ROWS and self._remaining_seconds() > 0:
            request = query.request(names, limit=_ROWS_A_PAGE, after=after, descending=descending)
            try:
                answer: Any = self._client.query(**request)
            except (ClientError, BotoCoreError) as error:
                raise StoreUnavailable(str(error)) from error
            items += answer["Items"]
            after = answer.get("LastEvaluatedKey")
            if after is None:
                return items, True
        return items, False


def _row(item: Any, at: Instant) -> RunningSight:
    heartbeat = int(item["heartbeat"]["N"]) if "heartbeat" in item else None
    # A job without a slot was last seen before slots were kept, which is long ago.
    slot = int(item["seen_slot"]["N"]) if "seen_slot" in item else 0
    return RunningSight(
        item["job_id"]["S"],
        item["pipeline"]["S"],
        item["project_id"]["S"],
        keys.created_at(item["ck"]["S"]),
        sign_of_row(slot, heartbeat, at) == "alive",
    )
