"""Projects that an overview names as overdue: those that were due last, of the clients in view.

A caller who may see all clients has them from one partition of an index. For others the projects of
their own clients are read, those that were reported last, and are kept for a minute: how long an
answer takes must not tell of other clients' projects.

Which of them are overdue, their items and the totals of their jobs tell. Of all clients' projects
so many are looked at that a few which are done, and which nobody has closed, hide no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.api.clients_projects import project_document
from run_ledger.domain.api.overview import MOST_JOBS, AttentionDocument
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant, floor, later, text
from run_ledger.domain.state.rollups import projects_partition
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys
from run_ledger.store.items.project_items import StoredProject
from run_ledger.store.lists.project_lists import read_projects
from run_ledger.store.lists.totals import NOTHING, Total, read_all_totals, read_total

from .kept_pages import Marks, WantedPage, mark_of_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MINUTE = Duration(60 * MICROSECONDS)
_MOST_DUE = 10
_MOST_OF_A_CLIENT, _MOST_OF_SOME = 100, 500
_MOST_CLIENTS = 25

ProjectKey = tuple[str, str]
"""A client and a project."""


class Seeker(NamedTuple):
    """For whom projects are looked for: of which clients, and when.

    ``is_of_all`` says that these are all clients. ``marks`` are those of the days, if they may be
    used.
    """

    clients: Collection[str]
    now: Instant
    is_of_all: bool
    marks: Marks | None

    @property
    def minute(self) -> str:
        """Return the mark of what is kept by the clock."""
        return str(floor(self.now, _MINUTE))


class KeysPage(NamedTuple):
    """Projects that may be overdue."""

    keys: Sequence[ProjectKey]
    rest: Sequence[Any] = ()

    @property
    def size(self) -> int:
        """Return how many counts the page stands for."""
        return 1 + len(self.keys)


class ItemsPage(NamedTuple):
    """The states of projects, by id."""

    projects: Mapping[str, StoredProject]
    rest: Sequence[Any] = ()

    @property
    def size(self) -> int:
        """Return how many counts the page stands for; a state is as large as some of them."""
        return 1 + 8 * len(self.projects)


class ProjectTotals(NamedTuple):
    """The totals of the jobs of projects."""

    totals: Mapping[ProjectKey, Total]
    rest: Sequence[Any] = ()

    @property
    def size(self) -> int:
        """Return how many counts the page holds."""
        return 1 + sum(len(total.states) for total in self.totals.values())


def key_pages(reading: Reading, seeker: Seeker) -> list[WantedPage]:
    """Return the pages of projects that may be overdue."""
    client, table = reading.client, reading.tables.projects
    if seeker.is_of_all:
        return [WantedPage(partial(_read_due, client, table, seeker.now), ("due",), None)]
    return [
        WantedPage(partial(_read_reported, client, table, one), ("reported", one), seeker.minute)
        for one in sorted(seeker.clients)[:_MOST_CLIENTS]
    ]


def keys_in(pages: Iterable[KeysPage], seeker: Seeker) -> list[ProjectKey]:
    """Return the projects to look at of those in *pages*."""
    found = [key for page in pages for key in page.keys if key[0] in seeker.clients]
    return found[:_MOST_OF_SOME]


def item_pages(
    reading: Reading, projects: Sequence[ProjectKey], seeker: Seeker
) -> list[WantedPage]:
    """Return the pages of the states of *projects*."""
    mark = None if seeker.is_of_all else seeker.minute
    ids = dict.fromkeys(project_id for _, project_id in projects)
    return [
        WantedPage(
            partial(_read_items, reading.client, reading.tables.projects, some),
            ("items", *some),
            mark,
        )
        for some in portions(ids)
    ]


def total_pages(
    reading: Reading, projects: Sequence[ProjectKey], seeker: Seeker
) -> list[WantedPage]:
    """Return the pages of the totals of *projects*.

    Those of all clients are kept while nothing changes at all, others for a minute.
    """
    client, table = reading.client, reading.tables.rollups
    if seeker.is_of_all:
        mark = None if seeker.marks is None else mark_of_all(seeker.marks)
        return [
            WantedPage(partial(_read_total, client, table, one), ("total", *one), mark)
            for one in projects
        ]
    return [
        WantedPage(partial(_read_totals, client, table, one), ("totals", one), seeker.minute)
        for one in sorted({client_id for client_id, _ in projects})
    ]


def overdue(
    projects: Sequence[ProjectKey],
    items: Iterable[ItemsPage],
    totals: Iterable[ProjectTotals],
    now: Instant,
) -> list[AttentionDocument]:
    """Return those of *projects* that are overdue at *now*: a few, last due first."""
    stored = {name: one for page in items for name, one in page.projects.items()}
    jobs = {key: total for page in totals for key, total in page.totals.items()}
    late = []
    for key in projects:
        one = stored.get(key[1])
        # The jobs of one client may name a project that another client's events report.
        if one is None or one.project.client_id != key[0]:
            continue
        states = jobs.get(key, NOTHING).states
        document = project_document(key, states, one.project, one.last_seen_at, at=now)
        if document.overdue:
            late.append(document)
    late.sort(key=lambda one: (one.due_at or "", one.project_id, one.client_id), reverse=True)
    return [AttentionDocument("overdue", project=one) for one in late[:MOST_JOBS]]


def _read_due(client: DynamoDBClient, table: str, now: Instant) -> KeysPage:
    query = QueryBuilder(table, "due_list", keys.DUE_LIST, index=keys.BY_DUE)
    query.sort_between("due", below=text(later(now, 1)))
    names = ("client_id", "project_id")
    answer: Any = client.query(**query.request(names, descending=True, limit=_MOST_DUE))
    return KeysPage([(one["client_id"]["S"], one["project_id"]["S"]) for one in answer["Items"]])


def _read_reported(client: DynamoDBClient, table: str, client_id: str) -> KeysPage:
    query = QueryBuilder(table, "client_id", client_id, index=keys.BY_CLIENT)
    answer: Any = client.query(
        **query.request(["project_id"], descending=True, limit=_MOST_OF_A_CLIENT)
    )
    return KeysPage([(client_id, one["project_id"]["S"]) for one in answer["Items"]])


def _read_items(client: DynamoDBClient, table: str, ids: Sequence[str]) -> ItemsPage:
    return ItemsPage(read_projects(client, table, ids))


def _read_total(client: DynamoDBClient, table: str, key: ProjectKey) -> ProjectTotals:
    client_id, project_id = key
    total = read_total(client, table, projects_partition(client_id), project_id)
    return ProjectTotals({key: total or NOTHING})


def _read_totals(client: DynamoDBClient, table: str, client_id: str) -> ProjectTotals:
    found = read_all_totals(client, table, projects_partition(client_id))
    return ProjectTotals({(client_id, name): total for name, total in found.totals.items()})
