"""Totals of a ledger that an earlier version kept: counted anew, as this version wants more."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from run_ledger.store.audit.auditor import Manner
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.table_names import Tables
from run_ledger_ops.checks.audits import audit, patient_reading, reach_of
from run_ledger_ops.console import terminal
from run_ledger_ops.local.machine.cloud import LocalCloud

TOTALS = 5
"""Which totals this version keeps: raised whenever lists or figures rest on further ones."""
_THREADS = 8
_TTL_DAYS = 90


def recount(cloud: LocalCloud, outputs: Mapping[str, str]) -> int:
    """Make jobs, projects and totals what the entries say; return how many were mended."""
    tables = Tables(**{kind: outputs[f"{kind.capitalize()}Table"] for kind in Tables._fields})
    with ThreadPoolExecutor(_THREADS) as executor:
        reading = patient_reading(cloud.client("dynamodb"), tables, executor)
        scope, reach = AuditScope(now=terminal.clock()), reach_of(_TTL_DAYS, terminal.clock)
        findings = audit(reading, scope, reach, Manner(repair=True))
    return sum(found.mended for found in findings.drifts)
