"""The commands of `run-ledger` for operators, who run a ledger and mend it."""

from run_ledger_ops.assistant import mcp
from run_ledger_ops.commands import (
    apps,
    clients,
    dashboard,
    deploy,
    destroy,
    local,
    rollback,
    status,
    token,
    users,
)
from run_ledger_ops.console.arguments import Words
from run_ledger_ops.mending import audit, redrive, rejected, upgrade
from run_ledger_ops.telling import alert_trials, answering, digests


def add_to(commands: Words) -> None:
    """Add all of them."""
    mending = (status, rejected, redrive, audit, upgrade)
    deploying = (local, deploy, rollback, destroy)
    telling = (alert_trials, digests, answering)
    for module in (*deploying, users, apps, token, mcp, clients, *telling, dashboard, *mending):
        module.add_to(commands)
