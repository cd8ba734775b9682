"""The keys of entities in tables and indexes.

=========== ============================ =============================================
table       key                          indexes
=========== ============================ =============================================
Entries     ``pk`` entity's lane of its  none: it is the duplicate check and the history;
            log, ``sk`` number           entries and receipts of old lie beside the logs
Jobs        ``job_id``                   eight, each sorted by ``ck``: time, then job id
Projects    ``project_id``               ``by_client``, sorted by ``ck``; ``by_due``, by ``due``
Clients     ``pk`` client, ``sk`` what   none; the directory of clients lies in a partition
Rollups     ``pk`` scope and day, ``sk`` none
Rejections  ``rejection_id``             ``by_day_shard``, sorted by ``rk``; ``by_day`` of old
Incidents   ``pk`` scope, ``sk`` what,   ``by_due``, sorted by ``due``; of incidents' own rows
            or incident and its row      ``by_time`` and ``by_client``, sorted by ``ck``, and
                                         ``by_open``, sorted by ``open_key``
=========== ============================ =============================================
"""

from __future__ import annotations

from run_ledger.domain import instants
from run_ledger.domain.instants import Instant

BY_DAY = "by_day"
BY_CLIENT = "by_client"
BY_PROJECT = "by_project"
BY_PARENT = "by_parent"
BY_CLIENT_PROJECT = "by_client_project"
BY_CLIENT_PARENT = "by_client_parent"
BY_OUTCOME = "by_outcome"
BY_CLIENT_OUTCOME = "by_client_outcome"
BY_DUE = "by_due"
BY_TIME = "by_time"
BY_OPEN = "by_open"
DUE_LIST = "due"
"""The one partition of the index ``by_due``: projects are few, and seldom change."""

# The table Clients: one partition lists the declared clients, and each client has one of its own.
CLIENT_DIRECTORY = "clients"
PROFILE = "profile"
PARAMETER_PREFIX = "param#"
GRANT = "grant"
SIGN_OUTS = "people#signed-out"
REPORT = "report"
"""Beside a machine's grant to read: its grant to report."""
REPORT_KEYS = "report#keys"
REPORT_USE = "report#use#"
AWS_JOBS = "aws#jobs"
"""The rules of all clients about jobs of AWS's services, an item for each client."""
WATCHED = "clients#watched"
"""What is judged by time of all clients, an item for each client."""
# A client with such an id would mix with the directory.
RESERVED_CLIENT_IDS = frozenset({CLIENT_DIRECTORY, PROFILE})
# DynamoDB writes a partition at most 1,000 units a second. So a log that is no short story any more
# goes on in several partitions, in turns.
LOG = "log#"
LANES = 16
FIRST_LANE = 256
"""The number of the last row before a log goes on in all its lanes."""
# The own key of each index of jobs; all are sorted by ``ck``.
PARTITION_KEYS = {
    BY_DAY: "day_shard",
    BY_CLIENT: "client_id",
    BY_PROJECT: "project_id",
    BY_PARENT: "parent_job_id",
    BY_CLIENT_PROJECT: "client_project",
    BY_CLIENT_PARENT: "client_parent",
    BY_OUTCOME: "outcome_day",
    BY_CLIENT_OUTCOME: "client_outcome",
}


def entity_key(kind: str, entity_id: str) -> str:
    """Return the partition key of an entity's entries in the layout of old."""
    return f"{kind}#{entity_id}"


def lane_of(number: int) -> int:
    """Return the lane that a row of a log lies in: most logs have the first one alone."""
    return 0 if number <= FIRST_LANE else number % LANES


def log_partition(kind: str, entity_id: str, lane: int) -> str:
    """Return the partition key of one lane of an entity's log."""
    return f"{LOG}{kind}#{entity_id}#{lane}"


def log_number(number: int) -> str:
    """Return the sort key of a log's row; its order is that of the numbers."""
    return f"{number:012d}"


def app_key(app_client_id: str) -> str:
    """Return the partition key of the grant of a machine's app client."""
    return f"app#{app_client_id}"


def creation_key(created_at: Instant, entity_id: str) -> str:
    """Return the sort key of the indexes, as ``2026-11-22T14:15:00.000000Z#job-1``.

    No two entities share one, it never changes, and its order is that of time.
    """
    return f"{instants.text(created_at)}#{entity_id}"


def created_at(key: str) -> Instant:
    """Return the instant in a `creation_key`."""
    return instants.parse(key.partition("#")[0])


def day_shard(day: str, shard: int | str) -> str:
    """Return the partition key of the index ``by_day``."""
    return f"{day}#{shard}"


def outcome_day(outcome: str, day: str) -> str:
    """Return the partition key of the index ``by_outcome``."""
    return f"{outcome}#{day}"


def client_outcome(client_id: str, outcome: str) -> str:
    """Return the partition key of the index ``by_client_outcome``."""
    return f"{client_id}#{outcome}"


def client_project(client_id: str, project_id: str) -> str:
    """Return the partition key of the index ``by_client_project``."""
    return f"{client_id}#{project_id}"


def client_parent(client_id: str, parent_job_id: str) -> str:
    """Return the partition key of the index ``by_client_parent``."""
    return f"{client_id}#{parent_job_id}"


def due_key(due_at: Instant, project_id: str) -> str:
    """Return the sort key of the index ``by_due``."""
    return f"{instants.text(due_at)}#{project_id}"
