"""An audit with all the time that it needs, of what the kept entries can prove."""

from concurrent.futures import Executor
from typing import Any

from run_ledger.domain.instants import DAY, EARLIEST, later
from run_ledger.store.audit.auditor import Audit, Findings, Manner
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.dynamo.table_names import Tables

_READING_SECONDS = 86_400.0
# Producers' clocks may be ahead of the writer's, by which entries expire.
_MARGIN_DAYS = 1


def patient_reading(dynamodb: Any, tables: Tables, executor: Executor) -> Reading:
    """Return a way to read that allows an audit a whole day."""
    return Reading(dynamodb, tables, executor, _READING_SECONDS)


def audit(reading: Reading, scope: AuditScope, ttl_days: int, manner: Manner) -> Findings:
    """Compare what is stored with the entries, which are kept for *ttl_days* days."""
    horizon = max(later(scope.now, -(ttl_days - _MARGIN_DAYS) * DAY), EARLIEST)
    return Audit(reading, scope, horizon, manner).run()
