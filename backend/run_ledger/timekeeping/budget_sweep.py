"""The sweep over budgets: every few minutes, what each client has spent in the month so far.

It reads a client's rows of the month, at most 31 partitions for all budgets of the client and its
pipelines, and as many for each project that has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule, IncidentScope
from run_ledger.domain.incidents.budgets import Spent, budget_scope, budgeted
from run_ledger.domain.incidents.causes import Standing
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.clients.watched_clients import WatchedClient
from run_ledger.store.incidents.month_costs import MonthCosts, month_of

from .run_sweep import Tell

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BETWEEN_SECONDS = 300


class BudgetSweep:
    """Judges budgets; it remembers when it did last."""

    def __init__(self, client: DynamoDBClient, table: str, now: Callable[[], Instant]) -> None:
        """Read costs from *table*."""
        self._client = client
        self._table = table
        self._now = now
        self._judged_at: Instant | None = None

    def run(
        self, clients: Sequence[WatchedClient], tell: Tell, remaining: Callable[[], float]
    ) -> list[str]:
        """Judge the budgets of *clients*, unless that was just done; return what went wrong."""
        now = self._now()
        last = self._judged_at
        if last is not None and now - last < BETWEEN_SECONDS * MICROSECONDS:
            return []
        month = month_of(now)
        costs = MonthCosts(self._client, self._table, month, remaining)
        failures = []
        for one in clients:
            by_scope = _budgets(one)
            try:
                for scope, microusd in _spent(costs, by_scope).items():
                    spent = Spent(month.name, month.ends_at, microusd)
                    tell(scope, partial(_budgeted, scope, by_scope[scope], spent))
            except StoreUnavailable as error:
                failures.append(str(error))
        self._judged_at = None if failures else now
        return failures


def _budgets(client: WatchedClient) -> Mapping[IncidentScope, list[AlertRule]]:
    found: dict[IncidentScope, list[AlertRule]] = {}
    for rule in client.alerts:
        if rule.what == "budget":
            found.setdefault(budget_scope(client.client_id, rule), []).append(rule)
    return found


def _spent(costs: MonthCosts, scopes: Mapping[IncidentScope, object]) -> dict[IncidentScope, int]:
    """Return what was spent in each scope; a client's rows are read once."""
    found: dict[IncidentScope, int] = {}
    by_pipeline: Mapping[str, int] | None = None
    for scope in scopes:
        if scope.project_id is not None:
            found[scope] = costs.of_project(scope.client_id, scope.project_id)
            continue
        if by_pipeline is None:
            by_pipeline = costs.by_pipeline(scope.client_id)
        sums = by_pipeline
        found[scope] = sums.get(scope.pipeline, 0) if scope.pipeline else sum(sums.values())
    return found


def _budgeted(
    scope: IncidentScope, rules: Sequence[AlertRule], spent: Spent, standing: Standing, now: Instant
) -> Standing:
    return budgeted(scope, standing, rules, spent, now)
