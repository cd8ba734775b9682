"""What is kept of a scope, judged by what its family is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from run_ledger.domain.instants import Instant

from .alert_rules import Family, IncidentScope, Ruling
from .causes import Standing, judged
from .error_rates import judged_rates
from .levels import judged_levels
from .news import with_news

_Judge = Callable[[IncidentScope, Standing, Iterable[Ruling], Instant], Standing]
_JUDGES: Mapping[Family, _Judge] = {
    "rate": judged_rates,
    "too_long": judged_levels,
    "stalled": judged_levels,
    "overdue": judged_levels,
}


def judged_scope(
    scope: IncidentScope, standing: Standing, rulings: Iterable[Ruling], now: Instant
) -> Standing:
    """Return *standing* after *rulings*, as it is at *now*: opened, closed, with notices to tell.

    Without rulings it only takes note of the time.
    """
    judge = _JUDGES.get(scope.family, judged)
    return with_news(judge(scope, standing, rulings, now), now)
