"""What is kept of a scope, judged by what its family is about."""

from __future__ import annotations

from collections.abc import Iterable

from run_ledger.domain.instants import Instant

from .alert_rules import IncidentScope, Ruling
from .causes import Standing, judged
from .error_rates import judged_rates
from .news import with_news


def judged_scope(
    scope: IncidentScope, standing: Standing, rulings: Iterable[Ruling], now: Instant
) -> Standing:
    """Return *standing* after *rulings*, as it is at *now*: opened, closed, with notices to tell.

    Without rulings it only takes note of the time.
    """
    judge = judged_rates if scope.family == "rate" else judged
    return with_news(judge(scope, standing, rulings, now), now)
