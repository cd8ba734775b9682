"""Counting a ledger again that an earlier version kept, as it had no totals that are wanted now."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from run_ledger.store.items.keys import Tables
from run_ledger_ops.commands import audit
from run_ledger_ops.console import terminal
from run_ledger_ops.local.machine.cloud import LocalCloud

TOTALS = 4
"""Which totals this version keeps: raised whenever lists or figures rest on further ones."""
_THREADS = 8
_TTL_DAYS = 90


def recount(cloud: LocalCloud, outputs: Mapping[str, str]) -> int:
    """Make jobs, projects and totals what the entries say; give how much was mended."""
    tables = Tables(**{kind: outputs[f"{kind.capitalize()}Table"] for kind in Tables._fields})
    with ThreadPoolExecutor(_THREADS) as executor:
        findings = audit.judge_all(
            audit.patient_reading(cloud.client("dynamodb"), tables, executor),
            terminal.clock(),
            _TTL_DAYS,
            repair=True,
        )
    return sum(found.mended for found in findings.drifts)
