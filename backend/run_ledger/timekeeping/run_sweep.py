"""The sweep over schedules: which runs were missed or late, told step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule, IncidentScope
from run_ledger.domain.incidents.causes import Standing
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.incidents.judging import judged_scope
from run_ledger.domain.incidents.levels import withdrawn
from run_ledger.domain.incidents.watches import (
    RunFamily,
    SlotVerdict,
    Watch,
    begun_watch,
    rule_about,
    verdicts,
    with_rule,
)
from run_ledger.domain.instants import Instant
from run_ledger.schedules import ScheduleError, slots
from run_ledger.store.clients.watched_clients import WatchedClient
from run_ledger.store.timed.run_reads import RunReads
from run_ledger.store.timed.watch_ledger import (
    KeptWatch,
    OvertakenError,
    WatchKey,
    WatchLedger,
    watch_key,
)

Tell = Callable[[IncidentScope, Callable[[Standing, Instant], Standing]], None]
"""Changes what is kept of a scope, and tells what there is to tell; raises StoreUnavailable."""

MOST_STEPS = 200
"""How many steps of one schedule are judged in a sweep: the next one goes on."""


class RunSweep:
    """Judges all schedules once; it counts what went wrong."""

    def __init__(
        self, kept: WatchLedger, runs: RunReads, tell: Tell, now: Callable[[], Instant]
    ) -> None:
        """Remember in *kept*, look for runs in *runs*, and tell by *tell*."""
        self._kept = kept
        self._runs = runs
        self._tell = tell
        self._now = now
        self.failures: list[str] = []
        """What went wrong, of one schedule or another."""

    def run(
        self,
        clients: Sequence[WatchedClient],
        unreadable: Sequence[str],
        watermark: Instant | None,
    ) -> None:
        """Judge what *clients* expect, up to *watermark* (None: not yet at all).

        Schedules that nobody declares any more are dropped, and their incidents withdrawn; but not
        those of clients that are *unreadable*. Raises StoreUnavailable where the watches can't
        be read.
        """
        known = self._kept.watches()
        declared = {
            watch_key(client.client_id, one): (client, one)
            for client in clients
            for one in client.expect
            if one.has_schedule
        }
        for key, (client, one) in declared.items():
            mine = known.get(key, KeptWatch(0, None))
            self._attempt(partial(self._watch, key, client.alerts, one, mine, watermark))
        for key, mine in known.items():
            if key not in declared and key[0] not in unreadable and not mine.is_dropped:
                self._attempt(partial(self._drop, key, mine))

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do *work* on one schedule; what goes wrong with it does not hold up the others."""
        try:
            work()
        except OvertakenError:
            pass  # Another sweep is at it, and goes on.
        except (StoreUnavailable, ScheduleError) as error:
            self.failures.append(str(error))

    def _watch(
        self,
        key: WatchKey,
        alerts: Sequence[AlertRule],
        one: Expectation,
        mine: KeptWatch,
        watermark: Instant | None,
    ) -> None:
        now, revision = self._now(), mine.revision
        watch = begun_watch(one, mine.watch, now, slots)
        if watch != mine.watch:
            revision = self._kept.keep_watch(key, watch, revision)
        if watermark is None:
            return
        rules = _rules(one, alerts)
        self._withdraw(key, watch, rules)
        find = partial(self._runs.find, key[0], one)
        found = verdicts(watch, watermark, now, find, slots)
        for verdict in islice(found, MOST_STEPS):
            self._tell_verdict(key, verdict, rules)
            if verdict.watch != watch:
                watch = verdict.watch
                revision = self._kept.keep_watch(key, watch, revision)

    def _tell_verdict(
        self,
        key: WatchKey,
        verdict: SlotVerdict,
        rules: Mapping[RunFamily, AlertRule | None],
    ) -> None:
        if verdict.family is None or verdict.ruling is None:
            return
        scope = _scope(key, verdict.family)
        ruling = with_rule(verdict.ruling, rules[verdict.family], key[0])
        if ruling is None:
            return
        self._tell(scope, lambda standing, now: judged_scope(scope, standing, [ruling], now))

    def _withdraw(
        self, key: WatchKey, watch: Watch, rules: Mapping[RunFamily, AlertRule | None]
    ) -> None:
        """Withdraw what may be open and nobody wants to hear of any more."""
        may_be_open: dict[RunFamily, bool] = {
            "missed": watch.missed is not None,
            "late": watch.late,
        }
        for family, may_be in may_be_open.items():
            if may_be and rules[family] is None:
                scope = _scope(key, family)
                self._tell(scope, partial(withdrawn, scope))

    def _drop(self, key: WatchKey, mine: KeptWatch) -> None:
        families: tuple[RunFamily, ...] = ("missed", "late")
        for family in families:
            scope = _scope(key, family)
            self._tell(scope, partial(withdrawn, scope))
        self._kept.drop_watch(key, mine.revision, self._now())


def _rules(one: Expectation, alerts: Sequence[AlertRule]) -> dict[RunFamily, AlertRule | None]:
    return {
        "missed": rule_about("missed", one, alerts, by_default=True),
        "late": rule_about("late", one, alerts, by_default=False),
    }


def _scope(key: WatchKey, family: RunFamily) -> IncidentScope:
    client_id, pipeline, project = key
    return IncidentScope(client_id, pipeline, project or None, family)
