"""A ledger in moto to audit, with something of every kind in it, and ways to falsify it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update, project_update, text
from tests.support.readers.reading import Serial
from tests.support.recounts.recount import recount_rollups, without_zeros

from run_ledger.domain import instants
from run_ledger.domain.contract.events import Event, decode
from run_ledger.store.audit.auditor import Audit, Findings, Manner
from run_ledger.store.audit.reach import Reach
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.rollup_items import as_counted, from_rollup_item
from run_ledger.store.posting.entities import Layout
from run_ledger.store.posting.grouping import EventMessage
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = instants.parse("2026-11-22T15:00:00Z")
DAY = 86_400 * instants.MICROSECONDS
TTL_DAYS = 90
HORIZON = NOW - TTL_DAYS * DAY

NOT_BY_ENTRIES = ("rev", "log", "era", "old", "seen", "turned")
"""What an item has that no entry decides."""
FAILED = {"type": "ValueError", "message": "row 17 is bad", "fingerprint": "fp"}


def said(job_id: str, at: str, client: str = "client-1", **fields: Any) -> Envelope:
    """Return an event of a job on 22 November 2026 whose id follows from job and time."""
    return job_update(
        job_id=job_id,
        client_id=client,
        project_id="project-1" if client == "client-1" else "project-2",
        event_id=f"{job_id}@{at}",
        occurred_at=f"2026-11-22T{at}Z",
        **fields,
    )


BOOKS: tuple[Envelope, ...] = (
    said("job-1", "10:00:00", status="queued", name="first", tags={"a": "b"}),
    said("job-1", "10:00:05", status="running", delta={"records_ok": 3, "pages": 2}),
    said("job-1", "11:00:00", delta={"records_ok": 4, "records_failed": 1}),
    said("job-1", "11:30:00", status="completed", result="failed", error=FAILED),
    said("job-1", "12:00:00", attempt=2, status="running", delta={"cost_microusd": 9}),
    said("job-1", "12:00:07", attempt=2, status="completed", result="succeeded"),
    said("job-2", "10:20:00", status="running", parent_job_id="job-1", stage="load"),
    said("job-2", "10:40:00", status="completed", result="timed_out", delta={"records_ok": 1}),
    said("job-3", "10:30:00", "client-2", status="running", delta={"records_ok": 8}),
    project_update(
        event_id="p@1", occurred_at="2026-11-22T09:00:00Z", name="One", delta={"pages": 5}
    ),
)


def post(  # noqa: PLR0913 - tests vary each of these
    client: Any,
    envelopes: Sequence[Envelope],
    *,
    at: int = NOW,
    seed: int | None = None,
    decoding: Callable[[str], Event] = decode,
    layout: Layout = Layout.LOG,
) -> None:
    """Post *envelopes*, decoded by *decoding*, through a ledger of their own, in one batch."""
    failures = deliver(client, envelopes, at=at, seed=seed, decoding=decoding, layout=layout)
    assert not failures, failures


def deliver(  # noqa: PLR0913 - as `post`
    client: Any,
    envelopes: Sequence[Envelope],
    *,
    at: int = NOW,
    seed: int | None = None,
    decoding: Callable[[str], Event] = decode,
    layout: Layout = Layout.LOG,
) -> Sequence[str]:
    """Do as `post`, and return why messages were handed back to the queue, if any were."""
    ledger = Ledger(
        client,
        NAMES,
        Keeping(TTL_DAYS, 3, layout),
        timing=Timing(now=lambda: at, pause=lambda _: None, dice=random.Random(seed)),
    )
    deliveries = [
        EventMessage(str(number), text(one), decoding(text(one)))
        for number, one in enumerate(envelopes)
    ]
    return ledger.post(deliveries, [], lambda: 60.0).failures


def audit(
    client: Any,
    *,
    repair: bool = False,
    horizon: int = HORIZON,
    is_vouched: bool = False,
    **scope: Any,
) -> Findings:
    """Audit what *scope* names, without pauses; *horizon* and *is_vouched* are its reach."""
    reach = Reach(horizon, TTL_DAYS if is_vouched else None)
    reading = Reading(client, NAMES, Serial(), 3_600.0)
    manner = Manner(repair=repair, pause=lambda _: None)
    return Audit(reading, AuditScope(now=NOW, **scope), lambda: reach, manner).run()


def drifts(findings: Findings) -> set[tuple[Any, ...]]:
    """Return what differs, in a form that compares."""
    return {
        (one.drift.kind, one.drift.key, one.drift.attribute, one.drift.stored, one.drift.recounted)
        for one in findings.drifts
    }


def rows(client: DynamoDBClient) -> dict[tuple[str, str], dict[str, int]]:
    """Return all rollup rows, their shards added up, without what is zero."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    items: list[Any] = client.scan(TableName=NAMES.rollups)["Items"]
    for item in as_counted(items):
        row, counts = from_rollup_item(item)
        sums.setdefault((row.partition, row.sort), Counter()).update(counts)
    return without_zeros(sums)


def entities(client: DynamoDBClient) -> dict[str, Any]:
    """Return all items of jobs and projects, without attributes that no entry decides."""
    found: dict[str, Any] = {}
    for table, key in ((NAMES.jobs, "job_id"), (NAMES.projects, "project_id")):
        items: list[Any] = client.scan(TableName=table)["Items"]
        for item in items:
            kept = {name: one for name, one in item.items() if name not in NOT_BY_ENTRIES}
            found[item[key]["S"]] = kept
    return found


def assert_exact(client: DynamoDBClient, envelopes: Sequence[Envelope]) -> None:
    """Assert that the rollups are what a recount of *envelopes* gives, and the audit agrees."""
    assert rows(client) == recount_rollups(envelopes)
    findings = audit(client)
    assert drifts(findings) == set()
    assert findings.undecided == []


class Interleaved:
    """A client between whose calls other things happen, as long as there are any left."""

    def __init__(
        self,
        client: Any,
        happenings: Sequence[Callable[[], None]],
        every: int = 1,
        operation: str | None = None,
    ) -> None:
        """Do one of *happenings* before each so many calls, or calls of one *operation*."""
        self._client = client
        self._happenings = list(happenings)
        self._every = every
        self._operation = operation
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        """Return the call, with something happening before it."""
        call = getattr(self._client, name)

        def interleaved(**request: Any) -> Any:
            if self._operation in (None, name):
                self._calls += 1
                if self._happenings and self._calls % self._every == 0:
                    self._happenings.pop(0)()
            return call(**request)

        return interleaved

    def rest(self) -> list[Callable[[], None]]:
        """Return the happenings that are left, and do not let them happen here."""
        rest, self._happenings = self._happenings, []
        return rest
