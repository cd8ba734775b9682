"""All that time decides, once a minute: the intake first, then what it lets be judged."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.doors.event_bus import Bus
from run_ledger.store.dynamo.table_names import Tables
from run_ledger.store.timed.level_reads import LevelReads
from run_ledger.store.timed.run_reads import RunReads
from run_ledger.store.timed.watch_ledger import WatchLedger

from .budget_sweep import BudgetSweep
from .intake_sweep import IntakeSweep, Queues
from .level_sweep import LevelSweep
from .run_sweep import RunSweep, Tell
from .watching import read_watching

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LONGEST_BEHIND_SECONDS = 900
"""How far the watermark may lie behind before that is trouble of its own."""
_SHARE_OF_LEVELS = 0.4
"""How much of a sweep's time is kept for what goes on, however long runs are looked for."""


class TimeKeeper:
    """What a sweep works with; it counts what it did."""

    def __init__(
        self,
        client: DynamoDBClient,
        tables: Tables,
        bus: Bus,
        queues: Queues,
        now: Callable[[], Instant],
    ) -> None:
        """Read *tables*, send probes by *bus*, and count messages in *queues*."""
        self._client = client
        self._tables = tables
        self._kept = WatchLedger(client, tables.incidents)
        self._intake = IntakeSweep(self._kept, client, tables.entries, bus, queues)
        self._budgets = BudgetSweep(client, tables.rollups, now)
        self._now = now
        self.watermark: Instant | None = None
        """Up to when all was posted, as far as the last sweep knew."""

    def sweep(self, tell: Tell, seconds: float) -> list[str]:
        """Judge everything in *seconds*, tell by *tell*, and return what went wrong."""
        until = time.monotonic() + seconds

        def remaining() -> float:
            return until - time.monotonic()

        try:
            watching = read_watching(self._client, self._tables, self._now(), remaining)
            kept = self._kept
            failures = self._budgets.run(watching.clients, tell, remaining)
            is_asked = watching.unreadable or watching.asks_for_time
            if not is_asked and kept.is_idle():
                return failures  # Nobody waits for anything: no probe either.
            intake = self._intake.run(self._now, remaining)
            self.watermark = intake.watermark
            # What goes on has time of its own: a run may be looked for among any number of jobs.
            kept_back = remaining() * _SHARE_OF_LEVELS
            reads = RunReads(self._client, self._tables.jobs, lambda: remaining() - kept_back)
            runs = RunSweep(kept, reads, tell, self._now)
            runs.run(watching, self.watermark)
            failures += runs.failures
            if self.watermark is not None:
                levels = LevelSweep(
                    kept, LevelReads(self._client, self._tables, remaining), tell, self._now
                )
                levels.run(watching, self.watermark)
                failures += levels.failures
        except StoreUnavailable as error:
            return [str(error)]
        failures += [f"what {client_id} expects can't be read" for client_id in watching.unreadable]
        if intake.is_behind_by(LONGEST_BEHIND_SECONDS, self._now()):
            failures.append("the intake is behind, or has dead letters: nothing is judged by time")
        return failures
