"""An audit with all the time that it needs, of what the kept entries can prove."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any

from run_ledger.domain.instants import DAY, EARLIEST, Instant, later
from run_ledger.store.audit.auditor import Audit, Findings, Manner
from run_ledger.store.audit.reach import Reach
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.dynamo.table_names import Tables
from run_ledger_ops.console.exceptions import OpsError

from .audit_file import AuditFile
from .audit_ranges import RangedAudit, same_question

_READING_SECONDS = 86_400.0
# A day of totals is in reach as a whole or not at all.
_MARGIN_DAYS = 1


def patient_reading(dynamodb: Any, tables: Tables, executor: Executor) -> Reading:
    """Return a way to read that allows an audit a whole day."""
    return Reading(dynamodb, tables, executor, _READING_SECONDS)


def reach_of(
    ttl_days: int, clock: Callable[[], Instant], *, is_vouched: bool = False
) -> Callable[[], Reach]:
    """Return what tells how far entries reach back now, which are kept for *ttl_days* days.

    *is_vouched* says that all of the last *ttl_days* days are there but those that were lost.
    """

    def reach() -> Reach:
        since = later(clock(), -(ttl_days - _MARGIN_DAYS) * DAY)
        return Reach(max(since, EARLIEST), ttl_days if is_vouched else None)

    return reach


def audit(
    reading: Reading, scope: AuditScope, reach: Callable[[], Reach], manner: Manner
) -> Findings:
    """Compare what is stored with the entries, as far as these *reach*."""
    return Audit(reading, scope, reach, manner).run()


def audit_in_ranges(
    reading: Reading,
    file: AuditFile,
    scope: AuditScope,
    reach: Callable[[], Reach],
    manner: Manner,
) -> Iterator[int]:
    """Do the same page by page, or go on with it, and keep what is found in *file*.

    Yields how many jobs and projects each page had. Raises OpsError where the file is of an audit
    that asked something else, or asked it of another stage.
    """
    system = [reading.client.meta.region_name, reading.tables.jobs]
    began = same_question(file, scope, [*system, manner.repair, reach().vouched_days])
    if began is None:
        raise OpsError("this progress file is of an audit with other options: name another file.")
    yield from RangedAudit(reading, file, began, reach, manner).run()
