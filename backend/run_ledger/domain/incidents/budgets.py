"""Budgets: what a client, a pipeline or a project may cost in a month of UTC.

Half of a budget, four fifths and the whole are levels of their own: each is a cause, which is
active while as much or more was spent in its month. What was corrected counts as it is now: a sum
that falls below a level withdraws its incident, and one that reaches it again is another one. When
the month is over, so are its incidents.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import structs

from run_ledger.domain.instants import Instant

from .alert_rules import AlertRule, IncidentScope, Ruling
from .causes import Activity, Cause, CauseKey, ClosedBecause, Standing, asked_by, moved

LEVELS_PERCENT = (50, 80, 100)
MICROUSD = 1_000_000


class Spent(NamedTuple):
    """What was spent in a month, such as ``2026-12``, which ends at ``ends_at``."""

    month: str
    ends_at: Instant
    microusd: int


def budget_scope(client_id: str, rule: AlertRule) -> IncidentScope:
    """Return the scope of a client's budget; an empty pipeline stands for all."""
    return IncidentScope(client_id, rule.pipeline or "", rule.project, "budget")


def budgeted(
    scope: IncidentScope,
    standing: Standing,
    rules: Iterable[AlertRule],
    spent: Spent,
    now: Instant,
) -> Standing:
    """Return *standing* once so much was *spent*, by the budgets that *rules* set for its scope."""
    wanted = {
        CauseKey("budget", f"{spent.month} {level}% of {usd_text(rule.month_microusd)} USD"): (
            rule,
            level,
        )
        for rule in rules
        for level in LEVELS_PERCENT
    }
    causes = dict(standing.causes)
    for key in sorted(causes.keys() | wanted.keys()):
        cause = causes.get(key, Cause())
        rule, level = wanted.get(key, (None, 0))
        if rule is not None and 100 * spent.microusd >= level * rule.month_microusd:
            cause = _reached(cause, rule, key, spent)
        else:
            cause = structs.replace(cause, jobs=0)
        settled = _settled(scope, key, cause, now)
        if key in causes or not settled.is_quiet:
            causes[key] = settled
    return structs.replace(standing, causes=causes)


def judged_budgets(
    scope: IncidentScope, standing: Standing, rulings: Iterable[Ruling], now: Instant
) -> Standing:
    """Return *standing* of a budget as it is at *now*; no ends of jobs are about it."""
    del rulings
    settled = {key: _settled(scope, key, one, now) for key, one in standing.causes.items()}
    return structs.replace(standing, causes=settled)


def usd_text(microusd: int) -> str:
    """Return an exact sum in US dollars, such as ``12.5``."""
    sign, size = ("-" if microusd < 0 else ""), abs(microusd)
    text = f"{size // MICROUSD}.{size % MICROUSD:06d}".rstrip("0").rstrip(".")
    return f"{sign}{text}"


def _reached(cause: Cause, rule: AlertRule, key: CauseKey, spent: Spent) -> Cause:
    """Return *cause* of a level that was reached: what it says is the sum that reached it."""
    cause = asked_by(cause, rule)
    if cause.jobs:
        return cause
    text = f"{key.fingerprint}: {usd_text(spent.microusd)} USD were spent"
    return structs.replace(
        cause, jobs=1, ends_at=spent.ends_at, error=("Budget", text), resolved_at=None
    )


def _settled(scope: IncidentScope, key: CauseKey, cause: Cause, now: Instant) -> Cause:
    because: ClosedBecause = "withdrawn"
    if cause.ends_at is not None and now >= cause.ends_at:
        because = "month_over"
        cause = structs.replace(cause, jobs=0)
    if cause.jobs and cause.incident is None and cause.resolved_at is not None:
        return cause  # It is resolved until the sum has been below the level for once.
    return moved(scope, key, cause, Activity(now, because), now)
