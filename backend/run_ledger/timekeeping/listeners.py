"""Who wants to hear of what time decides about a client: its own people, and staff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.incidents.watches import rule_about


class Listener(NamedTuple):
    """Those whose rules ask: of a client where ``owner`` is None, of staff where it is `STAFF`."""

    owner: str | None
    alerts: Sequence[AlertRule]

    def asks_for(self, what: str) -> bool:
        """Return whether any rule is about *what*."""
        return any(rule.what == what for rule in self.alerts)

    def rule(self, what: str, one: Expectation) -> AlertRule | None:
        """Return the rule by which these hear of *what* about an expectation; None for none.

        A client hears of some things without a rule, and staff of nothing.
        """
        is_told = self.owner is None and what != "late"
        return rule_about(what, one, self.alerts, by_default=is_told)


def listeners(alerts: Sequence[AlertRule], staff: Sequence[AlertRule]) -> Iterator[Listener]:
    """Yield who may hear of a client with these *alerts*, the client's own people first."""
    yield Listener(None, alerts)
    yield Listener(STAFF, staff)
